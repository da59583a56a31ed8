package parse

import (
	"strings"
	"testing"
)

// TestMessages reads one line of each kind of sentence that matters and checks what it is taken to say.
func TestMessages(t *testing.T) {
	for _, c := range []struct{ tag, message, want string }{
		{"sshd[1]", "Failed password for root from 192.0.2.7 port 4022 ssh2", "event.action=ssh_login event.outcome=failure user.name=root source.ip=192.0.2.7 source.port=4022 ssh.method=password"},
		{"sshd[1]", "Failed password for invalid user  from 192.0.2.7 port 4022 ssh2", "event.action=ssh_login event.reason=invalid_user user.name= source.ip=192.0.2.7"},
		{"sshd[1]", "Failed password for invalid user a b c from 2001:db8::7 port 4022 ssh2", "user.name=a_b_c source.ip=2001:db8::7"},
		{"sshd[1]", "Failed password for root from 192.0.2.7 port 1 ssh2 from 203.0.113.9 port 2 ssh2", "source.ip=203.0.113.9 source.port=2 user.name=root_from_192.0.2.7_port_1_ssh2"},
		{"sshd[1]", "Invalid user x from 192.0.2.7 port 1 from 203.0.113.9 port 2", "source.ip=203.0.113.9 event.action=ssh_invalid_user"},
		{"sshd[1]", "Failed none for invalid user admin from host.example.org port 4022 ssh2", "source.domain=host.example.org source.ip=- ssh.method=none"},
		{"sshd-session[1]", "Accepted publickey for anna from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:abc", "event.outcome=success ssh.key=ED25519 ssh.fingerprint=SHA256:abc user.name=anna"},
		{"sshd[1]", "Accepted keyboard-interactive/pam for anna from 192.0.2.7 port 4022 ssh2", "event.outcome=success ssh.method=keyboard-interactive/pam"},
		{"sshd[1]", "message repeated 3 times: [ Failed password for root from 192.0.2.7 port 4022 ssh2]", "event.action=ssh_login user.name=root"},
		{"sshd[1]", "Connection closed by invalid user bob 192.0.2.7 port 4022 [preauth]", "event.action=ssh_connection_closed user.name=bob source.ip=192.0.2.7"},
		{"sshd[1]", "Connection closed by 192.0.2.7 port 4022 [preauth]", "event.action=ssh_connection_closed source.ip=192.0.2.7 user.name=-"},
		{"sshd[1]", "Connection reset by authenticating user root 192.0.2.7 port 4022 [preauth]", "event.action=ssh_connection_reset user.name=root"},
		{"sshd[1]", "Received disconnect from 192.0.2.7 port 4022:11: Bye Bye [preauth]", "event.action=ssh_disconnect_received source.ip=192.0.2.7 event.reason=Bye_Bye"},
		{"sshd[1]", "Received disconnect from 2001:db8::7: 11: disconnected by user", "source.ip=2001:db8::7 event.reason=disconnected_by_user"},
		{"sshd[1]", "error: maximum authentication attempts exceeded for invalid user root from 192.0.2.7 port 4022 ssh2 [preauth]", "event.action=ssh_too_many_attempts user.name=root source.port=4022"},
		{"sshd[1]", "Did not receive identification string from 192.0.2.7 port 4022", "event.action=ssh_no_identification source.ip=192.0.2.7"},
		{"sshd[1]", "Bad protocol version identification 'GET / HTTP/1.1' from 192.0.2.7 port 4022", "event.action=ssh_protocol_error source.ip=192.0.2.7"},
		{"sshd[1]", "Unable to negotiate with 192.0.2.7 port 4022: no matching MAC found. Their offer: x [preauth]", "event.action=ssh_negotiation source.ip=192.0.2.7"},
		{"sshd[1]", "error: kex_exchange_identification: Connection closed by remote host", "event.action=ssh_key_exchange"},
		{"sshd[1]", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root", "event.action=pam_authentication user.name=root source.ip=192.0.2.7"},
		{"sshd[1]", "pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)", "event.action=session_opened user.target.name=anna user.target.id=1000 user.id=0"},
		{"sudo", "    anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/bin/cat /etc/shadow", "event.action=sudo_command event.outcome=success user.name=anna user.effective.name=root process.command_line=/bin/cat_/etc/shadow process.working_directory=/home/anna process.tty.name=pts/0"},
		{"sudo", "anna : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/bin/sh -c a ; COMMAND=b", "event.outcome=failure event.reason=incorrect_password process.command_line=/bin/sh_-c_a_;_COMMAND=b"},
		{"sudo", "bob : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/su", "event.outcome=failure event.reason=user_not_in_sudoers user.name=bob"},
		{"sudo", "bob : command not allowed ; PWD=/ ; USER=root ; COMMAND=/bin/su", "event.outcome=failure user.name=bob process.command_line=/bin/su"},
		{"sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by anna(uid=1000)", "user.name=anna user.target.name=root"},
		{"su[7]", "FAILED SU (to root) bob on pts/1", "event.action=su event.outcome=failure user.name=bob user.target.name=root"},
		{"su[7]", "(to root) anna on pts/1", "event.outcome=success user.name=anna"},
		{"su[7]", "+ /dev/pts/1 anna:root", "event.outcome=success user.name=anna user.target.name=root"},
		{"CRON[9]", "(root) CMD (/usr/bin/run-parts /etc/cron.hourly)", "event.action=cron_command user.name=root process.command_line=/usr/bin/run-parts_/etc/cron.hourly"},
		{"/usr/sbin/cron[9]", "(root) CMD (a)", "event.action=cron_command"},
		{"crontab[9]", "(anna) REPLACE (anna)", "event.action=crontab_replaced user.name=anna"},
		{"useradd[9]", "new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash, from=/dev/pts/0", "event.action=user_added user.target.name=eve user.target.id=1001 user.home=/home/eve user.shell=/bin/bash"},
		{"usermod[9]", "add 'eve' to group 'sudo'", "event.action=group_member_added user.target.name=eve group.name=sudo"},
		{"gpasswd[9]", "user eve added by root to group sudo", "event.action=group_member_added user.target.name=eve user.name=root group.name=sudo"},
		{"userdel[9]", "delete user 'eve'", "event.action=user_deleted user.target.name=eve"},
		{"groupadd[9]", "new group: name=ops, GID=1002", "event.action=group_added group.name=ops group.id=1002"},
		{"passwd[9]", "pam_unix(passwd:chauthtok): password changed for eve", "event.action=password_changed user.target.name=eve"},
		{"chage[9]", "changed password expiry for eve", "event.action=password_expiry_changed user.target.name=eve"},
		{"systemd[1]", "Started nginx.service - A high performance web server.", "event.action=service_started service.name=nginx"},
		{"systemd[1]", "Failed to start Some Unit.", "event.action=service_failed event.outcome=failure service.name=Some_Unit"},
		{"systemd-logind[5]", "New session 42 of user anna.", "event.action=session_opened session.id=42 user.target.name=anna"},
		{"kernel", "[  203.842973] eth0: entered promiscuous mode", "event.action=promiscuous_mode observer.interface.name=eth0"},
		{"kernel", "[1.0] device eth0 entered promiscuous mode", "event.action=promiscuous_mode observer.interface.name=eth0"},
		{"kernel", "x[123]: segfault at 0 ip 00007f sp 00007f error 4 in libc.so[7f+1]", "event.action=process_crashed process.target.name=x process.target.pid=123"},
		{"kernel", "[9.1] Out of memory: Killed process 123 (java) total-vm:1kB", "event.action=out_of_memory process.target.name=java"},
		{"kernel", "[9.1] rootkit: loading out-of-tree module taints kernel.", "event.action=module_loaded driver.name=rootkit"},
		{"kernel", "[9.1] [UFW BLOCK] IN=eth0 OUT= MAC=00:01 SRC=203.0.113.7 DST=192.0.2.1 LEN=40 TTL=245 ID=3 PROTO=TCP SPT=80 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0", "src_ip=203.0.113.7 source.ip=203.0.113.7 dst_port=22 destination.port=22 action=block rule.name=[UFW_BLOCK] protocol=tcp network.transport=tcp tcp_flags=SYN in_interface=eth0"},
		{"kernel", "DROP IN=eth0 OUT=eth1 SRC=203.0.113.7 DST=192.0.2.1 PROTO=ICMP TYPE=3 CODE=1 [SRC=198.51.100.1 DST=203.0.113.7 PROTO=UDP SPT=5 DPT=6 ]", "src_ip=203.0.113.7 src_port=- action=drop protocol=icmp"},
		{"pkexec[3]", "anna: Executing command [USER=root] [TTY=unknown] [CWD=/home/anna] [COMMAND=/usr/bin/id]", "event.action=pkexec_command user.name=anna process.command_line=/usr/bin/id"},
		{"login[3]", "FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", "event.action=login event.outcome=failure user.name=root"},
		{"vsftpd[3]", "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=192.0.2.7", "event.action=pam_authentication source.ip=192.0.2.7"},
	} {
		line := "Mar  3 09:12:44 gate " + c.tag + ": " + c.message
		events := parseAll(Syslog, line)
		if len(events) != 1 {
			t.Errorf("%d events of %q", len(events), line)
			continue
		}
		e := &events[0]
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			got := strings.ReplaceAll(e.Get(name).String(), " ", "_")
			if want == "-" {
				want = ""
			}
			if got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, line)
			}
		}
		program, _, _ := strings.Cut(c.tag, "[")
		if got := e.Get("process.name").String(); got != program {
			t.Errorf("program %q of %q", got, line)
		}
	}
}

// TestSentencesReadThemselves checks that each sentence of the tables is found when its captures are filled in, so
// that none hides behind one before it of another meaning.
func TestSentencesReadThemselves(t *testing.T) {
	fill := strings.NewReplacer("{addr}", "192.0.2.7", "{daddr}", "192.0.2.8", "{port}", "4022", "{dport}", "22", "{#}", "5", "{uid}", "1000", "{tpid}", "77",
		"{peer}", "192.0.2.7:4022", "{dpeer}", "192.0.2.8:22", "{mac}", "00:00:5e:00:53:01")
	for name, c := range map[string]struct {
		program *program
		table   []sentence
	}{
		"sshd": {sshdProgram, sshdSentences}, "pam": {authProgram, pamSentences}, "sudo": {sudoProgram, sudoSentences},
		"su": {suProgram, suSentences}, "polkit": {polkit, polkitSentences}, "cron": {cronProgram, cronSentences},
		"accounts": {accounts, accountSentences}, "systemd": {systemdProgram, systemdSentences},
		"logind": {logindProgram, logindSentences}, "kernel": {kernelProgram, kernelSentences},
		"login":   {authProgram, loginSentences},
		"postfix": {postfixProgram, postfixSentences}, "vsftpd": {vsftpdProgram, vsftpdSentences}, "proftpd": {proftpdProgram, proftpdSentences},
		"pure-ftpd": {pureProgram, pureSentences}, "openvpn": {openvpnProgram, openvpnSentences}, "ipsec": {ipsecProgram, ipsecSentences},
		"wireguard": {wireguardProgram, wireguardSentences}, "bind": {bindProgram, bindSentences}, "dnsmasq": {dnsmasqProgram, dnsmasqSentences},
		"unbound": {unboundProgram, unboundSentences}, "dhcp": {dhcpProgram, dhcpSentences}, "samba": {sambaProgram, sambaSentences},
		"mysql": {mysqlProgram, mysqlSentences}, "postgresql": {postgresText, postgresSentences}, "redis": {redisProgram, redisSentences}, "dpkg": {dpkgProgram, dpkgSentences},
		"asterisk": {asteriskProgram, asteriskSentences}, "freeswitch": {freeswitchProgram, freeswitchSentences},
		"proxmox": {proxmoxProgram, proxmoxSentences}, "lfd": {lfdProgram, lfdSentences}, "clamav": {clamProgram, clamSentences},
		"amavis": {amavisProgram, amavisSentences}, "webmin": {webminProgram, webminSentences}, "dropbear": {dropbearProgram, dropbearSentences},
	} {
		for _, s := range c.table {
			for _, text := range options(s.text) {
				message := fill.Replace(text)
				for {
					before, rest, ok := strings.Cut(message, "{")
					if !ok {
						break
					}
					_, after, _ := strings.Cut(rest, "}")
					message = before + "word" + after
				}
				var out said
				if !c.program.read(message, &out) {
					t.Errorf("%s: no sentence for %q", name, message)
					continue
				}
				action := ""
				for i, n := range out.kind.names {
					if n == "event.action" {
						action = out.values[i].Raw
					}
				}
				if action != s.action {
					t.Errorf("%s: %q is %s, want %s", name, message, action, s.action)
				}
			}
		}
	}
}

func TestSyslogHeaders(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"<34>Oct 11 22:14:15 mymachine su: text", "host.name=mymachine process.name=su log.syslog.priority=34 log.syslog.facility.name=auth log.syslog.severity.name=crit message=text"},
		{"<13>Oct 11 22:14:15 prog[7]: text", "host.name=- process.name=prog process.pid=7 message=text"},
		{"Oct 11 22:14:15 h kernel: [1.5] text", "process.name=kernel message=[1.5]_text"},
		{"Oct 11 22:14:15 h gdm-password][12]: text", "process.name=gdm-password] process.pid=12"},
		{"Oct 11 22:14:15 h last message repeated 2 times", "host.name=h process.name=- message=last_message_repeated_2_times"},
		{"2024-02-12T14:10:21.123456+01:00 h prog[7]: text", "host.name=h process.name=prog process.pid=7 message=text"},
		{"<165>1 2003-10-11T22:14:15.003Z h app 77 ID47 [a@1 k=\"v \\\"x\\\" \\]\" l=\"\"][b@2 k=\"w\"] \xef\xbb\xbftext", "host.name=h process.name=app process.pid=77 sd.a@1.k=v_\"x\"_] sd.b@2.k=w message=text log.syslog.facility.name=local4"},
		{"<34>1 - - - - - - text", "host.name=- process.name=- message=text"},
		{"<34>1 2003-10-11T22:14:15Z h sshd 5 - - Failed password for root from 192.0.2.7 port 1 ssh2", "user.name=root source.ip=192.0.2.7"},
		{"<86>1 2003-10-11T22:14:15Z h sshd 5 - [x@1 k=\"v\"] Failed password for root from 192.0.2.7 port 1 ssh2", "user.name=root sd.x@1.k=v"},
	} {
		events := parseAll(Syslog, c.line)
		if len(events) != 1 {
			t.Fatalf("%d events of %q", len(events), c.line)
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if want == "-" {
				want = ""
			}
			if got := strings.ReplaceAll(events[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.line)
			}
		}
	}
}

func TestAccessLines(t *testing.T) {
	const when = " [03/Mar/2024:09:12:44 +0100] "
	for _, c := range []struct{ line, want string }{
		{`198.51.100.4 - -` + when + `"GET /a?b=c HTTP/1.1" 200 5`, "c-ip=198.51.100.4 cs-method=GET cs-uri=/a?b=c cs-uri-stem=/a cs-uri-query=b=c sc-status=200 sc-bytes=5 cs-version=HTTP/1.1 cs-username= cs-referer="},
		{`shop.example:443 198.51.100.4 - anna smith` + when + `"GET / HTTP/2.0" 200 5 "-" "x"`, "cs-host=shop.example s-port=443 c-ip=198.51.100.4 cs-username=anna_smith cs-user-agent=x"},
		{`198.51.100.4, 192.0.2.1 - -` + when + `"GET / HTTP/2.0" 200 5 "-" "x"`, "c-ip=198.51.100.4"},
		{`"203.0.113.5" 198.51.100.4 - -` + when + `"GET / HTTP/2.0" 200 5 "-" "x"`, "c-ip=198.51.100.4 x-forwarded-for=203.0.113.5"},
		{`198.51.100.4 - -` + when + `"GET / HTTP/2.0" 200 5 "-" "x" "203.0.113.5, 203.0.113.6"`, "c-ip=198.51.100.4 x-forwarded-for=203.0.113.5,_203.0.113.6"},
		{`198.51.100.4 - -` + when + `"GET / HTTP/2.0" 200 5 "-" "x" 612 0.004 [ns-svc-80] [] 10.0.0.1:80 5 0.004 200 abc`, "time-taken=0.004 source.ip=198.51.100.4"},
		{`198.51.100.4 - -` + when + `"GET /\" HTTP/1.1\" 200 5 \"x HTTP/1.1" 404 5 "a\"b" "x \"y\" z"`, `sc-status=404 cs-referer=a\"b cs-user-agent=x_\"y\"_z`},
		{`198.51.100.4 - -` + when + `"GET /\" HTTP/1.1" 404 5 "-" "evil\"`, `sc-status=404 cs-user-agent=evil\`},
		{`198.51.100.4 - -` + when + `"-" 408 - "-" "-"`, "sc-status=408 cs-method= sc-bytes=--"},
		{`198.51.100.4 - -` + when + `"" 400 0 "-" "-"`, "sc-status=400 cs-method="},
		{`198.51.100.4 - -` + when + `"\x16\x03\x01\x00" 400 0 "-" "-"`, `cs-uri=\x16\x03\x01\x00 cs-method=`},
		{`2001:db8::7 - -` + when + `"GET http://x.example/a b HTTP/1.0" 200 0`, "c-ip=2001:db8::7 cs-uri=http://x.example/a_b"},
		{`host.example.org - -` + when + `"GET / HTTP/1.0" 200 0`, "c-dns=host.example.org source.domain=host.example.org c-ip="},
		{`www.example.org host.example.org - -` + when + `"GET / HTTP/1.0" 200 0`, "cs-host=www.example.org c-dns=host.example.org"},
	} {
		events := parseAll(Access, c.line)
		if len(events) != 1 || events[0].Shape != accessShape {
			t.Errorf("not an access line: %s", c.line)
			continue
		}
		if got := events[0].When().Format("15:04:05"); got != "08:12:44" {
			t.Errorf("time %s of %s", got, c.line)
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if want == "--" {
				want = "-"
			}
			if got := strings.ReplaceAll(events[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.line)
			}
		}
	}
}

// TestRelayedLines checks messages of syslog that are records of other formats.
func TestRelayedLines(t *testing.T) {
	for _, c := range []struct{ line, format, want string }{
		{`Mar  3 09:12:44 web nginx: 198.51.100.4 - - [03/Mar/2024:09:12:44 +0100] "GET /a HTTP/1.1" 200 5 "-" "x"`, "access", "host.name=web c-ip=198.51.100.4 process.name=nginx"},
		{`Mar  3 09:12:44 lb haproxy[7]: 198.51.100.4:5032 [03/Mar/2024:09:12:44.885] front~ back/web1 0/0/0/169/169 404 1541 - - ---- 5715/616/96/15/0 0/0 "GET /a?b HTTP/1.1"`, "access", "c-ip=198.51.100.4 sc-status=404 cs-uri-query=b process.pid=7"},
		{`Mar  3 09:12:44 lb app[7]: {"user":"anna","n":1}`, "json", "user=anna"},
		{`Mar  3 09:12:44 lb app[7]: @cee: {"user":"anna"}`, "json", "user=anna"},
		{`Mar  3 09:12:44 lb app[7]: {"user" is no object}`, "syslog", "process.name=app"},
		{`0 3 PVEFW-HOST-IN 03/Mar/2024:09:12:44 +0100 policy DROP: IN=vmbr0 SRC=198.51.100.4 DST=192.0.2.1 PROTO=UDP SPT=1 DPT=2`, "netfilter", "src_ip=198.51.100.4 action=drop"},
	} {
		events := parseAll(Syslog, c.line)
		if len(events) != 1 || events[0].Shape.Format.Name != c.format || events[0].Raw != c.line || events[0].Time == 0 {
			t.Errorf("%s: %+v", c.line, events)
			continue
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if got := events[0].Get(name).String(); got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.line)
			}
		}
	}
}

func TestErrorLogLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`[Sun Mar 03 09:12:44.120000 2024] [authz_core:error] [pid 771:tid 139] [client 198.51.100.4:50122] AH01630: client denied by server configuration: /srv/x, referer: https://r.example/`, "apache log.level=error log.logger=authz_core process.pid=771 source.ip=198.51.100.4 source.port=50122 http.request.referrer=https://r.example/"},
		{`[Sun Mar  3 09:12:44 2024] [error] [client 198.51.100.4] File does not exist: /srv/x`, "apache log.level=error source.ip=198.51.100.4 message=File_does_not_exist:_/srv/x"},
		{`[Sun Mar 03 09:12:44.120000 2024] [auth_basic:error] [pid 7] [client 198.51.100.4:5] AH01617: user anna: authentication failure for "/": Password Mismatch`, "apache user.name=anna"},
		{`[Sun Mar 03 09:12:44 2024] [core:error] [pid 7] [client [2001:db8::7]:5] text`, "apache source.ip=2001:db8::7 source.port=5 message=text"},
		{`2024/03/03 09:12:44 [error] 882#882: *17 open() "/x" failed (2: No such file or directory), client: 198.51.100.4, server: shop.example, request: "GET /x?, client: 203.0.113.1, HTTP/1.1", host: "shop.example", referrer: "https://r.example/"`, "nginx source.ip=198.51.100.4 http.request.method=GET url.domain=shop.example http.request.referrer=https://r.example/"},
		{`2024/03/03 09:12:44 [error] 882#882: *17 user "anna" was not found in "/etc/p", client: 2001:db8::7, server: x, request: "GET / HTTP/1.1", host: "x"`, "nginx source.ip=2001:db8::7 user.name=anna url.original=/"},
		{`2024/03/03 09:12:44 [notice] 1#1: start worker processes`, "nginx log.level=notice process.pid=1 source.ip="},
	} {
		events := parseAll(ErrorLog, c.line)
		dialect, fields, _ := strings.Cut(c.want, " ")
		if len(events) != 1 || events[0].Shape.Format.Name != dialect {
			t.Errorf("not of %s: %s", dialect, c.line)
			continue
		}
		if got := events[0].When().Format("2006-01-02T15:04:05"); got != "2024-03-03T09:12:44" {
			t.Errorf("time %s of %s", got, c.line)
		}
		for _, field := range strings.Fields(fields) {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(events[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.line)
			}
		}
	}
}

func TestAuditLines(t *testing.T) {
	const id = "msg=audit(1709456364.120:771): "
	for _, c := range []struct{ lines, want string }{
		{
			"type=SYSCALL " + id + "arch=c000003e syscall=257 success=no exit=-13 a0=ff pid=5 auid=1000 uid=1000 comm=2E2F61 exe=\"/tmp/a\" key=\"a\"\x1dARCH=x86_64 SYSCALL=openat AUID=\"anna\" UID=\"anna\"\n" +
				"type=CWD " + id + "cwd=\"/tmp\"\ntype=PATH " + id + "item=0 name=2F746D702F61206200 nametype=NORMAL\ntype=PATH " + id + "item=1 name=\"/etc/shadow\" nametype=CREATE\n",
			`type=["SYSCALL","CWD","PATH"] name=["/tmp/a_b","/etc/shadow"] nametype=["NORMAL","CREATE"] SYSCALL=openat event.outcome=failure event.category=file user.name=anna cwd=/tmp comm=2E2F61 process.working_directory=/tmp`,
		},
		{"Mar  3 09:12:44 gate audispd: node=gate type=USER_CMD " + id + "pid=3 uid=1000 auid=1000 ses=1 msg='cwd=\"/\" cmd=6C73202D6C terminal=pts/0 res=success'", "type=USER_CMD cmd=ls_-l process.command_line=ls_-l event.outcome=success host.name=gate"},
		{"Mar  3 09:12:44 gate kernel: [12.5] audit: type=1400 audit(1709456364.120:771): apparmor=\"DENIED\" operation=\"open\" profile=\"x\" name=\"/etc/shadow\" pid=7 comm=\"x\"", "type=AVC apparmor=DENIED name=/etc/shadow host.name=gate"},
		{"Mar  3 09:12:44 gate audispd: type=SYSCALL " + id + "arch=c000003e syscall=59 success=yes comm=\"x\"#035ARCH=x86_64 SYSCALL=execve UID=\"root\"", "SYSCALL=execve user.name=root"},
		{"type=EXECVE " + id + "argc=3 a0=\"sh\" a1_len=6 a1[0]=\"abc\" a1[1]=\"def\" a2=\"\"", "a1=abcdef process.command_line=sh_abcdef_"},
		{"type=USER_LOGIN " + id + "pid=9 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=\"anna\" exe=\"/usr/sbin/sshd\" hostname=h.example addr=203.0.113.7 terminal=ssh res=failed'", "user.name=anna source.ip=203.0.113.7 source.domain=h.example event.outcome=failure event.action=login event.category=authentication process.executable=/usr/sbin/sshd"},
		{"type=SYSCALL " + id + "arch=c000003e syscall=59 comm=\"x\" key=610162", `key=["a","b"]`},
	} {
		events := parseAll(Auditd, c.lines)
		if len(events) != 1 {
			t.Errorf("%d events of %s", len(events), c.lines)
			continue
		}
		for _, field := range strings.Fields(c.want) {
			name, want, _ := strings.Cut(field, "=")
			if got := strings.ReplaceAll(events[0].Get(name).String(), " ", "_"); got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.lines)
			}
		}
	}
}
