package respond

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// WatchReport is how often it is told what a playbook in watch would have done, and how long it watches before the first time.
const WatchReport = 7 * 24 * time.Hour

// Watching says since when a playbook only watches, and when that was told last.
type Watching struct {
	Since int64  `json:"since"`          // ns since 1970
	Told  int64  `json:"told,omitempty"` // ns since 1970; 0 is never
	Line  string `json:"line,omitempty"` // what was told
}

// Due tells whether it is to be told what the playbook would have done.
func (w *Watching) Due(now int64) bool { return now-max(w.Since, w.Told) >= int64(WatchReport) }

// From is the time from which on it is to be told.
func (w *Watching) From() int64 { return max(w.Since, w.Told) }

// Line says in one line what a playbook in watch would have done since a time; d may be nil.
func (p *Playbook) Line(d *Deeds, since time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "playbook %s, in watch since %s", p.Name, since.Format("2 Jan"))
	if d == nil || d.Would == 0 {
		b.WriteString(": it would have done nothing")
		return b.String()
	}
	fmt.Fprintf(&b, ": it would have acted %d times, on %d targets", d.Would, len(d.Targets))
	if d.Forbidden > 0 {
		fmt.Fprintf(&b, "; the guard would have refused %d of them", d.Forbidden)
	}
	most := slices.SortedFunc(maps.Keys(d.Targets), func(x, y string) int {
		if n := d.Targets[y] - d.Targets[x]; n != 0 {
			return n
		}
		return strings.Compare(x, y)
	})
	for i, what := range most[:min(3, len(most))] {
		b.WriteString([]string{"; most: ", ", ", ", "}[i])
		fmt.Fprintf(&b, "%.100s (%d)", what, d.Targets[what])
	}
	b.WriteString("; tocsin playbooks test says more, and respond.modes lets it ask or act")
	return b.String()
}
