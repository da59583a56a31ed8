package parse

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestMakersOfLines reads the lines of many products and counts those whose vendor and product are told.
func TestMakersOfLines(t *testing.T) {
	data, err := os.ReadFile(sharedData(t, "cases/sc4s.jsonl"))
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
}
