package parse

import "strings"

// PaloAlto is the log of PAN-OS: values between commas whose names the type of the line tells.
// Source: PAN-OS Administrator's Guide, "Syslog Field Descriptions".
var PaloAlto = applianceFormat(appliance{
	name: "paloalto",
	doc: "PAN-OS of Palo Alto Networks: traffic, threat, system, configuration, GlobalProtect, HIP match, User-ID and " +
		"authentication logs with commas between the values.",
	example: "<14>Nov 22 06:00:01 pa1 1,2026/11/22 06:00:01,001122334455,TRAFFIC,end,2049,2026/11/22 06:00:00,203.0.113.7,192.0.2.1,0.0.0.0,0.0.0.0,inbound-web,,,web-browsing,vsys1,untrust,dmz,ethernet1/1,ethernet1/2,siem,2026/11/22 06:00:00,4711,1,50122,443,0,0,0x19,tcp,allow,5120,1024,4096,12,2026/11/22 05:59:50,8,any,0,1,0x0,Germany,Germany,0,6,6,tcp-fin\n",
}, paloAltoFormat)

var paloAltoFormat = deviceFormat("paloalto", "firewall", "paloalto", "")

// paloAltoNames are the fields of each type from the first that is not common to all; "" is one that nobody needs.
var paloAltoNames = map[string][]string{
	"TRAFFIC": {
		"src", "dst", "natsrc", "natdst", "rule", "srcuser", "dstuser", "app", "vsys", "from", "to", "inbound_if", "outbound_if", "logset", "",
		"sessionid", "repeatcnt", "sport", "dport", "natsport", "natdport", "flags", "proto", "action", "bytes", "bytes_sent",
		"bytes_received", "packets", "start", "elapsed", "category", "", "seqno", "actionflags", "srcloc", "dstloc", "", "pkts_sent",
		"pkts_received", "session_end_reason", "", "", "", "", "vsys_name", "device_name", "action_source",
	},
	"THREAT": {
		"src", "dst", "natsrc", "natdst", "rule", "srcuser", "dstuser", "app", "vsys", "from", "to", "inbound_if", "outbound_if", "logset", "",
		"sessionid", "repeatcnt", "sport", "dport", "natsport", "natdport", "flags", "proto", "action", "misc", "threatid", "category",
		"severity", "direction", "seqno", "actionflags", "srcloc", "dstloc", "", "contenttype", "pcap_id", "filedigest", "cloud", "",
		"user_agent", "filetype", "xff", "referer", "sender", "subject", "recipient", "reportid", "", "", "", "", "vsys_name", "device_name",
	},
	"SYSTEM":        {"vsys", "eventid", "object", "", "", "module", "severity", "opaque", "seqno", "actionflags", "", "", "", "", "vsys_name", "device_name"},
	"CONFIG":        {"client", "vsys", "cmd", "admin", "interface", "result", "path"},
	"GLOBALPROTECT": {"vsys", "eventid", "stage", "auth_method", "tunnel_type", "srcuser", "srcregion", "machinename", "public_ip", "public_ipv6", "private_ip", "private_ipv6", "hostid", "serialnumber", "client_ver", "client_os", "client_os_ver", "repeatcnt", "reason", "error", "opaque", "status", "location", "login_duration", "connect_method", "error_code", "portal"},
	"HIPMATCH":      {"srcuser", "vsys", "machinename", "os", "src", "matchname", "repeatcnt", "matchtype"},
	"HIP-MATCH":     {"srcuser", "vsys", "machinename", "os", "src", "matchname", "repeatcnt", "matchtype"},
	"USERID":        {"vsys", "ip", "user", "datasourcename", "eventid", "repeatcnt", "timeout", "beginport", "endport", "datasource", "datasourcetype"},
	"AUTHENTICATION": {
		"vsys", "ip", "user", "normalize_user", "object", "authpolicy", "repeatcnt", "authid", "authvendor", "logset", "serverprofile", "desc",
		"clienttype", "event", "factorno",
	},
	"CORRELATION": {"src", "srcuser", "vsys", "category", "severity"},
	"DECRYPTION":  {"src", "dst", "natsrc", "natdst", "rule", "srcuser", "dstuser", "app", "vsys", "from", "to", "inbound_if", "outbound_if", "logset", "", "sessionid", "repeatcnt", "sport", "dport", "natsport", "natdport", "flags", "proto", "action"},
}

// nextComma cuts the next value of a line of values between commas; one in quotes may hold commas.
func nextComma(s string) (value, rest string) {
	if s != "" && s[0] == '"' {
		for i := 1; i < len(s); i++ {
			if s[i] == '"' && (i+1 == len(s) || s[i+1] == ',') {
				return s[1:i], s[min(i+2, len(s)):]
			}
		}
	}
	i := strings.IndexByte(s, ',')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// readPaloAlto reads "1,2026/11/22 06:00:01,serial,TYPE,subtype,…".
func (d *device) readPaloAlto(s string) bool {
	start := strings.IndexByte(s[:min(len(s), 12)], ',')
	if start < 0 || start > 0 && !number.holds(s[:start]) || len(s) < 40 {
		return false
	}
	r := &d.record
	var head [7]string
	rest := s
	for i := range head {
		head[i], rest = nextComma(rest)
	}
	names := paloAltoNames[head[3]]
	if names == nil {
		return false
	}
	d.format = paloAltoFormat
	d.vendor("Palo Alto Networks", "PAN-OS")
	r.put("serial", head[2])
	r.put("type", head[3])
	r.put("subtype", head[4])
	generated := head[6]
	if ns, n := parseTimePrefix(head[1], d.years.zone); n > 0 {
		r.clock(ns, false)
	}
	if ns, n := parseTimePrefix(generated, d.years.zone); n > 0 {
		r.time = ns
	}
	for _, name := range names {
		if rest == "" {
			break
		}
		var v string
		v, rest = nextComma(rest)
		if name != "" && v != "" && v != "0.0.0.0" && v != "0" {
			d.pair(name, v)
		}
	}
	d.paloAltoTime(rest)
	d.paloAltoMeaning(head[3], head[4])
	return true
}

// paloAltoTime reads the time with its zone that new releases add near the end of a line.
func (d *device) paloAltoTime(rest string) {
	for at := 0; ; {
		i := strings.IndexByte(rest[at:], 'T')
		if i < 0 {
			return
		}
		i += at
		at = i + 1
		if i >= 10 && rest[i-3] == '-' {
			if ns, n := parseTimePrefix(rest[i-10:], d.years.zone); n > 23 {
				d.record.time, d.record.zoned = ns, true
				return
			}
		}
	}
}

// paloAltoMeaning adds what the type of a line and its words mean.
func (d *device) paloAltoMeaning(kind, sub string) {
	r := &d.record
	switch kind {
	case "TRAFFIC", "DECRYPTION":
		r.category = network
	case "THREAT":
		r.category = "intrusion_detection"
		if sub == "url" {
			r.category = network
		}
	case "CONFIG":
		r.category = configuration
		r.put("event.action", "configuration_changed")
		r.verdict = verdictOf(r.get("result"))
	case "USERID":
		if sub == "login" {
			r.login, r.verdict = true, 1
		}
	case "AUTHENTICATION", "GLOBALPROTECT":
		r.login = true
		if r.verdict = verdictOf(r.status); r.verdict == 0 {
			r.verdict = wordVerdict(r.get("event"))
		}
	case "SYSTEM":
		text := r.get("opaque")
		if strings.Contains(r.get("eventid"), "auth") || strings.Contains(r.get("eventid"), "login") || loginWords(text) {
			r.login = true
			if r.verdict = wordVerdict(r.get("eventid")); r.verdict == 0 {
				if i := strings.IndexByte(r.get("eventid"), '-'); i > 0 {
					r.verdict = verdictOf(r.get("eventid")[i+1:])
				}
			}
			if r.verdict == 0 {
				r.verdict = wordVerdict(text)
			}
		}
		d.prose(text)
	}
}
