package identity

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Web is the way in over HTTP: JSON, no pages.
type Web struct {
	gate    *Gate
	proxies []netip.Prefix
	cross   *http.CrossOriginProtection
	secure  bool
}

// WebOptions say how browsers come.
type WebOptions struct {
	// Proxies are those whose Forwarded-For header is believed; none by default.
	Proxies []netip.Prefix
}

// NewWeb makes the way in.
func NewWeb(g *Gate, opt WebOptions) (*Web, error) {
	w := &Web{gate: g, proxies: opt.Proxies, cross: http.NewCrossOriginProtection(), secure: strings.HasPrefix(g.opt.Origin, "https://")}
	if g.opt.Origin != "" {
		if err := w.cross.AddTrustedOrigin(g.opt.Origin); err != nil {
			return nil, err
		}
	}
	w.cross.SetDenyHandler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		g.tell(Notice{Action: DidRefuseOrigin, Failed: true, Address: w.address(r), Agent: agentClass(r.UserAgent()), Reason: "a page of " + cut(r.Header.Get("Origin"))})
		WriteProblem(rw, &Problem{Status: http.StatusForbidden, Title: "a page of another site has asked for that"})
	}))
	return w, nil
}

type subjectKey struct{}

// SubjectOf returns who asks; nil for nobody.
func SubjectOf(ctx context.Context) *Subject {
	s, _ := ctx.Value(subjectKey{}).(*Subject)
	return s
}

// WithSubject returns a context for what a subject asks for.
func WithSubject(ctx context.Context, s *Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// Authenticate finds out who asks, by a token or the cookie of a session, and hands on what nobody asks, too: whoever answers
// asks Allowed. What changes something and comes from a page of another site is refused (CrossOriginProtection). A token or
// session that is not good is answered with 401 at once.
func (w *Web) Authenticate(next http.Handler) http.Handler {
	return w.cross.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s, err := w.who(r)
		if errors.Is(err, ErrNobody) && s == nil && r.Header.Get("Authorization") == "" {
			w.setCookie(rw, sessionCookie, "", -1) // the page for logging in must work with an old cookie
			err = nil
		}
		if err != nil {
			WriteProblem(rw, err)
			return
		}
		if s != nil {
			r = r.WithContext(WithSubject(r.Context(), s))
		}
		next.ServeHTTP(rw, r)
	}))
}

func (w *Web) who(r *http.Request) (*Subject, error) {
	v := w.visit(r)
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := bearer(h)
		if !ok {
			return nil, ErrNobody
		}
		return w.gate.ByToken(r.Context(), token, v)
	}
	c, err := r.Cookie(w.cookieName(sessionCookie))
	if err != nil {
		return nil, nil // nobody
	}
	return w.gate.BySession(r.Context(), c.Value, v)
}

// bearer is the token in an Authorization header (RFC 6750, 2.1).
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > 200 {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// visit is where a request comes from.
func (w *Web) visit(r *http.Request) Visit {
	return Visit{Address: w.address(r), Agent: agentClass(r.UserAgent())}
}

// address is whence a request comes: the other end, or, where that is a proxy that is believed, the last one before the proxies.
func (w *Web) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return forwarded(peer.Addr().Unmap(), r.Header.Values("X-Forwarded-For"), w.proxies).String()
}

// forwarded follows a Forwarded-For header from its end as far as those are believed who have written it.
func forwarded(peer netip.Addr, headers []string, proxies []netip.Prefix) netip.Addr {
	believed := func(a netip.Addr) bool {
		for _, p := range proxies {
			if p.Contains(a.WithZone("")) {
				return true
			}
		}
		return false
	}
	line := strings.Join(headers, ",")
	for believed(peer) && line != "" {
		at := strings.LastIndexByte(line, ',')
		a, err := netip.ParseAddr(strings.TrimSpace(line[at+1:]))
		if err != nil {
			return peer
		}
		peer, line = a.Unmap(), line[:max(at, 0)]
	}
	return peer
}

const (
	sessionCookie = "tocsin"
	flowCookie    = "tocsin-login"
)

// cookieName adds the prefix by which browsers keep a cookie from other hosts and from plain HTTP (RFC 6265bis, 4.1.3.2).
func (w *Web) cookieName(name string) string {
	if w.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie; with a negative age it takes it away. Lax lets a link in a mail open the console; what changes
// something is guarded by CrossOriginProtection beside.
func (w *Web) setCookie(rw http.ResponseWriter, name, value string, age time.Duration) {
	c := &http.Cookie{
		Name: w.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: w.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: int(age.Seconds()),
	}
	if age < 0 {
		c.MaxAge = -1
	}
	http.SetCookie(rw, c)
}

// Problem is what went wrong, as RFC 9457 has it ("problem details").
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`  // several lines
	Field  string `json:"field,omitempty"`   // which of the request's
	StepUp bool   `json:"step_up,omitempty"` // a new log-in would help
	Wait   int    `json:"wait,omitempty"`    // seconds
}

func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Title + "\n" + p.Detail
	}
	return p.Title
}

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of a problem (RFC 9457, 3).
func (*Problem) ContentType(string) string { return "application/problem+json" }

// ProblemOf says how an error of this room is answered.
func ProblemOf(err error) *Problem {
	var p *Problem
	var bad *Invalid
	var denied *Denied
	var many *TooMany
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &bad):
		return &Problem{Status: http.StatusUnprocessableEntity, Title: bad.Why, Field: bad.Field}
	case errors.As(err, &many):
		return &Problem{Status: http.StatusTooManyRequests, Title: many.Error(), Wait: int(many.Wait.Seconds()) + 1}
	case errors.As(err, &denied) && denied.Hidden:
		return &Problem{Status: http.StatusNotFound, Title: denied.Error()}
	case errors.As(err, &denied):
		return &Problem{Status: http.StatusForbidden, Title: denied.Error(), StepUp: denied.StepUp}
	case errors.Is(err, ErrRefused): // and never why
		return &Problem{Status: http.StatusUnauthorized, Title: ErrRefused.Error()}
	case errors.Is(err, ErrNobody):
		return &Problem{Status: http.StatusUnauthorized, Title: ErrNobody.Error()}
	case errors.Is(err, ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Title: ErrNotFound.Error()}
	case errors.Is(err, ErrBusy):
		return &Problem{Status: http.StatusServiceUnavailable, Title: ErrBusy.Error(), Wait: 2}
	}
	return &Problem{Status: http.StatusInternalServerError, Title: "something went wrong here; the log of tocsin says what"}
}

// WriteProblem answers with an error of this room, as RFC 9457 has it.
func WriteProblem(rw http.ResponseWriter, err error) {
	p := ProblemOf(err)
	h := rw.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Wait > 0 {
		h.Set("Retry-After", strconv.Itoa(p.Wait))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	}
	rw.WriteHeader(p.Status)
	_ = json.NewEncoder(rw).Encode(p) // who is gone needs no answer
}

const maxBody = 64 << 10 // bytes

// read reads a request's body, strictly.
func read(rw http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &Problem{Status: http.StatusBadRequest, Title: "the request cannot be read", Detail: cut(err.Error())}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &Problem{Status: http.StatusBadRequest, Title: "the request cannot be read", Detail: "there is something after it"}
	}
	return nil
}

// page is a list, whole.
type page[T any] struct {
	Items []T `json:"items"`
}

func writeList[T any](rw http.ResponseWriter, list []T, err error) error {
	if err != nil {
		return err
	}
	if list == nil {
		list = []T{}
	}
	return write(rw, &page[T]{list})
}

func write(rw http.ResponseWriter, v any) error {
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(rw).Encode(v)
	return nil
}
