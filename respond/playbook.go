package respond

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-sec/tocsin/config"
)

// Playbook says which alerts are answered by which actions. Its methods are pure.
type Playbook struct {
	Name      string         `json:"name" yaml:"name" doc:"Its name: small letters, digits, -."`
	Title     string         `json:"title,omitempty" yaml:"title" doc:"What it answers, in a few words."`
	Doc       string         `json:"doc,omitempty" yaml:"doc" doc:"What it does, and why."`
	Mode      string         `json:"mode,omitempty" yaml:"mode" doc:"auto: it acts. ask: what it would do waits for a person. watch: it only notes what it would have done." default:"watch"`
	On        Trigger        `json:"on" yaml:"on" doc:"Which alerts it answers."`
	Do        []PlaybookStep `json:"do" yaml:"do" doc:"What it does."`
	Approvals int            `json:"approvals,omitempty" yaml:"approvals" doc:"How many persons must approve, in the mode ask." default:"1"`
	PerHour   int            `json:"per_hour,omitempty" yaml:"per_hour" doc:"More than so many actions in an hour wait for a person." default:"20"`
	Quiet     []string       `json:"quiet,omitempty" yaml:"quiet" doc:"Hours of the day, in the time of this machine, in which auto is ask." example:"[\"08:00-18:00\"]"`
}

// Trigger says which alerts are meant. All that is stated must hold.
type Trigger struct {
	Rules   []string `json:"rules,omitempty" yaml:"rules" doc:"Ids of rules; any of them."`
	Tags    []string `json:"tags,omitempty" yaml:"tags" doc:"Tags of rules; any of them." example:"[\"attack.t1110.001\"]"`
	AndTags []string `json:"and_tags,omitempty" yaml:"and_tags" doc:"Further tags; any of them, too."`
	NotTags []string `json:"not_tags,omitempty" yaml:"not_tags" doc:"Tags that the rule must not have."`
	Level   string   `json:"level,omitempty" yaml:"level" doc:"The least level: informational, low, medium, high, critical." default:"informational"`
}

// PlaybookStep is one action of a playbook.
type PlaybookStep struct {
	Kind   string            `json:"kind" yaml:"kind" doc:"The kind of action."`
	Target string            `json:"target" yaml:"target" doc:"Its target. {source} and {target} stand for the addresses that it came from and went to, {user} and {host} for those of the alert, {field:NAME} for a field of its event; the action is done for each." example:"{source}"`
	For    time.Duration     `json:"for,omitempty" yaml:"for" doc:"Undo it after this time."`
	Params map[string]string `json:"params,omitempty" yaml:"params" doc:"What else the kind needs."`
}

// The modes of a playbook.
const (
	ModeWatch = "watch"
	ModeAsk   = "ask"
	ModeAuto  = "auto"
)

// Cause is an alert as a playbook sees it.
type Cause struct {
	Alert   string // its key
	RuleID  string
	Title   string
	Tags    []string
	Level   int // 0 informational to 4 critical
	Sources []string
	Targets []string
	Users   []string
	Hosts   []string
	Field   func(name string) []string // of its event; nil where there is none
}

//go:embed playbooks/*.yml
var builtin embed.FS

// BuiltinPlaybooks are those that tocsin brings. They watch.
func BuiltinPlaybooks() ([]Playbook, error) {
	names, err := fs.Glob(builtin, "playbooks/*.yml")
	if err != nil {
		return nil, err
	}
	var list []Playbook
	for _, n := range names {
		data, err := builtin.ReadFile(n)
		if err != nil {
			return nil, err
		}
		p, err := ReadPlaybook(path.Base(n), data)
		if err != nil {
			return nil, err
		}
		list = append(list, *p)
	}
	return list, nil
}

// ReadPlaybook reads a playbook. The error tells all mistakes with their places.
func ReadPlaybook(name string, data []byte) (*Playbook, error) {
	p := &Playbook{}
	doc, err := config.Load(name, data, p)
	if err != nil {
		return nil, err
	}
	if err := p.Check(); err != nil {
		doc.Fail("name", "", "%v", err)
	}
	return p, doc.Err()
}

func levels() []string { return []string{"informational", "low", "medium", "high", "critical"} }

var placeholder = regexp.MustCompile(`\{(source|target|user|host|field:[A-Za-z0-9_.@-]{1,100})\}`)

// Check returns what is wrong with a playbook.
func (p *Playbook) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !ownName.MatchString(p.Name) {
		fail("playbook %.40q: a name has small letters, digits, - and _", p.Name)
	}
	if p.Mode != "" && p.Mode != ModeWatch && p.Mode != ModeAsk && p.Mode != ModeAuto {
		fail("mode %.20q: must be watch, ask or auto", p.Mode)
	}
	if len(p.On.Rules)+len(p.On.Tags) == 0 {
		fail("on: needs rules or tags: a playbook for every alert is none")
	}
	if p.On.Level != "" && !slices.Contains(levels(), p.On.Level) {
		fail("on.level %.20q: is none", p.On.Level)
	}
	if len(p.Do) == 0 || len(p.Do) > 20 {
		fail("do: 1 to 20 steps")
	}
	for i := range p.Do {
		if err := p.Do[i].check(); err != nil {
			fail("do[%d]: %w", i, err)
		}
	}
	for _, q := range p.Quiet {
		if _, _, err := parseHours(q); err != nil {
			errs = append(errs, err)
		}
	}
	if p.Approvals < 0 || p.Approvals > 10 || p.PerHour < 0 {
		fail("approvals are 0 to 10, per_hour is not below 0")
	}
	return errors.Join(errs...)
}

func (s *PlaybookStep) check() error {
	k, err := KindOf(s.Kind)
	if err != nil {
		return err
	}
	if s.For < 0 || s.For > 0 && !k.Lasts {
		return fmt.Errorf("%s cannot be undone, so it has no end", s.Kind)
	}
	rest := placeholder.ReplaceAllString(s.Target, "")
	if strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("target %.60q: there are {source}, {target}, {user}, {host} and {field:NAME}", s.Target)
	}
	if found := placeholder.FindAllString(s.Target, -1); len(found) > 1 {
		return fmt.Errorf("target %.60q: one {…} at most", s.Target)
	}
	return nil
}

// parseHours reads "22:00-06:00" as minutes of the day.
func parseHours(s string) (from, to int, err error) {
	var h [4]int
	if n, err := fmt.Sscanf(s, "%2d:%2d-%2d:%2d", &h[0], &h[1], &h[2], &h[3]); err != nil || n != 4 || h[0] < 0 || h[0] > 23 || h[2] < 0 || h[2] > 24 ||
		h[1] < 0 || h[1] > 59 || h[3] < 0 || h[3] > 59 || s != fmt.Sprintf("%02d:%02d-%02d:%02d", h[0], h[1], h[2], h[3]) {
		return 0, 0, fmt.Errorf("quiet %.20q: write 22:00-06:00", s)
	}
	return h[0]*60 + h[1], h[2]*60 + h[3], nil
}

// quiet tells whether a time is in quiet hours.
func (p *Playbook) quiet(at time.Time) bool {
	minute := at.Hour()*60 + at.Minute()
	return slices.ContainsFunc(p.Quiet, func(q string) bool {
		from, to, err := parseHours(q)
		if from <= to {
			return err == nil && minute >= from && minute < to
		}
		return err == nil && (minute >= from || minute < to)
	})
}

// Means tells whether a playbook answers an alert.
func (p *Playbook) Means(c *Cause) bool {
	has := func(tags []string) bool {
		return slices.ContainsFunc(tags, func(t string) bool { return slices.Contains(c.Tags, t) })
	}
	return (len(p.On.Rules) == 0 || slices.Contains(p.On.Rules, c.RuleID)) && (len(p.On.Tags) == 0 || has(p.On.Tags)) &&
		(len(p.On.AndTags) == 0 || has(p.On.AndTags)) && !has(p.On.NotTags) && c.Level >= max(0, slices.Index(levels(), p.On.Level))
}

// maxTargets is how many targets one alert may give a step: as many as an alert tells apart.
const maxTargets = 64

// Answer is what a playbook would do about an alert at a time: requests in canonical form, and, for what it cannot do, why.
// In watch, the requests are what it would have asked.
func (p *Playbook) Answer(c *Cause, at time.Time) (requests []Request, problems []string) {
	if !p.Means(c) {
		return nil, nil
	}
	needs := 0
	if p.Mode != ModeAuto || p.quiet(at) {
		needs = max(1, p.Approvals)
	}
	for i := range p.Do {
		s := &p.Do[i]
		k, err := KindOf(s.Kind)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		for _, target := range s.targets(c) {
			canonical, err := k.Check(target, s.Params)
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
			requests = append(requests, Request{
				Kind: s.Kind, Target: canonical, Params: s.Params, By: "playbook " + p.Name, For: s.For, Needs: needs,
				Why: Why{Alert: c.Alert, Rule: c.RuleID, Text: c.Title},
			})
		}
	}
	return requests, problems
}

// targets are the texts that a step's target stands for. A value is put in the middle of other words only if it is one word
// of plain characters; addresses must be such.
func (s *PlaybookStep) targets(c *Cause) []string {
	at := placeholder.FindStringIndex(s.Target)
	if at == nil {
		return []string{s.Target}
	}
	name := s.Target[at[0]+1 : at[1]-1]
	var values []string
	switch name {
	case "source":
		values = addresses(c.Sources)
	case "target":
		values = addresses(c.Targets)
	case "user":
		values = c.Users
	case "host":
		values = c.Hosts
	default:
		if c.Field != nil {
			values = c.Field(strings.TrimPrefix(name, "field:"))
		}
	}
	whole := at[0] == 0 && at[1] == len(s.Target)
	var list []string
	for _, v := range values {
		odd := strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar })
		if v == "" || len(v) > 4096 || odd && !whole || strings.HasPrefix(v, "-") {
			continue
		}
		if list = append(list, s.Target[:at[0]]+v+s.Target[at[1]:]); len(list) == maxTargets {
			break
		}
	}
	return list
}

func addresses(texts []string) []string {
	var list []string
	for _, t := range texts {
		if a, err := netip.ParseAddr(t); err == nil && a.Zone() == "" {
			list = append(list, a.Unmap().String())
		}
	}
	return list
}
