package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// CEF is the Common Event Format: a header between bars, and pairs. Source: ArcSight Common Event Format, revision 25.
var CEF = applianceFormat(appliance{
	name:    "cef",
	doc:     "The Common Event Format (CEF:0|vendor|product|…), as hundreds of products send it, with and without the header of syslog.",
	example: "<134>Nov 22 06:00:01 gate CEF:0|Example|Gate Keeper|1.0|100|Connection dropped|5|src=203.0.113.7 spt=50122 dst=192.0.2.1 dpt=22 proto=TCP act=drop rt=1795327201000 msg=no rule for it\n",
}, cefFormat, cefFirewalls["check point"], cefFirewalls["fortinet"], cefFirewalls["palo alto networks"], cefFirewalls["sonicwall"],
	cefFirewalls["cisco"], cefFirewalls["juniper"], cefFirewalls["barracuda"])

// LEEF is the Log Event Extended Format of QRadar. Source: IBM QRadar, "Log Event Extended Format", version 2.
var LEEF = applianceFormat(appliance{
	name:    "leef",
	doc:     "The Log Event Extended Format (LEEF:1.0 and 2.0 with a delimiter of its own), with and without the header of syslog.",
	example: "LEEF:2.0|Example|Gate Keeper|1.0|drop|^|src=203.0.113.7^dst=192.0.2.1^dstPort=22^proto=TCP^usrName=anna^action=denied\n",
}, leefFormat)

var (
	cefFormat  = deviceFormat("cef", "", "", "")
	leefFormat = deviceFormat("leef", "", "", "")
)

// cefFirewalls are the vendors whose CEF is of a firewall, by the start of the vendor's name.
var cefFirewalls = map[string]*event.Format{
	"check point":        deviceFormat("cef_checkpoint", "firewall", "checkpoint", ""),
	"fortinet":           deviceFormat("cef_fortinet", "firewall", "fortigate", ""),
	"palo alto networks": deviceFormat("cef_paloalto", "firewall", "paloalto", ""),
	"sonicwall":          deviceFormat("cef_sonicwall", "firewall", "sonicwall", ""),
	"cisco":              deviceFormat("cef_cisco", "firewall", "cisco", ""),
	"juniper":            deviceFormat("cef_juniper", "firewall", "juniper", ""),
	"barracuda":          deviceFormat("cef_barracuda", "firewall", "barracuda", ""),
}

// cutBar cuts s at the first bar that is not escaped.
func cutBar(s string) (before, after string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// readCEF reads "CEF:0|vendor|product|version|class|name|severity|extension".
func (d *device) readCEF(s string) bool {
	r := &d.record
	_, s, ok := cutBar(s)
	if !ok {
		return false
	}
	d.format = cefFormat
	for _, name := range [...]string{"deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"} {
		var part string
		part, s, ok = cutBar(s)
		if !ok && name != "severity" {
			return len(r.names) > 1
		}
		r.put(name, strings.TrimSpace(part))
		switch name {
		case "deviceVendor":
			d.format = cefFormatOf(part)
		case "name":
			r.login = loginWords(part)
			r.reason = part
		}
	}
	d.pairs(s, pairsCEF, ' ')
	d.cefTimes()
	if !r.source {
		if host := r.get("shost"); isAddress(host) { // CyberArk has addresses there
			r.sourceEnd(side{ip: host})
		}
	}
	if !r.user && r.has("UNIFIadmin") {
		d.proseUser(r.get("UNIFIadmin"))
	}
	if r.verdict == 0 && (strings.HasPrefix(r.action, "REQ_BLOCKED") || strings.HasPrefix(r.action, "REQ_BAD")) {
		r.verdict = -1
	}
	if r.verdict == 0 && verdictOf(r.action) == 0 && r.login {
		r.verdict = wordVerdict(r.action)
	}
	if r.verdict == 0 && verdictOf(r.action) == 0 && verdictOf(r.status) == 0 {
		r.verdict = wordVerdict(r.reason)
	}
	if r.login && !r.source && !r.user { // all of it stands in the message
		d.prose(r.get("msg"))
	}
	return true
}

// wordVerdict looks for a word of failure or success in a short text.
func wordVerdict(s string) int8 {
	s = s[:min(len(s), 160)]
	for i := 0; i < len(s); {
		end := 0
		for i+end < len(s) && s[i+end] != ' ' && s[i+end] != '-' && s[i+end] != '_' && s[i+end] != ':' {
			end++
		}
		switch s[i : i+end] {
		case "close", "Close", "timeout", "Timeout", "reset", "pass", "Pass", "Password", "password", "forward":
		default:
			if v := verdictOf(s[i : i+end]); v != 0 {
				return v
			}
		}
		i += end + 1
	}
	return 0
}

func cefFormatOf(vendor string) *event.Format {
	for name, f := range cefFirewalls {
		if startsFold(vendor, name) {
			return f
		}
	}
	return cefFormat
}

// cefTimes reads the time of receipt, else the start: milliseconds since 1970 or a date with its year.
func (d *device) cefTimes() {
	r := &d.record
	for _, key := range [...]string{"rt", "deviceReceiptTime", "start", "end", "devTime", "ReceiveTime"} {
		v := r.get(key)
		if len(v) < 8 {
			continue
		}
		if v[0]-'0' <= 9 && !strings.Contains(v, " ") && !strings.Contains(v, "-") {
			if ns, ok := parseEpoch(v); ok {
				r.clock(ns, true)
				return
			}
		}
		if ns, rest, ok := cutStamp(v, d.years); ok && (v[0]-'0' <= 9 || statesYear(v)) {
			offset, size := zoneWord(rest)
			if size > 0 {
				ns = d.years.inZone(ns, offset)
			}
			r.clock(ns, size > 0)
			return
		}
		if ns, n := parseTimePrefix(v, d.years.zone); n > 0 {
			r.clock(ns, n > 23)
			return
		}
	}
}

// readLEEF reads "LEEF:1.0|vendor|product|version|event|pairs" and, of version 2, the delimiter before the pairs.
func (d *device) readLEEF(s string) bool {
	r := &d.record
	version, s, ok := cutBar(s)
	if !ok {
		return false
	}
	for _, name := range [...]string{"deviceVendor", "deviceProduct", "deviceVersion", "leefEventID"} {
		var part string
		if part, s, ok = cutBar(s); !ok && name != "leefEventID" {
			return false
		}
		r.put(name, strings.TrimSpace(part))
		if name == "leefEventID" {
			r.login = loginWords(part)
			r.reason = part
		}
	}
	d.format = leefFormat
	delimiter := byte('\t')
	if strings.HasPrefix(version, "LEEF:2") {
		if part, rest, ok := cutBar(s); ok && len(part) <= 6 && !strings.Contains(part, "=") {
			s = rest
			delimiter = leefDelimiter(part)
		}
	}
	if delimiter == '\t' && strings.IndexByte(s, '\t') < 0 && strings.Count(s, "|") > 1 {
		delimiter = '|' // as some products have it in version 1
	}
	if strings.IndexByte(s, delimiter) >= 0 {
		d.pairs(s, pairsTab, delimiter)
	} else {
		d.pairs(s, pairsCEF, ' ')
	}
	d.cefTimes()
	if verdictOf(r.action) == 0 && verdictOf(r.status) == 0 {
		r.verdict = wordVerdict(r.reason)
	}
	return true
}

// leefDelimiter reads a character, or its number as "0x09" or "x09".
func leefDelimiter(s string) byte {
	if len(s) == 1 {
		return s[0]
	}
	if i := strings.IndexByte(s, 'x'); i >= 0 && i < 2 && len(s) > i+1 {
		n := 0
		for _, c := range []byte(s[i+1:]) {
			switch {
			case c-'0' <= 9:
				n = n<<4 | int(c-'0')
			case c|0x20 >= 'a' && c|0x20 <= 'f':
				n = n<<4 | int(c|0x20-'a'+10)
			}
		}
		if n > 0 && n < 256 {
			return byte(n)
		}
	}
	return '\t'
}
