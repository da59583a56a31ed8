package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
)

const incidentColumns = "json, status, owner, verdict, note, until, decided, into_key, again, case_key"

func scanIncidents(rows *sql.Rows) ([]*alert.Incident, error) {
	var list []*alert.Incident
	for rows.Next() {
		var doc string
		var said alert.Incident
		err := rows.Scan(&doc, &said.Status, &said.Owner, &said.Verdict, &said.Note, &said.Until, &said.Decided, &said.Into, &said.Again, &said.Case)
		i := new(alert.Incident)
		if err == nil {
			err = json.Unmarshal([]byte(doc), i)
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		i.Status, i.Owner, i.Verdict, i.Note, i.Until = said.Status, said.Owner, said.Verdict, said.Note, said.Until
		i.Decided, i.Into, i.Again, i.Case = said.Decided, said.Into, said.Again, said.Case
		list = append(list, i)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// IncidentFilter says which incidents are meant: the zero value those that are open, the worst first.
type IncidentFilter struct {
	Status       string // one of alert's, or Waiting; "" is open: new, taken or snoozed; "any" is all that are not merged
	Now          int64  // the present, by which a snooze is over; 0 leaves all that were put off out of "new"
	MinLevel     int
	Since, Until int64    // Last is in [Since, Until); 0 means no bound
	UpdatedSince int64    // Updated, or when people last said something of it, is not before
	Keys         []string // only these; none: any
	Entity       string   // whole, in any case
	Text         string   // stands in its title, sentence or rules, in any case of ASCII letters
	Owner        string
	Case         string
	Verdict      string
	Newest       bool   // the last first, instead of the worst
	Limit        int    // at most so many; 0 is 1,000
	After        string // a cursor: the Key of the last one before
	// Match must hold for the incident's brief, too; nil is no condition. Of incidents that are not open it looks at 20,000.
	Match func(*Brief) bool
}

// Waiting is the status of open incidents that are not put off.
const Waiting = "waiting"

// ListIncidents returns the incidents that a filter means.
func (s *State) ListIncidents(ctx context.Context, f IncidentFilter) ([]*alert.Incident, error) {
	switch {
	case f.ofQueue():
		return s.queued(ctx, f)
	case f.Match != nil:
		return s.matched(ctx, f)
	}
	return s.listIncidents(ctx, f)
}

func (s *State) listIncidents(ctx context.Context, f IncidentFilter) ([]*alert.Incident, error) {
	q := query{}
	q.text("SELECT " + incidentColumns + " FROM incidents i WHERE level >= ")
	q.arg(int64(f.MinLevel))
	f.where(&q)
	if f.After != "" {
		if err := s.after(ctx, &q, f); err != nil {
			return nil, fmt.Errorf("list incidents: %w", err)
		}
	}
	if f.Newest {
		q.text(" ORDER BY last_at DESC, key DESC LIMIT ")
	} else {
		q.text(" ORDER BY score DESC, last_at DESC, key DESC LIMIT ")
	}
	q.arg(int64(limitOr(f.Limit, 1000)))
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	list, err := scanIncidents(rows)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return list, nil
}

func (f *IncidentFilter) where(q *query) {
	switch f.Status {
	case "":
		q.text(" AND status IN ('new', 'taken', 'snoozed')")
	case "any":
		q.text(" AND status <> 'merged'")
	case alert.New:
		q.text(" AND (status = 'new' OR status = 'snoozed' AND until <= ")
		q.arg(f.Now)
		q.text(" AND until > 0)")
	case Waiting:
		q.text(" AND (status IN ('new', 'taken') OR status = 'snoozed' AND until <= ")
		q.arg(f.Now)
		q.text(")")
	case alert.Snoozed:
		q.text(" AND status = 'snoozed' AND until > ")
		q.arg(f.Now)
	default:
		q.text(" AND status = ")
		q.arg(f.Status)
	}
	if f.Since != 0 {
		q.text(" AND last_at >= ")
		q.arg(f.Since)
	}
	if f.Until != 0 {
		q.text(" AND last_at < ")
		q.arg(f.Until)
	}
	if f.UpdatedSince != 0 {
		q.text(" AND (updated >= ")
		q.arg(f.UpdatedSince)
		q.text(" OR decided >= ")
		q.arg(f.UpdatedSince)
		q.text(")")
	}
	for _, c := range [...]struct{ column, value string }{{"owner", f.Owner}, {"case_key", f.Case}, {"verdict", f.Verdict}} {
		if c.value != "" {
			q.text(" AND " + c.column + " = ")
			q.arg(c.value)
		}
	}
	for i, key := range f.Keys {
		q.text([...]string{" AND key IN (", ", "}[min(i, 1)])
		if q.arg(key); i == len(f.Keys)-1 {
			q.text(")")
		}
	}
	if f.Entity != "" {
		q.text(" AND key IN (SELECT incident FROM incident_entities WHERE value = ")
		q.arg(fold(f.Entity))
		q.text(")")
	}
	if f.Text != "" {
		part := strings.ToLower(f.Text[:min(len(f.Text), MaxText)])
		quoted, _ := json.Marshal(part) // as it stands in the JSON
		q.text(" AND lower(json) LIKE ")
		q.arg("%" + likeEscape(string(quoted[1:len(quoted)-1])) + "%")
		q.text(` ESCAPE '~'`)
	}
}

func likeEscape(s string) string {
	return strings.NewReplacer("~", "~~", "%", "~%", "_", "~_").Replace(s)
}

// after narrows to what follows an incident in the order.
func (s *State) after(ctx context.Context, q *query, f IncidentFilter) error {
	score, last, err := s.placeOf(ctx, f.After)
	if err != nil {
		return err
	}
	q.text(" AND (")
	if !f.Newest {
		q.text("score, ")
	}
	q.text("last_at, key) < ")
	if f.Newest {
		q.row(last, f.After)
	} else {
		q.row(int64(score), last, f.After)
	}
	return nil
}

// placeOf returns by what an incident has its place in the orders.
func (s *State) placeOf(ctx context.Context, key string) (score int, last int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT score, last_at FROM incidents WHERE key = $1", key).Scan(&score, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fmt.Errorf("%q: %w", key, ErrNotFound)
	}
	return score, last, err
}

// Incident returns the incident with a key, or with the one key that begins so. The error is ErrNotFound, or an
// *AmbiguousError.
func (s *State) Incident(ctx context.Context, key string) (*alert.Incident, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+incidentColumns+" FROM incidents WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 10",
		text(key), text(key)+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("incident %q: %w", key, err)
	}
	list, err := scanIncidents(rows)
	if err != nil {
		return nil, fmt.Errorf("incident %q: %w", key, err)
	}
	return theOne(list, key, func(i *alert.Incident) string { return i.Key })
}

// Decision is what somebody says of an incident. What is "" stays as it is.
type Decision struct {
	Status  string // one of alert's
	Verdict string // with alert.Closed
	Owner   string
	Note    string // replaces the one before
	Case    string
	NoOwner bool // takes it away
	NoNote  bool
	Until   int64 // with alert.Snoozed
	At      int64
	Actor   string
	// Seen are, by their keys, when incidents had last been decided about as far as Actor knows: their Decided. What
	// others have said since is not overruled: the error is a *ChangedError. Nothing is asked of keys that are not in it.
	Seen map[string]int64
}

// ErrDecision is the error of a decision that makes no sense.
var ErrDecision = errors.New("that cannot be decided")

func (d *Decision) check() error {
	switch {
	case d.Status == "" && d.Verdict == "" && d.Owner == "" && d.Note == "" && d.Case == "" && !d.NoOwner && !d.NoNote:
		return fmt.Errorf("%w: it says nothing", ErrDecision)
	case d.Status == alert.Merged || d.Status != "" && d.Status != alert.New && d.Status != alert.Taken && d.Status != alert.Snoozed && d.Status != alert.Closed:
		return fmt.Errorf("%w: status %q is none of new, taken, snoozed, closed", ErrDecision, d.Status)
	case d.Status == alert.Closed && d.Verdict == "":
		return fmt.Errorf("%w: a verdict is needed: malicious, expected or false-alarm", ErrDecision)
	case d.Verdict != "" && d.Verdict != alert.Malicious && d.Verdict != alert.Expected && d.Verdict != alert.FalseAlarm:
		return fmt.Errorf("%w: verdict %q is none of malicious, expected, false-alarm", ErrDecision, d.Verdict)
	case d.Verdict != "" && d.Status != alert.Closed:
		return fmt.Errorf("%w: a verdict closes", ErrDecision)
	case d.Status == alert.Snoozed && d.Until <= d.At:
		return fmt.Errorf("%w: until when?", ErrDecision)
	}
	return nil
}

// Decide keeps what somebody says of incidents, all or none of it, and the audit trail of it. It returns them as they are
// then. The error is ErrNotFound if one is not there, ErrDecision, or a *ChangedError.
func (s *State) Decide(ctx context.Context, keys []string, d Decision) ([]*alert.Incident, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	decide := func(tx *sql.Tx) error {
		for _, key := range keys {
			if err := decide(ctx, tx, key, d); err != nil {
				return err
			}
		}
		return nil
	}
	err := s.tx(ctx, decide)
	for try := 0; (isConflict(err) || errors.Is(err, errMoved)) && try < 100; try++ {
		err = s.tx(ctx, decide)
	}
	if err != nil {
		return nil, fmt.Errorf("decide: %w", err)
	}
	s.queue.touch(keys...)
	var out []*alert.Incident
	for _, key := range keys {
		i, err := s.Incident(ctx, key)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func decide(ctx context.Context, tx *sql.Tx, key string, d Decision) error {
	q := query{}
	q.text("UPDATE incidents SET decided = ")
	q.arg(d.At)
	set := func(column string, v any) {
		q.text(", " + column + " = ")
		q.arg(v)
	}
	if d.Status != "" {
		set("status", d.Status)
		set("verdict", d.Verdict)
		set("until", d.Until)
		set("again", false)
	}
	for _, c := range [...]struct {
		column, value string
		none          bool
	}{{"owner", d.Owner, d.NoOwner}, {"note", d.Note, d.NoNote}, {"case_key", d.Case, false}} {
		if c.value != "" || c.none {
			set(c.column, text(c.value))
		}
	}
	q.text(" WHERE status <> 'merged' AND key = ")
	q.arg(key)
	none := ErrNotFound
	if _, ok := d.Seen[key]; ok {
		now, err := d.unseen(ctx, tx, key)
		if err != nil {
			return err
		}
		q.text(" AND decided = ")
		q.arg(now)
		none = errMoved
	}
	r, err := tx.ExecContext(ctx, q.sql(), q.args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("incident %q: %w", key, none))
	}
	detail := map[string]string{}
	for name, v := range map[string]string{"status": d.Status, "verdict": d.Verdict, "owner": d.Owner, "note": d.Note, "case": d.Case} {
		if v != "" {
			detail[name] = text(v)
		}
	}
	if d.Until != 0 {
		detail["until"] = alert.When(d.Until).Format(time.RFC3339)
	}
	doc, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return appendAll(ctx, tx, []AuditEntry{{Time: d.At, Actor: d.Actor, Action: "incident.decide", Target: key, Detail: string(doc)}})
}

// CountIncidents counts incidents by status.
func (s *State) CountIncidents(ctx context.Context) (map[string]int64, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT status, count(*) FROM incidents GROUP BY status")
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	out := make(map[string]int64)
	for rows.Next() {
		var status string
		var n int64
		if err := rows.Scan(&status, &n); err != nil {
			return nil, fmt.Errorf("count incidents: %w", errors.Join(err, rows.Close()))
		}
		out[status] = n
	}
	return out, errors.Join(rows.Err(), rows.Close())
}
