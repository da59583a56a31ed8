package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/trust"
)

// Remote says which console is asked over the network, and how.
type Remote struct {
	URL   string // https://tocsin.example.com; http:// on the loopback alone
	Token string // an API token
	// Fingerprint is the SHA-256 of the server's certificate in hexadecimal digits, with or without colons. It is then the one
	// thing that counts: neither the name nor the authority do.
	Fingerprint string
	CA          string // a file of certificates, in PEM, that the server's may be signed by, beside the machine's
}

const (
	remoteDial   = 15 * time.Second // to connect, and for TLS
	remoteAnswer = 5 * time.Minute  // until an answer begins: a search over weeks takes its time
)

// DialRemote returns a client of a console that is reached over the network. Nothing is asked yet; the error is one of r.
func DialRemote(r Remote) (*Client, error) {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil:
		return nil, fmt.Errorf("%.100q is no address of a console: as https://tocsin.example.com:8628", r.URL)
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return nil, fmt.Errorf("%s would carry the token in the clear: it must be https://", r.URL)
	case r.Token == "":
		return nil, fmt.Errorf("ask %s: there is no token", u.Host)
	}
	config, err := r.config()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: remoteDial}).DialContext, TLSClientConfig: config,
		TLSHandshakeTimeout: remoteDial, ResponseHeaderTimeout: remoteAnswer, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
	}
	return &Client{server: u.Scheme + "://" + u.Host, http: &http.Client{
		Transport: &bearer{next: transport, token: r.Token, host: u.Host},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("it sends us elsewhere; a token goes nowhere but where it was meant to")
		},
	}}, nil
}

func loopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// config is how the server is known again.
func (r *Remote) config() (*tls.Config, error) {
	c, err := trust.Client(r.CA)
	if err != nil {
		return nil, fmt.Errorf("the authorities of the console: %w", err)
	}
	if r.Fingerprint == "" {
		return c, nil
	}
	want, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(r.Fingerprint))
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("the fingerprint %.100q is none: 32 bytes in hexadecimal digits, as serve prints them", r.Fingerprint)
	}
	c.InsecureSkipVerify = true // in place of that:
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) > 0 && sha256.Sum256(s.PeerCertificates[0].Raw) == [sha256.Size]byte(want) {
			return nil
		}
		return errors.New("its certificate is not the one with the fingerprint that you expect: it was made anew, or somebody is in between")
	}
	return c, nil
}

// bearer adds the token to requests, and says in answers and errors what a person can do about them.
type bearer struct {
	next        http.RoundTripper
	token, host string
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	r.Header.Set("User-Agent", "tocsin")
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, b.explain(r.Context(), err)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection can be used again
		_ = resp.Body.Close()
		text, err := json.Marshal(&Problem{Status: resp.StatusCode, Title: b.host + " does not take the token: it has ended, was revoked, or is not one of there"})
		if err != nil {
			return nil, err
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	return resp, nil
}

// explain says what is wrong with a certificate.
func (b *bearer) explain(ctx context.Context, err error) error {
	var stranger x509.UnknownAuthorityError
	var wrong *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &wrong) && errors.As(err, &stranger) && len(wrong.UnverifiedCertificates) > 0:
		sum := sha256.Sum256(wrong.UnverifiedCertificates[0].Raw)
		return fmt.Errorf("%w: if it signs itself, compare its SHA-256 with what tocsin serve prints there, and set TOCSIN_FINGERPRINT to it: %s", err, colons(sum[:]))
	}
	return err
}

func colons(sum []byte) string {
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", x)
	}
	return b.String()
}
