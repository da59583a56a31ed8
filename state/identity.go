package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// IdentityRecord is something about who may come in, as it is kept: a user, a session, a token, a link. Kind and Key name
// it; Key has at most MaxKey bytes. It is a type without a name, so that the room which makes these records needs none
// of this one.
type IdentityRecord = struct {
	Kind, Key string
	Owner     string // whose it is; "" for nobody's
	Ends      int64  // it may be dropped from then on; 0 is never
	Version   int64  // how often it was put; 0 is not yet
	JSON      string // kept as it is
}

// IdentityChange is what is put and dropped at once, and what the audit trail says of it.
type IdentityChange = struct {
	Put  []IdentityRecord // each in place of the one with its kind and key, whose Version must be the one given (0: there must be none)
	Drop []IdentityRecord // by kind and key; one that is not there is no error
	// Trail are entries of the audit trail: who did what to whom, with a detail in JSON or "".
	Trail []struct {
		Time                          int64
		Actor, Action, Target, Detail string
	}
}

const (
	identityColumns = "kind, key, owner, ends, version, json"
	insertIdentity  = "INSERT INTO identity (kind, key, owner, ends, json, version) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT (kind, key) DO NOTHING"
	updateIdentity  = "UPDATE identity SET owner = $3, ends = $4, json = $5, version = version + 1 WHERE kind = $1 AND key = $2 AND version = $6"
)

// ChangeIdentity puts and drops records, all or none. It reports false, and has done nothing, if one of those to be put has
// been put by somebody else since it was read.
func (s *State) ChangeIdentity(ctx context.Context, c IdentityChange) (bool, error) {
	put := slices.Clone(c.Put)
	for i := range put {
		r := &put[i]
		r.Owner, r.JSON = text(r.Owner), text(r.JSON)
		if r.Kind == "" || r.Key == "" || len(r.Key) > MaxKey || text(r.Key) != r.Key {
			return false, fmt.Errorf("put %s %.80q: the key is empty, no text, or has more than %d bytes", r.Kind, r.Key, MaxKey)
		}
	}
	slices.SortFunc(put, func(a, b IdentityRecord) int { return strings.Compare(a.Kind+"\x00"+a.Key, b.Kind+"\x00"+b.Key) })
	var trail []AuditEntry
	for _, t := range c.Trail {
		trail = append(trail, AuditEntry{Time: t.Time, Actor: t.Actor, Action: t.Action, Target: t.Target, Detail: t.Detail})
	}
	change := func(tx *sql.Tx) error {
		if err := putIdentity(ctx, tx, put); err != nil {
			return err
		}
		for _, r := range c.Drop {
			if _, err := tx.ExecContext(ctx, "DELETE FROM identity WHERE kind = $1 AND key = $2", r.Kind, text(r.Key)); err != nil {
				return err
			}
		}
		return appendAll(ctx, tx, trail)
	}
	err := s.tx(ctx, change)
	for try := 0; isConflict(err) && try < 100; try++ { // somebody else was the first to take a number of the audit trail
		err = s.tx(ctx, change)
	}
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("change who may come in, in %s: %w", s.name, err)
	}
	return true, nil
}

func putIdentity(ctx context.Context, tx *sql.Tx, list []IdentityRecord) error {
	for i := range list {
		r := &list[i]
		query, values := insertIdentity, []any{r.Kind, r.Key, r.Owner, r.Ends, r.JSON}
		if r.Version > 0 {
			query, values = updateIdentity, append(values, r.Version)
		}
		done, err := tx.ExecContext(ctx, query, values...)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		if n != 1 {
			return ErrChanged
		}
	}
	return nil
}

// Identity returns the record of a kind with a key; it reports false where there is none.
func (s *State) Identity(ctx context.Context, kind, key string) (IdentityRecord, bool, error) {
	list, err := s.identities(ctx, "kind = $1 AND key = $2", kind, text(key))
	if err != nil || len(list) == 0 {
		return IdentityRecord{}, false, err
	}
	return list[0], true, nil
}

// Identities returns the records of a kind in order of their keys; those of one owner where one is named.
func (s *State) Identities(ctx context.Context, kind, owner string) ([]IdentityRecord, error) {
	if owner == "" {
		return s.identities(ctx, "kind = $1 ORDER BY key", kind)
	}
	return s.identities(ctx, "kind = $1 AND owner = $2 ORDER BY key", kind, text(owner))
}

// SweepIdentity drops the records that have ended at a time, and says how many they were.
func (s *State) SweepIdentity(ctx context.Context, now int64) (n int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM identity WHERE ends > 0 AND ends <= $1", now)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep out who has ended: %w", err)
	}
	return n, nil
}

func (s *State) identities(ctx context.Context, where string, args ...any) ([]IdentityRecord, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+identityColumns+" FROM identity WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read who may come in: %w", err)
	}
	var list []IdentityRecord
	for rows.Next() {
		var r IdentityRecord
		if err := rows.Scan(&r.Kind, &r.Key, &r.Owner, &r.Ends, &r.Version, &r.JSON); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read who may come in: %w", err)
	}
	return list, nil
}
