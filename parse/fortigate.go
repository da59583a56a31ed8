package parse

import "strings"

// FortiGate is the log of FortiOS, and that of Fortinet's other products in the same form.
// Source: FortiOS Log Message Reference.
var FortiGate = applianceFormat(appliance{
	name: "fortigate",
	doc:  "Fortinet's FortiGate (FortiOS) and its kin: key=value with date, devname, logid, type and subtype.",
	example: "<189>date=2026-11-22 time=06:00:01 devname=\"fg1\" devid=\"FGT60E0000000001\" eventtime=1795327201120000000 tz=\"+0000\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=203.0.113.7 srcport=50122 srcintf=\"wan1\" dstip=192.0.2.1 dstport=22 dstintf=\"dmz\" proto=6 action=\"deny\" policyid=0 service=\"SSH\"\n" +
		"date=2026-11-22 time=06:00:02 devname=\"fg1\" devid=\"FGT60E0000000001\" logid=\"0100032002\" type=\"event\" subtype=\"system\" level=\"alert\" vd=\"root\" logdesc=\"Admin login failed\" user=\"admin\" ui=\"https(203.0.113.7)\" action=\"login\" status=\"failed\" reason=\"passwd_invalid\" msg=\"Administrator admin login failed\"\n",
}, fortiGateFormat, fortinetFormat)

var (
	fortiGateFormat = deviceFormat("fortigate", "firewall", "fortigate", "")
	fortinetFormat  = deviceFormat("fortinet", "", "fortinet", "")
)

// fortinet tells Fortinet's products by the number of the device.
func (d *device) fortinet() {
	r := &d.record
	id := r.get("devid")
	if id == "" {
		id = r.get("device_id")
	}
	d.format = fortinetFormat
	product := "FortiGate"
	switch {
	case strings.HasPrefix(id, "FG"), strings.HasPrefix(id, "FW"), id == "":
		d.format = fortiGateFormat
	case strings.HasPrefix(id, "FV"):
		product = "FortiWeb"
	case strings.HasPrefix(id, "FE"):
		product = "FortiMail"
	case strings.HasPrefix(id, "FAZ"), strings.HasPrefix(id, "FL"):
		product = "FortiAnalyzer"
	case strings.HasPrefix(id, "FMG"), strings.HasPrefix(id, "FM"):
		product = "FortiManager"
	case strings.HasPrefix(id, "FSA"):
		product = "FortiSandbox"
	case strings.HasPrefix(id, "FAC"):
		product = "FortiAuthenticator"
	case strings.HasPrefix(id, "FCTEMS"):
		product = "FortiClient EMS"
	default:
		d.format = fortiGateFormat
	}
	d.vendor("Fortinet", product)
	d.fortinetTime()
	kind := r.get("type")
	switch {
	case r.action == "login" || r.action == "logout" || r.action == "ssl-login-fail" || r.action == "tunnel-up" || strings.HasPrefix(r.action, "auth"):
		r.login = r.action == "login" || r.action == "ssl-login-fail" || strings.HasPrefix(r.action, "auth")
		if r.action == "ssl-login-fail" {
			r.verdict = -1
		}
		if !r.login {
			r.category = session
		}
	case kind == "traffic":
		r.category = network
		switch r.action {
		case "start", "ip-conn", "dns", "timeout", "close":
			r.verdict = 1
		}
	case kind == "event":
		if r.has("cfgpath") {
			r.category, r.login = configuration, false
		} else if !r.login {
			r.category = ""
		}
	case kind == "utm":
		if s := r.get("subtype"); s == "ips" || s == "virus" || s == "anomaly" {
			r.category = "intrusion_detection"
		}
	}
	if r.action == "Alert_Deny" || r.action == "Deny_no_log" || r.action == "Period_Block" { // FortiWeb
		r.verdict = -1
	}
	if r.login && !r.source { // FortiMail has it in the message
		if address, port, _ := clueAddress(r.get("msg")); address != "" {
			r.sourceEnd(side{ip: address, port: port})
		}
	}
	if ui := r.get("ui"); !r.source && ui != "" {
		if _, ip, ok := strings.Cut(ui, "("); ok {
			if e, ok := cutSide(strings.TrimRight(ip, ")")); ok {
				r.sourceEnd(e)
			}
		}
	}
}

// fortinetTime reads eventtime, else date, time and zone.
func (d *device) fortinetTime() {
	r := &d.record
	if v := r.get("eventtime"); len(v) >= 10 {
		if ns, ok := parseEpoch(v); ok {
			r.clock(ns, true)
			return
		}
	}
	date, at := r.get("date"), r.get("time")
	if len(date) != 10 || len(at) < 8 {
		return
	}
	c := clock{
		year: digits4(date, 0), month: digits2(date, 5), day: digits2(date, 8),
		hour: digits2(at, 0), minute: digits2(at, 3), second: digits2(at, 6),
	}
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return
	}
	zone := r.get("tz")
	if zone == "" {
		_, zone, _ = strings.Cut(r.get("timezone"), "GMT")
	}
	c.readZone(zone, 0)
	if offset, size := zoneWord(" " + r.get("timezone")); size > 0 && !c.zoned { // SFOS names it
		c.zoned, c.offset = true, offset
	}
	if ns, ok := c.unixNanos(d.years.zone); ok {
		r.clock(ns, c.zoned)
	}
}
