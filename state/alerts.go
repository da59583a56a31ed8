package state

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tocsin-sec/tocsin/alert"
)

const alertColumns = "key, incident, rule_id, level, first_at, last_at, updated, hits, through, silence, json"

// PutAlerts keeps what an alert.Desk has changed, all or none of it. What people have said of incidents stays as it is,
// but that one which goes on after it was closed as malicious is new again, and one that became part of another is merged.
func (s *State) PutAlerts(ctx context.Context, c alert.Changes) error {
	if err := s.insist(ctx, func(tx *sql.Tx) error { return putChanges(ctx, tx, c) }); err != nil {
		return fmt.Errorf("put alerts into %s: %w", s.name, err)
	}
	s.touch(c)
	return nil
}

func putChanges(ctx context.Context, tx *sql.Tx, c alert.Changes) error {
	for part := range slices.Chunk(sortedAlerts(c.Alerts), chunk) {
		if err := putAlerts(ctx, tx, part); err != nil {
			return err
		}
	}
	for _, from := range slices.Sorted(maps.Keys(c.Merged)) {
		if err := merge(ctx, tx, from, c.Merged[from]); err != nil {
			return err
		}
	}
	for _, i := range c.Incidents {
		if err := putIncident(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}

// touch notes which incidents were written.
func (s *State) touch(c alert.Changes) {
	touched := slices.Collect(maps.Keys(c.Merged))
	for _, i := range c.Incidents {
		touched = append(touched, i.Key)
	}
	if len(touched) > 0 {
		s.queue.touch(touched...)
	}
}

func sortedAlerts(list []*alert.Alert) []*alert.Alert {
	return slices.SortedFunc(slices.Values(list), func(a, b *alert.Alert) int { return cmp.Compare(a.Key, b.Key) })
}

func putAlerts(ctx context.Context, tx *sql.Tx, list []*alert.Alert) error {
	q := query{}
	q.text("INSERT INTO alerts (" + alertColumns + ") VALUES ")
	for n, a := range list {
		if n > 0 {
			q.text(", ")
		}
		doc, err := json.Marshal(a)
		if err != nil {
			return err
		}
		q.row(text(a.Key), text(a.Incident), text(a.RuleID), int64(a.Level), a.First, a.Last, a.Updated, a.Hits, int64(a.Through), text(a.Silence), text(string(doc)))
	}
	q.text(" ON CONFLICT (key) DO UPDATE SET incident = excluded.incident, level = excluded.level, first_at = excluded.first_at, " +
		"last_at = excluded.last_at, updated = excluded.updated, hits = excluded.hits, through = excluded.through, json = excluded.json")
	if err := q.exec(ctx, tx); err != nil {
		return err
	}
	return putWho(ctx, tx, list)
}

// merge makes what is of one incident, and what that is found by, another's.
func merge(ctx context.Context, tx *sql.Tx, from, into string) error {
	_, err := tx.ExecContext(ctx, "UPDATE alerts SET incident = $1 WHERE incident = $2", into, from)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO incident_entities (incident, value) SELECT CAST($1 AS TEXT), value FROM incident_entities "+
		"WHERE incident = $2 ON CONFLICT (incident, value) DO NOTHING", into, from)
	return err
}

func putIncident(ctx context.Context, tx *sql.Tx, i *alert.Incident) error {
	doc, err := json.Marshal(i)
	if err != nil {
		return err
	}
	q := query{}
	q.text("INSERT INTO incidents (key, score, level, background, first_at, last_at, updated, json, status, owner, verdict, note, until, decided, into_key, again, case_key) VALUES ")
	q.row(text(i.Key), int64(i.Score), int64(i.Level), i.Background, i.First, i.Last, i.Updated, text(string(doc)),
		i.Status, text(i.Owner), i.Verdict, text(i.Note), i.Until, i.Decided, i.Into, i.Again, i.Case)
	q.text(" ON CONFLICT (key) DO UPDATE SET score = excluded.score, level = excluded.level, background = excluded.background, " +
		"first_at = excluded.first_at, last_at = excluded.last_at, updated = excluded.updated, json = excluded.json, " +
		"status = CASE WHEN excluded.into_key <> '' THEN 'merged' WHEN excluded.again AND NOT incidents.again AND incidents.status = 'closed' " +
		"AND excluded.updated > incidents.decided THEN 'new' ELSE incidents.status END, into_key = excluded.into_key, again = excluded.again OR incidents.again")
	return q.exec(ctx, tx)
}

// putWho keeps by what incidents are found: all that their alerts are about, by its whole name and by its short one (a user
// without a domain, a host without one). What an incident was about once stays.
func putWho(ctx context.Context, tx *sql.Tx, list []*alert.Alert) error {
	var rows [][2]string
	for _, a := range list {
		if a.Incident == "" {
			continue
		}
		for _, e := range a.Entities() {
			rows = append(rows, [2]string{a.Incident, fold(e.Name)}, [2]string{a.Incident, fold(e.Short())})
		}
	}
	slices.SortFunc(rows, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for part := range slices.Chunk(slices.Compact(rows), 50*chunk) {
		q := query{}
		q.text("INSERT INTO incident_entities (incident, value) VALUES ")
		for n, r := range part {
			if n > 0 {
				q.text(", ")
			}
			q.row(r[0], r[1])
		}
		q.text(" ON CONFLICT (incident, value) DO NOTHING")
		if err := q.exec(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// Silenced is what a silence has hidden.
type Silenced struct{ Alerts, Hits int64 }

// CountSilenced counts what each silence has hidden, by their IDs.
func (s *State) CountSilenced(ctx context.Context) (map[string]Silenced, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT silence, count(*), CAST(sum(hits) AS BIGINT) FROM alerts WHERE silence <> '' GROUP BY silence")
	if err != nil {
		return nil, fmt.Errorf("count what is silenced: %w", err)
	}
	out := make(map[string]Silenced)
	for rows.Next() {
		var id string
		var n Silenced
		if err := rows.Scan(&id, &n.Alerts, &n.Hits); err != nil {
			return nil, fmt.Errorf("count what is silenced: %w", errors.Join(err, rows.Close()))
		}
		out[id] = n
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// AlertFilter says which alerts are meant; the zero value means all, the newest first.
type AlertFilter struct {
	Incident string
	Rule     string // its id
	Silence  string // that hides them
	Silenced bool   // only those that some silence hides; where neither is set, only others, unless Incident is
	Since    int64  // Last is not before; 0 means no bound
	Before   int64  // First is before; 0 means no bound
	MinLevel int
	Changed  int64  // Updated is after; 0 means no bound
	Limit    int    // at most so many; 0 is 1,000
	After    string // a cursor: the key of the last one before
}

// ListAlerts returns the alerts that a filter means; those of an incident the gravest first.
func (s *State) ListAlerts(ctx context.Context, f AlertFilter) ([]*alert.Alert, error) {
	q := query{}
	q.text("SELECT incident, through, json FROM alerts WHERE last_at >= ")
	q.arg(f.Since)
	q.text(" AND level >= ")
	q.arg(int64(f.MinLevel))
	if f.Before != 0 {
		q.text(" AND first_at < ")
		q.arg(f.Before)
	}
	if f.Changed > 0 {
		q.text(" AND updated > ")
		q.arg(f.Changed)
	}
	for _, c := range [...]struct{ column, value string }{{"incident", f.Incident}, {"rule_id", f.Rule}, {"silence", f.Silence}} {
		if c.value != "" {
			q.text(" AND " + c.column + " = ")
			q.arg(c.value)
		}
	}
	gravest := f.Incident != "" || f.Silence != "" || f.Silenced
	if f.After != "" {
		var level, last int64
		err := s.read.QueryRowContext(ctx, "SELECT level, last_at FROM alerts WHERE key = $1", f.After).Scan(&level, &last)
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("alert %.100q: %w", f.After, ErrNotFound)
		}
		if err != nil {
			return nil, fmt.Errorf("list alerts: %w", err)
		}
		q.following(gravest, level, last, f.After)
	}
	switch {
	case f.Silenced:
		q.text(" AND silence <> ''")
	case f.Silence == "" && f.Incident == "":
		q.text(" AND silence = ''")
	}
	if gravest {
		q.text(" ORDER BY level DESC, last_at DESC, key LIMIT ")
	} else {
		q.text(" ORDER BY last_at DESC, key LIMIT ")
	}
	q.arg(int64(limitOr(f.Limit, 1000)))
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	list, err := scanAlerts(rows)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return list, nil
}

// following means alerts behind one in the order of ListAlerts.
func (q *query) following(gravest bool, level, last int64, key string) {
	q.text(" AND (")
	if gravest {
		q.text("level < ")
		q.arg(level)
		q.text(" OR level = ")
		q.arg(level)
		q.text(" AND (")
	}
	q.text("last_at < ")
	q.arg(last)
	q.text(" OR last_at = ")
	q.arg(last)
	q.text(" AND key > ")
	q.arg(key)
	q.text(")")
	if gravest {
		q.text(")")
	}
}

func limitOr(n, or int) int {
	if n <= 0 {
		return or
	}
	return n
}

func scanAlerts(rows *sql.Rows) ([]*alert.Alert, error) {
	var list []*alert.Alert
	for rows.Next() {
		var incident, doc string
		var through int64
		a := new(alert.Alert)
		err := rows.Scan(&incident, &through, &doc)
		if err == nil {
			err = json.Unmarshal([]byte(doc), a)
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		a.Incident, a.Through = incident, uint64(through)
		list = append(list, a)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// Alert returns the alert with a key, or with the one key that begins so. The error is ErrNotFound, or an *AmbiguousError.
func (s *State) Alert(ctx context.Context, key string) (*alert.Alert, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT incident, through, json FROM alerts WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 10",
		text(key), text(key)+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("alert %q: %w", key, err)
	}
	list, err := scanAlerts(rows)
	if err != nil {
		return nil, fmt.Errorf("alert %q: %w", key, err)
	}
	return theOne(list, key, func(a *alert.Alert) string { return a.Key })
}

// theOne returns the one of a list whose key is meant.
func theOne[T any](list []T, key string, keyOf func(T) string) (T, error) {
	var none T
	switch {
	case len(list) == 0:
		return none, fmt.Errorf("%q: %w", key, ErrNotFound)
	case len(list) == 1 || keyOf(list[0]) == key:
		return list[0], nil
	}
	e := &AmbiguousError{Prefix: key}
	for _, v := range list {
		e.Keys = append(e.Keys, keyOf(v))
	}
	return none, e
}

// Desk returns what an alert.Desk goes on with: the alerts since a time, the incidents of these and those that are
// still open since then, and what verdicts have taught.
func (s *State) Desk(ctx context.Context, since int64) (alerts []*alert.Alert, incidents []*alert.Incident, lessons alert.Lessons, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT incident, through, json FROM alerts WHERE last_at >= $1 ORDER BY last_at DESC, key LIMIT $2", since, int64(alert.MaxAlerts))
	if err == nil {
		alerts, err = scanAlerts(rows)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("alerts of before: %w", err)
	}
	rows, err = s.read.QueryContext(ctx, "SELECT "+incidentColumns+" FROM incidents WHERE last_at >= $1 ORDER BY last_at DESC, key LIMIT $2", since, int64(alert.MaxAlerts))
	if err == nil {
		incidents, err = scanIncidents(rows)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("incidents of before: %w", err)
	}
	lessons, err = s.lessons(ctx)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("verdicts of before: %w", err)
	}
	return alerts, incidents, lessons, nil
}

// maxLessons bounds the alerts from whose verdicts is learnt: the last.
const maxLessons = 20_000

func (s *State) lessons(ctx context.Context) (alert.Lessons, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT i.verdict, a.json FROM incidents i JOIN alerts a ON a.incident = i.key "+
		"WHERE i.status = 'closed' AND i.verdict <> '' ORDER BY i.last_at DESC LIMIT $1", int64(maxLessons))
	if err != nil {
		return nil, err
	}
	l := make(alert.Lessons)
	for rows.Next() {
		var verdict, doc string
		var a alert.Alert
		err := rows.Scan(&verdict, &doc)
		if err == nil {
			err = json.Unmarshal([]byte(doc), &a)
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		l.Learn(&a, verdict)
	}
	return l, errors.Join(rows.Err(), rows.Close())
}

// DeleteAlerts forgets alerts whose last event was before a time, and the incidents of then that are not open any more, or
// that are of the background and were never looked at. It does so in short transactions, and says how many alerts.
func (s *State) DeleteAlerts(ctx context.Context, before int64) (n int64, err error) {
	for {
		var gone int64
		err := s.tx(ctx, func(tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, "DELETE FROM alerts WHERE key IN (SELECT key FROM alerts WHERE last_at < $1 ORDER BY last_at, key LIMIT 500)", before)
			if err != nil {
				return err
			}
			gone, err = r.RowsAffected()
			return err
		})
		if err != nil {
			return n, fmt.Errorf("delete alerts: %w", err)
		}
		if n += gone; gone == 0 {
			break
		}
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		const which = "(SELECT key FROM incidents WHERE last_at < $1 AND case_key = '' " +
			"AND (status IN ('closed', 'merged') OR background AND status = 'new' AND decided = 0))"
		for _, q := range [...]string{"DELETE FROM incident_entities WHERE incident IN " + which, "DELETE FROM incidents WHERE key IN " + which} {
			if _, err := tx.ExecContext(ctx, q, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("delete incidents: %w", err)
	}
	s.queue.touch()
	return n, nil
}
