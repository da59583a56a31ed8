package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Order is the order of a list of hits.
type Order int

// The orders of hits. Hits that are level are in order of their keys.
const (
	Newest  Order = iota // by Time, the last first
	Oldest               // by Time, the first first
	Worst                // by Level, then by Time, the highest and the last first
	Updated              // by Updated, the last first
)

// HitFilter says which hits are meant, and in what order. The zero value means all, the newest first.
type HitFilter struct {
	Since, Until int64  // Time is in [Since, Until); 0 means no bound
	UpdatedSince int64  // Updated is not before; 0 means no bound
	MinLevel     int    // Level is at least
	OpenOnly     bool   // more may belong to it yet
	Rule         string // the rule's id, or its title in any case; "" means any
	Entity       string // a host, user or address of the hit, whole, in any case; "" means any
	Text         string // stands in the rule's title or in the hit's JSON, in any case of ASCII letters; at most MaxText; "" means any
	Limit        int    // at most so many; 0 means no bound
	After        string // a Cursor: only hits that follow it in the order; "" means from the beginning
	Order        Order
}

// columns are what is sorted by, and in which direction.
func (o Order) columns() (columns []string, direction string) {
	switch o {
	case Oldest:
		return []string{"at", "key"}, "ASC"
	case Worst:
		return []string{"level", "at", "key"}, "DESC"
	case Updated:
		return []string{"updated", "key"}, "DESC"
	}
	return []string{"at", "key"}, "DESC"
}

// Cursor is the place of a hit in the order: HitFilter.After of the page that begins behind it.
func (o Order) Cursor(h Hit) string {
	switch o {
	case Worst:
		return fmt.Sprintf("w.%d.%d.%s", h.Level, h.Time, h.Key)
	case Updated:
		return fmt.Sprintf("u.%d.%s", h.Updated, h.Key)
	}
	return fmt.Sprintf("t.%d.%s", h.Time, h.Key)
}

// ErrPlace is the error of a list of hits that is to go on at what is no place in its order.
var ErrPlace = errors.New("no place in this order of hits")

// place takes a cursor apart into the values of the order's columns.
func (o Order) place(cursor string) ([]any, error) {
	columns, _ := o.columns()
	want := map[Order]string{Worst: "w", Updated: "u"}[o]
	if want == "" {
		want = "t"
	}
	parts := strings.SplitN(cursor, ".", len(columns)+1)
	if len(parts) != len(columns)+1 || parts[0] != want {
		return nil, fmt.Errorf("%.100q: %w", cursor, ErrPlace)
	}
	var values []any
	for _, p := range parts[1:len(columns)] {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.100q: %w", cursor, ErrPlace)
		}
		values = append(values, n)
	}
	return append(values, text(parts[len(columns)])), nil
}

const (
	// MaxText bounds HitFilter.Text, in bytes.
	MaxText = 4096

	pageRows = 500
)

// ListHits returns the hits that a filter means, in its order. It reads them a page at a time; hits that are put
// meanwhile may or may not be among them. The sequence ends at the first error.
func (s *State) ListHits(ctx context.Context, f HitFilter) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		left, after := f.Limit, f.After
		for {
			f := f
			f.Limit, f.After = pageRows, after
			if left > 0 {
				f.Limit = min(left, pageRows)
			}
			hits, err := s.page(ctx, f)
			if err != nil {
				yield(Hit{}, fmt.Errorf("list hits: %w", err))
				return
			}
			for _, h := range hits {
				if !yield(h, nil) {
					return
				}
			}
			if left > 0 {
				if left -= len(hits); left == 0 {
					return
				}
			}
			if len(hits) < f.Limit {
				return
			}
			after = f.Order.Cursor(hits[len(hits)-1])
		}
	}
}

// page reads one page.
func (s *State) page(ctx context.Context, f HitFilter) ([]Hit, error) {
	q := query{}
	q.text("SELECT " + qualified(hitColumns) + " FROM ")
	if none, err := s.from(ctx, &q, f, ""); none || err != nil {
		return nil, err
	}
	columns, direction := f.Order.columns()
	if f.Entity != "" && columns[0] == "at" {
		columns = []string{"e.at", "e.hit"} // the same values, in the order of the index that leads to them
	} else {
		columns = strings.Split(qualified(strings.Join(columns, ", ")), ", ")
	}
	if f.After != "" {
		values, err := f.Order.place(f.After)
		if err != nil {
			return nil, err
		}
		comparison := " < "
		if direction == "ASC" {
			comparison = " > "
		}
		q.text(" AND (" + strings.Join(columns, ", ") + ")" + comparison)
		q.row(values...)
	}
	q.text(" ORDER BY " + strings.Join(columns, " "+direction+", ") + " " + direction + " LIMIT ")
	q.arg(int64(f.Limit))
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, err
	}
	return scanHits(rows)
}

// qualified puts the table's name before each column.
func qualified(columns string) string {
	return "h." + strings.ReplaceAll(columns, ", ", ", h.")
}

// from writes the tables, with a join beside them, and the conditions of a filter; none tells that no hit can meet them.
func (s *State) from(ctx context.Context, q *query, f HitFilter, join string) (none bool, err error) {
	q.text("hits h" + join)
	at := "h.at"
	if f.Entity != "" {
		q.text(" JOIN hit_entities e ON e.hit = h.key WHERE e.value = ")
		q.arg(fold(f.Entity))
		at = "e.at"
	} else {
		q.text(" WHERE TRUE")
	}
	and := func(condition string, v any) {
		q.text(" AND " + condition + " ")
		q.arg(v)
	}
	if f.Since != 0 {
		and(at+" >=", f.Since)
	}
	if f.Until != 0 {
		and(at+" <", f.Until)
	}
	if f.UpdatedSince != 0 {
		and("h.updated >=", f.UpdatedSince)
	}
	if f.MinLevel > 0 {
		level := "+h.level" // the sign keeps SQLite from going by this index and sorting a million hits
		if f.Order == Worst {
			level = "h.level"
		}
		and(level+" >=", int64(f.MinLevel))
	}
	if f.OpenOnly {
		q.text(" AND h.open = TRUE")
	}
	if f.Rule != "" {
		ids, err := s.rules(ctx, f.Rule)
		if err != nil || len(ids) == 0 {
			return true, err
		}
		q.text(" AND h.rule_id IN ")
		q.row(ids...)
	}
	if len(f.Text) > MaxText {
		return false, fmt.Errorf("a text of %d bytes is longer than the %d that can be looked for", len(f.Text), MaxText)
	}
	if f.Text != "" {
		// Within JSON some characters are written in another way.
		quoted, _ := json.Marshal(text(f.Text)) // of a string it has no error
		q.text(" AND (lower(h.rule_title) LIKE lower(")
		q.arg(pattern(text(f.Text)))
		q.text(") ESCAPE '!' OR lower(h.json) LIKE lower(")
		q.arg(pattern(string(quoted[1 : len(quoted)-1])))
		q.text(") ESCAPE '!')")
	}
	return false, nil
}

// pattern is a LIKE pattern for what contains a text; ! is its escape.
func pattern(s string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) + "%"
}

// rules returns the ids of the rules that are called so.
func (s *State) rules(ctx context.Context, name string) ([]any, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT DISTINCT id FROM hit_rules WHERE id = $1 OR folded = $2 LIMIT 500", text(name), fold(name))
	if err != nil {
		return nil, err
	}
	var ids []any
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(rows.Err(), rows.Close())
}

// By is what hits are counted by.
type By int

// What CountHits can count by.
const (
	ByNothing By = iota // all together
	ByRule              // Name is the rule's id
	ByLevel             // Name is the number of the level
	ByDay               // Name is the day in UTC, as 2006-01-02
	ByEntity            // Name is a host, user or address in lower case
)

// HitCount is how many hits there are of one kind.
type HitCount struct {
	Name   string
	Title  string // of a rule
	Level  int    // the highest
	Hits   int64
	Events int64 // that they are made of
	Last   int64 // of the last event of all
}

// CountHits counts the hits that a filter means: the most frequent first, days and levels in their order. Limit bounds how
// many counts it returns; After and Order are of no consequence.
func (s *State) CountHits(ctx context.Context, f HitFilter, by By) ([]HitCount, error) {
	counts, err := s.countHits(ctx, f, by)
	if err != nil {
		return nil, fmt.Errorf("count hits: %w", err)
	}
	return counts, nil
}

func (s *State) countHits(ctx context.Context, f HitFilter, by By) ([]HitCount, error) {
	columns := map[By]string{
		ByNothing: "''", ByRule: "h.rule_id", ByLevel: "h.level", ByDay: "h.at / 86400000000000", ByEntity: "c.value",
	}[by]
	if columns == "" {
		return nil, fmt.Errorf("no such thing to count by: %d", by)
	}
	q := query{}
	q.text("SELECT " + columns + ", coalesce(max(h.level), 0), count(*), coalesce(CAST(sum(h.events) AS BIGINT), 0), coalesce(max(h.last_at), 0) FROM ")
	join := ""
	if by == ByEntity {
		join = " JOIN hit_entities c ON c.hit = h.key"
	}
	if none, err := s.from(ctx, &q, f, join); none || err != nil {
		return nil, err
	}
	switch by {
	case ByNothing:
	case ByDay, ByLevel:
		q.text(" GROUP BY 1 ORDER BY 1")
	default:
		q.text(" GROUP BY 1 ORDER BY 3 DESC, 1")
	}
	if f.Limit > 0 {
		q.text(" LIMIT ")
		q.arg(int64(f.Limit))
	}
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, err
	}
	var counts []HitCount
	for rows.Next() {
		var c HitCount
		err := rows.Scan(&c.Name, &c.Level, &c.Hits, &c.Events, &c.Last)
		if err == nil && by == ByDay {
			var day int64
			day, err = strconv.ParseInt(c.Name, 10, 64)
			c.Name = time.Unix(day*86400, 0).UTC().Format(time.DateOnly)
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		counts = append(counts, c)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || by != ByRule {
		return counts, err
	}
	return counts, s.addTitles(ctx, counts)
}

// addTitles adds the titles to counts by rule.
func (s *State) addTitles(ctx context.Context, counts []HitCount) error {
	rows, err := s.read.QueryContext(ctx, "SELECT id, max(title) FROM hit_rules GROUP BY id")
	if err != nil {
		return err
	}
	titles := make(map[string]string)
	for rows.Next() {
		var id, title string
		if err := rows.Scan(&id, &title); err != nil {
			return errors.Join(err, rows.Close())
		}
		titles[id] = title
	}
	for i := range counts {
		counts[i].Title = titles[counts[i].Name]
	}
	return errors.Join(rows.Err(), rows.Close())
}
