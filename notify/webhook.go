package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/fill"
)

// WebhookConfig is a way to any HTTP server.
type WebhookConfig struct {
	URL     string            `yaml:"url" doc:"The address; one that holds a secret as env:NAME or file:/path." example:"https://hooks.example.com/tocsin"`
	Method  string            `yaml:"method" doc:"POST, PUT or PATCH." default:"POST"`
	Headers map[string]string `yaml:"headers" doc:"Headers of the request; values that are secrets as env:NAME or file:/path."`
	Body    string            `yaml:"body" doc:"A template of the body, in the language of Go's text/template. {{json .Title}} writes a text as JSON; {{.Text}} is the whole message. Fields: ID Thread Kind Severity Title What Who Why Link Command Entities Tactics Tenant Status Owner Score Count At From Until Next Items More." default:"the message as a JSON object"`
	Type    string            `yaml:"content_type" doc:"What the body is." default:"application/json"`
	Sign    string            `yaml:"sign" secret:"true" doc:"A key: X-Tocsin-Signature is then sha256= and, in hex, the HMAC-SHA256 of X-Tocsin-Timestamp, a dot and the body."`
	CA      string            `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// WebhookKind documents the webhook.
var WebhookKind = Kind{
	Name: "webhook",
	Doc: "An HTTP request with a body of your own. The header Idempotency-Key is the same when a message is sent again. Any status " +
		"from 200 to 299 means that it was taken.",
	Example: `url: https://hooks.example.com/tocsin
headers: {Authorization: env:TOCSIN_HOOK_AUTHORIZATION}
body: '{"text": {{json .Title}}, "detail": {{json .Text}}, "urgent": {{eq .Severity "critical"}}}'
sign: file:/etc/tocsin/hook.key
`,
	Config: &WebhookConfig{},
	States: true,
}

type webhook struct {
	web    *web
	url    string
	method string
	kind   string
	header map[string]string
	body   *fill.Template
	key    []byte
}

func (c *WebhookConfig) open(env Env) (Sender, error) {
	w := &webhook{method: cmp.Or(strings.ToUpper(c.Method), http.MethodPost), kind: cmp.Or(c.Type, "application/json"), header: make(map[string]string)}
	var err error
	if w.url, err = address(c.URL); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, w.method) {
		return nil, fmt.Errorf("method: %q is none of POST, PUT, PATCH", c.Method)
	}
	for k, v := range c.Headers {
		if strings.HasPrefix(v, "env:") || strings.HasPrefix(v, "file:") {
			if v, err = config.Secret(v); err != nil {
				return nil, fmt.Errorf("headers: %s: %w", k, err)
			}
		}
		if strings.ContainsAny(k+v, "\r\n") {
			return nil, fmt.Errorf("headers: %s: more than a line", k)
		}
		w.header[k] = v
	}
	key, err := config.Secret(c.Sign)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	w.key = []byte(key)
	if c.Body != "" {
		if w.body, err = fill.Text("body", c.Body, templateFuncs()); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		if err := w.try(); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	w.web, err = newWeb(env, c.CA)
	return w, err
}

// templateFuncs are what a body can be written with beside what every template has.
func templateFuncs() map[string]any {
	return map[string]any{
		"json":  func(v any) string { return string(jsonOf(v)) },
		"upper": strings.ToUpper,
		"lower": strings.ToLower,
		"join":  func(sep string, list []string) string { return strings.Join(list, sep) },
		"cut":   func(most int, s string) string { return shorten(s, max(most, 1)) },
	}
}

// view is what a template sees.
type view struct {
	*Message
	Text string
}

// hostile is a message whose texts hold what ends a JSON text: a template that does not write them as JSON is found out.
func hostile() *Message {
	const s = `a " \ {`
	return &Message{
		ID: s, Thread: s, Kind: s, Severity: s, Title: s, What: s, Who: s, Sentence: s, Why: s, Link: s, Command: s, Tenant: s, Status: s, Owner: s,
		Entities: []Entity{{s, s}}, Tactics: []string{s}, Next: []string{s}, Items: []Item{{s, s, s, s}}, Sections: []Section{{Title: s, Lines: []string{s}}},
	}
}

func (w *webhook) isJSON() bool { return strings.Contains(w.kind, "json") }

// try writes a body that is to be JSON with texts that break what is not.
func (w *webhook) try() error {
	for _, m := range []*Message{hostile(), {}} {
		body, err := w.write(m)
		if err != nil {
			return err
		}
		if w.isJSON() && !json.Valid(body) {
			return errors.New(`with a quote in a text it is no JSON: write {{json .Title}}, without quotes around it, in place of "{{.Title}}"`)
		}
	}
	return nil
}

func (w *webhook) write(m *Message) ([]byte, error) {
	if w.body == nil {
		return jsonOf(m), nil
	}
	var b bytes.Buffer
	if err := w.body.Execute(&limitedWriter{&b, maxBody}, view{m, m.text()}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

const maxBody = 1 << 20 // bytes that a template may write

// limitedWriter refuses what is more than it has room for.
type limitedWriter struct {
	w    io.Writer
	room int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		return 0, fmt.Errorf("more than %d bytes", maxBody)
	}
	return l.w.Write(p)
}

// Send implements Sender.
func (w *webhook) Send(ctx context.Context, m *Message) (string, error) {
	body, err := w.write(m)
	if err == nil && w.isJSON() && !json.Valid(body) {
		err = errors.New("the template has not written JSON")
	}
	if err != nil {
		return "", &Refusal{Class: Never, Err: fmt.Errorf("body: %w", err)}
	}
	header := map[string]string{"Content-Type": w.kind, "Idempotency-Key": m.ID}
	for k, v := range w.header {
		header[k] = v
	}
	if len(w.key) > 0 {
		stamp := strconv.FormatInt(w.web.env.now().Unix(), 10)
		header["X-Tocsin-Timestamp"] = stamp
		header["X-Tocsin-Signature"] = "sha256=" + signature(w.key, stamp, body)
	}
	_, _, err = w.web.do(ctx, post{method: w.method, url: w.url, header: header, body: body, name: "the webhook"})
	return "", err
}

func signature(key []byte, stamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(stamp + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// stamp writes a time as services want it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
