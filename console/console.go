// Package console is what the running process answers: searches, what comes in, hits, its state; over HTTP on a socket of
// this machine. Client is the other end of it.
//
// Everything is under /v1/. Answers are JSON: an object, or one object a line where there may be many, which are sent as
// they are found. A mistake is answered as RFC 9457 has it ("problem details"), in a stream as a last line of it. Who may
// connect decides the file system: the socket belongs to the user that runs the process, and to a group.
//
// The package decides nothing about events or hits; it asks the rooms that do. Its methods may be called from any
// goroutine.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// Finder finds events: see the methods of store.Embedded.
type Finder interface {
	Query(ctx context.Context, q *query.Query, yield func(*store.Block) error) error
	Fields(ctx context.Context, q *query.Query) ([]store.Count, error)
	Values(ctx context.Context, q *query.Query, field string, limit int) ([]store.Count, error)
}

// Tenant is what can be asked about.
type Tenant struct {
	Name  string
	Line  *live.Line
	Store Finder
	State *state.State
	// Evidence is the folder in which evidence of cases is kept; "" where none can be.
	Evidence string
	// Changed is called when people have decided something; nil is fine. It must not wait.
	Changed func()
}

// Server answers. Its fields are set before Serve, and not changed after.
type Server struct {
	Tenants []Tenant // the first is asked where none is named
	// Status returns what the process says of itself.
	Status func() any
	// Rule returns what a tenant's rule says of itself; nil where that is not known.
	Rule func(tenant, id string) (detect.RuleInfo, bool)
	// Reload reads the configuration and the rules anew.
	Reload func(ctx context.Context) (any, error)
	// Backup copies everything into a folder that does not exist yet, or is empty.
	Backup func(ctx context.Context, dir string) (any, error)
	// Verify checks what is kept against its sums and chains.
	Verify func(ctx context.Context) (any, error)
	// Backtest tries rules on what a tenant keeps, and tells how far it is; nil where that cannot be asked.
	Backtest func(ctx context.Context, tenant string, ask *BacktestAsk, tell func(backtest.Progress)) (*backtest.Result, error)
	// RuleStats says how the rules that are in force have done for a tenant, within [since, until) in nanoseconds since
	// 1970, where 0 is no bound; nil where that cannot be asked.
	RuleStats func(ctx context.Context, tenant string, since, until int64) (*backtest.Report, error)
	// Routes are further questions, which others answer.
	Routes []Route
	// Operations registers further ones.
	Operations []func(*API)
	// Log is told what goes wrong inside; nil: nobody is.
	Log *slog.Logger

	once sync.Once
	web  http.Handler
}

// Route is a question that somebody else answers.
type Route struct {
	Pattern string // as http.ServeMux has it: "POST /v1/actions"
	// Answer returns what is answered: an object. The error may be a *Problem. Actor says who asks.
	Answer func(r *http.Request) (any, error)
}

// Serve answers on l until ctx is done.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 128 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, ConnContext: withPeer,
	}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(end) != nil {
			_ = server.Close()
		}
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := f(w, r); err != nil {
				writeProblem(w, err)
			}
		})
	}
	handle("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) error { return writeJSON(w, s.Status()) })
	handle("POST /v1/reload", func(w http.ResponseWriter, r *http.Request) error { return answer(w)(s.Reload(r.Context())) })
	handle("POST /v1/verify", func(w http.ResponseWriter, r *http.Request) error { return answer(w)(s.Verify(r.Context())) })
	handle("POST /v1/backup", func(w http.ResponseWriter, r *http.Request) error {
		return answer(w)(s.Backup(r.Context(), r.FormValue("dir")))
	})
	handle("GET /v1/search", s.search)
	handle("GET /v1/tail", s.tail)
	handle("GET /v1/fields", s.fields)
	handle("GET /v1/incidents", s.incidents)
	handle("GET /v1/incidents/{key}", s.incident)
	handle("POST /v1/incidents/decide", s.decide)
	handle("GET /v1/alerts", s.alerts)
	handle("POST /v1/backtest", s.backtest)
	handle("GET /v1/rules/stats", s.ruleStats)
	handle("GET /v1/who", s.who)
	handle("GET /v1/silences", s.silences)
	handle("POST /v1/silences", s.addSilence)
	handle("POST /v1/silences/try", s.trySilence)
	handle("POST /v1/silences/{id}/end", s.endSilence)
	handle("GET /v1/cases", s.cases)
	handle("POST /v1/cases", s.changeCase)
	handle("GET /v1/cases/{key}", s.oneCase)
	handle("POST /v1/cases/{key}", s.changeCase)
	handle("POST /v1/cases/{key}/evidence", s.addEvidence)
	handle("GET /v1/evidence/{sum}", s.evidence)
	for _, route := range s.Routes {
		handle(route.Pattern, func(w http.ResponseWriter, r *http.Request) error { return answer(w)(route.Answer(r)) })
	}
	mux.Handle("/api/v1/", asSystem(s.Handler()))
	handle("/", func(_ http.ResponseWriter, r *http.Request) error {
		return &Problem{Status: http.StatusNotFound, Title: "there is nothing at " + r.URL.Path}
	})
	return mux
}

// tenant returns the tenant that a request is about.
func (s *Server) tenant(r *http.Request) (*Tenant, error) {
	return s.tenantNamed(r.FormValue("tenant"))
}

func (s *Server) tenantNamed(name string) (*Tenant, error) {
	for i := range s.Tenants {
		if name == "" || s.Tenants[i].Name == name {
			return &s.Tenants[i], nil
		}
	}
	return nil, &Problem{Status: http.StatusNotFound, Title: "there is no tenant " + name}
}

// Problem is what went wrong, as RFC 9457 has it.
type Problem = identity.Problem

func asProblem(err error) *Problem {
	var p *Problem
	if !errors.As(err, &p) {
		p = &Problem{Status: http.StatusInternalServerError, Title: err.Error()}
	}
	return p
}

func writeProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // who is gone needs no answer
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
	return nil
}

// answer writes the result of a call.
func answer(w http.ResponseWriter) func(any, error) error {
	return func(v any, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, v)
	}
}
