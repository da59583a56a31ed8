package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Action is something that changes the world, as it is kept: what lists are made by, and the whole as JSON.
type Action struct {
	Key     string // f(kind, target); at most MaxKey bytes
	Kind    string
	Target  string
	State   string
	Asked   int64
	Until   int64 // 0 is never
	Updated int64
	Version int64  // how often it was put; 0 is not yet
	JSON    string // kept as it is
}

const actionColumns = "key, kind, target, state, asked, until, updated, version, json"

// ErrChanged is the error of putting an action that somebody else has put since it was read.
var ErrChanged = errors.New("somebody else has changed it meanwhile")

// PutActions keeps actions and what the audit trail says of them, all or none of it: each in place of the one with its key,
// whose Version must be the one given (0: there must be none). The error is ErrChanged if one is not.
// The versions of what is kept are one higher.
func (s *State) PutActions(ctx context.Context, actions []Action, trail []AuditEntry) error {
	list := slices.Clone(actions)
	for i := range list {
		a := &list[i]
		a.Key, a.Kind, a.Target, a.State, a.JSON = text(a.Key), text(a.Kind), text(a.Target), text(a.State), text(a.JSON)
		if a.Key == "" || len(a.Key) > MaxKey {
			return fmt.Errorf("put action %.80q: the key is empty, or has more than %d bytes", a.Key, MaxKey)
		}
	}
	slices.SortFunc(list, func(a, b Action) int { return strings.Compare(a.Key, b.Key) })
	put := func(tx *sql.Tx) error {
		if err := putActions(ctx, tx, list); err != nil {
			return err
		}
		return appendAll(ctx, tx, trail)
	}
	err := s.tx(ctx, put)
	for try := 0; isConflict(err) && try < 100; try++ { // somebody else was the first to take a number of the audit trail
		err = s.tx(ctx, put)
	}
	if err != nil {
		return fmt.Errorf("put actions into %s: %w", s.name, err)
	}
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].Key
	}
	s.queue.watch.tell(WroteActions, keys)
	return nil
}

const (
	insertAction = "INSERT INTO actions (" + actionColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) ON CONFLICT (key) DO NOTHING"
	updateAction = "UPDATE actions SET kind = $2, target = $3, state = $4, asked = $5, until = $6, updated = $7, version = version + 1, json = $8 " +
		"WHERE key = $1 AND version = $9"
)

func putActions(ctx context.Context, tx *sql.Tx, list []Action) error {
	insert, err := tx.PrepareContext(ctx, insertAction)
	if err != nil {
		return err
	}
	defer insert.Close()
	update, err := tx.PrepareContext(ctx, updateAction)
	if err != nil {
		return err
	}
	defer update.Close()
	for i := range list {
		a := &list[i]
		values, by := []any{a.Key, a.Kind, a.Target, a.State, a.Asked, a.Until, a.Updated, a.JSON}, insert
		if a.Version > 0 {
			values, by = append(values, a.Version), update
		}
		r, err := by.ExecContext(ctx, values...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("action %s: %w", a.Key, ErrChanged)
		}
	}
	return nil
}

// appendAll adds entries to the audit trail.
func appendAll(ctx context.Context, tx *sql.Tx, trail []AuditEntry) error {
	if len(trail) == 0 {
		return nil
	}
	var last AuditHead
	err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&last.Seq, &last.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	insert, err := tx.PrepareContext(ctx, insertAudit)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, e := range trail {
		e.Actor, e.Action, e.Target, e.Detail = text(e.Actor), text(e.Action), text(e.Target), text(e.Detail)
		e.Seq, e.Prev = last.Seq+1, last.Hash
		e.Hash = e.sum()
		if _, err := insert.ExecContext(ctx, e.Seq, e.Time, e.Actor, e.Action, e.Target, e.Detail, e.Prev, e.Hash); err != nil {
			return err
		}
		last = AuditHead{e.Seq, e.Hash}
	}
	return nil
}

// Action returns the action with a key, or with the one key that begins so. The error is ErrNotFound, or says that several
// begin so.
func (s *State) Action(ctx context.Context, key string) (Action, error) {
	list, err := s.actions(ctx, "key >= $1 AND key < $2 ORDER BY key LIMIT 10", text(key), text(key)+"\U0010FFFF")
	switch {
	case err != nil:
		return Action{}, fmt.Errorf("action %q: %w", key, err)
	case len(list) == 0 || key == "":
		return Action{}, fmt.Errorf("action %q: %w", key, ErrNotFound)
	case len(list) == 1 || list[0].Key == key:
		return list[0], nil
	}
	var keys []string
	for _, a := range list {
		keys = append(keys, a.Key)
	}
	return Action{}, fmt.Errorf("action %q: several begin so: %s", key, strings.Join(keys, ", "))
}

// ActionFilter says which actions are meant; the zero value means all.
type ActionFilter struct {
	States []string // any of them
	Kind   string
	Since  int64 // Asked is not before
	Limit  int   // at most so many; 0 means no bound
}

// ListActions returns actions, in order of their keys; with a limit, those asked for last. The sequence ends at the first
// error.
func (s *State) ListActions(ctx context.Context, f ActionFilter) iter.Seq2[Action, error] {
	return func(yield func(Action, error) bool) {
		after := ""
		for {
			page, err := s.actionPage(ctx, f, after)
			if err != nil {
				yield(Action{}, fmt.Errorf("list actions: %w", err))
				return
			}
			for _, a := range page {
				if !yield(a, nil) {
					return
				}
			}
			if f.Limit > 0 || len(page) < pageRows {
				return
			}
			after = page[len(page)-1].Key
		}
	}
}

func (s *State) actionPage(ctx context.Context, f ActionFilter, after string) ([]Action, error) {
	q := query{}
	q.text("key > ")
	q.arg(after)
	q.text(" AND asked >= ")
	q.arg(f.Since)
	if f.Kind != "" {
		q.text(" AND kind = ")
		q.arg(f.Kind)
	}
	for i, st := range f.States {
		q.text([]string{" AND state IN (", ", "}[min(i, 1)])
		q.arg(st)
	}
	if len(f.States) > 0 {
		q.text(")")
	}
	if f.Limit > 0 {
		q.text(" ORDER BY asked DESC, key LIMIT ")
		q.arg(int64(f.Limit))
	} else {
		q.text(" ORDER BY key LIMIT ")
		q.arg(int64(pageRows))
	}
	return s.actions(ctx, q.sql(), q.args...)
}

func (s *State) actions(ctx context.Context, where string, args ...any) ([]Action, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+actionColumns+" FROM actions WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	var list []Action
	for rows.Next() {
		var a Action
		if err := rows.Scan(&a.Key, &a.Kind, &a.Target, &a.State, &a.Asked, &a.Until, &a.Updated, &a.Version, &a.JSON); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, a)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// CountActions says how many actions were asked for since a time in one of the states.
func (s *State) CountActions(ctx context.Context, kind string, since int64) (n int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM actions WHERE kind = $1 AND asked >= $2 AND state <> 'proposed' AND state <> 'denied'", kind, since).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count actions: %w", err)
	}
	return n, nil
}

// DueActions returns actions that have not ended and whose time is over, at most 1000.
func (s *State) DueActions(ctx context.Context, now int64) ([]Action, error) {
	list, err := s.actions(ctx, "until > 0 AND until <= $1 AND state IN ('proposed', 'approved', 'running', 'done') ORDER BY until, key LIMIT 1000", now)
	if err != nil {
		return nil, fmt.Errorf("list actions that are due: %w", err)
	}
	return list, nil
}
