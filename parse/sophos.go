package parse

// Sophos is the log of the firewalls of Sophos: UTM, XG and SFOS. Source: Sophos Firewall, "Syslog guide".
var Sophos = applianceFormat(appliance{
	name: "sophos",
	doc:  "Sophos' firewalls: SFOS (XG) with device=\"SFW\" and log_type, and UTM with sys=\"SecureNet\" and sub.",
	example: "<30>device=\"SFW\" date=2026-11-22 time=06:00:01 timezone=\"UTC\" device_name=\"XG1\" device_id=C1 log_id=010101600001 log_type=\"Firewall\" log_component=\"Firewall Rule\" log_subtype=\"Denied\" status=\"Deny\" priority=Information fw_rule_id=4 src_ip=203.0.113.7 dst_ip=192.0.2.1 protocol=\"TCP\" src_port=50122 dst_port=22\n" +
		"Nov 22 06:00:02 utm1 ulogd[812]: id=\"2001\" severity=\"info\" sys=\"SecureNet\" sub=\"packetfilter\" name=\"Packet dropped\" action=\"drop\" fwrule=\"60001\" initf=\"eth1\" srcip=\"203.0.113.7\" dstip=\"192.0.2.1\" proto=\"6\" srcport=\"50122\" dstport=\"22\"\n",
}, sophosFormat)

var sophosFormat = deviceFormat("sophos", "firewall", "sophos", "")

// sophos adds what the fields mean.
func (d *device) sophos() {
	r := &d.record
	d.format = sophosFormat
	if r.has("sys") {
		d.vendor("Sophos", "UTM")
	} else {
		d.vendor("Sophos", "XG Firewall")
		d.fortinetTime()
		if ns, n := parseTimePrefix(r.get("timestamp"), d.years.zone); n > 0 {
			r.clock(ns, n > 19)
		}
	}
	if r.action == "" && !r.has("event.action") {
		r.put("event.action", r.get("log_subtype"))
		r.action = r.get("log_subtype")
	}
	switch r.get("log_type") {
	case "Firewall":
		r.login = false
	case "Event":
		r.login = r.login || r.get("log_component") == "GUI" || r.get("log_subtype") == "Authentication"
		r.category = ""
	}
	switch r.get("sub") {
	case "auth":
		r.login = true
	case "packetfilter":
		r.login = false
	case "http":
		r.category = web
	case "ips":
		r.category = "intrusion_detection"
	}
	if r.login && verdictOf(r.status) == 0 && verdictOf(r.action) == 0 {
		r.verdict = wordVerdict(r.get("name"))
	}
}
