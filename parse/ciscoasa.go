package parse

import "strings"

// asaMeaning is what a message of ASA or Firepower is, by its number. Source: Cisco Secure Firewall ASA Series Syslog Messages.
type asaMeaning struct {
	action, category string
	verdict          int8
}

var asaMeanings = map[string]asaMeaning{
	"106001": {"connection_denied", network, -1},
	"106002": {"connection_denied", network, -1},
	"106006": {"packet_denied", network, -1},
	"106007": {"packet_denied", network, -1},
	"106010": {"packet_denied", network, -1},
	"106011": {"packet_denied", network, -1},
	"106012": {"packet_denied", network, -1},
	"106013": {"packet_denied", network, -1},
	"106014": {"packet_denied", network, -1},
	"106015": {"packet_denied", network, -1},
	"106016": {"address_spoofed", network, -1},
	"106017": {"packet_denied", network, -1},
	"106018": {"packet_denied", network, -1},
	"106020": {"packet_denied", network, -1},
	"106021": {"reverse_path_failed", network, -1},
	"106022": {"address_spoofed", network, -1},
	"106023": {"packet_denied", network, -1},
	"106027": {"packet_denied", network, -1},
	"106100": {"access_list", network, 0},
	"106102": {"access_list", network, 0},
	"106103": {"access_list", network, -1},
	"302013": {"connection_built", network, 1},
	"302014": {"connection_torn_down", network, 0},
	"302015": {"connection_built", network, 1},
	"302016": {"connection_torn_down", network, 0},
	"302020": {"connection_built", network, 1},
	"302021": {"connection_torn_down", network, 0},
	"302303": {"connection_built", network, 1},
	"302304": {"connection_torn_down", network, 0},
	"303002": {"file_transfer", network, 0},
	"304001": {"url_accessed", network, 1},
	"304002": {"url_denied", network, -1},
	"305011": {"translation_built", network, 0},
	"305012": {"translation_torn_down", network, 0},
	"308001": {"login", authentication, -1},
	"313001": {"packet_denied", network, -1},
	"313004": {"packet_denied", network, -1},
	"313005": {"packet_denied", network, -1},
	"313008": {"packet_denied", network, -1},
	"315011": {"ssh_session_ended", session, 0},
	"315012": {"login", authentication, -1},
	"322001": {"mac_denied", network, -1},
	"338001": {"botnet_address", network, 0},
	"338002": {"botnet_address", network, 0},
	"338006": {"botnet_address", network, -1},
	"400013": {"intrusion", network, 0},
	"402117": {"packet_denied", network, -1},
	"405001": {"arp_collision", network, 0},
	"410001": {"packet_denied", network, -1},
	"419002": {"duplicate_syn", network, 0},
	"500004": {"packet_denied", network, -1},
	"605004": {"login", authentication, -1},
	"605005": {"login", authentication, 1},
	"611101": {"login", authentication, 1},
	"611102": {"login", authentication, -1},
	"611103": {"logout", authentication, 0},
	"109005": {"login", authentication, 1},
	"109006": {"login", authentication, -1},
	"109025": {"packet_denied", network, -1},
	"113004": {"login", authentication, 1},
	"113005": {"login", authentication, -1},
	"113006": {"account_locked", authentication, -1},
	"113008": {"login", authentication, 1},
	"113012": {"login", authentication, 1},
	"113015": {"login", authentication, -1},
	"113019": {"vpn_session_ended", session, 0},
	"113021": {"login", authentication, -1},
	"113039": {"vpn_session_started", session, 1},
	"716001": {"vpn_session_started", session, 1},
	"716002": {"vpn_session_ended", session, 0},
	"716038": {"login", authentication, 1},
	"716039": {"login", authentication, -1},
	"722022": {"vpn_connection", session, 1},
	"722023": {"vpn_connection_ended", session, 0},
	"722028": {"vpn_connection_ended", session, 0},
	"722033": {"vpn_connection", session, 1},
	"722037": {"vpn_connection_ended", session, 0},
	"722051": {"vpn_address_assigned", session, 1},
	"733100": {"threat_rate_exceeded", "intrusion_detection", 0},
	"733101": {"scanning_host", "intrusion_detection", 0},
	"733102": {"host_shunned", "intrusion_detection", -1},
	"733104": {"syn_flood", "intrusion_detection", 0},
	"109007": {"authorization", iam, 1},
	"109008": {"authorization", iam, -1},
	"109031": {"login", authentication, -1},
	"109033": {"login", authentication, -1},
	"109034": {"login", authentication, -1},
	"109201": {"authorization", iam, 1},
	"109207": {"login", authentication, -1},
	"109210": {"session_ended", session, 0},
	"113003": {"login", authentication, 1},
	"113009": {"login", authentication, 1},
	"113014": {"login", authentication, -1},
	"113016": {"login", authentication, -1},
	"113017": {"login", authentication, -1},
	"113022": {"server_failed", network, -1},
	"113023": {"server_active", network, 0},
	"302022": {"connection_built", network, 1},
	"302024": {"connection_built", network, 1},
	"302026": {"connection_built", network, 1},
	"302023": {"connection_torn_down", network, 0},
	"302025": {"connection_torn_down", network, 0},
	"302027": {"connection_torn_down", network, 0},
	"305005": {"translation_failed", network, -1},
	"305006": {"translation_failed", network, -1},
	"305009": {"translation_built", network, 0},
	"305010": {"translation_torn_down", network, 0},
	"305013": {"packet_denied", network, -1},
	"313009": {"packet_denied", network, -1},
	"315013": {"ssh_session_started", session, 0},
	"338003": {"botnet_address", network, 0},
	"338004": {"botnet_address", network, 0},
	"338005": {"botnet_address", network, -1},
	"338007": {"botnet_address", network, -1},
	"338008": {"botnet_address", network, -1},
	"402116": {"packet_denied", network, -1},
	"402119": {"packet_denied", network, -1},
	"402120": {"packet_denied", network, -1},
	"406001": {"packet_denied", network, -1},
	"406002": {"packet_denied", network, -1},
	"418001": {"packet_denied", network, -1},
	"419001": {"packet_denied", network, -1},
	"434002": {"packet_denied", network, -1},
	"434004": {"packet_denied", network, 0},
	"502111": {"group_policy_added", iam, 1},
	"502112": {"group_policy_deleted", iam, 1},
	"507003": {"packet_denied", network, -1},
	"606001": {"asdm_session_started", session, 1},
	"606002": {"asdm_session_ended", session, 0},
	"609001": {"local_host_built", network, 0},
	"609002": {"local_host_torn_down", network, 0},
	"611104": {"logout", authentication, 0},
	"713119": {"vpn_phase_1", session, 1},
	"713120": {"vpn_phase_2", session, 1},
	"713166": {"login", authentication, -1},
	"713167": {"login", authentication, -1},
	"713198": {"login", authentication, -1},
	"713228": {"vpn_address_assigned", session, 1},
	"713259": {"vpn_session_ended", session, 0},
	"716003": {"web_access", network, 1},
	"716004": {"web_access", network, -1},
	"716023": {"login", authentication, -1},
	"716040": {"login", authentication, -1},
	"716058": {"vpn_connection_ended", session, 0},
	"716059": {"vpn_connection", session, 1},
	"717009": {"certificate_validated", network, -1},
	"717022": {"certificate_validated", network, 1},
	"717027": {"certificate_validated", network, -1},
	"717028": {"certificate_validated", network, 1},
	"722012": {"vpn_connection_ended", session, 0},
	"722034": {"vpn_connection", session, 1},
	"722041": {"vpn_address_assigned", session, 0},
	"722056": {"vpn_connection", session, -1},
	"725001": {"tls_handshake", network, 0},
	"725002": {"tls_handshake", network, 1},
	"725006": {"tls_handshake", network, -1},
	"725007": {"tls_session_ended", network, 0},
	"725014": {"tls_handshake", network, -1},
	"737006": {"vpn_address_assigned", session, 1},
	"737016": {"vpn_address_freed", session, 0},
	"737026": {"vpn_address_assigned", session, 1},
	"746012": {"user_mapped", session, 0},
	"746013": {"user_unmapped", session, 0},
	"750001": {"vpn_connection", session, 0},
	"750002": {"vpn_connection", session, 0},
	"750003": {"vpn_connection", session, -1},
	"750006": {"vpn_connection", session, 1},
	"750007": {"vpn_connection_ended", session, 0},
	"751023": {"login", authentication, -1},
	"751025": {"vpn_address_assigned", session, 1},
	"751026": {"vpn_client", session, 0},
	"771002": {"clock_set", configuration, 0},
	"111008": {"command", configuration, 0},
	"111009": {"command", configuration, 0},
	"111010": {"command", configuration, 0},
	"502101": {"user_added", iam, 1},
	"502102": {"user_deleted", iam, 1},
	"502103": {"privilege_changed", iam, 1},
	"430001": {"intrusion", network, 0},
	"430002": {"connection_started", network, 0},
	"430003": {"connection_finished", network, 0},
	"430004": {"file", network, 0},
	"430005": {"malware", network, 0},
}

// asa reads the text of a message of ASA or Firepower.
func (d *device) asa(id, text string) {
	r := &d.record
	m, known := asaMeanings[id]
	if known {
		r.put("event.action", m.action)
		r.category, r.verdict = m.category, m.verdict
		r.login = m.category == authentication
	}
	if len(id) == 6 && id[:3] == "430" {
		d.firepower(text)
		return
	}
	switch {
	case m.action == "command":
		d.asaCommand(text)
		return
	case m.category == iam: // "User priv level changed: Uname: anna From: 1 To: 15"
		if i := strings.Index(text, "name"); i > 0 {
			d.prose(text[i-1:])
			return
		}
	case strings.HasPrefix(m.action, "url_"):
		d.asaURL(text)
		return
	}
	head := text[:min(len(text), 80)]
	r.outbound = strings.Contains(head, "Built outbound") && !strings.Contains(head, "ICMP")
	if m.action == "access_list" {
		d.aclWords(text)
	}
	if !known || m.verdict == 0 {
		r.verdict = asaVerdict(text, m.action)
	}
	if _, group, ok := strings.Cut(text, "access-group "); ok {
		group = strings.TrimLeft(group, "\"")
		if i := strings.IndexAny(group, "\" "); i > 0 {
			group = group[:i]
		}
		r.put("rule.name", group)
	}
	d.asaICMP(text)
	d.prose(text)
}

// asaVerdict reads what a message says of a connection in its first words.
func asaVerdict(text, action string) int8 {
	head := text[:min(len(text), 96)]
	if action == "connection_torn_down" || action == "translation_torn_down" {
		return 0
	}
	for i := 0; i < len(head); {
		end := strings.IndexByte(head[i:], ' ')
		if end < 0 {
			end = len(head) - i
		}
		if v := verdictOf(head[i : i+end]); v != 0 && head[i]|0x20 != 'c' && head[i]|0x20 != 't' {
			return v
		}
		i += end + 1
	}
	return 0
}

// asaICMP reads "for faddr 192.0.2.1/0 gaddr … laddr 192.0.2.2/0", where the foreign side of an outbound connection is
// the destination.
func (d *device) asaICMP(text string) {
	if strings.Contains(text[:min(len(text), 80)], "outbound ICMP") {
		d.record.outbound = true
	}
}

// asaCommand reads "User 'anna' executed the 'show run' command." and its kin.
func (d *device) asaCommand(text string) {
	r := &d.record
	if _, rest, ok := strings.Cut(text, "ser '"); ok {
		name, rest, _ := strings.Cut(rest, "'")
		d.proseUser(name)
		if _, command, ok := strings.Cut(rest, "executed "); ok { // "… running 'CLI' from IP 192.0.2.1, executed 'show run'"
			_, command, _ = strings.Cut(command, "'")
			command = strings.TrimRight(command, ".")
			command = strings.TrimSuffix(command, " command")
			r.put("process.command_line", strings.Trim(command, "'"))
		}
		if _, from, ok := strings.Cut(rest, " from IP "); ok {
			w, _, _ := strings.Cut(from, ",")
			if e, ok := cutSide(strings.TrimSpace(w)); ok {
				r.sourceEnd(e)
			}
		}
	}
}

// asaURL reads "192.0.2.1 Accessed URL 198.51.100.1:http://…" and "Access denied URL http://… SRC 192.0.2.1 DEST 198.51.100.1 on …".
func (d *device) asaURL(text string) {
	r := &d.record
	before, url, ok := strings.Cut(text, " URL ")
	if !ok {
		d.prose(text)
		return
	}
	var rest string
	if url, rest, ok = strings.Cut(url, " SRC "); ok {
		from, to, _ := strings.Cut(rest, " DEST ")
		r.sourceText(from)
		to, _, _ = strings.Cut(to, " ")
		r.destinationText(to)
	} else {
		_, by, _ := strings.Cut(before, "@") // who asked for it stands before the address
		if by == "" {
			by = before
		}
		w, _ := nextWord(by)
		r.sourceText(w)
		if i := strings.Index(url, ":http"); i > 0 {
			r.destinationText(url[:i])
			url = url[i+1:]
		}
	}
	r.put("url", strings.TrimSpace(url))
}

// firepower reads the pairs "SrcIP: 192.0.2.1, DstIP: …" of a connection event.
func (d *device) firepower(text string) {
	for text != "" {
		pair := text
		if i := strings.Index(text, ", "); i >= 0 {
			pair, text = text[:i], trimSpace(text[i+2:])
		} else {
			text = ""
		}
		key, value, ok := strings.Cut(pair, ": ")
		if !ok || key == "" || len(key) > 64 {
			continue
		}
		switch key {
		case "SrcPort":
			d.record.count("source.port", value)
		case "DstPort":
			d.record.count("destination.port", value)
		case "FirstPacketSecond":
			ns, n := parseTimePrefix(value, d.years.zone)
			d.record.clock(ns, n > 19)
		}
		if key == "User" && (value == "No Authentication Required" || value == "Unknown") {
			continue
		}
		d.pair(key, value)
	}
}
