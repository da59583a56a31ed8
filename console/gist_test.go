package console

import (
	"testing"

	"github.com/tocsin-sec/tocsin/store"
)

// TestGist tells events of every kind in a line: what the fields say first, then the text, then whatever there is.
func TestGist(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []string // field, value, …
		want string
	}{
		{
			"a web server",
			[]string{"_msg", `203.0.113.66 - - [22/Nov/2026:14:15:02 +0000] "GET /a.php?c=id HTTP/1.1" 200 17 "-" "curl"`, "cs-method", "GET", "cs-uri", "/a.php?c=id", "cs-uri-stem", "/a.php", "sc-status", "200", "source.ip", "203.0.113.66", "url.path", "/a.php"},
			"203.0.113.66 GET /a.php?c=id → 200",
		},
		{
			"a proxy with the parts of an address",
			[]string{"http.request.method", "POST", "url.domain", "files.example.net", "url.path", "/up", "url.query", "x=1", "user.name", "anna", "source.ip", "192.0.2.7", "http.response.status_code", "403"},
			"192.0.2.7 anna POST files.example.net/up?x=1 → 403",
		},
		{
			"a program under another user",
			[]string{"_msg", "2026-11-22T18:21:03+00:00 web1 sudo:   deploy : TTY=pts/0 ; COMMAND=/usr/bin/systemctl stop auditd", "process.command_line", "/usr/bin/systemctl stop auditd", "user.name", "deploy", "user.effective.name", "root"},
			"deploy as root ran: /usr/bin/systemctl stop auditd",
		},
		{
			"a program of Windows, and which started it",
			[]string{"event.code", "1", "CommandLine", `whoami /all`, "User", `CORP\carla`, "ParentImage", `C:\Program Files\WINWORD.EXE`},
			`CORP\carla ran: whoami /all (started by WINWORD.EXE)`,
		},
		{
			"a firewall",
			[]string{"_msg", "2026-11-22T21:08:44+00:00 fw1 kernel: [914263.4] FW-DROP: IN=wan0", "action", "drop", "event.category", "network", "source.ip", "203.0.113.219", "destination.ip", "198.51.100.2", "destination.port", "8443", "protocol", "tcp"},
			"203.0.113.219 → 198.51.100.2:8443 tcp drop",
		},
		{"a name", []string{"source.ip", "192.0.2.3", "dns.question.name", "evil.example"}, "192.0.2.3 asked for evil.example"},
		{
			"syslog, of a host and a program that stand beside it",
			[]string{"_msg", "2026-11-22T20:46:34.375252+00:00 web1 sshd[18599]: Failed password for root from 203.0.113.152", "host.name", "web1", "process.name", "sshd", "source.ip", "203.0.113.152"},
			"Failed password for root from 203.0.113.152",
		},
		{
			"old syslog, of a program that nothing else names, and of another host",
			[]string{"_msg", "<13>Nov  2 20:46:34 db7 shopd[3]: basket lost", "host.name", "relay"},
			"db7 shopd[3]: basket lost",
		},
		{"a text without anything before it", []string{"_msg", "login lena from 127.0.0.1 (password)"}, "login lena from 127.0.0.1 (password)"},
		{
			"an audit daemon",
			[]string{"_msg", `node=web1 type=DAEMON_END msg=audit(1795371663.900:7271): op=terminate auid=1001`, "host.name", "web1"},
			"DAEMON_END op=terminate auid=1001",
		},
		{
			"a cloud",
			[]string{"dataset", "cloudtrail", "event.action", "GetSecretValue", "eventName", "GetSecretValue", "errorCode", "AccessDenied", "event.outcome", "failure", "source.ip", "203.0.113.66", "user.name", "ci", "requestParameters.secretId", "shop/db", "eventTime", "2026"},
			"GetSecretValue by ci from 203.0.113.66: AccessDenied · requestParameters.secretId=shop/db",
		},
		{
			"a log-on of Windows",
			[]string{"event.code", "4625", "EventID", "4625", "Computer", "DC01", "host.name", "DC01", "LogonType", "3", "TargetUserName", "anna", "user.name", "anna", "SubjectUserName", "-", "event.outcome", "failure"},
			"event 4625 by anna: refused · LogonType=3",
		},
		{"nothing known", []string{"a", "1", "b", ""}, "event · a=1"},
		{"nothing at all", nil, "event"},
	} {
		b := &store.Block{Rows: 1}
		for i := 0; i < len(c.in); i += 2 {
			b.Names, b.Columns = append(b.Names, c.in[i]), append(b.Columns, []string{c.in[i+1]})
		}
		if got := gist(seen{b, 0}); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}
