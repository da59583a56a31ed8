package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// over is a server over real connections, at which a subject asks.
func over(t testing.TB, s *Server, subject *identity.Subject) *httptest.Server {
	t.Helper()
	h := s.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(identity.WithSubject(r.Context(), subject)))
	}))
	t.Cleanup(web.Close)
	return web
}

// stream is what is told as it changes.
type stream struct {
	t    *testing.T
	in   *bufio.Scanner
	stop func()
}

func listen(t *testing.T, web *httptest.Server, last string, query ...string) *stream {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, web.URL+Root+"/events"+strings.Join(query, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", last)
	resp, err := web.Client().Do(r)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(resp, err)
	}
	t.Cleanup(func() { stop(); _ = resp.Body.Close() })
	return &stream{t, bufio.NewScanner(resp.Body), stop}
}

// next is the next event of a name, with its id.
func (s *stream) next(name string) (id, data string) {
	s.t.Helper()
	is := false
	for s.in.Scan() {
		field, value, _ := strings.Cut(s.in.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			is = value == name
		case "data":
			if is {
				return id, value
			}
		}
	}
	s.t.Fatalf("no %s: %v", name, s.in.Err())
	return "", ""
}

func status() *Status {
	return &Status{Version: "v1", Data: "/secret", Tenants: []TenantStatus{{Name: "main", Inputs: []string{}}, {Name: "other", Inputs: []string{}}}}
}

// What changes is told to who listens, once, and after a break what was missed.
func TestEvents(t *testing.T) {
	v := openViews(t)
	v.Status = status
	viewer := &identity.Subject{Name: "vera", Roles: map[string]identity.Role{"main": identity.Viewer}}
	web := over(t, v.Server, viewer)
	first := listen(t, web, "")
	if _, data := first.next("status"); !strings.Contains(data, `"name":"main"`) {
		t.Errorf("status: %s", data)
	}
	at := time.Now().Add(-time.Hour)
	put := func(n int) {
		v.desk.Take(sample(n, at))
		if err := v.Tenants[0].State.PutAlerts(t.Context(), v.desk.Place()); err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	id, data := first.next("incident")
	if !strings.Contains(data, `"status":"new"`) {
		t.Errorf("an incident: %s", data)
	}
	first.stop()
	put(1)
	if err := v.Tenants[0].State.PutActions(t.Context(), []state.Action{{Key: "a1", Kind: "block", Target: "203.0.113.7", State: "proposed", JSON: "{}"}}, nil); err != nil {
		t.Fatal(err)
	}
	again := listen(t, web, id)
	if _, data := again.next("incident"); strings.Contains(data, `"status":""`) {
		t.Errorf("what was missed: %s", data)
	}
	if _, data := again.next("action"); data != `{"key":"a1","state":"proposed","kind":"block","target":"203.0.113.7"}` {
		t.Errorf("an action: %s", data)
	}
	for query, header := range map[string]string{"?after=" + id: "", "?after=1": id} { // a browser's first request has no header
		late := listen(t, web, header, query)
		if _, data := late.next("action"); !strings.Contains(data, `"key":"a1"`) {
			t.Errorf("after %s and %s: %s", query, header, data)
		}
	}
	long := listen(t, web, "1")
	if _, data := long.next("resync"); data != "{}" {
		t.Errorf("of long ago: %s", data)
	}
	token := *viewer
	token.Scope = []identity.Permission{identity.IncidentRead}
	few := listen(t, over(t, v.Server, &token), "")
	put(2)
	for few.in.Scan() && !strings.HasPrefix(few.in.Text(), "event: incident") {
		if strings.HasPrefix(few.in.Text(), "event: status") {
			t.Error("who may not is told how tocsin does")
		}
	}
}

// More changes than are kept at once are a resync.
func TestEventsAreBounded(t *testing.T) {
	v := openViews(t)
	h := v.hubOf(&v.Tenants[0])
	wake, err := h.enter()
	if err != nil {
		t.Fatal(err)
	}
	defer h.leave(wake)
	_, from, _, err := h.since(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := range maxDirtyKeys + 10 {
		h.wrote(state.WroteIncidents, []string{fmt.Sprint(n)})
	}
	if list, _, lost, err := h.since(t.Context(), from); err != nil || !lost || len(list) != 0 {
		t.Errorf("%d told, lost %v, %v", len(list), lost, err)
	}
	for n := range 3 * maxTold {
		h.add("incident", identity.IncidentRead, incidentChange{Key: fmt.Sprint(n)})
	}
	if _, _, _, err := h.since(t.Context(), h.from); err != nil { // the oldest are forgotten
		t.Fatal(err)
	}
	list, last, lost, err := h.since(t.Context(), h.from)
	if err != nil || lost || len(list) != maxTold || list[maxTold-1].id != last {
		t.Errorf("%d are kept, want %d; lost %v, %v", len(list), maxTold, lost, err)
	}
	for range maxListeners - 1 {
		if _, err := h.enter(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.enter(); err == nil {
		t.Error("any number may listen")
	}
}

// The same key does a thing once, at the same time too, and is for who used it alone.
func TestIdempotencyKey(t *testing.T) {
	var did atomic.Int64
	var fail atomic.Bool
	type ask struct {
		Body struct {
			Text string `json:"text"`
		}
	}
	s := &Server{Tenants: []Tenant{{Name: "main"}}, Operations: []func(*API){func(a *API) {
		op := Operation{Method: http.MethodPost, Path: "/act", Permission: identity.ActionAsk}
		Handle(a, op, func(_ context.Context, _ *Tenant, in *ask) (*ValueCount, error) {
			if fail.Load() {
				return nil, io.ErrUnexpectedEOF
			}
			time.Sleep(20 * time.Millisecond)
			return &ValueCount{in.Body.Text, uint64(did.Add(1))}, nil
		})
	}}}
	h := s.Handler()
	post := func(who, key, text string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, Root+"/act", strings.NewReader(`{"text":"`+text+`"}`))
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(identity.WithSubject(t.Context(), identity.System(who))))
		return w.Code, w.Body.String()
	}
	answers := make(chan string, 10)
	for range 10 {
		go func() {
			_, body := post("anna", "k", "x")
			answers <- body
		}()
	}
	for range 10 {
		if got := <-answers; got != `{"value":"x","count":1}`+"\n" {
			t.Errorf("answered %s", got)
		}
	}
	if status, body := post("anna", "k", "y"); status != http.StatusUnprocessableEntity || !strings.Contains(body, `"field":"Idempotency-Key"`) {
		t.Errorf("another request with that key: %d %s", status, body)
	}
	if _, body := post("bert", "k", "x"); body != `{"value":"x","count":2}`+"\n" {
		t.Errorf("of somebody else: %s", body)
	}
	fail.Store(true)
	if status, _ := post("anna", "l", "x"); status != http.StatusInternalServerError {
		t.Errorf("a failure: %d", status)
	}
	fail.Store(false)
	if _, body := post("anna", "l", "x"); body != `{"value":"x","count":3}`+"\n" {
		t.Errorf("after a failure: %s", body)
	}
	if status, _ := post("anna", strings.Repeat("k", maxAnswerKey+1), "x"); status != http.StatusUnprocessableEntity {
		t.Errorf("a long key: %d", status)
	}
}

// TestAnswersOutliveARestart asks again, after a restart, for what was done: it is not done again, whatever became of it since.
// What may hold a secret is not kept.
func TestAnswersOutliveARestart(t *testing.T) {
	st, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var did atomic.Int64
	type ask struct {
		Body struct {
			Text string `json:"text"`
		}
	}
	start := func() http.Handler {
		s := &Server{Tenants: []Tenant{{Name: "main", State: st}}, Operations: []func(*API){func(a *API) {
			for _, path := range []string{"/actions/try", "/tokens/try"} {
				op := Operation{Method: http.MethodPost, Path: path, Permission: identity.ActionAsk}
				Handle(a, op, func(_ context.Context, _ *Tenant, in *ask) (*ValueCount, error) {
					return &ValueCount{in.Body.Text, uint64(did.Add(1))}, nil
				})
			}
		}}}
		return s.Handler()
	}
	post := func(h http.Handler, path, text string) string {
		r := httptest.NewRequest(http.MethodPost, Root+path, strings.NewReader(`{"text":"`+text+`"}`))
		r.Header.Set("Idempotency-Key", "night")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(identity.WithSubject(t.Context(), identity.System("anna"))))
		return strconv.Itoa(w.Code) + " " + strings.TrimSpace(w.Body.String())
	}
	first := start()
	want := post(first, "/actions/try", "x")
	if want != `200 {"value":"x","count":1}` {
		t.Fatalf("answered %s", want)
	}
	again := start()
	if got := post(again, "/actions/try", "y"); !strings.HasPrefix(got, "422") {
		t.Errorf("another request with that key, after a restart: %s", got)
	}
	for range 2 {
		if got := post(again, "/actions/try", "x"); got != want {
			t.Errorf("after a restart: %s, not %s", got, want)
		}
	}
	if did.Load() != 1 {
		t.Errorf("done %d times", did.Load())
	}
	post(again, "/tokens/try", "x")
	if got := post(start(), "/tokens/try", "x"); got != `200 {"value":"x","count":3}` {
		t.Errorf("an answer that may hold a secret was kept: %s", got)
	}
}

// Prometheus gets what it takes in, of the tenants that may be known of.
func TestMetrics(t *testing.T) {
	v := openViews(t)
	v.Status = status
	v.desk.Take(sample(1, time.Now().Add(-time.Hour)))
	if err := v.Tenants[0].State.PutAlerts(t.Context(), v.desk.Place()); err != nil {
		t.Fatal(err)
	}
	get := func(s *identity.Subject) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
		v.Handler().ServeHTTP(w, r.WithContext(identity.WithSubject(t.Context(), s)))
		return w.Code, w.Body.String()
	}
	_, all := get(identity.System("anna"))
	for _, want := range []string{
		"# TYPE tocsin_events_total counter\ntocsin_events_total{tenant=\"main\"} 0\ntocsin_events_total{tenant=\"other\"} 0\n",
		"tocsin_incidents_open{level=\"" + alert.LevelName(sample(1, time.Now()).Level) + "\",tenant=\"main\"} 1\n", "\ntocsin_goroutines ", "tocsin_info{version=\"v1\"} 1\n",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Count(all, "# TYPE tocsin_hits_total") != 1 {
		t.Error("a name is described twice")
	}
	status, one := get(&identity.Subject{Name: "vera", Roles: map[string]identity.Role{"other": identity.Viewer}})
	if status != http.StatusOK || strings.Contains(one, "main") || !strings.Contains(one, `tenant="other"`) || strings.Contains(one, "goroutines") {
		t.Errorf("of one tenant: %d\n%s", status, one)
	}
	if status, _ := get(&identity.Subject{Name: "nobody"}); status != http.StatusForbidden {
		t.Errorf("of none: %d", status)
	}
	if status, _ := get(nil); status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", status)
	}
	var st Status
	_ = v.ask(http.MethodGet, "/status", nil, &st)
	if st.Data == "" || len(st.Tenants) != 2 {
		t.Errorf("the status for all: %+v", st)
	}
	if st := v.statusFor(&identity.Subject{Name: "vera", Roles: map[string]identity.Role{"other": identity.Viewer}}); st.Data != "" || len(st.Tenants) != 1 {
		t.Errorf("the status for one tenant: %+v", st)
	}
}

// A counter's rate is that of the last minute.
func TestRates(t *testing.T) {
	var r rates
	now := time.Unix(1e9, 0)
	for i, c := range []struct {
		after time.Duration
		n     int64
		want  float64
	}{{0, 100, 0}, {10 * time.Second, 200, 10}, {50 * time.Second, 200, 100.0 / 60}, {30 * time.Second, 290, 90.0 / 80}, {time.Minute, 290, 0}} {
		now = now.Add(c.after)
		if got := r.of("x", c.n, now); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
}
