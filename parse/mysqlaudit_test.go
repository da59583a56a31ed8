package parse

import (
	"strings"
	"testing"
)

// TestMySQLAudit reads the same failed login and a statement as each of the audit plugins writes them.
func TestMySQLAudit(t *testing.T) {
	const (
		login = "event.action=db_login event.category=authentication event.outcome=failure user.name=bob source.ip=203.0.113.7 event.code=1045"
		query = "event.action=db_query event.category=database event.outcome=success user.name=root database.statement=select_1"
	)
	for _, c := range []struct{ in, want string }{
		{`20240303 09:12:44,gate,bob,203.0.113.7,11,0,FAILED_CONNECT,,,1045`, login + " host.name=gate session.id=11"},
		{`20240303 09:12:44,gate,root,localhost,11,7,QUERY,shop,'select 1, 2',0`, "event.action=db_query database.statement=select_1,_2 database.name=shop event.outcome=success source.domain=localhost"},
		{`Mar  3 09:12:44 gate mysql-server_auditing: gate,bob,203.0.113.7,11,0,FAILED_CONNECT,,,1045`, login + " host.name=gate"},
		{"<?xml version=\"1.0\"?>\n<AUDIT>\n<AUDIT_RECORD\n  NAME=\"Connect\"\n  TIMESTAMP=\"2024-03-03T09:12:44 UTC\"\n  STATUS=\"1045\"\n  USER=\"bob\"\n  IP=\"203.0.113.7\"\n/>\n", login},
		{"<AUDIT>\n<AUDIT_RECORD>\n <TIMESTAMP>2024-03-03T09:12:44Z</TIMESTAMP>\n <NAME>Query</NAME>\n <STATUS>0</STATUS>\n <USER>root[root] @ localhost [127.0.0.1]</USER>\n <OS_LOGIN/>\n <SQLTEXT>select 1</SQLTEXT>\n</AUDIT_RECORD>\n", query + " source.ip=127.0.0.1"},
		{`{"audit_record":{"name":"Connect","record":"4_x","timestamp":"2024-03-03T09:12:44Z","connection_id":"11","status":1045,"user":"bob","priv_user":"","os_login":"","proxy_user":"","host":"","ip":"203.0.113.7","db":""}}`, login},
		{`{"audit_record":{"name":"Query","record":"4_x","timestamp":"2024-03-03T09:12:44Z","command_class":"select","connection_id":"11","status":0,"sqltext":"select 1","user":"root","host":"localhost","os_user":"","ip":"","db":"shop"}}`, query + " database.name=shop"},
		{`{"timestamp":"2024-03-03 09:12:44","id":0,"class":"connection","event":"connect","connection_id":11,"account":{"user":"bob","host":""},"login":{"user":"bob","os":"","ip":"203.0.113.7","proxy":""},"connection_data":{"connection_type":"tcp/ip","status":1045,"db":""}}`, login},
		{`{"timestamp":"2024-03-03 09:12:44","id":0,"class":"general","event":"status","connection_id":11,"account":{"user":"root","host":"localhost"},"login":{"user":"root","os":"","ip":"","proxy":""},"general_data":{"command":"Query","sql_command":"select","query":"select 1","status":0}}`, query},
	} {
		e := parseAll(Recognise(Formats, c.in), c.in)
		if len(e) != 1 {
			t.Fatalf("%d events of %s", len(e), c.in)
		}
		if got := e[0].Shape.Format.LogSource.Product; e[0].Shape.Format != mysqlFormat && got != "mysql" && !strings.HasPrefix(c.in, "Mar") {
			t.Errorf("%s: %s", e[0].Shape.Format.Name, c.in)
		}
		if got := e[0].When().Format("15:04:05"); got != "09:12:44" {
			t.Errorf("time %s: %s", got, c.in)
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(e[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q: %s", name, got, want, c.in)
			}
		}
	}
}

// TestMySQLAuditCuts has the same records in blocks of any size.
func TestMySQLAuditCuts(t *testing.T) {
	text := strings.Repeat(MySQLAudit.Example, 3)
	want := dump(splitParse(t, MySQLAudit, text, len(text)+1))
	for _, step := range []int{1, 13, 400} {
		if got := dump(splitParse(t, MySQLAudit, text, step)); got != want {
			t.Errorf("blocks of %d bytes give other events", step)
		}
	}
}
