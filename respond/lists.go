package respond

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Lists hands out what is blocked to other firewalls, over HTTP:
//
//	GET  /v1/decisions?ip=ADDRESS   CrowdSec's bouncer API: is it blocked?
//	GET  /v1/decisions/stream       what is new and what has ended since the bouncer asked last; startup=true: all
//	POST /v1/usage-metrics          taken, and left
//	GET  /blocklist.txt             one address or network a line, as URL tables of OPNsense and pfSense, and nearly every firewall, read it
//	GET  /blocklist.txt.sig         its Ed25519 signature, in base64
//	GET  /blocklist.pub             the key that the signature is checked with, in base64
//
// Who asks shows a key: as the header X-Api-Key, or as the password of HTTP's basic authentication. Without keys nobody is
// answered. Only blocks of what comes in, on all ports, are handed out.
type Lists struct {
	Keys map[string]string // of each bouncer, by its name
	Sign ed25519.PrivateKey
	// Blocks returns what is blocked now; see Runner.Blocked.
	Blocks func(ctx context.Context) ([]Action, error)
	Now    func() time.Time

	mu   sync.Mutex
	seen map[string]map[string]decision // what each bouncer knows
}

// decision is a block as CrowdSec has it.
type decision struct {
	ID       uint32 `json:"id"`
	UUID     string `json:"uuid"`
	Origin   string `json:"origin"`
	Type     string `json:"type"`
	Scope    string `json:"scope"`
	Value    string `json:"value"`
	Duration string `json:"duration"`
	Scenario string `json:"scenario"`
}

// maxSeen is how many bouncers are remembered; their names are settings.
const maxSeen = 1000

// Handler returns what answers.
func (l *Lists) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(w http.ResponseWriter, r *http.Request, bouncer string) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			name, ok := l.who(r)
			if !ok {
				w.Header().Set("WWW-Authenticate", `Basic realm="tocsin"`)
				writeMessage(w, http.StatusForbidden, "access forbidden")
				return
			}
			if err := f(w, r, name); err != nil {
				writeMessage(w, http.StatusInternalServerError, "the list cannot be read")
			}
		})
	}
	handle("GET /v1/decisions", l.decisions)
	handle("GET /v1/decisions/stream", l.stream)
	handle("POST /v1/usage-metrics", func(w http.ResponseWriter, _ *http.Request, _ string) error {
		w.WriteHeader(http.StatusCreated)
		return nil
	})
	handle("GET /blocklist.txt", func(w http.ResponseWriter, r *http.Request, _ string) error { return l.plain(w, r, false) })
	handle("GET /blocklist.txt.sig", func(w http.ResponseWriter, r *http.Request, _ string) error { return l.plain(w, r, true) })
	handle("GET /blocklist.pub", func(w http.ResponseWriter, _ *http.Request, _ string) error {
		if l.Sign == nil {
			w.WriteHeader(http.StatusNotFound)
			return nil
		}
		_, err := fmt.Fprintln(w, base64.StdEncoding.EncodeToString(l.Sign.Public().(ed25519.PublicKey)))
		return err
	})
	return mux
}

func writeMessage(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": text}) // who is gone needs no answer
}

// who returns the name of the bouncer that shows a key.
func (l *Lists) who(r *http.Request) (string, bool) {
	key := r.Header.Get("X-Api-Key")
	if _, password, ok := r.BasicAuth(); ok && key == "" {
		key = password
	}
	shown := sha256.Sum256([]byte(key))
	found, ok := "", false
	for name, k := range l.Keys {
		want := sha256.Sum256([]byte(k))
		if k != "" && subtle.ConstantTimeCompare(shown[:], want[:]) == 1 {
			found, ok = name, true
		}
	}
	return found, ok
}

// now are the decisions by the action's key.
func (l *Lists) now(ctx context.Context) (map[string]decision, error) {
	list, err := l.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]decision, len(list))
	now := l.Now()
	for i := range list {
		a := &list[i]
		b, err := entry(a.Kind, a.Target, a.Params)
		if err != nil || b.Verdict != Drop || b.Dir != In || b.Port != 0 {
			continue
		}
		id := fnv.New32a()
		_, _ = id.Write([]byte(a.Key))
		d := decision{
			ID: id.Sum32() >> 1, UUID: fmt.Sprintf("%s-%s-%s-%s-%s", a.Key[:8], a.Key[8:12], a.Key[12:16], a.Key[16:20], a.Key[20:]),
			Origin: "tocsin", Type: "ban", Scope: "Ip", Value: addressText(b.Prefix), Duration: "87600h0m0s", Scenario: "tocsin/block",
		}
		if a.Why.Rule != "" {
			d.Scenario = "tocsin/" + a.Why.Rule
		}
		if !b.Prefix.IsSingleIP() {
			d.Scope = "Range"
		}
		if a.Until != 0 {
			left := time.Unix(0, a.Until).Sub(now).Round(time.Second)
			if left <= 0 {
				continue
			}
			d.Duration = left.String()
		}
		out[a.Key] = d
	}
	return out, nil
}

func sortedDecisions(m map[string]decision) []decision {
	list := make([]decision, 0, len(m))
	for _, d := range m {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b decision) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// decisions answers whether an address or network is blocked: null, or by what.
func (l *Lists) decisions(w http.ResponseWriter, r *http.Request, _ string) error {
	all, err := l.now(r.Context())
	if err != nil {
		return err
	}
	text := r.FormValue("ip")
	if text == "" {
		text = r.FormValue("range")
	}
	var want netip.Prefix
	if text != "" {
		if want, err = ParsePrefix(text); err != nil {
			writeMessage(w, http.StatusUnprocessableEntity, err.Error())
			return nil
		}
	}
	var list []decision
	for _, d := range sortedDecisions(all) {
		p, err := ParsePrefix(d.Value)
		if err == nil && (!want.IsValid() || p.Contains(want.Addr()) && p.Bits() <= want.Bits()) {
			list = append(list, d)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(list)
}

// stream answers what has changed since the bouncer asked last.
func (l *Lists) stream(w http.ResponseWriter, r *http.Request, bouncer string) error {
	all, err := l.now(r.Context())
	if err != nil {
		return err
	}
	l.mu.Lock()
	known := l.seen[bouncer]
	if l.seen == nil || len(l.seen) > maxSeen {
		l.seen = make(map[string]map[string]decision)
	}
	l.seen[bouncer] = all
	l.mu.Unlock()
	if r.FormValue("startup") == "true" {
		known = nil
	}
	fresh, gone := make(map[string]decision), make(map[string]decision)
	for key, d := range all {
		if _, ok := known[key]; !ok {
			fresh[key] = d
		}
	}
	for key, d := range known {
		if _, ok := all[key]; !ok {
			d.Duration = "-1s"
			gone[key] = d
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string][]decision{"new": sortedDecisions(fresh), "deleted": sortedDecisions(gone)})
}

// prefixes are the addresses and networks that are handed out, in their order.
func (l *Lists) prefixes(ctx context.Context) ([]netip.Prefix, error) {
	all, err := l.now(ctx)
	if err != nil {
		return nil, err
	}
	var nets []netip.Prefix
	for _, d := range all {
		if p, err := ParsePrefix(d.Value); err == nil {
			nets = append(nets, p)
		}
	}
	slices.SortFunc(nets, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	return slices.Compact(nets), nil
}

// Plain is the list as text: one address or network a line, in their order.
func (l *Lists) Plain(ctx context.Context) (string, error) {
	nets, err := l.prefixes(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range nets {
		b.WriteString(addressText(p))
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func (l *Lists) plain(w http.ResponseWriter, r *http.Request, signature bool) error {
	text, err := l.Plain(r.Context())
	if err != nil {
		return err
	}
	if signature {
		if l.Sign == nil {
			w.WriteHeader(http.StatusNotFound)
			return nil
		}
		text = base64.StdEncoding.EncodeToString(ed25519.Sign(l.Sign, []byte(text))) + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write([]byte(text)) // who is gone needs no answer
	return nil
}

// Blocked returns the blocks that are in force.
func (r *Runner) Blocked(ctx context.Context) ([]Action, error) {
	list, err := r.list(ctx, state.ActionFilter{Kind: blockName}, Done)
	out := make([]Action, len(list))
	for i := range list {
		out[i] = list[i].Action
	}
	return out, err
}
