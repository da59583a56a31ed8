package parse

import (
	"strings"
	"testing"
)

// TestServers reads lines of servers, by syslog and of files of their own, and checks what they are taken to say.
func TestServers(t *testing.T) {
	const by = "Mar  3 09:12:44 gate "
	for _, c := range []struct{ line, format, want string }{
		{by + `postfix/smtpd[5]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=anna@shop.example`, "postfix", "event.action=smtp_auth event.outcome=failure source.ip=203.0.113.7 user.name=anna@shop.example"},
		{by + `postfix/submission/smtpd[5]: 4ABC: client=desk[203.0.113.7], sasl_method=PLAIN, sasl_username=anna`, "postfix", "event.action=smtp_auth event.outcome=success user.name=anna email.local_id=4ABC"},
		{by + `postfix/smtp[5]: 4ABC: to=<a@b.example>, relay=mx.b.example[203.0.113.7]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`, "postfix", "event.action=mail_sent destination.ip=203.0.113.7 destination.port=25 email.to.address=a@b.example event.outcome=success"},
		{by + `postfix/smtpd[5]: NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 554 5.7.1 <a@b.example>: Relay access denied; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>`, "postfix", "event.action=mail_rejected email.from.address=c@d.example email.to.address=a@b.example source.ip=203.0.113.7"},
		{by + `dovecot: imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 9 secs): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=192.0.2.1, TLS, session=<x>`, "dovecot", "event.action=imap_login event.outcome=failure user.name=bob source.ip=203.0.113.7 destination.ip=192.0.2.1"},
		{by + `dovecot: pop3-login: Login: user=<bob>, method=PLAIN, rip=2001:db8::7, lip=2001:db8::1, mpid=7, TLS, session=<x>`, "dovecot", "event.action=pop3_login event.outcome=success user.name=bob source.ip=2001:db8::7"},
		{by + `dovecot: auth-worker(7): conn unix:auth-worker (pid=1,uid=2): auth-worker<5>: sql(bob,203.0.113.7,<x>): Password mismatch`, "dovecot", "event.action=mail_auth event.outcome=failure user.name=bob source.ip=203.0.113.7"},
		{`Mar 03 09:12:44 imap-login: Info: Aborted login (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=192.0.2.1`, "dovecot", "event.action=imap_login event.outcome=failure user.name=bob"},
		{by + `smbd_audit: bob|203.0.113.7|desk|share|unlink|ok|/srv/a.txt`, "samba", "event.action=unlink user.name=bob source.ip=203.0.113.7 file.path=/srv/a.txt"},
		{by + `postgres[5]: [3-1] 2024-03-03 09:12:44 UTC [5]: [1-1] user=bob,db=shop,app=x,client=203.0.113.7 FATAL:  password authentication failed for user "bob"`, "postgresql", "event.action=db_login event.outcome=failure user.name=bob source.ip=203.0.113.7 database.name=shop"},
		{`203.0.113.7 2024-03-03 09:12:44.120 UTC [812] bob@shop FATAL:  database "x" does not exist`, "postgresql", "event.action=db_login source.ip=203.0.113.7 user.name=bob database.name=x"},
		{by + `mysqld[5]: 2024-03-03 09:12:44 7 [Warning] Access denied for user 'bob'@'203.0.113.7' (using password: YES)`, "mysql", "event.action=db_login event.outcome=failure user.name=bob source.ip=203.0.113.7"},
		{`240303  9:12:44 7 [Warning] Access denied for user 'bob'@'db.example' (using password: YES)`, "mysql", "event.action=db_login user.name=bob source.domain=db.example"},
		{by + `proftpd[5]: shop (desk[203.0.113.7]) - USER bob (Login failed): Incorrect password.`, "proftpd", "event.action=ftp_login event.outcome=failure user.name=bob source.ip=203.0.113.7"},
		{by + `pure-ftpd: (?@203.0.113.7) [WARNING] Authentication failed for user [bob]`, "pure-ftpd", "event.action=ftp_login event.outcome=failure user.name=bob"},
		{by + `named[5]: 03-Mar-2024 09:12:44.425 security: error: client @0x7f 2001:db8::7#555 (x.example): zone transfer 'x.example/AXFR/IN' denied`, "bind", "event.action=dns_transfer event.outcome=failure source.ip=2001:db8::7 source.port=555"},
		{by + `dnsmasq[5]: query[AAAA] x.example from 203.0.113.7`, "dnsmasq", "query=x.example record_type=AAAA source.ip=203.0.113.7"},
		{by + `ovpn-server[5]: 203.0.113.7:555 TLS: Username/Password authentication succeeded for username 'bob'`, "openvpn", "event.action=vpn_login event.outcome=success user.name=bob source.port=555"},
		{by + `kernel: [  12.5] wireguard: wg0: Handshake for peer 1 ([2001:db8::7]:51820) did not complete after 5 seconds, retrying (try 2)`, "wireguard", "event.action=vpn_handshake source.ip=2001:db8::7 source.port=51820"},
		{by + `haproxy[5]: 203.0.113.7:555 [03/Mar/2024:09:12:44.120] tcp-in back/srv1 1/0/5007 212 -- 0/0/0/0/0 0/0`, "haproxy", "event.action=tcp_connection source.ip=203.0.113.7 service.name=tcp-in"},
		{by + `asterisk[5]: NOTICE[812]: chan_sip.c:123 in handle: Registration from '"100" <sip:100@192.0.2.1>' failed for '203.0.113.7:5060' - Wrong password`, "asterisk", "event.action=sip_register source.ip=203.0.113.7 user.name=100"},
		{by + `gate sshd[5]: Failed password for bob from 203.0.113.7 port 555 ssh2`, "sshd", "event.action=ssh_login user.name=bob host.name=gate"},
		{`2024-03-03 09:12:44 1rgfHs-0000Ab-1x => anna@shop.example R=dnslookup T=remote_smtp H=mx.shop.example [203.0.113.7] X=TLS1.3 C="250 OK"`, "exim", "event.action=mail_sent email.to.address=anna@shop.example destination.ip=203.0.113.7"},
		{`2024-03-03 09:12:44 H=(x) [203.0.113.7]:555 F=<a@b.example> rejected RCPT <c@d.example>: relay not permitted`, "exim", "event.action=mail_rejected source.ip=203.0.113.7 email.from.address=a@b.example email.to.address=c@d.example"},
		{`79a59df900b949e5 shop [03/Mar/2024:09:12:44 +0000] 203.0.113.7 arn:aws:iam::1:user/bob 3E57 REST.GET.OBJECT a.txt "GET /shop/a.txt HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -`, "access", "c-ip=203.0.113.7 cs-uri=/shop/a.txt sc-bytes=113 cs-user-agent=S3Console/0.4"},
		{`[03/Mar/2024:09:12:44 +0000] - 200 200 - GET https shop.example "/a?b=c" [Client 203.0.113.7] [Length 93] [Gzip -] [Sent-to 10.0.0.1] "curl/8" "-"`, "access", "c-ip=203.0.113.7 cs-method=GET cs-uri=/a?b=c sc-bytes=93 cs-user-agent=curl/8"},
		{`2024-03-03T09:12:44.120Z stdout F 198.51.100.4 - - [03/Mar/2024:09:12:44 +0000] "GET /a HTTP/1.1" 200 5`, "access", "c-ip=198.51.100.4 sc-status=200"},
		{`{"t":{"$date":"2024-03-03T09:12:44.120+00:00"},"s":"I","c":"ACCESS","id":20249,"ctx":"conn6","msg":"Authentication failed","attr":{"principalName":"bob","remote":"203.0.113.7:555"}}`, "mongodb", "event.outcome=failure source.ip=203.0.113.7 source.port=555 user.name=bob"},
		{`{"timestamp":"2024-03-03T09:12:44.120+0000","type":"Authentication","Authentication":{"status":"NT_STATUS_WRONG_PASSWORD","remoteAddress":"ipv4:203.0.113.7:555","clientAccount":"bob"}}`, "samba", "event.outcome=failure source.ip=203.0.113.7 user.name=bob"},

		{`[2024-03-03 09:12:44.120][vaultwarden::api::identity][ERROR] Username or password is incorrect. Try again. IP: 203.0.113.7. Username: a@b.example.`, "text", "event.outcome=failure source.ip=203.0.113.7 user.name=a@b.example"},
		{`[2024-03-03 10:12:44.120 +01:00] [INF] [12] Jellyfin.Server: Authentication request for "admin" has been denied (IP: "203.0.113.7").`, "text", "event.outcome=failure source.ip=203.0.113.7 user.name=admin"},
		{`2024/03/03 09:12:44 ...r/web/auth/auth.go:200:SignInPost() [I] Failed authentication attempt for root from 203.0.113.7:555: user does not exist`, "text", "event.outcome=failure user.name=root source.port=555"},
		{by + `wordpress(shop.example)[5]: Authentication failure for admin from 203.0.113.7`, "syslog", "event.outcome=failure user.name=admin source.ip=203.0.113.7"},
		{by + `phpMyAdmin[5]: user denied: root (mysql-denied) from 203.0.113.7`, "application", "event.outcome=failure user.name=root"},
		{by + `app[5]: [192.0.2.1] accepted login of user "a b" from ::ffff:203.0.113.7`, "syslog", `event.outcome=success user.name=a_b source.ip=192.0.2.1`},
		{by + `app[5]: connected to 192.0.2.1:443 after 3 tries`, "syslog", "source.ip= event.action="},
		{by + `app[5]: version 10.0.0.1 started, std::vector<int>::at 12:30:45`, "syslog", "source.ip="},
	} {
		e := parseAll(Recognise(Formats, c.line), c.line)
		if len(e) != 1 {
			t.Errorf("%d events of %q", len(e), c.line)
			continue
		}
		if got := e[0].Shape.Format.Name; got != c.format {
			t.Errorf("%s, want %s: %s", got, c.format, c.line)
		}
		if got := e[0].When().Format("2006-01-02T15:04:05Z07:00"); got != "2024-03-03T09:12:44Z" {
			t.Errorf("time %s: %s", got, c.line)
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(e[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q: %s", name, got, want, c.line)
			}
		}
	}
}

// TestServerExamples checks that no line of an example is taken for mere text, and that each has a time.
func TestServerExamples(t *testing.T) {
	for _, f := range serverFormats() {
		events := parseAll(f, f.Example)
		if len(events) != strings.Count(f.Example, "\n") {
			t.Errorf("%s: %d events", f.Name, len(events))
		}
		for i := range events {
			if e := &events[i]; e.Shape.Format == textFormat || e.Time == 0 {
				t.Errorf("%s: a line is %s with time %v: %s", f.Name, e.Shape.Format.Name, e.When(), e.Raw)
			}
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range [][3]string{
		{"192.0.2.7:4022", "192.0.2.7", "4022"},
		{"192.0.2.7#4022", "192.0.2.7", "4022"},
		{"192.0.2.7", "192.0.2.7", ""},
		{"[2001:db8::7]:4022", "[2001:db8::7]", "4022"},
		{"2001:db8::7", "2001:db8::7", ""},
		{"2001:db8::7#4022", "2001:db8::7", "4022"},
		{"::1", "::1", ""},
		{"ipv4:192.0.2.7:4022", "192.0.2.7", "4022"},
		{"host:25", "host", "25"},
		{"", "", ""},
		{":", ":", ""},
	} {
		if host, port := splitEndpoint(c[0]); host != c[1] || port != c[2] {
			t.Errorf("%q is %q and %q", c[0], host, port)
		}
	}
}
