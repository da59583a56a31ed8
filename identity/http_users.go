package identity

import "net/http"

func (w *Web) users(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	list, err := w.gate.Users(r.Context(), s)
	return writeList(rw, list, err)
}

func (w *Web) addUser(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in NewUserAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	u, err := w.gate.AddUser(r.Context(), s, NewUser(in))
	if err != nil {
		return err
	}
	return write(rw, &u)
}

func (w *Web) setRole(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in RoleAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	return finish(rw, w.gate.SetRole(r.Context(), s, r.PathValue("name"), in.Tenant, in.Role))
}

func (w *Web) setPassword(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in PasswordAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	return finish(rw, w.gate.SetPassword(r.Context(), s, r.PathValue("name"), in.Password))
}

func (w *Web) passwordLink(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	link, err := w.gate.PasswordLink(r.Context(), s, r.PathValue("name"))
	if err != nil {
		return err
	}
	return write(rw, &LinkAnswer{link, w.gate.linkURL(LinkPath, link)})
}

func (w *Web) firstLink(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	if s.Session != "" || s.Token != "" { // then there are users
		return ErrNotFound
	}
	link, ok, err := w.gate.FirstRun(r.Context())
	if err == nil && !ok {
		err = &Problem{Status: http.StatusConflict, Title: "there are users already; an administrator makes links for others"}
	}
	if err != nil {
		return err
	}
	return write(rw, &LinkAnswer{link, w.gate.linkURL(FirstPath, link)})
}

func (w *Web) setDisabled(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in DisabledAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	return finish(rw, w.gate.SetDisabled(r.Context(), s, r.PathValue("name"), in.Disabled))
}

func (w *Web) removeMFA(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	return finish(rw, w.gate.RemoveMFA(r.Context(), s, r.PathValue("name")))
}
