package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
)

// How much of each kind a page shows. What is left out is counted.
const (
	maxLead          = 8
	maxPageRules     = 1000
	maxEventsPerRule = 3
	maxNamesPerRule  = 12
	maxPageEntities  = 100
	maxTimeline      = 200
	maxPageUnread    = 200
	maxListed        = 20 // lines of a rule's own lists
)

// pageView is what the template shows.
type pageView struct {
	Worst     string // level; "" where nothing was found
	Headline  string
	Lead      []string // sentences
	Verdict   string
	Version   string
	Levels    []levelView
	Chart     *chart
	Tactics   []tacticView
	Untagged  int // rules without ATT&CK tags
	Incidents []alert.Message
	First     []*ruleView
	Rules     []*ruleView
	MoreRules int
	Entities  []entityView
	More      int // entities that are not in Entities
	Whole     bool
	Timeline  []dayView
	Told      int64 // hits in Timeline
	Hits      int64
	Summary   *detect.Summary
	Period    string
	HitPeriod string
	Formats   []formatView
	Size      string
	Unread    []event.Unread
	UnreadOut int64
}

type levelView struct {
	Name, Word string
	Rules      int
	Hits       int64
}

type formatView struct {
	Name          string
	Files, Events int64
}

type ruleView struct {
	N           int
	Info        *detect.RuleInfo
	Level, Word string
	Title       string
	Count       int64
	Span        string
	First       string
	Brief       string // the description in a line
	Techniques  []Technique
	Tactics     []Tactic
	Open        bool
	LogSource   string
	Who         []whoView
	Names       string // the entities in a line
	Events      []eventView
	OtherEvents int64
	Harmless    []string
	Next        []string
	References  []string
	Place       string
}

type whoView struct {
	Kind  string
	Names []nameView
	More  string
}

type nameView struct {
	Name  string
	Count int64
}

type eventView struct {
	Time    string
	Place   string
	Names   string
	Reasons []reasonView
	More    int
	Fields  []fieldView
	Events  string // of a correlation
}

type reasonView struct {
	Field  string
	Pieces []piece
	Why    []string
}

type fieldView struct{ Name, Value string }

var levelWords = map[string]string{"informational": "Info", "low": "Low", "medium": "Medium", "high": "High", "critical": "Critical"}

// view puts together what the page shows.
func (p *htmlPage) view() *pageView {
	s := &p.summary
	v := &pageView{Version: p.version, Summary: s, Hits: p.hits, Chart: newChart(&p.histogram), Size: Size(s.Bytes)}
	v.Period, v.HitPeriod = period(s.First, s.Last), period(p.first, p.last)
	for i := range levels {
		l := levelView{Name: levels[i].name, Word: levelWords[levels[i].name], Hits: p.levels[i]}
		for _, r := range p.order {
			if r.severity == i {
				l.Rules++
			}
		}
		v.Levels = append(v.Levels, l)
	}
	for _, f := range s.Formats {
		v.Formats = append(v.Formats, formatView{f.Format, f.Files, f.Events})
	}
	for i, r := range p.order {
		if i == maxPageRules {
			v.MoreRules = len(p.order) - i
			break
		}
		v.Rules = append(v.Rules, p.ruleView(i+1, r))
	}
	v.First = p.lookFirst(v.Rules)
	v.Incidents = p.told()
	v.Tactics, v.Untagged = p.tactics()
	v.Entities, v.More, v.Whole = p.entities()
	v.Timeline, v.Told = p.days()
	v.Unread = s.Unread[:min(len(s.Unread), maxPageUnread)]
	v.UnreadOut = max(s.UnreadTotal, int64(len(s.Unread))) - int64(len(v.Unread))
	p.say(v)
	return v
}

// lookFirst returns the rules that matter most: the most severe, in the order in which they began to hit.
func (p *htmlPage) lookFirst(rules []*ruleView) []*ruleView {
	list := slices.Clone(rules)
	slices.SortStableFunc(list, func(a, b *ruleView) int {
		x, y := p.order[a.N-1], p.order[b.N-1]
		return cmp.Or(cmp.Compare(x.severity, y.severity), compareTimes(x.first, y.first))
	})
	list = list[:min(len(list), maxLead)]
	for i, r := range list {
		if p.order[r.N-1].severity > severity("medium") {
			return list[:max(i, min(len(list), 3))]
		}
	}
	return list
}

// compareTimes puts what has no time last.
func compareTimes(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

func (p *htmlPage) ruleView(n int, r *ruleDigest) *ruleView {
	v := &ruleView{
		N: n, Info: &r.info, Level: levels[r.severity].name, Word: levelWords[levels[r.severity].name], Title: r.title(),
		Count: r.count, Span: period(r.first, r.last), First: p.shortTime(r.first), Brief: oneLine(r.info.Description, 220), Techniques: techniquesOf(r.info.Tags),
		Tactics: tacticsOf(r.info.Tags), Open: r.severity <= severity("high"), LogSource: logSource(&r.info),
		Harmless: harmless(r.info.FalsePositives), Next: firsts(r.info.NextSteps), References: firsts(r.info.References),
	}
	if r.info.File != "" {
		v.Place = fmt.Sprintf("%s:%d", r.info.File, r.info.Line)
	}
	for _, k := range []struct {
		kind string
		of   *tally
	}{{"host", &r.hosts}, {"user", &r.users}, {"address", &r.addresses}} {
		names, more, whole := k.of.top(maxNamesPerRule)
		if len(names) == 0 {
			continue
		}
		w := whoView{Kind: k.kind}
		for _, m := range names {
			w.Names = append(w.Names, nameView{m.name, m.count})
		}
		if more > 0 || !whole {
			w.More = atLeast(more, whole) + " more"
		}
		v.Who = append(v.Who, w)
	}
	v.Names = briefly(r)
	for _, s := range r.samples.telling(maxEventsPerRule) {
		v.Events = append(v.Events, eventOf(s, p.fields[r][s]))
	}
	v.OtherEvents = r.count - int64(len(v.Events))
	return v
}

// title names a rule on the page.
func (r *ruleDigest) title() string {
	return cmp.Or(oneLine(r.info.Title, 200), "Rule without a title")
}

// briefly names the entity of each kind that a rule met most.
func briefly(r *ruleDigest) string {
	var list []string
	for _, t := range []*tally{&r.hosts, &r.users, &r.addresses} {
		names, more, _ := t.top(2)
		for _, n := range names {
			list = append(list, visibleTo(n.name, 60))
		}
		if more > 0 {
			list = append(list, fmt.Sprintf("+%d", more))
		}
	}
	return strings.Join(list, " · ")
}

func eventOf(s *sample, fields []field) eventView {
	e := eventView{Time: fullTime(s.time), Place: fmt.Sprintf("%s, record %s", s.file, Amount(s.record)), Names: entityNames(&s.entities), More: s.unlisted}
	matched := map[string]bool{}
	for _, r := range reasons(s.matched) {
		matched[r.field] = true
		v := reasonView{Field: r.field, Pieces: pieces(&r)}
		switch {
		case r.field == "" && s.count > 0:
			v.Field = "together"
		case r.field == "":
			v.Field = "anywhere"
		}
		for _, t := range r.tests {
			v.Why = append(v.Why, why(r.field, t))
		}
		e.Reasons = append(e.Reasons, v)
	}
	for _, f := range fields {
		if !matched[f.name] {
			e.Fields = append(e.Fields, fieldView{f.name, f.value})
		}
	}
	if s.count > 0 {
		e.Events = many(s.count, "event")
		if n := len(s.events); n > 0 {
			e.Events += fmt.Sprintf(", first %s, record %s", s.events[0].File, Amount(s.events[0].Record))
			if n > 1 {
				e.Events += fmt.Sprintf("; last %s, record %s", s.events[n-1].File, Amount(s.events[n-1].Record))
			}
		}
	}
	return e
}

// entityNames names the first of each kind in a line.
func entityNames(e *detect.Entities) string {
	const most = 3
	var list []string
	for _, names := range [][]string{e.Hosts, e.Users, e.Addresses} {
		for _, n := range names[:min(len(names), most)] {
			list = append(list, visibleTo(n, 80))
		}
		if len(names) > most {
			list = append(list, "…")
		}
	}
	return strings.Join(list, " · ")
}

func firsts(list []string) []string { return list[:min(len(list), maxListed)] }

// harmless returns when a rule's hits are no attack, without the words by which authors of rules say that they know none.
func harmless(list []string) []string {
	var said []string
	for _, s := range list {
		switch strings.ToLower(strings.Trim(s, " .\n")) {
		case "", "unknown", "none":
		case "unlikely":
			said = append(said, "Hardly ever")
		default:
			said = append(said, s)
		}
	}
	return firsts(said)
}

func logSource(r *detect.RuleInfo) string {
	var list []string
	for _, s := range []string{r.LogSource.Product, r.LogSource.Category, r.LogSource.Service} {
		if s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, " / ")
}

// fullTime writes a time with its date, its zone and what it has of a second.
func fullTime(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format("2 Jan 2006 15:04:05.999 UTC")
}

// shortTime leaves out the year where all hits are of one.
func (p *htmlPage) shortTime(t time.Time) string {
	switch {
	case t.IsZero():
		return "no time"
	case p.first.UTC().Year() != p.last.UTC().Year():
		return t.UTC().Format("2 Jan 2006")
	}
	return t.UTC().Format("2 Jan 15:04")
}

// period writes from when to when, for a reader.
func period(first, last time.Time) string {
	const day, clock = "2 Jan 2006", "15:04:05"
	first, last = first.UTC(), last.UTC()
	a, b := first.Format(day), last.Format(day)
	switch {
	case first.IsZero() || last.IsZero():
		return "no time"
	case first.Unix() == last.Unix():
		return a + " " + first.Format(clock) + " UTC"
	case a == b:
		return a + " " + first.Format(clock) + " – " + last.Format(clock) + " UTC"
	}
	return a + " " + first.Format(clock) + " – " + b + " " + last.Format(clock) + " UTC"
}

// atLeast writes a number that may be greater than what is known.
func atLeast(n int, whole bool) string {
	if whole {
		return Amount(int64(n))
	}
	return "at least " + Amount(int64(n))
}
