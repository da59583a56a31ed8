package detect

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/recorded"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/sigma"
)

// TestRegressionCases runs the recorded cases of the community's rules, from the EVTX and from the JSON alike. A case
// states how often its rule fires at least; where it states nothing, once.
func TestRegressionCases(t *testing.T) {
	cases, err := os.ReadFile(refdata.Path(t, "cases/sigma_regression.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	engine := sigma.Compile(communityRules(t), sigma.BuiltinLogSources())
	m := engine.NewMatcher()
	var p recorded.Parser
	count := func(path string) map[string]int {
		data, err := os.ReadFile(refdata.Path(t, path))
		if err != nil {
			t.Fatal(err)
		}
		var batch event.Batch
		p.Parse(t, path, data, &batch)
		if len(batch.Unread) > 0 || len(batch.Events) == 0 {
			t.Errorf("%s: %d events, unread %v", path, len(batch.Events), batch.Unread)
		}
		hits := make(map[string]int)
		for i := range batch.Events {
			for _, r := range m.Match(&batch.Events[i]) {
				hits[engine.Rules()[r].ID]++
			}
		}
		return hits
	}
	n := 0
	for line := range bytes.Lines(cases) {
		var c struct {
			Rules []string `json:"rule_ids"`
			Count *int     `json:"match_count"`
			EVTX  string   `json:"data"`
			JSON  string   `json:"json"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		want := 1
		if c.Count != nil {
			want = *c.Count
		}
		fromEVTX, fromJSON := count(c.EVTX), count(c.JSON)
		for _, id := range c.Rules {
			n++
			if fromEVTX[id] < want || fromEVTX[id] != fromJSON[id] {
				t.Errorf("%s: rule %s fires %d times on EVTX, %d on JSON, want %d", c.EVTX, id, fromEVTX[id], fromJSON[id], want)
			}
		}
	}
	if n < 52 {
		t.Errorf("only %d cases", n)
	}
}

// communityRules returns the community's detections that load.
func communityRules(tb testing.TB) []*sigma.Rule {
	tb.Helper()
	var rules []*sigma.Rule
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"} {
		for name, data := range refdata.Files(tb, "sigma/"+folder, ".yml") {
			loaded, _ := sigma.Load(name, data, sigma.LoadOptions{})
			for _, r := range loaded {
				if r.Detection != nil {
					rules = append(rules, r)
				}
			}
		}
	}
	return rules
}
