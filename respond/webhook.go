package respond

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
)

// Webhook is a place that is told over HTTP.
type Webhook struct {
	URL    string `json:"url" yaml:"url" doc:"Where an object is sent to by POST." example:"https://soar.example.com/hook"`
	Secret string `json:"secret,omitempty" yaml:"secret" secret:"true" doc:"Signs the body: X-Tocsin-Signature is sha256= and its HMAC-SHA256 in hexadecimal digits." example:"file:/etc/tocsin/hook.secret"`
	Undo   bool   `json:"undo,omitempty" yaml:"undo" doc:"It is told of the undoing, too."`
}

// Check returns what is wrong with the setting.
func (w *Webhook) Check() error {
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("a webhook needs the whole URL: https://…")
	}
	return nil
}

var webhookKind = Kind{
	Name: "webhook", Doc: "Tell a place over HTTP, named in tocsin.yml.", Example: "soar 203.0.113.7", Lasts: true,
	Check: namedCheck("webhook"),
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		out, err := h.Tools.tell(ctx, "do", d)
		return Outcome{Result: out}, err
	},
	Undo: func(ctx context.Context, h *Hands, d *Deed) error {
		_, err := h.Tools.tell(ctx, "undo", d)
		return err
	},
	Unprivileged: true,
}

func (t *Tools) tell(ctx context.Context, verb string, d *Deed) (string, error) {
	name, _, err := namedTarget(d.Kind, d.Target)
	if err != nil {
		return "", err
	}
	w, ok := t.Webhooks[name]
	if !ok {
		return "", fmt.Errorf("there is no webhook %s in tocsin.yml: %w", name, errFinal)
	}
	if verb == "undo" && !w.Undo {
		return "", nil
	}
	body, err := d.told(verb)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if w.Secret != "" {
		secret, err := config.Secret(w.Secret)
		if err != nil {
			return "", fmt.Errorf("webhook %s: %w", name, err)
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		req.Header.Set("X-Tocsin-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("webhook %s: %w", name, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxOutput))
	answer := strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD"))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		err = errors.Join(fmt.Errorf("webhook %s: answered %s: %.500s", name, resp.Status, answer), err)
		if resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != 408 && resp.StatusCode != 429 {
			err = fmt.Errorf("%w: %w", err, errFinal)
		}
		return "", err
	}
	return strings.TrimSpace(resp.Status + " " + answer), err
}
