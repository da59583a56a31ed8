package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// Hit is a hit as it is answered.
type Hit struct {
	Key     string    `json:"key"`
	Level   string    `json:"level" enum:"critical,high,medium,low,informational"`
	Title   string    `json:"title"`
	Time    time.Time `json:"time"`
	Last    time.Time `json:"last,omitzero"`
	Seen    time.Time `json:"seen"`
	Count   int64     `json:"count"`
	Open    bool      `json:"open,omitempty"` // more may belong to it yet
	EventID string    `json:"event_id,omitempty"`
	Hit     HitText   `json:"hit"` // as tocsin hunt --json writes it
}

// HitText is a detect.Hit as it is kept: as JSON.
type HitText struct{ json.RawMessage }

// Schema is that of a detect.Hit.
func (HitText) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[detect.Hit](), true, "DetectHit")
}

// levelNames are the levels of state.Hit.
var levelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// answeredHit makes of a kept hit what is answered.
func answeredHit(h *state.Hit) Hit {
	out := Hit{
		Key: h.Key, Level: levelNames[min(max(h.Level, 0), len(levelNames)-1)], Title: h.RuleTitle,
		Time: time.Unix(0, h.Time).UTC(), Seen: time.Unix(0, h.Seen).UTC(), Count: h.Count, Open: h.Open,
		EventID: h.EventID, Hit: HitText{json.RawMessage(h.JSON)},
	}
	if h.Last != 0 {
		out.Last = time.Unix(0, h.Last).UTC()
	}
	return out
}

// HitsAsk says which hits are asked for.
type HitsAsk struct {
	PageAsk
	Rule   string    `query:"rule" doc:"The id or title of a rule."`
	Entity string    `query:"entity" doc:"A host, user or address."`
	Text   string    `query:"text" doc:"A part of the event."`
	Level  int       `query:"level" minimum:"0" maximum:"4" doc:"0 (informational) to 4 (critical), and above."`
	Since  time.Time `query:"since"`
	Until  time.Time `query:"until" doc:"Not included."`
	Order  string    `query:"order" enum:"newest,oldest,worst" default:"newest"`
}

// filter is what the state is asked.
func (q *HitsAsk) filter() state.HitFilter {
	f := state.HitFilter{
		Rule: q.Rule, Entity: q.Entity, Text: q.Text, After: q.After, Limit: q.Limit, MinLevel: q.Level,
		Since: nanoseconds(q.Since), Until: nanoseconds(q.Until),
	}
	switch q.Order {
	case "oldest":
		f.Order = state.Oldest
	case "worst":
		f.Order = state.Worst
	}
	return f
}

// nanoseconds since 1970; 0 is no time.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// KeyAsk names one thing.
type KeyAsk struct {
	Key string `path:"key" maxLength:"200"`
}

func (s *Server) registerHits(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/hits", Permission: identity.IncidentRead, Summary: "Lists hits of rules", Tag: "alerts"}, s.hits)
	Handle(a, Operation{Method: http.MethodGet, Path: "/hits/{key}", Permission: identity.IncidentRead, Summary: "Shows a hit", Tag: "alerts"}, s.hit)
}

func (s *Server) hits(ctx context.Context, t *Tenant, q *HitsAsk) (*Page[Hit], error) {
	f, last := q.filter(), state.Hit{}
	out := &Page[Hit]{Items: []Hit{}}
	for h, err := range t.State.ListHits(ctx, f) {
		if errors.Is(err, state.ErrPlace) {
			return nil, &Problem{Status: http.StatusUnprocessableEntity, Title: err.Error(), Field: "after"}
		}
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, answeredHit(&h))
		last = h
	}
	if len(out.Items) == f.Limit {
		out.Next = f.Order.Cursor(last)
	}
	return out, nil
}

func (s *Server) hit(ctx context.Context, t *Tenant, q *KeyAsk) (*Hit, error) {
	h, err := t.State.Hit(ctx, q.Key)
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{Status: http.StatusNotFound, Title: "there is no hit " + q.Key, Field: "key"}
	}
	if err != nil {
		return nil, err
	}
	out := answeredHit(&h)
	return &out, nil
}
