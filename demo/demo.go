// Package demo writes the logs of a company that does not exist: one night of ordinary work with an attack in it, for
// examples and for trying things out. The same night always gives the same bytes.
//
// All names are those that are set aside for examples (example.com, 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24,
// 2001:db8::/32); all events are made up. It writes no file and reads no clock.
package demo

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Length is how long the night is.
const Length = 14 * time.Hour

// Logs returns the logs of the night that begins at dusk, by the names of their files. Times are in UTC. examples/
// small-company has those of Friday, 20 November 2026, 16:00.
func Logs(dusk time.Time) map[string][]byte {
	n := night{dusk.UTC()}
	return map[string][]byte{
		"web1-auth.log":       authLog(n),
		"web1-audit.log":      auditLog(n),
		"web1-access.log":     accessLog(n),
		"fw1-kernel.log":      firewallLog(n),
		"windows-events.json": windowsEvents(n),
		"aws-cloudtrail.json": cloudTrail(n),
	}
}

// night is when all of it happens.
type night struct{ begin time.Time }

func (n night) dusk() time.Time { return n.begin }
func (n night) dawn() time.Time { return n.begin.Add(Length) }

// at returns a time of the night by the clock of one that begins at 16:00; hours from 24 on are after midnight.
func (n night) at(clock string) time.Time {
	var h, m, s int
	if _, err := fmt.Sscanf(clock, "%d:%d:%d", &h, &m, &s); err != nil {
		panic(err) // all of them stand in this package
	}
	return n.begin.Add(time.Duration(h-16)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second)
}

// dice returns a source of chance that is the same in every run.
func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 20261120)) }

// entry is one record of a log.
type entry struct {
	when time.Time
	text string
}

// journal is a log that is being made, in any order.
type journal struct {
	*rand.Rand
	night
	entries []entry
}

func newJournal(n night, seed uint64) *journal { return &journal{Rand: dice(seed), night: n} }

// some moves a time on by less than a second, as clocks do.
func (j *journal) some(t time.Time) time.Time {
	return t.Add(time.Duration(j.IntN(999_000)) * time.Microsecond)
}

// whenever returns a time of the night.
func (j *journal) whenever(from, to time.Time) time.Time {
	return from.Add(time.Duration(j.Int64N(int64(to.Sub(from)))).Truncate(time.Microsecond))
}

func (j *journal) add(t time.Time, format string, args ...any) {
	j.entries = append(j.entries, entry{t, fmt.Sprintf(format, args...)})
}

// pick returns one of the words.
func (j *journal) pick(words ...string) string { return words[j.IntN(len(words))] }

// sorted returns the entries in order of time; what happens at once stays in the order in which it was added.
func (j *journal) sorted() []entry {
	slices.SortStableFunc(j.entries, func(a, b entry) int { return a.when.Compare(b.when) })
	return j.entries
}

func (j *journal) lines() []byte {
	var b bytes.Buffer
	for _, e := range j.sorted() {
		b.WriteString(e.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Those who play a part.
const (
	intruder   = "203.0.113.66"  // who does it
	guesser    = "203.0.113.41"  // the machine that guesses right
	webPublic  = "198.51.100.2"  // web1 as the internet sees it
	webPrivate = "192.168.30.20" // web1 as the firewall sees it
	office     = "198.51.100.14" // the office as the internet sees it
)

// customer returns an address that browses the shop.
func (j *journal) customer() string {
	switch j.IntN(10) {
	case 0:
		return fmt.Sprintf("2001:db8:%x:%x::%x", j.IntN(4096), j.IntN(65536), 1+j.IntN(65000))
	case 1, 2, 3, 4:
		return fmt.Sprintf("192.0.2.%d", 1+j.IntN(250))
	}
	return fmt.Sprintf("198.51.100.%d", 30+j.IntN(220))
}
