package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// everydayHit is a line that hunt writes.
type everydayHit struct {
	Type  string
	Time  time.Time
	Rule  detect.HitRule
	Event map[string]any

	Incidents []struct {
		Title, Sentence, Level string
		Score                  int
	}
}

// mostFindings is how many a day people are told of, but in the night of the intruder.
const mostFindings = 5

// theftActions are the findings that tell of the intruder.
var theftActions = []string{"new-network", "new-host", "new-country", "new-admin", "volume-user", "beacon"}

// In weeks of ordinary life little is told, and of no day much; the night of the intruder stands above all of it.
func TestEverydayLife(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { everydayLife(t, newCompany(seed+1)) })
	}
}

func everydayLife(t *testing.T, c *company) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	logs, config := filepath.Join(dir, "logs"), filepath.Join(dir, "tocsin.yml")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, "anomalies: {geoip: [%s]}\n", strings.Join(worldGeoIP(t), ", ")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.write(t, logs)
	var out, errs bytes.Buffer
	status := run(t.Context(), []string{"hunt", "--json", "--quiet", "--rules", "builtin", "--config", config, logs}, streams{in: strings.NewReader(""), out: &out, err: &errs})
	if status != exitFound || errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	var days [companyDays]int
	total, grave := 0, 0
	night := make(map[string]bool)
	for line := range bytes.Lines(out.Bytes()) {
		var h everydayHit
		if err := json.Unmarshal(line, &h); err != nil {
			t.Fatal(err)
		}
		if h.Type == "summary" {
			if len(h.Incidents) == 0 || h.Incidents[0].Title != "Somebody was made an administrator" {
				t.Errorf("the first incident: %+v", h.Incidents)
			}
			continue
		}
		action, ok := h.Event["event.action"].(string)
		if h.Type != "hit" || !ok {
			continue
		}
		day := int(h.Time.Sub(c.begin) / (24 * time.Hour))
		t.Logf("day %d %s %-6s %s: %v", day, h.Time.Format("15:04"), h.Rule.Level, action, h.Event["message"])
		if day == companyTheft {
			night[action] = true
			continue
		}
		total++
		if days[day]++; days[day] == mostFindings+1 {
			t.Errorf("more than %d findings on day %d", mostFindings, day)
		}
		if h.Rule.Level != "low" && h.Rule.Level != "informational" {
			grave++
		}
	}
	t.Logf("%d findings on %d days, %d of them medium or higher", total, companyDays-1, grave)
	if total > companyDays || grave > 2 {
		t.Errorf("%d findings, %d of them medium or higher", total, grave)
	}
	for _, action := range theftActions {
		if !night[action] {
			t.Errorf("nothing is said of the intruder as %s", action)
		}
	}
}
