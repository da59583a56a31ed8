package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/trust"
)

// keyPair is the certificate of a server, read again when its files change.
type keyPair struct {
	cert, key string
	clients   *x509.CertPool
	ask       tls.ClientAuthType

	mu      sync.Mutex
	pair    *tls.Certificate
	read    [2]time.Time // when the files that pair was read from were written
	checked time.Time
}

// certEvery is how often at most the files are looked at.
const certEvery = 10 * time.Second

// newKeyPair reads the files of cfg; nil where it names none. With must, every client has to show a certificate where
// there is an authority for them.
func newKeyPair(cfg HTTPConfig, must bool) (*keyPair, error) {
	if cfg.Cert == "" && cfg.Key == "" {
		if cfg.ClientCA != "" {
			return nil, errors.New("client_ca: without cert and key there is no TLS")
		}
		return nil, nil
	}
	k := &keyPair{cert: cfg.Cert, key: cfg.Key}
	if cfg.Cert == "" || cfg.Key == "" {
		return nil, errors.New("cert and key belong together")
	}
	if err := k.load(); err != nil {
		return nil, err
	}
	if cfg.ClientCA == "" {
		return k, nil
	}
	var err error
	if k.clients, err = trust.Alone(cfg.ClientCA); err != nil {
		return nil, fmt.Errorf("client_ca: %w", err)
	}
	k.ask = tls.VerifyClientCertIfGiven
	if must {
		k.ask = tls.RequireAndVerifyClientCert
	}
	return k, nil
}

// load reads the certificate, unless its files are those that were read before.
func (k *keyPair) load() error {
	var written [2]time.Time
	for i, path := range [...]string{k.cert, k.key} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		written[i] = info.ModTime()
	}
	if k.pair != nil && written == k.read {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil {
		return fmt.Errorf("read %s and %s: %w", k.cert, k.key, err)
	}
	k.pair, k.read = &pair, written
	return nil
}

// config returns the configuration of the server.
func (k *keyPair) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ClientCAs:  k.clients,
		ClientAuth: k.ask,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			if now := time.Now(); now.Sub(k.checked) >= certEvery {
				k.checked = now
				_ = k.load() // half-written files: the certificate of before is served until they are whole
			}
			return k.pair, nil
		},
	}
}

// certificateName returns whom a certificate names.
func certificateName(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return c.Subject.CommonName
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case len(c.EmailAddresses) > 0:
		return c.EmailAddresses[0]
	}
	return ""
}

// peerAddress returns the address of "address:port".
func peerAddress(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
