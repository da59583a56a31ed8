package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// record collects the fields of one line of network equipment: those that the line names, and those that are worked
// out from them. Its memory is used again for the next line.
type record struct {
	names  []string
	values []event.Value

	time     int64 // that the equipment itself states; 0 where it states none
	zoned    bool  // with its zone
	marks    mark  // which telling fields there are
	action   string
	status   string
	proto    string
	reason   string
	category string // event.category, where a reader knows it
	verdict  int8   // 1 allowed or succeeded, -1 denied or failed, 0 neither
	source   bool   // an address of either side was seen
	target   bool
	user     bool
	login    bool // somebody wants to log in
	headed   bool // the reader added the host and the message itself
	outbound bool // the second address of a sentence is that of the side which began
}

// maxPairs bounds the fields of one line. What is beyond them is in its message.
const maxPairs = 192

func (r *record) reset() {
	clear(r.values)
	*r = record{names: r.names[:0], values: r.values[:0]}
}

// forget lets go of the lines that were read.
func (d *device) forget() {
	d.record.names = d.record.names[:cap(d.record.names)]
	clear(d.record.names)
	d.record.values = d.record.values[:cap(d.record.values)]
	d.record.reset()
	d.line, d.rest, d.head, d.years = "", "", syslogHeader{}, nil
}

// put adds a field that has a value.
func (r *record) put(name, value string) {
	if value != "" && len(r.names) < maxPairs {
		r.names = append(r.names, name)
		r.values = append(r.values, textValue(value))
	}
}

// count adds a field that is a number.
func (r *record) count(name, value string) {
	if value != "" && len(r.names) < maxPairs {
		r.names = append(r.names, name)
		r.values = append(r.values, numberValue(value))
	}
}

// has tells whether a field was added.
func (r *record) has(name string) bool {
	for _, n := range r.names {
		if n == name {
			return true
		}
	}
	return false
}

// get returns what was added under a name.
func (r *record) get(name string) string {
	for i, n := range r.names {
		if n == name {
			return r.values[i].Raw
		}
	}
	return ""
}

// set changes the value of a field that was added.
func (r *record) set(name, value string) {
	for i, n := range r.names {
		if n == name {
			r.values[i] = textValue(value)
			return
		}
	}
}

// sourceEnd and destinationEnd add an address with what stands around it.
func (r *record) sourceEnd(e side) {
	if r.source || e.ip == "" {
		return
	}
	r.source = true
	r.put("source.ip", e.ip)
	r.count("source.port", e.port)
	r.put("observer.ingress.interface.name", e.zone)
}

func (r *record) destinationEnd(e side) {
	if r.target || e.ip == "" {
		return
	}
	r.target = true
	r.put("destination.ip", e.ip)
	r.count("destination.port", e.port)
	r.put("observer.egress.interface.name", e.zone)
}

// sourceText and destinationText do so for an address as text; anything else is left out.
func (r *record) sourceText(s string) {
	if e, ok := cutSide(s); ok {
		r.sourceEnd(e)
	}
}

func (r *record) destinationText(s string) {
	if e, ok := cutSide(s); ok {
		r.destinationEnd(e)
	}
}

// side is one side of a connection as equipment writes it.
type side struct{ zone, ip, port string }

// cutSide reads "192.0.2.1", "192.0.2.1/443", "192.0.2.1:443", "192.0.2.1(443)", "outside:192.0.2.1/443",
// "outside/192.0.2.1(443)", "[2001:db8::1]:443" and "192.0.2.1:443:X1"; ok is false where there is no address.
func cutSide(s string) (e side, ok bool) {
	s = bare(s)
	if len(s) < 3 || len(s) > 160 {
		return e, false
	}
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isAddress(s[1:end]) {
			return e, false
		}
		e.ip = s[1:end]
		e.port = portOf(s[end+1:])
		return e, true
	}
	if isAddress(s) {
		e.ip = s
		return e, true
	}
	for {
		size := addressSize(s)
		if size > 0 {
			e.ip = s[:size]
			rest := s[size:]
			e.port = portOf(rest)
			if e.zone == "" && len(rest) > 1 && rest[0] == ':' {
				if _, zone, found := strings.Cut(rest[1:], ":"); found {
					e.zone = zone
				}
			}
			return e, true
		}
		i := strings.IndexAny(s, ":/")
		if i <= 0 || i+1 >= len(s) || e.zone != "" {
			return side{}, false
		}
		e.zone, s = s[:i], strings.TrimLeft(s[i+1:], "/")
	}
}

// bare cuts brackets, quotes and the marks of a sentence off both ends of a word.
func bare(s string) string {
	for s != "" && edge(s[0]) {
		s = s[1:]
	}
	for s != "" && edge(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	for s != "" && s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

func edge(c byte) bool {
	switch c {
	case '(', ')', '<', '>', ',', ';', '\'', '"':
		return true
	}
	return false
}

// addressSize returns the length of the IP address that s begins with, 0 where there is none.
func addressSize(s string) int {
	n, dots := 0, 0
	for n < len(s) && (s[n]-'0' <= 9 || s[n] == '.') {
		if s[n] == '.' {
			dots++
		}
		n++
	}
	if dots == 3 && isAddress(s[:n]) && (n == len(s) || strings.IndexByte("/:(%,; )]", s[n]) >= 0) {
		return n
	}
	n = 0
	for n < len(s) && (s[n]-'0' <= 9 || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'f' || s[n] == ':' || s[n] == '.') {
		n++
	}
	if n > 2 && dots < 3 && isAddress6(s[:n]) && (n == len(s) || s[n] == '/' || s[n] == '(' || s[n] == '%') {
		return n
	}
	return 0
}

// portOf reads the number after "/", ":" or "(".
func portOf(s string) string {
	if len(s) < 2 || s[0] != '/' && s[0] != ':' && s[0] != '(' && s[0] != '#' {
		return ""
	}
	n := 1
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	if n > 6 {
		return ""
	}
	return s[1:n]
}

// transportOf returns a protocol as ECS writes it, "" where the word is none.
func transportOf(s string) string {
	switch len(s) {
	case 1, 2, 3, 4, 5, 6:
	default:
		if strings.EqualFold(s, "ipv6-icmp") {
			return "ipv6-icmp"
		}
		return ""
	}
	for _, p := range [...][2]string{
		{"tcp", "6"},
		{"udp", "17"},
		{"icmp", "1"},
		{"igmp", "2"},
		{"gre", "47"},
		{"esp", "50"},
		{"ah", "51"},
		{"ospf", "89"},
		{"sctp", "132"},
		{"pim", "103"},
		{"vrrp", "112"},
	} {
		if s == p[1] || strings.EqualFold(s, p[0]) {
			return p[0]
		}
	}
	if s == "58" || strings.EqualFold(s, "icmpv6") || strings.EqualFold(s, "icmp6") {
		return "ipv6-icmp"
	}
	return ""
}

// verdictOf tells what a word says of a connection or an attempt: 1 it was let through, -1 it was not, 0 neither.
func verdictOf(s string) int8 {
	for s != "" && (s[0] == ' ' || s[0] == '"') {
		s = s[1:]
	}
	if len(s) < 2 {
		return 0
	}
	switch s[0] | 0x20 {
	case 'a':
		if startsFold(s, "allow") || startsFold(s, "accept") {
			return 1
		}
	case 'b':
		if startsFold(s, "block") {
			return -1
		}
	case 'c':
		if strings.EqualFold(s, "close") || strings.EqualFold(s, "client-rst") {
			return 1
		}
	case 'd':
		if startsFold(s, "deny") || startsFold(s, "denied") || startsFold(s, "drop") || startsFold(s, "discard") {
			return -1
		}
	case 'f':
		if startsFold(s, "fail") {
			return -1
		}
		if startsFold(s, "forward") {
			return 1
		}
	case 'g':
		if startsFold(s, "grant") {
			return 1
		}
	case 'i':
		if startsFold(s, "invalid") || startsFold(s, "incorrect") {
			return -1
		}
	case 'o':
		if strings.EqualFold(s, "ok") {
			return 1
		}
	case 'p':
		if startsFold(s, "pass") || startsFold(s, "permit") {
			return 1
		}
		if startsFold(s, "prevent") {
			return -1
		}
	case 'q':
		if startsFold(s, "quarantine") {
			return -1
		}
	case 'r':
		if startsFold(s, "reject") || startsFold(s, "refuse") || startsFold(s, "reset") {
			return -1
		}
	case 'u':
		if startsFold(s, "unsucc") || startsFold(s, "unauthor") {
			return -1
		}
	case 's':
		if startsFold(s, "succe") || strings.EqualFold(s, "server-rst") {
			return 1
		}
	case 't':
		if strings.EqualFold(s, "timeout") {
			return 1
		}
	}
	return 0
}

// loginWords tells whether a short text is about somebody who logs in.
func loginWords(s string) bool {
	s = s[:min(len(s), 160)]
	for i := range len(s) {
		switch s[i] | 0x20 {
		case 'l':
			if t := s[i:]; startsFold(t, "login") || startsFold(t, "logon") || startsFold(t, "logged in") || startsFold(t, "logged on") || startsFold(t, "log in") || startsFold(t, "log on") {
				return true
			}
		case 'a':
			if startsFold(s[i:], "authenticat") {
				return true
			}
		case 's':
			if t := s[i:]; startsFold(t, "sign in") || startsFold(t, "sign-in") || startsFold(t, "signed in") {
				return true
			}
		}
	}
	return false
}

// finish adds what follows from the fields: the transport, the category, the outcome.
func (r *record) finish() {
	if t := transportOf(r.proto); t != "" && !r.has("network.transport") {
		r.put("network.transport", t)
	}
	if r.verdict == 0 {
		if r.verdict = verdictOf(r.action); r.verdict == 0 || r.login {
			if v := verdictOf(r.status); v != 0 {
				r.verdict = v
			}
		}
	}
	if r.category == "" {
		switch {
		case r.login:
			r.category = authentication
		case r.source && r.target, r.proto != "":
			r.category = network
		}
	}
	r.put("event.category", r.category)
	switch r.verdict {
	case 1:
		r.put("event.outcome", success)
		if r.category == network {
			r.put("event.type", "allowed")
			r.put("blocked", "false")
		}
	case -1:
		r.put("event.outcome", failure)
		if r.category == network {
			r.put("event.type", "denied")
			r.put("blocked", "true")
		}
	}
}
