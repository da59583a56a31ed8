// Package console is the API: what can be asked of the running process, and done through it, by people and programs. There is
// one, under Root, described by OpenAPI 3.1; the socket of this machine and the web answer with the same handlers. Client is
// the other end of it.
//
// Every operation names the permission that it needs, and one place asks for it: API.admit. Over the web the subject is who
// has logged in; on the socket, which belongs to the user that runs the process and to a group, it is the system itself.
// Answers are JSON: an object, a page of a list, or one object a line where there may be very many, which are sent as they
// are found. A mistake is answered as RFC 9457 has it ("problem details"), in a stream as a last line of it.
//
// The package decides nothing about events or hits; it asks the rooms that do. Its methods may be called from any
// goroutine.
package console

import (
	"context"
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
	Status func() *Status
	// Rule returns what a tenant's rule says of itself; nil where that is not known.
	Rule func(tenant, id string) (detect.RuleInfo, bool)
	// Backtest tries rules on what a tenant keeps, and tells how far it is; nil where that cannot be asked.
	Backtest func(ctx context.Context, tenant string, ask *BacktestAsk, tell func(backtest.Progress)) (*backtest.Result, error)
	// RuleStats says how the rules that are in force have done for a tenant, within [since, until) in nanoseconds since
	// 1970, where 0 is no bound; nil where that cannot be asked.
	RuleStats func(ctx context.Context, tenant string, since, until int64) (*backtest.Report, error)
	// Gate is who may come in; nil where that is not known.
	Gate *identity.Gate
	// Operations registers further ones.
	Operations []func(*API)
	// Views is what the pages' operations ask of the process.
	Views
	// Log is told what goes wrong inside; nil: nobody is.
	Log *slog.Logger

	once   sync.Once
	web    http.Handler
	rates  rates
	hubsMu sync.Mutex
	hubs   map[string]*hub
}

// Serve answers on l until ctx is done.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.socket(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 128 << 10,
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

// socket answers on the socket of this machine: who may use it is the system, for whom the file system has decided.
func (s *Server) socket() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler())
	if s.Gate != nil {
		if web, err := identity.NewWeb(s.Gate, identity.WebOptions{}); err == nil { // it fails for a bad origin only
			web.Routes(mux, func(r *http.Request, err error) { s.failed(r.Context(), err) })
		}
	}
	return asSystem(mux)
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
