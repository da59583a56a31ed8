package parse

import "strings"

// KeyValue is any other text of pairs.
var KeyValue = applianceFormat(appliance{
	name: "keyvalue",
	doc: "Any line of key=value pairs: logfmt, and what equipment without a format of its own here sends. Zyxel, Forcepoint, " +
		"Barracuda, Stormshield, Zscaler and Blue Coat are known by their fields.",
	example: "time=2026-11-22T06:00:01Z level=warn component=login msg=\"login failed\" user=anna src=203.0.113.7\n",
}, keyValueFormat, linePairsFormat)

var (
	keyValueFormat  = deviceFormat("keyvalue", "", "", "")
	linePairsFormat = deviceFormat("keyvalue_syslog", "", "linux", "syslog")
	zyxelFormat     = deviceFormat("zyxel", "firewall", "zyxel", "")
	barracudaFormat = deviceFormat("barracuda", "", "barracuda", "")
	proxyFormat     = deviceFormat("proxy_pairs", "proxy", "", "")

	stormshieldFormat = deviceFormat("stormshield", "firewall", "stormshield", "")
)

// minPairs is how many pairs make a line one of pairs.
const minPairs = 3

// readPairs reads a line that begins with a pair, and tells by the fields which product wrote it.
func (d *device) readPairs(s string) bool {
	text := s
	if d.head.stampless() && s[0]-'0' <= 9 { // a time before pairs with tabs between, as Zscaler's NSS has it
		if i := strings.IndexByte(s[:min(len(s), 40)], '\t'); i > 0 && keySize(s[i+1:]) > 0 && strings.Count(s, "\t") >= minPairs {
			if ns, n := parseTimePrefix(s, d.years.zone); n == i {
				d.pairs(s[i+1:], pairsTab, '\t')
				d.product()
				d.record.clock(ns, s[i-1] == 'Z')
				return true
			}
		}
		return false
	}
	if k := keySize(text); k == 0 {
		if d.head.text == "" || keySize(d.head.text) == 0 {
			if !d.afterWords(&text) {
				return false
			}
		} else {
			text = d.head.text
		}
	}
	n, before := 0, len(d.record.names)
	if bar := barPairs(text); bar {
		n, _ = d.pairs(text, pairsBar, '|')
	} else {
		var stray int
		n, stray = d.pairs(text, pairsSpaced, 0)
		if stray > n {
			n = 0
		}
	}
	if n < minPairs {
		d.undo(before)
		return false
	}
	d.product()
	return true
}

// undo takes back what was read after there were n fields.
func (d *device) undo(n int) {
	r := &d.record
	names, values := r.names[:n], r.values[:n]
	*r = record{names: names, values: values}
}

// barPairs tells whether a bar separates the pairs.
func barPairs(s string) bool {
	i := strings.IndexByte(s[:min(len(s), 256)], '|')
	return i > 0 && (i+1 == len(s) || keySize(s[i+1:]) > 0) && strings.IndexByte(s[:i], '=') > 0 && strings.Count(s, "|") > 2
}

// afterWords moves to the first pair where one or two words stand before it, such as a name of the format.
func (d *device) afterWords(text *string) bool {
	if _, known := makers[d.head.tag]; !known && d.head.tag != "" {
		return false
	}
	s := *text
	for range 3 {
		i := strings.IndexByte(s, ' ')
		if i < 0 || i > 64 {
			return false
		}
		s = trimSpace(s[i+1:])
		if keySize(s) > 0 && strings.Count(s[:min(len(s), 512)], "=") >= 5 {
			*text = s
			return true
		}
	}
	return false
}

// product tells by the fields which product wrote the pairs, and adds what they mean there.
func (d *device) product() {
	r := &d.record
	m := r.marks
	has := func(all mark) bool { return m&all == all }
	switch {
	case has(markDevName | markLogID), has(markForti|markLogID) && r.has("type"), has(markDevName | markForti):
		if has(markLogType) && !has(markDevName) {
			d.sophos()
			return
		}
		d.fortinet()
	case has(markSN) && (has(markM) || has(markFW)) && has(markID):
		d.sonicWall()
	case has(markLogType | markLogPart), has(markSys | markSub | markID):
		d.sophos()
	case has(markCheck), has(markIfDir | markOrigin), has(markOrigin | markProduct):
		d.checkPoint()
	case has(markID|markFW) && (r.has("startime") || r.has("logtype")):
		d.stormshield()
	case startsFold(r.get("product"), "vpn-1"), startsFold(r.get("product"), "smartdefense"):
		d.checkPoint()
	case has(markVendor) && startsFold(r.get("vendor"), "zscaler"):
		d.format = proxyFormat
		d.vendor("Zscaler", "NSS")
	case has(markNote) && r.has("src") && (has(markDevID) || r.has("cat")):
		d.format = zyxelFormat
		d.vendor("Zyxel", "ZyWALL")
		r.verdict = wordVerdict(r.get("note"))
		if startsFold(r.get("note"), "access block") {
			r.verdict = -1
		} else if startsFold(r.get("note"), "access forward") {
			r.verdict = 1
		}
	case r.has("cs-host") && r.has("cs-method"):
		d.format = proxyFormat
		d.vendor("Broadcom", "ProxySG")
	case d.head.tag == "Barracuda" || r.has("attackDescription"):
		d.format = barracudaFormat
		d.vendor("Barracuda", "WAF")
		if ns, ok := parseEpoch(r.get("rt")); ok && r.has("rt") {
			r.clock(ns, true)
		}
	case r.has("sav-ev") && r.has("sav-dv"):
		d.format = proxyFormat
		d.vendor("Sophos", "Web Appliance")
	case r.has("Data_Owner") && r.has("incident_id"):
		d.format = makerFormat
		d.vendor("Symantec", "DLP")
	default:
		d.anyPairs()
	}
}

// stormshield adds what the pairs of a Stormshield Network Security firewall mean: the time is that of the zone beside it.
// Source: Stormshield, "Description of audit logs".
func (d *device) stormshield() {
	r := &d.record
	d.format = stormshieldFormat
	d.vendor("Stormshield", "SNS")
	for _, key := range [...]string{"time", "startime"} {
		v := r.get(key)
		ns, n := parseTimePrefix(v, nil)
		if n == 0 {
			continue
		}
		var c clock
		if c.readZone(r.get("tz"), 0); c.zoned {
			r.clock(ns-int64(c.offset)*second, true)
		} else if ns, n = parseTimePrefix(v, d.years.zone); n > 0 {
			r.clock(ns, false)
		}
		break
	}
	if transportOf(r.proto) == "" {
		r.proto = r.get("ipproto")
	}
	if kind := r.get("logtype"); kind == "auth" || r.login {
		r.login = true
		r.put("event.action", "login")
		if r.verdict = wordVerdict(r.reason); r.verdict == 0 {
			if e := r.get("error"); e != "" && e != "0" {
				r.verdict = -1
			} else if e == "0" {
				r.verdict = 1
			}
		}
	} else if kind == "alarm" {
		r.category = "intrusion_detection"
	}
}

// anyPairs reads what pairs of no known product commonly mean.
func (d *device) anyPairs() {
	r := &d.record
	d.format = keyValueFormat
	if !d.head.stampless() {
		d.format = linePairsFormat
	}
	for _, key := range [...]string{"time", "ts", "timestamp", "t", "@timestamp", "eventtime"} {
		v := r.get(key)
		if len(v) < 10 {
			continue
		}
		if ns, n := parseTimePrefix(v, d.years.zone); n > 0 {
			r.clock(ns, n > 23 || v[n-1] == 'Z')
			break
		}
		if ns, ok := parseEpoch(v); ok {
			r.clock(ns, true)
			break
		}
	}
	if !r.login && r.reason != "" {
		var w clueWords
		w.read(r.reason)
		r.login = w.login && w.failure
	}
	if r.login && verdictOf(r.status) == 0 && verdictOf(r.action) == 0 {
		r.verdict = wordVerdict(r.reason)
	}
	if r.login && r.verdict != 0 {
		if r.action == "" {
			r.put("event.action", "login")
		}
		if !r.user {
			d.proseUser(clueAccount(r.reason, -1))
		}
	}
	if r.login && r.verdict == 0 {
		for _, key := range [...]string{"httpStatus", "status_code", "status"} {
			if v := r.get(key); v == "401" || v == "403" {
				r.verdict = -1
			}
		}
	}
}
