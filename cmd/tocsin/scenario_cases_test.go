package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/recorded"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/sigma"
)

// An offender is whom a hit of level low or above accuses: the source addresses of the events that it is made of. Where
// none of them has one, as on a machine of one's own, it is what a correlation grouped them by, or else the users that the
// hit is about. Hits of level informational note what means nothing alone, and accuse nobody.

// scenarioDiffers are the cases in which the built-in rules name others than the data does, and why.
var scenarioDiffers = map[string]string{
	"apereo-cas-slow-bf": "eleven failures of one address within a minute; the data leaves them to a scenario that it does not run here",
	"magento-ccs-by-as":  "payments failed from 22 addresses within twenty seconds; the data names the first eleven, for its count begins anew",
	"proxmox-logs":       "six failures within three seconds from each of two addresses and five from a third; for every other service the data calls that guessing",
	"qbittorrent-logs":   "the same lines are guessing in qbittorrent-bf; no scenario is run here",
	"thehive-bf":         "the lines state no time at all, so nothing can be said to happen within one",
}

// scenarioCase is a log and whom it must accuse.
type scenarioCase struct {
	Test      string
	LogFile   string `json:"log_file"`
	Expected  *int   `json:"expected_overflows"`
	Overflows []struct{ Sources []string }
}

// The built-in rules name exactly the offenders of recorded attacks, and nobody else. With TOCSIN_PREDICTIONS=file the
// names are also written there, one JSON object for each case.
func TestScenarioCases(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	data, err := os.ReadFile(refdata.Path(t, "cases/crowdsec_scenario.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	right, cases, both, extra, missed := 0, 0, 0, 0, 0
	for row := range bytes.Lines(data) {
		var c scenarioCase
		if err := json.Unmarshal(row, &c); err != nil {
			t.Fatal(err)
		}
		got := offenders(t, refdata.Path(t, c.LogFile))
		line, err := json.Marshal(map[string]any{"test": c.Test, "sources": append([]string{}, got...)})
		if err != nil {
			t.Fatal(err)
		}
		told.Write(append(line, '\n'))
		if c.Expected == nil { // nobody has said what it should be
			continue
		}
		cases++
		var want []string
		for _, o := range c.Overflows {
			want = append(want, o.Sources...)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		hit := 0
		for _, s := range got {
			if slices.Contains(want, s) {
				hit++
			}
		}
		both, extra, missed = both+hit, extra+len(got)-hit, missed+len(want)-hit
		switch same := slices.Equal(got, want); {
		case same:
			right++
			if why := scenarioDiffers[c.Test]; why != "" {
				t.Errorf("%s: right, though it is said to differ: %s", c.Test, why)
			}
		case scenarioDiffers[c.Test] == "":
			t.Errorf("%s: accused %v, want %v", c.Test, got, want)
		default:
			t.Logf("%s differs: accused %v, want %v: %s", c.Test, got, want, scenarioDiffers[c.Test])
		}
	}
	t.Logf("exactly right %d of %d; precision %.4f, recall %.4f", right, cases, ratio(both, both+extra), ratio(both, both+missed))
	if path := os.Getenv("TOCSIN_PREDICTIONS"); path != "" {
		if err := os.WriteFile(path, told.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func ratio(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// offenders hunts one file with the built-in rules and returns whom the hits accuse, sorted.
func offenders(t *testing.T, path string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), []string{"hunt", "--json", "--quiet", "--rules", "builtin", path}, streams{in: strings.NewReader(""), out: &out, err: &errs})
	if status == 2 || errs.Len() > 0 {
		t.Fatalf("%s: status %d, %s", path, status, errs.String())
	}
	var hits []detect.Hit
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte(`{"type":"hit"`)) {
			continue
		}
		var h detect.Hit
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if h.Rule.Level != sigma.Informational.String() {
			hits = append(hits, h)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(hits) == 0 {
		return nil
	}
	sources := addressesOf(t, path)
	var names []string
	for _, h := range hits {
		names = append(names, accused(&h, sources)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// accused returns whom one hit accuses.
func accused(h *detect.Hit, sources map[int64][]string) []string {
	var names []string
	for _, e := range append([]detect.EventRef{{Record: h.Record}}, h.Events...) {
		names = append(names, sources[e.Record]...)
	}
	if len(names) > 0 {
		return names
	}
	for _, m := range h.Matched {
		if strings.HasPrefix(m.By, "group-by ") {
			names = append(names, m.Value)
		}
	}
	if len(names) == 0 {
		for _, user := range h.Entities.Users {
			names = append(names, strings.ReplaceAll(user, `\`, `\\`)) // the data writes a backslash as a quoted text does
		}
	}
	return names
}

// addressesOf returns the source addresses of the events of a file, by their record numbers.
func addressesOf(t *testing.T, path string) map[int64][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var batch event.Batch
	var p recorded.Parser
	p.Parse(t, filepath.Base(path), data, &batch)
	sources := make(map[int64][]string)
	for i := range batch.Events {
		e := &batch.Events[i]
		for v := range e.Get("source.ip").Elements() {
			if s := v.String(); s != "" {
				if mapped := "::ffff:" + s; strings.Contains(e.Raw, mapped) {
					s = mapped // as the record writes it
				}
				sources[e.Record] = append(sources[e.Record], s)
			}
		}
	}
	return sources
}
