package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/netflow"
	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
)

// answerBacktests lets rules be tried, one request at a time: more at once would only take memory from what comes in.
func (s *serve) answerBacktests(c *console.Server) {
	turn := make(chan struct{}, 1)
	take := func(ctx context.Context) (func(), error) {
		select {
		case turn <- struct{}{}:
			return func() { <-turn }, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	c.Backtest = func(ctx context.Context, tenant string, ask *console.BacktestAsk, tell func(backtest.Progress)) (*backtest.Result, error) {
		release, err := take(ctx)
		if err != nil {
			return nil, err
		}
		defer release()
		return s.backtest(ctx, tenant, ask, tell)
	}
	c.RuleStats = func(ctx context.Context, tenant string, since, until int64) (*backtest.Report, error) {
		release, err := take(ctx)
		if err != nil {
			return nil, err
		}
		defer release()
		return s.ruleStats(ctx, tenant, since, until)
	}
}

// inForce returns the rules that are in force, and how they are loaded.
func (s *serve) inForce() (*rules.Set, *settings.RuleKeys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how := s.serveRules(s.settings)
	if s.rules == nil { // in place of a serve that does not run
		set, err := settings.LoadRules(how)
		if err != nil {
			return nil, nil, err
		}
		s.rules = set
	}
	return s.rules, how, nil
}

func (s *serve) backtest(ctx context.Context, tenant string, ask *console.BacktestAsk, tell func(backtest.Progress)) (*backtest.Result, error) {
	set, how, err := s.inForce()
	if err != nil {
		return nil, err
	}
	known := set
	var tried []*sigma.Rule
	if len(ask.Files) > 0 {
		if known, tried, err = tryRules(how, ask.Files); err != nil {
			return nil, err
		}
	}
	for _, name := range ask.Names {
		found := set.Find(name)
		if len(found) == 0 {
			return nil, &console.Problem{Status: http.StatusNotFound, Title: fmt.Sprintf("no rule that is in force has the id or title %q", name)}
		}
		tried = append(tried, found...)
	}
	q, err := s.backtestRequest(ctx, tenant, known, tried)
	if err != nil {
		return nil, err
	}
	spilled := &disk.Spills{}
	defer spilled.Close()
	q.Spill, q.Progress = func() (order.Spill, error) { return spilled.Open() }, tell
	q.InForce = func(r *sigma.Rule) bool {
		return slices.ContainsFunc(set.Written(), func(o *sigma.Rule) bool { return sameRule(o, r) })
	}
	for at, to := range map[time.Time]*int64{ask.Since: &q.Since, ask.Until: &q.Until} {
		if !at.IsZero() {
			*to = at.UnixNano()
		}
	}
	return backtest.Run(ctx, *q)
}

// sameRule tells whether two rules are one, or one a change of the other.
func sameRule(a, b *sigma.Rule) bool {
	if a.ID != "" || b.ID != "" {
		return strings.EqualFold(a.ID, b.ID)
	}
	return a.Title == b.Title
}

// tryRules loads files of rules beside those that are in force, whose place they take where they have their ids.
func tryRules(how *settings.RuleKeys, files []console.RuleFile) (*rules.Set, []*sigma.Rule, error) {
	dir, err := os.MkdirTemp("", "tocsin-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, nil, err
	}
	names := make(map[string]string)
	for i, f := range files {
		path := filepath.Join(dir, fmt.Sprintf("%06d.yml", i))
		names[path] = f.Name
		if err := os.WriteFile(path, []byte(f.Text), 0o600); err != nil {
			return nil, nil, err
		}
	}
	beside := *how
	beside.Rules = append([]string{dir}, how.Rules...)
	beside.StandIn(dir)
	set, err := settings.LoadRules(&beside)
	if err != nil {
		return nil, nil, err
	}
	var wrong []string
	for _, d := range set.Diagnostics {
		if name, ours := names[d.File]; ours && d.Severity == sigma.Error {
			d.File = name
			wrong = append(wrong, d.Format())
		}
	}
	if len(wrong) > 0 {
		return nil, nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: "there are mistakes in the rules to be tried", Detail: strings.Join(wrong, "\n")}
	}
	tried := slices.DeleteFunc(set.Written(), func(r *sigma.Rule) bool { return names[r.Pos.File] == "" || r.Silent })
	if len(tried) == 0 {
		return nil, nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: "there is no rule to be tried in what was given"}
	}
	return set, tried, nil
}

// backtestRequest is what any trial on what a tenant keeps begins with.
func (s *serve) backtestRequest(ctx context.Context, name string, set *rules.Set, tried []*sigma.Rule) (*backtest.Request, error) {
	at := slices.IndexFunc(s.tenants, func(t *tenant) bool { return t.name == name })
	if at < 0 {
		return nil, errors.New("there is no tenant " + name)
	}
	t := s.tenants[at]
	silences, err := t.state.Silences(ctx)
	if err != nil {
		return nil, err
	}
	return &backtest.Request{
		Tried: tried, Rules: set.Rules, Correlations: set.Correlations, Sources: set.Sources, Parser: formats.Parser, Store: t.store, State: t.state,
		Formats: []*event.Format{netflow.Format, netflow.OptionsFormat}, Silences: silences,
	}, nil
}

func (s *serve) ruleStats(ctx context.Context, tenant string, since, until int64) (*backtest.Report, error) {
	set, _, err := s.inForce()
	if err != nil {
		return nil, err
	}
	c, err := rules.NewChoice(s.settings.Level, s.settings.Status, nil, s.excluded())
	if err != nil {
		return nil, err
	}
	tried := slices.DeleteFunc(set.Written(), func(r *sigma.Rule) bool { return r.Silent || !c.Wants(r) })
	q, err := s.backtestRequest(ctx, tenant, set, tried)
	if err != nil {
		return nil, err
	}
	q.Since, q.Until = since, until
	return backtest.Stats(ctx, *q)
}
