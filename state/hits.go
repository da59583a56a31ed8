package state

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
)

const (
	// MaxKey bounds Hit.Key and Hit.RuleID, in bytes.
	MaxKey = 512

	maxEntity = 512  // bytes of an entity that are indexed; of a longer one a part and its hash
	chunk     = 10   // rows in one statement
	perTx     = 2000 // rows in one transaction
)

// Hit is something that a rule found. Key tells one from another: putting it again puts it in place of the first.
type Hit struct {
	Key       string // f(rule, entity, window)
	RuleID    string
	RuleTitle string
	Level     int   // 0 informational, 1 low, 2 medium, 3 high, 4 critical
	Time      int64 // of the event, or of the one that completed a correlation
	Last      int64 // of the last event that belongs to it
	Seen      int64 // when it first came in; the first put decides
	Updated   int64 // when it was put last
	Count     int64 // events that it is made of
	Open      bool  // more may belong to it yet
	File      string
	Record    int64
	EventID   string // of its event in the event store
	Hosts     []string
	Users     []string
	Addresses []string
	Tags      []string
	JSON      string // the whole hit; kept as it is
}

const hitColumns = "key, rule_id, rule_title, level, at, last_at, seen, updated, events, open, file, record, event_id, " +
	"hosts, users, addresses, tags, json"

const hitUpdates = " ON CONFLICT (key) DO UPDATE SET rule_id = excluded.rule_id, rule_title = excluded.rule_title, " +
	"level = excluded.level, at = excluded.at, last_at = excluded.last_at, updated = excluded.updated, " +
	"events = excluded.events, open = excluded.open, file = excluded.file, record = excluded.record, " +
	"event_id = excluded.event_id, hosts = excluded.hosts, users = excluded.users, addresses = excluded.addresses, " +
	"tags = excluded.tags, json = excluded.json"

// PutHits keeps hits, each in place of an earlier one with its key. They are durable when it returns nil. After an error
// some may be kept: put all again. Of several with the same key the last one counts.
func (s *State) PutHits(ctx context.Context, hits []Hit) error {
	list, err := prepare(hits)
	if err != nil {
		return fmt.Errorf("put hits: %w", err)
	}
	for part := range slices.Chunk(list, perTx) {
		if err := s.insist(ctx, func(tx *sql.Tx) error { return putHits(ctx, tx, part) }); err != nil {
			return fmt.Errorf("put hits into %s: %w", s.name, err)
		}
	}
	return nil
}

func putHits(ctx context.Context, tx *sql.Tx, hits []Hit) error {
	for rows := range slices.Chunk(hits, chunk) {
		if err := putRows(ctx, tx, rows); err != nil {
			return err
		}
	}
	return nil
}

// PutFound is PutHits and then PutAlerts, in one transaction where there are not very many hits: what takes long is to be
// sure that it is on disk.
func (s *State) PutFound(ctx context.Context, hits []Hit, c alert.Changes) error {
	list, err := prepare(hits)
	if err != nil {
		return fmt.Errorf("put hits: %w", err)
	}
	if many := len(list) - perTx; many > 0 {
		if err := s.PutHits(ctx, list[:many]); err != nil {
			return err
		}
		list = list[many:]
	}
	err = s.insist(ctx, func(tx *sql.Tx) error {
		if err := putHits(ctx, tx, list); err != nil {
			return err
		}
		return putChanges(ctx, tx, c)
	})
	if err != nil {
		return fmt.Errorf("put hits and alerts into %s: %w", s.name, err)
	}
	s.touch(c)
	return nil
}

// prepare makes hits fit to be kept, one for each key, in order of the keys, in which any two processes can write them
// without waiting for each other in a circle.
func prepare(hits []Hit) ([]Hit, error) {
	list := make([]Hit, 0, len(hits))
	for _, h := range slices.Backward(hits) {
		h.Key, h.RuleID, h.RuleTitle, h.File, h.EventID = text(h.Key), text(h.RuleID), text(h.RuleTitle), text(h.File), text(h.EventID)
		h.JSON = text(h.JSON)
		if h.Key == "" || len(h.Key) > MaxKey || len(h.RuleID) > MaxKey {
			return nil, fmt.Errorf("hit %.80q of rule %.80q: the key is empty, or it or the rule's id has more than %d bytes", h.Key, h.RuleID, MaxKey)
		}
		list = append(list, h)
	}
	slices.SortStableFunc(list, func(a, b Hit) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(list, func(a, b Hit) bool { return a.Key == b.Key }), nil
}

func putRows(ctx context.Context, tx *sql.Tx, hits []Hit) error {
	q := query{}
	q.text("INSERT INTO hits (" + hitColumns + ") VALUES ")
	for i, h := range hits {
		if i > 0 {
			q.text(", ")
		}
		q.row(h.Key, h.RuleID, h.RuleTitle, int64(h.Level), h.Time, h.Last, h.Seen, h.Updated, h.Count, h.Open, h.File,
			h.Record, h.EventID, list(h.Hosts), list(h.Users), list(h.Addresses), list(h.Tags), h.JSON)
	}
	q.text(hitUpdates)
	if err := q.exec(ctx, tx); err != nil {
		return err
	}
	if err := putRules(ctx, tx, hits); err != nil {
		return err
	}
	return putEntities(ctx, tx, hits)
}

// putRules keeps the titles that rules are asked for by.
func putRules(ctx context.Context, tx *sql.Tx, hits []Hit) error {
	q := query{}
	seen := make(map[[2]string]bool, len(hits))
	for _, h := range hits {
		r := [2]string{h.RuleID, fold(h.RuleTitle)}
		if seen[r] {
			continue
		}
		if len(seen) == 0 {
			q.text("INSERT INTO hit_rules (id, folded, title) VALUES ")
		} else {
			q.text(", ")
		}
		seen[r] = true
		q.row(r[0], r[1], h.RuleTitle)
	}
	q.text(" ON CONFLICT (id, folded) DO NOTHING")
	return q.exec(ctx, tx)
}

// putEntities makes the side table of entities what the hits say. It writes only what differs, because a hit that grows is
// put many times.
func putEntities(ctx context.Context, tx *sql.Tx, hits []Hit) error {
	type entity struct{ hit, value string }
	want := make(map[entity]int64)
	q := query{}
	q.text("SELECT hit, value, at FROM hit_entities WHERE hit IN (")
	for i, h := range hits {
		if i > 0 {
			q.text(", ")
		}
		q.arg(h.Key)
		for _, names := range [][]string{h.Hosts, h.Users, h.Addresses} {
			for _, n := range names {
				want[entity{h.Key, fold(n)}] = h.Time
			}
		}
	}
	q.text(")")
	rows, err := tx.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return err
	}
	var gone []entity
	for rows.Next() {
		var e entity
		var at int64
		if err := rows.Scan(&e.hit, &e.value, &at); err != nil {
			return errors.Join(err, rows.Close())
		}
		switch now, ok := want[e]; {
		case !ok:
			gone = append(gone, e)
		case now == at:
			delete(want, e)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, e := range gone {
		if _, err := tx.ExecContext(ctx, "DELETE FROM hit_entities WHERE hit = $1 AND value = $2", e.hit, e.value); err != nil {
			return err
		}
	}
	fresh := make([]entity, 0, len(want))
	for e := range want {
		fresh = append(fresh, e)
	}
	slices.SortFunc(fresh, func(a, b entity) int { return cmp.Or(cmp.Compare(a.hit, b.hit), cmp.Compare(a.value, b.value)) })
	for part := range slices.Chunk(fresh, 5*chunk) {
		q := query{}
		q.text("INSERT INTO hit_entities (hit, value, at) VALUES ")
		for i, e := range part {
			if i > 0 {
				q.text(", ")
			}
			q.row(e.hit, e.value, want[e])
		}
		q.text(" ON CONFLICT (hit, value) DO UPDATE SET at = excluded.at")
		if err := q.exec(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// fold is how entities and titles are kept and asked for.
func fold(s string) string {
	s = strings.ToLower(text(s))
	if len(s) <= maxEntity {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxEntity/2], "") + " " + hex.EncodeToString(sum[:])
}

// list is a list of texts as JSON.
func list(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	clean := make([]string, len(texts))
	for i, t := range texts {
		clean[i] = text(t)
	}
	b, _ := json.Marshal(clean) // of strings it has no error
	return string(b)
}

// Hit returns the hit with a key, or with the one key that begins so. The error is ErrNotFound, or an *AmbiguousError.
func (s *State) Hit(ctx context.Context, key string) (Hit, error) {
	// No text that begins with key is greater than key and the greatest of all characters.
	rows, err := s.read.QueryContext(ctx, "SELECT "+hitColumns+" FROM hits WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 10",
		text(key), text(key)+"\U0010FFFF")
	if err != nil {
		return Hit{}, fmt.Errorf("hit %q: %w", key, err)
	}
	hits, err := scanHits(rows)
	switch {
	case err != nil:
		return Hit{}, fmt.Errorf("hit %q: %w", key, err)
	case len(hits) == 0:
		return Hit{}, fmt.Errorf("hit %q: %w", key, ErrNotFound)
	case len(hits) == 1 || hits[0].Key == key:
		return hits[0], nil
	}
	e := &AmbiguousError{Prefix: key}
	for _, h := range hits {
		e.Keys = append(e.Keys, h.Key)
	}
	return Hit{}, e
}

// AmbiguousError says that several hits have keys that begin so.
type AmbiguousError struct {
	Prefix string
	Keys   []string // the first ten at most
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("hit %q: several begin so: %s", e.Prefix, strings.Join(e.Keys, ", "))
}

func scanHits(rows *sql.Rows) ([]Hit, error) {
	var hits []Hit
	for rows.Next() {
		var h Hit
		var hosts, users, addresses, tags string
		err := rows.Scan(&h.Key, &h.RuleID, &h.RuleTitle, &h.Level, &h.Time, &h.Last, &h.Seen, &h.Updated, &h.Count, &h.Open,
			&h.File, &h.Record, &h.EventID, &hosts, &users, &addresses, &tags, &h.JSON)
		for _, l := range []struct {
			json string
			to   *[]string
		}{{hosts, &h.Hosts}, {users, &h.Users}, {addresses, &h.Addresses}, {tags, &h.Tags}} {
			if err == nil && l.json != "[]" {
				err = json.Unmarshal([]byte(l.json), l.to)
			}
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		hits = append(hits, h)
	}
	return hits, errors.Join(rows.Err(), rows.Close())
}

// DeleteHits forgets hits whose Time and Last are before a time, and says how many. It does so in many short transactions.
func (s *State) DeleteHits(ctx context.Context, before int64) (n int64, err error) {
	for {
		var gone int64
		err := s.tx(ctx, func(tx *sql.Tx) error {
			const which = " IN (SELECT key FROM hits WHERE at < $1 AND last_at < $1 ORDER BY at, key LIMIT 500)"
			if _, err := tx.ExecContext(ctx, "DELETE FROM hit_entities WHERE hit"+which, before); err != nil {
				return err
			}
			r, err := tx.ExecContext(ctx, "DELETE FROM hits WHERE key"+which, before)
			if err != nil {
				return err
			}
			gone, err = r.RowsAffected()
			return err
		})
		if err != nil {
			return n, fmt.Errorf("delete hits: %w", err)
		}
		if n += gone; gone == 0 {
			return n, nil
		}
	}
}

// query is SQL text with its arguments.
type query struct {
	b    strings.Builder
	args []any
}

func (q *query) text(s string) { q.b.WriteString(s) }

// arg writes the placeholder of a new argument.
func (q *query) arg(v any) {
	q.args = append(q.args, v)
	q.b.WriteByte('$')
	q.b.WriteString(strconv.Itoa(len(q.args)))
}

// row writes values in parentheses.
func (q *query) row(values ...any) {
	q.b.WriteByte('(')
	for i, v := range values {
		if i > 0 {
			q.b.WriteString(", ")
		}
		q.arg(v)
	}
	q.b.WriteByte(')')
}

func (q *query) sql() string { return q.b.String() }

func (q *query) exec(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, q.sql(), q.args...)
	return err
}
