package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
	"github.com/tocsin-sec/tocsin/web"
)

// front is the console as it is reached over the network. A nil one is none.
type front struct {
	plan   settings.ConsolePlan
	origin string // the console's address, as browsers know it
	public bool   // it is one that others can be sent to
	certs  *certificates
	log    *slog.Logger

	server *http.Server

	mu       sync.Mutex   // of what follows
	listener net.Listener // nil: somebody else has the address
	refused  error        // why
}

// taken says whether the address is ours, and if not, why.
func (f *front) taken() (net.Listener, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.listener, f.refused
}

// status is what is said of it; nil where there is none.
func (f *front) status() *console.Front {
	if f == nil {
		return nil
	}
	st := &console.Front{URL: f.origin, Listen: f.plan.Address}
	if f.certs != nil && f.certs.own() {
		_, st.Fingerprint = f.certs.current()
	}
	if _, why := f.taken(); why != nil {
		st.Refused = why.Error()
	}
	return st
}

// openFront takes the console's address and reads its certificate, while there are the rights to.
func (s *serve) openFront(ctx context.Context) error {
	set := &s.settings.Console
	plan, err := set.Plan()
	if err != nil {
		return terminal.WithHint(fmt.Errorf("console: %w", err), "tocsin check shows where it stands")
	}
	if plan.Address == "" {
		return nil
	}
	f := &front{plan: plan, log: s.log}
	var names []string
	if plan.TLS {
		if f.certs, err = openCertificates(set, s.dir, s.log); err != nil {
			return fmt.Errorf("console: %w", err)
		}
		if !f.certs.own() {
			names = f.certs.pair.Leaf.DNSNames
		}
	}
	if set.Origin != "" {
		if err := set.CheckOrigin(&plan); err != nil {
			return fmt.Errorf("console: origin: %w", err)
		}
	}
	_, port, _ := net.SplitHostPort(plan.Address)
	if f.listener, f.refused = (&net.ListenConfig{}).Listen(ctx, "tcp", plan.Address); f.refused == nil {
		_, port, _ = net.SplitHostPort(f.listener.Addr().String())
	}
	f.origin, f.public = set.OriginAt(&plan, port, names)
	s.front = f
	return nil
}

// again is how long it is until an address is tried again that somebody else has.
const again = 5 * time.Second

// listen waits until the address is free.
func (f *front) listen(ctx context.Context) bool {
	had, why := f.taken()
	if had != nil {
		return true
	}
	tell := f.log.Error
	if !f.plan.Stated {
		tell = f.log.Info // another tocsin of this machine has it, most likely
	}
	tell("the console is not reached over the network; the address is tried again and again", "error", why)
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.plan.Address)
		f.mu.Lock()
		f.listener, f.refused = l, err
		f.mu.Unlock()
		if err == nil {
			f.log.Info("the console is reached now", "address", f.plan.Address)
			return true
		}
	}
}

// close lets the address go, where serve has not come so far as to answer.
func (f *front) close() error {
	if f == nil {
		return nil
	}
	l, _ := f.taken()
	if l == nil {
		return nil
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// reload reads the certificate again.
func (f *front) reload() {
	if f != nil && f.certs != nil {
		f.certs.reload()
	}
}

// start answers with h until ctx is done, or until what it returns is called, which waits until nothing is answered any more.
func (f *front) start(ctx context.Context, h func(ending context.Context) http.Handler) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if f != nil && f.listen(ctx) {
			f.run(ctx, h(ctx))
		}
	}()
	return func() { stop(); <-ended }
}

// run answers with h until ctx is done, and then what is under way, for a while.
func (f *front) run(ctx context.Context, h http.Handler) {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	f.server = &http.Server{
		Handler: h, ReadHeaderTimeout: consoleHeaderTime, IdleTimeout: consoleIdleTime, MaxHeaderBytes: maxConsoleHeader,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(f.log.Handler(), slog.LevelDebug), // such as handshakes that strangers break off
	}
	own, _ := f.taken()
	bounded := &boundedListener{Listener: own, from: make(map[netip.Prefix]int), exempt: func(a netip.Addr) bool {
		return containsAddr(f.plan.Proxies, a)
	}}
	ended := make(chan struct{})
	defer func() { <-ended }()
	go func() {
		defer close(ended)
		<-ctx.Done()
		patience, cancel := context.WithTimeout(base, consoleGrace)
		defer cancel()
		if f.server.Shutdown(patience) != nil {
			stop()
			_ = f.server.Close()
		}
	}()
	var err error
	if f.certs != nil {
		f.server.TLSConfig = f.certs.config()
		err = f.server.ServeTLS(bounded, "", "")
	} else {
		err = f.server.Serve(bounded)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		f.log.Error("the console", "error", err)
	}
}

func containsAddr(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// console makes what answers over the network: who comes in, the API, the pages.
func (s *serve) console(api http.Handler) func(ending context.Context) http.Handler {
	return func(ending context.Context) http.Handler {
		mux := http.NewServeMux()
		s.doors.web.Routes(mux, func(r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.log.Error("the console", "path", r.URL.Path, "error", err)
			}
		})
		mux.Handle("/api/", api)
		mux.Handle("/metrics", api)
		mux.Handle("/", web.Handler())
		var h http.Handler = mux
		h = watched(ending, func(ctx context.Context) bool {
			good, err := s.doors.StillGood(ctx, identity.SubjectOf(ctx))
			return good || err != nil && ctx.Err() == nil
		}, h)
		h = s.doors.web.Authenticate(h)
		h = newWritersOfGzip().compressed(h)
		h = s.guarded(h)
		return paced(h)
	}
}

// guarded adds the headers by which browsers keep pages apart from those of others.
func (s *serve) guarded(next http.Handler) http.Handler {
	strict := s.front.certs != nil && !s.front.certs.own() // not with one that signs itself: who trusts that could not look past its end
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", web.Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if strict {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// consoleSessions are the addresses of who is logged in to the console, which must not be blocked.
func (d *doors) consoleSessions(ctx context.Context) []respond.Session {
	if d == nil {
		return nil
	}
	list, err := d.LiveSessions(ctx)
	if err != nil {
		d.log.Error("who is logged in to the console is not known, and not spared by blocks", "error", err)
		return nil
	}
	var out []respond.Session
	for _, one := range list {
		if a, err := netip.ParseAddr(one.Address); err == nil && !a.IsLoopback() {
			out = append(out, respond.Session{User: one.User, Address: a.Unmap().WithZone(""), What: "console"})
		}
	}
	return out
}
