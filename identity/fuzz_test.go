package identity

import (
	"net/netip"
	"strings"
	"testing"
)

func FuzzToken(f *testing.F) {
	text, _ := newTokenText()
	for _, s := range []string{text, text[:len(text)-1], strings.ToUpper(text), "tocsin_", "", "Bearer " + text, text + "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := parseToken(s)
		if ok != (id != "") || ok && (len(s) != tokenLength || !strings.Contains(s, id) || s != strings.ToLower(s) || tokenSumOf(s[:tokenLength-tokenSum]) != s[tokenLength-tokenSum:]) {
			t.Errorf("%q: %q, %v", s, id, ok)
		}
		if token, ok := bearer(s); ok && (len(token) > 200 || !strings.Contains(s, token)) {
			t.Errorf("%q: %q", s, token)
		}
	})
}

func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=3,p=4$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$2a$10$x")
	f.Fuzz(func(t *testing.T, s string) {
		cost, salt, tag, err := decodeHash(s)
		if err != nil {
			return
		}
		if cost.Memory > maxMemory || cost.Passes > maxPasses || cost.Lanes > maxLanes || cost.Memory == 0 || cost.Passes == 0 || cost.Lanes == 0 || len(salt) < 8 || len(tag) < 16 {
			t.Errorf("%q: %+v", s, cost)
		}
		if again, _, _, err := decodeHash(encodeHash(&cost, salt, tag)); err != nil || again != cost {
			t.Errorf("%q is not read again: %v", s, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add("10.0.0.1, 192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "/queue?x#y", "Anna")
	f.Add(",,,", "", "//evil", "anna\x00")
	f.Add("::1%eth0", "Edg/1 Chrome/1 Safari/1 Windows", `/\evil`, "ÀNNA")
	proxies := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	f.Fuzz(func(t *testing.T, forward, agent, back, name string) {
		if a := forwarded(netip.MustParseAddr("10.0.0.9"), []string{forward}, proxies); !a.IsValid() {
			t.Errorf("%q: no address", forward)
		}
		if len(agentClass(agent)) > 30 {
			t.Errorf("%q: %q", agent, agentClass(agent))
		}
		if p := localPath(back); !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n") {
			t.Errorf("%q leads to %q", back, p)
		}
		if c, ok := canonical(name); ok && (c != strings.ToLower(c) || len(c) > 64 || strings.ContainsAny(c, "*()\\\x00 ")) {
			t.Errorf("%q is %q", name, c)
		}
		guessBits(name+agent, []string{back})
	})
}
