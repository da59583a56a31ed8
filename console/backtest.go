package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/tocsin-sec/tocsin/backtest"
)

// RuleFile is a file of rules, as text.
type RuleFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// BacktestAsk is what is asked of POST /v1/backtest.
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

// backtest tries rules on what is kept. It ends when nobody waits for the answer any more.
func (s *Server) backtest(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	if s.Backtest == nil {
		return &Problem{Status: http.StatusNotImplemented, Title: "rules cannot be tried here"}
	}
	var ask BacktestAsk
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBacktestAsk)).Decode(&ask); err != nil {
		return bad("what is asked cannot be read: %v", err)
	}
	out := newLines(w)
	res, err := s.Backtest(r.Context(), t.Name, &ask, func(p backtest.Progress) {
		if out.object(BacktestLine{Progress: &p}) == nil {
			_ = out.flush() // who is gone is known by the context
		}
	})
	if err == nil {
		err = out.object(BacktestLine{Result: res})
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return nil
	}
	return out.end(err)
}

// ruleStats says how the rules in force have done.
func (s *Server) ruleStats(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	if s.RuleStats == nil {
		return &Problem{Status: http.StatusNotImplemented, Title: "how rules have done is not known here"}
	}
	var since, until int64
	if err := errors.Join(readTime(r.FormValue("since"), "since", &since), readTime(r.FormValue("until"), "until", &until)); err != nil {
		return err
	}
	return answer(w)(s.RuleStats(r.Context(), t.Name, since, until))
}
