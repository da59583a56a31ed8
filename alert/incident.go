package alert

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// States of an incident.
const (
	New     = "new"
	Taken   = "taken"
	Snoozed = "snoozed"
	Closed  = "closed"
	Merged  = "merged" // into another, which Into names
)

// Verdicts on a closed incident.
const (
	Malicious  = "malicious"
	FalseAlarm = "false-alarm" // the rule was wrong
	Expected   = "expected"    // the rule was right, and the thing was meant to be
)

// Verdicts are all of them, the gravest first.
var Verdicts = [...]string{Malicious, Expected, FalseAlarm}

// Bounds of an incident.
const (
	Gap      = 12 * time.Hour // between alerts of one incident, at most
	Span     = 72 * time.Hour // from its first alert to the beginning of its last, at most
	maxRules = 128            // that an incident tells apart
)

// Incident is what a person looks at: alerts that share who and what they are about. Times are nanoseconds since 1970.
type Incident struct {
	Key      string `json:"key"` // f(its first alert)
	Title    string `json:"title"`
	Sentence string `json:"sentence"`
	Level    int    `json:"level"` // the highest of its alerts
	Score    int    `json:"score"` // 0 to 100; see Rate
	First    int64  `json:"first"`
	Last     int64  `json:"last"`
	Seen     int64  `json:"seen"` // when its first hit came in
	Updated  int64  `json:"updated"`
	Alerts   int64  `json:"alerts"`
	Hits     int64  `json:"hits"`
	Events   int64  `json:"events"`
	// Background incidents gather what is tried at everybody, and what means little: attempts on one target, or low
	// alerts about one thing.
	Background bool    `json:"background,omitempty"`
	Attempts   bool    `json:"attempts,omitempty"` // a background incident of attempts from outside
	Target     *Entity `json:"target,omitempty"`   // of a background incident

	Rules    map[string]*RuleShare `json:"rules"`
	Stages   []string              `json:"stages,omitempty"` // tactics, in order of their first appearance
	Entities []Scored              `json:"entities"`         // the worst first; at most MaxEntities
	Many     map[string]int64      `json:"many,omitempty"`   // how many there are of each kind

	// What people have said of it.
	Status  string `json:"status"`
	Owner   string `json:"owner,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	Note    string `json:"note,omitempty"`
	Until   int64  `json:"until,omitempty"`   // of Snoozed
	Decided int64  `json:"decided,omitempty"` // when Status was last changed, by people
	Into    string `json:"into,omitempty"`    // of Merged
	Again   bool   `json:"again,omitempty"`   // it went on after it was closed: see Desk
	Case    string `json:"case,omitempty"`

	Crowded bool `json:"crowded,omitempty"` // there are more entities than Many says, which are not told apart

	who    map[Entity]*Scored // all that it is about, by their folded names
	beyond map[string]int64   // how many of each kind are not in who: they are known only by their number since a restart
}

// RuleShare is what one rule has to do with an incident.
type RuleShare struct {
	Title  string   `json:"title"`
	Level  int      `json:"level"`
	Tags   []string `json:"tags,omitempty"`
	By     []Entity `json:"by,omitempty"` // whom its first alert says it was
	First  int64    `json:"first"`
	Last   int64    `json:"last"`
	Alerts int64    `json:"alerts"`
	Hits   int64    `json:"hits"`
	Events int64    `json:"events"`
	Taught float64  `json:"taught,omitempty"` // what verdicts say of it here: see Lessons
}

// Scored is an entity and how much there is against it.
type Scored struct {
	Entity
	Score  int   `json:"score"` // 0 to 100
	Level  int   `json:"level"` // the highest of the alerts about it
	Alerts int64 `json:"alerts"`
	Hits   int64 `json:"hits"`
}

// StatusAt is the status at a time: one that was put off is new again when that time is over.
func (i *Incident) StatusAt(now int64) string {
	if i.Status == Snoozed && now >= i.Until {
		return New
	}
	return i.Status
}

// IsOpen tells whether somebody is still to look at it, now or later.
func (i *Incident) IsOpen() bool { return i.Status != Closed && i.Status != Merged }

// fits tells whether something from first to last may belong to the incident by its time.
func (i *Incident) fits(first, last int64) bool {
	return first <= i.Last+int64(Gap) && last >= i.First-int64(Gap) && max(last, i.Last)-min(first, i.First) <= int64(Span)
}

// share is what an alert adds to the incident's counts: all of it, or what it has become more by since it was added.
type share struct{ alerts, hits, events int64 }

// add counts an alert.
func (i *Incident) add(a *Alert, s share) {
	i.Alerts += s.alerts
	i.Hits += s.hits
	i.Events += s.events
	if i.First == 0 || a.First != 0 && a.First < i.First {
		i.First = a.First
	}
	i.Last = max(i.Last, a.Last)
	if i.Seen == 0 || a.Seen < i.Seen {
		i.Seen = a.Seen
	}
	i.Updated = max(i.Updated, a.Updated)
	i.addWho(a, s)
	r := i.Rules[a.RuleID]
	if r == nil {
		if len(i.Rules) >= maxRules && a.Level <= i.least() {
			i.Level = max(i.Level, a.Level)
			return
		}
		r = &RuleShare{Title: a.RuleTitle, First: a.First, Tags: a.Tags, By: a.By}
		i.Rules[a.RuleID] = r
	}
	r.Level = max(r.Level, a.Level)
	r.Alerts += s.alerts
	r.Hits += s.hits
	r.Events += s.events
	if a.First != 0 && a.First < r.First {
		r.First = a.First
	}
	r.Last = max(r.Last, a.Last)
	i.Level = max(i.Level, a.Level)
}

// maxWho bounds the entities of an incident that are told apart.
const maxWho = 20_000

// recall makes who of what is kept of an incident: the worst of its entities, and those of alerts of it that are at hand.
func (i *Incident) recall(alerts []*Alert) {
	i.who = make(map[Entity]*Scored)
	for _, a := range alerts {
		i.addWho(a, share{1, a.Hits, a.Events})
	}
	for _, e := range i.Entities {
		i.who[e.folded()] = &e
	}
	i.beyond = make(map[string]int64)
	for kind, n := range i.Many {
		i.beyond[kind] = n
	}
	for e := range i.who {
		i.beyond[e.Kind] = max(i.beyond[e.Kind]-1, 0)
	}
}

func (i *Incident) addWho(a *Alert, s share) {
	if i.who == nil {
		i.recall(nil)
	}
	i.Crowded = i.Crowded || a.More > 0
	for _, e := range a.counted() {
		key := e.folded()
		w := i.who[key]
		switch {
		case w == nil && len(i.who) >= maxWho:
			i.Crowded = true
			continue
		case w == nil:
			w = &Scored{Entity: e, Alerts: 1}
			i.who[key] = w
		default:
			w.Alerts += s.alerts
		}
		w.Hits += s.hits
		w.Level = max(w.Level, a.Level)
	}
}

// rank sets Entities and Many.
func (i *Incident) rank() {
	if i.who == nil {
		return
	}
	i.Many = make(map[string]int64)
	for kind, n := range i.beyond {
		if n > 0 {
			i.Many[kind] = n
		}
	}
	list := make([]Scored, 0, len(i.who))
	for _, w := range i.who {
		i.Many[w.Kind]++
		v := weights[min(max(w.Level, 0), Critical)] * (1 + 0.2*float64(min(w.Alerts, 20)-1))
		w.Score = int(math.Round(100 * (1 - math.Exp(-v/80))))
		list = append(list, *w)
	}
	slices.SortFunc(list, func(a, b Scored) int {
		return cmp.Or(b.Score-a.Score, cmp.Compare(b.Hits, a.Hits), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	i.Entities = slices.Clip(list[:min(len(list), MaxEntities)])
}

// absorb adds all that another incident counts, whether its alerts are at hand or not.
func (i *Incident) absorb(o *Incident) {
	i.Alerts += o.Alerts
	i.Hits += o.Hits
	i.Events += o.Events
	if i.First == 0 || o.First != 0 && o.First < i.First {
		i.First = o.First
	}
	i.Last = max(i.Last, o.Last)
	if i.Seen == 0 || o.Seen != 0 && o.Seen < i.Seen {
		i.Seen = o.Seen
	}
	i.Updated = max(i.Updated, o.Updated)
	i.Level = max(i.Level, o.Level)
	i.Crowded = i.Crowded || o.Crowded
	i.absorbWho(o)
	for id, from := range o.Rules {
		r := i.Rules[id]
		switch {
		case r == nil && len(i.Rules) >= maxRules && from.Level <= i.least():
		case r == nil:
			own := *from
			i.Rules[id] = &own
		default:
			r.absorb(from)
		}
	}
}

func (i *Incident) absorbWho(o *Incident) {
	for _, x := range [...]*Incident{i, o} {
		if x.who == nil {
			x.recall(nil)
		}
	}
	for kind, n := range o.beyond {
		i.beyond[kind] += n
	}
	for key, from := range o.who {
		w := i.who[key]
		switch {
		case w == nil && len(i.who) >= maxWho:
			i.Crowded = true
		case w == nil:
			own := *from
			i.who[key] = &own
		default:
			w.Alerts += from.Alerts
			w.Hits += from.Hits
			w.Level = max(w.Level, from.Level)
		}
	}
}

// absorb adds what a rule has to do with another incident.
func (r *RuleShare) absorb(o *RuleShare) {
	if o.First != 0 && o.First < r.First {
		r.First, r.By = o.First, o.By
	}
	r.Last = max(r.Last, o.Last)
	r.Level = max(r.Level, o.Level)
	r.teach(cmp.Or(o.Taught, 1))
	r.Alerts += o.Alerts
	r.Hits += o.Hits
	r.Events += o.Events
}

// teach takes note of what verdicts say of one more alert: the most that they leave of any counts.
func (r *RuleShare) teach(factor float64) {
	if r.Taught = max(cmp.Or(r.Taught, 1), factor); r.Taught == 1 {
		r.Taught = 0
	}
}

// least is the lowest level of the incident's rules.
func (i *Incident) least() int {
	l := Critical
	for _, r := range i.Rules {
		l = min(l, r.Level)
	}
	return l
}

// remove takes an alert's counts out again.
func (i *Incident) remove(a *Alert, s share) {
	i.Alerts -= s.alerts
	i.Hits -= s.hits
	i.Events -= s.events
	if i.who == nil {
		i.recall(nil)
	}
	for _, e := range a.counted() {
		if w := i.who[e.folded()]; w != nil {
			w.Alerts -= s.alerts
			w.Hits -= s.hits
			if w.Alerts <= 0 {
				delete(i.who, e.folded())
			}
		}
	}
	r := i.Rules[a.RuleID]
	if r == nil {
		return
	}
	r.Alerts -= s.alerts
	r.Hits -= s.hits
	r.Events -= s.events
	if r.Alerts <= 0 {
		delete(i.Rules, a.RuleID)
	}
	i.Level = Informational
	for _, r := range i.Rules {
		i.Level = max(i.Level, r.Level)
	}
}

// ranked returns the rules, the gravest first; of one level the rarer first, then the earlier.
func (i *Incident) ranked() []*RuleShare {
	list := make([]*RuleShare, 0, len(i.Rules))
	for _, r := range i.Rules {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *RuleShare) int {
		switch {
		case a.Level != b.Level:
			return b.Level - a.Level
		case stageCount(a.Tags) != stageCount(b.Tags):
			return stageCount(b.Tags) - stageCount(a.Tags)
		}
		return cmp.Or(cmp.Compare(a.First, b.First), strings.Compare(a.Title, b.Title))
	})
	return list
}

// Worst returns the time at which the gravest of the incident's rules hit first.
func (i *Incident) Worst() int64 {
	if list := i.ranked(); len(list) > 0 && list[0].First != 0 {
		return list[0].First
	}
	return i.First
}
