package parse

import "strings"

// CheckPoint is what Check Point's Log Exporter sends: [action:"Drop"; …], structured data, key=value between bars.
// Source: Check Point sk122323, "Log Exporter".
var CheckPoint = applianceFormat(appliance{
	name: "checkpoint",
	doc:  "Check Point's logs as Log Exporter sends them: pairs with a colon in brackets, structured data of syslog, and pairs between bars (CEF and LEEF have formats of their own).",
	example: "<134>1 2026-11-22T06:00:01Z gw1 CheckPoint 812 - [action:\"Drop\"; flags:\"411908\"; ifdir:\"inbound\"; ifname:\"eth1\"; loguid:\"{0x1,0x2,0x3,0x4}\"; origin:\"192.0.2.254\"; time:\"1795327201\"; dst:\"192.0.2.1\"; proto:\"6\"; rule_name:\"Cleanup\"; s_port:\"50122\"; service:\"22\"; src:\"203.0.113.7\"; product:\"VPN-1 & FireWall-1\"]\n" +
		"time=1795327202|hostname=gw1|product=Firewall|action=Accept|ifdir=inbound|loguid={0x1,0x2,0x3,0x5}|origin=192.0.2.254|dst=192.0.2.1|proto=6|rule=4|s_port=50123|service=443|src=203.0.113.7|\n",
}, checkPointFormat)

var checkPointFormat = deviceFormat("checkpoint", "firewall", "checkpoint", "")

// readCheckPoint reads structured data, with "=" or with ":" after the names.
func (d *device) readCheckPoint(data string) bool {
	if strings.Contains(data[:min(len(data), 64)], `:"`) {
		d.colonPairs(data)
	} else {
		d.structuredPairs(data)
	}
	d.checkPoint()
	return true
}

// checkPoint adds what the fields of a line of Check Point mean.
func (d *device) checkPoint() {
	r := &d.record
	d.format = checkPointFormat
	if !r.has("observer.vendor") {
		d.vendor("Check Point", "")
	}
	if r.has("product") {
		r.put("observer.product", r.get("product"))
	} else {
		r.put("observer.product", "Firewall")
	}
	if s := r.get("user"); len(s) > 3 && s[len(s)-1] == ')' { // "Anna Example (anna)"
		if i := strings.LastIndexByte(s, '('); i > 0 {
			r.put("user.name", s[i+1:len(s)-1])
		}
	}
	if s := r.get("service"); s != "" && number.holds(s) {
		r.count("destination.port", s)
	}
	if ns, ok := parseEpoch(r.get("time")); ok && r.get("time") != "" {
		r.clock(ns, true)
	}
	if verdictOf(r.action) < 0 {
		r.verdict = -1
	}
	if op := r.get("operation"); strings.EqualFold(op, "log in") && r.verdict == 0 {
		r.login = true
		r.verdict = verdictOf(r.action)
		if v := verdictOf(r.status); v != 0 {
			r.verdict = v
		}
	} else if r.login && strings.EqualFold(op, "log out") {
		r.login, r.category, r.verdict = false, session, 0
		r.action = ""
	}
}

// colonPairs reads [name:"value"; name:"value"].
func (d *device) colonPairs(s string) {
	s = strings.TrimLeft(s, "[ ")
	for s != "" {
		name, rest, ok := strings.Cut(s, `:"`)
		if !ok {
			return
		}
		size := quotedSize(rest)
		name = strings.TrimLeft(name, "; [")
		if name != "" && len(name) <= 64 {
			d.pair(name, rest[:size])
		}
		s = rest[min(size+1, len(rest)):]
	}
}
