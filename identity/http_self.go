package identity

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// finish answers what has nothing to say.
func finish(rw http.ResponseWriter, err error) error {
	if err != nil {
		return err
	}
	return write(rw, &DoneAnswer{true})
}

func (w *Web) logout(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	if s.Session == "" {
		return ErrNobody
	}
	w.setCookie(rw, sessionCookie, "", -1)
	return finish(rw, w.gate.Logout(r.Context(), s))
}

func (w *Web) stepUp(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in StepUpAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	return finish(rw, w.gate.StepUp(r.Context(), s, Proof(in)))
}

func (w *Web) changePassword(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in ChangePasswordAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	if s.Session == "" {
		return ErrNobody
	}
	return finish(rw, w.gate.ChangePassword(r.Context(), s, in.Old, in.New))
}

// picture is a QR code as a data: address.
func picture(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	side := code.Bounds().Dx() * 5
	if code, err = barcode.Scale(code, side, side); err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func (w *Web) beginTOTP(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	n, err := w.gate.BeginTOTP(r.Context(), s)
	if err != nil {
		return err
	}
	image, err := picture(n.URI)
	if err != nil {
		return err
	}
	return write(rw, &TOTPAnswer{n, image})
}

func (w *Web) confirmTOTP(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in CodeAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	codes, err := w.gate.ConfirmTOTP(r.Context(), s, in.Code)
	if err != nil {
		return err
	}
	return write(rw, &RecoveryAnswer{codes})
}

func (w *Web) dropTOTP(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	return finish(rw, w.gate.DropTOTP(r.Context(), s))
}

func (w *Web) passkeys(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	list, err := w.gate.Passkeys(r.Context(), s)
	return writeList(rw, list, err)
}

func (w *Web) beginPasskey(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	ask, flow, err := w.gate.BeginPasskey(r.Context(), s)
	if err != nil {
		return err
	}
	w.setCookie(rw, flowCookie, flow, flowLife)
	return write(rw, ask)
}

func (w *Web) finishPasskey(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in NewPasskeyAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	codes, err := w.gate.FinishPasskey(r.Context(), s, w.flow(r), in.Name, in.Answer)
	if err != nil {
		return err
	}
	w.setCookie(rw, flowCookie, "", -1)
	if codes == nil {
		codes = []string{}
	}
	return write(rw, &RecoveryAnswer{codes})
}

func (w *Web) dropPasskey(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	return finish(rw, w.gate.DropPasskey(r.Context(), s, r.PathValue("id")))
}

func (w *Web) sessions(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	list, err := w.gate.Sessions(r.Context(), s)
	return writeList(rw, list, err)
}

func (w *Web) endSession(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	if s.Session == "" {
		return ErrNobody
	}
	return finish(rw, w.gate.EndSession(r.Context(), s, r.PathValue("id")))
}

func (w *Web) tokens(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	list, err := w.gate.Tokens(r.Context(), s, r.FormValue("user"))
	return writeList(rw, list, err)
}

func (w *Web) makeToken(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	var in NewTokenAsk
	if err := read(rw, r, &in); err != nil {
		return err
	}
	text, t, err := w.gate.MakeToken(r.Context(), s, NewToken{
		Name: in.Name, User: in.User, Scope: in.Scope, Tenants: in.Tenants, Life: time.Duration(min(in.Days, 400)) * 24 * time.Hour,
	})
	if err != nil {
		return err
	}
	return write(rw, &TokenAnswer{text, t})
}

func (w *Web) revokeToken(rw http.ResponseWriter, r *http.Request, s *Subject) error {
	return finish(rw, w.gate.RevokeToken(r.Context(), s, r.PathValue("id")))
}
