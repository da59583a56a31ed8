package trust_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/trust"
)

// TestClient speaks to a server whose certificate no machine knows, with and without the file that vouches for it.
func TestClient(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ca := range []string{"", file} {
		security, err := trust.Client(ca)
		if err != nil {
			t.Fatal(err)
		}
		c := http.Client{Transport: &http.Transport{TLSClientConfig: security}}
		r, err := c.Get(s.URL)
		if (err == nil) != (ca == file) {
			t.Errorf("with %q: %v", ca, err)
		}
		if err == nil {
			_ = r.Body.Close()
		}
		c.CloseIdleConnections()
	}
	if pool, err := trust.Alone(file); err != nil || pool.Equal(nil) {
		t.Errorf("the authorities of the file: %v", err)
	}
}

func TestNoAuthorities(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing of the kind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "none.pem")} {
		if _, err := trust.Client(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := trust.Alone(file); err == nil {
			t.Errorf("%s was taken", file)
		}
	}
}
