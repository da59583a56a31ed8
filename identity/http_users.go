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
	u, err := w.gate.AddUser(r.Context(), s, NewUser{Name: in.Name, FullName: in.FullName, Password: in.Password, Roles: in.Roles})
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
	return write(rw, &LinkAnswer{link})
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
