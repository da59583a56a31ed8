package parse

import "strings"

// Filterlog is what the packet filter pf logs on pfSense and OPNsense.
// Source: pfSense documentation, "Raw Filter Log Format".
var Filterlog = applianceFormat(appliance{
	name: "filterlog",
	doc:  "The packet filter's log of pfSense and OPNsense (filterlog), IPv4 and IPv6.",
	example: "Nov 22 06:00:01 gate filterlog[812]: 4,,,1000000103,em0,match,block,in,4,0x0,,64,420,0,DF,6,tcp,60,203.0.113.7,192.0.2.1,50122,22,0,S,29633380,,65535,,mss\n" +
		"Nov 22 06:00:02 gate filterlog[812]: 5,,,1000000104,em0,match,pass,out,6,0x00,0x00000,64,UDP,17,48,2001:db8::1,2001:db8::2,50122,53,40\n",
}, filterlogFormat)

var filterlogFormat = deviceFormat("filterlog", "firewall", "pfsense", "")

// readFilterlog reads "rule,subrule,anchor,tracker,interface,reason,action,direction,4,…".
func (d *device) readFilterlog(s string) bool {
	r := &d.record
	var v [9]string
	for i := range v {
		v[i], s = nextComma(s)
	}
	if v[8] != "4" && v[8] != "6" || v[6] == "" {
		return false
	}
	d.format = filterlogFormat
	if len(v[3]) == 32 { // OPNsense labels rules by a hash, pfSense by a number
		d.vendor("Deciso", "OPNsense")
	} else {
		d.vendor("Netgate", "pfSense")
	}
	r.put("rule.name", v[0])
	r.put("rule.id", v[3])
	r.put("interface", v[4])
	r.put("reason", v[5])
	d.pair("action", v[6])
	r.put("network.direction", v[7])
	r.category = network
	r.put("event.action", v[6])
	skip := 8 // tos, ecn, ttl, id, offset, flags, number of the protocol, its name
	if v[8] == "6" {
		skip = 5 // class, flow label, hop limit, name of the protocol, its number
	}
	proto := ""
	for i := range skip {
		var word string
		word, s = nextComma(s)
		if v[8] == "4" && i == 7 || v[8] == "6" && i == 3 {
			proto = word
		}
	}
	r.proto = proto
	size, s := nextComma(s)
	r.count("length", size)
	source, s := nextComma(s)
	target, s := nextComma(s)
	e := side{ip: source}
	f := side{ip: target}
	if strings.EqualFold(proto, "tcp") || strings.EqualFold(proto, "udp") {
		e.port, s = nextComma(s)
		f.port, s = nextComma(s)
		_, s = nextComma(s)
		if strings.EqualFold(proto, "tcp") {
			flags, _ := nextComma(s)
			r.put("tcp_flags", flags)
		}
	}
	if isAddress(e.ip) {
		r.sourceEnd(e)
	}
	if isAddress(f.ip) {
		r.destinationEnd(f)
	}
	return true
}
