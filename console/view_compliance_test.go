package console

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

func (c *Compliance) proof(id string) Proof {
	return c.Proofs[slices.IndexFunc(c.Proofs, func(p Proof) bool { return p.ID == id })]
}

func (c *Compliance) state(framework, id string) string {
	return c.Controls[slices.IndexFunc(c.Controls, func(x Control) bool { return x.Framework == framework && x.ID == id })].State
}

func TestCompliance(t *testing.T) {
	v := openViews(t)
	var c Compliance
	v.get("/reports/compliance", &c)
	for _, p := range c.Proofs { // nothing is there yet, and that is said
		if p.Holds || len(p.Gaps) == 0 && p.ID != proofLogs && p.ID != proofTold && p.ID != proofIntegrity {
			t.Errorf("of nothing, %s holds: %+v", p.ID, p)
		}
	}
	if got := c.state("pci", "10.5.1"); got != "none" {
		t.Errorf("logs are kept, without one: %s", got)
	}
	handOver(v)
	for day := range 400 {
		v.events(time.Now().AddDate(0, 0, -day), "dataset", "sshd")
	}
	v.Rules = func(context.Context, string) ([]RuleEntry, error) {
		return []RuleEntry{{ID: "1", Enabled: true, Techniques: []string{"T1110"}}, {ID: "2", Enabled: true, Never: "no logs"}, {ID: "3"}}, nil
	}
	v.get("/reports/compliance?days=30", &c)
	if p := c.proof(proofKept); !p.Holds || len(p.Gaps) != 0 {
		t.Errorf("kept for 400 days: %+v", p)
	}
	if c.state("pci", "10.5.1") != "shown" || c.state("iso", "A.8.16") != "partly" || c.state("iso", "A.8.13") != "none" {
		t.Errorf("states: %s %s %s", c.state("pci", "10.5.1"), c.state("iso", "A.8.16"), c.state("iso", "A.8.13"))
	}
	if p := c.proof(proofIntegrity); !p.Holds || len(p.Gaps) != 0 {
		t.Errorf("the trail: %+v", p)
	}
	if _, err := v.Tenants[0].State.Append(t.Context(), state.AuditEntry{Actor: "anna", Action: "backup", Time: time.Now().UnixNano(), Detail: `{"dir":"/backup"}`}); err != nil {
		t.Fatal(err)
	}
	var lines string
	v.get("/reports/compliance/lines?days=30", &lines)
	if !strings.Contains(lines, `{"progress":{"share":0`) || !strings.Contains(lines, `{"result":{"since"`) || !strings.Contains(lines, "The last backup") {
		t.Errorf("lines: %.300s", lines)
	}
	v.get("/reports/month/lines", &lines)
	if !strings.Contains(lines, `"result":{"month"`) {
		t.Errorf("lines of a month: %.300s", lines)
	}
	v.get("/reports/shift/lines", &lines)
	if !strings.Contains(lines, `"judged":[{`) {
		t.Errorf("lines of a shift: %.300s", lines)
	}
}

// TestControls looks at the table of requirements: each is of a known catalogue, is there once, and names evidence that there is.
func TestControls(t *testing.T) {
	v := openViews(t)
	var c Compliance
	v.get("/reports/compliance", &c)
	seen := make(map[string]bool)
	for _, x := range c.Controls {
		if !slices.ContainsFunc(c.Frameworks, func(f Framework) bool { return f.ID == x.Framework }) || seen[x.Framework+x.ID] || len(x.Proofs) == 0 {
			t.Errorf("%+v", x)
		}
		seen[x.Framework+x.ID] = true
		for _, id := range x.Proofs {
			if !slices.ContainsFunc(c.Proofs, func(p Proof) bool { return p.ID == id }) {
				t.Errorf("%s %s names no evidence: %s", x.Framework, x.ID, id)
			}
		}
	}
}
