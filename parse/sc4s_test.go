package parse

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// TestMakersOfLines reads the lines of many products and counts those whose vendor and product are told.
func TestMakersOfLines(t *testing.T) {
	data, err := os.ReadFile(refdata.Path(t, "cases/sc4s.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{{ bsd }}", "Nov 22 06:00:00", "{{ iso }}", "2026-11-22T06:00:00.120000", "{{ host }}", "gate7", "{{host}}", "gate7", "{{host }}", "gate7",
		"{{ epoch }}", "1795327200", "{{ date }}", "2026-11-22", "{{ time }}", "06:00:00", "{{ tzname }}", "UTC", "{{ tzoffset }}", "+0000",
		"{{key}}", "k7", "{{ pid }}", "812", "{{ iso_header }}", "2026-11-22T06:00:00", "{{ high_res_time }}", "2026-11-22T06:00:00.120+00:00", "{{ epochlong }}", "1795327200000")
	rest := regexp.MustCompile(`\{\{[^}]*\}\}`)
	mark := regexp.MustCompile(`\{\{ ?mark ?\}\}`)
	told, all := 0, 0
	for _, row := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var c struct {
			ID        string
			Test      string
			Templates []string
			Type      string `json:"expected_sourcetype"`
		}
		if err := json.Unmarshal([]byte(row), &c); err != nil {
			t.Fatal(err)
		}
		for _, text := range c.Templates {
			text = strings.TrimSpace(text)
			m := "<134>"
			if strings.HasPrefix(rest.ReplaceAllString(text, "@"), "@ @ ") && strings.Contains(text, "{{ iso }}") && !strings.Contains(text, "}}1 ") && strings.Count(text, " - ") > 0 {
				m = "<134>1"
			}
			text = rest.ReplaceAllString(fill.Replace(mark.ReplaceAllString(text, m)), "x")
			for _, line := range strings.Split(text, "\n") {
				if line == "" {
					continue
				}
				e := parseAll(Syslog, line)[0]
				all++
				vendor, product := e.Get("observer.vendor").String(), e.Get("observer.product").String()
				if vendor != "" {
					told++
				}
				t.Logf("%-28s %-18s %s / %s | %.150s", c.Type, e.Shape.Format.Name, vendor, product, line)
			}
		}
	}
	t.Logf("%d of %d", told, all)
	if told*100 < all*80 {
		t.Errorf("the makers of %d of %d lines are told", told, all)
	}
}

// TestFirewallCases compares addresses and ports with those that another reader finds in the same lines.
func TestFirewallCases(t *testing.T) {
	data, err := os.ReadFile(refdata.Path(t, "cases/crowdsec_parser.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	good, all := 0, 0
	for _, row := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var c struct {
			ID, Test, Stage string
			Line            string
			Meta            map[string]string
			Parsed          map[string]string
		}
		if json.Unmarshal([]byte(row), &c) != nil || !strings.HasPrefix(c.Stage, "s01") || c.Line == "" {
			continue
		}
		switch c.Test {
		case "pf-logs", "palo-alto-threat", "unifi-logs", "iptables-logs", "proxmox-iptables-logs":
		default:
			continue
		}
		e := parseAll(Syslog, c.Line)[0]
		want := map[string]string{
			"source.ip": c.Parsed["src_ip"], "destination.ip": c.Parsed["dst_ip"], "source.port": c.Parsed["src_port"],
			"destination.port": c.Parsed["dst_port"], "host.name": c.Meta["machine"], "rule.name": c.Meta["rule_name"],
		}
		if want["source.ip"] == "" {
			want["source.ip"] = c.Meta["source_ip"]
		}
		for name, w := range want {
			if w == "" {
				continue
			}
			all++
			if got := e.Get(name).String(); got == w {
				good++
			} else {
				t.Logf("%s: %s is %q, want %q, in %s", c.ID, name, got, w, c.Line)
			}
		}
	}
	t.Logf("%d of %d", good, all)
	if good*100 < all*97 {
		t.Errorf("%d of %d", good, all)
	}
}
