// Package prevent drafts, from what people have judged, what catches the same at its first event the next time, or what
// keeps the same false alarm away: a Sigma rule with its tests, or the narrowest exception.
//
// It promises: a rule that it drafts is valid, describes the events that it says it covers, and says what happened, never
// to whom or when: no user, host, id, time, process number or port of a client is in it. Whatever stands in an event, the
// YAML is one document with one rule. The same input gives the same draft.
//
// It decides nothing for good: what it drafts is for a person to read, edit and arm. It does no I/O and reads no clock;
// its functions may be called from any goroutine, and keep nothing of what they are given.
package prevent

import (
	"crypto/sha1"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Bounds of a draft.
const (
	MaxEvents = 500   // of a case that are looked at
	MaxNear   = 20000 // other events that are looked at
	maxKinds  = 24    // kinds of events of one rule, each a selection of it
	maxShown  = 3     // events of one kind among the tests, and near misses of it
)

// Case is what a draft is made of.
type Case struct {
	Key      string // of the case, incident or alert
	Title    string // what it was, in a few words
	Sentence string
	Author   string
	Level    string   // of the gravest alert, as Sigma names it
	Tags     []string // of its alerts
	Names    []string // users, hosts and addresses that it is about; what is found of them in a text is left open
	Day      time.Time

	Events []event.Event // that belong to it; those of a log source that nothing tells apart are left out of the rules
	Near   []event.Event // that do not: a rule should not describe them
	// Sources says which events log sources mean.
	Sources *sigma.LogSources
	// Read reads lines of a format as in real life, for lines in tests; nil gives tests by fields only.
	Read func(format, lines string, out *event.Batch) error
}

// Rule is a rule that was drafted.
type Rule struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Name    string          `json:"name"` // of its file, without .yml
	Source  event.LogSource `json:"logsource"`
	Text    string          `json:"text"`  // the file
	Tests   string          `json:"tests"` // the file of its tests
	Events  int             `json:"events"`
	Covered int             `json:"covered"`
	Near    int             `json:"near"`            // others of the same kinds that were looked at
	Remain  int             `json:"remain"`          // of these, those that it describes all the same
	Notes   []string        `json:"notes,omitempty"` // what a person should know of it
	Address bool            `json:"address"`         // its events state where they came from
}

// Rules drafts a rule for each kind of log that the case has events of, those that cover most first.
func Rules(c *Case) ([]Rule, error) {
	var out []Rule
	for _, format := range formats(c.Events) {
		r, err := c.rule(format)
		if err != nil {
			return nil, err
		}
		if r != nil {
			out = append(out, *r)
		}
	}
	slices.SortStableFunc(out, func(a, b Rule) int { return b.Covered - a.Covered })
	return out, nil
}

// formats are those of events, in order of their first.
func formats(events []event.Event) []string {
	var out []string
	for i := range events {
		if n := events[i].Shape.Format.Name; !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// rule drafts the rule about the events of one format; nil where nothing can be said of them.
func (c *Case) rule(format string) (*Rule, error) {
	d := &draft{c: c}
	for i := range c.Events {
		if e := &c.Events[i]; e.Shape.Format.Name == format && len(d.events) < MaxEvents {
			d.events = append(d.events, e)
		}
	}
	for i := range c.Near {
		if e := &c.Near[i]; e.Shape.Format.Name == format && len(d.near) < MaxNear {
			d.near = append(d.near, e)
		}
	}
	d.source = d.events[0].Shape.Format.LogSource
	if d.source == (event.LogSource{}) {
		return nil, nil // no rule can name such logs
	}
	d.split()
	for _, k := range d.kinds {
		k.tests = k.describe(c)
		k.narrow(d.near)
	}
	d.choose()
	if len(d.kinds) == 0 {
		return nil, nil
	}
	r := &Rule{
		ID: uuid("tocsin prevent\x00" + c.Key + "\x00" + format), Title: c.title(format), Name: c.fileName(format), Source: d.source,
		Events: len(d.events), Near: len(d.near),
	}
	d.rule = r
	if err := d.verify(); err != nil {
		return nil, fmt.Errorf("draft a rule about %s: %w", format, err)
	}
	r.Tests = d.testFile()
	r.Notes = d.notes
	r.Address = slices.ContainsFunc(d.events, func(e *event.Event) bool { return textOf(e, "source.ip") != "" })
	return r, nil
}

// uuid is a name-based UUID (RFC 9562 §5.5).
func uuid(name string) string {
	h := sha1.Sum([]byte(name))
	h[6], h[8] = h[6]&0x0f|0x50, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func (c *Case) title(format string) string {
	return clip("Again: "+oneLine(c.Title), 100) + " (" + clip(oneLine(format), 30) + ")"
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// fileName is of small letters, digits and _, whatever the case is called.
func (c *Case) fileName(format string) string {
	slug := func(s string, n int) string {
		s = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "_"), "_")
		return strings.Trim(s[:min(len(s), n)], "_")
	}
	parts := slices.DeleteFunc([]string{"again", slug(c.Title, 40), slug(format, 20), slug(c.Key, 8)}, func(s string) bool { return s == "" })
	return strings.Join(parts, "_")
}

// oneLine makes one line of printable characters of any text.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// clip shortens a text to so many characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return s
}
