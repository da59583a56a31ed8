package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/state"
)

// SourcesView is where logs come from.
type SourcesView struct {
	Items    []live.SourceStatus `json:"items" doc:"Silent ones first."`
	Silent   int                 `json:"silent"`
	Inputs   []string            `json:"inputs" doc:"That listen or read."`
	Datasets []Tally             `json:"datasets" doc:"Events kept of the last 24 hours by the kind of log."`
}

func (s *Server) registerSources(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/sources", Permission: identity.StatusRead, Summary: "Lists where logs come from, silent sources first", Tag: "status"}, s.sources)
	Handle(a, Operation{Method: http.MethodGet, Path: "/audit", Permission: identity.AuditRead, Summary: "Lists the audit trail, the last first", Tag: "status"}, s.audit)
}

func (s *Server) sources(ctx context.Context, t *Tenant, _ *Nothing) (*SourcesView, error) {
	out := &SourcesView{Items: []live.SourceStatus{}, Inputs: []string{}, Datasets: []Tally{}}
	if t.Line != nil {
		out.Items = t.Line.Sources()
	}
	for i := range out.Items {
		if out.Items[i].Silent {
			out.Silent++
		}
	}
	if s.Status != nil {
		for _, ts := range s.Status().Tenants {
			if ts.Name == t.Name {
				out.Inputs = append(out.Inputs, ts.Inputs...)
			}
		}
	}
	now := time.Now()
	list, err := t.tallies(ctx, &Who{Since: now.Add(-24 * time.Hour), Until: now}, "* | top 200 dataset")
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b Tally) int { return cmp.Compare(b.Count, a.Count) })
	out.Datasets = append(out.Datasets, list...)
	return out, nil
}

// AuditAsk says which entries of the audit trail are asked for.
type AuditAsk struct {
	PageAsk
	Actor  string    `query:"actor" maxLength:"1024"`
	Action string    `query:"action" maxLength:"200"`
	Target string    `query:"target" maxLength:"1024"`
	Since  time.Time `query:"since"`
	Until  time.Time `query:"until" doc:"Not included."`
}

// AuditMessage is something that somebody did.
type AuditMessage struct {
	Seq    int64           `json:"seq"`
	Time   time.Time       `json:"time"`
	Actor  string          `json:"actor"`
	Action string          `json:"action"`
	Target string          `json:"target"`
	Detail json.RawMessage `json:"detail,omitempty" doc:"Any JSON."`
	Hash   string          `json:"hash" doc:"SHA-256 over it and the hash of the entry before."`
}

// AuditPage is a page of the trail.
type AuditPage struct {
	Items []AuditMessage  `json:"items"`
	Next  string          `json:"next,omitempty"`
	Head  state.AuditHead `json:"head" doc:"Kept elsewhere, it proves that the trail up to it has not been changed since."`
}

func (s *Server) audit(ctx context.Context, t *Tenant, q *AuditAsk) (*AuditPage, error) {
	f := state.AuditFilter{Actor: q.Actor, Action: q.Action, Target: q.Target, Since: nanoseconds(q.Since), Until: nanoseconds(q.Until), Limit: q.Limit + 1, Newest: true}
	if q.After != "" {
		n, err := strconv.ParseInt(q.After, 10, 64)
		if err != nil || n < 1 {
			return nil, bad("after", "%.40q is no place in the trail", q.After)
		}
		f.Before = n
	}
	out := &AuditPage{Items: []AuditMessage{}}
	for e, err := range t.State.ListAudit(ctx, f) {
		if err != nil {
			return nil, err
		}
		if len(out.Items) == q.Limit {
			out.Next = strconv.FormatInt(out.Items[q.Limit-1].Seq, 10)
			break
		}
		m := AuditMessage{Seq: e.Seq, Time: alert.When(e.Time), Actor: e.Actor, Action: e.Action, Target: e.Target, Hash: e.Hash}
		if json.Valid([]byte(e.Detail)) {
			m.Detail = json.RawMessage(e.Detail)
		}
		out.Items = append(out.Items, m)
	}
	var err error
	out.Head, err = t.State.AuditHead(ctx)
	return out, err
}
