package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/state"
)

// preventing answers how a thing is kept from happening again.
type preventing struct {
	*serve
	console *console.Server
	arming  sync.Mutex // one at a time
}

// answerPrevents adds its operations.
func (s *serve) answerPrevents(c *console.Server) {
	p := &preventing{serve: s, console: c}
	op := func(method, path string, may identity.Permission, summary string) console.Operation {
		return console.Operation{Method: method, Path: path, Permission: may, Tag: "prevention", Summary: summary, MaxBody: maxArmedBytes}
	}
	c.Operations = append(c.Operations, func(a *console.API) {
		console.Handle(a, op("POST", "/prevent/{key}", identity.RuleRead, "Drafts what would keep a thing from happening again: rules with their tests, or an exception"), p.draft)
		console.Handle(a, op("POST", "/prevent/{key}/arm", identity.RuleWrite, "Puts rules in force whose tests pass, or makes the exception"), p.arm)
		console.Handle(a, op("GET", "/prevent", identity.RuleRead, "Lists the rules that were armed"), p.list)
		console.Handle(a, op("POST", "/prevent/{rule}/disarm", identity.RuleWrite, "Takes a rule back"), p.disarm)
		arm := op("POST", "/rules/arm", identity.RuleWrite, "Puts rules in force, in all tenants, if their tests pass; in place of those with the same ids")
		arm.Whole, arm.Tag = true, "rules"
		console.Handle(a, arm, p.save)
		arm.Path, arm.Summary = "/rules/{rule}/disarm", "Takes back a rule that was armed; one that it stood in for is back"
		console.Handle(a, arm, p.disarm)
	})
}

// preventAsk says about what something is drafted.
type preventAsk struct {
	console.KeyAsk
	Days      int  `query:"days" minimum:"1" maximum:"3650" default:"30" doc:"Look back so many days."`
	Exception bool `query:"exception" doc:"Draft an exception, whatever the verdict is."`
}

// PreventDraft is what was drafted.
type PreventDraft struct {
	Key        string             `json:"key"`
	Kind       string             `json:"kind"` // case, incident or alert
	Title      string             `json:"title"`
	Verdict    string             `json:"verdict,omitempty"`
	Days       int                `json:"days"`
	Hits       int                `json:"hits"`
	Events     int                `json:"events"` // of them, as far as they are kept
	Rules      []prevent.Rule     `json:"rules,omitempty"`
	Backtest   *backtest.Result   `json:"backtest,omitempty"`
	Playbook   string             `json:"playbook,omitempty"`  // a file
	Addresses  []string           `json:"addresses,omitempty"` // that it came from
	Exceptions []preventException `json:"exceptions,omitempty"`
	Notes      []string           `json:"notes,omitempty"`
}

type preventException struct {
	Matchers []string           `json:"matchers"`
	Rule     string             `json:"rule"` // its title
	Would    *console.WouldHide `json:"would"`
	Made     string             `json:"made,omitempty"` // the id of the exception, once it is armed

	silence alert.Silence
}

// own returns the tenant that is asked about, as serve has it.
func (p *preventing) own(t *console.Tenant) *tenant {
	at := slices.IndexFunc(p.tenants, func(o *tenant) bool { return o.name == t.Name })
	return p.tenants[at]
}

func preventProblem(status int, format string, args ...any) error {
	return &console.Problem{Status: status, Title: fmt.Sprintf(format, args...)}
}

// draft answers what would keep a thing from happening again.
func (p *preventing) draft(ctx context.Context, c *console.Tenant, in *preventAsk) (*PreventDraft, error) {
	t := p.own(c)
	s, err := t.subject(ctx, in.Key, in.Days)
	if err != nil {
		return nil, err
	}
	s.author = console.Actor(ctx)
	d := &PreventDraft{Key: s.key, Kind: s.kind, Title: s.title, Verdict: s.verdict, Days: in.Days, Hits: len(s.hits)}
	if in.Exception || s.verdict == alert.FalseAlarm || s.verdict == alert.Expected {
		return d, p.exceptions(ctx, c, s, d)
	}
	return d, p.draftRules(ctx, t, s, d)
}

// draftRules drafts rules, tries them, and proposes what to do when they hit.
func (p *preventing) draftRules(ctx context.Context, t *tenant, s *subject, d *PreventDraft) error {
	set, _, err := p.inForce()
	if err != nil {
		return err
	}
	if err := s.readEvents(ctx, t); err != nil {
		return err
	}
	d.Events = len(s.events)
	d.Notes = s.notes
	if len(s.events) == 0 {
		d.Notes = append(d.Notes, "none of its events is kept any more: there is nothing to draft a rule from")
		return nil
	}
	d.Rules, err = s.draft(set, rules.ReadLines)
	d.Notes = s.notes
	if err != nil {
		return err
	}
	if len(d.Rules) == 0 {
		d.Notes = append(d.Notes, "nothing in its events tells them from others: no rule was drafted")
		return nil
	}
	ask := &console.BacktestAsk{Since: time.Now().AddDate(0, 0, -d.Days)}
	for _, r := range d.Rules {
		ask.Files = append(ask.Files, console.RuleFile{Name: r.Name + ".yml", Text: r.Text})
	}
	if p.console.Backtest != nil {
		if d.Backtest, err = p.console.Backtest(ctx, t.name, ask, func(backtest.Progress) {}); err != nil {
			return err
		}
	}
	d.Addresses = s.sources[:min(len(s.sources), 20)]
	d.Playbook, err = playbookFor(d)
	return err
}

// exceptions drafts exceptions, and says what each would have hidden.
func (p *preventing) exceptions(ctx context.Context, c *console.Tenant, s *subject, d *PreventDraft) error {
	bad, err := s.maliciousHits(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, v := range prevent.Exceptions(s.falseHits(), bad, "closed as "+cmp.Or(s.verdict, "a false alarm")+": "+s.key[:min(len(s.key), alert.ShortKey)], s.author) {
		v.Created = now.UnixNano()
		would, err := c.WouldHide(ctx, &v, d.Days, now)
		if err != nil {
			return err
		}
		x := preventException{Would: would, silence: v, Rule: s.ruleTitle(v.Matchers[0].Value)}
		for _, m := range v.Matchers {
			x.Matchers = append(x.Matchers, m.String())
		}
		d.Exceptions = append(d.Exceptions, x)
	}
	if len(d.Exceptions) == 0 {
		d.Notes = append(d.Notes, "none of its hits is kept any more: there is nothing to draft an exception from")
	}
	return nil
}

// armException makes the exceptions that were drafted.
func (p *preventing) armException(ctx context.Context, c *console.Tenant, in *armAsk) (*ArmAnswer, error) {
	d, err := p.draft(ctx, c, &preventAsk{KeyAsk: in.KeyAsk, Days: in.Days, Exception: true})
	if err != nil {
		return nil, err
	}
	for i := range d.Exceptions {
		if n := d.Exceptions[i].Would.Malicious; n > 0 && !in.Force {
			return nil, preventProblem(http.StatusConflict, "nothing was done: it would have hidden %d hits that were called malicious", n)
		}
	}
	for i := range d.Exceptions {
		m, err := c.Except(ctx, d.Exceptions[i].silence)
		if err != nil {
			return nil, err
		}
		d.Exceptions[i].Made = m.ID
		if err := p.noteIn(ctx, c, d.Key, "prevent.except", m.ID); err != nil {
			return nil, err
		}
	}
	return &ArmAnswer{Draft: d}, nil
}

// noteIn writes to the audit trail, and to the case, what was done to prevent a thing.
func (p *preventing) noteIn(ctx context.Context, c *console.Tenant, key, action, what string) error {
	now, actor := time.Now().UnixNano(), console.Actor(ctx)
	detail, err := json.Marshal(map[string]string{"note": what})
	if err != nil {
		return err
	}
	trail := state.AuditEntry{Time: now, Actor: actor, Action: action, Target: key, Detail: string(detail)}
	of, err := c.State.Case(ctx, key)
	if errors.Is(err, state.ErrNotFound) {
		_, err = c.State.Append(ctx, trail)
		return err
	}
	if err != nil {
		return err
	}
	_, err = c.State.ChangeCase(ctx, of.Key, trail, func(c *alert.Case) error { return c.AddNote(action+": "+what, actor, now) })
	return err
}

// playbookFor writes the playbook that would block where the rules' events come from; it only watches.
func playbookFor(d *PreventDraft) (string, error) {
	var ids []string
	for i := range d.Rules {
		if d.Rules[i].Address {
			ids = append(ids, d.Rules[i].ID)
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	text := "name: again-" + d.Key[:min(len(d.Key), alert.ShortKey)] + "\n" +
		"title: What happened once comes again\n" +
		"doc: Whoever does it again is kept out for a day. It only watches until its mode says otherwise.\n" +
		"mode: watch\n" +
		"on:\n  rules: [" + strings.Join(ids, ", ") + "]\n" +
		"do:\n  - kind: block\n    target: '{source}'\n    for: 24h\n" +
		"per_hour: 20\n"
	_, err := respond.ReadPlaybook("playbook.yml", []byte(text))
	return text, err
}
