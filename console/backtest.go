package console

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/identity"
)

// RuleFile is a file of rules, as text.
type RuleFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// BacktestAsk is what is asked of POST /backtest.
type BacktestAsk struct {
	Files []RuleFile `json:"files,omitempty"` // rules to be tried, in place of those in force that have the same ids
	Names []string   `json:"names,omitempty"` // ids or titles of rules that are in force
	Since time.Time  `json:"since,omitzero"`
	Until time.Time  `json:"until,omitzero"` // not included
}

// BacktestLine is a line of its answer: how far it is, and last what came of it.
type BacktestLine struct {
	Progress *backtest.Progress `json:"progress,omitempty"`
	Result   *backtest.Result   `json:"result,omitempty"`
}

// maxBacktestAsk bounds what may be asked, in bytes.
const maxBacktestAsk = 64 << 20

func (s *Server) registerRules(a *API) {
	Stream(a, Operation{
		Method: http.MethodPost, Path: "/backtest", Permission: identity.RuleRead, MaxBody: maxBacktestAsk, Tag: "rules",
		Summary: "Tries rules on what is kept",
	}, s.backtest)
	Handle(a, Operation{
		Method: http.MethodGet, Path: "/rules/stats", Permission: identity.RuleRead, Tag: "rules",
		Summary: "Says how the rules in force have done",
	}, s.ruleStats)
}

// BacktestIn is the request of a backtest.
type BacktestIn struct {
	Progress bool `query:"progress" doc:"Tell how far it is."`
	Body     BacktestAsk
}

// backtest tries rules on what is kept. It ends when nobody waits for the answer any more.
func (s *Server) backtest(ctx context.Context, t *Tenant, in *BacktestIn, out *Lines) error {
	if s.Backtest == nil {
		return &Problem{Status: http.StatusNotImplemented, Title: "rules cannot be tried here"}
	}
	res, err := s.Backtest(ctx, t.Name, &in.Body, func(p backtest.Progress) {
		if in.Progress && out.object(BacktestLine{Progress: &p}) == nil {
			_ = out.flush() // who is gone is known by the context
		}
	})
	if err != nil {
		return err
	}
	return out.object(BacktestLine{Result: res})
}

// SpanAsk is a time.
type SpanAsk struct {
	Since time.Time `query:"since"`
	Until time.Time `query:"until" doc:"Not included."`
}

// ruleStats says how the rules in force have done.
func (s *Server) ruleStats(ctx context.Context, t *Tenant, in *SpanAsk) (*backtest.Report, error) {
	if s.RuleStats == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Title: "how rules have done is not known here"}
	}
	return s.RuleStats(ctx, t.Name, nanoseconds(in.Since), nanoseconds(in.Until))
}
