package identity

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// handler answers; what it returns is a mistake. Internal ones are handed to the log by Routes.
type handler func(rw http.ResponseWriter, r *http.Request) error

// Routes puts the way in and what a user changes about himself into a mux, below /api/v1/. Authenticate must be around it.
// failed is told of errors that are nobody's fault who asked; they have no secrets in them.
func (w *Web) Routes(mux *http.ServeMux, failed func(*http.Request, error)) {
	for _, e := range w.endpoints() {
		mux.HandleFunc(e.Method+" "+apiRoot+e.Path, func(rw http.ResponseWriter, r *http.Request) {
			err := e.handle(rw, r)
			if err == nil {
				return
			}
			if ProblemOf(err).Status == http.StatusInternalServerError {
				failed(r, err)
			}
			WriteProblem(rw, err)
		})
	}
}

// known refuses who is nobody.
func known(h func(http.ResponseWriter, *http.Request, *Subject) error) handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		s := SubjectOf(r.Context())
		if s == nil {
			return ErrNobody
		}
		return h(rw, r, s)
	}
}

// enter answers a step of a log-in; the secrets go into cookies only.
func (w *Web) enter(rw http.ResponseWriter, e *Entry) error {
	m := EntryAnswer{Next: e.Next}
	switch {
	case e.Cookie != "":
		w.setCookie(rw, sessionCookie, e.Cookie, w.gate.opt.Absolute)
		w.setCookie(rw, flowCookie, "", -1)
		m.User = &e.User
	case e.Flow != "":
		w.setCookie(rw, flowCookie, e.Flow, flowLife)
	}
	return write(rw, &m)
}

func (w *Web) login(rw http.ResponseWriter, r *http.Request) error {
	var in LoginAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	e, err := w.gate.Login(r.Context(), in.User, in.Password, w.visit(r))
	if err != nil {
		return err
	}
	return w.enter(rw, e)
}

func (w *Web) second(rw http.ResponseWriter, r *http.Request) error {
	var in SecondAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	e, err := w.gate.Second(r.Context(), w.flow(r), in.Kind, in.Code, w.visit(r))
	if err != nil {
		if e != nil { // it may be tried again
			w.setCookie(rw, flowCookie, e.Flow, flowLife)
		} else {
			w.setCookie(rw, flowCookie, "", -1)
		}
		return err
	}
	return w.enter(rw, e)
}

// flow is the secret of the log-in that is under way in this browser.
func (w *Web) flow(r *http.Request) string {
	c, err := r.Cookie(w.cookieName(flowCookie))
	if err != nil {
		return ""
	}
	return c.Value
}

func (w *Web) beginPasskeyLogin(rw http.ResponseWriter, r *http.Request) error {
	ask, flow, err := w.gate.BeginPasskeyLogin(r.Context())
	if err != nil {
		return err
	}
	w.setCookie(rw, flowCookie, flow, flowLife)
	return write(rw, ask)
}

func (w *Web) finishPasskeyLogin(rw http.ResponseWriter, r *http.Request) error {
	var answer json.RawMessage
	if err := read(rw, r, &answer); err != nil {
		return err
	}
	e, err := w.gate.FinishPasskeyLogin(r.Context(), w.flow(r), answer, w.visit(r))
	if err != nil {
		return err
	}
	return w.enter(rw, e)
}

func (w *Web) useLink(rw http.ResponseWriter, r *http.Request) error {
	var in LinkAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	e, err := w.gate.UseLink(r.Context(), in.Link, FirstUser{Name: in.Name, FullName: in.FullName, Password: in.Password}, w.visit(r))
	if err != nil {
		return err
	}
	return w.enter(rw, e)
}

// ways answers how one can log in here.
func (w *Web) ways(rw http.ResponseWriter, _ *http.Request) error {
	return write(rw, WaysAnswer{true, w.gate.passkeys != nil, w.gate.Providers()})
}

func (w *Web) beginOIDC(rw http.ResponseWriter, r *http.Request) error {
	to, flow, err := w.gate.BeginOIDC(r.Context(), r.PathValue("provider"), r.FormValue("back"))
	if err != nil {
		return err
	}
	w.setCookie(rw, flowCookie, flow, flowLife)
	rw.Header().Set("Cache-Control", "no-store")
	http.Redirect(rw, r, to, http.StatusSeeOther)
	return nil
}

// finishOIDC sends the browser on; to the page for logging in where it did not work, because there is no page of ours to
// show a problem on.
func (w *Web) finishOIDC(rw http.ResponseWriter, r *http.Request) error {
	e, back, err := w.gate.FinishOIDC(r.Context(), r.PathValue("provider"), r.URL.Query(), w.flow(r), w.visit(r))
	w.setCookie(rw, flowCookie, "", -1)
	if errors.Is(err, ErrRefused) {
		back = "/login?refused=" + r.PathValue("provider")
	} else if err != nil {
		return err
	}
	if e != nil && e.Cookie != "" {
		w.setCookie(rw, sessionCookie, e.Cookie, w.gate.opt.Absolute)
	}
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(rw, r, back, http.StatusSeeOther)
	return nil
}

// me answers who asks, and what he may do where; 401 for nobody.
func (w *Web) me(rw http.ResponseWriter, r *http.Request) error {
	s := SubjectOf(r.Context())
	if s == nil {
		return ErrNobody
	}
	a, _, err := w.gate.account(r.Context(), s.Name)
	if err != nil {
		return err
	}
	may := make(map[string][]Permission)
	fresh := *s
	fresh.Recent = true
	for _, t := range slices.Concat(w.gate.opt.Tenants, []string{AllTenants}) {
		for _, p := range Permissions() {
			if Allowed(&fresh, t, p) == nil {
				may[t] = append(may[t], p)
			}
		}
	}
	return write(rw, MeAnswer{a.shown(), may, s.Recent, s.Token})
}
