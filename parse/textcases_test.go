package parse

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// readCases reads a file of one JSON object a line.
func readCases[T any](t *testing.T, name string) []T {
	f, err := os.Open(refdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var c T
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		t.Fatal("no cases")
	}
	return all
}

type crowdsecCase struct {
	ID, Test, Stage, Line string
	LogType               string `json:"log_type"`
	LogFile               string `json:"log_file"`
	Success               bool
	Meta                  map[string]string
	Parsed                map[string]string
	Time                  *string
	Enriched              map[string]string
}

func TestCrowdsecLines(t *testing.T) {
	reference := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tested := map[string]bool{
		"sshd-logs": true, "sshd-logs-fp": true, "nginx_http-logs": true, "iptables-logs": true, "pam-logs": true,
		"traefik_clf": true, "spring4shell_cve-2022-22965": true, "overseerr-whitelist": true, "litespeed-logs": true, "CVE-2022-40684": true,
	}
	good, all := 0, 0
	for _, c := range readCases[crowdsecCase](t, "cases/crowdsec_parser.jsonl") {
		if !tested[c.Test] && os.Getenv("ALL") == "" || c.Line == "" {
			continue
		}
		want := c.Meta["source_ip"]
		if !c.Success || want == "" && c.Enriched["MarshaledTime"] == "" {
			continue
		}
		f := Recognise(Formats, c.Line+"\n")
		var out event.Batch
		o := &event.Origin{Path: c.LogFile, Format: f.Name, Reference: reference}
		f.NewParser(&Env{}).Parse(event.Block{Origin: o, Data: c.Line, First: 1}, &out)
		if len(out.Events) != 1 {
			t.Errorf("%s: %d events of %q", c.ID, len(out.Events), c.Line)
			continue
		}
		e := &out.Events[0]
		if want != "" {
			all++
			got := e.Get("source.ip").String()
			if got == want {
				good++
			} else {
				t.Logf("%s %s: source.ip %q, want %q in %s", c.ID, c.Test, got, want, c.Line)
			}
		}
		if w := c.Enriched["MarshaledTime"]; w != "" {
			all++
			wt, err := time.Parse(time.RFC3339Nano, w)
			if err != nil {
				t.Fatal(err)
			}
			got := e.When()
			if wt.Equal(got) || strings.HasPrefix(c.LogType, "syslog") && wt.Format("01-02T15:04:05") == got.Format("01-02T15:04:05") {
				good++
			} else {
				t.Logf("%s %s: time %v, want %v in %s", c.ID, c.Test, got, wt, c.Line)
			}
		}
	}
	t.Logf("agree: %d of %d", good, all)
	if all < 100 || good < all-4 { // the four are LiteSpeed's own error lines
		t.Errorf("%d of %d addresses and times agree", good, all)
	}
}

type auditCase struct {
	ID, Line  string
	Timestamp string
	Expected  map[string]string
}

func TestAuditRecords(t *testing.T) {
	good, all := 0, 0
	for _, c := range readCases[auditCase](t, "cases/auditd_records.jsonl") {
		events := parseAll(Auditd, c.Line)
		if len(events) != 1 {
			t.Errorf("%s: %d events", c.ID, len(events))
			continue
		}
		got := fieldsOf(&events[0])
		if w, _ := time.Parse(time.RFC3339Nano, c.Timestamp); !w.Equal(events[0].When()) {
			t.Errorf("%s: time %v, want %v", c.ID, events[0].When(), w)
		}
		for name, want := range c.Expected {
			all++
			if g := auditAs(name, got); g == want {
				good++
			} else {
				t.Errorf("%s: %s is %q, want %q", c.ID, name, g, want)
			}
		}
	}
	t.Logf("agree: %d of %d fields", good, all)
	if all < 200 {
		t.Errorf("only %d fields", all)
	}
}

// auditAs returns a field under the name and in the words that go-libaudit has for it: it renames some, replaces
// numbers by names, and calls the number that stands for none "unset".
func auditAs(name string, got map[string]string) string {
	g := got[name]
	switch name {
	case "result":
		return strings.TrimSuffix(got["event.outcome"], "ure")
	case "arch":
		return got["ARCH"]
	case "syscall":
		return got["SYSCALL"]
	case "family":
		return strings.Replace(got["saddr_fam"], "inet", "ipv4", 1)
	case "addr":
		if got["laddr"] != "" {
			return got["laddr"]
		}
	case "port":
		return got["lport"]
	}
	if part, ok := strings.CutPrefix(name, "subj_"); ok {
		parts := strings.SplitN(got["subj"], ":", 5)
		for i, n := range []string{"user", "role", "domain", "level", "category"} {
			if n == part && i < len(parts) {
				return parts[i]
			}
		}
	}
	if g == "4294967295" && name != "old-ses" {
		return "unset"
	}
	return g
}

func TestSharesRecognised(t *testing.T) {
	for _, c := range []struct {
		file  string
		least float64 // the share of lines that must be taken apart
	}{
		{"elastic-examples/Machine Learning/Security Analytics Recipes/suspicious_login_activity/data/auth.log", 0.99},
		{"elastic-examples/Common Data Formats/apache_logs/apache_logs", 1},
	} {
		data, err := os.ReadFile(refdata.Path(t, c.file))
		if err != nil {
			t.Fatal(err)
		}
		f := Recognise(Formats, string(data[:65536]))
		known, sshd, sshdKnown, n := 0, 0, 0, 0
		for _, e := range parseAll(f, string(data)) {
			n++
			name := e.Shape.Format.Name
			action := e.Get("event.action").String()
			ok := name == "access" || action != ""
			if ok {
				known++
			}
			if name == "sshd" {
				sshd++
				if ok {
					sshdKnown++
				}
			}
		}
		t.Logf("%s: %s, %d of %d lines recognised; sshd %d of %d", c.file, f.Name, known, n, sshdKnown, sshd)
		if float64(known) < c.least*float64(n) {
			t.Errorf("%s: %d of %d lines", c.file, known, n)
		}
	}
}
