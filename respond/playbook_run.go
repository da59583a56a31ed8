package respond

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Names in the audit trail of what playbooks do.
const (
	auditWould   = "playbook.would" // in watch
	auditRefused = "playbook.refused"
)

// Play lets playbooks answer an alert, and says what was asked for. What the guard forbids, or a person has denied, is
// noted once and is no error.
func (r *Runner) Play(ctx context.Context, books []Playbook, c *Cause) ([]Action, error) {
	var done []Action
	var errs []error
	for i := range books {
		p := &books[i]
		requests, problems := p.Answer(c, r.opt.Now().Local())
		asked, began := -1, r.now()
		for _, text := range problems {
			errs = append(errs, r.note(ctx, p, auditRefused, c, "", text))
		}
		for j := range requests {
			req := &requests[j]
			if p.Mode == "" || p.Mode == ModeWatch {
				errs = append(errs, r.would(ctx, p, c, req))
				continue
			}
			if req.Needs == 0 {
				if asked < 0 {
					n, err := r.askedBy(ctx, req.By)
					if err != nil {
						return done, err
					}
					asked = n
				}
				if asked >= cmp.Or(p.PerHour, 20) {
					req.Needs = max(1, p.Approvals)
					req.Notes = append(req.Notes, fmt.Sprintf("%d actions of this playbook in an hour: a person must approve more", asked))
				}
			}
			a, err := r.Ask(ctx, *req)
			if err == nil && a.Asked >= began && a.State != Proposed {
				asked++
			}
			switch {
			case errors.Is(err, ErrForbidden) || errors.Is(err, ErrDenied) || errors.Is(err, ErrState):
				errs = append(errs, r.note(ctx, p, auditRefused, c, req.Kind+" "+req.Target, err.Error()))
			case err != nil:
				errs = append(errs, err)
			default:
				done = append(done, a)
			}
		}
	}
	return done, errors.Join(errs...)
}

// askedBy counts what a playbook has asked for in the last hour and was not only proposed.
func (r *Runner) askedBy(ctx context.Context, by string) (int, error) {
	n := 0
	for row, err := range r.state.ListActions(ctx, state.ActionFilter{Since: r.now() - int64(time.Hour)}) {
		if err != nil {
			return 0, err
		}
		if row.State != string(Proposed) && row.State != string(Denied) && strings.Contains(row.JSON, `"by":"`+by+`"`) {
			n++
		}
	}
	return n, nil
}

// would notes what a playbook in watch would have done, and whether the guard would have let it.
func (r *Runner) would(ctx context.Context, p *Playbook, c *Cause, req *Request) error {
	target := req.Kind + " " + req.Target
	if r.hasNoted(noteID(p, auditWould, c, target)) {
		return nil // an alert that grows would ask again for all that it has asked for
	}
	verdict := "would have been done"
	j, err := r.judged(ctx, *req, false, &Judgement{lately: true})
	switch {
	case err != nil:
		verdict = err.Error()
	case len(j.Forbidden) > 0:
		verdict = "forbidden: " + strings.Join(j.Forbidden, "; ")
	}
	return r.note(ctx, p, auditWould, c, target, verdict)
}

// maxNoted bounds the notes that are remembered.
const maxNoted = 10_000

// noteID is what makes a note the same as another.
func noteID(p *Playbook, action string, c *Cause, target string) string {
	return p.Name + "\x00" + action + "\x00" + target + "\x00" + c.Alert
}

// hasNoted tells whether the same was noted within the last hour, or has come up again since without an hour's pause.
func (r *Runner) hasNoted(id string) bool {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	again := r.noted[id] > now-int64(time.Hour)
	if again {
		r.noted[id] = now
	}
	return again
}

// note writes into the audit trail, the same thing once an hour.
func (r *Runner) note(ctx context.Context, p *Playbook, action string, c *Cause, target, text string) error {
	id := noteID(p, action, c, target)
	if r.hasNoted(id) {
		return nil
	}
	now := r.now()
	r.mu.Lock()
	if r.noted == nil || len(r.noted) > maxNoted {
		r.noted = make(map[string]int64)
	}
	r.noted[id] = now
	r.mu.Unlock()
	detail, err := json.Marshal(map[string]string{"alert": c.Alert, "rule": c.RuleID, "title": c.Title, "text": text})
	if err != nil {
		return err
	}
	_, err = r.state.Append(ctx, state.AuditEntry{Time: now, Actor: "playbook " + p.Name, Action: action, Target: target, Detail: string(detail)})
	return err
}

// Deeds is what a playbook has done, or would have, in some time.
type Deeds struct {
	Playbook  string         `json:"playbook"`
	Would     int            `json:"would"`               // times, in watch
	Forbidden int            `json:"forbidden,omitempty"` // of them, that the guard would have refused
	Refused   int            `json:"refused"`             // by the guard or by a person
	Asked     int            `json:"asked"`
	Targets   map[string]int `json:"targets,omitempty"` // of what it would have done
}

// Report says what playbooks have done since a time, or would have.
func (r *Runner) Report(ctx context.Context, since int64) (map[string]*Deeds, error) {
	out := make(map[string]*Deeds)
	for e, err := range r.state.ListAudit(ctx, state.AuditFilter{Since: since}) {
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutPrefix(e.Actor, "playbook ")
		if !ok {
			continue
		}
		d := out[name]
		if d == nil {
			d = &Deeds{Playbook: name, Targets: make(map[string]int)}
			out[name] = d
		}
		switch e.Action {
		case auditWould:
			d.Would++
			if strings.Contains(e.Detail, `"text":"forbidden: `) {
				d.Forbidden++
			}
			if len(d.Targets) < 1000 || d.Targets[e.Target] > 0 {
				d.Targets[e.Target]++
			}
		case auditRefused, "action.forbidden":
			d.Refused++
		case "action.ask":
			d.Asked++
		}
	}
	return out, nil
}
