package parse

import "testing"

// TestMailVariants has lines as they are met in the wild, beyond those of the examples.
func TestMailVariants(t *testing.T) {
	checkVariants(t, []variant{
		{`Mar  3 09:12:44 mx1 sendmail[123]: x123: from=<a@example.org>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTP, daemon=MTA, relay=mx.example.org [192.0.2.10]`, `sendmail 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 event.action=mail_received event.category=email event.outcome=success email.from.address=a@example.org`},
		{`Mar  3 09:12:44 mx1 sendmail[123]: x123: ruleset=check_rcpt, arg1=<b@example.com>, relay=mx.example.org [192.0.2.10], reject=550 5.7.1 <b@example.com>... Relaying denied`, `sendmail 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 event.action=mail_rejected event.category=email event.outcome=failure email.to.address=b@example.com`},
		{`Mar  3 09:12:44 mx1 sm-mta[123]: x123: to=<b@example.com>, delay=00:00:01, mailer=esmtp, relay=mx.example.net. [198.51.100.7], dsn=2.0.0, stat=Sent (ok)`, `sendmail 03-03T09:12:44 host.name=mx1 destination.ip=198.51.100.7 event.action=mail_sent event.category=email event.outcome=success email.to.address=b@example.com`},
		{`Mar  3 09:12:44 mx1 postgrey[1]: action=greylist, reason=new, client_name=unknown, client_address=192.0.2.10, sender=a@example.org, recipient=b@example.com`, `keyvalue_syslog 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 event.action=greylist`},
		{`2026-03-03 09:12:44 no host name found for IP address 192.0.2.10`, `exim 03-03T09:12:44 source.ip=192.0.2.10 event.action=smtp_connection event.category=network`},
		{`2026-03-03 09:12:44 imap-login: Info: Login: user=<anna>, method=PLAIN, rip=192.0.2.10, lip=198.51.100.5, mpid=1, session=<x>`, `dovecot 03-03T09:12:44 source.ip=192.0.2.10 destination.ip=198.51.100.5 user.name=anna event.action=imap_login event.category=authentication event.outcome=success`},
		{`Mar  3 09:12:44 mx1 cyrus/imaps[1]: badlogin: pc1.example.com [192.0.2.10] PLAIN [SASL(-13): authentication failure: Password verification failed]`, `mailbox 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 event.action=mail_auth event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 mx1 cyrus/imaps[1]: login: pc1.example.com [192.0.2.10] anna plaintext+TLS User logged in SESSIONID=<x>`, `mailbox 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 user.name=anna event.action=mail_auth event.category=authentication event.outcome=success`},
		{`Mar  3 09:12:44 mx1 courier: imapd-ssl: LOGIN FAILED, user=anna, ip=[::ffff:192.0.2.10]`, `mailbox 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 user.name=anna event.action=mail_auth event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 mx1 imapd: LOGIN, user=anna, ip=[::ffff:192.0.2.10], port=[51022], protocol=IMAP`, `mailbox 03-03T09:12:44 host.name=mx1 source.ip=192.0.2.10 source.port=51022 user.name=anna event.action=mail_auth event.category=authentication event.outcome=success`},
		{`2026-03-03 09:12:44,123 WARN [qtp1-12:https://mail.example.com/service/soap/AuthRequest] [name=anna@example.com;oip=192.0.2.10;ua=zclient/9;soapId=x;] security - cmd=Auth; account=anna@example.com; protocol=soap; error=authentication failed for [anna@example.com], invalid password;`, `zimbra 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna@example.com event.action=login event.category=authentication event.outcome=failure`},
		{`2026-03-03 09:12:44,123 INFO  [qtp1-12:x] [name=anna@example.com;oip=192.0.2.10;ua=x;soapId=x;] security - cmd=Auth; account=anna@example.com; protocol=soap;`, `zimbra 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna@example.com event.action=login event.category=authentication event.outcome=success`},
		{`2026-03-03 09:12:44,123 INFO  [ImapSSLServer-1] [ip=198.51.100.1;oip=192.0.2.10;via=198.51.100.1(nginx/1.20);ua=Zimbra/9;cid=1;] imap - anna@example.com authentication failed for [anna@example.com] (no such account)`, `zimbra 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna@example.com event.action=login event.category=authentication event.outcome=failure`},
		{`{"level":"debug","time":"2026-03-03T09:12:44.123","sender":"connection_failed","client_ip":"192.0.2.10","username":"anna","login_type":"password","protocol":"SSH","error":"invalid credentials"}`, `sftpgo 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna event.action=login event.category=authentication event.outcome=failure`},
		{`{"level":"info","time":"2026-03-03T09:12:44.123","sender":"login","ip":"192.0.2.10","username":"anna","method":"password","connection_id":"x","protocol":"SFTP"}`, `sftpgo 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna event.action=login event.category=authentication event.outcome=success`},
	})
}
