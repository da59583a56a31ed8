package store

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func TestDial(t *testing.T) {
	for _, test := range []struct {
		address string
		opt     RemoteOptions
		want    string
	}{
		{"http://127.0.0.1:9428", RemoteOptions{Token: "t"}, ""},
		{"http://localhost:9428/", RemoteOptions{Password: "p"}, ""},
		{"http://logs.example.org", RemoteOptions{}, ""},
		{"https://logs.example.org/vl", RemoteOptions{Token: "t"}, ""},
		{"http://logs.example.org", RemoteOptions{Token: "t"}, "needs https"},
		{"http://192.0.2.1", RemoteOptions{Password: "t"}, "needs https"},
		{"logs.example.org", RemoteOptions{}, "is not http://host"},
		{"ftp://logs.example.org", RemoteOptions{}, "is not http://host"},
		{"https://user:secret@logs.example.org", RemoteOptions{}, "is not http://host"},
		{"http://a b", RemoteOptions{}, "event store server"},
	} {
		r, err := Dial(test.address, test.opt)
		switch {
		case err == nil && test.want == "":
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		case err == nil || test.want == "" || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: %v, want %q", test.address, err, test.want)
		}
	}
}

// A server with TLS and a password; tenants do not see each other.
func TestServerSecrets(t *testing.T) {
	ctx := context.Background()
	cert, key, pool := certificate(t)
	address, cmd := "127.0.0.1:"+fmt.Sprint(parts.Port(t)), serverCommand(t, t.TempDir())
	cmd.Args = append(cmd.Args, "-httpListenAddr="+address, "-tls", "-tlsCertFile="+cert, "-tlsKeyFile="+key,
		"-httpAuth.username=tocsin", "-httpAuth.password=swordfish")
	parts.Start(t, cmd)
	parts.Wait(t, 20*time.Second, "the server to listen", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	dial := func(opt RemoteOptions) *Remote {
		t.Helper()
		opt.Future = -1
		r, err := Dial("https://"+address, opt)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
	for what, opt := range map[string]RemoteOptions{
		"an unknown certificate": {User: "tocsin", Password: "swordfish"},
		"a wrong password":       {User: "tocsin", Password: "xyzzy", TLS: trust},
		"no password":            {TLS: trust},
		"a token":                {Token: "swordfish", TLS: trust},
	} {
		r := dial(opt)
		_, err := r.AddSome(ctx, 1, frameOf(1, someTime), nil)
		_, err2 := r.Stats(ctx)
		if err == nil || err2 == nil || errors.Is(err, ErrFull) || strings.Contains(err.Error(), "xyzzy") {
			t.Errorf("with %s: %v, %v", what, err, err2)
		}
	}
	var tenants []*Remote
	for n := range uint32(3) {
		r := dial(RemoteOptions{User: "tocsin", Password: "swordfish", TLS: trust, Account: n, Project: n * 7})
		tenants = append(tenants, r)
		for seq := uint64(1); seq <= uint64(n); seq++ {
			add(t, r, seq, frameOf(seq, someTime))
		}
	}
	for n, r := range tenants {
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, r, "*") == n*100 })
		if s, err := r.Stats(ctx); err != nil || s.Rows != uint64(n*100) {
			t.Errorf("%+v %v", s, err)
		}
	}
}

func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "store under test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(
		os.WriteFile(cert, text, 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return cert, key, pool
}

// A server that is killed loses what it had in memory: it is noticed and added again, and nothing is there twice.
func TestServerIsKilled(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	address, cmd := startServer(t, dir, "-inmemoryDataFlushInterval=60s")
	r, err := Dial(address, RemoteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.settle = 8 * time.Second // rows must be visible by then, also on a busy machine
	frames := make(map[uint64]*Batch)
	for seq := uint64(1); seq <= 5; seq++ {
		frames[seq] = frameOf(seq, someTime)
		add(t, r, seq, frames[seq])
	}
	parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, r, "*") == 500 })
	if n, err := r.DurableBefore(ctx); n != 0 || err != nil {
		t.Errorf("frames below %d are durable at once: %v", n, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	frames[6] = frameOf(6, someTime)
	if _, err := r.AddSome(ctx, 6, frames[6], nil); err == nil {
		t.Error("rows are taken by a server that is gone")
	}
	again := serverCommand(t, dir)
	again.Args = append(again.Args, "-httpListenAddr="+strings.TrimPrefix(address, "http://"))
	parts.Start(t, again)
	parts.Wait(t, 20*time.Second, "the server to answer", func() bool {
		resp, err := http.Get(address + "/health")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	if n := countOf(t, r, "*"); n != 0 {
		t.Fatalf("%d rows outlived the server", n)
	}
	add(t, r, 6, frames[6])
	var from uint64
	parts.Wait(t, 30*time.Second, "the loss to be noticed", func() bool {
		from, err = r.DurableBefore(ctx)
		return err != nil
	})
	if !errors.Is(err, ErrLost) || from != 1 {
		t.Fatalf("from %d: %v", from, err)
	}
	for seq := from; seq <= 6; seq++ {
		lacks, err := r.Lacks(ctx, seq, frames[seq])
		if err != nil {
			t.Fatal(err)
		}
		if lacks[0] != (seq < 6) {
			t.Errorf("frame %d lacks: %v", seq, lacks[0])
		}
		if _, err := r.AddSome(ctx, seq, frames[seq], lacks); err != nil {
			t.Fatal(err)
		}
	}
	parts.Wait(t, 40*time.Second, "all to be durable", func() bool {
		n, err := r.DurableBefore(ctx)
		return n == 7 && err == nil
	})
	if got := queryRows(t, r, "* | stats count() n, count_uniq(_id) u")[0]; got != "n=600 u=600" {
		t.Error(got)
	}
}

// An insertion whose answer is lost has been taken: the same frame again adds nothing twice.
func TestAnswerIsLost(t *testing.T) {
	ctx := context.Background()
	address, _ := startServer(t, t.TempDir())
	r, err := Dial(address, RemoteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lost := &loser{lose: 1}
	r.client.Transport = lost
	b := frameOf(1, someTime)
	if _, err := r.AddSome(ctx, 1, b, nil); err == nil {
		t.Fatal("the answer was not lost")
	}
	if a, err := r.AddSome(ctx, 1, b, nil); err != nil || a.Kept != 100 {
		t.Fatal(a, err)
	}
	parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, r, "*") >= 100 })
	time.Sleep(visible) // what would be there twice is visible by then
	if n := countOf(t, r, "*"); n != 100 {
		t.Errorf("%d rows of 100", n)
	}
}

// loser does what is asked and loses the answer.
type loser struct{ lose int }

func (l *loser) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && l.lose > 0 {
		l.lose--
		return nil, errors.Join(errors.New("the line is cut"), resp.Body.Close())
	}
	return resp, err
}

// The directory of an embedded store opens in the server as it is, and the other way round.
func TestSameDirectory(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 2)
	address, cmd := startServer(t, dir)
	r, err := Dial(address, RemoteOptions{Future: -1})
	if err != nil {
		t.Fatal(err)
	}
	if n := countOf(t, r, `{dataset="d1"}`); n != 300 {
		t.Errorf("the server finds %d rows", n)
	}
	add(t, r, 100, frameOf(100, someTime))
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if n := countOf(t, openTest(t, dir, Options{}), "*"); n != 700 {
		t.Errorf("the store finds %d rows", n)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":"\u00e9\ud83d\ude00\n\\"}`), "x\x00\"\\\xff")
	f.Add([]byte(`{}`), "")
	f.Add([]byte(`{"a":"\ud800"}`), "é")
	f.Add([]byte(`{"a`), "é")
	f.Add([]byte("{\"_msg\":\" \",\"_time\":\"2023\"}\n{\"b\":\"1\"}\ncannot execute"), "\x1f")
	f.Fuzz(func(t *testing.T, p []byte, s string) {
		n := 0
		_, err := readObject(p, nil, func(name, value string) { n += len(name) + len(value) })
		if n > len(p) {
			t.Fatalf("%d bytes out of %d", n, len(p))
		}
		if err != nil && !errors.Is(err, errObject) {
			t.Fatal(err)
		}
		_ = readBlocks(context.Background(), bytes.NewReader(p), func(_ int, b *Block) {
			for i := range b.Columns {
				if len(b.Columns[i]) != b.Rows {
					t.Fatalf("a column of %d values in a block of %d", len(b.Columns[i]), b.Rows)
				}
			}
		})
		line := append(appendJSON([]byte{'{'}, s), ':')
		line = append(appendJSON(line, s), '}')
		if bytes.ContainsAny(line, "\n\r\x00") {
			t.Fatalf("%q is not one line", line)
		}
		if _, err := readObject(line, nil, func(name, value string) {
			if name != s || value != s {
				t.Fatalf("%q came back as %q and %q", s, name, value)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}
