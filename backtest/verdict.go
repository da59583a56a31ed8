package backtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/state"
)

// Agreement is how what a rule would have hit compares with the incidents of one verdict.
type Agreement struct {
	Verdict   string   `json:"verdict" enum:"malicious,expected,false-alarm"`
	Incidents int64    `json:"incidents"` // closed with the verdict
	Touched   int64    `json:"touched"`   // of these, about the same at the same time as an alert that the rule would have raised
	Events    int64    `json:"events"`    // that hits of the incidents are known by
	Hit       int64    `json:"hit"`       // of these, those that the rule would have hit
	Examples  []string `json:"examples,omitempty"`
}

// Comparison is how the hits of a rule compare with those that are kept of it.
type Comparison struct {
	Kept    int64 `json:"kept"`
	Same    int64 `json:"same"`
	New     int64 `json:"new"`  // hits that are not kept
	Lost    int64 `json:"lost"` // kept hits that the rule would not have
	NewAt   []At  `json:"new_examples,omitempty"`
	LostAt  []At  `json:"lost_examples,omitempty"`
	Partial bool  `json:"partial,omitempty"` // only a part of the hits could be compared
}

// At is the place of an event.
type At struct {
	File   string `json:"file"`
	Record int64  `json:"record"`
}

// Bounds of what is compared.
const (
	maxIncidents   = 500 // of each verdict
	maxJudgedHits  = 5000
	maxComparedAt  = 5
	maxComparedAll = 200_000
)

// judge compares what a rule hit with verdicts.
func (r *run) judge(ctx context.Context, t *tally) error {
	steps := r.desk.of(t.rule)
	for _, verdict := range []string{alert.Malicious, alert.Expected, alert.FalseAlarm} {
		a, err := r.agreement(ctx, t, steps, verdict)
		if err != nil {
			return err
		}
		if a.Incidents > 0 {
			t.out.Verdicts = append(t.out.Verdicts, a)
		}
	}
	return nil
}

func (r *run) agreement(ctx context.Context, t *tally, steps []footstep, verdict string) (Agreement, error) {
	a := Agreement{Verdict: verdict}
	list, err := r.State.ListIncidents(ctx, state.IncidentFilter{
		Status: alert.Closed, Verdict: verdict, Since: r.Since, Until: r.Until, Newest: true, Limit: maxIncidents, Now: r.begun.UnixNano(),
	})
	if err != nil {
		return a, fmt.Errorf("incidents that are closed: %w", err)
	}
	for _, i := range list {
		a.Incidents++
		hit, err := r.incident(ctx, t, i, &a)
		if err != nil {
			return a, err
		}
		if hit || slices.ContainsFunc(steps, func(f footstep) bool { return f.meets(i) }) {
			a.Touched++
			if len(a.Examples) < maxComparedAt {
				a.Examples = append(a.Examples, i.Title)
			}
		}
	}
	return a, nil
}

// meets tells whether an alert would have been about somebody that an incident is about, while it went on.
func (f *footstep) meets(i *alert.Incident) bool {
	if f.last < i.First || f.first > i.Last {
		return false
	}
	return slices.ContainsFunc(i.Entities, func(e alert.Scored) bool {
		return slices.ContainsFunc(f.names, func(n string) bool { return strings.EqualFold(n, e.Name) })
	})
}

// incident counts the events that hits of an incident are known by, and those of them that the rule hit.
func (r *run) incident(ctx context.Context, t *tally, i *alert.Incident, a *Agreement) (bool, error) {
	alerts, err := r.State.ListAlerts(ctx, state.AlertFilter{Incident: i.Key})
	if err != nil {
		return false, fmt.Errorf("alerts of an incident: %w", err)
	}
	samples := make(map[string]bool)
	for _, x := range alerts {
		for _, key := range x.Samples {
			samples[key] = true
		}
	}
	hit, n := false, 0
	seen := make(map[uint64]bool)
	for _, id := range ruleIDs(alerts) {
		for h, err := range r.State.ListHits(ctx, state.HitFilter{Rule: id, Since: i.First, Until: i.Last + 1, Limit: maxJudgedHits}) {
			if err != nil {
				return hit, fmt.Errorf("hits of an incident: %w", err)
			}
			if !samples[h.Key] {
				continue
			}
			if n++; n > maxJudgedHits {
				return hit, nil
			}
			for _, ref := range placesOf(&h) {
				m := t.mark(ref.File, ref.Record, 0)
				if seen[m] {
					continue
				}
				seen[m] = true
				a.Events++
				if _, ok := t.places[m]; ok {
					a.Hit++
					hit = true
				}
			}
		}
	}
	return hit, nil
}

func ruleIDs(alerts []*alert.Alert) []string {
	var ids []string
	for _, a := range alerts {
		if !slices.Contains(ids, a.RuleID) {
			ids = append(ids, a.RuleID)
		}
	}
	return ids
}

// placesOf returns the places of the events of a kept hit.
func placesOf(h *state.Hit) []detect.EventRef {
	if h.EventID == "" { // of a correlation
		var whole struct {
			Events []detect.EventRef `json:"events"`
		}
		if err := json.Unmarshal([]byte(h.JSON), &whole); err == nil && len(whole.Events) > 0 {
			return whole.Events
		}
	}
	return []detect.EventRef{{File: h.File, Record: h.Record}}
}

// keptHit is a hit that is kept of a rule, and what it is known by.
type keptHit struct {
	at    At
	marks []uint64
}

// load takes up the hits that are kept of a rule that is in force: those of single events are known by their events,
// those of correlations by the events that they are made of, as a burst may be told in other parts.
func (t *tally) load(ctx context.Context, r *Request) error {
	t.out.InForce = true
	t.out.Compared = &Comparison{}
	t.kept = make(map[uint64]bool)
	f := state.HitFilter{Rule: t.rule.ID, Since: r.Since, Until: r.Until, Order: state.Oldest, Limit: maxComparedAll}
	if f.Rule == "" {
		f.Rule = t.rule.Title
	}
	for h, err := range r.State.ListHits(ctx, f) {
		if err != nil {
			return fmt.Errorf("hits that are kept: %w", err)
		}
		k := keptHit{at: At{h.File, h.Record}}
		if t.rule.Correlation == nil {
			k.marks = []uint64{t.mark(h.File, h.Record, h.Time)}
		} else {
			for _, ref := range placesOf(&h) {
				k.marks = append(k.marks, t.mark(ref.File, ref.Record, 0))
			}
		}
		for _, m := range k.marks {
			t.kept[m] = true
		}
		t.keptHits = append(t.keptHits, k)
	}
	return nil
}

// compareNew notes whether a hit is one that is kept.
func (t *tally) compareNew(h *detect.Hit, at int64) {
	same := t.kept[t.mark(h.File, h.Record, at)]
	if t.rule.Correlation != nil {
		same = slices.ContainsFunc(h.Events, func(ref detect.EventRef) bool { return t.kept[t.mark(ref.File, ref.Record, 0)] })
	}
	c := t.out.Compared
	if same {
		return
	}
	if c.New++; len(c.NewAt) < maxComparedAt {
		c.NewAt = append(c.NewAt, At{h.File, h.Record})
	}
}

// compareLost notes which kept hits were not hit again.
func (t *tally) compareLost() {
	c := t.out.Compared
	c.Kept = int64(len(t.keptHits))
	c.Partial = t.out.Truncated || c.Kept >= maxComparedAll
	now := t.marks
	if t.rule.Correlation != nil {
		now = t.places
	}
	for _, k := range t.keptHits {
		if slices.ContainsFunc(k.marks, func(m uint64) bool { _, ok := now[m]; return ok }) {
			c.Same++
			continue
		}
		if c.Lost++; len(c.LostAt) < maxComparedAt {
			c.LostAt = append(c.LostAt, k.at)
		}
	}
}
