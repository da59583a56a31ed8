package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// ruleKind is the kind of documents that say which rules people have turned off; their key is the rule's id.
const ruleKind = "rule"

// switches are the rules that people have turned off, by their ids, or titles where they have none. They are kept with the
// main tenant, and count in all.
type switches map[string]console.RuleOff

// switchesOf reads them.
func switchesOf(ctx context.Context, s *state.State) (switches, error) {
	docs, err := s.Documents(ctx, ruleKind)
	if err != nil {
		return nil, err
	}
	off := make(switches)
	for _, d := range docs {
		var x console.RuleOff
		if err := json.Unmarshal([]byte(d.JSON), &x); err != nil {
			return nil, fmt.Errorf("rule %s: %w", d.Key, err)
		}
		off[d.Key] = x
	}
	return off, nil
}

// excluded are the rules that are left out: by the configuration, and by people.
func (s *serve) excluded() []string {
	out := slices.Clone(s.settings.Exclude)
	for id := range s.off {
		out = append(out, id)
	}
	return out
}

// ruling answers questions about rules.
type ruling struct {
	*serve
	mu    sync.Mutex // of what follows
	blind map[string]blindness
}

// blindness is which rules of a tenant cannot hit, as it was found out at some time.
type blindness struct {
	at    time.Time
	rules map[*sigma.Rule]*backtest.Never
	set   *rules.Set
}

// Bounds of the look for logs that are missing.
const (
	blindDays = 7
	blindFor  = time.Minute
)

// ruleKey is by what a rule is known in the state.
func ruleKey(r *sigma.Rule) string { return cmp.Or(r.ID, r.Title) }

func (r *ruling) list(ctx context.Context, tenant string) ([]console.RuleEntry, error) {
	set, _, err := r.inForce()
	if err != nil {
		return nil, err
	}
	blind, err := r.blindOf(ctx, tenant, set)
	if err != nil {
		return nil, err
	}
	c, off, err := r.choices()
	if err != nil {
		return nil, err
	}
	var list []console.RuleEntry
	for _, x := range set.Written() {
		if !x.Silent {
			list = append(list, r.entry(x, c, off, blind[x]))
		}
	}
	return list, nil
}

// choices are which rules are on.
func (r *ruling) choices() (rules.Choice, switches, error) {
	r.serve.mu.Lock()
	defer r.serve.mu.Unlock()
	c, err := rules.NewChoice(r.settings.Level, r.settings.Status, nil, r.settings.Exclude)
	return c, r.off, err
}

// entry is a rule as it is listed.
func (r *ruling) entry(x *sigma.Rule, c rules.Choice, off switches, blind *backtest.Never) console.RuleEntry {
	e := console.RuleEntry{
		ID: ruleKey(x), Title: x.Title, Level: x.Level.String(), Status: x.Status, Kind: "detection", Tags: slices.Clone(x.Tags), Techniques: rules.TechniquesOf(x),
		Source: rules.Origin(x, settings.PacksFolder()), LogSource: x.LogSource, Enabled: true,
	}
	if x.Correlation != nil {
		e.Kind = "correlation"
		if of := rules.SourcesOf(x); len(of) > 0 {
			e.LogSource = of[0]
		}
	}
	if strings.HasPrefix(x.Pos.File, settings.ArmedFolder(r.dir)+string(filepath.Separator)) {
		e.Source = "armed"
	}
	if e.Tags == nil {
		e.Tags = []string{}
	}
	if e.Techniques == nil {
		e.Techniques = []string{}
	}
	if by, is := off[e.ID]; is {
		e.Off = &by
	} else if !c.Wants(x) {
		e.Off = &console.RuleOff{Config: true, Why: "tocsin.yml leaves it out: exclude, level or status"}
	}
	switch {
	case e.Off != nil:
		e.Enabled, e.Never = false, "it is off"
	case blind != nil:
		e.Never = blind.Why
	}
	return e
}

// blindOf returns which rules of a tenant have no logs.
func (r *ruling) blindOf(ctx context.Context, tenant string, set *rules.Set) (map[*sigma.Rule]*backtest.Never, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.blind[tenant]; ok && b.set == set && time.Since(b.at) < blindFor {
		return b.rules, nil
	}
	q, err := r.backtestRequest(ctx, tenant, set, set.Written())
	if err != nil {
		return nil, err
	}
	now := time.Now()
	q.Since, q.Until, q.Now = now.AddDate(0, 0, -blindDays).UnixNano(), now.UnixNano(), time.Now
	found, err := backtest.Blind(ctx, *q)
	if err != nil {
		return nil, err
	}
	if len(found) == len(q.Tried) {
		return found, nil // nothing is kept yet; that may change soon
	}
	if r.blind == nil {
		r.blind = make(map[string]blindness)
	}
	r.blind[tenant] = blindness{now, found, set}
	return found, nil
}

// find returns the rule with an id, or the one whose id begins so, or with a title.
func (r *ruling) find(id string) (*sigma.Rule, *rules.Set, error) {
	set, _, err := r.inForce()
	if err != nil {
		return nil, nil, err
	}
	list := set.Written()
	at := slices.IndexFunc(list, func(x *sigma.Rule) bool { return strings.EqualFold(ruleKey(x), id) })
	if at >= 0 {
		return list[at], set, nil
	}
	switch some := set.Find(id); len(some) {
	case 1:
		return some[0], set, nil
	case 0:
		return nil, nil, &console.Problem{Status: http.StatusNotFound, Title: fmt.Sprintf("there is no rule %.100q", id), Field: "id"}
	default:
		return nil, nil, &console.Problem{Status: http.StatusConflict, Title: fmt.Sprintf("%.100q means %d rules", id, len(some)), Field: "id"}
	}
}

func (r *ruling) detail(ctx context.Context, name, id string) (*console.RuleDetail, error) {
	x, set, err := r.find(id)
	if err != nil {
		return nil, err
	}
	blind, err := r.blindOf(ctx, name, set)
	if err != nil {
		return nil, err
	}
	c, off, err := r.choices()
	if err != nil {
		return nil, err
	}
	text, err := rules.YAMLOf(x)
	if err != nil {
		return nil, err
	}
	info := detect.Info(x)
	d := &console.RuleDetail{
		RuleEntry: r.entry(x, c, off, blind[x]), Description: info.Description, Author: info.Author, References: info.References, FalsePositives: info.FalsePositives,
		NextSteps: info.NextSteps, File: info.File, Line: info.Line, YAML: text, LooksFor: rules.LooksFor(x), Logs: set.LogWords(x),
	}
	d.Replaces = set.Replaced[x.ID]
	if d.Source == "armed" {
		d.Tests = ReadRule(settings.ArmedFolder(r.dir), strings.TrimSuffix(filepath.Base(x.Pos.File), ".yml")).Tests
	}
	if d.Never != "" {
		return d, nil
	}
	q, err := r.backtestRequest(ctx, name, set, []*sigma.Rule{x})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	q.Since, q.Until, q.Now = now.AddDate(0, 0, -blindDays).UnixNano(), now.UnixNano(), time.Now
	at := slices.IndexFunc(r.tenants, func(o *tenant) bool { return o.name == name })
	hits, err := r.tenants[at].state.CountHits(ctx, state.HitFilter{Rule: ruleKey(x), Limit: 1}, state.ByNothing)
	if err != nil || len(hits) > 0 && hits[0].Hits > 0 {
		return d, err
	}
	reasons, err := backtest.Why(ctx, *q)
	if err != nil {
		return nil, err
	}
	if n := reasons[x]; n != nil {
		d.Never = n.Why
		for _, p := range n.Parts {
			d.Parts = append(d.Parts, console.RulePart{Text: p.Text, Not: p.Not, Matched: p.Matched})
		}
	}
	return d, nil
}

// turn turns a rule on or off, in all tenants.
func (r *ruling) turn(ctx context.Context, id string, on bool, why string) (*console.RuleEntry, error) {
	x, set, err := r.find(id)
	if err != nil {
		return nil, err
	}
	c, off, err := r.choices()
	if err != nil {
		return nil, err
	}
	key, now, main := ruleKey(x), time.Now(), r.tenants[0].state
	if _, is := off[key]; is == !on {
		e := r.entry(x, c, off, nil)
		return &e, nil // it is so already
	}
	if on && !c.Wants(x) {
		return nil, &console.Problem{Status: http.StatusConflict, Title: "tocsin.yml leaves it out: exclude, level or status"}
	}
	by := console.RuleOff{By: console.Actor(ctx), At: now.UTC(), Why: why}
	text, err := json.Marshal(map[string]any{"title": x.Title, "why": why})
	if err != nil {
		return nil, err
	}
	trail := state.AuditEntry{Time: now.UnixNano(), Actor: by.By, Action: "rule.on", Target: key, Detail: string(text)}
	if on {
		err = main.DropDocument(ctx, ruleKind, key, trail)
	} else {
		trail.Action = "rule.off"
		var doc []byte
		if doc, err = json.Marshal(by); err == nil {
			err = main.PutDocument(ctx, state.Document{Kind: ruleKind, Key: key, Updated: now.UnixNano(), JSON: string(doc)}, trail)
		}
	}
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	if off, err = r.useSwitches(ctx); err != nil {
		return nil, err
	}
	blind, err := r.blindOf(ctx, settings.MainTenant, set)
	if err != nil {
		return nil, err
	}
	e := r.entry(x, c, off, blind[x])
	return &e, nil
}

// useSwitches puts in force which rules are on.
func (r *ruling) useSwitches(ctx context.Context) (switches, error) {
	r.serve.mu.Lock()
	defer r.serve.mu.Unlock()
	off, err := switchesOf(ctx, r.tenants[0].state)
	if err != nil {
		return nil, err
	}
	before := r.off
	r.off = off
	engine, err := r.engine()
	if err != nil {
		r.off = before
		return nil, err
	}
	for _, t := range r.tenants {
		if t.line != nil {
			t.line.Use(engine)
		}
	}
	return off, nil
}

// check says what is wrong with a file of rules, beside those that are in force.
func (r *ruling) check(_ context.Context, f *console.RuleFile) (*console.RuleChecked, error) {
	_, how, err := r.inForce()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tocsin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "rule.yml"), []byte(f.Text), 0o600); err != nil {
		return nil, err
	}
	alone := *how
	alone.Rules = []string{dir}
	set, err := settings.LoadRules(&alone)
	if err != nil {
		return nil, err
	}
	out := &console.RuleChecked{Rules: []string{}, Diagnostics: []console.RuleDiagnostic{}}
	for _, d := range rules.Sorted(set.Diagnostics) {
		out.Diagnostics = append(out.Diagnostics, console.RuleDiagnostic{Line: d.Line, Column: d.Col, End: d.End, Severity: d.Severity.String(), Message: d.Message, Hint: d.Hint})
	}
	for _, x := range set.Unheard() {
		out.Diagnostics = append(out.Diagnostics, console.RuleDiagnostic{
			Line: x.Pos.Line, Column: x.Pos.Col, Severity: "info", Hint: rules.UnheardHint,
			Message: fmt.Sprintf("%q is about %s, which no log that tocsin knows is", x.Title, rules.ShortSource(x.LogSource)),
		})
	}
	for _, x := range set.Written() {
		out.Rules = append(out.Rules, x.Title)
	}
	if len(out.Rules) == 0 && len(out.Diagnostics) == 0 {
		out.Diagnostics = append(out.Diagnostics, console.RuleDiagnostic{Line: 1, Column: 1, Severity: "error", Message: "there is no rule in it: no detection, correlation or filter"})
	}
	out.OK = len(out.Rules) > 0 && set.Refused == 0
	return out, nil
}

// matrix is ATT&CK, as report knows it.
func matrix() []console.CoverageTactic {
	var out []console.CoverageTactic
	for _, c := range report.Matrix() {
		t := console.CoverageTactic{ID: c.ID, Tag: c.Tag, Name: c.Name, Techniques: []console.CoverageTechnique{}}
		for _, x := range c.Techniques {
			y := console.CoverageTechnique{ID: x.ID, Name: x.Name}
			for _, b := range x.Below {
				y.Below = append(y.Below, console.CoverageBelow{ID: b.ID, Name: b.Name})
			}
			t.Techniques = append(t.Techniques, y)
		}
		out = append(out, t)
	}
	return out
}
