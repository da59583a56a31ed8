package respond

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func get(t testing.TB, url, key string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestLists(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	var blocked []Action
	add := func(target string, until int64) {
		blocked = append(blocked, Action{Key: KeyOf("block", target), Kind: "block", Target: target, Until: until})
	}
	l := &Lists{Keys: map[string]string{"nginx": "k1", "haproxy": "k2", "empty": ""}, Sign: private, Now: func() time.Time { return now }, Blocks: func(context.Context) ([]Action, error) { return blocked, nil }}
	server := httptest.NewServer(l.Handler())
	defer server.Close()
	add("203.0.113.7", now.Add(time.Hour).UnixNano())
	add("198.51.100.0/24", 0)
	add("203.0.113.8 out", 0)
	add("203.0.113.9 tcp/22", 0)
	add("203.0.113.10", now.UnixNano())
	for _, key := range []string{"", "k3", "k1 "} {
		if code, _ := get(t, server.URL+"/v1/decisions/stream?startup=true", key); code != http.StatusForbidden && key != "k1 " {
			t.Errorf("key %q: %d", key, code)
		}
	}
	stream := func(query, key string) string {
		_, text := get(t, server.URL+"/v1/decisions/stream"+query, key)
		var s map[string][]decision
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, name := range []string{"new", "deleted"} {
			for _, d := range s[name] {
				words = append(words, name+" "+d.Scope+" "+d.Value+" "+d.Duration)
			}
		}
		return strings.Join(words, ", ")
	}
	if got := stream("?startup=true", "k1"); got != "new Range 198.51.100.0/24 87600h0m0s, new Ip 203.0.113.7 1h0m0s" {
		t.Errorf("at the start: %s", got)
	}
	if got := stream("", "k1"); got != "" {
		t.Errorf("without a change: %s", got)
	}
	blocked = blocked[1:]
	add("2001:db8::1", 0)
	if got := stream("", "k1"); got != "new Ip 2001:db8::1 87600h0m0s, deleted Ip 203.0.113.7 -1s" {
		t.Errorf("after a change: %s", got)
	}
	if got := stream("", "k2"); got != "new Range 198.51.100.0/24 87600h0m0s, new Ip 2001:db8::1 87600h0m0s" {
		t.Errorf("another bouncer: %s", got)
	}
	for query, want := range map[string]string{"?ip=198.51.100.9": "198.51.100.0/24", "?ip=192.0.2.1": "null", "?ip=$(id)": "no address"} {
		if _, text := get(t, server.URL+"/v1/decisions"+query, "k1"); !strings.Contains(text, want) {
			t.Errorf("%s: %s", query, text)
		}
	}
	_, text := get(t, server.URL+"/blocklist.txt", "k2")
	if text != "198.51.100.0/24\n2001:db8::1\n" {
		t.Errorf("list %q", text)
	}
	_, signature := get(t, server.URL+"/blocklist.txt.sig", "k2")
	_, public := get(t, server.URL+"/blocklist.pub", "k2")
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(signature))
	pub, err2 := base64.StdEncoding.DecodeString(strings.TrimSpace(public))
	if err != nil || err2 != nil || !ed25519.Verify(pub, []byte(text), sig) {
		t.Error("the signature does not hold")
	}
}

// Debian's own bouncer enforces what tocsin blocks.
func TestCrowdSecBouncer(t *testing.T) {
	bouncer := parts.Find(t, "crowdsec-firewall-bouncer")
	us, them := newNamespace(t), newNamespace(t)
	connect(t, us, them, 1)
	listen(t, us, "10.7.1.1:80")
	f := newNamespace(t).firewall(t) // tocsin's own firewall is elsewhere
	r := newRig(t, f)
	r.start(t)
	lists := &Lists{Keys: map[string]string{"debian": "sesame"}, Now: time.Now, Blocks: r.Blocked}
	var l net.Listener
	var err error
	us.do(t, func() { l, err = net.Listen("tcp", "127.0.0.1:8080") })
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: lists.Handler(), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	dir := t.TempDir()
	config := `mode: nftables
pid_dir: ` + dir + `
update_frequency: 1s
daemonize: false
log_mode: stdout
log_level: info
api_url: http://127.0.0.1:8080/
api_key: sesame
disable_ipv6: false
deny_action: DROP
deny_log: false
supported_decisions_types: [ban]
blacklists_ipv4: crowdsec-blacklists
blacklists_ipv6: crowdsec6-blacklists
nftables:
  ipv4: {enabled: true, set-only: false, table: crowdsec, chain: crowdsec-chain, priority: -10}
  ipv6: {enabled: true, set-only: false, table: crowdsec6, chain: crowdsec6-chain, priority: -10}
nftables_hooks: [input, forward]
prometheus: {enabled: false, listen_addr: 127.0.0.1, listen_port: 60601}
`
	if err := os.WriteFile(filepath.Join(dir, "bouncer.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Start(t, us.command(bouncer, "-c", filepath.Join(dir, "bouncer.yaml")))
	if !reach(t, them, "10.7.1.1:80") {
		t.Fatal("not reached before")
	}
	a := r.ask(t, Request{Kind: "block", Target: "10.7.1.2", For: time.Hour})
	parts.Wait(t, 20*time.Second, "the bouncer to block", func() bool { return !reach(t, them, "10.7.1.1:80") })
	if _, err := r.Undo(t.Context(), a.Key, "anna", ""); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 20*time.Second, "the bouncer to unblock", func() bool { return reach(t, them, "10.7.1.1:80") })
}
