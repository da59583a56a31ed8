package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/sigma"
)

// maxScenarioIncidents is how many incidents one attack may come to.
const maxScenarioIncidents = 5

// attackRules are the arguments that name SigmaHQ's rules beside the built-in ones.
func attackRules(t *testing.T) []string {
	t.Helper()
	args := []string{"--rules", "builtin"}
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		args = append(args, "--rules", refdata.Path(t, "sigma/"+folder))
	}
	return args
}

// attack hunts some files and returns how many hits there are of medium level or above, by file, and the summary.
func attack(t *testing.T, files ...string) (grave map[string]int, sum detect.Summary) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var out, errs bytes.Buffer
	args := append([]string{"hunt", "--json", "--quiet"}, attackRules(t)...)
	if status := run(t.Context(), append(args, files...), streams{in: strings.NewReader(""), out: &out, err: &errs}); status == exitFailed {
		t.Fatalf("%v: %s", files, errs.String())
	}
	grave = make(map[string]int)
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var kind struct{ Type string }
		if err := json.Unmarshal(lines.Bytes(), &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Type {
		case "hit":
			var h detect.Hit
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
				t.Fatal(err)
			}
			switch h.Rule.Level {
			case sigma.Medium.String(), sigma.High.String(), sigma.Critical.String():
				grave[h.File]++
				for _, e := range h.Events { // two recordings of the same hour are one group
					if e.File != h.File {
						grave[e.File]++
					}
				}
			}
		case "summary":
			if err := json.Unmarshal(lines.Bytes(), &sum); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return grave, sum
}

// Every recorded attack raises at least one alert of medium level or above, and the whole of it is at most five things to
// look at: eleven on Windows, thirty-five in the cloud.
func TestRecordedAttacks(t *testing.T) {
	for _, list := range []struct {
		name  string
		cases int
	}{{"security_datasets", 11}, {"stratus_cloudtrail", 35}} {
		t.Run(list.name, func(t *testing.T) {
			data, err := os.ReadFile(refdata.Path(t, "cases/"+list.name+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			cases, most := 0, 0
			for row := range bytes.Lines(data) {
				var c struct {
					ID, Path string
					Files    []struct{ Path string }
				}
				if err := json.Unmarshal(row, &c); err != nil {
					t.Fatal(err)
				}
				var paths []string
				if c.Path != "" {
					paths = append(paths, refdata.Path(t, c.Path))
				}
				for _, f := range c.Files {
					paths = append(paths, refdata.Path(t, f.Path))
				}
				cases++
				grave, sum := attack(t, paths...)
				n := 0
				for _, hits := range grave {
					n += hits
				}
				if n == 0 {
					t.Errorf("%s raises nothing of medium level: %d hits in %d events", c.ID, sum.Hits, sum.Events)
				}
				if most = max(most, len(sum.Incidents)); len(sum.Incidents) == 0 || len(sum.Incidents) > maxScenarioIncidents {
					t.Errorf("%s comes to %d incidents", c.ID, len(sum.Incidents))
				}
			}
			if cases != list.cases {
				t.Errorf("%d cases, not %d", cases, list.cases)
			}
			t.Logf("%d attacks, of at most %d incidents each", cases, most)
		})
	}
}

// Other recorded attacks, one kind in each event log: how many are seen. It is a lower bound, for some of these logs hold
// nothing that tells the attack from everyday work.
func TestRecordedEventLogs(t *testing.T) {
	root := refdata.Path(t, "evtx-to-mitre")
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".evtx") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	grave, _ := attack(t, root)
	seen := 0
	for _, f := range files {
		if grave[f] > 0 {
			seen++
			continue
		}
		name, _ := filepath.Rel(root, f)
		t.Logf("nothing of medium level: %s", name)
	}
	t.Logf("%d of %d event logs", seen, len(files))
	if least := len(files) * 9 / 10; seen < least {
		t.Errorf("%d of %d event logs raise an alert, at least %d did", seen, len(files), least)
	}
}
