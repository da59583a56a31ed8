package source

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// testKeys are the files of an authority (ca.pem), a server (server.pem, server.key) and its clients, and those of
// somebody whom another authority certified (stranger.pem).
type testKeys struct {
	dir    string
	config *tls.Config // of the client web.example.org
}

func (k testKeys) file(name string) string { return filepath.Join(k.dir, name) }

func makeKeys(t *testing.T) testKeys {
	t.Helper()
	k := testKeys{dir: t.TempDir()}
	ca, caKey := k.issue(t, "ca", nil, nil)
	k.issue(t, "server", ca, caKey)
	k.issue(t, "web.example.org", ca, caKey)
	other, otherKey := k.issue(t, "other", nil, nil)
	k.issue(t, "stranger", other, otherKey)
	k.config = k.as(t, "web.example.org")
	return k
}

// as is the configuration of a client with this certificate; "" has none.
func (k testKeys) as(t *testing.T, name string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(k.file("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	c.RootCAs.AppendCertsFromPEM(text)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(k.file(name+".pem"), k.file(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil } // wanted or not
	}
	return c
}

func (k testKeys) client(c net.Conn) (net.Conn, error) {
	t := tls.Client(c, k.config)
	if err := t.Handshake(); err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}

func (k testKeys) issue(t *testing.T, name string, by *x509.Certificate, byKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if by == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		by, byKey = c, key
	} else {
		c.DNSNames = []string{name, "localhost"}
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(k.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}
