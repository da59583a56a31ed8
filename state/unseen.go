package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-sec/tocsin/alert"
)

// ChangedError says that somebody else has decided, about what a decision is about, since who decides has looked.
type ChangedError struct {
	Key    string // of the incident
	Actor  string // who
	At     int64
	Status string // what was said; "" is nothing of it
	// Verdict, Owner and Note as Status.
	Verdict, Owner, Note string
}

func (e *ChangedError) Error() string {
	said := "has changed it"
	switch {
	case e.Status == alert.Closed:
		said = "has closed it as " + e.Verdict
	case e.Status == alert.Taken && e.Owner != "" && e.Owner != e.Actor:
		said = "has given it to " + e.Owner
	case e.Status == alert.Taken:
		said = "has taken it"
	case e.Status == alert.Snoozed:
		said = "has put it off"
	case e.Status == alert.New:
		said = "has opened it again"
	case e.Note != "":
		said = "has written a note on it"
	}
	return fmt.Sprintf("%s %s meanwhile (%s)", e.Actor, said, alert.When(e.At).Format("15:04:05 MST"))
}

// errMoved says that a decision was made between two statements of a transaction.
var errMoved = errors.New("the incident has just changed")

// unseen returns a *ChangedError if somebody else has decided, about what d decides, since it was seen. What does not touch
// the same, such as a note on what another takes, is no matter. now is when the incident was last decided about.
func (d *Decision) unseen(ctx context.Context, tx *sql.Tx, key string) (now int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT decided FROM incidents WHERE status <> 'merged' AND key = $1", key).Scan(&now)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("incident %q: %w", key, ErrNotFound)
	}
	if err != nil || now == d.Seen[key] {
		return now, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT at, actor, detail FROM audit WHERE action = 'incident.decide' AND target = $1 ORDER BY seq DESC", key)
	if err != nil {
		return 0, err
	}
	var changed error
	for changed == nil && rows.Next() {
		e := ChangedError{Key: key}
		var detail string
		if err := rows.Scan(&e.At, &e.Actor, &detail); err != nil {
			return 0, errors.Join(err, rows.Close())
		}
		if e.At == d.Seen[key] {
			break // from here on it has been seen
		}
		said := make(map[string]string)
		if err := json.Unmarshal([]byte(detail), &said); err != nil {
			return 0, errors.Join(fmt.Errorf("audit trail of incident %q: %w", key, err), rows.Close())
		}
		if e.Actor != text(d.Actor) && d.touches(said) {
			e.Status, e.Verdict, e.Owner, e.Note = said["status"], said["verdict"], said["owner"], said["note"]
			changed = &e
		}
	}
	return now, errors.Join(changed, rows.Err(), rows.Close())
}

// touches tells whether a decision is about the same as another, of which the trail says what it has set; what one has only
// taken away, the trail does not name.
func (d *Decision) touches(said map[string]string) bool {
	is := func(name string) bool { return said[name] != "" }
	return d.Status != "" && is("status") ||
		(d.Owner != "" || d.NoOwner) && (is("owner") || is("status")) ||
		(d.Note != "" || d.NoNote) && is("note") ||
		d.Case != "" && is("case") ||
		!is("status") && !is("owner") && !is("note") && !is("case")
}
