package parse

import "strings"

// maker is who made the program that writes under a tag.
type maker struct{ vendor, product string }

// makers are programs of appliances that say who they are by their tag alone; what they say is kept as text.
var makers = map[string]maker{
	"apmd": {"F5", "BIG-IP"}, "tmm": {"F5", "BIG-IP"}, "tmm1": {"F5", "BIG-IP"}, "tmm2": {"F5", "BIG-IP"}, "tmm3": {"F5", "BIG-IP"},
	"mcpd": {"F5", "BIG-IP"}, "bigd": {"F5", "BIG-IP"}, "gtmd": {"F5", "BIG-IP"}, "iControlPortal.cgi": {"F5", "BIG-IP"}, "mod_auth_pam": {"F5", "BIG-IP"},
	"ASM": {"F5", "BIG-IP ASM"}, "bluecoat": {"Broadcom", "ProxySG"}, "ProxySG": {"Broadcom", "ProxySG"}, "Tanium": {"Tanium", "Tanium"},
	"PulseSecure": {"Ivanti", "Connect Secure"}, "DNAC": {"Cisco", "dna"}, "tvcs": {"Cisco", "tvcs"}, "CISE_Alarm": {"Cisco", "ise"},
	"darktrace_audit": {"Darktrace", "Darktrace"}, "darktrace": {"Darktrace", "Darktrace"}, "qumulo": {"Qumulo", "Storage"},
	"FIREWALL-PKTLOG": {"VMware", "NSX"}, "vpxd": {"VMware", "vCenter"}, "vobd": {"VMware", "ESXi"}, "hostd": {"VMware", "ESXi"}, "Hostd": {"VMware", "ESXi"},
	"Hostd:": {"VMware", "ESXi"}, "vmkernel": {"VMware", "ESXi"}, "Vpxa": {"VMware", "ESXi"}, "View": {"VMware", "Horizon"}, "Veeam_MP": {"Veeam", "Backup & Replication"},
	"bmserver": {"Symantec", "Messaging Gateway"}, "SymantecServer": {"Symantec", "Endpoint Protection"}, "EPOEvents": {"McAfee", "ePO"},
	"mwg": {"McAfee", "Web Gateway"}, "ossec": {"Wazuh", "OSSEC"}, "KES": {"Kaspersky", "Endpoint Security"}, "sshlog": {"Dell", "CMC"},
	"wabauth": {"Wallix", "Bastion"}, "wabengine": {"Wallix", "Bastion"}, "rdpproxy": {"Wallix", "Bastion"}, "sshproxy": {"Wallix", "Bastion"},
	"NSX": {"VMware", "NSX"}, "dfwpktlogs": {"VMware", "NSX"}, "Rhttpproxy": {"VMware", "ESXi"}, "Fdm": {"VMware", "ESXi"}, "vmauthd": {"VMware", "ESXi"},
	"cluster_audit": {"Cohesity", "DataPlatform"}, "api_audit": {"Cohesity", "DataPlatform"}, "dataprotection_events": {"Cohesity", "DataPlatform"},
	"mail_logs": {"Cisco", "esa"}, "amp_logs": {"Cisco", "esa"}, "gui_logs": {"Cisco", "esa"}, "ESA": {"Cisco", "esa"}, "pbmasterd": {"BeyondTrust", "PowerBroker"},
	"StealthINTERCEPT": {"Stealthbits", "StealthINTERCEPT"}, "vectra_json_account_v2": {"Vectra", "Cognito"}, "vectra_json_v2": {"Vectra", "Cognito"},
	"threat-protect-log": {"Infoblox", "NIOS"}, "httpd_access": {"Infoblox", "NIOS"}, "solace": {"Solace", "PubSub+"}, "netmotion": {"Absolute", "NetMotion"},
}

// makerPrefixes are the beginnings of tags of which there are many.
var makerPrefixes = [...]struct{ prefix, vendor, product string }{
	{"CPPM_", "Aruba", "ClearPass"},
	{"CSCOacs", "Cisco", "acs"},
	{"CisACS", "Cisco", "acs"},
	{"Aviatrix", "Aviatrix", "Controller"},
	{"AlsidForAD", "Tenable", "Identity Exposure"},
	{"TenableAD", "Tenable", "Identity Exposure"},
	{"purity.", "Pure Storage", "FlashArray"},
	{"filter_instance", "Proofpoint", "Protection Server"},
	{"nsx-", "VMware", "NSX"},
	{"NSX-", "VMware", "NSX"},
	{"iDRAC", "Dell", "iDRAC"},
	{"vmware-", "VMware", "vCenter"},
	{"vpxd", "VMware", "vCenter"},
	{"Symantec", "Symantec", "Endpoint Protection"},
	{"ArubaOS", "Aruba", "ArubaOS"},
	{"raslogd", "Brocade", "Fabric OS"},
	{"SyslogAlertForwarder", "McAfee", "Network Security Platform"},
	{"DefensePro", "Radware", "DefensePro"},
	{"Cylance", "Cylance", "Protect"},
	{"Zscaler", "Zscaler", "NSS"},
	{"Nessus", "Tenable", "Nessus"},
	{"MSWinEventLog", "Microsoft", "Windows"},
	{"SentinelOne", "SentinelOne", "Singularity"},
	{"Illumio", "Illumio", "PCE"},
}

// makerOf returns who made the program that writes under a tag.
func makerOf(tag string) (maker, bool) {
	tag = strings.TrimRight(tag, ":")
	if m, ok := makers[tag]; ok || len(tag) < 6 {
		return m, ok
	}
	for i := range makerPrefixes {
		if p := &makerPrefixes[i]; tag[0] == p.prefix[0] && strings.HasPrefix(tag, p.prefix) {
			return maker{p.vendor, p.product}, true
		}
	}
	return maker{}, false
}

var makerFormat = deviceFormat("appliance", "", "", "")

// readTagged reads lines whose program tells what they are.
func (d *device) readTagged() bool {
	h := &d.head
	tag := h.tag
	if strings.IndexByte(h.host, ',') > 0 && strings.Contains(h.host, ",v") { // name, hardware address, version
		d.format = makerFormat
		d.vendor("Ubiquiti", "UniFi")
		return true
	}
	switch tag {
	case "filterlog":
		return d.readFilterlog(trimSpace(h.text))
	case "pf", "pflogd", "pflog0":
		return d.readPFLog(h.text)
	case "CheckPoint":
		if len(h.data) > 2 {
			return d.readCheckPoint(h.data)
		}
		if strings.HasPrefix(h.text, "[") {
			return d.readCheckPoint(h.text)
		}
	case "":
		return d.readUntagged()
	case "FIREWALL-PKTLOG", "FIREWALL-PKTLOG:", "dfwpktlogs", "dfwpktlogs:":
		return d.readPacketLog()
	}
	if strings.HasPrefix(tag, "CISE_") {
		return d.readISE()
	}
	if len(h.data) > 16 && strings.HasPrefix(h.data, "[junos@") {
		name := h.id
		if name == "" {
			name = tag
		}
		return d.readJunos(name, h.text)
	}
	if strings.HasPrefix(tag, "RT_") || strings.HasPrefix(h.text, "RT_") || strings.HasPrefix(h.text, "UI_") {
		name, text, ok := strings.Cut(h.text, ": ")
		if ok && junosEvent(name) {
			return d.readJunos(name, text)
		}
		if junosEvent(tag) {
			return d.readJunos(tag, h.text)
		}
	}
	if i := strings.IndexByte(h.text[:min(len(h.text), 48)], ':'); i > 6 && junosEvent(h.text[:i]) && junosDaemon(tag) {
		return d.readJunos(h.text[:i], h.text[i+1:])
	}
	if m, ok := makerOf(tag); ok {
		if tag == "ASM" && keySize(h.text) > 0 {
			return d.readASM(h.text)
		}
		if m.vendor == "F5" && f5Message(h.text) {
			d.format = makerFormat
			d.f5(h.text)
			return true
		}
		if d.readPairs(h.text) {
			if !d.record.has("observer.vendor") && d.format != keyValueFormat {
				d.vendor(m.vendor, m.product)
			}
			return true
		}
		d.format = makerFormat
		d.vendor(m.vendor, m.product)
		if len(h.data) > 2 {
			d.structuredPairs(h.data)
		}
		if m.vendor == "Ivanti" && d.readPulse(h.text) || m.product == "Endpoint Protection" && d.readSymantec(h.text) {
			return true
		}
		d.makerClues(h.text)
		return true
	}
	return d.readGear(h.text)
}

// makerClues tells who logged in, or tried to, where the text of an appliance says so; "Cannot login root@192.0.2.1" is VMware's.
func (d *device) makerClues(text string) {
	r := &d.record
	if r.login || r.source || len(text) > clueBytes || !loginWords(text) {
		return
	}
	if i := strings.Index(text, " : "); i > 0 && strings.Contains(text[:i], "Event ") {
		text = text[i+3:]
	}
	var w clueWords
	w.read(text)
	switch {
	case w.failure, startsFold(text, "cannot login"):
		r.verdict = -1
	case w.success:
		r.verdict = 1
	default:
		return
	}
	r.login = true
	r.put("event.action", "login")
	for _, word := range [...]string{"Cannot login user ", "Cannot login ", "User ", "for "} {
		if _, rest, ok := strings.Cut(text, word); ok {
			account, _ := nextWord(rest)
			name, address, is := cutLast(account, '@')
			if is && isAddress(address) {
				r.sourceText(address)
				d.proseUser(name)
				return
			}
		}
	}
	if address, port, at := clueAddress(text); address != "" {
		r.sourceEnd(side{ip: address, port: port})
		d.proseUser(clueAccount(text, at))
		return
	}
	d.proseUser(clueAccount(text, -1))
}

// junosDaemon tells whether a program is one of Junos.
func junosDaemon(tag string) bool {
	switch tag {
	case "mgd", "sshd", "rpd", "login", "chassisd", "kmd", "eventd", "snmpd", "cscript", "jsrpd", "dcd", "mib2d", "checklogin", "authd", "l2cpd":
		return true
	}
	return false
}

// readUntagged reads lines without a program.
func (d *device) readUntagged() bool {
	s := trimSpace(d.head.text)
	if d.head.stampless() {
		s = d.line
	}
	switch {
	case strings.HasPrefix(s, `[action:"`), strings.HasPrefix(s, `[flags:"`), strings.HasPrefix(s, `[`) && strings.Contains(s[:min(len(s), 160)], `loguid:"`):
		return d.readCheckPoint(s)
	case strings.HasPrefix(s, "filterlog"):
		if _, body, ok := strings.Cut(s[:min(len(s), 40)], ": "); ok {
			return d.readFilterlog(s[len(s[:min(len(s), 40)])-len(body):])
		}
	case strings.HasPrefix(s, "RT_"), strings.HasPrefix(s, "UI_"):
		name, text, ok := strings.Cut(s, ": ")
		if inner, rest, more := strings.Cut(text, ": "); ok && more && junosEvent(inner) {
			name, text = inner, rest
		}
		if ok && junosEvent(name) {
			return d.readJunos(name, text)
		}
	case strings.HasPrefix(s, "ASM:"):
		return d.readASM(s)
	case strings.HasPrefix(s, "CISE_"):
		return d.readISE()
	case len(d.head.data) > 16 && strings.HasPrefix(d.head.data, "[junos@"):
		return d.readJunos(d.head.id, s)
	}
	return d.readFirstWords(s)
}

// readFirstWords reads lines of RFC 5424 behind a header that is not, and others that tell who wrote them by their
// first words.
func (d *device) readFirstWords(s string) bool {
	if d.head.stampless() {
		return false
	}
	if netAppTag(s) || netAppTag(d.head.host) {
		d.format = makerFormat
		d.vendor("NetApp", "ONTAP")
		return true
	}
	first, rest := nextWord(s)
	if m, ok := makerOf(first); ok {
		d.head.text = rest
		d.head.tag = first
		if first == "FIREWALL-PKTLOG" {
			return d.readPacketLog()
		}
		d.format = makerFormat
		d.vendor(m.vendor, m.product)
		return true
	}
	head := s[:min(len(s), 160)]
	if i := strings.IndexByte(head, '@') - len(" [junos"); i > 0 && strings.HasPrefix(head[i:], " [junos@") {
		name := head[:i]
		if j := strings.LastIndexByte(name, ' '); j >= 0 {
			name = name[j+1:]
		}
		d.head.data = s[i+1:]
		return junosEvent(name) && d.readJunos(name, s)
	}
	if i := strings.Index(head, "-PPE-"); i >= 0 {
		d.format = makerFormat
		d.vendor("Citrix", "NetScaler")
		switch {
		case strings.Contains(s, " LOGIN_FAILED "), strings.Contains(s, "Failure_reason"):
			d.record.put("event.action", "login")
			d.record.login, d.record.verdict = true, -1
		case strings.Contains(s, "VPN LOGIN "), strings.Contains(s, " AAA LOGIN "):
			d.record.put("event.action", "login")
			d.record.login, d.record.verdict = true, 1
		case strings.Contains(s, "VPN LOGOUT "), strings.Contains(s, " AAA LOGOUT "):
			d.record.put("event.action", "logout")
			d.record.category = session
		case strings.Contains(s, " CMD_EXECUTED "):
			d.record.put("event.action", "command")
			d.record.category = configuration
		}
		if strings.Contains(s, `Status "ERROR`) {
			d.record.verdict = -1
		}
		d.netScalerHeader(s[:i])
		d.prose(s)
		return true
	}
	return d.readGear(s)
}

// netScalerHeader reads " 11/22/2026:06:00:01 GMT ns1 0" before "-PPE-": the time, its zone and the host.
func (d *device) netScalerHeader(s string) {
	s = trimSpace(s)
	if len(s) < 20 || s[2] != '/' || s[5] != '/' || s[10] != ':' || s[13] != ':' || s[16] != ':' {
		return
	}
	c := clock{
		month: digits2(s, 0), day: digits2(s, 3), year: digits4(s, 6), hour: digits2(s, 11), minute: digits2(s, 14), second: digits2(s, 17),
	}
	if c.month > 12 { // set to write the day first
		c.month, c.day = c.day, c.month
	}
	s = s[19:]
	offset, size := zoneWord(s)
	if size > 0 {
		c.offset, c.zoned = offset, true
		s = s[size:]
	}
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return
	}
	if ns, ok := c.unixNanos(d.years.zone); ok {
		d.record.clock(ns, c.zoned)
	}
	if host, _ := nextWord(trimSpace(s)); d.head.host == "" && host != "" && host[0]-'0' > 9 {
		d.head.host = host
	}
}

// netAppTag tells whether a text begins with "[node:event.name:severity]:", as ONTAP writes its events and its audit.
func netAppTag(s string) bool {
	if len(s) < 8 || s[0] != '[' {
		return false
	}
	end := strings.IndexByte(s[:min(len(s), 160)], ']')
	return end > 4 && end+1 < len(s) && s[end+1] == ':' && strings.Count(s[:end], ":") == 2 && strings.IndexByte(s[:end], ' ') < 0
}

// readISE reads what Cisco's Identity Services Engine says.
func (d *device) readISE() bool {
	r := &d.record
	d.format = makerFormat
	d.vendor("Cisco", "ise")
	tag := d.head.tag
	if tag == "" {
		tag, _ = nextWord(d.rest)
	}
	switch {
	case strings.HasPrefix(tag, "CISE_Passed"):
		r.put("event.action", "login")
		r.login, r.verdict = true, 1
	case strings.HasPrefix(tag, "CISE_Failed"):
		r.put("event.action", "login")
		r.login, r.verdict = true, -1
	}
	var device side
	for s := d.head.text; s != ""; {
		var part string
		part, s, _ = strings.Cut(s, ", ")
		if k := strings.IndexByte(part, '='); k > 0 && k < 64 {
			switch part[:k] {
			case "UserName", "User":
				d.proseUser(part[k+1:])
			case "Calling-Station-ID", "Remote-Address":
				if e, ok := cutSide(part[k+1:]); ok {
					r.sourceEnd(e)
				}
			case "Device IP Address":
				device, _ = cutSide(part[k+1:])
			case "NetworkDeviceName":
				r.put("observer.name", part[k+1:])
			case "FailureReason":
				r.put("event.reason", part[k+1:])
			}
		} else if ns, ok := iseTime(part); ok {
			r.clock(ns, true)
		}
	}
	r.sourceEnd(device) // where nothing says who was behind it
	return true
}

// iseTime reads the time with its zone in "0000014855 1 0 2026-11-22 06:00:01.120 +01:00 0000104321 5400 NOTICE …".
func iseTime(s string) (ns int64, ok bool) {
	i := strings.IndexByte(s[:min(len(s), 64)], '-')
	if i < 4 {
		return 0, false
	}
	s = s[i-4:]
	ns, n := parseTimePrefix(s, nil)
	if n == 0 || n+6 > len(s) || s[n] != ' ' {
		return 0, false
	}
	var c clock
	if c.readZone(s, n+1); !c.zoned {
		return 0, false
	}
	return ns - int64(c.offset)*second, true
}

// readPacketLog reads "INET TERM PASS 5096 OUT TCP RST A/1->B/2 …" of VMware's distributed firewall.
func (d *device) readPacketLog() bool {
	r := &d.record
	d.format = vmwareFirewall
	d.vendor("VMware", "NSX")
	r.category = network
	for s, i := d.head.text, 0; s != "" && i < 12; i++ {
		var w string
		if w, s = nextWord(s); w == "" {
			break
		}
		switch w {
		case "PASS", "DROP", "REJECT":
			r.put("action", w)
			r.action = w
		case "IN", "OUT":
			r.put("network.direction", w)
		}
	}
	d.prose(d.head.text)
	return true
}

var vmwareFirewall = deviceFormat("vmware_firewall", "firewall", "vmware", "")
