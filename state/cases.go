package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-sec/tocsin/alert"
)

// PutSilence keeps a silence, and the audit trail of it.
func (s *State) PutSilence(ctx context.Context, v alert.Silence, trail AuditEntry) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("put silence: %w", err)
	}
	return s.put(ctx, "put silence", trail, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO silences (id, created, json) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET json = excluded.json",
			v.ID, v.Created, text(string(doc)))
		return err
	})
}

// put writes in one transaction with its audit trail.
func (s *State) put(ctx context.Context, what string, trail AuditEntry, f func(tx *sql.Tx) error) error {
	both := func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return appendAll(ctx, tx, []AuditEntry{trail})
	}
	err := s.tx(ctx, both)
	for try := 0; isConflict(err) && try < 100; try++ {
		err = s.tx(ctx, both)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Silences returns all silences and exceptions, ended ones included, in order of their creation.
func (s *State) Silences(ctx context.Context) ([]alert.Silence, error) {
	docs, err := s.documents(ctx, "SELECT json FROM silences ORDER BY created, id")
	if err != nil {
		return nil, fmt.Errorf("silences: %w", err)
	}
	out := make([]alert.Silence, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal([]byte(d), &out[i]); err != nil {
			return nil, fmt.Errorf("silences: %w", err)
		}
	}
	return out, nil
}

func (s *State) documents(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out = append(out, d)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// ChangeCase changes a case, and keeps the audit trail of it. Who changes it at the same time waits; f may be called again.
// A case that is not there is made if f is handed the zero value and gives it the key. It returns the case as it is then.
func (s *State) ChangeCase(ctx context.Context, key string, trail AuditEntry, f func(*alert.Case) error) (*alert.Case, error) {
	var c *alert.Case
	err := s.put(ctx, "change case", trail, func(tx *sql.Tx) error {
		c = new(alert.Case)
		var doc string
		var version int64
		err := tx.QueryRowContext(ctx, "SELECT json, version FROM cases WHERE key = $1", key).Scan(&doc, &version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		default:
			if err := json.Unmarshal([]byte(doc), c); err != nil {
				return err
			}
		}
		if err := f(c); err != nil {
			return err
		}
		if c.Key != key {
			return fmt.Errorf("case %q: %w", key, ErrNotFound)
		}
		text1, err := json.Marshal(c)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "INSERT INTO cases (key, status, updated, version, json) VALUES ($1, $2, $3, 1, $4) "+
			"ON CONFLICT (key) DO UPDATE SET status = excluded.status, updated = excluded.updated, version = cases.version + 1, json = excluded.json "+
			"WHERE cases.version = $5", c.Key, c.Status, c.Updated, text(string(text1)), version)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, ErrChanged)
		}
		return nil
	})
	if errors.Is(err, ErrChanged) && ctx.Err() == nil {
		return s.ChangeCase(ctx, key, trail, f)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Case returns the case with a key, or with the one key that begins so.
func (s *State) Case(ctx context.Context, key string) (*alert.Case, error) {
	docs, err := s.documents(ctx, "SELECT json FROM cases WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 10", text(key), text(key)+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", key, err)
	}
	list, err := casesOf(docs)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", key, err)
	}
	return theOne(list, key, func(c *alert.Case) string { return c.Key })
}

// ListCases returns the cases, the last changed first; closed ones only if they are asked for.
func (s *State) ListCases(ctx context.Context, closed bool, limit int) ([]*alert.Case, error) {
	where := " WHERE status <> 'closed'"
	if closed {
		where = ""
	}
	docs, err := s.documents(ctx, "SELECT json FROM cases"+where+" ORDER BY updated DESC, key LIMIT $1", int64(limitOr(limit, 1000)))
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return casesOf(docs)
}

func casesOf(docs []string) ([]*alert.Case, error) {
	var out []*alert.Case
	for _, d := range docs {
		c := new(alert.Case)
		if err := json.Unmarshal([]byte(d), c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
