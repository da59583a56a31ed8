// Package trust says whom TLS believes: the authorities of the machine, and those that a configuration names in a file. It
// reads files when it is called and keeps nothing.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Client returns how a client of TLS (1.2 or later) is to be configured: it believes the machine's authorities and, unless
// file is "", those of this file in PEM form (RFC 7468) too.
func Client(file string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return c, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // there are none
		pool = x509.NewCertPool()
	}
	c.RootCAs = pool
	return c, add(pool, file)
}

// Alone are the authorities of a file in PEM form, and no others: those who may have signed the certificates of clients, or of
// servers that nobody else vouches for.
func Alone(file string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	return pool, add(pool, file)
}

func add(pool *x509.CertPool, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return nil
}
