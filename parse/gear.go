package parse

import "strings"

// Equipment whose lines no tag alone tells: what stands in the first words of the text does. Each reader is asked for
// lines of no known program only. Sources: F5 "BIG-IP log messages by ID", Aruba "ArubaOS syslog messages reference",
// Dell "Event and error message reference", Infoblox NIOS "Audit log", Ivanti Connect Secure "Standard log filter",
// Broadcom "External logging settings and log event severity levels for Endpoint Protection Manager".

// readGear reads the text of a line that has the header of syslog.
func (d *device) readGear(s string) bool {
	if len(s) < 24 {
		return false
	}
	switch c := s[0]; {
	case c == '<':
		return d.readAruba(s)
	case c-'0' <= 9:
		return d.readF5(s) || d.readNIOS(s)
	case c-'A' < 26:
		return d.readDell(s) || d.readOracle(s)
	case c-'a' < 26:
		if level, rest := nextWord(s); severityWord(level) {
			return d.readF5Tagged(rest)
		}
	}
	return false
}

// severityWord tells whether a word is a level of syslog, as some put it before the program.
func severityWord(w string) bool {
	switch w {
	case "emerg", "alert", "crit", "err", "error", "warning", "warn", "notice", "info", "debug":
		return true
	}
	return false
}

// readF5Tagged reads "apmd[812]: 01490010:5: …" behind a level.
func (d *device) readF5Tagged(s string) bool {
	tag, text, ok := strings.Cut(s, ": ")
	if !ok || len(tag) > 40 || strings.IndexByte(tag, ' ') >= 0 {
		return false
	}
	name, pid, _ := strings.Cut(tag, "[")
	if m, known := makers[name]; (!known || m.vendor != "F5") && !f5Message(text) {
		return false
	}
	d.head.tag, d.head.pid, d.head.text = name, strings.TrimRight(pid, "]"), text
	d.format = makerFormat
	d.f5(text)
	return true
}

// readF5 reads a message that begins with its number.
func (d *device) readF5(s string) bool {
	if !f5Message(s) {
		return false
	}
	d.format = makerFormat
	d.f5(s)
	return true
}

// f5Message tells whether a text begins with "01490010:5: ": eight hexadecimal digits and a level.
func f5Message(s string) bool {
	if len(s) < 12 || s[0] != '0' || s[8] != ':' || s[9]-'0' > 7 || s[10] != ':' {
		return false
	}
	for i := range 8 {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// f5 reads who and from where a message of BIG-IP tells.
func (d *device) f5(s string) {
	r := &d.record
	d.vendor("F5", "BIG-IP")
	if f5Message(s) {
		r.put("event.code", s[:8])
		s = trimSpace(s[11:])
	}
	if _, user, ok := strings.Cut(s, "Username '"); ok {
		user, _, _ = strings.Cut(user, "'")
		d.proseUser(user)
	}
	if _, rest, ok := strings.Cut(s, "client IP "); ok {
		address, _ := nextWord(rest)
		r.sourceText(address)
		if _, vip, has := strings.Cut(rest, " VIP "); has {
			vip, _ = nextWord(vip)
			r.destinationText(vip)
		}
		return
	}
	if loginWords(s) || strings.Contains(s, "failed to login") {
		d.makerClues(s)
	}
}

// readAruba reads "<522008> <NOTI> <WARN> |authmgr|  User Authentication Successful: username=eve MAC=… IP=…".
func (d *device) readAruba(s string) bool {
	end := strings.IndexByte(s[:16], '>')
	if end < 6 || !number.holds(s[1:end]) || len(s) < end+4 || s[end+1] != ' ' || s[end+2] != '<' {
		return false
	}
	r := &d.record
	d.format = makerFormat
	d.vendor("Aruba", "ArubaOS")
	r.put("event.code", s[1:end])
	text := s[end+2:]
	for strings.HasPrefix(text, "<") {
		_, rest := nextWord(text)
		text = trimSpace(rest)
	}
	if strings.HasPrefix(text, "|") {
		if _, rest, ok := strings.Cut(text[1:], "|"); ok {
			text = trimSpace(rest)
		}
	}
	if loginWords(text) {
		r.login, r.verdict = true, wordVerdict(text)
		r.put("event.action", "login")
	}
	if _, user, ok := strings.Cut(text, "username="); ok {
		user, _ = nextWord(user)
		d.proseUser(user)
	}
	if _, ip, ok := strings.Cut(text, " IP="); ok {
		ip, _ = nextWord(ip)
		r.sourceText(ip)
	}
	d.prose(text)
	return true
}

// readDell reads "USR0031: Unable to log in for root from 203.0.113.7 using GUI." and the form with names.
func (d *device) readDell(s string) bool {
	code, text := d.head.tag, s
	switch {
	case len(code) == 7 && code[6]-'0' <= 9 && code[0]-'A' < 26:
		d.head.tag, d.head.text = "", ""
	case s[7] == ':' && s[8] == ' ':
		code, text = s[:7], s[9:]
	case code == "Severity", strings.HasPrefix(s, "Severity: "):
		_, rest, ok := strings.Cut(s, "MessageID: ")
		id, more, has := strings.Cut(rest, ", Message: ")
		if !ok || !has || len(id) != 7 {
			return false
		}
		code, text = id, more
	default:
		return false
	}
	switch code[:3] {
	case "USR", "RAC", "JCP", "SUP", "PDR", "PSU", "SRV", "CTL", "VDR", "SWC", "LOG", "SEC":
	default:
		return false
	}
	if !number.holds(code[3:]) {
		return false
	}
	r := &d.record
	d.format = makerFormat
	d.vendor("Dell", "iDRAC")
	r.put("event.code", code)
	switch code {
	case "USR0030":
		r.login, r.verdict = true, 1
	case "USR0031", "USR0034", "SEC0701":
		r.login, r.verdict = true, -1
	case "USR0032":
		r.put("event.action", "logout")
		r.category = session
	}
	if r.login {
		r.put("event.action", "login")
	}
	if _, user, ok := strings.Cut(text, " for "); ok && code[:3] == "USR" {
		user, _ = nextWord(user)
		d.proseUser(user)
	} else if _, user, ok = strings.Cut(text, "logged in using "); ok {
		user, _ = nextWord(user)
		d.proseUser(user)
	}
	if address, port, _ := clueAddress(text); address != "" {
		r.sourceEnd(side{ip: address, port: port})
	}
	return true
}

// readNIOS reads Infoblox' audit: "2026-11-22 06:00:01.120Z [admin]: Login_Denied - - to=AdminConnector ip=203.0.113.7 …".
func (d *device) readNIOS(s string) bool {
	ns, n := parseTimePrefix(s, d.years.zone)
	if n == 0 || n+4 > len(s) || s[n:n+2] != " [" {
		return false
	}
	user, text, ok := strings.Cut(s[n+2:], "]: ")
	if !ok || len(user) > 128 || strings.Index(text, " - ") < 1 {
		return false
	}
	action, rest, _ := strings.Cut(text, " ")
	if !strings.Contains(rest, "to=") && !strings.HasPrefix(action, "Login_") && !strings.HasPrefix(action, "Log") && strings.IndexByte(action, '_') < 0 && rest == "" {
		return false
	}
	r := &d.record
	d.format = makerFormat
	d.vendor("Infoblox", "NIOS")
	r.clock(ns, s[n-1] == 'Z')
	r.put("event.action", action)
	d.proseUser(user)
	switch {
	case strings.HasPrefix(action, "Login_Denied"), strings.HasPrefix(action, "First_Login_Denied"):
		r.login, r.verdict = true, -1
	case strings.HasPrefix(action, "Login_Allowed"), strings.HasPrefix(action, "First_Login"):
		r.login, r.verdict = true, 1
	default:
		r.category = configuration
	}
	if _, ip, has := strings.Cut(rest, "ip="); has {
		ip, _ = nextWord(ip)
		r.sourceText(ip)
	}
	return true
}

// readOracle reads the audit of Oracle's database: "LENGTH : '160' ACTION :[7] 'CONNECT' DATABASE USER:[5] 'SCOTT' …
// STATUS:[4] '1017' …". Source: Oracle Database Security Guide, "Using the syslog audit trail".
func (d *device) readOracle(s string) bool {
	if _, _, ok := strings.Cut(s[:min(len(s), 96)], "ACTION"); !ok || !strings.Contains(s, "DATABASE USER:") {
		return false
	}
	r := &d.record
	d.format = makerFormat
	d.vendor("Oracle", "Database")
	named := func(name string) string {
		_, rest, _ := strings.Cut(s, name)
		_, rest, _ = strings.Cut(rest[:min(len(rest), 4096)], "'")
		rest, _, _ = strings.Cut(rest, "'")
		return strings.Trim(rest, `"/`)
	}
	action := named("ACTION")
	r.put("event.action", action)
	if number.holds(action) && action != "" {
		r.put("event.code", action)
	}
	d.proseUser(named("DATABASE USER:"))
	if name := named("CLIENT USER:"); name != "" {
		r.put("user.effective.name", name)
	}
	if _, rest, ok := strings.Cut(s, "(HOST="); ok {
		ip, rest, _ := strings.Cut(rest, ")")
		_, port, _ := strings.Cut(rest, "(PORT=")
		port, _, _ = strings.Cut(port, ")")
		if isAddress(ip) {
			r.sourceEnd(side{ip: ip, port: port})
		}
	}
	r.category = database
	if strings.HasPrefix(action, "CONNECT") || action == "100" || action == "LOGON" {
		r.login, r.category = true, authentication
	}
	if strings.Contains(s, "STATUS:") {
		if r.verdict = -1; named("STATUS:") == "0" {
			r.verdict = 1
		}
	}
	return true
}

// readASM reads F5's application security log, whose pairs follow its name at once.
func (d *device) readASM(s string) bool {
	if n, _ := d.pairs(strings.TrimPrefix(s, "ASM:"), pairsSpaced, 0); n < minPairs {
		return false
	}
	r := &d.record
	d.format = makerFormat
	d.vendor("F5", "BIG-IP ASM")
	r.category = web
	r.sourceText(r.get("ip_client"))
	r.action = r.get("request_status")
	r.put("event.action", r.action)
	if ns, n := parseTimePrefix(r.get("date_time"), d.years.zone); n > 0 {
		r.clock(ns, false)
	}
	return true
}

// readPulse reads "2026-11-22 06:00:01 - vpn1 - [203.0.113.7] eve(Users)[] - Login failed using auth server …".
func (d *device) readPulse(s string) bool {
	_, rest, ok := strings.Cut(s[:min(len(s), 320)], " - [")
	if !ok {
		return false
	}
	address, rest, ok := strings.Cut(rest, "] ")
	if !ok || !isAddress(address) {
		return false
	}
	r := &d.record
	who, text, ok := strings.Cut(rest, " - ")
	if !ok {
		return false
	}
	if at := strings.IndexByte(who, '('); at > 0 {
		who = who[:at]
	}
	if who != "System" {
		d.proseUser(who)
	}
	r.sourceText(address)
	r.verdict = wordVerdict(text)
	if r.login = loginWords(text) || strings.HasPrefix(text, "Primary auth"); r.login {
		r.put("event.action", "login")
	}
	return true
}

// symantecFields are what the named parts of an Endpoint Protection Manager's lines mean.
var symantecFields = map[string]string{
	"Computer name": "host.name", "Event Description": "event.reason", "Risk name": "threat.indicator.name", "File path": "file.path",
	"Actual action": "event.action", "Application hash": "file.hash.sha256", "CIDS Signature string": "rule.name", "Rule": "rule.name",
	"Application": "process.executable", "Application name": "process.name",
}

// readSymantec reads "ws7,Event Description: …,Local Host IP: 192.0.2.9,Remote Host IP: 203.0.113.7,Inbound,TCP,…,User Name: anna".
func (d *device) readSymantec(s string) bool {
	if strings.Count(s, ",") < 4 {
		return false
	}
	r := &d.record
	local, remote, localPort, remotePort, inbound, host := "", "", "", "", false, ""
	for first := true; s != ""; first = false {
		var part string
		part, s, _ = strings.Cut(s, ",")
		part = strings.TrimSpace(part)
		key, value, named := strings.Cut(part, ": ")
		switch {
		case !named && first && strings.IndexByte(part, ' ') < 0:
			host = part
		case !named && part == "Inbound":
			inbound = true
		case !named && transportOf(part) != "" && !number.holds(part):
			r.proto = part
		case !named || value == "":
		case key == "Local Host IP", key == "Local", key == "IP Address":
			local = value
		case key == "Remote Host IP", key == "Remote", key == "Source IP":
			remote = value
		case key == "Local Port":
			localPort = value
		case key == "Remote Port":
			remotePort = value
		case key == "User Name", key == "User", key == "User name":
			d.proseUser(value)
		case key == "Event time", key == "Begin", key == "Begin Time", key == "Event Insert Time":
			if ns, n := parseTimePrefix(value, d.years.zone); n > 0 {
				r.clock(ns, false)
			}
		default:
			if name := symantecFields[key]; name == "host.name" {
				host = value
			} else if name != "" && !r.has(name) {
				r.put(name, value)
			}
		}
	}
	if host != "" && strings.Trim(host, "0123456789") != "" {
		r.put("observer.name", d.head.host)
		d.head.host = host
	}
	mine, theirs := side{ip: address4(local), port: localPort}, side{ip: address4(remote), port: remotePort}
	switch {
	case inbound || theirs.ip != "" && r.proto == "":
		r.sourceEnd(theirs)
		r.destinationEnd(mine)
	default:
		r.sourceEnd(mine)
		r.destinationEnd(theirs)
	}
	r.action = r.get("event.action")
	if r.verdict = wordVerdict(r.get("event.reason")); r.has("threat.indicator.name") {
		r.category = "malware"
	}
	return true
}

// address4 returns s if it is an address.
func address4(s string) string {
	if isAddress(s) {
		return s
	}
	return ""
}
