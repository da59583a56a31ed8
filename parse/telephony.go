package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Telephone exchanges: Asterisk (chan_sip, res_pjsip and its security log) and FreeSWITCH. Both write files of their own
// and to syslog, with the part of the source that speaks before the text.
var (
	asteriskFormat    = &event.Format{Name: "asterisk", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	freeswitchFormat  = &event.Format{Name: "freeswitch", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	asteriskProgram   = newAsterisk()
	freeswitchProgram = newProgram(freeswitchFormat, freeswitchSentences)
)

var asteriskSentences = []sentence{
	{"Registration from '{?}<sip:{lazyuser}@{?}>' failed for '{peer}' - {reason}", "sip_register", authentication, failure, ""},
	{"Registration from '{?}' failed for '{peer}' - {reason}", "sip_register", authentication, failure, ""},
	{"Request '{?}' from '{?}<sip:{lazyuser}@{?}>' failed for '{peer}' (callid: {?}) - {reason}", "sip_request", authentication, failure, ""},
	{"Request '{?}' from '{?}' failed for '{peer}' (callid: {?}) - {reason}", "sip_request", authentication, failure, ""},
	{"Call from '{?}' ({peer}) to extension '{?}' rejected because {reason}", "sip_call", network, failure, ""},
	{"Host {addr} failed to authenticate as '{user}'", "iax_login", authentication, failure, ""},
	{"Host {addr} denied access to register peer '{user}'", "iax_login", authentication, failure, ""},
	{"No registration for peer '{lazyuser}' (from {addr})", "iax_login", authentication, failure, "no registration"},
	{"Failed to authenticate device {?}<sip:{lazyuser}@{addr}>{*}", "sip_register", authentication, failure, ""},
	{"Sending fake auth rejection for device {?}<sip:{lazyuser}@{addr}>{*}", "sip_register", authentication, failure, ""},
	{"SecurityEvent=\"SuccessfulAuth\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV4/{?}/{peer}\"{*}", "sip_register", authentication, success, ""},
	{"SecurityEvent=\"SuccessfulAuth\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV6/{?}/{peer}\"{*}", "sip_register", authentication, success, ""},
	{"SecurityEvent=\"{status}\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV4/{?}/{peer}\"{*}", "sip_register", authentication, failure, ""},
	{"SecurityEvent=\"{status}\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV6/{?}/{peer}\"{*}", "sip_register", authentication, failure, ""},
}

var freeswitchSentences = []sentence{
	{"SIP auth failure ({?}) on sofia profile '{?}' for [{lazyuser}] from ip {addr}", "sip_register", authentication, failure, ""},
	{"SIP auth challenge ({?}) on sofia profile '{?}' for [{lazyuser}] from ip {addr}", "sip_register", authentication, "", ""},
	{"Can't find user [{lazyuser}] from {addr}", "sip_register", authentication, failure, "no such user"},
}

// newAsterisk makes the program that Asterisk is by syslog, where the level and the source stand before the text.
func newAsterisk() *program {
	p := newProgram(asteriskFormat, asteriskSentences)
	p.custom = func(message string, out *said) bool {
		i := strings.Index(message, ".c")
		if i < 0 || i > 64 {
			return false
		}
		_, text, ok := strings.Cut(message[i:], ": ")
		return ok && text != "" && p.find(text, out)
	}
	return p
}

// asteriskLog is "[2024-03-03 09:12:44] NOTICE[812] chan_sip.c: text", with a call's number and the line in the source.
var asteriskLog = ownLog{
	name: "asterisk",
	doc:  "Message and security logs of the telephone exchange Asterisk.",
	example: "[2024-03-03 09:12:44] NOTICE[812] chan_sip.c: Registration from '\"100\" <sip:100@192.0.2.1>' failed for '203.0.113.7:5060' - Wrong password\n" +
		"[2024-03-03 09:12:45] SECURITY[813] res_security_log.c: SecurityEvent=\"InvalidPassword\",EventTV=\"1\",Severity=\"Error\",Service=\"SIP\",AccountID=\"100\",SessionID=\"0x7\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",RemoteAddress=\"IPV4/UDP/203.0.113.7/5062\"\n",
	begins: "AZ",
	read: func(l *ownLine, out *said) bool {
		open := strings.IndexByte(l.rest, '[')
		if open < 4 || open > 10 || l.rest[0]-'A' >= 26 {
			return false
		}
		pid, rest, ok := strings.Cut(l.rest[open+1:], "]")
		if !ok || !number.holds(pid) {
			return false
		}
		if strings.HasPrefix(rest, "[C-") {
			_, rest, _ = strings.Cut(rest, "]")
		}
		source, text, ok := strings.Cut(strings.TrimPrefix(rest, ":"), ": ")
		if !ok || !strings.Contains(source, ".c") {
			return false
		}
		l.pid = pid
		text = trimSpace(text)
		if l.of(asteriskProgram, "asterisk", text, out) {
			return true
		}
		l.program, l.rest = "asterisk", text
		return asteriskProgram.readClues(text, out) || text != ""
	},
}

// freeswitchLog is "2024-03-03 09:12:44.120000 [WARNING] sofia_reg.c:1737 text".
var freeswitchLog = ownLog{
	name:    "freeswitch",
	doc:     "Log files of the telephone exchange FreeSWITCH.",
	example: "2024-03-03 09:12:44.120000 [WARNING] sofia_reg.c:1737 SIP auth failure (REGISTER) on sofia profile 'internal' for [100@192.0.2.1] from ip 203.0.113.7\n",
	begins:  "09[[",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || len(l.rest) < 8 {
			return false
		}
		s := l.rest
		if w, rest := nextWord(s); strings.HasSuffix(w, "%") {
			s = rest
		}
		if s == "" || s[0] != '[' {
			return false
		}
		_, rest, ok := strings.Cut(s, "] ")
		if !ok {
			return false
		}
		w, text := nextWord(rest)
		if !strings.Contains(w, ".c:") {
			return false
		}
		if !l.of(freeswitchProgram, "freeswitch", text, out) {
			l.program, l.rest = "freeswitch", text
			return text != "" && (freeswitchProgram.readClues(text, out) || out.kind != nil)
		}
		return true
	},
}
