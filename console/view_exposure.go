package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// Risk is something that leaves this machine, or the watch over it, open.
type Risk struct {
	ID       string    `json:"id" doc:"The same as long as it is the same."`
	Kind     string    `json:"kind" doc:"port, certificate, user, firewall, logs, source, notify, backup or update"`
	Severity string    `json:"severity" enum:"critical,high,medium,low,informational" doc:"informational: it is in order."`
	Title    string    `json:"title"`
	Why      string    `json:"why"`
	Todo     string    `json:"todo" doc:"What to do about it."`
	Where    string    `json:"where,omitempty"`
	Ends     time.Time `json:"ends,omitzero" doc:"When a certificate does."`
	Accepted *Accepted `json:"accepted,omitempty" doc:"Somebody has decided to live with it."`
}

// Accepted says who lives with a risk, why, and until when.
type Accepted struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"`
}

// Exposure is what is known of risks.
type Exposure struct {
	Items  []Risk      `json:"items" doc:"The gravest first; accepted ones last."`
	Counts LevelCounts `json:"counts" doc:"Of those that are not accepted."`
	Taken  int         `json:"accepted"`
}

// AcceptAsk accepts a risk.
type AcceptAsk struct {
	ID   string `path:"id" maxLength:"200"`
	Body struct {
		Reason string    `json:"reason" minLength:"1" maxLength:"4096"`
		Until  time.Time `json:"until" doc:"A year from now at most."`
	} `nameHint:"RiskAcceptance"`
}

const (
	riskKind  = "risk"
	maxAccept = 366 * 24 * time.Hour
)

func (s *Server) registerExposure(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/exposure", Permission: identity.ReportRead, Machine: true, Summary: "Lists what leaves this machine, or the watch over it, open", Tag: "reports"}
	Handle(a, op, s.exposure)
	op.Method, op.Path, op.Permission, op.Summary = http.MethodPost, "/exposure/{id}/accept", identity.RuleWrite, "Accepts a risk for a time, with a reason"
	Handle(a, op, s.accept)
	op.Path, op.Summary = "/exposure/{id}/refuse", "Takes the acceptance of a risk back"
	Handle(a, op, s.refuse)
}

func (s *Server) exposure(ctx context.Context, t *Tenant, _ *Nothing) (*Exposure, error) {
	if s.Exposure == nil {
		return nil, unknown("what is exposed")
	}
	list, err := s.Exposure(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	docs, err := t.State.Documents(ctx, riskKind)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	accepted := make(map[string]*Accepted)
	for _, d := range docs {
		var x Accepted
		if err := json.Unmarshal([]byte(d.JSON), &x); err != nil {
			return nil, fmt.Errorf("accepted risk %s: %w", d.Key, err)
		}
		if x.Until.After(now) {
			accepted[d.Key] = &x
		}
	}
	out := &Exposure{Items: list}
	if out.Items == nil {
		out.Items = []Risk{}
	}
	for i := range out.Items {
		r := &out.Items[i]
		if r.Accepted = accepted[r.ID]; r.Accepted != nil {
			out.Taken++
		} else {
			out.Counts.add(levelNumber(r.Severity))
		}
	}
	slices.SortStableFunc(out.Items, func(a, b Risk) int {
		taken := 0
		if (a.Accepted != nil) != (b.Accepted != nil) {
			if taken = -1; a.Accepted != nil {
				taken = 1
			}
		}
		return cmp.Or(taken, levelNumber(b.Severity)-levelNumber(a.Severity), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Title, b.Title))
	})
	return out, nil
}

func (s *Server) accept(ctx context.Context, t *Tenant, in *AcceptAsk) (*Accepted, error) {
	now := time.Now()
	x := &Accepted{By: Actor(ctx), At: now.UTC(), Reason: strings.TrimSpace(in.Body.Reason), Until: in.Body.Until.UTC()}
	switch {
	case s.Exposure == nil:
		return nil, unknown("what is exposed")
	case x.Reason == "":
		return nil, bad("reason", "why?")
	case !x.Until.After(now) || x.Until.After(now.Add(maxAccept)):
		return nil, bad("until", "a risk is accepted until a time within a year")
	}
	list, err := s.Exposure(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(r Risk) bool { return r.ID == in.ID })
	if at < 0 {
		return nil, &Problem{Status: http.StatusNotFound, Title: "there is no such risk", Field: "id"}
	}
	text, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	detail, err := json.Marshal(map[string]any{"title": list[at].Title, "reason": x.Reason, "until": x.Until})
	if err != nil {
		return nil, err
	}
	return x, t.State.PutDocument(ctx, state.Document{Kind: riskKind, Key: in.ID, Updated: now.UnixNano(), JSON: string(text)},
		state.AuditEntry{Time: now.UnixNano(), Actor: x.By, Action: "risk.accept", Target: in.ID, Detail: string(detail)})
}

func (s *Server) refuse(ctx context.Context, t *Tenant, in *IDAsk) (*Nothing, error) {
	err := t.State.DropDocument(ctx, riskKind, in.ID, state.AuditEntry{Time: time.Now().UnixNano(), Actor: Actor(ctx), Action: "risk.refuse", Target: in.ID})
	if errors.Is(err, state.ErrNotFound) {
		return nil, &Problem{Status: http.StatusNotFound, Title: "that risk is not accepted", Field: "id"}
	}
	return &Nothing{}, err
}

// SettingsView is the configuration that is in force.
type SettingsView struct {
	YAML string `json:"yaml" doc:"Every key that there is, with what it is for; secrets stand where they are kept, never here."`
	File string `json:"file,omitempty" doc:"Where it was read from."`
}

// NotifyView is who is told of what.
type NotifyView struct {
	Routes []NotifyRoute `json:"routes"`
	Ways   []NotifyWay   `json:"ways"`
	Gaps   []string      `json:"gaps" doc:"Which severities reach nobody, and when."`
}

// NotifyRoute is a route of messages.
type NotifyRoute struct {
	Name string   `json:"name"`
	What string   `json:"what"`
	To   []string `json:"to" doc:"Who is on duty now."`
	Ways []string `json:"ways"`
}

// NotifyWay is a way by which people are told.
type NotifyWay struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// NotifyTried is what came of a test message.
type NotifyTried struct {
	Way   string  `json:"way"`
	Kind  string  `json:"kind"`
	Sent  bool    `json:"sent"`
	Took  float64 `json:"took" doc:"Seconds."`
	Error string  `json:"error,omitempty"`
	Hint  string  `json:"hint,omitempty"`
}

// WayAsk names a way.
type WayAsk struct {
	Way string `path:"way" maxLength:"200"`
}

func (s *Server) registerSettings(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/settings", Permission: identity.SettingsRead, Whole: true, Summary: "Shows the configuration that is in force", Tag: "status"}
	Handle(a, op, func(ctx context.Context, _ *Tenant, _ *Nothing) (*SettingsView, error) {
		if s.Settings == nil {
			return nil, unknown("the configuration")
		}
		return s.Settings(ctx)
	})
	op.Path, op.Summary = "/notify", "Lists who is told of what, and by which ways"
	Handle(a, op, func(ctx context.Context, _ *Tenant, _ *Nothing) (*NotifyView, error) {
		if s.Notify == nil {
			return nil, unknown("who is told of what")
		}
		return s.Notify(ctx)
	})
	op.Method, op.Path, op.Permission, op.Summary = http.MethodPost, "/notify/{way}/test", identity.SettingsWrite, "Sends a test message by a way"
	Handle(a, op, func(ctx context.Context, _ *Tenant, in *WayAsk) (*NotifyTried, error) {
		if s.TryWay == nil {
			return nil, unknown("who is told of what")
		}
		return s.TryWay(ctx, in.Way)
	})
}
