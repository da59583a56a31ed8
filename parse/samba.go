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
