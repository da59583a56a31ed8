package source

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-sec/tocsin/config"
)

// httpToken is a token that is let in. The token itself is not kept.
type httpToken struct {
	name string
	hash [sha256.Size]byte
}

// minToken is the least length of a token, in bytes: what is shorter can be guessed.
const minToken = 16

// readTokens reads the tokens of a configuration.
func readTokens(list []HTTPToken) ([]httpToken, error) {
	names := make(map[string]bool)
	var tokens []httpToken
	for i, t := range list {
		if t.Name == "" || strings.ContainsAny(t.Name, " /\t\r\n") || len(t.Name) > 64 {
			return nil, fmt.Errorf("tokens[%d]: name: %q is not a word of at most 64 letters", i, t.Name)
		}
		if names[t.Name] {
			return nil, fmt.Errorf("tokens[%d]: name: there are two tokens named %s", i, t.Name)
		}
		names[t.Name] = true
		made := httpToken{name: t.Name}
		switch {
		case (t.Secret == "") == (t.Hash == ""):
			return nil, fmt.Errorf("token %s: it takes either secret or hash", t.Name)
		case t.Hash != "":
			sum, err := hex.DecodeString(strings.TrimSpace(t.Hash))
			if err != nil || len(sum) != sha256.Size {
				return nil, fmt.Errorf("token %s: hash: not the 64 hexadecimal digits of a SHA-256", t.Name)
			}
			copy(made.hash[:], sum)
		default:
			secret, err := config.Secret(t.Secret)
			if err != nil {
				return nil, fmt.Errorf("token %s: secret: %w", t.Name, err)
			}
			if len(secret) < minToken {
				return nil, fmt.Errorf("token %s: secret: shorter than %d bytes", t.Name, minToken)
			}
			made.hash = sha256.Sum256([]byte(secret))
		}
		tokens = append(tokens, made)
	}
	return tokens, nil
}

// credentials returns what a request presents that may be a token. Source: RFC 7617 (Basic), RFC 6750 (Bearer),
// Elasticsearch (ApiKey: base64 of id:key) and Splunk (Splunk).
func credentials(r *http.Request) []string {
	scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if value = strings.TrimSpace(value); !ok || value == "" {
		return nil
	}
	switch strings.ToLower(scheme) {
	case "bearer", "splunk":
		return []string{value}
	case "apikey":
		list := []string{value}
		if raw, err := base64.StdEncoding.DecodeString(value); err == nil {
			list = append(list, string(raw))
			if _, key, ok := strings.Cut(string(raw), ":"); ok {
				list = append(list, key)
			}
		}
		return list
	case "basic":
		user, password, ok := r.BasicAuth()
		if !ok {
			return nil
		}
		if password == "" {
			return []string{user}
		}
		return []string{password}
	}
	return nil
}

// holder returns the name of the token among those presented; "" where none is let in. It takes the same time whichever
// of the tokens is presented, and however much of one was guessed.
func (h *HTTP) holder(presented []string) string {
	name := ""
	for _, p := range presented {
		sum := sha256.Sum256([]byte(p))
		for i := range h.tokens {
			if subtle.ConstantTimeCompare(sum[:], h.tokens[i].hash[:]) == 1 {
				name = h.tokens[i].name
			}
		}
	}
	return name
}

// admit tells who sends a request, or returns why it is turned away. Pages in a browser may not send at all: they could
// reach a port of the loopback that asks for no token. Source: Fetch §3.1 (Origin), Fetch Metadata (Sec-Fetch-Site).
func (h *HTTP) admit(r *http.Request) (sender, name string, no *refusal) {
	sender = peerAddress(r.RemoteAddr)
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return sender, "", &refusal{status: http.StatusForbidden, reason: "requests of web pages are not taken", told: "a web page in a browser sent a request"}
	}
	name = sender
	known := false
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		known = true
		if n := certificateName(r.TLS.PeerCertificates[0]); n != "" {
			sender = n
		}
	}
	if len(h.tokens) == 0 {
		return sender, name, nil
	}
	presented := credentials(r)
	if holder := h.holder(presented); holder != "" {
		return sender, holder, nil
	}
	switch {
	case len(presented) > 0:
		return sender, "", &refusal{status: http.StatusUnauthorized, reason: "the token is not known", told: "a token that is not known", wrong: true}
	case known:
		return sender, name, nil
	}
	return sender, "", &refusal{status: http.StatusUnauthorized, reason: "a token is needed", told: "a request without a token"}
}
