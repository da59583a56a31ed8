package sight

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
)

// sightsIn returns the sightings of lines, but for tallies.
func sightsIn(tb testing.TB, format, lines string) []Sighting {
	tb.Helper()
	batch := readBatch(tb, format, lines)
	w := newSights(nil)
	for i := range batch.Events {
		w.see(&batch.Events[i])
	}
	var list []Sighting
	for _, s := range w.take() {
		if s.Kind != SawTally {
			list = append(list, s)
		}
	}
	return list
}

func readBatch(tb testing.TB, format, lines string) *event.Batch {
	tb.Helper()
	for _, f := range parse.Formats {
		if f.Name != format {
			continue
		}
		var batch event.Batch
		split, parser := f.NewSplitter(), f.NewParser(new(parse.Env))
		origin := &event.Origin{Path: "a.log", Format: format, Reference: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
		for lines != "" {
			c := split.Split([]byte(lines), true)
			if c.Size == 0 {
				break
			}
			parser.Parse(event.Block{Origin: origin, Header: c.Header, Data: lines[c.Skip : c.Skip+c.Size], First: 1}, &batch)
			lines = lines[c.Skip+c.Size:]
		}
		return &batch
	}
	tb.Fatalf("no format %q", format)
	return nil
}

func TestSightings(t *testing.T) {
	for _, c := range []struct {
		name, format, lines string
		want                Sighting // the fields that are set must be so
	}{
		{"ssh", "syslog", "Nov 21 01:00:00 web1 sshd[8]: Accepted publickey for root from 203.0.113.9 port 4022 ssh2\n", Sighting{Kind: SawLogon, User: "root", Host: "web1", Type: "ssh", Outcome: Succeeded}},
		{"sudo", "syslog", "Nov 21 01:00:00 web1 sudo: anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/id -u\n", Sighting{Kind: SawProgram, Program: "/usr/bin/id", Host: "web1"}},
		{"group", "syslog", "Nov 21 01:00:00 web1 usermod[8]: add 'mallory' to group 'sudo'\n", Sighting{Kind: SawGrant, User: "mallory", Name: "sudo", Admin: true}},
		{"package", "syslog", "2026-11-21 01:00:00 status installed curl:amd64 8.1\n2026-11-21 01:00:00 install curl:amd64 <none> 8.1\n", Sighting{Kind: SawPackage}},
		{"execve", "auditd", `type=SYSCALL msg=audit(1763686800.1:7): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=2 auid=1000 uid=0 comm="id" exe="/usr/bin/id"` + "\n", Sighting{Kind: SawProgram, Program: "/usr/bin/id"}},
		{"windows logon", "json", `{"@timestamp":"2026-11-21T01:00:00Z","Channel":"Security","Provider_Name":"Microsoft-Windows-Security-Auditing","EventID":4624,"LogonType":10,"TargetUserName":"Anna","Computer":"srv1","IpAddress":"203.0.113.9"}` + "\n", Sighting{Kind: SawLogon, User: "anna", Host: "srv1", Type: "remote desktop"}},
		{"windows process", "json", `{"@timestamp":"2026-11-21T01:00:00Z","Channel":"Security","Provider_Name":"Microsoft-Windows-Security-Auditing","EventID":4688,"NewProcessName":"C:\\Users\\Anna\\a.exe","SubjectUserName":"anna","Computer":"srv1"}` + "\n", Sighting{Kind: SawProgram, Program: `c:\users\*\a.exe`, Host: "srv1"}},
		{"domain admin", "json", `{"@timestamp":"2026-11-21T01:00:00Z","Channel":"Security","Provider_Name":"Microsoft-Windows-Security-Auditing","EventID":4728,"MemberName":"CN=Mallory,OU=x","TargetUserName":"Domain Admins","TargetSid":"S-1-5-21-1-2-3-512","SubjectUserName":"anna","Computer":"dc1"}` + "\n", Sighting{Kind: SawGrant, User: "Mallory", Name: "Domain Admins", Type: "anna", Admin: true}},
		{"cloudtrail", "json", `{"eventVersion":"1.08","eventTime":"2026-11-21T01:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userIdentity":{"type":"IAMUser","userName":"anna"},"requestParameters":{"userName":"mallory","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}}` + "\n", Sighting{Kind: SawGrant, User: "mallory", Type: "anna", Admin: true}},
		{"m365 read", "json", `{"CreationTime":"2026-11-21T01:00:00","Operation":"FileDownloaded","Workload":"SharePoint","UserId":"Anna@example.com","ClientIP":"203.0.113.9","Id":"1"}` + "\n", Sighting{Kind: SawRead, User: "anna@example.com", Dataset: "m365"}},
		{"okta", "json", `{"published":"2026-11-21T01:00:00Z","eventType":"user.session.start","uuid":"1","actor":{"alternateId":"anna@example.com"},"outcome":{"result":"SUCCESS"},"client":{"ipAddress":"203.0.113.9"}}` + "\n", Sighting{Kind: SawLogon, User: "anna@example.com", Type: "okta"}},
		{"netfilter", "syslog", "Nov 21 01:00:00 fw kernel: [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=192.0.2.1 LEN=40 PROTO=TCP SPT=4000 DPT=22 SYN\n", Sighting{Kind: SawFlow, Port: 22}},
		{"suricata dns", "json", `{"timestamp":"2026-11-21T01:00:00.000000+0000","flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","dns":{"type":"query","rrname":"WWW.example.com","rrtype":"A"}}` + "\n", Sighting{Kind: SawDNS, Name: "www.example.com"}},
	} {
		list := sightsIn(t, c.format, c.lines)
		found := false
		for i := range list {
			found = found || fits(&list[i], &c.want)
		}
		if !found {
			t.Errorf("%s: %+v", c.name, list)
		}
	}
}

func fits(s, want *Sighting) bool {
	same := func(a, b string) bool { return b == "" || a == b }
	return s.Kind == want.Kind && same(s.User, want.User) && same(s.Host, want.Host) && same(s.Program, want.Program) &&
		same(s.Name, want.Name) && same(s.Type, want.Type) && same(s.Dataset, want.Dataset) && (!want.Admin || s.Admin) &&
		(want.Outcome == Undecided || s.Outcome == want.Outcome) && (want.Port == 0 || s.Port == want.Port) && s.Time != 0
}

// Every event counts for its source, whatever it says.
func TestTallies(t *testing.T) {
	batch := readBatch(t, "syslog", strings.Repeat("Nov 21 01:00:00 web1 app[8]: one\nNov 21 01:00:30 web2 app[8]: two\nNov 21 01:01:00 web1 app[8]: three\n", 50))
	w := newSights(nil)
	for i := range batch.Events {
		w.see(&batch.Events[i])
	}
	total, list := int64(0), w.take()
	for _, s := range list {
		total += s.Count
	}
	if total != 150 || len(list) != 3 {
		t.Errorf("%d events in %d tallies", total, len(list))
	}
}

func BenchmarkSights(b *testing.B) {
	batch := readBatch(b, "syslog", strings.Repeat("Nov 21 01:00:00 web1 sshd[8]: Failed password for root from 203.0.113.9 port 4022 ssh2\nNov 21 01:00:30 web1 app[8]: two\n", 1000))
	spare := make(chan []Sighting, 1)
	w := newSights(spare)
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch.Events {
			w.see(&batch.Events[i])
		}
		list := w.take()
		clear(list)
		spare <- list[:0]
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(batch.Events)), "ns/event")
}
