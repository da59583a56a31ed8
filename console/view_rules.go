package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// RuleEntry is a rule as it is listed.
type RuleEntry struct {
	ID         string          `json:"id" doc:"Or its title, where it has none."`
	Title      string          `json:"title"`
	Level      string          `json:"level" enum:"critical,high,medium,low,informational"`
	Status     string          `json:"status,omitempty"`
	Kind       string          `json:"kind" enum:"detection,correlation"`
	Tags       []string        `json:"tags"`
	Techniques []string        `json:"techniques"`
	Source     string          `json:"source" doc:"builtin, pack:NAME, armed, or its file."`
	LogSource  event.LogSource `json:"logsource"`
	Enabled    bool            `json:"enabled"`
	Off        *RuleOff        `json:"off,omitempty" doc:"Why it is off."`
	Never      string          `json:"never,omitempty" doc:"Why it cannot hit: it is off, or nothing of its log source is kept."`
	RuleCounts
}

// RuleCounts are how a rule has done in the days that were asked for.
type RuleCounts struct {
	Fired  int64     `json:"fired" doc:"Hits."`
	Alerts int64     `json:"alerts"`
	True   int64     `json:"true" doc:"Alerts in incidents that were closed as malicious."`
	False  int64     `json:"false" doc:"As a false alarm, or as expected."`
	Open   int64     `json:"open" doc:"That nobody has judged."`
	Hidden int64     `json:"hidden,omitempty" doc:"That a silence or an exception hides."`
	Last   time.Time `json:"last,omitzero"`
}

// RuleOff says why a rule is off.
type RuleOff struct {
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Why    string    `json:"why,omitempty"`
	Config bool      `json:"config,omitempty" doc:"tocsin.yml leaves it out: it can be turned on there only."`
}

// RuleDetail is all about a rule.
type RuleDetail struct {
	RuleEntry
	Description    string           `json:"description,omitempty"`
	Author         string           `json:"author,omitempty"`
	References     []string         `json:"references,omitempty"`
	FalsePositives []string         `json:"falsepositives,omitempty"`
	NextSteps      []string         `json:"next_steps,omitempty"`
	File           string           `json:"file"`
	Line           int              `json:"line"`
	YAML           string           `json:"yaml"`
	Tests          string           `json:"tests,omitempty" doc:"Of an armed rule."`
	Replaces       string           `json:"replaces,omitempty" doc:"The file of a rule with the same id that this armed one stands in for; that one is back when this one is taken back."`
	LooksFor       []string         `json:"looks_for" doc:"Its condition in words, indented."`
	Logs           []string         `json:"logs" doc:"Which events its log sources are."`
	Exceptions     []SilenceMessage `json:"exceptions" doc:"Exceptions and silences that name it."`
	Days           []Tally          `json:"days" doc:"Hits by day, the oldest first."`
	Parts          []RulePart       `json:"parts,omitempty" doc:"Where it has not hit: how many events each part of its condition holds for."`
}

// RulePart is a part of a rule's condition.
type RulePart struct {
	Text    string `json:"text"`
	Not     bool   `json:"not,omitempty"`
	Matched int64  `json:"matched"`
}

// RulesAsk says which rules are asked for.
type RulesAsk struct {
	PageAsk
	Q       string `query:"q" maxLength:"1000" doc:"Words that all stand in its title, id, tags or log source."`
	Level   string `query:"level" enum:"informational,low,medium,high,critical" doc:"And above."`
	Tag     string `query:"tag" maxLength:"200" doc:"T1110, or attack.persistence."`
	Source  string `query:"source" maxLength:"1000"`
	Enabled string `query:"enabled" enum:"true,false"`
	Fired   string `query:"fired" enum:"true,false,blind" doc:"blind: nothing of its log source is kept."`
	Order   string `query:"order" enum:"level,noise,fired,last,title" default:"level" doc:"noise: those with most false alarms first."`
	Days    int    `query:"days" minimum:"1" maximum:"3650" default:"30" doc:"Of its record."`
}

// RulesPage is a page of rules.
type RulesPage struct {
	Items   []RuleEntry `json:"items"`
	Next    string      `json:"next,omitempty"`
	Total   int         `json:"total" doc:"That are meant."`
	Enabled int         `json:"enabled" doc:"Of all rules."`
	All     int         `json:"all"`
	Blind   int         `json:"blind" doc:"Of those that are on: nothing of their log source is kept."`
}

// RuleAsk names a rule.
type RuleAsk struct {
	ID   string `path:"id" maxLength:"500" doc:"Its id; its title, where it has none."`
	Days int    `query:"days" minimum:"1" maximum:"3650" default:"30" doc:"Of its record."`
}

// SwitchAsk turns a rule on or off.
type SwitchAsk struct {
	ID   string `path:"id" maxLength:"500"`
	Body struct {
		Enabled bool   `json:"enabled"`
		Why     string `json:"why,omitempty" maxLength:"4096"`
	} `nameHint:"RuleSwitch"`
}

// RuleCheck is a file of rules to be looked at.
type RuleCheck struct {
	Body struct {
		YAML string `json:"yaml" maxLength:"1048576"`
		Name string `json:"name,omitempty" maxLength:"200"`
	} `nameHint:"RuleCheck"`
}

// RuleChecked is what is wrong with it.
type RuleChecked struct {
	OK          bool             `json:"ok" doc:"All rules of it can be used."`
	Rules       []string         `json:"rules" doc:"The titles of those that can."`
	Diagnostics []RuleDiagnostic `json:"diagnostics"`
}

// RuleDiagnostic is a place where something is wrong.
type RuleDiagnostic struct {
	Line     int    `json:"line" doc:"From 1."`
	Column   int    `json:"column" doc:"From 1."`
	End      int    `json:"end,omitempty" doc:"The column behind the last character concerned."`
	Severity string `json:"severity" enum:"error,warning,info"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (s *Server) registerRuleList(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/rules", Permission: identity.RuleRead, Summary: "Lists rules, with how they have done", Tag: "rules"}
	Handle(a, op, s.rules)
	op.Path, op.Summary = "/rules/{id}", "Tells all about a rule"
	Handle(a, op, s.rule)
	Handle(a, Operation{Method: http.MethodPost, Path: "/rules/check", Permission: identity.RuleRead, Summary: "Says what is wrong with rules, and where", Tag: "rules"}, s.checkRule)
	Handle(a, Operation{Method: http.MethodPost, Path: "/rules/{id}/enabled", Permission: identity.RuleWrite, Whole: true, Summary: "Turns a rule on or off, in all tenants", Tag: "rules"}, s.switchRule)
}

// unknown is the answer where the process cannot be asked.
func unknown(what string) *Problem {
	return &Problem{Status: http.StatusNotImplemented, Title: what + " is not known here"}
}

func (s *Server) rules(ctx context.Context, t *Tenant, q *RulesAsk) (*RulesPage, error) {
	if s.Rules == nil {
		return nil, unknown("which rules there are")
	}
	list, err := s.Rules(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	if err := t.records(ctx, list, q.Days); err != nil {
		return nil, err
	}
	out := &RulesPage{Items: []RuleEntry{}, All: len(list)}
	for i := range list {
		if list[i].Enabled {
			out.Enabled++
			if list[i].Never != "" {
				out.Blind++
			}
		}
	}
	list = slices.DeleteFunc(list, func(r RuleEntry) bool { return !q.means(&r) })
	q.sort(list)
	out.Total = len(list)
	if q.After != "" {
		at := slices.IndexFunc(list, func(r RuleEntry) bool { return r.ID == q.After })
		if at < 0 {
			return nil, bad("after", "there is no such rule in this list any more")
		}
		list = list[at+1:]
	}
	if len(list) > q.Limit {
		list = list[:q.Limit]
		out.Next = list[q.Limit-1].ID
	}
	out.Items = append(out.Items, list...)
	return out, nil
}

// records adds how rules have done.
func (t *Tenant) records(ctx context.Context, list []RuleEntry, days int) error {
	since := time.Now().AddDate(0, 0, -days).UnixNano()
	known, err := t.State.RuleRecords(ctx, since, 0)
	if err != nil {
		return err
	}
	for i := range list {
		if r, ok := known[list[i].ID]; ok {
			list[i].RuleCounts = RuleCounts{r.Hits, r.Alerts, r.True, r.False, r.Open, r.Hidden, alert.When(r.Last)}
		}
	}
	return nil
}

// means tells whether a rule is asked for.
func (q *RulesAsk) means(r *RuleEntry) bool {
	if q.Level != "" && levelNumber(r.Level) < levelNumber(q.Level) || q.Source != "" && r.Source != q.Source || q.Enabled != "" && (q.Enabled == "true") != r.Enabled {
		return false
	}
	switch q.Fired {
	case "true", "false":
		if (q.Fired == "true") != (r.Fired > 0) {
			return false
		}
	case "blind":
		if !r.Enabled || r.Never == "" {
			return false
		}
	}
	if q.Tag != "" {
		want := "attack." + strings.TrimPrefix(strings.ToLower(q.Tag), "attack.")
		if !slices.ContainsFunc(r.Tags, func(tag string) bool {
			tag = strings.ToLower(tag)
			return tag == want || strings.HasPrefix(tag, want+".")
		}) {
			return false
		}
	}
	text := strings.ToLower(strings.Join([]string{r.Title, r.ID, strings.Join(r.Tags, " "), r.LogSource.Product, r.LogSource.Category, r.LogSource.Service}, " "))
	for w := range strings.FieldsSeq(strings.ToLower(q.Q)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func levelNumber(name string) int { return slices.Index(alert.LevelNames[:], name) }

// sort puts rules in the order that is asked for.
func (q *RulesAsk) sort(list []RuleEntry) {
	by := map[string]func(a, b *RuleEntry) int{
		"noise": func(a, b *RuleEntry) int {
			return cmp.Or(cmp.Compare(b.False-b.True, a.False-a.True), cmp.Compare(b.Alerts, a.Alerts))
		},
		"fired": func(a, b *RuleEntry) int { return cmp.Compare(b.Fired, a.Fired) },
		"last":  func(a, b *RuleEntry) int { return b.Last.Compare(a.Last) },
		"level": func(a, b *RuleEntry) int { return levelNumber(b.Level) - levelNumber(a.Level) },
	}[q.Order]
	slices.SortFunc(list, func(a, b RuleEntry) int {
		order := 0
		if by != nil {
			order = by(&a, &b)
		}
		return cmp.Or(order, strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)), strings.Compare(a.ID, b.ID))
	})
}

func (s *Server) rule(ctx context.Context, t *Tenant, q *RuleAsk) (*RuleDetail, error) {
	if s.RuleDetail == nil {
		return nil, unknown("which rules there are")
	}
	out, err := s.RuleDetail(ctx, t.Name, q.ID)
	if err != nil {
		return nil, err
	}
	one := []RuleEntry{out.RuleEntry}
	if err := t.records(ctx, one, q.Days); err != nil {
		return nil, err
	}
	out.RuleEntry = one[0]
	now := time.Now()
	counts, err := t.State.CountHits(ctx, state.HitFilter{Rule: out.ID, Since: now.AddDate(0, 0, -q.Days).UnixNano()}, state.ByDay)
	if err != nil {
		return nil, err
	}
	out.Days = []Tally{}
	for _, c := range counts {
		out.Days = append(out.Days, Tally{c.Name, c.Hits})
	}
	silences, err := t.State.Silences(ctx)
	if err != nil {
		return nil, err
	}
	out.Exceptions = []SilenceMessage{}
	for i := range silences {
		names := func(m alert.Matcher) bool {
			return m.Field == "rule" && (strings.EqualFold(m.Value, out.ID) || strings.EqualFold(m.Value, out.Title))
		}
		if slices.ContainsFunc(silences[i].Matchers, names) {
			out.Exceptions = append(out.Exceptions, silenceMessage(&silences[i], now.UnixNano()))
		}
	}
	return out, nil
}

func (s *Server) switchRule(ctx context.Context, _ *Tenant, in *SwitchAsk) (*RuleEntry, error) {
	if s.SwitchRule == nil {
		return nil, unknown("which rules there are")
	}
	return s.SwitchRule(ctx, in.ID, in.Body.Enabled, in.Body.Why)
}

func (s *Server) checkRule(ctx context.Context, _ *Tenant, in *RuleCheck) (*RuleChecked, error) {
	if s.CheckRules == nil {
		return nil, unknown("what is wrong with rules")
	}
	return s.CheckRules(ctx, &RuleFile{Name: cmp.Or(in.Body.Name, "rule.yml"), Text: in.Body.YAML})
}
