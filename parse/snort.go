package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Snort's and Suricata's alerts in a line: "11/22-06:00:01.120000  [**] [1:2010935:3] text [**] [Classification: …]
// [Priority: 2] {TCP} 203.0.113.7:50122 -> 192.0.2.3:1433", the same behind the header of syslog, and alert_csv.
// Sources: Snort Users Manual, "alert_fast" and "alert_csv"; Suricata documentation, "fast.log".

var snortLog = ownLog{
	name:    "snort",
	doc:     "Alerts of Snort and Suricata in a line each (alert_fast, fast.log).",
	example: "11/22-06:00:01.120000  [**] [1:1000001:3] LOCAL odd request [**] [Classification: Potentially Bad Traffic] [Priority: 2] {TCP} 203.0.113.7:50122 -> 192.0.2.3:80\n11/22/2026-06:00:02.120000  [Drop] [**] [1:1000002:1] LOCAL scan [**] [Classification: Misc activity] [Priority: 3] {UDP} 203.0.113.7:50123 -> 192.0.2.3:53\n",
	begins:  "[[",
	read: func(l *ownLine, out *said) bool {
		if !readSnort(l.rest, out) {
			return false
		}
		l.program = "snort"
		return true
	},
}

var (
	snortFormat = &event.Format{
		Name: "snort_alert", LogSource: event.LogSource{Product: "snort"},
		ECS: map[string][]string{"src_ip": {"source.ip"}, "dst_ip": {"destination.ip"}, "dst_port": {"destination.port"}},
	}
	snortKind = newKind(snortFormat, []string{
		"event.action", "event.category", "event.outcome", "rule.id", "rule.name", "rule.category", "event.severity", "network.transport",
		"source.ip", "source.port", "destination.ip", "destination.port",
	}, nil)
)

// snortProgram is what the two send to syslog.
var snortProgram = newSnort()

func newSnort() *program {
	p := newProgram(snortFormat)
	p.custom = readSnort
	return p
}

// snortTime reads the time that such a line begins with and returns its size.
func snortTime(s string, years *yearless) (ns int64, size int) {
	c, n := snortClock(s)
	if n == 0 {
		return 0, 0
	}
	if c.year == 0 {
		return years.nanos(c), n
	}
	ns, ok := c.unixNanos(years.zone)
	if !ok {
		return 0, 0
	}
	return ns, n
}

// snortClock reads "11/22-06:00:01.120000", "11/22/2026-06:00:01.120000" and "26/11/22-06:00:01.120000" and returns the
// size of it; the year is 0 where it is not said.
func snortClock(s string) (c clock, size int) {
	if len(s) < 21 || s[2] != '/' {
		return c, 0
	}
	i := 5
	switch {
	case s[5] == '-':
		c.month, c.day = digits2(s, 0), digits2(s, 3)
	case s[5] == '/' && s[10] == '-' && len(s) > 24:
		c.month, c.day, c.year = digits2(s, 0), digits2(s, 3), digits4(s, 6)
		i = 10
	case s[5] == '/' && s[8] == '-':
		c.year, c.month, c.day = 2000+digits2(s, 0), digits2(s, 3), digits2(s, 6)
		if c.month > 12 { // the month first, as Snort 2 has it
			c.month, c.day, c.year = digits2(s, 0), digits2(s, 3), 2000+digits2(s, 6)
		}
		i = 8
	default:
		return c, 0
	}
	i++
	c.hour, c.minute, c.second = digits2(s, i), digits2(s, i+3), digits2(s, i+6)
	if s[i+2] != ':' || s[i+5] != ':' || c.year|c.month|c.day|c.hour|c.minute|c.second < 0 || c.month == 0 || c.month > 12 || c.day == 0 || c.day > 31 || c.hour > 23 {
		return clock{}, 0
	}
	c.nanos, i = fraction(s, i+8)
	return c, i
}

// readSnort reads an alert without its time. It may begin with "[Drop]", with "[**]" or with the rule.
func readSnort(s string, out *said) bool {
	v := out.values[:len(snortKind.names)]
	action, verdict := "alert", event.Value{}
	for _, word := range [...]string{"[Drop] ", "[wDrop] ", "[Block] "} {
		if strings.HasPrefix(s, word) {
			action, verdict = "drop", textValue(failure)
			s = s[len(word):]
		}
	}
	s = strings.TrimPrefix(s, "[**] ")
	if len(s) < 8 || s[0] != '[' || s[1]-'0' > 9 {
		return false
	}
	id, rest, ok := strings.Cut(s[1:], "] ")
	if !ok || len(id) > 40 || strings.Count(id, ":") != 2 {
		return false
	}
	brace := strings.LastIndexByte(rest, '{')
	if brace < 0 {
		return false
	}
	text := rest[:brace]
	proto, ends, ok := strings.Cut(rest[brace+1:], "} ")
	if !ok || len(proto) > 16 {
		return false
	}
	from, to, ok := strings.Cut(ends, " -> ")
	if !ok {
		return false
	}
	a, okA := cutSide(strings.TrimSpace(from))
	b, okB := cutSide(firstWord(to))
	if !okA || !okB {
		return false
	}
	out.kind = snortKind
	clear(v)
	v[0], v[1], v[2], v[3] = textValue(action), textValue("intrusion_detection"), verdict, textValue(id)
	name := text
	for _, end := range [...]string{" [**]", " [Classification:", " [Priority:"} {
		name, _, _ = strings.Cut(name, end)
	}
	v[4] = textValue(strings.TrimSpace(name))
	if _, class, found := strings.Cut(text, "[Classification: "); found {
		class, _, _ = strings.Cut(class, "]")
		v[5] = textValue(class)
	}
	if _, priority, found := strings.Cut(text, "[Priority: "); found {
		priority, _, _ = strings.Cut(priority, "]")
		v[6] = numberValue(priority)
	}
	if t := transportOf(proto); t != "" {
		v[7] = textValue(t)
	}
	v[8], v[10] = textValue(a.ip), textValue(b.ip)
	if a.port != "" {
		v[9] = numberValue(a.port)
	}
	if b.port != "" {
		v[11] = numberValue(b.port)
	}
	return true
}

// finishSnort reads the time of alert_json, which states the year only where Snort is told to.
func finishSnort(p *jsonParser, plan *jsonPlan, e *event.Event) {
	if e.Time != 0 {
		return
	}
	p.lines.years.use(p.block.Origin)
	e.Time, _ = snortTime(e.Get("timestamp").Raw, &p.lines.years)
}
