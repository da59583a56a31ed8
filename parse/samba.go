package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Samba tells of logins in prose, in an audit line ("Auth: [SMB2,(null)] user [DOM]\[anna] …") and, with full_audit, of
// each operation on a share, in the order that the share's prefix states ("%u|%I|%S" is the usual one).
// Source: smb.conf(5), vfs_full_audit(8), Samba wiki "Setting up Audit Logging".
var (
	sambaFormat  = &event.Format{Name: "samba", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	sambaProgram = newSamba()
	fullAudit    = newKind(sambaFormat, []string{
		"event.action", "event.category", "event.outcome", "user.name", "source.ip", "source.domain", "share.name", "file.path",
	}, nil)
)

func newSamba() *program {
	p := newProgram(sambaFormat, sambaSentences, pamSentences)
	p.custom = readFullAudit
	return p
}

var sambaSentences = []sentence{
	{"Auth: [{?}] user [{?}]\\[{lazyuser}] at [{?}] with [{?}] status [NT_STATUS_OK] workstation [{?}] remote host [{peer}] {*}", "smb_login", authentication, success, ""},
	{"Auth: [{?}] user [{?}]\\[{lazyuser}] at [{?}] with [{?}] status [{lazyreason}] workstation [{?}] remote host [{peer}] {*}", "smb_login", authentication, failure, ""},
	{"check_ntlm_password:  Authentication for user [{lazyuser}] -> [{?}] FAILED with error {reason}", "smb_login", authentication, failure, ""},
	{"check_ntlm_password:  authentication for user [{lazyuser}] -> [{?}] -> [{?}] succeeded", "smb_login", authentication, success, ""},
	{"{_} ({?}:{peer}) connect to service {app} initially as user {userword} {*}", "smb_share_connected", session, success, ""},
	{"{_} ({peer}) connect to service {app} initially as user {userword} {*}", "smb_share_connected", session, success, ""},
	{"{_} ({?}:{peer}) closed connection to service {app}", "smb_share_disconnected", session, "", ""},
	{"{_} ({peer}) closed connection to service {app}", "smb_share_disconnected", session, "", ""},
	{"Denied connection from {peer}", "smb_connection", network, failure, "denied"},
	{"  Denied connection from {peer}", "smb_connection", network, failure, "denied"},
	{"smbd version {*} started.", "service_started", process, success, ""},
}

// readFullAudit reads "anna|192.0.2.7|share|unlink|ok|path" and the same with other things before the operation: the
// outcome is found, and what stands before it is taken by what it looks like.
func readFullAudit(s string, out *said) bool {
	at := strings.Index(s, "|ok|")
	result := success
	if i := strings.Index(s, "|fail ("); i >= 0 && (at < 0 || i < at) {
		at, result = i, failure
	}
	if at < 0 {
		return false
	}
	head, path := s[:at], ""
	if i := strings.LastIndexByte(s[at+3:], '|'); i >= 0 {
		path = s[at+3+i+1:]
	}
	names := strings.TrimPrefix(head, "smbd_audit: ")
	i := strings.LastIndexByte(names, '|')
	if i < 0 {
		return false
	}
	v := out.values[:len(fullAudit.names)]
	clear(v)
	v[0], v[1], v[2] = textValue("smb_"+"file"), textValue(file), textValue(result)
	v[0] = textValue(names[i+1:])
	out.kind = fullAudit
	if path != "" {
		v[7] = textValue(path)
	}
	rest := names[:i]
	for n := 0; rest != "" && n < 8; n++ {
		one, after, _ := strings.Cut(rest, "|")
		rest = after
		switch {
		case isAddress(one):
			v[4], _ = addressValues(one)
		case n == 0:
			v[3] = textValue(one)
		case rest == "":
			v[6] = textValue(one)
		default:
			v[5] = textValue(one)
		}
	}
	return true
}

// sambaLog is the text lines of log.smbd. The time stands in a line of its own before them.
var sambaLog = ownLog{
	name:    "smbd",
	doc:     "What Samba's smbd writes of logins to its own files.",
	example: "  Auth: [SMB2,(null)] user [SHOP]\\[oracle] at [Sun, 03 Mar 2024 09:12:44.120000 UTC] with [NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [DESK] remote host [ipv4:203.0.113.7:50122] mapped to [SHOP]\\[oracle]. local host [ipv4:192.0.2.1:445]\n",
	begins:  "AAcc  ",
	read: func(l *ownLine, out *said) bool {
		s := trimSpace(l.rest)
		if len(s) < 12 || s[0] != 'A' && s[0] != 'c' || !strings.HasPrefix(s, "Auth: [") && !strings.HasPrefix(s, "check_ntlm_password:") {
			return false
		}
		if !l.of(sambaProgram, "smbd", s, out) {
			return false
		}
		if _, at, ok := strings.Cut(s, "] at ["); ok && l.time == 0 {
			at, _, _ = strings.Cut(at, "]")
			l.time = sambaTime(at)
		}
		return true
	},
}

// sambaTime reads "Sun, 03 Mar 2024 09:12:44.120000 UTC".
func sambaTime(s string) int64 {
	if len(s) < 25 || s[3] != ',' {
		return 0
	}
	s = s[5:]
	c := clock{year: digits4(s, 7), month: monthOf(s[3:]), day: digits2(s, 0), zoned: true}
	if len(s) < 20 || c.year < 0 {
		return 0
	}
	c.hour, c.minute, c.second = digits2(s, 12), digits2(s, 15), digits2(s, 18)
	if c.day|c.hour|c.minute|c.second < 0 {
		return 0
	}
	c.nanos, _ = fraction(s, 20)
	c.zoned = strings.HasSuffix(s, " UTC")
	ns, _ := c.unixNanos(nil)
	return ns
}
