package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// relayedLines are lines of log files as a syslog daemon, a container's log driver or a logger sends them, without the
// header before them.
var relayedLines = []struct{ tag, text, format, at, want string }{
	{"nginx", `2024/03/03 09:12:45 [error] 882#882: *17 open() "/srv/x" failed (2: No such file or directory), client: 203.0.113.7, server: shop.example, request: "GET /x HTTP/1.1", host: "shop.example"`, "nginx", "09:12:45", "source.ip=203.0.113.7 url.original=/x host.name=gate process.pid=882 log.level=error"},
	{"nginx-error", `2024/03/03 10:12:45 [error] 882#882: *17 user "bob" was not found in "/etc/users", client: 203.0.113.7, server: x, request: "GET / HTTP/1.1"`, "nginx", "09:12:45", "source.ip=203.0.113.7 user.name=bob host.name=gate"},
	{"httpd", `[Sun Mar 03 09:12:45.120000 2024] [authz_core:error] [pid 771:tid 139] [client 203.0.113.7:50122] AH01630: client denied by server configuration: /srv/www/private`, "apache", "09:12:45", "source.ip=203.0.113.7 process.pid=771 process.name=httpd"},
	{"httpd", `[authz_core:error] [pid 771:tid 139] [client 203.0.113.7:50122] AH01630: client denied by server configuration: /srv/www/private`, "apache", "09:12:44", "source.ip=203.0.113.7 process.pid=771 log.level=error"},
	{"a1b2c3d4e5f6", `812:M 03 Mar 2024 09:12:45.120 # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from 203.0.113.7:50122 aborted.`, "redis", "09:12:45", "source.ip=203.0.113.7 event.outcome=failure process.name=redis process.pid=812 host.name=gate"},
	{"pg", `2024-03-03 09:12:45.120 UTC [812] bob@shop FATAL:  password authentication failed for user "bob"`, "postgresql", "09:12:45", "user.name=bob database.name=shop event.outcome=failure process.name=postgres"},
	{"pg", `2024-03-03 09:12:45.120 UTC,"bob","shop",812,"203.0.113.7:50122",65e43f1e.32c,2,"authentication",2024-03-03 09:12:46 UTC,3/4,0,FATAL,28P01,"password authentication failed for user ""bob""",,,,,,,,,""`, "postgresql", "09:12:45", "user.name=bob source.ip=203.0.113.7 event.outcome=failure"},
	{"db", `2024-03-03T09:12:45.120000Z 12 [Note] [MY-010926] [Server] Access denied for user 'bob'@'203.0.113.7' (using password: YES)`, "mysql", "09:12:45", "user.name=bob source.ip=203.0.113.7 event.outcome=failure process.name=mysqld"},
	{"docker/db", `2024-03-03  9:12:45 13 [Warning] Access denied for user 'root'@'203.0.113.7' (using password: NO)`, "mysql", "09:12:45", "user.name=root event.outcome=failure"},
	{"mongod", `{"t":{"$date":"2024-03-03T09:12:45.120+00:00"},"s":"I","c":"ACCESS","id":20249,"ctx":"conn6","msg":"Authentication failed","attr":{"principalName":"bob","remote":"203.0.113.7:555"}}`, "mongodb", "09:12:45", "event.outcome=failure source.ip=203.0.113.7 user.name=bob host.name=gate"},
	{"haproxy", `203.0.113.7:555 [03/Mar/2024:09:12:45.120] fe back/srv1 1/0/1/2/4 404 212 - - ---- 1/1/0/0/0 0/0 "GET /x HTTP/1.1"`, "access", "09:12:45", "c-ip=203.0.113.7 sc-status=404 host.name=gate"},
	{"(squid-1)", `1709457165.120    180 203.0.113.7 TCP_DENIED/403 411 GET http://shop.example/ bob HIER_NONE/- text/html`, "squid", "09:12:45", "c-ip=203.0.113.7 cs-username=bob event.outcome=failure host.name=gate"},
	{"web", `203.0.113.7 - bob [03/Mar/2024:09:12:45 +0000] "GET /a HTTP/1.1" 200 5`, "access", "09:12:45", "c-ip=203.0.113.7 cs-username=bob host.name=gate"},
	{"dpkg", `2024-03-03 09:12:45 install tree:amd64 <none> 2.1.0-1`, "dpkg", "09:12:45", "package.name=tree package.version=2.1.0-1 host.name=gate"},
	{"fw", `CEF:0|Acme|Wall|1|100|Connection denied|5|src=203.0.113.7 dst=192.0.2.1 dpt=22 act=deny`, "cef", "09:12:44", "source.ip=203.0.113.7 destination.ip=192.0.2.1 host.name=gate"},
}

func checkRelayed(t *testing.T, e *event.Event, format, at, want string) {
	t.Helper()
	if got := e.Shape.Format.Name; got != format {
		t.Errorf("%s, want %s: %s", got, format, e.Raw)
	}
	if got := e.When().Format("15:04:05"); got != at {
		t.Errorf("time %s, want %s: %s", got, at, e.Raw)
	}
	for _, field := range strings.Fields(want) {
		name, want, _ := strings.Cut(field, "=")
		if got := e.Get(name).String(); got != want {
			t.Errorf("%s is %q, want %q: %s", name, got, want, e.Raw)
		}
	}
}

// TestRelayed reads lines of log files behind the header of syslog.
func TestRelayed(t *testing.T) {
	for _, header := range []string{"Mar  3 09:12:44 gate ", "<134>Mar  3 09:12:44 gate ", "2024-03-03T09:12:44.000Z gate "} {
		for _, c := range relayedLines {
			line := header + c.tag + ": " + c.text
			e := parseAll(Syslog, line)
			if len(e) != 1 {
				t.Fatalf("%d events of %s", len(e), line)
			}
			if e[0].Raw != line {
				t.Errorf("raw %q", e[0].Raw)
			}
			checkRelayed(t, &e[0], c.format, c.at, c.want)
		}
	}
}

// TestRelayedAudit joins the records of an audit event that come under a tag of any name.
func TestRelayedAudit(t *testing.T) {
	const by = "Mar  3 09:12:44 gate audit_log: "
	e := parseAll(Syslog, by+`type=SYSCALL msg=audit(1709457165.120:7): arch=c000003e syscall=59 success=yes pid=6 comm="id" exe="/usr/bin/id"`+"\n"+
		by+`type=EXECVE msg=audit(1709457165.120:7): argc=2 a0="id" a1="-u"`+"\n")
	if len(e) != 1 {
		t.Fatalf("%d events", len(e))
	}
	checkRelayed(t, &e[0], "auditd", "09:12:45", "host.name=gate a1=-u")
}

// TestJournalRelayed reads the same lines out of the journal, as export and as JSON.
func TestJournalRelayed(t *testing.T) {
	for _, c := range relayedLines {
		entry := "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1709457164000000\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=" + c.tag + "\n_TRANSPORT=syslog\nMESSAGE=" + c.text + "\n\n"
		object := `{"__REALTIME_TIMESTAMP":"1709457164000000","_HOSTNAME":"gate","SYSLOG_IDENTIFIER":"` + c.tag + `","_TRANSPORT":"syslog","MESSAGE":"` +
			strings.ReplaceAll(strings.ReplaceAll(c.text, `\`, `\\`), `"`, `\"`) + `"}`
		for _, in := range []struct {
			f    *Format
			text string
		}{{Journal, entry}, {JSON, object}} {
			e := parseAll(in.f, in.text)
			if len(e) != 1 {
				t.Fatalf("%d events of %s", len(e), in.text)
			}
			checkRelayed(t, &e[0], c.format, c.at, c.want+" _TRANSPORT=syslog")
		}
	}
	asa := "__REALTIME_TIMESTAMP=1709457164000000\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=%ASA-4-106023\nMESSAGE=Deny tcp src outside:203.0.113.7/555 dst inside:192.0.2.1/22 by access-group \"x\"\n\n"
	e := parseAll(Journal, asa)
	if len(e) != 1 {
		t.Fatalf("%d events", len(e))
	}
	checkRelayed(t, &e[0], "cisco_asa", "09:12:44", "source.ip=203.0.113.7 destination.port=22 event.outcome=failure")
}

func TestZonedText(t *testing.T) {
	for text, want := range map[string]bool{
		"2024-03-03T09:12:45.120Z x": true, "2024-03-03 09:12:45+01:00 x": true, "2024-03-03 09:12:45.120 UTC [812] x": true,
		"2024-03-03 09:12:45 CET,x": true, "2024/03/03 09:12:45 [error] 882#882: x UTC y": false, "812:M 03 Mar 2024 09:12:45.120 # x": false,
		"[Sun Mar 03 09:12:45.120000 2024] [core:error] x": false, "2024-03-03 09:12:45 x": false, "": false,
	} {
		if got := zonedText(text); got != want {
			t.Errorf("%v: %s", got, text)
		}
	}
}

// BenchmarkRelayed is a line of nginx's error log behind a header.
func BenchmarkRelayed(b *testing.B) {
	line := "Mar  3 09:12:44 gate nginx: " + relayedLines[0].text + "\n"
	block := event.Block{Origin: &event.Origin{Path: "x", Reference: time.Unix(1709457164, 0)}, Data: strings.Repeat(line, 1000), First: 1}
	parser := Syslog.NewParser(&Env{})
	var batch event.Batch
	b.ReportAllocs()
	b.SetBytes(int64(len(block.Data)))
	for b.Loop() {
		batch.Reset()
		parser.Parse(block, &batch)
	}
}
