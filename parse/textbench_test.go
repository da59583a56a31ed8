package parse

import (
	"strings"
	"syscall"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// BenchmarkLines measures lines that are read into events, by their kind.
func BenchmarkLines(b *testing.B) {
	for _, c := range []struct {
		name   string
		format *Format
		lines  string
	}{
		{"sshd", Syslog, "Mar  3 09:12:44 gate sshd[812]: Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2\n" +
			"Mar  3 09:12:45 gate sshd[813]: Failed password for root from 203.0.113.9 port 50123 ssh2\n" +
			"Mar  3 09:12:46 gate sshd[812]: Connection closed by invalid user oracle 203.0.113.7 port 50122 [preauth]\n" +
			"Mar  3 09:12:47 gate sshd[814]: Accepted publickey for anna from 198.51.100.3 port 40022 ssh2: ED25519 SHA256:qkYv7yN1Yx3s0qkYv7yN1Yx3s0qkYv7yN1Yx3s0\n"},
		{"syslog", Syslog, "Mar  3 09:12:44 gate postfix/smtpd[2912]: connect from mail.example.org[203.0.113.7]\n" +
			"Mar  3 09:12:45 gate dhclient[812]: bound to 192.0.2.7 -- renewal in 1620 seconds.\n"},
		{"servers", Syslog, "Mar  3 09:12:44 gate postfix/smtpd[2912]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n" +
			"Mar  3 09:12:45 gate dovecot: imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 9 secs): user=<anna>, method=PLAIN, rip=203.0.113.7, lip=192.0.2.1, TLS, session=<x>\n" +
			"Mar  3 09:12:46 gate named[812]: client @0x7f65100ee4d8 203.0.113.7#3076 (shop.example): query: shop.example IN A +E(0)K (192.0.2.1)\n" +
			"Mar  3 09:12:47 gate mysqld[812]: 2024-03-03 09:12:47 7 [Warning] Access denied for user 'anna'@'203.0.113.7' (using password: YES)\n"},
		{"ownfiles", Text, eximLog.example + mysqlLog.example + postgresLog.example + vsftpdLog.example + squidLog.example + bindLog.example},
		{"login", Text, "2024-03-03 09:12:44 WARNING (MainThread) [components.http.ban] Login attempt or request with invalid authentication from desk (203.0.113.7)\n"},
		{"rfc5424", Syslog, "<34>1 2024-03-03T09:12:44.120Z gate app 812 ID47 - an event of no known kind, with some text\n"},
		{"netfilter", Syslog, "Mar  3 09:12:44 gate kernel: [50028442.088484] [UFW BLOCK] IN=eth0 OUT= MAC=00:00:5e:00:53:01:00:00:5e:00:53:02:08:00 SRC=203.0.113.7 DST=192.0.2.1 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0\n"},
		{"access", Access, "198.51.100.4 - - [03/Mar/2024:09:12:44 +0100] \"GET /shop/cart.php?id=7 HTTP/1.1\" 200 5120 \"https://shop.example/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\"\n"},
		{"auditd", Auditd, "type=SYSCALL msg=audit(1709456364.120:771): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55e0 a2=55f0 a3=8 items=2 ppid=812 pid=913 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"shadow\"\n" +
			"type=EXECVE msg=audit(1709456364.120:771): argc=2 a0=\"cat\" a1=\"/etc/shadow\"\n" +
			"type=CWD msg=audit(1709456364.120:771): cwd=\"/root\"\n" +
			"type=PATH msg=audit(1709456364.120:771): item=0 name=\"/usr/bin/cat\" inode=131 dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL\n" +
			"type=PROCTITLE msg=audit(1709456364.120:771): proctitle=636174002F6574632F736861646F77\n"},
		{"text", Text, "2024-03-03 09:12:44,120 WARN  billing - retrying after timeout\n"},
		{"csv", CSV, "2024-03-03T09:12:44Z,gate,login,anna,\"first, of two\",7,8,9\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := strings.Repeat(c.lines, 4000/strings.Count(c.lines, "\n"))
			block := event.Block{Origin: &event.Origin{Path: "x", Reference: testReference}, Data: text, First: 1}
			if c.format == CSV {
				block.Header = "time,host,action,user,detail,a,b,c"
			}
			var out event.Batch
			p := c.format.NewParser(&Env{})
			p.Parse(block, &out)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			lines := strings.Count(text, "\n")
			start := processorTime()
			for b.Loop() {
				out.Reset()
				p.Parse(block, &out)
			}
			b.ReportMetric(float64(processorTime()-start)/float64(b.N)/float64(lines), "cpu-ns/line")
		})
	}
}

// processorTime returns the nanoseconds that this process has used, which tells more than the clock on a shared machine.
func processorTime() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
