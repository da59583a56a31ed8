package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// fail2ban tells whom it found and whom it banned. Source: fail2ban(1), its log file.
var (
	fail2banFormat  = &event.Format{Name: "fail2ban", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	fail2banProgram = newFail2ban()
)

var fail2banSentences = []sentence{
	{"[{service}] Ban {addr}", "address_blocked", "intrusion_detection", success, ""},
	{"[{service}] Restore Ban {addr}", "address_blocked", "intrusion_detection", success, "restored"},
	{"[{service}] Increase Ban {addr} ({*}", "address_blocked", "intrusion_detection", success, "increased"},
	{"[{service}] Unban {addr}", "address_unblocked", "intrusion_detection", success, ""},
	{"[{service}] Found {addr}« - {*}»", "attempt_found", "intrusion_detection", "", ""},
	{"[{service}] {addr} already banned", "address_blocked", "intrusion_detection", "", "already banned"},
	{"[{service}] Ignore {addr}« {*}»", "address_ignored", "intrusion_detection", "", ""},
}

func newFail2ban() *program {
	p := newProgram(fail2banFormat, fail2banSentences)
	p.custom = func(message string, out *said) bool {
		i := strings.IndexByte(message[:min(len(message), 24)], '[')
		return i > 0 && p.find(message[i:], out) // behind the level
	}
	return p
}

// fail2banLog is "2024-03-03 09:12:44,120 fail2ban.actions [812]: NOTICE  [sshd] Ban 203.0.113.7".
var fail2banLog = ownLog{
	name: "fail2ban",
	doc:  "The log file of fail2ban: whom its jails found and banned.",
	example: "2024-03-03 09:12:44,120 fail2ban.filter         [812]: INFO    [sshd] Found 203.0.113.7 - 2024-03-03 09:12:44\n" +
		"2024-03-03 09:12:45,120 fail2ban.actions        [812]: NOTICE  [sshd] Ban 203.0.113.7\n",
	begins: "ff",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || !strings.HasPrefix(l.rest, "fail2ban.") {
			return false
		}
		head, text, ok := strings.Cut(l.rest, "]: ")
		name, pid, has := strings.Cut(head, "[")
		if !ok || !has || !fail2banProgram.read(text, out) {
			return false
		}
		l.program, l.pid, l.rest = strings.TrimRight(name, " "), pid, text
		return true
	},
}
