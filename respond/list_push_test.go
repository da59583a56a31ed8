package respond

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// secretFile keeps a secret as settings name it.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

// listsOf hands out blocks of these targets.
func listsOf(targets *[]string) *Lists {
	return &Lists{Now: time.Now, Blocks: func(context.Context) ([]Action, error) {
		var list []Action
		for _, target := range *targets {
			list = append(list, Action{Key: KeyOf("block", target), Kind: "block", Target: target, State: Done})
		}
		return list, nil
	}}
}

// opnServer is as much of OPNsense's API as is asked, and refuses what the real one does.
type opnServer struct {
	t     *testing.T
	alias string
	held  []string
	asked []string
}

func (o *opnServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != "k" || password != "s" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"status":401,"message":"Authentication Failed"}`)
		return
	}
	var body struct {
		Address  string `json:"address"`
		Current  int    `json:"current"`
		RowCount int    `json:"rowCount"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		o.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	o.asked = append(o.asked, r.URL.Path+" "+body.Address)
	verb, alias, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/firewall/alias_util/"), "/")
	answer := map[string]any{"status": "done"}
	switch {
	case verb == "list":
		from := min((body.Current-1)*body.RowCount, len(o.held))
		rows := []map[string]string{}
		for _, a := range o.held[from:min(from+body.RowCount, len(o.held))] {
			rows = append(rows, map[string]string{"ip": a})
		}
		answer = map[string]any{"total": len(o.held), "rowCount": body.RowCount, "current": body.Current, "rows": rows}
	case alias != o.alias:
		answer = map[string]any{"status": "failed", "status_msg": "non existing alias " + alias}
	case strings.Trim(body.Address, "0123456789abcdef:./_") != "" || body.Address == "":
		answer = map[string]any{"status": "not_an_address"}
	case verb == "add" && !slices.Contains(o.held, body.Address):
		o.held = append(o.held, body.Address)
	case verb == "delete":
		o.held = slices.DeleteFunc(o.held, func(a string) bool { return a == body.Address })
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func TestOPNsenseAlias(t *testing.T) {
	o := &opnServer{t: t, alias: "tocsin", held: []string{"203.0.113.9"}}
	server := httptest.NewServer(o)
	defer server.Close()
	c := AliasConfig{Kind: "opnsense", URL: server.URL + "/", Alias: "tocsin", Key: secretFile(t, "k"), Secret: secretFile(t, "s")}
	a, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	blocked := []string{"198.51.100.7", "2001:db8::/32", "198.51.100.0/24"}
	l := listsOf(&blocked)
	if added, removed, more, err := l.Push(t.Context(), a); err != nil || added != 3 || removed != 1 || more {
		t.Fatal(added, removed, more, err)
	}
	slices.Sort(o.held)
	if !slices.Equal(o.held, []string{"198.51.100.0/24", "198.51.100.7", "2001:db8::/32"}) {
		t.Error(o.held)
	}
	asked := len(o.asked)
	if added, removed, _, err := l.Push(t.Context(), a); err != nil || added+removed != 0 || len(o.asked) != asked+1 {
		t.Error("what is there already is told again", added, removed, err)
	}
	// Many come in steps, and a page is not the whole.
	blocked = nil
	for i := range 6000 {
		blocked = append(blocked, fmt.Sprintf("10.%d.%d.1", i/250, i%250))
	}
	o.held = blocked[:5200:5200]
	if added, _, more, err := l.Push(t.Context(), a); err != nil || added != 500 || !more {
		t.Error(added, more, err)
	}
	if added, _, more, err := l.Push(t.Context(), a); err != nil || added != 300 || more || len(o.held) != 6000 {
		t.Error(added, more, err, len(o.held))
	}
	for name, wrong := range map[string]AliasConfig{
		"non existing alias": {Kind: "opnsense", URL: server.URL, Alias: "other", Key: c.Key, Secret: c.Secret},
		"401 Unauthorized":   {Kind: "opnsense", URL: server.URL, Alias: "tocsin", Key: c.Secret, Secret: c.Secret},
	} {
		o.held = nil
		a, err := wrong.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := l.Push(t.Context(), a); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pfServer is as much of the API of pfSense's package as is asked.
type pfServer struct {
	t       *testing.T
	aliases []pfAlias
	applied int
}

func (s *pfServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-API-Key") != "k" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var data any = map[string]any{}
	switch r.Method + " " + r.URL.Path {
	case "GET /api/v2/firewall/aliases":
		if r.URL.Query().Get("limit") != "0" {
			s.t.Error("only a part of the aliases is asked for")
		}
		data = s.aliases
	case "PATCH /api/v2/firewall/alias":
		var body struct {
			ID      *int     `json:"id"`
			Address []string `json:"address"`
			Detail  []string `json:"detail"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.ID == nil || len(body.Detail) > len(body.Address) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, a := range body.Address {
			if !strings.Contains(a, "/") {
				s.t.Errorf("%s: an alias of networks takes networks", a)
			}
		}
		s.aliases[*body.ID].Address = body.Address
		data = s.aliases[*body.ID]
	case "POST /api/v2/firewall/apply":
		s.applied++
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"code": 200, "status": "ok", "data": data})
}

func TestPfSenseAlias(t *testing.T) {
	s := &pfServer{t: t, aliases: []pfAlias{{0, "web", "port", []string{"80"}}, {1, "tocsin", "network", []string{"203.0.113.9/32"}}, {2, "hosts", "host", nil}}}
	server := httptest.NewServer(s)
	defer server.Close()
	c := AliasConfig{Kind: "pfsense", URL: server.URL, Alias: "tocsin", Key: secretFile(t, "k")}
	a, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	blocked := []string{"198.51.100.7", "2001:db8::/32"}
	if added, removed, more, err := listsOf(&blocked).Push(t.Context(), a); err != nil || added != 2 || removed != 1 || more || s.applied != 1 {
		t.Fatal(added, removed, more, err, s.applied)
	}
	if !slices.Equal(s.aliases[1].Address, []string{"198.51.100.7/32", "2001:db8::/32"}) || len(s.aliases[0].Address) != 1 {
		t.Error(s.aliases)
	}
	for alias, text := range map[string]string{"hosts": "must be network", "none": "has no alias"} {
		c.Alias = alias
		a, err := c.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := listsOf(&blocked).Push(t.Context(), a); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", alias, err)
		}
	}
}

func TestAliasSettings(t *testing.T) {
	for _, c := range []AliasConfig{
		{Kind: "cisco", URL: "https://fw", Alias: "a", Key: "k"},
		{Kind: "pfsense", URL: "fw", Alias: "a", Key: "k"},
		{Kind: "pfsense", URL: "http://fw.example.com", Alias: "a", Key: "k"},
		{Kind: "pfsense", URL: "https://fw", Alias: "../x", Key: "k"},
		{Kind: "opnsense", URL: "https://fw", Alias: "a", Key: "k"},
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// book is a tracker that remembers.
type book struct{ open, closed []string }

func (b *book) Open(_ context.Context, t *Ticket) (string, error) {
	if !slices.Contains(b.open, t.Thread) {
		b.open = append(b.open, t.Thread)
	}
	return fmt.Sprintf("SEC-%d", len(b.open)), nil
}

func (b *book) Close(_ context.Context, t *Ticket) error {
	b.closed = append(b.closed, t.Key+" "+t.Thread)
	return nil
}

func TestJiraTicket(t *testing.T) {
	b := &book{}
	h := &Hands{Tools: Tools{Trackers: map[string]Tracker{"desk": b}}}
	o := done(t)(perform(t, h, VerbDo, "jira", "desk look at web1", nil))
	if o.Result != "issue SEC-1" || o.Undo["issue"] != "SEC-1" {
		t.Errorf("%+v", o)
	}
	done(t)(perform(t, h, VerbDo, "jira", "desk look at web1", nil)) // as after a crash
	if len(b.open) != 1 {
		t.Error("two issues", b.open)
	}
	done(t)(perform(t, h, VerbUndo, "jira", "desk look at web1", o.Undo))
	if len(b.closed) != 1 || b.closed[0] != "SEC-1 "+b.open[0] {
		t.Error(b.closed)
	}
	if _, err := perform(t, h, VerbDo, "jira", "other look", nil); !errors.Is(err, errFinal) {
		t.Error(err)
	}
	for _, params := range []map[string]string{{"project": "X"}, {"level": "high\n"}} {
		if _, err := jiraKind.Check("desk look", params); err == nil {
			t.Errorf("%v is taken", params)
		}
	}
}

func done(t testing.TB) func(Outcome, error) Outcome {
	return func(o Outcome, err error) Outcome {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
}

// perform does or undoes a deed.
func perform(t testing.TB, h *Hands, verb, kind, target string, undo map[string]string) (Outcome, error) {
	t.Helper()
	k, err := KindOf(kind)
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := k.Check(target, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Perform(t.Context(), &Order{Verb: verb, Deed: &Deed{Kind: kind, Target: canonical, Undo: undo, By: "anna", Why: Why{Text: "test"}}})
	if err != nil {
		return Outcome{}, err
	}
	return a.Outcome, nil
}
