package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/netflow"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// Bounds of what is gathered.
const (
	maxPreventHits   = 1000
	maxPreventJudged = 50 // malicious incidents whose events are no near misses
	maxPreventAlerts = 500
)

// subject is what is to be prevented: a case, an incident or an alert, with all that is of it.
type subject struct {
	key, kind, title, sentence, verdict, author string

	level     int
	tags      []string
	alerts    []*alert.Alert
	incidents []string // its own
	hits      []keptHit
	sources   []string
	events    []event.Event
	near      []event.Event
	notes     []string
	since     int64 // of the days that are looked at
	state     *state.State
}

// keptHit is a hit as it is kept.
type keptHit struct {
	alert.Hit
	whole detect.Hit
}

// eventPlace is the place of an event.
type eventPlace struct {
	file   string
	record int64
}

// subject finds what a key means, and its hits.
func (t *tenant) subject(ctx context.Context, key string, days int) (*subject, error) {
	s := &subject{state: t.state, since: time.Now().AddDate(0, 0, -days).UnixNano()}
	missing := func(err error) bool { return errors.Is(err, state.ErrNotFound) }
	c, err := t.state.Case(ctx, key)
	if missing(err) {
		return s, s.ofIncidentOrAlert(ctx, key)
	}
	if err != nil {
		return nil, preventProblem(http.StatusUnprocessableEntity, "%v", err)
	}
	s.key, s.kind, s.title, s.sentence, s.verdict = c.Key, "case", c.Title, cmp.Or(c.Summary, c.Title), c.Verdict
	for _, k := range c.Incidents {
		i, err := t.state.Incident(ctx, k)
		if missing(err) {
			continue // it is forgotten
		}
		if err != nil {
			return nil, err
		}
		if s.verdict == "" && i.Verdict != "" && i.Verdict != alert.Malicious {
			s.notes = append(s.notes, fmt.Sprintf("incident %s was closed as %s and is left out", i.Key[:alert.ShortKey], i.Verdict))
			continue
		}
		if err := s.add(ctx, i); err != nil {
			return nil, err
		}
	}
	return s, s.complete(ctx)
}

func (s *subject) ofIncidentOrAlert(ctx context.Context, key string) error {
	i, err := s.state.Incident(ctx, key)
	if err == nil {
		s.key, s.kind, s.title, s.sentence, s.verdict = i.Key, "incident", i.Title, i.Sentence, i.Verdict
		return errors.Join(s.add(ctx, i), s.complete(ctx))
	}
	if !errors.Is(err, state.ErrNotFound) {
		return preventProblem(http.StatusUnprocessableEntity, "%v", err)
	}
	a, err := s.state.Alert(ctx, key)
	if err != nil {
		return preventProblem(http.StatusNotFound, "there is no case, incident or alert %s", key)
	}
	s.key, s.kind, s.title, s.sentence = a.Key, "alert", a.RuleTitle, a.RuleTitle+" about "+a.Entity.Name+"."
	s.alerts = []*alert.Alert{a}
	if a.Incident != "" {
		if i, err := s.state.Incident(ctx, a.Incident); err == nil {
			s.verdict = i.Verdict
			s.incidents = append(s.incidents, i.Key)
		}
	}
	return s.complete(ctx)
}

func (s *subject) add(ctx context.Context, i *alert.Incident) error {
	s.incidents = append(s.incidents, i.Key)
	list, err := s.state.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: maxPreventAlerts})
	s.alerts = append(s.alerts, list...)
	return err
}

// complete gathers what the alerts say, and their hits.
func (s *subject) complete(ctx context.Context) (err error) {
	for _, a := range s.alerts {
		s.level = max(s.level, a.Level)
		for _, tag := range a.Tags {
			if !slices.Contains(s.tags, tag) {
				s.tags = append(s.tags, tag)
			}
		}
		for _, ip := range a.Sources {
			if !slices.Contains(s.sources, ip) {
				s.sources = append(s.sources, ip)
			}
		}
	}
	s.hits, err = hitsOf(ctx, s.state, s.alerts, maxPreventHits)
	if len(s.hits) >= maxPreventHits {
		s.notes = append(s.notes, fmt.Sprintf("it has more than %d hits; the rest was not looked at", maxPreventHits))
	}
	return err
}

// hitsOf returns the hits of alerts, at most so many.
func hitsOf(ctx context.Context, st *state.State, alerts []*alert.Alert, most int) ([]keptHit, error) {
	var out []keptHit
	for _, a := range alerts {
		for h, err := range st.ListHits(ctx, state.HitFilter{Rule: a.RuleID, Since: a.First, Until: a.Last + 1, Limit: 20 * most}) {
			if err != nil {
				return nil, err
			}
			k := keptHit{}
			if err := json.Unmarshal([]byte(h.JSON), &k.whole); err != nil {
				return nil, fmt.Errorf("hit %s: %w", h.Key, err)
			}
			k.Hit = live.AlertHit(&h, 0, &k.whole)
			if alone, many := alert.KeysOf(&k.Hit); alone != a.Key && many != a.Key && a.Silence == "" {
				continue
			}
			if out = append(out, k); len(out) >= most {
				return out, nil
			}
		}
	}
	return out, nil
}

// names are the users, hosts and addresses that it is about.
func (s *subject) names() []string {
	var out []string
	for _, a := range s.alerts {
		for _, e := range a.Entities() {
			if len(e.Name) <= 256 && len(out) < 500 && !slices.Contains(out, e.Name) {
				out = append(out, e.Name)
			}
		}
	}
	return out
}

func (s *subject) ruleTitle(id string) string {
	for i := range s.hits {
		if s.hits[i].RuleID == id {
			return s.hits[i].RuleTitle
		}
	}
	return id
}

// eventPlaces are those of the events of hits.
func eventPlaces(hits []keptHit) map[eventPlace]bool {
	out := make(map[eventPlace]bool)
	for i := range hits {
		h := &hits[i].whole
		if len(h.Events) == 0 {
			out[eventPlace{h.File, h.Record}] = true
		}
		for _, e := range h.Events {
			out[eventPlace{e.File, e.Record}] = true
		}
	}
	return out
}

// readEvents reads the events of the hits, and those that may look like them.
func (s *subject) readEvents(ctx context.Context, t *tenant) error {
	own := eventPlaces(s.hits)
	byFile := make(map[string][]query.Expr)
	for p := range own {
		byFile[p.file] = append(byFile[p.file], &query.Test{Field: query.Sequence, Op: query.Exact, Text: strconv.FormatInt(p.record, 10)})
	}
	var first, last int64
	for i := range s.hits {
		h := &s.hits[i]
		if first == 0 || h.Time < first {
			first = h.Time
		}
		last = max(last, h.Time, h.Last)
	}
	first -= int64(alert.Window)
	take := func(e *event.Event) bool { return own[eventPlace{e.Origin.Path, e.Record}] }
	for file, records := range byFile {
		for chunk := range slices.Chunk(records, 500) {
			where := &query.And{Of: []query.Expr{&query.Test{Field: query.Path, Op: query.Exact, Text: file}, &query.Or{Of: chunk}}}
			if err := s.read(ctx, t, &query.Query{Where: where, Since: first, Until: last + 1}, &s.events, prevent.MaxEvents, take); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(s.events, func(a, b event.Event) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Record, b.Record))
	})
	if n := len(own) - len(s.events); n > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d of its %d events are not kept, or were not looked at", n, len(own)))
	}
	return s.readNear(ctx, t, own, first, last)
}

// readNear reads events of the same kinds that are not of a malicious incident, nor of the same addresses at that time.
func (s *subject) readNear(ctx context.Context, t *tenant, own map[eventPlace]bool, first, last int64) error {
	judged, err := s.maliciousKept(ctx)
	if err != nil {
		return err
	}
	bad := eventPlaces(judged)
	harmless := func(e *event.Event) bool {
		place := eventPlace{e.Origin.Path, e.Record}
		if own[place] || bad[place] {
			return false
		}
		return e.Time < first || e.Time > last+int64(time.Hour) || !slices.Contains(s.sources, e.Get("source.ip").String())
	}
	for _, k := range prevent.Kinds(s.events) {
		where := &query.And{Of: []query.Expr{&query.Test{Field: query.Dataset, Op: query.Exact, Text: k.Format}}}
		for _, f := range k.Fields {
			where.Of = append(where.Of, &query.Test{Field: f.Name, Op: query.Exact, Text: f.Value})
		}
		if err := s.read(ctx, t, &query.Query{Where: where, Since: s.since}, &s.near, prevent.MaxNear, harmless); err != nil {
			return err
		}
	}
	if len(s.near) >= prevent.MaxNear {
		s.notes = append(s.notes, fmt.Sprintf("of the other events of the same kinds, %d were looked at; there are more", len(s.near)))
	}
	return nil
}

var errReadEnough = errors.New("enough was read")

func (s *subject) read(ctx context.Context, t *tenant, q *query.Query, to *[]event.Event, most int, take func(*event.Event) bool) error {
	rebuild := live.NewRebuild(formats.Parser, netflow.Format, netflow.OptionsFormat)
	err := t.store.Query(ctx, q, func(b *store.Block) error {
		batch := rebuild.Events(b.Names, b.Columns, b.Rows)
		for i := range batch.Events {
			if len(*to) >= most {
				return errReadEnough
			}
			if e := &batch.Events[i]; take(e) {
				*to = append(*to, cloneEvent(e))
			}
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, errReadEnough) {
		return fmt.Errorf("read what is kept: %w", err)
	}
	return nil
}

// cloneEvent copies an event with its origin, which is valid as long as the rebuilt block is.
func cloneEvent(e *event.Event) event.Event {
	c := e.Clone()
	o := *e.Origin
	c.Origin = &o
	return c
}

// maliciousKept returns the hits of the incidents that people have called malicious, of the newest only, and not its own.
func (s *subject) maliciousKept(ctx context.Context) ([]keptHit, error) {
	list, err := s.state.ListIncidents(ctx, state.IncidentFilter{Status: alert.Closed, Verdict: alert.Malicious, Since: s.since, Newest: true, Limit: maxPreventJudged})
	if err != nil {
		return nil, err
	}
	var out []keptHit
	for _, i := range list {
		if slices.Contains(s.incidents, i.Key) {
			continue
		}
		alerts, err := s.state.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: 50})
		if err != nil {
			return nil, err
		}
		hits, err := hitsOf(ctx, s.state, alerts, maxPreventHits)
		if err != nil {
			return nil, err
		}
		out = append(out, hits...)
	}
	return out, nil
}

func (s *subject) maliciousHits(ctx context.Context) ([]alert.Hit, error) {
	kept, err := s.maliciousKept(ctx)
	out := make([]alert.Hit, 0, len(kept))
	for i := range kept {
		out = append(out, kept[i].Hit)
	}
	return out, err
}

// falseHits are the hits with the names of their events' fields.
func (s *subject) falseHits() []prevent.FalseHit {
	var out []prevent.FalseHit
	for i := range s.hits {
		f := prevent.FalseHit{Hit: s.hits[i].Hit}
		var fields map[string]json.RawMessage
		if json.Unmarshal(s.hits[i].whole.Event, &fields) == nil {
			for name := range fields {
				f.Fields = append(f.Fields, name)
			}
			slices.Sort(f.Fields)
		}
		out = append(out, f)
	}
	return out
}
