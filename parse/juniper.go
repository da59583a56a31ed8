package parse

import "strings"

// Juniper is the log of Junos: SRX flows, and what its daemons say, structured and in sentences; and ScreenOS.
// Source: Junos OS System Log Explorer.
var Juniper = applianceFormat(appliance{
	name: "juniper",
	doc:  "Junos of Juniper (RT_FLOW, RT_IDP, RT_UTM of the SRX, structured and in sentences; logins and configuration) and NetScreen's ScreenOS.",
	example: "<14>1 2026-11-22T06:00:01.120Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.40 source-address=\"203.0.113.7\" source-port=\"50122\" destination-address=\"192.0.2.1\" destination-port=\"22\" protocol-id=\"6\" policy-name=\"deny-all\" source-zone-name=\"untrust\" destination-zone-name=\"trust\"] session denied\n" +
		"<14>Nov 22 06:00:02 srx1 RT_FLOW: RT_FLOW_SESSION_CREATE: session created 203.0.113.7/50122->192.0.2.1/443 0x0 junos-https 203.0.113.7/50122->10.0.0.5/443 N/A N/A 6 web untrust trust 4711\n",
}, juniperFormat)

var juniperFormat = deviceFormat("juniper", "firewall", "juniper", "")

// junosEvent tells whether a word is the name of a message of Junos.
func junosEvent(s string) bool {
	if len(s) < 6 || strings.IndexByte(s, '_') < 0 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c-'A' > 25 && c-'0' > 9 && c != '_' {
			return false
		}
	}
	return true
}

// readJunos reads a message of Junos: its name stands before the text, or as the message id with structured data.
func (d *device) readJunos(name, text string) bool {
	r := &d.record
	d.format = juniperFormat
	d.vendor("Juniper", "Junos")
	r.put("event.code", name)
	structured := len(d.head.data) > 2
	if structured {
		d.structuredPairs(d.head.data)
	}
	switch {
	case strings.HasSuffix(name, "_DENY"), strings.HasSuffix(name, "_DENY_LS"):
		r.put("event.action", "session_denied")
		r.category, r.verdict = network, -1
	case strings.Contains(name, "SESSION_CREATE"):
		r.put("event.action", "session_created")
		r.category, r.verdict = network, 1
	case strings.Contains(name, "SESSION_CLOSE"):
		r.put("event.action", "session_closed")
		r.category, r.verdict = network, 1
	case strings.HasSuffix(name, "LOGIN_FAILED"), strings.Contains(name, "LOGIN_FAIL"), strings.Contains(name, "AUTH_FAIL"):
		r.put("event.action", "login")
		r.login, r.verdict = true, -1
	case name == "UI_LOGIN_EVENT", name == "LOGIN_INFORMATION", name == "LOGIN_ROOT", strings.Contains(name, "AUTH_SUCCESS"), name == "UI_AUTH_EVENT":
		r.put("event.action", "login")
		r.login, r.verdict = true, 1
	case strings.HasPrefix(name, "UI_CMDLINE"), strings.HasPrefix(name, "UI_CFG"), strings.HasPrefix(name, "UI_COMMIT"):
		r.put("event.action", "configuration")
		r.category = configuration
	case strings.HasPrefix(name, "RT_IDP"), strings.HasPrefix(name, "IDP_"), strings.HasPrefix(name, "RT_SCREEN"):
		r.category = "intrusion_detection"
	case strings.HasPrefix(name, "WEBFILTER"), strings.HasPrefix(name, "AV_"), strings.HasPrefix(name, "CONTENT_"):
		r.category = network
	}
	if r.action == "" && !r.has("event.action") {
		r.put("event.action", name)
	}
	if !structured {
		d.junosFlow(name, text)
		d.junosDetail(text)
		d.prose(text)
	}
	return true
}

// junosDetail reads "ssh-connection '192.0.2.1 50122 192.0.2.254 22'" and "command 'show …'" of mgd.
func (d *device) junosDetail(text string) {
	r := &d.record
	if _, ends, ok := strings.Cut(text, "ssh-connection '"); ok {
		ends, _, _ = strings.Cut(ends, "'")
		var e, f side
		e.ip, ends = nextWord(ends)
		e.port, ends = nextWord(ends)
		f.ip, ends = nextWord(ends)
		f.port, _ = nextWord(ends)
		if isAddress(e.ip) && isAddress(f.ip) {
			r.sourceEnd(e)
			r.destinationEnd(f)
		}
	}
	if _, command, ok := strings.Cut(text, ", command '"); ok {
		r.put("process.command_line", strings.TrimSpace(strings.TrimRight(command, "'")))
	}
}

// junosFlow reads the protocol, the service and the policy of a sentence about a flow: "… denied A->B 0x0 service 6(0)
// policy zone zone" and "… created A->B 0x0 service C->D rule type rule type 6 policy zone zone".
func (d *device) junosFlow(name, text string) {
	if !strings.HasPrefix(name, "RT_FLOW_SESSION") && !strings.HasPrefix(name, "APPTRACK_SESSION") {
		return
	}
	r := &d.record
	_, rest, ok := strings.Cut(text, "->")
	if !ok {
		return
	}
	var w string
	for i := 0; rest != "" && i < 24; i++ {
		w, rest = nextWord(rest)
		if w == "" {
			return
		}
		num, _, _ := strings.Cut(w, "(")
		if i == 0 || w == "0x0" || !number.holds(num) || transportOf(num) == "" {
			continue
		}
		r.proto = num
		if w, rest = nextWord(rest); w != "" {
			r.put("policy-name", w)
		}
		if w, rest = nextWord(rest); w != "" {
			r.put("source-zone-name", w)
		}
		if w, _ = nextWord(rest); w != "" {
			r.put("destination-zone-name", w)
		}
		return
	}
}

// structuredPairs adds the parameters of structured data under their own names.
func (d *device) structuredPairs(data string) {
	for data != "" {
		end := structuredElement(data)
		if end == 0 {
			return
		}
		element := data[1 : end-1]
		data = data[end:]
		_, rest, _ := strings.Cut(element, " ")
		for rest != "" {
			name, after, ok := strings.Cut(rest, `="`)
			if !ok {
				break
			}
			size := quotedSize(after)
			d.pair(trimSpace(name), after[:size])
			rest = trimSpace(after[min(size+1, len(after)):])
		}
	}
}

// readNetScreen reads "NetScreen device_id=… system-notification-00257(traffic): start_time=…" of ScreenOS.
func (d *device) readNetScreen(s string) bool {
	if d.head.stampless() || !strings.HasPrefix(s, "NetScreen ") && !strings.Contains(s[:min(len(s), 64)], ": NetScreen ") {
		return false
	}
	d.format = juniperFormat
	d.vendor("Juniper", "NetScreen")
	d.pairs(s, pairsSpaced, 0)
	if !d.record.source {
		d.prose(s)
	}
	return true
}
