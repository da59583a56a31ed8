package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/state"
)

// described is an operation of the document of the API.
type described struct {
	method, path string
	Permission   identity.Permission `json:"x-permission"`
	Security     []any               `json:"security"`
	Tags         []string            `json:"tags"`
	Parameters   []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
}

// ofTenant tells whether it is asked about one tenant.
func (o *described) ofTenant() bool {
	for _, p := range o.Parameters {
		if p.In == "query" && p.Name == "tenant" {
			return true
		}
	}
	return false
}

// allOperations reads the document.
func allOperations(t *testing.T, h http.Handler) []described {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, console.Root+"/openapi.json", http.NoBody))
	var doc struct {
		Paths map[string]map[string]described `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var list []described
	for path, methods := range doc.Paths {
		for method, o := range methods {
			o.method, o.path = strings.ToUpper(method), path
			list = append(list, o)
		}
	}
	if len(list) < 60 {
		t.Fatalf("the document has %d operations", len(list))
	}
	return list
}

// every answers with all that serve does, of two tenants that have nothing in them.
func every(t *testing.T) http.Handler {
	t.Helper()
	known, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = known.Close() })
	gate, err := identity.Open(known, identity.Options{Tenants: []string{"main", "other"}, Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	web, err := identity.NewWeb(gate, identity.WebOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := serve.Contract()
	s.Tenants = append(s.Tenants, console.Tenant{Name: "other"})
	mux := http.NewServeMux()
	web.Routes(mux, func(r *http.Request, err error) { t.Errorf("%s: %v", r.URL, err) })
	mux.Handle("/", s.Handler())
	return mux
}

var inBraces = regexp.MustCompile(`\{\w+\}`)

// asked asks for an operation as a subject.
func (o *described) asked(t *testing.T, h http.Handler, s *identity.Subject, tenant string) (status int, body string) {
	t.Helper()
	path := inBraces.ReplaceAllString(o.path, "x")
	if tenant != "" && o.ofTenant() {
		path += "?tenant=" + tenant
	}
	r := httptest.NewRequest(o.method, path, io.Reader(strings.NewReader("{}")))
	if s != nil {
		r = r.WithContext(identity.WithSubject(r.Context(), s))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestAccess asks for every operation of the API as nobody, as somebody of another tenant, as each role that is too low, and
// with a token that may do all else.
func TestAccess(t *testing.T) {
	h := every(t)
	var open []string
	for _, o := range allOperations(t, h) {
		name := o.method + " " + o.path
		if len(o.Security) == 0 {
			open = append(open, name)
			continue
		}
		if status, body := o.asked(t, h, nil, ""); status != http.StatusUnauthorized {
			t.Errorf("%s, nobody: %d %s", name, status, body)
		}
		if o.Permission == "" {
			if !slices.Contains(o.Tags, "who") {
				t.Errorf("%s names no permission", name)
			}
			continue
		}
		o.deny(t, h)
	}
	slices.Sort(open)
	want := "GET /api/v1/health, GET /api/v1/login/oidc/{provider}, GET /api/v1/login/oidc/{provider}/callback, GET /api/v1/login/ways, POST /api/v1/login, " +
		"POST /api/v1/login/link, POST /api/v1/login/passkey, POST /api/v1/login/passkey/finish, POST /api/v1/login/second"
	if got := strings.Join(open, ", "); got != want {
		t.Errorf("open to nobody: %s; want %s", got, want)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("/metrics, nobody: %d", w.Code)
	}
}

// deny asks for an operation as those who may not.
func (o *described) deny(t *testing.T, h http.Handler) {
	t.Helper()
	name, other := o.method+" "+o.path, &identity.Subject{Name: "eve", Roles: map[string]identity.Role{"other": identity.Administrator}, Recent: true}
	if o.ofTenant() {
		status, body := o.asked(t, h, other, "main")
		absent, like := o.asked(t, h, other, "none")
		if status != http.StatusNotFound || absent != status || strings.ReplaceAll(body, "main", "none") != like {
			t.Errorf("%s, of another tenant: %d %s; of a tenant that is not: %d %s", name, status, body, absent, like)
		}
		all := &identity.Subject{Name: "root", Roles: map[string]identity.Role{identity.AllTenants: identity.Administrator}, Recent: true}
		if really, said := o.asked(t, h, all, "none"); really != absent || said != like {
			t.Errorf("%s, of a tenant that there really is not: %d %s, want %d %s", name, really, said, absent, like)
		}
	} else if status, body := o.asked(t, h, other, ""); status != http.StatusForbidden {
		t.Errorf("%s concerns all tenants, asked by the administrator of one: %d %s", name, status, body)
	}
	low := 0
	for _, role := range identity.Roles() {
		if role.May(o.Permission) {
			continue
		}
		low++
		for _, where := range []string{"main", identity.AllTenants} {
			s := &identity.Subject{Name: "bert", Roles: map[string]identity.Role{where: role}, Recent: true}
			if status, body := o.asked(t, h, s, "main"); status != http.StatusForbidden {
				t.Errorf("%s, a %s of %s: %d %s", name, role, where, status, body)
			}
		}
	}
	if reads := identity.Viewer.May(o.Permission); low == 0 && !reads {
		t.Errorf("%s needs %s, which nobody lacks", name, o.Permission)
	}
	if o.method != http.MethodGet && identity.Viewer.May(o.Permission) && !slices.Contains(harmless, name) {
		t.Errorf("%s may be asked by a viewer, with %s: does it change nothing?", name, o.Permission)
	}
	var scope []identity.Permission
	for _, p := range identity.Permissions() {
		if p != o.Permission {
			scope = append(scope, p)
		}
	}
	token := &identity.Subject{Name: "bot", Token: "t", Scope: scope, Roles: map[string]identity.Role{identity.AllTenants: identity.Administrator}, Recent: true}
	if status, body := o.asked(t, h, token, "main"); status != http.StatusForbidden {
		t.Errorf("%s, a token for all else: %d %s", name, status, body)
	}
	if o.Permission.Dangerous() {
		old := &identity.Subject{Name: "anna", Session: "s", Roles: map[string]identity.Role{identity.AllTenants: identity.Administrator}}
		if status, body := o.asked(t, h, old, "main"); status != http.StatusForbidden || !strings.Contains(body, `"step_up":true`) {
			t.Errorf("%s, without a recent log-in: %d %s", name, status, body)
		}
	}
}

// harmless are the operations with a body that change nothing, or only what is the asker's own.
var harmless = []string{
	"POST /api/v1/backtest", "POST /api/v1/silences/try", "POST /api/v1/prevent/{key}", "POST /api/v1/rules/check",
	"POST /api/v1/searches", "DELETE /api/v1/searches/{id}",
}

// TestMethods asks at every path of the API with a method that it does not have.
func TestMethods(t *testing.T) {
	h := every(t)
	there := make(map[string][]string)
	for _, o := range allOperations(t, h) {
		there[o.path] = append(there[o.path], o.method)
	}
	for path, methods := range there {
		for _, wrong := range []string{http.MethodPatch, http.MethodOptions, http.MethodGet, http.MethodPost, http.MethodDelete} {
			o := &described{method: wrong, path: path}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(wrong, inBraces.ReplaceAllString(path, "x"), http.NoBody))
			allow := strings.Split(w.Header().Get("Allow"), ", ")
			if slices.Contains(methods, wrong) || slices.Contains(allow, wrong) || w.Code == http.StatusUnauthorized { // another operation has the same address: /rules/{id} and /rules/check
				continue
			}
			var p identity.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusMethodNotAllowed || p.Status != w.Code || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: %d %s %s", wrong, o.path, w.Code, w.Header(), w.Body)
			}
			for _, m := range methods {
				if !slices.Contains(allow, m) {
					t.Errorf("%s %s allows %v, and has %s", wrong, path, allow, m)
				}
			}
		}
	}
	if status, body := (&described{method: http.MethodGet, path: console.Root + "/none"}).asked(t, h, nil, ""); status != http.StatusNotFound {
		t.Errorf("nothing: %d %s", status, body)
	}
}
