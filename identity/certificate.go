package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
)

const (
	certificateFile = "console.crt"
	keyFile         = "console.key"
	certificateLife = 365 * 24 * time.Hour
	renewBefore     = 30 * 24 * time.Hour
)

// MayListenPlain says whether an address, as net.Listen takes it, may be listened on without TLS: loopback only, because beside
// it anybody on the way could read passwords. The error is what to tell a person.
func MayListenPlain(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("listen on %s: not without TLS beyond the loopback", address)
	}
	return nil
}

// Certificate returns the certificate for TLS and its SHA-256 fingerprint: that of two files, or, where none are named, one that
// signs itself, kept in a folder and made anew 30 days before it ends, or when the names have changed. Without names it is for the name
// and the addresses of this machine.
func Certificate(dir, certFile, key string, names []string, now time.Time) (c tls.Certificate, fingerprint string, err error) {
	if certFile != "" || key != "" {
		if c, err = tls.LoadX509KeyPair(certFile, key); err != nil {
			return c, "", fmt.Errorf("certificate %s: %w", certFile, err)
		}
		return c, fingerprintOf(&c), nil
	}
	if len(names) == 0 {
		names = localNames()
	}
	certFile, key = filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile)
	c, err = tls.LoadX509KeyPair(certFile, key)
	if err == nil && goodFor(c.Leaf, names, now) {
		return c, fingerprintOf(&c), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, "", fmt.Errorf("certificate %s: %w", certFile, err)
	}
	if err = makeCertificate(certFile, key, names, now); err == nil {
		c, err = tls.LoadX509KeyPair(certFile, key)
	}
	if err != nil {
		return c, "", fmt.Errorf("make certificate %s: %w", certFile, err)
	}
	return c, fingerprintOf(&c), nil
}

func goodFor(leaf *x509.Certificate, names []string, now time.Time) bool {
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter.Add(-renewBefore)) {
		return false
	}
	for _, n := range names {
		if leaf.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

// fingerprintOf is the SHA-256 of a certificate as browsers show it.
func fingerprintOf(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", x)
	}
	return b.String()
}

func makeCertificate(certFile, keyPath string, names []string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "tocsin"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, n := range names {
		if a, err := netip.ParseAddr(n); err == nil {
			t.IPAddresses = append(t.IPAddresses, a.AsSlice())
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secretKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := disk.Replace(keyPath, 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secretKey})); err != nil {
		return err
	}
	return disk.Replace(certFile, 0o600, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// localNames are the names and addresses of this machine, for a certificate.
func localNames() []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if h, err := os.Hostname(); err == nil && h != "localhost" && h != "" {
		names = append(names, h)
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return names
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			names = append(names, n.IP.String())
		}
	}
	return names
}

// SealingKey reads the key that seals the keys of TOTP from a folder, and makes it if there is none.
func SealingKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, "identity.key")
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = randomBytes(32)
		err = disk.Replace(path, 0o600, key)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of identities: %w", err)
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("the key of identities: %s has %d bytes, not 32", path, len(key))
	}
	return key, nil
}
