package parse

import "strings"

// pf writes the packets that it logs in tcpdump's words where pflogd, OPNsense or a shell pipe sends them to syslog:
// "rule 5..16777216/0(match): block in on em0: 192.0.2.1.50122 > 192.0.2.2.22: Flags [S], …". Source: pflogd(8), tcpdump(8).

// readPFLog reads such a line.
func (d *device) readPFLog(s string) bool {
	i := strings.Index(s[:min(len(s), 96)], "rule ")
	if i < 0 {
		return false
	}
	rule, rest, ok := strings.Cut(s[i+len("rule "):], "(match")
	if !ok || len(rule) > 32 || rule == "" || rule[0]-'0' > 9 {
		return false
	}
	_, rest, ok = strings.Cut(rest, ": ")
	action, rest := nextWord(rest)
	direction, rest := nextWord(rest)
	on, rest := nextWord(rest)
	name, rest := nextWord(rest)
	if !ok || verdictOf(action) == 0 || on != "on" || name == "" {
		return false
	}
	r := &d.record
	d.format = pfLogFormat
	d.vendor("OpenBSD", "pf")
	rule, _, _ = strings.Cut(rule, "/")
	r.put("rule.name", rule)
	r.put("interface", strings.TrimRight(name, ":"))
	r.put("network.direction", direction)
	r.put("event.action", action)
	d.pair("action", action)
	r.category = network
	left, right, ok := strings.Cut(rest, " > ")
	if !ok {
		return true
	}
	right, detail, _ := strings.Cut(right, ": ")
	e, f := dottedPort(left[strings.LastIndexByte(left, ' ')+1:]), dottedPort(right)
	r.sourceEnd(e)
	r.destinationEnd(f)
	switch {
	case strings.HasPrefix(detail, "Flags ["), strings.Contains(detail, " win "):
		r.proto = "tcp"
	case strings.HasPrefix(detail, "ICMP"), strings.HasPrefix(detail, "icmp"):
		r.proto = "icmp"
		if strings.HasPrefix(detail, "ICMP6") || strings.HasPrefix(detail, "icmp6") {
			r.proto = "ipv6-icmp"
		}
	case strings.HasPrefix(detail, "UDP"), f.port == "53", strings.HasPrefix(detail, "udp"):
		r.proto = "udp"
	case strings.HasPrefix(detail, "igmp"):
		r.proto = "igmp"
	}
	return true
}

var pfLogFormat = deviceFormat("pf", "firewall", "pf", "")

// dottedPort reads an address with its port as tcpdump writes it, after a further dot: "192.0.2.1.22", "2001:db8::1.22".
func dottedPort(s string) (e side) {
	if isAddress4(s) {
		e.ip = s
		return e
	}
	i := strings.LastIndexByte(s, '.')
	if i > 0 && isAddress(s[:i]) {
		e.ip = s[:i]
		if number.holds(s[i+1:]) {
			e.port = s[i+1:]
		}
	} else if isAddress(s) {
		e.ip = s
	}
	return e
}
