package parse

import "strings"

// readHAProxy reads a line of HAProxy's HTTP log after the time: "frontend backend/server timers status bytes cookie
// cookie state connections queues {headers} "request"". Source: HAProxy Configuration Manual §8.2.3.
func (r *request) readHAProxy(s string) bool {
	if !strings.HasSuffix(s, `"`) {
		return false
	}
	at := strings.Index(s, ` "`)
	if at < 0 {
		return false
	}
	words := strings.Fields(s[:at])
	if len(words) < 8 || !strings.Contains(words[1], "/") || strings.Count(words[2], "/") < 4 || !statusAt(words[3]) {
		return false
	}
	host, port, _ := cutLast(r.before, ':')
	if number.holds(port) {
		r.before = host
	}
	r.status, r.bytes = words[3], words[4]
	r.line = s[at+2 : len(s)-1]
	r.before += " - -"
	return true
}

// cutLast cuts s at the last c.
func cutLast(s string, c byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, c); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
