package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// errText is the error for a fact that the engines could not keep as it is; unlike what stands in a hit, it may not change.
var errText = errors.New("not UTF-8, or with NUL in it")

// Fact returns what is kept under a name, "" if nothing is.
func (s *State) Fact(ctx context.Context, name string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, "SELECT value FROM facts WHERE name = $1", name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("fact %q: %w", name, err)
	}
	return value, nil
}

// Facts returns all facts whose names begin so.
func (s *State) Facts(ctx context.Context, prefix string) (map[string]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT name, value FROM facts WHERE name >= $1 AND name < $2", prefix, prefix+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("facts %q: %w", prefix, err)
	}
	facts := make(map[string]string)
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, fmt.Errorf("facts %q: %w", prefix, errors.Join(err, rows.Close()))
		}
		facts[name] = value
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("facts %q: %w", prefix, err)
	}
	return facts, nil
}

// SetFacts keeps values under names, all or none of them. A value of "" means that nothing is kept under the name.
func (s *State) SetFacts(ctx context.Context, facts map[string]string) error {
	names := slices.Sorted(maps.Keys(facts))
	for _, n := range names {
		if !utf8.ValidString(n+facts[n]) || strings.Contains(n+facts[n], "\x00") {
			return fmt.Errorf("set fact %q: %w", n, errText)
		}
	}
	set := func(tx *sql.Tx) error {
		for _, n := range names {
			if err := setFact(ctx, tx, n, facts[n]); err != nil {
				return fmt.Errorf("%q: %w", n, err)
			}
		}
		return nil
	}
	err := s.tx(ctx, set)
	for try := 0; isConflict(err) && try < 10; try++ {
		err = s.tx(ctx, set)
	}
	if err != nil {
		return fmt.Errorf("set facts: %w", err)
	}
	return nil
}

func setFact(ctx context.Context, tx *sql.Tx, name, value string) error {
	if value == "" {
		_, err := tx.ExecContext(ctx, "DELETE FROM facts WHERE name = $1", name)
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// SwapFact keeps a value under a name if what is kept there is old, and tells whether it was. "" stands for nothing.
func (s *State) SwapFact(ctx context.Context, name, old, value string) (bool, error) {
	if !utf8.ValidString(name+value) || strings.Contains(name+value, "\x00") {
		return false, fmt.Errorf("swap fact %q: %w", name, errText)
	}
	var text string
	args := []any{name, value}
	switch {
	case old == "" && value == "":
		now, err := s.Fact(ctx, name)
		return now == "", err
	case old == "":
		text = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
	case value == "":
		text, args = "DELETE FROM facts WHERE name = $1 AND value = $2", []any{name, old}
	default:
		text, args = "UPDATE facts SET value = $2 WHERE name = $1 AND value = $3", append(args, old)
	}
	var n int64
	err := s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("swap fact %q: %w", name, err)
	}
	return n == 1, nil
}
