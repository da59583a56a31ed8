package parse

import "strings"

// Cisco is the system log of Cisco's routers, switches and firewalls.
var Cisco = applianceFormat(appliance{
	name: "cisco",
	doc: "Cisco's IOS, IOS XE, NX-OS and ACI (%FACILITY-SEVERITY-MNEMONIC), ASA and Firepower (%ASA-, %FTD-), with any of " +
		"their headers: sequence numbers, unset clocks, names of zones, with and without syslog's.",
	example: "<189>4711: gate: Nov 22 2026 06:00:01.120 UTC: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: eve] [Source: 203.0.113.7] [localport: 22] [Reason: Login Authentication Failed]\n" +
		"*Mar  1 00:01:02.120: %SYS-5-CONFIG_I: Configured from console by anna on vty0 (192.0.2.9)\n" +
		"<166>Nov 22 2026 06:00:01 asa1 : %ASA-6-302013: Built outbound TCP connection 8811 for outside:203.0.113.7/443 (203.0.113.7/443) to inside:192.0.2.9/50122 (198.51.100.1/50122)\n",
}, ciscoSyslog, ciscoAAA, ciscoASA, ciscoFTD)

var (
	ciscoSyslog = deviceFormat("cisco", "", "cisco", "syslog")
	ciscoAAA    = deviceFormat("cisco_aaa", "", "cisco", "aaa")
	ciscoASA    = deviceFormat("cisco_asa", "firewall", "cisco", "asa")
	ciscoFTD    = deviceFormat("cisco_ftd", "firewall", "cisco", "ftd")
)

// ciscoTag is "%FACILITY-SEVERITY-MNEMONIC: ".
type ciscoTag struct {
	facility, severity, mnemonic string
	start, end                   int // of the tag in the line, with its colon
}

// ciscoReach is how far into a line the tag is looked for.
const ciscoReach = 192

// findCisco looks for the tag.
func findCisco(line string) (t ciscoTag, ok bool) {
	limit := min(len(line), ciscoReach)
	for at := 0; ; {
		i := strings.IndexByte(line[at:limit], '%')
		if i < 0 {
			return t, false
		}
		at += i + 1
		if at == 1 || line[at-2] == ' ' || line[at-2] == ':' || line[at-2] == '>' {
			if t, ok = ciscoTagAt(line, at); ok {
				return t, true
			}
		}
	}
}

// ciscoTagAt reads the tag whose name begins at line[at:]. The severity is the digit between hyphens.
func ciscoTagAt(line string, at int) (t ciscoTag, ok bool) {
	t.start = at - 1
	i := at
	for i < len(line) && (line[i]-'A' < 26 || line[i]-'a' < 26 || line[i]-'0' <= 9 || line[i] == '_' || line[i] == '-' || line[i] == '/') {
		if line[i] == '-' && t.severity == "" && i+2 < len(line) && line[i+1]-'0' <= 7 && line[i+2] == '-' && i > at {
			t.facility, t.severity = line[at:i], line[i+1:i+2]
			i += 3
			t.start = at - 1
			at = i
			continue
		}
		i++
	}
	t.mnemonic, t.end = line[min(at, i):i], i
	if t.severity == "" || t.mnemonic == "" || line[t.start+1]-'A' > 25 {
		return t, false
	}
	if i < len(line) && line[i] == ':' {
		t.end++
	}
	return t, true
}

// readCisco reads a line with such a tag.
func (d *device) readCisco() bool {
	t, ok := findCisco(d.line)
	if !ok {
		return false
	}
	r := &d.record
	text := trimSpace(d.line[t.end:])
	r.headed = true
	host, tag := d.ciscoHeader(d.line[:t.start])
	if host == "" {
		host = d.head.host
	}
	r.put("host.name", host)
	r.put("process.name", tag)
	if d.head.severity >= 0 {
		r.count("log.syslog.priority", d.head.priority)
	}
	r.put("message", d.line[t.start:])
	family, _, _ := strings.Cut(t.facility, "-") // "ASA-session-5-106100" names its class, too
	switch {
	case family == "ASA" || family == "PIX" || family == "FWSM":
		d.vendor("Cisco", asaProduct(family))
		d.format = ciscoASA
		r.put("event.code", t.mnemonic)
		d.asa(t.mnemonic, text)
	case family == "FTD" || family == "NGIPS":
		d.vendor("Cisco", "ftd")
		d.format = ciscoFTD
		r.put("event.code", t.mnemonic)
		d.asa(t.mnemonic, text)
	default:
		d.ios(&t, text)
		if tag != "" && aristaAgent(tag) || tag == "" && d.head.tag != "" && aristaAgent(d.head.tag) {
			r.set("observer.vendor", "Arista")
			r.set("observer.product", "EOS")
		}
	}
	r.count("event.severity", t.severity)
	return true
}

// aristaAgent tells whether a program is one of Arista's EOS, which writes tags as Cisco does.
func aristaAgent(tag string) bool {
	switch strings.TrimSuffix(tag, ":") {
	case "Aaa", "Ebra", "Rib", "ConfigAgent", "Stp", "Lldp", "Bgp", "Acl", "Fru", "SuperServer", "Lag", "Sysdb", "ProcMgr-worker", "Cli", "Mlag", "PowerSupplyDetector", "StpTxRx", "Snmp", "PortSec", "Thermostat", "Launcher":
		return true
	}
	return false
}

func asaProduct(facility string) string {
	switch facility {
	case "PIX":
		return "pix"
	case "FWSM":
		return "fwsm"
	}
	return "asa"
}

// ciscoHeader reads what stands before the tag: priority, sequence number, host, time, zone, in any order, each with a
// colon after it or not.
func (d *device) ciscoHeader(s string) (host, tag string) {
	if s != "" && s[0] == '<' {
		if i := strings.IndexByte(s, '>'); i >= 0 {
			s = s[i+1:]
		}
	}
	stated, year := false, 0
	for s = strings.TrimLeft(s, " :*."); s != ""; s = strings.TrimLeft(s, " :*.") {
		if ns, rest, ok := cutStamp(s, d.years); ok {
			zone, size := zoneWord(rest)
			if size > 0 {
				ns = d.years.inZone(ns, zone)
				rest = rest[size:]
			}
			if year > 0 { // NX-OS states it before the month
				of := yearless{zone: d.years.zone, top: year, limit: 1<<63 - 1, key: -1}
				ns, _, _ = cutBSD(s, &of)
				ns = d.years.inZone(ns, zone)
			}
			full := year > 0 || s[0]-'0' <= 9 || len(s) > 12 && rest != s && statesYear(s)
			if ns != 0 && (full || !stated) {
				d.record.time, d.record.zoned = ns, full && size > 0
				stated = true
			}
			s = rest
			continue
		}
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		if i := strings.IndexByte(s[:end], ':'); i > 0 && monthOf(s[i+1:]) != 0 { // IOS XR: "RP/0/RSP0/CPU0:Nov 22 …"
			end = i
		}
		w := strings.TrimRight(s[:end], ":")
		s = s[end:]
		if len(w) == 4 && w[0] == '2' && w[1] == '0' && number.holds(w) {
			year = digits4(w, 0)
		}
		switch {
		case w == "" || number.holds(w), w == "-", len(w) > 2 && w[0]-'0' <= 9 && strings.Trim(w, "0123456789wdhms:") == "":
		case host == "":
			if _, size := zoneWord(" " + w); size == 0 {
				host = w
			}
		case tag == "":
			tag = w
		}
	}
	return host, tag
}

// statesYear tells whether a date as "Nov 22 2026 06:00:01" has its year.
func statesYear(s string) bool {
	return len(s) > 14 && (s[6] == ' ' && s[11] == ' ' || s[5] == ' ' && s[10] == ' ')
}

// zoneWord reads the name of a zone that follows a time, and returns its offset in seconds.
func zoneWord(s string) (offset, size int) {
	if len(s) < 4 || s[0] != ' ' {
		return 0, 0
	}
	end := 1
	for end < len(s) && s[end] >= 'A' && s[end] <= 'Z' {
		end++
	}
	if end < len(s) && s[end] != ':' && s[end] != ' ' {
		return 0, 0
	}
	const hour = 3600
	switch s[1:end] {
	case "UTC", "GMT", "WET":
		return 0, end
	case "CET", "BST", "WEST":
		return hour, end
	case "CEST", "EET":
		return 2 * hour, end
	case "EEST", "MSK":
		return 3 * hour, end
	case "EST":
		return -5 * hour, end
	case "EDT":
		return -4 * hour, end
	case "CST":
		return -6 * hour, end
	case "CDT":
		return -5 * hour, end
	case "MST":
		return -7 * hour, end
	case "MDT":
		return -6 * hour, end
	case "PST":
		return -8 * hour, end
	case "PDT":
		return -7 * hour, end
	case "JST", "KST":
		return 9 * hour, end
	case "AEST":
		return 10 * hour, end
	case "AEDT":
		return 11 * hour, end
	}
	return 0, 0
}

// ios reads a message of IOS, NX-OS and their kin.
func (d *device) ios(t *ciscoTag, text string) {
	r := &d.record
	d.format = ciscoSyslog
	product := "ios"
	r.put("cisco.facility", t.facility)
	r.put("cisco.mnemonic", t.mnemonic)
	r.put("event.code", t.mnemonic)
	switch facility := t.facility; {
	case facility == "PARSER", facility == "SEC_LOGIN", facility == "SYS" && strings.HasPrefix(t.mnemonic, "CONFIG"),
		facility == "SYS" && strings.HasPrefix(t.mnemonic, "LOGOUT"), facility == "SYS" && t.mnemonic == "PRIV_AUTH_PASS",
		facility == "VSHD", facility == "HA_EM", strings.HasPrefix(facility, "AAA"), facility == "TACACS", facility == "RADIUS",
		facility == "SSH", facility == "DOT1X", facility == "AUTHMGR", facility == "MAB":
		d.format = ciscoAAA
	case facility == "CIMC":
		product = "cimc"
	case strings.HasPrefix(facility, "UC_"):
		product = "ucm"
	case facility == "LOG_", facility == "LOG":
		product = "aci"
	}
	d.vendor("Cisco", product)
	switch {
	case strings.Contains(t.mnemonic, "LOGIN_SUCCESS"), t.mnemonic == "WEBLOGIN_SUCCESS", t.mnemonic == "SSH2_USERAUTH", t.mnemonic == "PRIV_AUTH_PASS":
		r.put("event.action", "login")
		r.login, r.status = true, "success"
		if holdsFold(text[:min(len(text), 200)], "fail") {
			r.status = "failure"
		}
	case strings.Contains(t.mnemonic, "LOGIN_FAIL"), t.mnemonic == "AUTHEN_FAIL", t.mnemonic == "SSH2_UNEXPECTED_MSG", t.mnemonic == "AUTHPRIV_FAIL":
		r.put("event.action", "login")
		r.login, r.status = true, "failure"
	case isNX(t.facility) && t.mnemonic == "SYSTEM_MSG" && loginWords(text):
		r.put("event.action", "login")
		r.login, r.verdict = true, wordVerdict(text)
	case (t.facility == "DOT1X" || t.facility == "MAB" || t.facility == "AUTHMGR") && (t.mnemonic == "FAIL" || t.mnemonic == "SUCCESS"):
		r.put("event.action", "port_authentication")
		r.login, r.status = true, t.mnemonic
	case t.mnemonic == "QUIET_MODE_ON":
		r.put("event.action", "login_blocked")
		r.login, r.status = true, "failure"
	case strings.HasPrefix(t.mnemonic, "CONFIG"):
		r.put("event.action", "configuration_changed")
		r.category = configuration
	case t.mnemonic == "CFGLOG_LOGGEDCMD":
		r.put("event.action", "command")
		r.category = configuration
		if _, command, ok := strings.Cut(text, "logged command:"); ok {
			r.put("process.command_line", trimSpace(command))
		}
	case strings.HasPrefix(t.mnemonic, "IPACCESSLOG"), t.facility == "ACLLOG", strings.HasPrefix(t.mnemonic, "ACCESSLOG"):
		r.put("event.action", "packet")
		r.category = network
		d.aclWords(text)
	default:
		r.put("event.action", t.mnemonic)
	}
	if t.mnemonic != "CFGLOG_LOGGEDCMD" {
		d.prose(iosBy(text, r))
		return
	}
	user, _, _ := strings.Cut(text, "logged command:")
	d.prose(user)
}

// isNX tells whether a facility is one of the daemons of NX-OS, which write what PAM and sshd say.
func isNX(facility string) bool {
	switch facility {
	case "AUTHPRIV", "AUTH", "DAEMON", "SECURITYD", "AAAD", "VSHD":
		return true
	}
	return false
}

// iosBy reads "… by anna on vty0 (192.0.2.9)" of a change of the configuration.
func iosBy(text string, r *record) string {
	_, who, ok := strings.Cut(text, " by ")
	if !ok || r.category != configuration {
		return text
	}
	name, rest, _ := strings.Cut(who, " on ")
	if len(name) < 64 && !r.user {
		r.user = true
		r.put("user.name", strings.TrimSpace(name))
	}
	return rest
}

// aclWords reads "list 101 denied tcp …" of an access list.
func (d *device) aclWords(text string) {
	r := &d.record
	for _, w := range [...]string{" denied ", " permitted "} {
		if i := strings.Index(text, w); i >= 0 {
			r.action = trimSpace(w)
			name := text[:i]
			if j := strings.LastIndexByte(name, ' '); j >= 0 {
				name = name[j+1:]
			}
			r.put("rule.name", name)
			break
		}
	}
}
