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
	"runtime"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
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

func (s *Server) cases(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	list, err := t.State.ListCases(r.Context(), r.FormValue("closed") == "true", 0)
	if err != nil {
		return err
	}
	out := newLines(w)
	for _, c := range list {
		if err := out.object(c); err != nil {
			return out.end(err)
		}
	}
	return out.end(nil)
}

func (s *Server) oneCase(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	c, err := t.State.Case(r.Context(), r.PathValue("key"))
	if err != nil {
		return notFound(err)
	}
	m, err := t.caseMessage(r.Context(), c)
	if err != nil {
		return err
	}
	return writeJSON(w, m)
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
		moments = append(moments, decisions)
	}
	m.Timeline = alert.Timeline(moments...)
	return m, nil
}

// decisions tells what people have decided about something.
func (t *Tenant) decisions(ctx context.Context, target string) ([]alert.Moment, error) {
	var out []alert.Moment
	for e, err := range t.State.ListAudit(ctx, state.AuditFilter{Target: target, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		var said map[string]string
		text := e.Action
		if json.Unmarshal([]byte(e.Detail), &said) == nil {
			for _, k := range [...]string{"status", "verdict", "owner", "note"} {
				if said[k] != "" {
					text += " " + k + "=" + said[k]
				}
			}
		}
		out = append(out, alert.Moment{Time: e.Time, Kind: "decision", Text: text, Who: e.Actor, Key: target})
	}
	return out, nil
}

// changeCase does what op says: new, join, task, done, note, close, reopen, title, summary.
func (s *Server) changeCase(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	now, actor := time.Now().UnixNano(), s.actor(r)
	op, text := r.FormValue("op"), r.FormValue("text")
	if err := short(r, "text"); err != nil {
		return err
	}
	joins, err := t.incidentKeys(r.Context(), r.FormValue("incidents"))
	if err != nil {
		return err
	}
	var fresh *alert.Case
	key := r.PathValue("key")
	if op == "new" {
		if text == "" {
			return bad("text: what is it about?")
		}
		fresh = alert.NewCase(text, actor, now)
		key = fresh.Key
	} else {
		c, err := t.State.Case(r.Context(), key)
		if err != nil {
			return notFound(err)
		}
		key = c.Key
	}
	detail, err := json.Marshal(map[string]any{"text": text, "incidents": joins, "verdict": r.FormValue("verdict")})
	if err != nil {
		return err
	}
	trail := state.AuditEntry{Time: now, Actor: actor, Action: "case." + op, Target: key, Detail: string(detail)}
	c, err := t.State.ChangeCase(r.Context(), key, trail, func(c *alert.Case) error {
		if fresh != nil {
			*c = *fresh
		}
		for _, i := range joins {
			if err := c.Join(i, now); err != nil {
				return bad("%v", err)
			}
		}
		return change(c, op, text, r.FormValue("verdict"), actor, now)
	})
	if err != nil {
		return notFound(err)
	}
	if len(joins) > 0 {
		list, err := t.State.Decide(r.Context(), joins, state.Decision{Case: key, At: now, Actor: actor})
		if err != nil {
			return notFound(err)
		}
		t.judged(list)
	}
	return writeJSON(w, c)
}

// change does one thing to a case.
func change(c *alert.Case, op, text, verdict, actor string, now int64) error {
	c.Updated = now
	if text == "" && (op == "task" || op == "note" || op == "title") {
		return bad("text: a %s says something", op)
	}
	switch op {
	case "new", "join":
		return nil
	case "task":
		return full(c.AddTask(text, actor, now))
	case "note":
		return full(c.AddNote(text, actor, now))
	case "done":
		if !c.Finish(text, actor, now) {
			return bad("there is no task %s that is not done", text)
		}
	case "title":
		c.Title = text
	case "summary":
		c.Summary = text
	case "take":
		c.Owner = actor
	case "close":
		if err := c.Close(verdict); err != nil {
			return bad("%v", err)
		}
		if text != "" {
			return full(c.AddNote(text, actor, now))
		}
	case "reopen":
		c.Status, c.Verdict = alert.New, ""
	default:
		return bad("op %q is not known: new, join, task, done, note, take, title, summary, close or reopen", op)
	}
	return nil
}

// full is what a case that takes no more says to the asker.
func full(err error) error {
	if err != nil {
		return bad("%v", err)
	}
	return nil
}

// addEvidence keeps what a request sends, under its hash, and notes it in the case. Whatever type the body says it is of, it
// is the evidence: what the request says of it stands in its address.
func (s *Server) addEvidence(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenantNamed(r.URL.Query().Get("tenant"))
	if err != nil {
		return err
	}
	c, err := t.State.Case(r.Context(), r.PathValue("key"))
	if err != nil {
		return notFound(err)
	}
	name, from := filepath.Base(r.URL.Query().Get("name")), r.URL.Query().Get("from")
	if name == "." || name == ".." || name == string(filepath.Separator) {
		return bad("name: what is it called?")
	}
	if len(name) > alert.MaxText || len(from) > alert.MaxText {
		return bad("name, from: they have at most %d bytes", alert.MaxText)
	}
	if len(c.Evidence) >= alert.MaxCaseItems {
		return full(c.AddEvidence(alert.Evidence{}))
	}
	sum, size, err := t.store(http.MaxBytesReader(w, r.Body, MaxEvidence))
	if err != nil {
		return err
	}
	now, actor := time.Now().UnixNano(), s.actor(r)
	e := alert.Evidence{Name: name, SHA256: sum, Size: size, From: from, By: actor, At: now}
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	trail := state.AuditEntry{Time: now, Actor: actor, Action: "case.evidence", Target: c.Key, Detail: string(detail)}
	c, err = t.State.ChangeCase(r.Context(), c.Key, trail, func(c *alert.Case) error { return full(c.AddEvidence(e)) })
	if err != nil {
		return notFound(err)
	}
	return writeJSON(w, c)
}

// evidence hands out what was kept, if it is still what it was.
func (s *Server) evidence(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	sum := r.PathValue("sum")
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return bad("%q is no SHA-256", sum)
	}
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
	w.Header().Set("Content-Type", "application/octet-stream")
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
	f, err := os.CreateTemp(t.Evidence, "new-*")
	if err != nil {
		return "", 0, fmt.Errorf("keep evidence: %w", err)
	}
	defer os.Remove(f.Name())
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, h), in)
	if err == nil {
		err = f.Chmod(0o400)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	sum = hex.EncodeToString(h.Sum(nil))
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(t.Evidence, sum))
	}
	if err == nil {
		err = syncNames(t.Evidence)
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "", 0, &Problem{Status: http.StatusRequestEntityTooLarge, Title: fmt.Sprintf("evidence has at most %d bytes", large.Limit)}
	}
	if err != nil {
		return "", 0, fmt.Errorf("keep evidence: %w", err)
	}
	return sum, size, nil
}

// syncNames makes sure that the names in a folder outlive a loss of power, where the system can.
func syncNames(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && runtime.GOOS != "windows" { // which has no such thing
		return err
	}
	return nil
}
