// Package report shows a run: one stream of messages, many renderings.
//
// A rendering is a Handler. NewJSON and NewCSV write each message when it comes; the others keep a digest of the run,
// whose size is bounded by the number of rules that hit and not by the number of hits, and write it at the summary. Read
// hands a saved run to any of them. A Handler is called by one goroutine, and keeps nothing of the messages that it is
// given but copies.
//
// What stands in a log is hostile. Each rendering says how it keeps it from being anything but text.
package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// Handler takes the messages of a run: for every rule that hits, the rule before its first hit; at last the summary.
type Handler interface {
	Rule(*detect.RuleInfo) error
	Hit(*detect.Hit) error
	Summary(*detect.Summary) error
}

// The severities in the order in which they are told.
var levels = [...]level{
	{"critical", "■"}, {"high", "▲"}, {"medium", "◆"}, {"low", "●"}, {"informational", "○"},
}

// level is a severity with its shape, which tells it apart where there is no colour.
type level struct{ name, shape string }

// severity returns the place of a level in levels. What states no level counts as informational.
func severity(name string) int {
	for i := range levels {
		if levels[i].name == name {
			return i
		}
	}
	return len(levels) - 1
}

// Times are told in UTC.
const (
	dateTime = "2006-01-02 15:04:05"
	onlyTime = "15:04:05"
)

// moment writes a time; "no time" where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format(dateTime)
}

// span writes a period, with the date only once where it is one day.
func span(first, last time.Time) string {
	switch {
	case first.IsZero() || first.Equal(last):
		return moment(last)
	case first.UTC().Truncate(24 * time.Hour).Equal(last.UTC().Truncate(24 * time.Hour)):
		if a, b := moment(first), last.UTC().Format(onlyTime); strings.HasSuffix(a, b) {
			return a
		}
		return moment(first) + " – " + last.UTC().Format(onlyTime)
	}
	return moment(first) + " – " + moment(last)
}

// Amount writes a number with a comma at every thousand.
func Amount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// many is e.g. "1 event" or "1,024 events".
func many(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return Amount(n) + " " + word + "s"
}

// Size writes a number of bytes with its decimal unit.
func Size(n int64) string {
	if n < 1000 {
		return many(n, "byte")
	}
	f, unit := float64(n)/1000, 0
	for f >= 999.95 && unit < 3 {
		f, unit = f/1000, unit+1
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + []string{"kB", "MB", "GB", "TB"}[unit]
}

// oneLine makes a description one line and shortens it, at a word, to n bytes.
func oneLine(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	at := strings.LastIndexByte(s[:n], ' ')
	if end := strings.LastIndex(s[:n], ". "); end > n/2 {
		return s[:end+1]
	}
	return strings.TrimRight(s[:cmp.Or(max(at, 0), runeStart(s, n))], " ,;:") + " …"
}

// runeStart returns the start of the character that stands at byte n of s.
func runeStart(s string, n int) int {
	for n > 0 && n < len(s) && s[n]&0xc0 == 0x80 {
		n--
	}
	return n
}
