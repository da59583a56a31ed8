package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// company makes the logs of some weeks of a small company: 20 people, 10 servers, office hours, a holiday, backups,
// updates, somebody who travels, a new colleague, a new server, an audit, and one night with an intruder.
type company struct {
	rng    *rand.Rand
	files  map[string][]companyLine
	begin  time.Time // a Monday, midnight
	people []person
	days   int
}

type companyLine struct {
	at   time.Time
	text string
}

type person struct {
	name    string
	machine int // of 10.0.20.0/24
	admin   bool
	reads   float64 // things in a day, usually
	from    int     // the day on which they begin
	home    string  // address
	servers []string
}

var companyServers = []string{"web1", "web2", "db1", "db2", "mail1", "git1", "backup1", "mon1"} // beside DC01 and FS01

const (
	companyDays    = 35
	companyHoliday = 19
	companyNewHire = 15
	companyServer  = 23
	companyAudit   = 28
	companyTheft   = 32 // a Friday, by night
)

func newCompany(seed uint64) *company {
	c := &company{rng: rand.New(rand.NewPCG(seed, 11)), files: make(map[string][]companyLine), begin: time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC), days: companyDays}
	names := strings.Fields("anna ben carla dora emil fred greta hans ida jan karl lena max nora otto paul rosa sven tina ulla")
	for i, n := range names {
		p := person{name: n, machine: 10 + i, admin: i < 4, reads: math.Exp(2.3 + 0.8*c.rng.NormFloat64()), home: fmt.Sprintf("198.51.100.%d", 20+i*5)}
		if i == len(names)-1 {
			p.from = companyNewHire
		}
		for _, k := range c.rng.Perm(len(companyServers))[:5] {
			p.servers = append(p.servers, companyServers[k])
		}
		c.people = append(c.people, p)
	}
	c.people[0].servers = []string{"web1", "web2", "mail1", "git1", "mon1"} // never db2
	for day := range c.days {
		c.machines(day)
		for i := range c.people {
			c.person(&c.people[i], day)
		}
	}
	c.changes()
	c.theft()
	return c
}

func (c *company) at(day int, hour float64) time.Time {
	return c.begin.AddDate(0, 0, day).Add(time.Duration(hour * float64(time.Hour)))
}

func (c *company) line(file string, at time.Time, format string, args ...any) {
	c.files[file] = append(c.files[file], companyLine{at, fmt.Sprintf(format, args...)})
}

// few takes one of n things, the first far more often than the last.
func (c *company) few(n int) int { return int(float64(n) * math.Pow(c.rng.Float64(), 3)) }

func (c *company) works(day int) bool { return day%7 < 5 && day != companyHoliday }

// syslog writes a line of a server.
func (c *company) syslog(host string, at time.Time, format string, args ...any) {
	c.line(host+"-syslog.log", at, "%s %s %s", at.Format(time.RFC3339), host, fmt.Sprintf(format, args...))
}

// machines is what servers do by themselves.
func (c *company) machines(day int) {
	servers := companyServers
	if day >= companyServer {
		servers = append(slices.Clone(servers), "web3")
	}
	for i, host := range servers {
		for h := range 24 {
			at := c.at(day, float64(h)+17.0/60)
			c.syslog(host, at, "CRON[%d]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)", 1000+c.rng.IntN(30000))
			for range 4 + c.rng.IntN(3) {
				c.syslog(host, c.at(day, float64(h)+c.rng.Float64()), "systemd[1]: Started sysstat-collect.service - system activity accounting tool.")
			}
		}
		night := c.at(day, 1+float64(i)/20)
		c.syslog(host, night, "sshd[%d]: Accepted publickey for backup from 10.0.10.9 port %d ssh2", 1000+c.rng.IntN(9000), 20000+c.rng.IntN(30000))
		if strings.HasPrefix(host, "web") {
			c.requests(host, day)
		}
		if day%7 == 1 { // updates
			at := c.at(day, 22+float64(i)/10)
			c.syslog(host, at, "sudo: anna : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/apt-get -y upgrade")
			for k := range 20 {
				c.syslog(host, at.Add(time.Duration(k)*time.Second), "systemd[1]: Reloading part-%d.service.", k)
			}
		}
	}
}

// requests is what a web server is asked for.
func (c *company) requests(host string, day int) {
	level := 20.0
	if !c.works(day) {
		level = 12
	}
	for h := range 24 {
		n := int(level * (1 + math.Sin(float64(h-9)/24*2*math.Pi)) * (0.85 + 0.3*c.rng.Float64()))
		for range n + 4 {
			at := c.at(day, float64(h)+c.rng.Float64())
			c.line(host+"-access.log", at, `198.51.100.%d - - [%s] "GET /page/%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64)"`, c.rng.IntN(250), at.Format("02/Jan/2006:15:04:05 -0700"), c.few(300), 900+c.rng.IntN(9000))
		}
	}
}

func (c *company) windows(at time.Time, id int, host, rest string) {
	c.line("windows.json", at, `{"TimeCreated":%q,"EventRecordID":%d,"Channel":"Security","Provider_Name":"Microsoft-Windows-Security-Auditing","EventID":%d,"Computer":"%s.corp.example.com",%s}`,
		at.Format(time.RFC3339Nano), len(c.files["windows.json"]), id, host, rest)
}

func (c *company) logon(at time.Time, user, host, from string) {
	c.windows(at, 4624, host, fmt.Sprintf(`"TargetUserName":%q,"TargetDomainName":"CORP","LogonType":"3","IpAddress":%q`, user, from))
}

func (c *company) program(at time.Time, user, host, program string) {
	c.windows(at, 4688, host, fmt.Sprintf(`"SubjectUserName":%q,"NewProcessName":%q,"ParentProcessName":"C:\\Windows\\explorer.exe"`, user, program))
}

func (c *company) cloud(at time.Time, what, user, from string) {
	c.line("m365.json", at, `{"CreationTime":%q,"Id":"%d","Operation":%q,"Workload":"SharePoint","UserId":"%s@example.com","ClientIP":%q,"ResultStatus":"Succeeded","ObjectId":"https://example.sharepoint.com/doc%d"}`,
		at.Format("2006-01-02T15:04:05"), len(c.files["m365.json"]), what, user, from, c.few(4000))
}

// person is a day of somebody.
func (c *company) person(p *person, day int) {
	if day < p.from || !c.works(day) && (!p.admin || c.rng.IntN(8) > 0) || c.rng.IntN(14) == 0 {
		return
	}
	begin, end := 7.5+2*c.rng.Float64(), 16+2.5*c.rng.Float64()
	some := func() time.Time { return c.at(day, begin+(end-begin)*c.rng.Float64()) }
	address, machine, office := fmt.Sprintf("10.0.20.%d", p.machine), fmt.Sprintf("WS%02d", p.machine), "198.51.100.7"
	if c.rng.IntN(5) == 0 {
		office = p.home
	}
	if p.name == "emil" && day%7 == 3 && day > 13 { // sells in France now
		office = fmt.Sprintf("198.51.100.%d", 130+c.rng.IntN(100))
	}
	c.logon(c.at(day, begin), p.name, "DC01", address)
	c.cloud(c.at(day, begin+0.1), "UserLoggedIn", p.name, office)
	for range 12 {
		c.logon(some(), p.name, [2]string{"DC01", "FS01"}[c.rng.IntN(2)], address)
	}
	for range 40 {
		c.program(some(), p.name, machine, fmt.Sprintf(`C:\Program Files\Tool%d\tool.exe`, c.few(30)))
	}
	if c.rng.IntN(6) == 0 { // now and then something new
		c.program(some(), p.name, machine, fmt.Sprintf(`C:\Users\%s\Downloads\setup%d.exe`, p.name, c.rng.IntN(100000)))
	}
	for range int(p.reads * math.Exp(0.5*c.rng.NormFloat64())) {
		c.cloud(some(), [2]string{"FileAccessed", "FileDownloaded"}[c.rng.IntN(2)], p.name, office)
	}
	c.browse(p, day, begin, end)
	if p.admin {
		for range 2 + c.rng.IntN(6) {
			at, host := some(), p.servers[c.few(len(p.servers))]
			c.syslog(host, at, "sshd[%d]: Accepted publickey for %s from %s port %d ssh2", 1000+c.rng.IntN(9000), p.name, address, 20000+c.rng.IntN(30000))
			for range 1 + c.rng.IntN(4) {
				at = at.Add(time.Duration(20+c.rng.IntN(200)) * time.Second)
				c.syslog(host, at, "sudo: %s : TTY=pts/0 ; PWD=/home/%[1]s ; USER=root ; COMMAND=/usr/bin/tool%d -v", p.name, c.few(40))
			}
		}
	}
}

func (c *company) flow(at time.Time, from, to string, port int, proto string, sent int) {
	c.line("conn.json", at, `{"_path":"conn","ts":%.6f,"uid":"C%d","id.orig_h":%q,"id.orig_p":%d,"id.resp_h":%q,"id.resp_p":%d,"proto":%q,"orig_bytes":%d,"resp_bytes":%d,"conn_state":"SF"}`,
		float64(at.UnixMicro())/1e6, len(c.files["conn.json"]), from, 20000+c.rng.IntN(30000), to, port, proto, sent, sent*8)
}

// browse is what the programs of somebody ask for.
func (c *company) browse(p *person, day int, begin, end float64) {
	from := fmt.Sprintf("10.0.20.%d", p.machine)
	for at := begin + c.rng.ExpFloat64()/12; at < end; at += c.rng.ExpFloat64() / 12 { // pages, each with some connections
		site := c.few(400)
		for range 1 + c.rng.IntN(4) {
			c.flow(c.at(day, at+c.rng.Float64()/500), from, fmt.Sprintf("192.0.2.%d", site%250), 443+site/250, "tcp", 300+c.rng.IntN(4000))
		}
		t := c.at(day, at)
		c.line("dns.json", t, `{"_path":"dns","ts":%.6f,"uid":"D%d","id.orig_h":%q,"id.orig_p":5353,"id.resp_h":"10.0.10.2","id.resp_p":53,"proto":"udp","query":"www.site%d.example.com","qtype_name":"A","rcode_name":"NOERROR"}`,
			float64(t.UnixMicro())/1e6, len(c.files["dns.json"]), from, site)
	}
	for at := begin; at < end; at += 0.1 + c.rng.Float64()/500 { // a chat that everybody has open
		c.flow(c.at(day, at), from, "192.0.2.251", 443, "tcp", 500+c.rng.IntN(200))
	}
	for at := begin; at < end; at += 1024.0 / 3600 { // the clock
		c.flow(c.at(day, at), from, "192.0.2.252", 123, "udp", 48)
	}
}

// changes are what happens once: all of it is in order.
func (c *company) changes() {
	hire := &c.people[len(c.people)-1]
	c.windows(c.at(companyNewHire, 8), 4720, "DC01", fmt.Sprintf(`"TargetUserName":%q,"SubjectUserName":"anna"`, hire.name))
	for i, host := range append(slices.Clone(companyServers), "web3") { // the auditor looks at each server
		at := c.at(companyAudit, 10+float64(i)/3)
		c.syslog(host, at, "sshd[%d]: Accepted publickey for auditor from 10.0.20.99 port %d ssh2", 4000+i, 40000+i)
		c.syslog(host, at.Add(time.Minute), "sudo: auditor : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/lynis audit system")
	}
	for week := range 5 { // programs of every machine are renewed
		for i := range c.people {
			p := &c.people[i]
			if day := 7*week + 2; day >= p.from {
				at := c.at(day, 12+float64(i)/60)
				c.program(at, "system", fmt.Sprintf("WS%02d", p.machine), fmt.Sprintf(`C:\Windows\SoftwareDistribution\Download\Install\update-kb50%d.exe`, 1000+week))
			}
		}
	}
}

// theft is the night of the intruder.
func (c *company) theft() {
	t := c.at(companyTheft, 2.2)
	c.syslog("db2", t, "sshd[8812]: Accepted publickey for anna from 203.0.113.66 port 51122 ssh2")
	c.syslog("db2", t.Add(4*time.Minute), "usermod[8830]: add 'mallory' to group 'sudo'")
	for i := range 360 {
		c.flow(t.Add(time.Duration(i)*time.Minute+time.Duration(c.rng.IntN(12)-6)*time.Second), "10.0.10.14", "203.0.113.80", 8443, "tcp", 1100+c.rng.IntN(60))
	}
	c.cloud(t.Add(time.Hour), "UserLoggedIn", "dora", "203.0.113.67")
	n := int(max(10*c.people[3].reads, 150)) * 3
	for i := range n {
		c.cloud(t.Add(time.Hour+time.Duration(i)*5*time.Second), "FileDownloaded", "dora", "203.0.113.67")
	}
}

// write writes the logs into a folder.
func (c *company) write(tb testing.TB, dir string) {
	tb.Helper()
	for name, lines := range c.files {
		slices.SortStableFunc(lines, func(a, b companyLine) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
		var b strings.Builder
		for i := range lines {
			b.WriteString(lines[i].text)
			b.WriteByte('\n')
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}
