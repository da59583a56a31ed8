package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pass goes once over a stretch of time and hands out the rows that are meant, from several goroutines at once: blocks
// with some columns, all if columns is nil, and which of their rows. Both are valid during the call.
func (s *search) pass(ctx context.Context, within span, columns []string, use func(worker int, b *Block, rows []int32)) error {
	checkers := make([]*checker, s.engine.workers())
	for i := range checkers {
		c := s.check
		if c == nil {
			c = noCheck
		}
		checkers[i] = c.worker()
	}
	return s.engine.scan(ctx, s.matching(within)+s.selection(columns), func(worker int, b *Block) {
		if rows := checkers[worker].rows(b); len(rows) > 0 {
			use(worker, b, rows)
		}
	})
}

// noCheck holds for every row.
var noCheck = &check{root: &checkNode{}}

// selection is the engine's pipe that gives columns, and those that are needed to check rows.
func (s *search) selection(columns []string) string {
	if columns == nil || s.check != nil && s.check.any {
		return ` | delete "_stream", "_stream_id"`
	}
	if s.check != nil {
		columns = append(slices.Clone(columns), s.check.needs...)
	}
	if _, far := s.engine.(*Remote); far || len(columns) == 0 {
		columns = append(slices.Clone(columns), Dataset) // of a row without any value nothing would be heard
	}
	seen := make(map[string]bool)
	quoted := make([]string, 0, len(columns))
	for _, c := range columns {
		if !seen[c] {
			seen[c] = true
			quoted = append(quoted, strconv.Quote(c))
		}
	}
	return " | fields " + strings.Join(quoted, ", ")
}

// wanted returns the columns to fetch for events that are handed out; nil is all.
func (s *search) wanted(ctx context.Context) []string {
	for _, f := range s.fields {
		if !f.Drop {
			list := []string{Time, ID}
			for _, n := range f.Names {
				list = append(list, s.columns(ctx, n)...)
			}
			return list
		}
	}
	return nil
}

// extent returns the span of time in which there are rows, within that of the search, and how many they are, whether
// they are meant or not.
func (s *search) extent(ctx context.Context) (span, int, error) {
	var found span
	rows := 0
	text := s.text(s.span, "") + ` | stats min(_time) as "first", max(_time) as "last", count() as "rows"`
	err := s.engine.scan(ctx, text, func(_ int, b *Block) {
		first, last, n := columnOf(b, "first"), columnOf(b, "last"), columnOf(b, "rows")
		if b.Rows == 0 || first == nil || last == nil || n == nil {
			return
		}
		rows, _ = strconv.Atoi(n[0])
		from, ok1 := parseStamp(first[0])
		to, ok2 := parseStamp(last[0])
		if ok1 && ok2 {
			found = span{from, to + 1}
		}
	})
	if err != nil {
		return span{}, 0, fmt.Errorf("search: %w", err)
	}
	if found.until == 0 {
		rows = 0
	}
	return found, rows, nil
}

// slices of time are walked so that each has about so many rows to look at.
const (
	partRows = 1 << 16
	edgeRows = 1 << 15
	minSlice = int64(time.Microsecond)
)

// walk is a way through a span of time in steps.
type walk struct {
	span
	step     int64
	backward bool
}

func newWalk(within span, rows, perStep int, backward bool) *walk {
	w := &walk{span: within, backward: backward, step: within.until - within.since}
	if rows > perStep {
		w.step = max(minSlice, int64(float64(w.step)*float64(perStep)/float64(rows)))
	}
	return w
}

// next returns the next stretch without taking it; false at the end.
func (w *walk) next() (span, bool) {
	if w.since >= w.until {
		return span{}, false
	}
	if w.backward {
		return span{max(w.since, w.until-w.step), w.until}, true
	}
	return span{w.since, min(w.until, w.since+w.step)}, true
}

// done takes a stretch.
func (w *walk) done(s span) {
	if w.backward {
		w.until = s.since
	} else {
		w.since = s.until
	}
}

func (w *walk) grow() {
	if w.step < 1<<61 {
		w.step *= 2
	}
}

// parseStamp reads the engine's times: RFC 3339 in UTC, with up to nine decimals.
func parseStamp(s string) (int64, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[10] != 'T' || s[13] != ':' || s[len(s)-1] != 'Z' {
		return slowStamp(s)
	}
	num := func(from, to int) int {
		n := 0
		for i := from; i < to; i++ {
			c := int(s[i]) - '0'
			if c < 0 || c > 9 {
				return -1 << 20
			}
			n = n*10 + c
		}
		return n
	}
	year, month, day := num(0, 4), num(5, 7), num(8, 10)
	h, m, sec := num(11, 13), num(14, 16), num(17, 19)
	if year < 1 || month < 1 || day < 1 || h < 0 || m < 0 || sec < 0 {
		return slowStamp(s)
	}
	nanos, scale := 0, 100_000_000
	if len(s) > 20 {
		if s[19] != '.' || len(s) > 30 {
			return slowStamp(s)
		}
		for i := 20; i < len(s)-1; i++ {
			c := int(s[i]) - '0'
			if c < 0 || c > 9 {
				return 0, false
			}
			nanos += c * scale
			scale /= 10
		}
	}
	return (dayNumber(year, month, day)*86400+int64(h*3600+m*60+sec))*1e9 + int64(nanos), true
}

// dayNumber counts the days since 1970-01-01 (Gregorian calendar; March begins the year, so that leap days end it).
func dayNumber(year, month, day int) int64 {
	if month <= 2 {
		year--
	}
	era := year / 400
	yearOfEra := year - era*400
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int64(era*146097 + dayOfEra - 719468)
}

func slowStamp(s string) (int64, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	return t.UnixNano(), true
}

// stamp writes a time as the engine does.
func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
