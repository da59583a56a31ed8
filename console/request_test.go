package console

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// everything is a request with all that one may have.
type everything struct {
	KeyAsk
	PageAsk
	Whole bool      `query:"whole"`
	Since time.Time `query:"since"`
	Name  string    `query:"name" required:"true" maxLength:"5"`
	Last  string    `header:"Last-Event-ID"`
	Body  struct {
		Kind string `json:"kind" enum:"a,b"`
		Page string `json:"page,omitempty" default:"first"`
	}
}

// asks reads requests of the type everything.
func asks(tb testing.TB) func(method, at, kind, body string) (*everything, *Problem) {
	tb.Helper()
	known := huma.NewMapRegistry("#/components/schemas/", schemaNamer())
	h := &huma.Operation{Method: "POST", Path: "/{key}", MaxBodyBytes: 200}
	asked := requestOf(reflect.TypeFor[everything](), h, known)
	if len(h.Parameters) != 7 || h.RequestBody == nil || !h.RequestBody.Required {
		tb.Fatalf("described with %d parameters and %+v", len(h.Parameters), h.RequestBody)
	}
	return func(method, at, kind, body string) (out *everything, p *Problem) {
		mux := http.NewServeMux()
		mux.HandleFunc("/{key}", func(w http.ResponseWriter, r *http.Request) {
			var v any
			if v, p = asked.read(humago.NewContext(h, r, w)); p == nil {
				out = v.(*everything)
			}
		})
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(at, "?")
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Last-Event-ID", "7")
		mux.ServeHTTP(httptest.NewRecorder(), r)
		return out, p
	}
}

func TestRequest(t *testing.T) {
	ask := asks(t)
	const good = `{"kind":"a"}`
	got, p := ask("POST", "/k?name=me&since=2026-01-02T03:04:05Z&whole=true&limit=7", "application/json", good)
	if p != nil || got.Key != "k" || got.Name != "me" || !got.Whole || got.Limit != 7 || got.Since.Year() != 2026 || got.Last != "7" || got.Body.Kind != "a" || got.Body.Page != "first" {
		t.Fatalf("%+v, %v", got, p)
	}
	if got, p := ask("POST", "/k?name=me", "", `{"kind":"b","page":"last"}`); p != nil || got.Limit != 100 || got.Whole || !got.Since.IsZero() || got.Body.Page != "last" {
		t.Fatalf("%+v, %v", got, p)
	}
	for _, c := range []struct {
		args, kind, body string
		status           int
		field, title     string
	}{
		{"", "application/json", good, 422, "name", "required query parameter is missing"},
		{"?name=too-long", "application/json", good, 422, "name", "length <= 5"},
		{"?name=me&limit=x", "application/json", good, 422, "limit", "no whole number"},
		{"?name=me&limit=0", "application/json", good, 422, "limit", ">= 1"},
		{"?name=me&since=now", "application/json", good, 422, "since", "is no time"},
		{"?name=me&whole=perhaps", "application/json", good, 422, "whole", "neither true nor false"},
		{"?name=me", "application/json", "", 400, "", "body is required"},
		{"?name=me", "application/json", `{"kind":`, 400, "body", "unexpected end"},
		{"?name=me", "application/json", `{"kind":"c"}`, 422, "kind", "a, b"},
		{"?name=me", "application/json", `{"kind":1}`, 422, "kind", "string"},
		{"?name=me", "application/json", `{}`, 422, "body", "required property kind"},
		{"?name=me", "application/json", `null`, 422, "body", "object"},
		{"?name=me", "application/json", `{"kind":"a","more":1}`, 422, "more", "unexpected property"},
		{"?name=me", "text/plain", good, 415, "", "must be JSON"},
		{"?name=me", "application/json", `{"kind":"` + strings.Repeat("a", 300) + `"}`, 413, "", "limit is 200"},
	} {
		if got, p := ask("POST", "/k"+c.args, c.kind, c.body); p == nil || p.Status != c.status || p.Field != c.field || !strings.Contains(p.Title, c.title) {
			t.Errorf("%s %s %.40s: %+v, %+v; want %d %s: %s", c.args, c.kind, c.body, got, p, c.status, c.field, c.title)
		}
	}
	if _, p := ask("POST", "/k?limit=x", "application/json", `{}`); p == nil || strings.Count(p.Detail, "\n") != 1 {
		t.Errorf("three mistakes: %+v", p)
	}
}

// Whatever is asked, it is read or refused, and never a failure.
func FuzzRequest(f *testing.F) {
	f.Add("name=me&since=2026-01-02T03:04:05Z&limit=7", "application/json", `{"kind":"a"}`)
	f.Add("name=&limit=-1&whole=maybe", "text/plain; x", `[null,{"kind":{}}]`)
	ask := asks(f)
	f.Fuzz(func(t *testing.T, args, kind, body string) {
		got, p := ask("POST", "/k?"+args, kind, body)
		if p == nil && (got == nil || got.Limit < 1 || got.Limit > 1000 || got.Name == "" || got.Body.Kind != "a" && got.Body.Kind != "b") {
			t.Errorf("taken: %+v", got)
		}
		if p != nil && (p.Status < 400 || p.Status >= 500 || p.Title == "") {
			t.Errorf("refused with %+v", p)
		}
	})
}
