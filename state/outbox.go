package state

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// OutboxItem is something that telling people has to remember: what was told, or a letter. Kind and Key tell one from
// another: putting it again puts it in place of the first.
type OutboxItem struct {
	Kind  string
	Key   string
	Way   string // by which it is sent, or ""
	State string
	Level int
	At    int64  // when it became what it is
	JSON  string // the whole; kept as it is
}

// OutboxFilter says which items are meant. The zero value means all.
type OutboxFilter struct {
	Kind  string // "" means any
	State string // "" means any
	Since int64  // At is not before; 0 means no bound
	Limit int    // at most so many, the latest; 0 means no bound
}

const outboxColumns = "kind, key, way, state, level, at, json"

// PutOutbox keeps items and forgets others, by Kind and Key, all in one transaction. It is durable when it returns nil;
// after an error nothing of it is kept.
func (s *State) PutOutbox(ctx context.Context, put, forget []OutboxItem) error {
	list := make([]OutboxItem, 0, len(put))
	for _, i := range slices.Backward(put) {
		i.Kind, i.Key, i.Way, i.State, i.JSON = text(i.Kind), text(i.Key), text(i.Way), text(i.State), text(i.JSON)
		if i.Kind == "" || i.Key == "" || len(i.Kind)+len(i.Key) > 2*MaxKey {
			return fmt.Errorf("put %.80q into the outbox: the key is empty, or has more than %d bytes", i.Kind+"/"+i.Key, 2*MaxKey)
		}
		list = append(list, i)
	}
	// In order of the keys two processes never wait for each other in a circle; of several with one key the last counts.
	order := func(a, b OutboxItem) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) }
	slices.SortStableFunc(list, order)
	list = slices.CompactFunc(list, func(a, b OutboxItem) bool { return order(a, b) == 0 })
	forget = slices.SortedFunc(slices.Values(forget), order)
	change := func(tx *sql.Tx) error {
		for _, i := range forget {
			if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE kind = $1 AND key = $2", text(i.Kind), text(i.Key)); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(list, 5*chunk) {
			q := query{}
			q.text("INSERT INTO outbox (" + outboxColumns + ") VALUES ")
			for n, i := range part {
				if n > 0 {
					q.text(", ")
				}
				q.row(i.Kind, i.Key, i.Way, i.State, int64(i.Level), i.At, i.JSON)
			}
			q.text(" ON CONFLICT (kind, key) DO UPDATE SET way = excluded.way, state = excluded.state, level = excluded.level, at = excluded.at, json = excluded.json")
			if err := q.exec(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}
	err := s.tx(ctx, change)
	for try := 0; isConflict(err) && try < 10; try++ { // with another process on the same database
		err = s.tx(ctx, change)
	}
	if err != nil {
		return fmt.Errorf("put into the outbox of %s: %w", s.name, err)
	}
	return nil
}

// Outbox returns items, in order of At and Key.
func (s *State) Outbox(ctx context.Context, f OutboxFilter) ([]OutboxItem, error) {
	q := query{}
	q.text("SELECT " + outboxColumns + " FROM outbox WHERE at >= ")
	q.arg(f.Since)
	if f.Kind != "" {
		q.text(" AND kind = ")
		q.arg(text(f.Kind))
	}
	if f.State != "" {
		q.text(" AND state = ")
		q.arg(text(f.State))
	}
	q.text(" ORDER BY at DESC, key DESC")
	if f.Limit > 0 {
		q.text(" LIMIT ")
		q.arg(int64(f.Limit))
	}
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, fmt.Errorf("read the outbox of %s: %w", s.name, err)
	}
	var list []OutboxItem
	for rows.Next() {
		var i OutboxItem
		if err := rows.Scan(&i.Kind, &i.Key, &i.Way, &i.State, &i.Level, &i.At, &i.JSON); err != nil {
			return nil, fmt.Errorf("read the outbox of %s: %w", s.name, errors.Join(err, rows.Close()))
		}
		list = append(list, i)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read the outbox of %s: %w", s.name, err)
	}
	slices.Reverse(list)
	return list, nil
}

// PruneOutbox forgets items of a kind that are not in a state and older than a time, and of the rest all but the latest
// keep; it says how many.
func (s *State) PruneOutbox(ctx context.Context, kind, not string, before int64, keep int) (n int64, err error) {
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM outbox WHERE kind = $1 AND state <> $2 AND at < $3", []any{kind, not, before}},
		{
			"DELETE FROM outbox WHERE kind = $1 AND state <> $2 AND key IN (SELECT key FROM outbox WHERE kind = $1 AND state <> $2 ORDER BY at DESC, key DESC LIMIT 1000 OFFSET $3)",
			[]any{kind, not, int64(keep)},
		},
	} {
		err := s.tx(ctx, func(tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, statement.sql, statement.args...)
			if err != nil {
				return err
			}
			gone, err := r.RowsAffected()
			n += gone
			return err
		})
		if err != nil {
			return n, fmt.Errorf("prune the outbox of %s: %w", s.name, err)
		}
	}
	return n, nil
}
