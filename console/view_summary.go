package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
)

// QueueAsk says which incidents are asked for; for embedding.
type QueueAsk struct {
	Status  string    `query:"status" enum:"waiting,open,new,taken,snoozed,closed,any" default:"open" doc:"waiting: open and not put off; open: put off or not; any: all."`
	Q       string    `query:"q" maxLength:"4096" doc:"A text query: severity:critical host:web-03 -tactic:Discovery brute"`
	Key     string    `query:"key" maxLength:"4096" doc:"Only these: keys, with commas between them."`
	Level   int       `query:"level" minimum:"0" maximum:"4" doc:"0 (informational) to 4 (critical), and above."`
	Since   time.Time `query:"since" doc:"The last event is not before."`
	Until   time.Time `query:"until" doc:"The last event is before."`
	Updated time.Time `query:"updated" doc:"Changed, or judged, not before."`
	Entity  string    `query:"entity" maxLength:"1024" doc:"A user, host or address that it is about."`
	Text    string    `query:"text" maxLength:"4096" doc:"Stands in its title, its sentence or its rules."`
	Owner   string    `query:"owner" maxLength:"1024"`
	Verdict string    `query:"verdict" enum:"malicious,expected,false-alarm"`
	Case    string    `query:"case" maxLength:"200"`
	Order   string    `query:"order" enum:"worst,newest" default:"worst"`
}

// Filter is what the state is asked. The error is a *Problem of who asks.
func (q *QueueAsk) Filter(ctx context.Context, now time.Time) (state.IncidentFilter, error) {
	f := state.IncidentFilter{
		Status: q.Status, Now: now.UnixNano(), MinLevel: q.Level, Since: nanoseconds(q.Since), Until: nanoseconds(q.Until),
		UpdatedSince: nanoseconds(q.Updated), Entity: q.Entity, Text: q.Text, Owner: q.Owner, Verdict: q.Verdict, Case: q.Case, Newest: q.Order == "newest",
	}
	if q.Key != "" {
		f.Keys = strings.Split(q.Key, ",")
	}
	if f.Status == "open" {
		f.Status = ""
	}
	if q.Q == "" {
		return f, nil
	}
	match, err := parseQueue(q.Q, Asker{Name: me(ctx), Now: f.Now})
	if err != nil {
		var bad *query.Error
		if errors.As(err, &bad) {
			return f, &Problem{Status: http.StatusUnprocessableEntity, Title: bad.Error(), Detail: bad.Caret(), Field: "q"}
		}
		return f, err
	}
	f.Match = match
	return f, nil
}

// me is the name of who asks, as incidents are taken in it.
func me(ctx context.Context) string {
	if s := identity.SubjectOf(ctx); s != nil {
		return s.Name
	}
	return Actor(ctx)
}

// SummaryAsk is what GET /incidents/summary is asked.
type SummaryAsk struct {
	QueueAsk
	Buckets int `query:"buckets" minimum:"1" maximum:"400" default:"60" doc:"Of the histogram, at most."`
	Top     int `query:"top" minimum:"1" maximum:"100" default:"12" doc:"Values of each facet, at most."`
}

// Summary counts incidents.
type Summary struct {
	Total     int64       `json:"total" doc:"That are meant, with the status that was asked for."`
	Counts    QueueCounts `json:"counts"`
	Levels    LevelCounts `json:"levels"`
	Facets    QueueFacets `json:"facets"`
	Histogram Histogram   `json:"histogram"`
	Cut       bool        `json:"cut,omitempty" doc:"There are more than are looked at: facets and histogram are of the newest."`
}

// QueueCounts are how many incidents there are of each list, whatever status was asked for.
type QueueCounts struct {
	Open    int64 `json:"open" doc:"Open, and not put off."`
	Mine    int64 `json:"mine" doc:"Of these, taken by who asks."`
	Snoozed int64 `json:"snoozed"`
	Closed  int64 `json:"closed"`
}

// LevelCounts are how many there are of each level.
type LevelCounts struct {
	Critical      int64 `json:"critical"`
	High          int64 `json:"high"`
	Medium        int64 `json:"medium"`
	Low           int64 `json:"low"`
	Informational int64 `json:"informational"`
}

func (c *LevelCounts) add(level int) {
	*[...]*int64{&c.Informational, &c.Low, &c.Medium, &c.High, &c.Critical}[min(max(level, 0), alert.Critical)]++
}

// QueueFacets are the commonest values of what incidents are about.
type QueueFacets struct {
	Rules   []FacetCount `json:"rules"`
	Hosts   []FacetCount `json:"hosts"`
	Users   []FacetCount `json:"users"`
	Sources []FacetCount `json:"sources"`
	Tactics []FacetCount `json:"tactics"`
}

// FacetCount is a value and how many have it.
type FacetCount struct {
	Value string `json:"value"`
	Title string `json:"title,omitempty" doc:"Of a rule."`
	Count int64  `json:"count"`
}

// Histogram counts incidents by the time of their last event.
type Histogram struct {
	Start   time.Time     `json:"start" doc:"Of the first bucket."`
	Step    float64       `json:"step" doc:"Seconds of a bucket."`
	Buckets []LevelCounts `json:"buckets"`
}

func (s *Server) registerSummary(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/incidents/summary", Permission: identity.IncidentRead, Summary: "Counts incidents", Tag: "alerts"}, s.summary)
}

func (s *Server) summary(ctx context.Context, t *Tenant, q *SummaryAsk) (*Summary, error) {
	f, err := q.Filter(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	wanted := f
	f.Status = ""
	open, cut, err := t.State.Briefs(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &Summary{Cut: cut}
	who := map[string]bool{me(ctx): true, Actor(ctx): true}
	for _, b := range open {
		if b.StatusAt(f.Now) == alert.Snoozed {
			out.Counts.Snoozed++
			continue
		}
		out.Counts.Open++
		if b.Status == alert.Taken && who[b.Owner] {
			out.Counts.Mine++
		}
	}
	f.Status = alert.Closed
	if out.Counts.Closed, err = t.State.CountMeant(ctx, f); err != nil {
		return nil, err
	}
	list := open
	switch wanted.Status {
	case "":
	case state.Waiting, alert.New, alert.Taken, alert.Snoozed:
		list = slices.DeleteFunc(slices.Clone(open), func(b *state.Brief) bool {
			at := b.StatusAt(f.Now)
			return at != wanted.Status && (wanted.Status != state.Waiting || at == alert.Snoozed)
		})
	default:
		if list, out.Cut, err = t.State.Briefs(ctx, wanted); err != nil {
			return nil, err
		}
	}
	out.Total = int64(len(list))
	if out.Cut {
		if out.Total, err = t.State.CountMeant(ctx, wanted); err != nil {
			return nil, err
		}
	}
	for _, b := range list {
		out.Levels.add(b.Level)
	}
	out.Facets = facetsOf(list, q.Top)
	out.Histogram = histogramOf(list, f.Since, f.Until, q.Buckets)
	return out, nil
}

// facetsOf counts the values of what incidents are about.
func facetsOf(list []*state.Brief, top int) QueueFacets {
	var counts [5]map[string]int64
	for i := range counts {
		counts[i] = make(map[string]int64)
	}
	titles := make(map[string]string)
	for _, b := range list {
		for _, r := range b.Rules {
			counts[0][r.ID]++
			titles[r.ID] = r.Title
		}
		for i, names := range [...][]string{b.Hosts, b.Users, b.Addresses, b.Stages} {
			for _, n := range names {
				counts[i+1][n]++
			}
		}
	}
	f := QueueFacets{
		Rules: topOf(counts[0], top), Hosts: topOf(counts[1], top), Users: topOf(counts[2], top), Sources: topOf(counts[3], top),
		Tactics: topOf(counts[4], top),
	}
	for i := range f.Rules {
		f.Rules[i].Title = titles[f.Rules[i].Value]
	}
	return f
}

// topOf returns the commonest values, those as common in order of their names.
func topOf(counts map[string]int64, top int) []FacetCount {
	list := make([]FacetCount, 0, top+1)
	before := func(a, b FacetCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	}
	for v, n := range counts {
		c := FacetCount{Value: v, Count: n}
		if len(list) == top && before(list[top-1], c) < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(list, c, before)
		if list = slices.Insert(list, at, c); len(list) > top {
			list = list[:top]
		}
	}
	return list
}

// histogramOf counts incidents by the time of their last event over the whole of a span; a bound of 0 is that of the list.
func histogramOf(list []*state.Brief, since, until int64, most int) Histogram {
	first, last := since, until
	if first == 0 || last == 0 {
		for _, b := range list {
			if since == 0 && b.Last > 0 && (first == 0 || b.Last < first) {
				first = b.Last
			}
			if until == 0 && b.Last >= last {
				last = b.Last + 1
			}
		}
	}
	h := Histogram{Buckets: []LevelCounts{}}
	if first == 0 || last <= first {
		return h
	}
	step := stepFor(last-first, most)
	first -= first % step
	h.Start, h.Step = time.Unix(0, first).UTC(), time.Duration(step).Seconds()
	h.Buckets = make([]LevelCounts, (last-first+step-1)/step)
	for _, b := range list {
		if at := (b.Last - first) / step; b.Last >= first && at < int64(len(h.Buckets)) {
			h.Buckets[at].add(b.Level)
		}
	}
	return h
}

// stepFor is the least step that people use by which a span has at most so many buckets; one more than that where it does not
// begin at a whole step.
func stepFor(span int64, most int) int64 {
	const second = int64(time.Second)
	for _, s := range [...]int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 7 * 86400, 28 * 86400} {
		if (span-1)/(s*second) < int64(most) {
			return s * second
		}
	}
	return span/int64(most) + second - span/int64(most)%second
}
