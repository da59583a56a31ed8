package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"regexp"
)

// withPassword is a URL that holds a password.
var withPassword = regexp.MustCompile(`^[a-z]+://[^/@:]*:[^@]+@`)

// trusting returns a configuration of TLS that trusts the certificates of a file, beside those of the machine.
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
