package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"regexp"
)

var withPassword = regexp.MustCompile(`^[a-z]+://[^/@:]*:[^@]+@`)

// holdsPassword tells whether a URL holds a password, which belongs where Secret finds it.
func holdsPassword(url string) bool { return withPassword.MatchString(url) }

// trusting returns a configuration of TLS that trusts the certificates of a file (PEM), beside those of the machine.
func trusting(file string) (*tls.Config, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
