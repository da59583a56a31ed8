package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// CaseMessage is a case as it is answered, with what it joins.
type CaseMessage struct {
	alert.Case
	Joined   []alert.Message `json:"joined"`
	Timeline []alert.Moment  `json:"timeline,omitempty"`
}

// MaxEvidence bounds one piece of evidence, in bytes.
const MaxEvidence = 1 << 30

func (s *Server) registerCases(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/cases", Permission: identity.CaseRead, Summary: "Lists cases, the last changed first", Tag: "cases"}
	Handle(a, op, s.cases)
	op.Path, op.Summary = "/cases/{key}", "Shows a case with what it joins, and the timeline of it all"
	Handle(a, op, s.oneCase)
	op.Path, op.Summary = "/evidence/{sum}", "Hands out evidence, if it is still what it was"
	Raw(a, op, "application/octet-stream", s.evidence)
	op.Method, op.Permission, op.Path, op.Summary = http.MethodPost, identity.CaseWrite, "/cases", "Begins a case"
	Handle(a, op, s.newCase)
	op.Path, op.Summary = "/cases/{key}", "Changes a case"
	Handle(a, op, s.changeCase)
	op.Path, op.Summary, op.Sends = "/cases/{key}/evidence", "Keeps evidence with a case, under its hash", "application/octet-stream"
	op.Answers = reflect.TypeFor[alert.Case]()
	Raw(a, op, "application/json", s.addEvidence)
}

// CasesAsk says which cases are asked for.
type CasesAsk struct {
	PageAsk
	Closed bool `query:"closed" doc:"Closed ones too."`
}

// maxCases bounds the cases that can be listed.
const maxCases = 10_000

func (s *Server) cases(ctx context.Context, t *Tenant, q *CasesAsk) (*Page[*alert.Case], error) {
	list, err := t.State.ListCases(ctx, q.Closed, maxCases)
	if err != nil {
		return nil, err
	}
	return PageOf(list, &q.PageAsk, func(c **alert.Case) string { return (*c).Key }, func(c **alert.Case) *alert.Case { return *c })
}

func (s *Server) oneCase(ctx context.Context, t *Tenant, q *KeyAsk) (*CaseMessage, error) {
	c, err := t.State.Case(ctx, q.Key)
	if err != nil {
		return nil, notFound(err)
	}
	return t.caseMessage(ctx, c)
}

// caseMessage adds what a case joins, and the timeline of all of it.
func (t *Tenant) caseMessage(ctx context.Context, c *alert.Case) (*CaseMessage, error) {
	m := &CaseMessage{Case: *c, Joined: []alert.Message{}}
	moments := [][]alert.Moment{c.Moments()}
	for _, key := range c.Incidents {
		i, err := t.incidentOf(ctx, key)
		if errors.Is(err, state.ErrNotFound) {
			continue // it is forgotten
		}
		if err != nil {
			return nil, err
		}
		m.Joined = append(m.Joined, i.Message(time.Now().UnixNano()))
		alerts, err := t.State.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: maxListed})
		if err != nil {
			return nil, err
		}
		moments = append(moments, alertMoments(alerts))
		since, err := t.Since(ctx, i)
		if err != nil {
			return nil, err
		}
		moments = append(moments, since)
		decisions, err := t.decisions(ctx, i.Key)
		if err != nil {
			return nil, err
		}
		done, err := t.actionsFor(ctx, i, alerts)
		if err != nil {
			return nil, err
		}
		moments = append(moments, decisions, done)
	}
	m.Timeline = alert.Timeline(moments...)
	return m, nil
}

// NewCaseAsk begins a case.
type NewCaseAsk struct {
	Body struct {
		Title     string   `json:"title" minLength:"1" maxLength:"4096" doc:"What is it about?"`
		Incidents []string `json:"incidents,omitempty" maxItems:"1000" doc:"Keys of incidents that it joins."`
	} `nameHint:"NewCase"`
}

// CaseChangeAsk changes a case.
type CaseChangeAsk struct {
	KeyAsk
	Body struct {
		Op        string   `json:"op" enum:"join,task,done,note,take,title,summary,close,reopen"`
		Text      string   `json:"text,omitempty" maxLength:"4096" doc:"Of the task, note, title or summary; with done the id of a task."`
		Verdict   string   `json:"verdict,omitempty" enum:"malicious,expected,false-alarm" doc:"With close."`
		Incidents []string `json:"incidents,omitempty" maxItems:"1000" doc:"With join: keys of incidents."`
	} `nameHint:"CaseChange"`
}

// caseStep is what is done to a case.
type caseStep struct {
	op, text, verdict string
	incidents         []string
}

func (s *Server) newCase(ctx context.Context, t *Tenant, in *NewCaseAsk) (*alert.Case, error) {
	fresh := alert.NewCase(in.Body.Title, Actor(ctx), time.Now().UnixNano())
	return t.stepCase(ctx, fresh.Key, fresh, &caseStep{op: "new", text: in.Body.Title, incidents: in.Body.Incidents})
}

func (s *Server) changeCase(ctx context.Context, t *Tenant, in *CaseChangeAsk) (*alert.Case, error) {
	c, err := t.State.Case(ctx, in.Key)
	if err != nil {
		return nil, notFound(err)
	}
	b := &in.Body
	return t.stepCase(ctx, c.Key, nil, &caseStep{b.Op, b.Text, b.Verdict, b.Incidents})
}

// stepCase does one thing to a case, a fresh one where there is none of that key yet.
func (t *Tenant) stepCase(ctx context.Context, key string, fresh *alert.Case, step *caseStep) (*alert.Case, error) {
	now, actor := time.Now().UnixNano(), Actor(ctx)
	found, err := t.incidentsOf(ctx, step.incidents)
	if err != nil {
		return nil, err
	}
	joins := []string{}
	for _, i := range found {
		joins = append(joins, i.Key)
	}
	detail, err := json.Marshal(map[string]any{"text": step.text, "incidents": joins, "verdict": step.verdict})
	if err != nil {
		return nil, err
	}
	trail := state.AuditEntry{Time: now, Actor: actor, Action: "case." + step.op, Target: key, Detail: string(detail)}
	c, err := t.State.ChangeCase(ctx, key, trail, func(c *alert.Case) error {
		if fresh != nil {
			*c = *fresh
		}
		for _, i := range joins {
			if err := c.Join(i, now); err != nil {
				return bad("incidents", "%v", err)
			}
		}
		return step.do(c, actor, now)
	})
	if err != nil {
		return nil, notFound(err)
	}
	if len(joins) > 0 {
		list, err := t.State.Decide(ctx, joins, state.Decision{Case: key, At: now, Actor: actor})
		if err != nil {
			return nil, notFound(err)
		}
		t.judged(list)
	}
	return c, nil
}

// do does it to a case.
func (s *caseStep) do(c *alert.Case, actor string, now int64) error {
	c.Updated = now
	if s.text == "" && (s.op == "task" || s.op == "note" || s.op == "title") {
		return bad("text", "a %s says something", s.op)
	}
	switch s.op {
	case "task":
		return full(c.AddTask(s.text, actor, now))
	case "note":
		return full(c.AddNote(s.text, actor, now))
	case "done":
		if !c.Finish(s.text, actor, now) {
			return bad("text", "there is no task %s that is not done", s.text)
		}
	case "title":
		c.Title = s.text
	case "summary":
		c.Summary = s.text
	case "take":
		c.Owner = actor
	case "close":
		if err := c.Close(s.verdict); err != nil {
			return bad("verdict", "%v", err)
		}
		if s.text != "" {
			return full(c.AddNote(s.text, actor, now))
		}
	case "reopen":
		c.Status, c.Verdict = alert.New, ""
	}
	return nil
}

// full is what a case that takes no more says to the asker.
func full(err error) error {
	if err != nil {
		return bad("", "%v", err)
	}
	return nil
}

// EvidenceAsk says what evidence is called, and whence it comes.
type EvidenceAsk struct {
	KeyAsk
	Name string `query:"name" required:"true" minLength:"1" maxLength:"4096" doc:"What is it called?"`
	From string `query:"from" maxLength:"4096" doc:"Whence it comes."`
}

// addEvidence keeps what a request sends, under its hash, and notes it in the case. Whatever type the body says it is of, it
// is the evidence: what the request says of it stands in its address.
func (s *Server) addEvidence(ctx context.Context, t *Tenant, in *EvidenceAsk, w http.ResponseWriter, r *http.Request) error {
	c, err := t.State.Case(ctx, in.Key)
	if err != nil {
		return notFound(err)
	}
	name, from := filepath.Base(in.Name), in.From
	if name == "." || name == ".." || name == string(filepath.Separator) {
		return bad("name", "what is it called?")
	}
	if len(c.Evidence) >= alert.MaxCaseItems {
		return full(c.AddEvidence(alert.Evidence{}))
	}
	sum, size, err := t.store(http.MaxBytesReader(w, r.Body, MaxEvidence))
	if err != nil {
		return err
	}
	now, actor := time.Now().UnixNano(), Actor(ctx)
	e := alert.Evidence{Name: name, SHA256: sum, Size: size, From: from, By: actor, At: now}
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	trail := state.AuditEntry{Time: now, Actor: actor, Action: "case.evidence", Target: c.Key, Detail: string(detail)}
	c, err = t.State.ChangeCase(ctx, c.Key, trail, func(c *alert.Case) error { return full(c.AddEvidence(e)) })
	if err != nil {
		return notFound(err)
	}
	_ = json.NewEncoder(w).Encode(c) // who is gone needs no answer
	return nil
}

// SumAsk names evidence.
type SumAsk struct {
	Sum string `path:"sum" pattern:"^[0-9a-f]{64}$" doc:"Its SHA-256."`
}

// evidence hands out what was kept, if it is still what it was.
func (s *Server) evidence(_ context.Context, t *Tenant, in *SumAsk, w http.ResponseWriter, _ *http.Request) error {
	sum := in.Sum
	f, err := os.Open(filepath.Join(t.Evidence, sum))
	if t.Evidence == "" || errors.Is(err, fs.ErrNotExist) {
		return &Problem{Status: http.StatusNotFound, Title: "there is no evidence " + sum}
	}
	if err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return &Problem{Status: http.StatusInternalServerError, Title: "the evidence " + sum + " was changed since it was kept"}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	w.Header().Set("Content-Disposition", "attachment")
	_, _ = io.Copy(w, f) // who is gone needs no answer
	return nil
}

// store keeps bytes under their hash.
func (t *Tenant) store(in io.Reader) (sum string, size int64, err error) {
	if t.Evidence == "" {
		return "", 0, &Problem{Status: http.StatusConflict, Title: "evidence is kept by tocsin serve; start it"}
	}
	if err := os.MkdirAll(t.Evidence, 0o700); err != nil {
		return "", 0, fmt.Errorf("keep evidence: %w", err)
	}
	sum, size, err = disk.Keep(t.Evidence, in)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "", 0, &Problem{Status: http.StatusRequestEntityTooLarge, Title: fmt.Sprintf("evidence has at most %d bytes", large.Limit)}
	}
	if err != nil {
		return "", 0, fmt.Errorf("keep evidence: %w", err)
	}
	return sum, size, nil
}
