package parse

import "strings"

// Meraki is what Cisco's Meraki appliances, switches and access points send. Source: Meraki documentation, "Syslog Event
// Types and Log Samples".
var Meraki = applianceFormat(appliance{
	name:    "meraki",
	doc:     "Cisco's Meraki: flows, URLs, events and alerts, with the time as seconds since 1970.",
	example: "<134>1 1795327201.120000000 mx1 flows src=203.0.113.7 dst=192.0.2.1 mac=00:00:5E:00:53:01 protocol=tcp sport=50122 dport=22 pattern: deny all\n",
}, merakiFormat)

var merakiFormat = deviceFormat("meraki", "firewall", "cisco", "meraki")

// merakiKind tells whether a word is one of the kinds of lines.
func merakiKind(w string) bool {
	switch w {
	case "flows", "urls", "events", "ids-alerts", "security_event", "firewall", "cellular_firewall", "vpn_firewall", "bridge_anyconnect_client_vpn_firewall",
		"l7_firewall", "airmarshal_events", "ip_flow_start", "ip_flow_end":
		return true
	}
	return false
}

// readMeraki reads "flows src=… pattern: deny all", "urls src=… dst=… request: GET https://…" and their kin.
func (d *device) readMeraki(s string) bool {
	kind, text := nextWord(s)
	if !merakiKind(kind) || !strings.Contains(text[:min(len(text), 160)], "=") {
		return false
	}
	r := &d.record
	d.format = merakiFormat
	d.vendor("Cisco", "meraki")
	r.put("meraki.kind", kind)
	pairs := text
	if before, pattern, ok := strings.Cut(text, " pattern: "); ok {
		pairs = before
		verb, _ := nextWord(pattern)
		r.put("rule.name", pattern)
		r.put("action", verb)
		r.action = verb
	} else if before, request, ok := strings.Cut(text, " request: "); ok {
		pairs = before
		method, url := nextWord(request)
		r.put("http.request.method", method)
		r.put("url", url)
	}
	verb, rest := nextWord(pairs)
	if verdictOf(verb) != 0 && keySize(verb) == 0 {
		r.put("action", verb)
		r.action, pairs = verb, rest
	}
	d.pairs(pairs, pairsSpaced, 0)
	if kind != "events" {
		r.category = network
	}
	return true
}
