package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
)

// ComplianceAsk says which time is looked at.
type ComplianceAsk struct {
	Days int `query:"days" minimum:"1" maximum:"366" default:"90" doc:"So many days until now."`
}

// Compliance says for which requirements of some catalogues the running parts give evidence, and what that cannot show.
type Compliance struct {
	Since      time.Time   `json:"since"`
	Until      time.Time   `json:"until"`
	Frameworks []Framework `json:"frameworks"`
	Proofs     []Proof     `json:"proofs" doc:"What there is of evidence, with its numbers."`
	Controls   []Control   `json:"controls" doc:"In the order of their catalogues."`
}

// Proof is evidence of one kind, as it is now.
type Proof struct {
	ID    string      `json:"id"`
	Title string      `json:"title"`
	Holds bool        `json:"holds" doc:"There is something to show."`
	Facts []ProofFact `json:"facts"`
	Gaps  []string    `json:"gaps" doc:"What is wrong with it, or missing."`
}

// ProofFact is a number, or a few words.
type ProofFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Control is a requirement, and how far it is shown.
type Control struct {
	Framework string   `json:"framework"`
	ID        string   `json:"id"`
	Asks      string   `json:"asks" doc:"What it asks for, in our words; its own stand in the catalogue."`
	State     string   `json:"state" enum:"shown,partly,none" doc:"shown: all of its evidence is there, without a gap."`
	Proofs    []string `json:"proofs" doc:"Ids of its evidence."`
	Beyond    string   `json:"beyond,omitempty" doc:"What no evidence here can show."`
}

func (s *Server) registerCompliance(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/reports/compliance", Permission: identity.ReportRead, Summary: "Says for which requirements there is evidence, with its numbers", Tag: "reports"}, s.compliance)
}

func (s *Server) compliance(ctx context.Context, t *Tenant, q *ComplianceAsk) (*Compliance, error) {
	now := time.Now().UTC()
	out := &Compliance{Since: now.AddDate(0, 0, -q.Days), Until: now, Frameworks: slices.Clone(frameworks[:]), Proofs: []Proof{}, Controls: []Control{}}
	x := &proving{server: s, tenant: t, since: out.Since, until: now}
	for i, p := range [...]struct {
		id, title string
		look      func(context.Context, *Proof) error
	}{
		{proofLogs, "Logs that come in", x.logs},
		{proofKept, "How long they are kept", x.kept},
		{proofWatch, "What is looked for", x.watch},
		{proofJudged, "What was found is judged", x.judged},
		{proofResponse, "What was done about it", x.response},
		{proofTold, "Who is told", x.told},
		{proofCases, "Investigations and their evidence", x.cases},
		{proofIntegrity, "Records that cannot be changed unseen", x.integrity},
		{proofAccess, "Who may come in here", x.access},
		{proofBackup, "Backups", x.backup},
	} {
		reached(ctx, p.title, float64(i)/10)
		proof := Proof{ID: p.id, Title: p.title, Facts: []ProofFact{}, Gaps: []string{}}
		if err := p.look(ctx, &proof); err != nil {
			return nil, err
		}
		out.Proofs = append(out.Proofs, proof)
	}
	for i := range controls {
		out.Controls = append(out.Controls, controls[i].shownBy(out.Proofs))
	}
	return out, nil
}

// shownBy is a requirement with what the evidence says to it.
func (c *control) shownBy(proofs []Proof) Control {
	holds, gaps := 0, 0
	for i := range proofs {
		if p := &proofs[i]; slices.Contains(c.proofs, p.ID) {
			gaps += len(p.Gaps)
			if p.Holds {
				holds++
			}
		}
	}
	out := Control{Framework: c.framework, ID: c.id, Asks: c.asks, State: "partly", Proofs: slices.Clone(c.proofs), Beyond: c.beyond}
	switch {
	case holds == 0:
		out.State = "none"
	case holds == len(c.proofs) && gaps == 0:
		out.State = "shown"
	}
	return out
}

// fact adds a number, or a few words.
func (p *Proof) fact(name, value string) { p.Facts = append(p.Facts, ProofFact{name, value}) }

func (p *Proof) gap(text string) { p.Gaps = append(p.Gaps, text) }

// risks makes gaps of those of a kind, unless somebody lives with them; that is told.
func (p *Proof) risks(list []Risk, kind string) {
	for i := range list {
		switch r := &list[i]; {
		case r.Kind != kind || r.Severity == "informational":
		case r.Accepted != nil:
			p.fact("Accepted by "+r.Accepted.By, r.Title+": "+strings.TrimSuffix(r.Accepted.Reason, "."))
		default:
			p.gap(r.Title)
		}
	}
}
