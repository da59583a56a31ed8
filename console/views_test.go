package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// views is a server of one tenant that is asked without a socket, by anna.
type views struct {
	*Server
	t     testing.TB
	desk  *alert.Desk
	store *store.Embedded
	frame uint64
}

// events keeps an event with some fields.
func (v *views) events(at time.Time, fields ...string) {
	v.t.Helper()
	b := &store.Batch{}
	b.Row(at.UnixNano())
	for i := 0; i < len(fields); i += 2 {
		b.Field(fields[i], fields[i+1])
	}
	v.frame++
	if _, err := v.store.Add(v.t.Context(), v.frame, b); err != nil {
		v.t.Fatal(err)
	}
	if err := v.store.Reveal(); err != nil {
		v.t.Fatal(err)
	}
}

func openViews(t testing.TB) *views {
	t.Helper()
	dir := t.TempDir()
	events, err := store.Open(filepath.Join(dir, "events"), store.Options{MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	known, err := state.Open(t.Context(), filepath.Join(dir, "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = known.Close(), events.Close() })
	return &views{
		Server: &Server{Tenants: []Tenant{{Name: "main", Store: events, State: known, Evidence: filepath.Join(dir, "evidence")}}},
		t:      t, desk: alert.NewDesk(alert.Options{}), store: events,
	}
}

// ask asks for something, with an object where that is not nil, and returns the status.
func (v *views) ask(method, path string, in, out any) int {
	v.t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			v.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r := httptest.NewRequest(method, Root+path, body)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	v.Handler().ServeHTTP(w, r.WithContext(identity.WithSubject(v.t.Context(), identity.System("anna"))))
	if raw, ok := out.(*string); ok {
		*raw = w.Body.String()
	} else if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			v.t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return w.Code
}

// get asks for something that is there.
func (v *views) get(path string, out any) {
	v.t.Helper()
	var text string
	if status := v.ask(http.MethodGet, path, nil, &text); status != http.StatusOK {
		v.t.Fatalf("%s: %d %s", path, status, text)
	}
	if raw, ok := out.(*string); ok {
		*raw = text
		return
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		v.t.Fatalf("%s: %v in %s", path, err, text)
	}
}

// sample is hit n of a company with a few machines.
func sample(n int, at time.Time) *alert.Hit {
	return &alert.Hit{
		Key: fmt.Sprint("h", n), RuleID: fmt.Sprint("rule", n%3), RuleTitle: [...]string{"Password guessed", "Memory of LSASS read", "New service"}[n%3],
		Level: alert.Medium + n%3, Tags: []string{[...]string{"attack.credential-access", "attack.discovery", "attack.persistence"}[n%3], "attack.t1003.001"},
		Time: at.UnixNano(), Seen: at.UnixNano(), Hosts: []string{fmt.Sprintf("PC-%d.example.com", n)}, Users: []string{fmt.Sprintf(`EXAMPLE\user%d`, n)},
		Addresses: []string{fmt.Sprintf("198.51.100.%d", n%250)}, Sources: []string{fmt.Sprintf("198.51.100.%d", n%250)},
	}
}

// keep keeps n incidents, one each hour before a time, and returns their keys in order of the hits.
func (v *views) keep(n int, last time.Time) []string {
	v.t.Helper()
	for i := range n {
		v.desk.Take(sample(i, last.Add(-time.Duration(i)*time.Hour)))
	}
	c := v.desk.Place()
	if err := v.Tenants[0].State.PutAlerts(v.t.Context(), c); err != nil {
		v.t.Fatal(err)
	}
	keys := make([]string, n)
	for _, i := range c.Incidents {
		for _, e := range i.Entities {
			var at int
			if _, err := fmt.Sscanf(e.Name, "PC-%d.example.com", &at); err == nil {
				keys[at] = i.Key
			}
		}
	}
	return keys
}

// post does something that can be done.
func (v *views) post(path string, in, out any) {
	v.t.Helper()
	var text string
	if status := v.ask(http.MethodPost, path, in, &text); status != http.StatusOK {
		v.t.Fatalf("%s: %d %s", path, status, text)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			v.t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
}
