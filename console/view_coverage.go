package console

import (
	"context"
	"net/http"

	"github.com/tocsin-sec/tocsin/identity"
)

// Coverage is the matrix of ATT&CK, and what of it is watched.
type Coverage struct {
	Tactics []CoverageTactic `json:"tactics" doc:"In the order of an attack."`
	Watched int              `json:"watched" doc:"Techniques with a rule that is on and whose logs are kept."`
	NoLogs  int              `json:"no_logs" doc:"Techniques that have rules, but none of them has its logs."`
	NoRule  int              `json:"no_rule"`
	All     int              `json:"all" doc:"Techniques, each counted once."`
}

// CoverageTactic is a column of it.
type CoverageTactic struct {
	ID         string              `json:"id"`
	Tag        string              `json:"tag" doc:"As tags of rules name it: credential-access"`
	Name       string              `json:"name"`
	Techniques []CoverageTechnique `json:"techniques"`
}

// CoverageTechnique is a technique, with all that is below it.
type CoverageTechnique struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Rules  int             `json:"rules" doc:"That are on and can hit."`
	Blind  int             `json:"blind" doc:"That are on, but nothing of their log source is kept."`
	Off    int             `json:"off" doc:"That are off."`
	Alerts int64           `json:"alerts" doc:"In the days that were asked for."`
	Below  []CoverageBelow `json:"below,omitempty" doc:"Sub-techniques with rules."`
}

// CoverageBelow is a sub-technique.
type CoverageBelow struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Rules  int    `json:"rules"`
	Blind  int    `json:"blind"`
	Alerts int64  `json:"alerts"`
}

// CoverageAsk says of which days alerts are counted.
type CoverageAsk struct {
	Days int `query:"days" minimum:"1" maximum:"3650" default:"30"`
}

func (s *Server) registerCoverage(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/coverage", Permission: identity.RuleRead, Summary: "Says which techniques of ATT&CK are watched", Tag: "rules"}, s.coverage)
}

func (s *Server) coverage(ctx context.Context, t *Tenant, q *CoverageAsk) (*Coverage, error) {
	if s.Rules == nil || s.Matrix == nil {
		return nil, unknown("which rules there are")
	}
	list, err := s.Rules(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	if err := t.records(ctx, list, q.Days); err != nil {
		return nil, err
	}
	return coverageOf(s.Matrix(), list), nil
}

// coverageOf counts rules and their alerts by the techniques that they are about.
func coverageOf(matrix []CoverageTactic, list []RuleEntry) *Coverage {
	of := make(map[string][]*RuleEntry)
	for i := range list {
		seen := make(map[string]bool)
		for _, id := range list[i].Techniques {
			whole := id[:min(len(id), len("T1110"))]
			for _, key := range [...]string{id, whole} {
				if !seen[key] {
					seen[key] = true
					of[key] = append(of[key], &list[i])
				}
			}
		}
	}
	out := &Coverage{Tactics: matrix}
	counted := make(map[string]bool)
	for i := range matrix {
		for j := range matrix[i].Techniques {
			x := &matrix[i].Techniques[j]
			x.Rules, x.Blind, x.Off, x.Alerts = countRules(of[x.ID])
			below := x.Below[:0]
			for _, b := range x.Below {
				if rules := of[b.ID]; len(rules) > 0 {
					b.Rules, b.Blind, _, b.Alerts = countRules(rules)
					below = append(below, b)
				}
			}
			x.Below = below
			if counted[x.ID] {
				continue
			}
			counted[x.ID] = true
			out.All++
			switch {
			case x.Rules > 0:
				out.Watched++
			case x.Blind > 0:
				out.NoLogs++
			default:
				out.NoRule++
			}
		}
	}
	return out
}

func countRules(list []*RuleEntry) (rules, blind, off int, alerts int64) {
	for _, r := range list {
		alerts += r.Alerts
		switch {
		case !r.Enabled:
			off++
		case r.Never != "":
			blind++
		default:
			rules++
		}
	}
	return rules, blind, off, alerts
}
