package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// archive is a server without a line, as one that stands in for serve has it.
type archive struct {
	*Client
	t     *testing.T
	state *state.State
	desk  *alert.Desk
	put   alert.Changes
}

func openArchive(t *testing.T) *archive {
	t.Helper()
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	events, err := store.Open(filepath.Join(dir, "events"), store.Options{MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	known, err := state.Open(ctx, filepath.Join(dir, "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(ctx, filepath.Join(dir, "s"), "")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Tenants: []Tenant{{Name: "main", Store: events, State: known, Evidence: filepath.Join(dir, "evidence")}}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	c, err := Dial(ctx, filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_, _ = known.Close(), events.Close()
	})
	return &archive{Client: c, t: t, state: known, desk: alert.NewDesk(alert.Options{})}
}

// hit keeps a hit, and what comes of it.
func (a *archive) hit(n int, rule, host, user string, ago time.Duration) {
	a.t.Helper()
	at := time.Now().Add(-ago).UnixNano()
	key := fmt.Sprintf("%s-%s-%d", rule, host, n)
	row := state.Hit{Key: key, RuleTitle: rule, Level: alert.High, Time: at, Seen: at, Count: 1, Hosts: []string{host}, Users: []string{user}, JSON: fmt.Sprintf(`{"entities":{"hosts":[%q],"users":[%q]}}`, host, user)}
	if err := a.state.PutHits(a.t.Context(), []state.Hit{row}); err != nil {
		a.t.Fatal(err)
	}
	a.desk.Take(&alert.Hit{Key: key, RuleID: rule, RuleTitle: rule, Level: alert.High, Time: at, Seen: at, Hosts: []string{host}, Users: []string{user}})
	a.put = a.desk.Place()
	if err := a.state.PutAlerts(a.t.Context(), a.put); err != nil {
		a.t.Fatal(err)
	}
}

// refused asks for something that is to be answered with a status.
func (a *archive) refused(status int, path, field string, what any) {
	a.t.Helper()
	var out any
	err := a.Post(a.t.Context(), path, nil, what, &out)
	if p, ok := err.(*Problem); !ok || p.Status != status || p.Field != field {
		a.t.Errorf("%s %.100v: %v, want status %d for %s", path, what, err, status, field)
	}
}

// object is what is sent.
type object map[string]any

func TestDecisionsOfWhatWasMerged(t *testing.T) {
	a := openArchive(t)
	a.hit(1, "dump", "pc1", "eve", 3*time.Hour)
	first := a.put.Incidents[0].Key
	a.hit(2, "dump", "pc2", "mallory", 2*time.Hour)
	second := a.put.Incidents[0].Key
	a.hit(3, "copy", "pc1", "mallory", time.Hour) // so that the two are one
	var d Decided
	if err := a.Post(t.Context(), "incidents/decide", nil, &Decision{Keys: []string{first, second, first}, Status: alert.Closed, Verdict: alert.Malicious}, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Incidents) != 1 || d.Incidents[0].Verdict != alert.Malicious || d.Incidents[0].Alerts != 3 {
		t.Errorf("decided: %+v", d.Incidents)
	}
	var c alert.Case
	if err := a.Post(t.Context(), "cases", nil, object{"title": "a case", "incidents": []string{first, second}}, &c); err != nil || len(c.Incidents) != 1 || c.Incidents[0] != d.Incidents[0].Key {
		t.Errorf("the case: %+v, %v", c, err)
	}
	long := strings.Repeat("x", alert.MaxText+1)
	const decide, wrong = "incidents/decide", http.StatusUnprocessableEntity
	a.refused(wrong, decide, "", object{"keys": []string{first}})
	a.refused(wrong, decide, "keys", object{"keys": []string{}, "status": "new"})
	a.refused(wrong, decide, "note", object{"keys": []string{first}, "note": long})
	a.refused(wrong, decide, "owner", object{"keys": []string{first}, "owner": long})
	a.refused(wrong, decide, "verdikt", object{"keys": []string{first}, "verdikt": "malicious"})
	a.refused(http.StatusNotFound, decide, "", object{"keys": []string{"none"}, "status": alert.New})
	a.refused(wrong, "cases/"+c.Key, "verdict", object{"op": "close", "verdict": "bad"})
	a.refused(wrong, "cases/"+c.Key, "text", object{"op": "note"})
	a.refused(wrong, "cases/"+c.Key, "text", object{"op": "title", "text": long})
	a.refused(wrong, "cases/"+c.Key, "op", object{"op": "burn"})
}

// TestSeen refuses to overrule what who decides has not seen, and says who was faster; also of what takes something back.
func TestSeen(t *testing.T) {
	a := openArchive(t)
	a.hit(1, "dump", "pc1", "eve", time.Hour)
	key, anna := a.put.Incidents[0].Key, "anna"
	decide := func(d Decision) (out Decided, err error) {
		err = a.Post(t.Context(), "incidents/decide", nil, &d, &out)
		return out, err
	}
	first, err := decide(Decision{Keys: []string{key[:8]}, Status: alert.Taken, Owner: &anna, Seen: map[string]string{key: ""}})
	if err != nil {
		t.Fatal(err)
	}
	at := first.Incidents[0].Decided.Format(time.RFC3339Nano)
	if len(first.Undo) != 1 || first.Undo[0].Seen[key] != at {
		t.Errorf("it is taken back whatever has come after it: %+v", first.Undo)
	}
	if _, err := a.state.Decide(t.Context(), []string{key}, state.Decision{Status: alert.Closed, Verdict: alert.Malicious, Actor: "ben", At: time.Now().UnixNano()}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []Decision{{Keys: []string{key}, Status: alert.New, Seen: map[string]string{key: at}}, first.Undo[0]} {
		if p, ok := func() error { _, err := decide(d); return err }().(*Problem); !ok || p.Status != http.StatusConflict || !strings.HasPrefix(p.Title, "ben has closed it as malicious meanwhile") {
			t.Errorf("%+v: %v", d, p)
		}
	}
	a.refused(http.StatusUnprocessableEntity, "incidents/decide", "seen", object{"keys": []string{key}, "status": "new", "seen": object{key: "noon"}})
}

// TestUndo restores what was decided before, also that nobody had taken it.
func TestUndo(t *testing.T) {
	a := openArchive(t)
	a.hit(1, "dump", "pc1", "eve", time.Hour)
	a.hit(2, "copy", "pc2", "bert", time.Hour)
	one, two := a.put.Incidents[0].Key, ""
	list, err := a.state.ListIncidents(t.Context(), state.IncidentFilter{})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, i := range list {
		if i.Key != one {
			two = i.Key
		}
	}
	anna, note := "anna", "looks bad"
	var d Decided
	if err := a.Post(t.Context(), "incidents/decide", nil, &Decision{Keys: []string{one}, Status: alert.Taken, Owner: &anna, Note: &note}, &d); err != nil {
		t.Fatal(err)
	}
	if err := a.Post(t.Context(), "incidents/decide", nil, &Decision{Keys: []string{one, two}, Status: alert.Closed, Verdict: alert.Expected, Owner: new(string), Note: new(string)}, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Undo) != 2 {
		t.Fatalf("undo: %+v", d.Undo)
	}
	for i := range d.Undo {
		if err := a.Post(t.Context(), "incidents/decide", nil, &d.Undo[i], new(Decided)); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]string{one: "taken anna looks bad", two: "new  "} {
		i, err := a.state.Incident(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if got := i.Status + " " + i.Owner + " " + i.Note; got != want || i.Verdict != "" {
			t.Errorf("%s: %q as %q, want %q", key, got, i.Verdict, want)
		}
	}
}

func TestAllIncidents(t *testing.T) {
	a := openArchive(t)
	const many = 2*maxPage + 7
	for n := range many {
		a.desk.Take(&alert.Hit{
			Key: fmt.Sprint(n), RuleID: "dump", RuleTitle: "Dump", Level: alert.High, Time: int64(n+1) * 1e9, Seen: int64(n+1) * 1e9,
			Hosts: []string{fmt.Sprint("pc", n)}, Users: []string{fmt.Sprint("user", n)},
		})
	}
	if err := a.state.PutAlerts(t.Context(), a.desk.Place()); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]int{0: many, 3: 3, maxPage + 1: maxPage + 1} {
		seen := make(map[string]bool)
		err := a.List(t.Context(), ListAsk{Path: "incidents", Most: limit}, func(line []byte) error {
			var m alert.Message
			defer func() { seen[m.Key] = true }()
			return json.Unmarshal(line, &m)
		})
		if err != nil || len(seen) != want {
			t.Errorf("limit %d: %d, want %d; %v", limit, len(seen), want, err)
		}
	}
}

// TestEvidenceIsWhatWasSent sends evidence as curl --data-binary does, which calls everything a form.
func TestEvidenceIsWhatWasSent(t *testing.T) {
	a := openArchive(t)
	var c alert.Case
	if err := a.Post(t.Context(), "cases", nil, object{"title": "a case"}, &c); err != nil {
		t.Fatal(err)
	}
	what := []byte("a=b&tenant=other&name=../../x\n")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://tocsin"+Root+"/cases/"+c.Key+"/evidence?name="+url.QueryEscape("../../etc/passwd"), bytes.NewReader(what))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.http.Do(r)
	if err := decode(resp, err, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Evidence) != 1 || c.Evidence[0].Size != int64(len(what)) || c.Evidence[0].Name != "passwd" {
		t.Fatalf("kept: %+v", c.Evidence)
	}
	for _, name := range []string{"", "..", "/", strings.Repeat("x", alert.MaxText+1)} {
		a.refused(http.StatusUnprocessableEntity, "cases/"+c.Key+"/evidence?name="+url.QueryEscape(name), "name", nil)
	}
}

// TestWouldHideMalicious tries a silence that would hide a few of many hits of what was malicious.
func TestWouldHideMalicious(t *testing.T) {
	a := openArchive(t)
	for n := range 60 {
		user := "eve"
		if n == 30 {
			user = "mallory"
		}
		a.hit(n, "dump", "pc1", user, time.Hour)
	}
	var d Decided
	if err := a.Post(t.Context(), "incidents/decide", nil, &Decision{Keys: []string{a.put.Incidents[0].Key}, Status: alert.Closed, Verdict: alert.Malicious}, &d); err != nil {
		t.Fatal(err)
	}
	a.hit(0, "other", "pc2", "zoe", time.Hour)
	var w WouldHide
	if err := a.Post(t.Context(), "silences/try", nil, &NewSilence{Matchers: []string{"user=mallory"}}, &w); err != nil {
		t.Fatal(err)
	}
	if w.Hits != 1 || w.Of != 60 || w.Malicious != 1 || len(w.Incidents) != 1 {
		t.Errorf("it would hide %+v", w)
	}
	a.refused(http.StatusUnprocessableEntity, "silences/try?days=1000000000", "days", object{"matchers": []string{"user=x"}})
	a.refused(http.StatusUnprocessableEntity, "silences/try", "matchers", object{"matchers": slices.Repeat([]string{"user=x"}, alert.MaxMatchers+1)})
	var m SilenceMessage
	if err := a.Post(t.Context(), "silences", nil, &NewSilence{Matchers: []string{"user=mallory"}, Exception: true, Reason: "tried"}, &m); err != nil {
		t.Fatal(err)
	}
}

// TestUsual says how often a rule hit before an incident, and nothing of what came after it.
func TestUsual(t *testing.T) {
	a := openArchive(t)
	a.hit(0, "dump", "pc1", "eve", 200*time.Hour)
	first := a.put.Incidents[0].Key
	for n := 1; n < 8; n++ {
		a.hit(n, "dump", fmt.Sprint("pc", 1+n%2), "eve", time.Duration(200-24*n)*time.Hour)
	}
	var x Explained
	if err := a.Get(t.Context(), "incidents/"+first, nil, &x); err != nil || len(x.Normal) != 1 || x.Normal[0] != "dump: never before in 30 days." {
		t.Errorf("the first: %v, %v", x.Normal, err)
	}
	last := a.put.Alerts[0]
	before, err := a.state.ListAlerts(t.Context(), state.AlertFilter{Rule: "dump", Before: last.First})
	if err != nil {
		t.Fatal(err)
	}
	if got := usual(last, before); !strings.Contains(got, "of the 30 days before, on 3 of them about pc2; about 2 different ones in all") {
		t.Errorf("the last: %s", got)
	}
}

// TestEntityQuery asks for names that the language of searches would take for something else.
func TestEntityQuery(t *testing.T) {
	for _, name := range []string{`CORP\anna`, `a*b`, `a?b`, `"`, `\"`, `\`, "or", "not", `x" or host.name:*`, "a b", "(", ":", "anna|head 1", "é", "\x01", strings.Repeat(`\"`, 512)} {
		for _, kind := range []string{"", alert.KindUser, alert.KindHost, alert.KindAddress} {
			q, err := query.Parse(entityQuery(kind, name) + " | head 1")
			if err != nil {
				t.Errorf("%.40q as %s: %v", name, kind, err)
				continue
			}
			list := []query.Expr{q.Where}
			if or, ok := q.Where.(*query.Or); ok {
				list = or.Of
			}
			for _, e := range list {
				test, ok := e.(*query.Test)
				if !ok || test.Text != query.EscapePattern(name) || len(q.Pipes) != 1 {
					t.Errorf("%.40q as %s is read as %.80s", name, kind, query.Format(e))
				}
			}
		}
	}
}
