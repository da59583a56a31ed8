// Package contract holds answers of the API against the document that describes it, in tests: a client with a Transport of it
// fails its test for each answer that is not as docs/reference/openapi.json has it.
//
// It knows the words of JSON Schema that the document uses, and refuses a document with others: what is not looked at is not
// promised. It may be used by many goroutines.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// schema is one of JSON Schema 2020-12, as far as the document goes.
type schema struct {
	Type        string             `json:"type"`
	Ref         string             `json:"$ref"`
	Format      string             `json:"format"`
	Enum        []any              `json:"enum"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	More        json.RawMessage    `json:"additionalProperties"`
	MinEntries  *int               `json:"minProperties"`
	MaxEntries  *int               `json:"maxProperties"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	MinLength   *int               `json:"minLength"`
	MaxLength   *int               `json:"maxLength"`
	MinItems    *int               `json:"minItems"`
	MaxItems    *int               `json:"maxItems"`
	Description string             `json:"description"`
	Default     any                `json:"default"`
	Examples    any                `json:"examples"`
	Encoding    string             `json:"contentEncoding"`
	MediaType   string             `json:"contentMediaType"`

	more *schema // of More, where that is one
}

// answer is what an operation answers with: by media type.
type answer struct {
	Content map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
}

// Document is the description of the API.
type Document struct {
	operations map[string]map[string]answer // "GET /api/v1/incidents/{key}" → answers by status
	schemas    map[string]*schema

	mu   sync.Mutex
	seen map[string]bool // operations that have answered well
}

// Read reads a document.
func Read(tb testing.TB, name string) *Document {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]answer `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		tb.Fatal(err)
	}
	d := &Document{operations: make(map[string]map[string]answer), schemas: make(map[string]*schema), seen: make(map[string]bool)}
	for name, text := range doc.Components.Schemas {
		s := new(schema)
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(s); err != nil {
			tb.Fatalf("the schema %s: %v", name, err)
		}
		if err := s.complete(); err != nil {
			tb.Fatalf("the schema %s: %v", name, err)
		}
		d.schemas[name] = s
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			d.operations[strings.ToUpper(method)+" "+path] = o.Responses
		}
	}
	return d
}

// complete reads what additional properties are.
func (s *schema) complete() error {
	if s == nil {
		return nil
	}
	if bytes.HasPrefix(s.More, []byte("{")) {
		s.more = new(schema)
		if err := json.Unmarshal(s.More, s.more); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := p.complete(); err != nil {
			return err
		}
	}
	if err := s.more.complete(); err != nil {
		return err
	}
	return s.Items.complete()
}

// Unanswered are the operations that none of the clients was answered by with a status below 400; sorted.
func (d *Document) Unanswered() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Sorted(maps.Keys(d.operations))
	return slices.DeleteFunc(all, func(name string) bool { return d.seen[name] })
}

// Transport sends requests on and looks at what comes back. Only JSON is looked into; streams pass.
func (d *Document) Transport(tb testing.TB, next http.RoundTripper) http.RoundTripper {
	return &transport{d, tb, next}
}

type transport struct {
	*Document
	tb   testing.TB
	next http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := t.next.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/api/v1/") || r.URL.Path == "/api/v1/openapi.json" {
		return a, err
	}
	name, said := t.operation(r.Method, r.URL.Path)
	if said == nil {
		if a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusMethodNotAllowed {
			t.tb.Errorf("%s %s is answered (%s), and not described", r.Method, r.URL.Path, a.Status)
		}
		return a, nil
	}
	if a.StatusCode < http.StatusBadRequest {
		t.mu.Lock()
		t.seen[name] = true
		t.mu.Unlock()
	}
	described, ok := said[fmt.Sprint(a.StatusCode)]
	if !ok {
		described, ok = said["default"]
	}
	media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	content, known := described.Content[media]
	if !known && len(described.Content) > 0 { // the document may say its parameters, too
		content, known = described.Content[a.Header.Get("Content-Type")]
	}
	switch {
	case !ok, !known && a.StatusCode != http.StatusSeeOther:
		t.tb.Errorf("%s answers %s with %q, which is not described", name, a.Status, media)
	case media == "application/json", strings.HasSuffix(media, "+json"):
		text, err := io.ReadAll(a.Body)
		if err != nil {
			return nil, err
		}
		_ = a.Body.Close()
		a.Body = io.NopCloser(bytes.NewReader(text))
		for _, wrong := range t.check(content.Schema, text) {
			t.tb.Errorf("%s: %s", name, wrong)
		}
	}
	return a, nil
}

// operation finds what is meant by a path; a name in it stands before a parameter.
func (d *Document) operation(method, path string) (name string, said map[string]answer) {
	if said := d.operations[method+" "+path]; said != nil {
		return method + " " + path, said
	}
	parts := strings.Split(path, "/")
	for name, said := range d.operations {
		verb, pattern, _ := strings.Cut(name, " ")
		same := func(want, is string) bool { return want == is || strings.HasPrefix(want, "{") }
		if verb == method && slices.EqualFunc(strings.Split(pattern, "/"), parts, same) {
			return name, said
		}
	}
	return "", nil
}

// check holds JSON against a schema, and says what is wrong.
func (d *Document) check(s *schema, text []byte) []string {
	if s == nil {
		return nil
	}
	if err := s.complete(); err != nil {
		return []string{err.Error()}
	}
	read := json.NewDecoder(bytes.NewReader(text))
	read.UseNumber()
	var v any
	if err := read.Decode(&v); err != nil {
		return []string{fmt.Sprintf("%v: %.200s", err, text)}
	}
	c := check{schemas: d.schemas}
	c.value(s, "", v)
	return c.wrong
}

// check goes through one answer.
type check struct {
	schemas map[string]*schema
	wrong   []string
}

func (c *check) says(at, format string, args ...any) {
	if len(c.wrong) < 20 {
		c.wrong = append(c.wrong, at+" "+fmt.Sprintf(format, args...))
	}
}

func (c *check) value(s *schema, at string, v any) {
	if s.Ref != "" {
		known := c.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if known == nil {
			c.says(at, "there is no schema %s", s.Ref)
			return
		}
		s = known
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		c.says(at, "is %q, and must be one of %q", v, s.Enum)
	}
	switch v := v.(type) {
	case map[string]any:
		if c.is(s, at, "object", v) {
			c.bounds(at, len(v), s.MinEntries, s.MaxEntries)
			c.object(s, at, v)
		}
	case []any:
		if c.is(s, at, "array", len(v)) && s.Items != nil {
			c.bounds(at, len(v), s.MinItems, s.MaxItems)
			for i, x := range v {
				c.value(s.Items, fmt.Sprintf("%s[%d]", at, i), x)
			}
		}
	case string:
		if c.is(s, at, "string", v) {
			c.bounds(at, len(v), s.MinLength, s.MaxLength)
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil && s.Format == "date-time" {
				c.says(at, "is %q, and no time", v)
			}
		}
	case json.Number:
		c.number(s, at, v)
	case bool:
		c.is(s, at, "boolean", v)
	case nil:
		c.is(s, at, "null", v)
	}
}

// is tells whether a value may be of a type.
func (c *check) is(s *schema, at, kind string, v any) bool {
	if s.Type != "" && s.Type != kind {
		c.says(at, "is %s (%.100v), and must be %s", kind, v, s.Type)
	}
	return s.Type == kind
}

func (c *check) bounds(at string, n int, least, most *int) {
	if least != nil && n < *least || most != nil && n > *most {
		c.says(at, "has %d of its parts, which is out of bounds", n)
	}
}

func (c *check) number(s *schema, at string, v json.Number) {
	f, err := v.Float64()
	_, whole := v.Int64()
	switch {
	case err != nil:
		c.says(at, "is %s: %v", v, err)
	case s.Type == "integer" && whole != nil:
		c.says(at, "is %s, and must be an integer of 64 bits", v)
	case s.Type != "integer" && s.Type != "":
		c.is(s, at, "number", v)
	}
	if s.Minimum != nil && f < *s.Minimum || s.Maximum != nil && f > *s.Maximum {
		c.says(at, "is %s, which is out of bounds", v)
	}
}

func (c *check) object(s *schema, at string, v map[string]any) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			c.says(at, "has no %s", name)
		}
	}
	for name, x := range v {
		at := strings.TrimPrefix(at+"."+name, ".")
		switch p := s.Properties[name]; {
		case p != nil:
			c.value(p, at, x)
		case s.more != nil:
			c.value(s.more, at, x)
		case string(s.More) == "false":
			c.says(at, "is not described")
		}
	}
}
