package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Document is something that people keep: a saved search, a risk that was accepted. Kind and Key name it.
type Document struct {
	Kind, Key string // each at most MaxKey bytes
	Updated   int64
	JSON      string // kept as it is
}

// MaxDocuments bounds the documents of a kind.
const MaxDocuments = 10_000

// ErrMany is the error of keeping one document too many.
var ErrMany = errors.New("there are too many of them")

// PutDocument keeps a document in place of the one with its kind and key, and the audit trail of it.
func (s *State) PutDocument(ctx context.Context, d Document, trail AuditEntry) error {
	if d.Kind == "" || d.Key == "" || len(d.Kind) > MaxKey || len(d.Key) > MaxKey {
		return fmt.Errorf("put document %.80q: kind and key have 1 to %d bytes", d.Key, MaxKey)
	}
	return s.put(ctx, "put document", trail, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM documents WHERE kind = $1", text(d.Kind)).Scan(&n); err != nil {
			return err
		}
		if n >= MaxDocuments {
			return fmt.Errorf("%s: %w", d.Kind, ErrMany)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO documents (kind, key, updated, json) VALUES ($1, $2, $3, $4) "+
			"ON CONFLICT (kind, key) DO UPDATE SET updated = excluded.updated, json = excluded.json", text(d.Kind), text(d.Key), d.Updated, text(d.JSON))
		return err
	})
}

// DropDocument forgets a document, and keeps the audit trail of it. The error is ErrNotFound where there is none.
func (s *State) DropDocument(ctx context.Context, kind, key string, trail AuditEntry) error {
	return s.put(ctx, "forget document", trail, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "DELETE FROM documents WHERE kind = $1 AND key = $2", text(kind), text(key))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("%s %q: %w", kind, key, ErrNotFound))
		}
		return nil
	})
}

// Remember keeps a document that is no decision of anybody's, without a trail, and forgets those of its kind that are older
// than before, in nanoseconds since 1970. The error is ErrMany where MaxDocuments are younger.
func (s *State) Remember(ctx context.Context, d Document, before int64) error {
	f := func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM documents WHERE kind = $1 AND updated < $2", text(d.Kind), before); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM documents WHERE kind = $1", text(d.Kind)).Scan(&n); err != nil {
			return err
		}
		if n >= MaxDocuments {
			return ErrMany
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO documents (kind, key, updated, json) VALUES ($1, $2, $3, $4) "+
			"ON CONFLICT (kind, key) DO UPDATE SET updated = excluded.updated, json = excluded.json", text(d.Kind), text(d.Key), d.Updated, text(d.JSON))
		return err
	}
	err := s.tx(ctx, f)
	for try := 0; isConflict(err) && try < 100; try++ {
		err = s.tx(ctx, f)
	}
	if err != nil {
		return fmt.Errorf("remember %s: %w", d.Kind, err)
	}
	return nil
}

// Document returns a document; the error is ErrNotFound where there is none.
func (s *State) Document(ctx context.Context, kind, key string) (Document, error) {
	d := Document{Kind: kind, Key: key}
	err := s.read.QueryRowContext(ctx, "SELECT updated, json FROM documents WHERE kind = $1 AND key = $2", text(kind), text(key)).Scan(&d.Updated, &d.JSON)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("%s %q: %w", kind, key, err)
	}
	return d, nil
}

// Documents returns the documents of a kind in order of their keys.
func (s *State) Documents(ctx context.Context, kind string) ([]Document, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT key, updated, json FROM documents WHERE kind = $1 ORDER BY key LIMIT $2", text(kind), int64(MaxDocuments))
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	var list []Document
	for rows.Next() {
		d := Document{Kind: kind}
		if err := rows.Scan(&d.Key, &d.Updated, &d.JSON); err != nil {
			return nil, fmt.Errorf("documents: %w", errors.Join(err, rows.Close()))
		}
		list = append(list, d)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}
