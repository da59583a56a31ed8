package parse

import (
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Text is any other text: a line is an event with the line as its message.
var Text = &Format{
	Name:    "text",
	Doc:     "Any other text. Each line is an event with its text as message, and with its time if it begins with one.",
	Example: "2024-03-03 09:12:44,120 WARN  billing - retrying after timeout\n    at com.example.Billing.run(Billing.java:12)\n",
	Detect: func(head string) int {
		if head == "" || isBinary(head) || strings.Trim(head, "\x00\r\n\t ") == "" {
			return 0
		}
		return 5
	},
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(plainText),
}

var (
	textFormat = &event.Format{Name: "text"}
	textShape  = event.NewShape(textFormat, "message")
)

// textLine makes an event of any line.
func (p *lineParser) textLine(line string, out *event.Batch) {
	e := out.Add(textShape)
	e.Values[0] = textValue(line)
	if e.Time = p.own.time; e.Time == 0 || p.own.line != line {
		e.Time = leadingTime(line, &p.years)
	}
}

// leadingTime reads the time that a line begins with, in brackets or not, or that stands as an ISO time within its
// first words; 0 where there is none.
func leadingTime(s string, years *yearless) int64 {
	if ns := firstTime(s, years); ns != 0 {
		return ns
	}
	if ns := nearTime(s, years); ns != 0 {
		return ns
	}
	return rareTime(s, years.zone)
}

// nearBytes is how far into a line a time is looked for.
const nearBytes = 128

// nearTime reads the first ISO time within the beginning of s, as after a level or in "time=…".
func nearTime(s string, years *yearless) int64 {
	limit := min(len(s), nearBytes)
	for at := 0; ; {
		i := strings.IndexByte(s[at:limit], '-')
		if i < 0 {
			return 0
		}
		i += at
		if i >= 4 && (i == 4 || s[i-5]-'0' > 9) {
			if ns, n := parseTimePrefix(s[i-4:], years.zone); n > 0 {
				return ns
			}
		}
		at = i + 1
	}
}

// firstTime reads the time at the very start.
func firstTime(s string, years *yearless) int64 {
	for s != "" && (s[0] == ' ' || s[0] == '[' || s[0] == '(' || s[0] == '"') {
		s = s[1:]
	}
	if len(s) < 10 {
		return 0
	}
	if c := s[0]; c-'0' > 9 {
		if ns, _, ok := cutBSD(s, years); ok {
			return ns
		}
		return weekdayTime(s, years.zone)
	}
	if ns, n := parseTimePrefix(s, years.zone); n > 0 {
		return ns
	}
	if len(s) >= 20 && s[2] == '/' && s[6] == '/' {
		end := strings.IndexAny(s, "]\"")
		if end < 0 {
			end = 20
		}
		ns, _ := parseCLF(s[:end], years.zone)
		return ns
	}
	n := 0
	for n < len(s) && (s[n]-'0' <= 9 || s[n] == '.') {
		n++
	}
	if n >= 10 && n <= 20 && (n == len(s) || strings.IndexByte(" ,;|]\t\"", s[n]) >= 0) {
		if ns, ok := parseEpoch(s[:n]); ok && ns > 946684800*second && ns < 4102444800*second { // 2000 to 2099
			return ns
		}
	}
	return 0
}

// weekdayTime reads "Fri Feb 02 14:10:21.123456 2024" and "Fri, 02 Feb 2024 14:10:21 +0100" at the start of s.
func weekdayTime(s string, zone *time.Location) int64 {
	if len(s) < 24 {
		return 0
	}
	switch s[:3] {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
	default:
		return 0
	}
	if s[3] == ' ' && monthOf(s[4:]) != 0 {
		if ns, n := apacheErrorTime(s, zone); n > 0 {
			return ns
		}
		return spacedTime(s, zone)
	}
	if s[3] != ',' {
		return 0
	}
	for _, n := range [...]int{31, 29} {
		if len(s) >= n {
			if ns, ok := parseTime(s[:n], zone); ok {
				return ns
			}
		}
	}
	return 0
}

// spacedTime reads "Fri Feb 2 14:10:21 2024", which is five words.
func spacedTime(s string, zone *time.Location) int64 {
	words := 1
	for i := 0; i < min(len(s), 32); i++ {
		if s[i] != ' ' || s[i-1] == ' ' {
			continue
		}
		if words++; words > 5 {
			ns, _ := parseTime(s[:i], zone)
			return ns
		}
	}
	return 0
}

// apacheErrorTime reads "Fri Feb 02 14:10:21.123456 2024" at the start of s and returns its size.
func apacheErrorTime(s string, zone *time.Location) (ns int64, size int) {
	if len(s) < 24 || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, 0
	}
	day := s[8:10]
	if day[0] == ' ' {
		day = "0" + day[1:]
	}
	c := clock{
		month: monthOf(s[4:]), day: digits2(day, 0),
		hour: digits2(s, 11), minute: digits2(s, 14), second: digits2(s, 17),
	}
	var i int
	c.nanos, i = fraction(s, 19)
	if i+5 > len(s) || s[i] != ' ' || c.day|c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	c.year = digits4(s, i+1)
	ns, ok := c.unixNanos(zone)
	if !ok {
		return 0, 0
	}
	return ns, i + 5
}
