package parse

import "strings"

// WatchGuard is the log of a Firebox. Source: WatchGuard Fireware, "Log Catalog".
var WatchGuard = applianceFormat(appliance{
	name:    "watchguard",
	doc:     "WatchGuard's Firebox: what it allows and denies, logins, and what its proxies say.",
	example: "Nov 22 06:00:01 fb1 firewall: msg_id=\"3000-0148\" Deny 0-External Firebox 40 tcp 20 124 203.0.113.7 192.0.2.1 50122 22 offset 5 S 1 win 32 (Unhandled External Packet-00)\n",
}, watchGuardFormat)

var watchGuardFormat = deviceFormat("watchguard", "firewall", "watchguard", "")

// readWatchGuard reads `msg_id="3000-0148" Deny 0-External Firebox 40 tcp 20 124 A B 50122 22 …`.
func (d *device) readWatchGuard(s string) bool {
	i := strings.Index(s[:min(len(s), 160)], `msg_id="`)
	if i < 0 || len(s) < i+18 || s[i+12] != '-' || s[i+17] != '"' { // four hexadecimal digits on each side of a hyphen
		return false
	}
	r := &d.record
	d.format = watchGuardFormat
	d.vendor("WatchGuard", "Firebox")
	id, text, _ := strings.Cut(s[i+8:], `"`)
	r.put("msg_id", id)
	if open := strings.IndexByte(s[:i], '('); open >= 0 { // the time in UTC, which the header has in the Firebox's zone
		if ns, n := parseTimePrefix(s[open+1:i], nil); n > 0 {
			r.clock(ns, true)
		}
	}
	text = trimSpace(text)
	verb, rest := nextWord(text)
	if v := verdictOf(verb); v != 0 {
		r.put("action", verb)
		r.action, r.category = verb, network
		ingress, more := nextWord(rest)
		egress, _ := nextWord(more)
		r.put("in_interface", ingress)
		r.put("out_interface", egress)
		d.watchGuardPacket(rest)
	} else {
		r.login = loginWords(text)
		r.verdict = wordVerdict(text)
		d.prose(text)
	}
	d.pairs(text, pairsSpaced, 0)
	if open := strings.LastIndexByte(text, '('); open >= 0 && text[len(text)-1] == ')' {
		r.put("rule.name", text[open+1:len(text)-1])
	}
	return true
}

// watchGuardPacket finds the protocol, the two addresses and the two numbers after them.
func (d *device) watchGuardPacket(s string) {
	r := &d.record
	var e, f side
	for i := 0; s != "" && i < 24; i++ {
		var w string
		if w, s = nextWord(s); w == "" {
			break
		}
		switch {
		case e.ip == "" && r.proto == "" && w[0]-'0' > 9 && transportOf(w) != "":
			r.proto = w
		case !isAddress(w):
		case e.ip == "":
			e.ip = w
		default:
			f.ip = w
			if p, rest := nextWord(s); number.holds(p) && p != "" {
				if q, _ := nextWord(rest); number.holds(q) && q != "" {
					e.port, f.port = p, q
				}
			}
			s = ""
		}
	}
	r.sourceEnd(e)
	r.destinationEnd(f)
}
