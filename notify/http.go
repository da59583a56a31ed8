package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/trust"
)

// maxAnswer bounds what is read of a server's answer, in bytes.
const maxAnswer = 64 << 10

// post is one HTTP request of a way.
type post struct {
	method string // POST where it is empty
	url    string
	header map[string]string
	body   []byte
	name   string // of the request, for errors: an address may hold a secret
}

// web speaks HTTP for a way. It follows no redirect, and its errors hold no address.
type web struct {
	client *http.Client
	env    Env
}

func newWeb(env Env, ca string) (*web, error) {
	security, err := trust.Client(ca)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = 2, 1
	t.IdleConnTimeout = 30 * time.Second
	t.TLSClientConfig = security
	return &web{env: env, client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// address reads a secret or a plain address, and checks that it is one of HTTP.
func address(ref string) (string, error) {
	text := ref
	if strings.HasPrefix(ref, "env:") || strings.HasPrefix(ref, "file:") {
		var err error
		if text, err = config.Secret(ref); err != nil {
			return "", err
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", errors.New("it is no address of a web server: https://host/…")
	}
	return text, nil
}

// do sends a request and returns the status and the answer. An error is a *Refusal; with a status of 400 and more there is
// one, too.
func (w *web) do(ctx context.Context, p post) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(p.method, http.MethodPost), p.url, bytes.NewReader(p.body))
	if err != nil {
		return 0, nil, &Refusal{Class: Broken, Err: fmt.Errorf("%s: the address cannot be used", p.name)}
	}
	req.Header.Set("User-Agent", "tocsin/"+cmp.Or(w.env.Version, "0"))
	if len(p.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range p.header {
		req.Header.Set(k, v)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, nil, refusedHTTP(p.name, err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 300 {
		return resp.StatusCode, answer, nil
	}
	if err != nil {
		answer = nil
	}
	return resp.StatusCode, answer, refusedStatus(p.name, resp, answer, w.env.now())
}

// refusedHTTP is about a request that had no answer.
func refusedHTTP(name string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // it names the address
	}
	r := *refusalOf(err)
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		r.Class, r.Hint, r.Unsure = Broken, "name the authority that signed the server's certificate with ca", false
	}
	r.Err = fmt.Errorf("%s: %w", name, err)
	return &r
}

// refusedStatus is about an answer that is no success (RFC 9110 §15).
func refusedStatus(name string, resp *http.Response, answer []byte, now time.Time) error {
	r := &Refusal{Class: Never, After: retryAfter(resp.Header.Get("Retry-After"), now)}
	words := clean(string(answer), maxLine)
	r.Err = fmt.Errorf("%s: the server answers %d %s%s", name, resp.StatusCode, http.StatusText(resp.StatusCode), ifAny(": ", words))
	switch code := resp.StatusCode; {
	case code < 400:
		r.Class, r.Hint = Broken, "the server is elsewhere: "+hostOf(resp.Header.Get("Location"))
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		r.Class, r.Hint = Broken, "is the key or the token right, and may it do that?"
	case code == http.StatusNotFound || code == http.StatusGone || code == http.StatusMethodNotAllowed:
		r.Class, r.Hint = Broken, "is the address right, and is the integration still there?"
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code == http.StatusTooManyRequests || code == http.StatusConflict || code == http.StatusLocked:
		r.Class = Later
	case code >= 500 && code != http.StatusNotImplemented:
		r.Class = Later
		r.Unsure = code == http.StatusGatewayTimeout
	}
	return r
}

// hostOf is the server of an address; the rest may hold a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "it does not say where"
	}
	return u.Scheme + "://" + u.Host
}

// retryAfter reads how long to wait (RFC 9110 §10.2.3): seconds, or a date.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && n < 1e7 {
		return time.Duration(n * float64(time.Second))
	}
	if t, err := http.ParseTime(s); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// jsonOf writes JSON. HTML is not escaped: nothing of this is read by a browser as such, and it only makes texts longer.
func jsonOf(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of maps, slices, texts and numbers there is always a JSON form
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
