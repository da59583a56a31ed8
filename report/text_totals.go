package report

import (
	"fmt"
	"slices"
	"strings"
)

// totals tells what was searched.
func (t *text) totals() {
	s := &t.summary
	t.Print(0, 0)
	line := []Span{
		{"bold", many(s.Events, "event")},
		{"", fmt.Sprintf(" in %s, %s", many(s.Files, "file"), Size(s.Bytes))},
	}
	if s.Seconds > 0 {
		line = append(line, Span{"", fmt.Sprintf(" in %s (%s/s)", took(s.Seconds), Size(int64(float64(s.Bytes)/s.Seconds)))})
	}
	line = append(line, Span{"", " with " + many(int64(s.Rules.Loaded), "rule")})
	if s.Rules.Refused > 0 {
		line = append(line, Span{"bold", fmt.Sprintf(" (%s refused)", Amount(int64(s.Rules.Refused)))})
	}
	t.Print(0, 2, line...)
	if !s.First.IsZero() {
		t.Print(0, 2, Span{"dim", "their times: " + span(s.First, s.Last) + " UTC"})
	}
	var formats []string
	for _, f := range s.Formats {
		formats = append(formats, fmt.Sprintf("%s %s", f.Format, Amount(f.Events)))
	}
	if len(formats) > 0 {
		t.Print(0, 2, Span{"dim", "read as: " + strings.Join(formats, ", ")})
	}
}

// took writes how long a run was.
func took(seconds float64) string {
	if seconds < 1 {
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// unreadReasons is how many reasons are told, the most frequent first.
const unreadReasons = 5

// unread tells what could not be read, and why.
func (t *text) unread() {
	s := &t.summary
	if s.UnreadTotal == 0 {
		return
	}
	type group struct {
		reason, first string
		count         int
	}
	var groups []group
	for i := range s.Unread {
		u := &s.Unread[i]
		at := slices.IndexFunc(groups, func(g group) bool { return g.reason == u.Reason })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{u.Reason, fmt.Sprintf("%s at byte %d", u.Path, u.Offset), 0})
		}
		groups[at].count++
	}
	slices.SortStableFunc(groups, func(a, b group) int { return b.count - a.count })
	t.Print(0, 0)
	t.Print(0, 2, Span{"bold", many(s.UnreadTotal, "place")}, Span{"", " could not be read:"})
	told := 0
	for _, g := range groups[:min(len(groups), unreadReasons)] {
		line := []Span{{"", g.reason}, {"dim", "  " + g.first}}
		if g.count > 1 {
			line = append(line, Span{"dim", fmt.Sprintf(" and %s more", Amount(int64(g.count-1)))})
		}
		t.Print(2, 4, line...)
		told += g.count
	}
	if more := s.UnreadTotal - int64(told); more > 0 {
		t.Print(2, 4, Span{"dim", fmt.Sprintf("and %s more; --json lists them", Amount(more))})
	}
}
