package live

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// found is a hit that may have to be kept, and what alerts need of it.
type found struct {
	row   state.Hit
	whole *detect.Hit // that the row's JSON is to be made of; nil where it is there
	hit   alert.Hit
}

// find adds a hit of a frame to those that are counted, and of which those are kept that alert.IsKept says: the events of
// the others are in the store all the same.
func (a *applier) find(row state.Hit, frame uint64, h *detect.Hit) {
	a.hits = append(a.hits, found{row, h, AlertHit(&row, frame, h)})
}

// findAgain adds a hit that grows, or that may be told again under the same key. It is kept however many there are.
func (a *applier) findAgain(row state.Hit, h *detect.Hit) {
	row.JSON = hitJSON(h)
	a.hits = append(a.hits, found{row, nil, AlertHit(&row, 0, h)})
}

// AlertHit is a kept hit as alerts take it. frame is 0 for one that may be told again, with more events.
func AlertHit(row *state.Hit, frame uint64, h *detect.Hit) alert.Hit {
	out := alert.Hit{
		Key: row.Key, Seq: frame, RuleID: row.RuleID, RuleTitle: row.RuleTitle, Level: row.Level, Tags: row.Tags,
		Time: row.Time, Last: row.Last, Seen: row.Seen, Count: row.Count, Grows: frame == 0, Open: row.Open,
		Hosts: row.Hosts, Users: row.Users, Addresses: row.Addresses, File: row.File,
		Product: h.LogSource.Product, By: h.By,
		Sources: sources(&h.Entities), Field: eventFields(h.Event),
	}
	if out.RuleID == "" {
		out.RuleID = out.RuleTitle
	}
	return out
}

// LooseHit is a hit that is kept nowhere, as alerts take it. Its Seen is left to the caller, and its Time where it states
// none.
func LooseHit(r *sigma.Rule, h *detect.Hit) alert.Hit {
	out := alert.Hit{
		RuleID: r.ID, RuleTitle: r.Title, Level: max(int(r.Level)-1, 0), Tags: r.Tags, Count: h.Count, File: h.File,
		Product: h.LogSource.Product, By: h.By, Hosts: h.Entities.Hosts, Users: h.Entities.Users, Addresses: h.Entities.Addresses,
		Sources: sources(&h.Entities), Field: eventFields(h.Event),
	}
	if out.RuleID == "" {
		out.RuleID = out.RuleTitle
	}
	if !h.Time.IsZero() {
		out.Time = h.Time.UnixNano()
	}
	if !h.Last.IsZero() {
		out.Last = h.Last.UnixNano()
	}
	return out
}

// sources are the addresses that something came from: all where none is only a target.
func sources(e *detect.Entities) []string {
	if len(e.Targets) == 0 {
		return e.Addresses
	}
	out := slices.DeleteFunc(slices.Clone(e.Addresses), func(s string) bool { return slices.Contains(e.Targets, s) })
	if len(out) == 0 {
		return e.Addresses
	}
	return out
}

// eventFields looks values up in an event's JSON: a name as it stands there, or a path with dots.
func eventFields(event json.RawMessage) func(name string) []string {
	var fields map[string]any
	return func(name string) []string {
		if fields == nil {
			fields = make(map[string]any)
			if len(event) > 0 && json.Unmarshal(event, &fields) != nil {
				return nil
			}
		}
		return valuesAt(fields, name)
	}
}

func valuesAt(fields map[string]any, name string) []string {
	if v, ok := fields[name]; ok {
		return textsOf(v)
	}
	for at := strings.IndexByte(name, '.'); at > 0; {
		if inner, ok := fields[name[:at]].(map[string]any); ok {
			if found := valuesAt(inner, name[at+1:]); found != nil {
				return found
			}
		}
		next := strings.IndexByte(name[at+1:], '.')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return nil
}

func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, textsOf(x)...)
		}
		return out
	case nil:
		return nil
	}
	text, _ := json.Marshal(v) // it came from JSON
	return []string{string(text)}
}

// Judge lets f change what the line makes of hits from now on: silences, decisions of people. f is called by the
// goroutine that takes hits, within about a second.
func (l *Line) Judge(f func(*alert.Desk)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.judgements = append(l.judgements, f)
}

// heed does what Judge was told since the last time.
func (a *applier) heed() {
	a.mu.Lock()
	list := a.judgements
	a.judgements = nil
	a.mu.Unlock()
	for _, f := range list {
		f(a.desk)
	}
}

// openDesk takes up what the state knows of alerts.
func (a *applier) openDesk(ctx context.Context) error {
	since := a.opt.Now().Add(-alert.Span - 2*alert.Gap).UnixNano()
	alerts, incidents, lessons, err := a.opt.State.Desk(ctx, since)
	if err != nil {
		return err
	}
	silences, err := a.opt.State.Silences(ctx)
	if err != nil {
		return err
	}
	a.desk = alert.NewDesk(alert.Options{
		Find:         func(key string) *alert.Alert { return lookUp(a, key, a.opt.State.Alert) },
		FindIncident: func(key string) *alert.Incident { return lookUp(a, key, a.opt.State.Incident) },
		Worth:        a.opt.Worth, Silences: silences, Lessons: lessons,
	})
	a.desk.Load(alerts, incidents)
	if len(alerts) < alert.MaxAlerts {
		a.desk.Knows(since)
	}
	return nil
}

// lookUp asks the state, again and again while it does not answer: what is there must not be taken to be new, or it would be
// overwritten. It returns nil for what is not there.
func lookUp[T any](a *applier, key string, ask func(ctx context.Context, key string) (*T, error)) (found *T) {
	_ = a.until(a.working, "what is known of alerts cannot be read", func() error { // if it ends, so does what asks
		v, err := ask(a.working, key)
		if errors.Is(err, state.ErrNotFound) {
			return nil
		}
		found = v
		return err
	})
	return found
}

// alerts makes alerts of the hits, and takes those out that are only counted.
func (a *applier) alerts(ctx context.Context) alert.Changes {
	a.working = ctx
	a.heed()
	a.rows = a.rows[:0]
	for i := range a.hits {
		f := &a.hits[i]
		n := a.desk.Take(&f.hit)
		if f.whole != nil && (n == 0 || !alert.IsKept(n)) {
			continue
		}
		if f.whole != nil {
			f.row.JSON = hitJSON(f.whole)
		}
		a.rows = append(a.rows, f.row)
	}
	return a.desk.Place()
}

// Hits of several deliveries are kept together while more are on their way, for it takes longer to be sure that they are on
// disk than to write them.
const (
	maxFound  = 8192
	foundWait = 100 * time.Millisecond
)

// keepHits keeps the hits, unless more are about to come. Last says that nothing is on its way.
func (a *applier) keepHits(ctx context.Context, last bool) error {
	if len(a.hits) > 0 && !last && len(a.hits) < maxFound {
		if a.waits.IsZero() {
			a.waits = time.Now()
		}
		if time.Since(a.waits) < foundWait {
			return nil
		}
	}
	return a.putHits(ctx)
}

// putHits keeps the hits and what they have become, again and again while the state does not take them.
func (a *applier) putHits(ctx context.Context) error {
	a.waits = time.Time{}
	if len(a.hits) == 0 {
		a.count.through.Store(a.through)
		return nil
	}
	changes := a.alerts(ctx)
	if ctx.Err() != nil { // what could not be looked up is not new
		return context.Cause(ctx)
	}
	return a.until(ctx, "hits cannot be kept", func() error {
		if err := a.opt.State.PutFound(ctx, a.rows, changes); err != nil {
			return err
		}
		a.count.hits.Add(int64(len(a.hits)))
		a.count.through.Store(a.through)
		if a.opt.Altered != nil {
			a.opt.Altered(changes.Alerts)
		}
		if a.opt.Changed != nil && len(changes.Incidents) > 0 {
			a.opt.Changed(changes.Incidents)
		}
		clear(a.hits) // their texts are large
		a.hits = a.hits[:0]
		clear(a.rows)
		return nil
	})
}

// deskTime bounds how long the opening of a desk may take.
const deskTime = time.Minute
