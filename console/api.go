package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
)

// Root is where all operations are.
const Root = "/api/v1"

// API is where operations are registered: see Handle, Stream and Raw.
type API struct {
	server *Server
	mux    *http.ServeMux
	huma   huma.API
	doors  *http.ServeMux // what the room identity answers; nothing of it is asked here

	answers answers // to requests with an Idempotency-Key
}

// Operation is what can be asked for.
type Operation struct {
	Method string
	Path   string // below Root: "/incidents/{key}"
	// Permission is what who asks must have in the tenant; "" lets everybody in, also nobody.
	Permission identity.Permission
	Summary    string // one line
	Tag        string // under which it is listed
	// Whole: it concerns all tenants at once; the permission is needed in all of them.
	Whole bool
	// Machine: it concerns what the machine has once and the first tenant answers for, such as its firewall. There is
	// nothing of it in another tenant.
	Machine bool
	// MaxBody bounds what is sent, in bytes; 0 is 1 MiB.
	MaxBody int64
	// Sends is the media type of what is sent, where that is not JSON, and the operation is one of Raw.
	Sends string
	// Answers is the type of what is answered, where that is JSON, and the operation is one of Raw.
	Answers reflect.Type
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"What after has to be for the page that follows; absent where none does."`
}

// PageAsk says which part of a list is asked for; for embedding.
type PageAsk struct {
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	After string `query:"after" maxLength:"200" doc:"The next of the page before."`
}

// PageOf is the part of a whole list that is asked for. Key tells its items apart, and to makes of one what is answered.
func PageOf[T, M any](list []T, q *PageAsk, key func(*T) string, to func(*T) M) (*Page[M], error) {
	from := 0
	if q.After != "" {
		from = 1 + slices.IndexFunc(list, func(x T) bool { return key(&x) == q.After })
		if from == 0 {
			return nil, bad("after", "there is nothing %.100q in this list any more: begin again", q.After)
		}
	}
	list = list[from:]
	n := min(len(list), q.Limit)
	out := &Page[M]{Items: make([]M, n)}
	for i := range n {
		out.Items[i] = to(&list[i])
	}
	if n > 0 && n < len(list) {
		out.Next = key(&list[n-1])
	}
	return out, nil
}

// Nothing is asked, or answered.
type Nothing struct{}

// Handle registers an operation that takes I, whose fields are arguments of the path and the query and a Body, and answers
// with O as JSON. The tenant is the one that is asked about, and who asks may do it there; see Actor. An error may be a
// *Problem, or one of the room identity. Slices of an answer that may be empty must not be nil.
func Handle[I, O any](a *API, op Operation, f func(ctx context.Context, t *Tenant, in *I) (*O, error)) {
	h := a.describe(&op)
	if op.Method == http.MethodPost {
		h.Middlewares = append(h.Middlewares, a.once(&op))
		h.Parameters = append(h.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(maxAnswerKey)},
			Description: "The same key gets the same answer for a day, and nothing is done again.",
		})
	}
	out := huma.SchemaFromField(a.huma.OpenAPI().Components.Schemas, reflect.StructField{Name: "Body", Type: reflect.TypeFor[*O]()}, h.OperationID+"Response")
	h.Responses = map[string]*huma.Response{"200": {Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{"application/json": {Schema: out}}}}
	a.register(&h, reflect.TypeFor[I](), func(c huma.Context, in any) error {
		ctx := c.Context()
		out, err := f(ctx, tenantOf(ctx), in.(*I))
		if err != nil {
			return err
		}
		return answer(c, out)
	})
}

// register adds an operation that is asked with what a type says; f answers, or returns an error if it has written nothing.
func (a *API) register(h *huma.Operation, in reflect.Type, f func(c huma.Context, in any) error) {
	known := a.huma.OpenAPI().Components.Schemas
	asked := requestOf(in, h, known)
	h.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: known.Schema(reflect.TypeFor[Problem](), true, "")},
	}}
	a.huma.OpenAPI().AddOperation(h)
	a.huma.Adapter().Handle(h, h.Middlewares.Handler(func(c huma.Context) {
		v, p := asked.read(c)
		if p == nil {
			if err := f(c, v); err != nil {
				p = a.server.problem(c.Context(), err)
			}
		}
		if p != nil {
			_, w := humago.Unwrap(c)
			identity.WriteProblem(w, p)
		}
	}))
}

// answer writes an answer as JSON.
func answer(c huma.Context, v any) error {
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	if err := to.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	c.SetHeader("Content-Type", "application/json")
	c.SetStatus(http.StatusOK)
	_, _ = text.WriteTo(c.BodyWriter()) // who is gone needs no answer
	return nil
}

// Stream registers an operation that answers with a JSON object a line. What fails after the first of them is told in a last
// line: {"problem":…}.
func Stream[I any](a *API, op Operation, f func(ctx context.Context, t *Tenant, in *I, out *Lines) error) {
	Raw(a, op, "application/x-ndjson", func(ctx context.Context, t *Tenant, in *I, w http.ResponseWriter, _ *http.Request) error {
		out := newLines(w)
		err := f(ctx, t, in, out)
		switch {
		case ctx.Err() != nil: // nobody waits for it
		case err == nil:
			out.end(nil)
		case !out.wrote:
			return err
		default:
			out.end(a.server.problem(ctx, err))
		}
		return nil
	})
}

// Raw registers an operation whose answer is not JSON, but of a media type, and that may read the body of a request itself.
// It returns an error only as long as it has written nothing.
func Raw[I any](a *API, op Operation, mediaType string, f func(ctx context.Context, t *Tenant, in *I, w http.ResponseWriter, r *http.Request) error) {
	h := a.describe(&op)
	schema := &huma.Schema{Type: huma.TypeString}
	if op.Answers != nil {
		schema = a.huma.OpenAPI().Components.Schemas.Schema(op.Answers, true, "")
	}
	h.Responses = map[string]*huma.Response{"200": {
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{mediaType: {Schema: schema}},
	}}
	a.register(&h, reflect.TypeFor[I](), func(c huma.Context, in any) error {
		r, w := humago.Unwrap(c)
		w.Header().Set("Content-Type", mediaType)
		return f(c.Context(), tenantOf(c.Context()), in.(*I), w, r)
	})
}

// describe is an operation as huma wants it.
func (a *API) describe(op *Operation) huma.Operation {
	h := huma.Operation{
		Method: op.Method, Path: Root + op.Path, Summary: op.Summary, Tags: []string{op.Tag}, OperationID: operationID(op),
		MaxBodyBytes: op.MaxBody,
		Middlewares:  huma.Middlewares{a.admit(op)},
		Extensions:   map[string]any{"x-permission": string(op.Permission)},
	}
	if op.Sends != "" {
		h.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			op.Sends: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}
	}
	if op.Permission != "" {
		h.Security = security()
	}
	if !op.Whole {
		h.Parameters = []*huma.Param{{
			Name: "tenant", In: "query", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(64)},
			Description: "The tenant that is asked about; the first where none is named.",
		}}
	}
	return h
}

// operationID is the name of an operation in code that is made of the document.
func operationID(op *Operation) string {
	words := strings.FieldsFunc(op.Path, func(c rune) bool { return strings.ContainsRune("/{}.-_", c) })
	return strings.ToLower(op.Method) + "-" + strings.Join(words, "-")
}

type tenantKey struct{}

// tenantOf is the tenant that is asked about.
func tenantOf(ctx context.Context) *Tenant {
	t, _ := ctx.Value(tenantKey{}).(*Tenant)
	return t
}

// admit lets through what a subject may do, before anything of the request is read but its address. It is the one place that
// asks.
func (a *API) admit(op *Operation) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		t, err := a.allowed(c, op)
		if err == nil {
			err = knownArguments(c)
		}
		if err != nil {
			_, w := humago.Unwrap(c)
			identity.WriteProblem(w, a.server.problem(c.Context(), err))
			return
		}
		next(huma.WithValue(c, tenantKey{}, t))
	}
}

// allowed finds the tenant that is asked about, if who asks may do that there. A tenant that there is not, and one that who
// asks must not know of, have the same answer.
func (a *API) allowed(c huma.Context, op *Operation) (*Tenant, error) {
	first := &a.server.Tenants[0]
	if op.Permission == "" {
		return first, nil
	}
	subject := identity.SubjectOf(c.Context())
	if subject == nil {
		return nil, identity.ErrNobody
	}
	if op.Whole {
		return first, identity.Allowed(subject, identity.AllTenants, op.Permission)
	}
	name := c.Query("tenant")
	if name == "" {
		name = first.Name
	}
	if err := identity.Allowed(subject, name, op.Permission); err != nil {
		return nil, err
	}
	t, err := a.server.tenantNamed(name)
	if err == nil && op.Machine && t != first {
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Title: "this belongs to the machine: tenant " + first.Name + " answers for it", Field: "tenant"}
	}
	return t, err
}

// knownArguments refuses arguments that an operation does not have: they are mistakes.
func knownArguments(c huma.Context) error {
	u := c.URL()
	for name := range u.Query() {
		known := slices.ContainsFunc(c.Operation().Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name })
		if !known {
			return &Problem{Status: http.StatusUnprocessableEntity, Title: "there is no such argument", Field: name}
		}
	}
	return nil
}

// newAPI makes an API without operations.
func newAPI(s *Server) *API {
	a := &API{server: s, mux: http.NewServeMux(), doors: doors()}
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaNamer())
	a.huma = humago.New(a.mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "tocsin", Version: "1", Description: apiWords},
			Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{
				"token":   {Type: "http", Scheme: "bearer", Description: "An API token: tocsin user token, or POST " + Root + "/tokens."},
				"session": {Type: "apiKey", In: "cookie", Name: "__Host-tocsin", Description: "The session of a browser."},
			}},
		},
		Formats: huma.DefaultFormats, DefaultFormat: "application/json",
	})
	return a
}

const apiWords = "Errors are problem details (RFC 9457) that name the field. Lists are pages: ask with after set to the next of the page before. " +
	"What changes something takes an Idempotency-Key: the same key gets the same answer for a day."

// schemaNamer names the types of the document: by their name; where that is taken, with the room before it.
func schemaNamer() func(reflect.Type, string) string {
	taken := make(map[string]reflect.Type)
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if t == reflect.TypeFor[alert.Message]() || t == reflect.TypeFor[Page[alert.Message]]() {
			name = strings.ReplaceAll(name, "Message", "Incident")
		}
		if t.Kind() != reflect.Struct {
			return name
		}
		if other, ok := taken[name]; ok && other != t {
			room := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
			name = strings.ToUpper(room[:1]) + room[1:] + name
		}
		taken[name] = t
		return name
	}
}

// problem says how an error is answered. What goes wrong inside is told to who asks on this machine; else to the log alone.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	p = identity.ProblemOf(err)
	if p.Status != http.StatusInternalServerError {
		return p
	}
	if local(ctx) {
		return &Problem{Status: p.Status, Title: err.Error()}
	}
	s.failed(ctx, err)
	return p
}

// failed tells the log what went wrong inside.
func (s *Server) failed(ctx context.Context, err error) {
	if s.Log != nil && ctx.Err() == nil {
		s.Log.Error("the console", "error", err)
	}
}

// Handler answers under Root, and at /metrics. Who asks is in the context of a request: see identity.WithSubject.
func (s *Server) Handler() http.Handler {
	s.once.Do(func() {
		a := newAPI(s)
		s.register(a)
		for _, more := range s.Operations {
			more(a)
		}
		a.serveDocument()
		a.mux.HandleFunc("GET /metrics", s.metrics)
		a.mux.HandleFunc("/", a.nothing)
		s.web = a.mux
	})
	return s.web
}

// nothing answers where no operation is: with the methods that there are, where only the method is wrong (RFC 9110, 15.5.6).
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range [...]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		asked := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		for _, mux := range [...]*http.ServeMux{a.mux, a.doors} {
			if _, pattern := mux.Handler(asked); pattern != "" && pattern != "/" && !slices.Contains(allowed, m) {
				allowed = append(allowed, m)
				if m == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
	}
	if len(allowed) == 0 {
		identity.WriteProblem(w, &Problem{Status: http.StatusNotFound, Title: "there is nothing at " + r.URL.Path})
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	identity.WriteProblem(w, &Problem{Status: http.StatusMethodNotAllowed, Title: r.Method + " is not for " + r.URL.Path + ", but " + strings.Join(allowed, " and ")})
}

// doors knows which operations the room identity has, which answers them itself.
func doors() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range identity.Endpoints() {
		mux.HandleFunc(e.Method+" "+Root+e.Path, http.NotFound)
	}
	return mux
}

// register adds the operations of this room.
func (s *Server) register(a *API) {
	s.registerStatus(a)
	s.registerEvents(a)
	s.registerIncidents(a)
	s.registerHits(a)
	s.registerCases(a)
	s.registerSilences(a)
	s.registerSearch(a)
	s.registerRules(a)
	s.registerViews(a)
}

type localKey struct{}

// local tells whether who asks does so on the socket of this machine.
func local(ctx context.Context) bool { return ctx.Value(localKey{}) != nil }

// asSystem answers who may use the socket: the file system has decided that they may do everything.
func asSystem(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), localKey{}, true)
		next.ServeHTTP(w, r.WithContext(identity.WithSubject(ctx, identity.System(Actor(ctx)))))
	})
}
