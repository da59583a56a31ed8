package serve

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/settings"
)

// certificates has the certificate of the console, and takes another one into use when its files change, or, where it signs
// itself, before it ends.
type certificates struct {
	dir, cert, key string
	names          []string
	log            *slog.Logger

	mu          sync.Mutex
	pair        *tls.Certificate
	fingerprint string
	written     [2]time.Time // when the files that pair was read from were written
	looked      time.Time
	told        string // the mistake that was told last
}

// How often it is looked whether the files have changed, and whether a certificate that signs itself ends soon.
const (
	certificateEvery = 10 * time.Second
	renewEvery       = time.Hour
)

// openCertificates reads the certificate, or makes it.
func openCertificates(c *settings.Console, dir string, log *slog.Logger) (*certificates, error) {
	k := &certificates{dir: dir, cert: c.Cert, key: c.Key, names: c.Names, log: log, looked: time.Now()}
	k.written, _ = k.files() // what cannot be read, Certificate tells
	return k, k.load(k.names)
}

func (k *certificates) load(names []string) error {
	pair, fingerprint, err := identity.Certificate(k.dir, k.cert, k.key, names, time.Now())
	if err != nil {
		return err
	}
	if k.fingerprint != "" && k.fingerprint != fingerprint {
		k.log.Warn("the console has another certificate now", "sha256", fingerprint, "until", pair.Leaf.NotAfter)
	}
	k.pair, k.fingerprint = &pair, fingerprint
	return nil
}

// own tells whether the certificate signs itself, because none is configured.
func (k *certificates) own() bool { return k.cert == "" }

func (k *certificates) files() (written [2]time.Time, err error) {
	for i, path := range [...]string{k.cert, k.key} {
		info, err := os.Stat(path)
		if err != nil {
			return written, err
		}
		written[i] = info.ModTime()
	}
	return written, nil
}

// look takes another certificate into use, if there is one. Where it cannot be read, such as while its files are being
// written, or because serve has become a user who may not read the key, the one of before stays.
func (k *certificates) look() {
	k.looked = time.Now()
	var err error
	if k.own() {
		err = k.load(namesOf(k.pair.Leaf)) // an address that the machine has got since is no reason for another fingerprint
	} else {
		var written [2]time.Time
		if written, err = k.files(); err == nil && written != k.written {
			if err = k.load(nil); err == nil {
				k.written = written
			}
		}
	}
	switch {
	case err == nil:
		k.told = ""
	case err.Error() != k.told:
		k.told = err.Error()
		k.log.Error("the certificate of the console cannot be read again; that of before stays in use", "error", err, "until", k.pair.Leaf.NotAfter)
	}
}

func namesOf(c *x509.Certificate) []string {
	names := c.DNSNames
	for _, a := range c.IPAddresses {
		names = append(names, a.String())
	}
	return names
}

// reload looks at once.
func (k *certificates) reload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.look()
}

// current returns the certificate in use and its fingerprint.
func (k *certificates) current() (*tls.Certificate, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	every := certificateEvery
	if k.own() {
		every = renewEvery
	}
	if time.Since(k.looked) >= every {
		k.look()
	}
	return k.pair, k.fingerprint
}

// config is how TLS is spoken.
func (k *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, _ := k.current()
			return pair, nil
		},
	}
}

// words say what a person compares.
func (k *certificates) words() string {
	pair, fingerprint := k.current()
	return fmt.Sprintf("SHA-256 %s, until %s", fingerprint, pair.Leaf.NotAfter.Format(time.DateOnly))
}
