package intel

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
)

func build(tb testing.TB, list ...Indicator) *Lookup {
	tb.Helper()
	b := NewBuilder()
	for i := range list {
		if list[i].Kind == Unknown {
			list[i].Kind, list[i].Value = guess(list[i].Value)
		}
		if _, err := b.Add(&list[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Build().NewLookup()
}

func TestLookup(t *testing.T) {
	l := build(t,
		Indicator{Value: "198.51.100.7", Source: "a", Confidence: 50}, Indicator{Value: "198.51.100.7", Source: "b", Confidence: 90, Description: "c2"},
		Indicator{Value: "198.51.100.0/24", Source: "a", Confidence: 40}, Indicator{Value: "198.51.0.0/16", Source: "a", Confidence: 99},
		Indicator{Value: "198.51.100.64/26", Source: "b", Confidence: 10}, Indicator{Value: "2001:db8:1::/48", Source: "a"}, Indicator{Value: "2001:db8:1:2::/64", Source: "b"},
		Indicator{Value: "203.0.113.5:8443", Source: "a"}, Indicator{Value: "evil.example", Source: "a"}, Indicator{Value: "very.evil.example", Source: "b"},
		Indicator{Value: "hxxps://Bad[.]example:443/a/b?x=1#frag", Source: "a"}, Indicator{Value: "http://bad.example/drop.exe", Source: "a"},
		Indicator{Value: "/login-evil.php", Source: "a"}, Indicator{Value: "d41d8cd98f00b204e9800998ecf8427e", Source: "a"},
		Indicator{Value: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", Source: "a"}, Indicator{Value: "Bad.Man@evil.example", Source: "a"},
		Indicator{Kind: Domain, Value: "evilname", Source: "a"},
	)
	for _, c := range []struct {
		ask, kind, value, source string
	}{
		{"198.51.100.7", "ip", "198.51.100.7", "b"},
		{"198.51.100.8", "network", "198.51.100.0/24", "a"},
		{"198.51.100.70", "network", "198.51.100.64/26", "b"},
		{"198.51.7.7", "network", "198.51.0.0/16", "a"},
		{"::ffff:198.51.7.7", "network", "198.51.0.0/16", "a"},
		{"198.52.0.1", "", "", ""},
		{"2001:db8:1:2::9", "network", "2001:db8:1:2::/64", "b"},
		{"2001:db8:1:3::9", "network", "2001:db8:1::/48", "a"},
		{"2001:db8:2::9", "", "", ""},
		{"203.0.113.5:8443", "endpoint", "203.0.113.5:8443", "a"},
		{"203.0.113.5:443", "", "", ""},
		{"http://203.0.113.5:8443/x", "endpoint", "203.0.113.5", "a"},
		{"www.evil.example", "domain", "evil.example", "a"},
		{"WWW.Very.Evil.Example.", "domain", "very.evil.example", "b"},
		{"notevil.example", "", "", ""},
		{"example", "", "", ""},
		{"evilname", "domain", "evilname", "a"},
		{"www.evilname", "", "", ""},
		{"http://bad.example/a/b?x=1", "url", "bad.example/a/b?x=1", "a"},
		{"http://bad.example/a/b?x=2", "", "", ""},
		{"https://BAD.example/drop.exe?session=7", "url", "bad.example/drop.exe", "a"},
		{"bad.example/drop.exe", "url", "bad.example/drop.exe", "a"},
		{"http://www.evil.example:8080/any", "domain", "evil.example", "a"},
		{"https://198.51.100.7/x", "ip", "198.51.100.7", "b"},
		{"https://[2001:db8:1:2::9]:444/x", "network", "2001:db8:1:2::/64", "b"},
		{"http://any.example/login-evil.php?u=1", "path", "/login-evil.php", "a"},
		{"D41D8CD98F00B204E9800998ECF8427E", "md5", "d41d8cd98f00b204e9800998ecf8427e", "a"},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "a"},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856", "", "", ""},
		{"bad.man@EVIL.example", "email", "bad.man@evil.example", "a"},
		{"good.man@evil.example", "domain", "evil.example", "a"},
		{"10.1.2.3", "", "", ""},
	} {
		var m Match
		ok := l.Any(&m, c.ask, 0)
		if ok != (c.kind != "") {
			t.Errorf("%s: found %v", c.ask, ok)
			continue
		}
		if !ok {
			continue
		}
		if in := l.Indicator(&m); m.Kind.String() != c.kind || m.Value != c.value && !equalFold(m.Value, c.value) || in.Source != c.source {
			t.Errorf("%s: %s %q of %s, want %s %q of %s", c.ask, m.Kind, m.Value, in.Source, c.kind, c.value, c.source)
		}
	}
}

func equalFold(a, b string) bool { return string(appendLower(nil, a)) == string(appendLower(nil, b)) }

func TestValidity(t *testing.T) {
	l := build(t,
		Indicator{Value: "evil.example", Source: "a", From: 1000, Until: 2000}, Indicator{Value: "sub.evil.example", Source: "a", Until: 500},
		Indicator{Value: "198.51.100.0/24", Source: "a", From: 1000}, Indicator{Value: "198.51.100.0/24", Source: "b", Until: 500, Confidence: 80},
		Indicator{Value: "twice.example", Source: "a", From: 100, Until: 200}, Indicator{Value: "twice.example", Source: "a", From: 150, Until: 0, Confidence: 7},
	)
	for _, c := range []struct {
		ask   string
		at    int64
		value string
	}{
		{"sub.evil.example", 499, "sub.evil.example"},
		{"sub.evil.example", 500, ""},
		{"sub.evil.example", 1500, "evil.example"},
		{"evil.example", 999, ""},
		{"evil.example", 1000, "evil.example"},
		{"evil.example", 2000, ""},
		{"198.51.100.1", 700, ""},
		{"198.51.100.1", 400, "198.51.100.0/24"},
		{"198.51.100.1", 1400, "198.51.100.0/24"},
		{"twice.example", 99, ""},
		{"twice.example", 1 << 30, "twice.example"},
	} {
		var m Match
		if ok := l.Any(&m, c.ask, c.at*1e9); ok != (c.value != "") || ok && m.Value != c.value {
			t.Errorf("%s at %d: %v %q, want %q", c.ask, c.at, ok, m.Value, c.value)
		}
	}
	if n := l.Set().Counts()["domain"]; n != 3 {
		t.Errorf("%d domains, want 3: what a source says twice is one", n)
	}
}

// TestNetworksAgainstAll compares the search among nested networks with asking each.
func TestNetworksAgainstAll(t *testing.T) {
	b := NewBuilder()
	var all []netip.Prefix
	x := uint32(12345)
	next := func() uint32 { x = x*1664525 + 1013904223; return x }
	for range 3000 {
		v := next()
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(198 + v%3), byte(v >> 8 % 4), byte(v >> 16), byte(v >> 24)}), int(8+next()>>8%25)).Masked()
		all = append(all, p)
		if _, err := b.Add(&Indicator{Value: p.String(), Kind: Network, Source: fmt.Sprint(next() >> 8 % 3), Confidence: int(next() >> 8 % 100)}); err != nil {
			t.Fatal(err)
		}
	}
	s := b.Build()
	found := 0
	for range 20000 {
		v := next()
		a := netip.AddrFrom4([4]byte{byte(197 + v%5), byte(v >> 8 % 5), byte(v >> 16), byte(v >> 24)})
		best := -1
		for _, p := range all {
			if p.Contains(a) {
				best = max(best, p.Bits())
			}
		}
		p, _, ok := s.inNetwork(a, 0)
		if ok != (best >= 0) || ok && p.Bits() != best {
			t.Fatalf("%s: %v %s, want /%d", a, ok, p, best)
		}
		if ok {
			found++
		}
	}
	if found < 100 {
		t.Fatalf("only %d found: the test shows nothing", found)
	}
}

// million fills a builder with n indicators: a third addresses, a third domains, a third SHA-256, some with words of their own.
func million(tb testing.TB, n int) *Set {
	b := NewBuilder()
	for i := range n {
		in := Indicator{Source: []string{"one", "two", "three"}[i%3], Confidence: 50 + i%5, Until: 2e9}
		switch i % 3 {
		case 0:
			in.Kind, in.Value = IP, netip.AddrFrom4([4]byte{byte(i>>16) + 11, byte(i >> 8), byte(i), 7}).String()
			if i%30 == 0 {
				in.Kind, in.Value = Network, netip.AddrFrom4([4]byte{byte(i>>16) + 60, byte(i >> 8), byte(i), 0}).String()+"/24"
			}
		case 1:
			in.Kind, in.Value = Domain, fmt.Sprintf("host%d.evil-%d.example", i, i%977)
		case 2:
			in.Kind, in.Value = SHA256, fmt.Sprintf("%064x", uint64(i)*0x9E3779B97F4A7C15)
			if i%30 == 2 {
				in.Kind, in.Value = URL, fmt.Sprintf("evil%d.example/a/path/of/some/length/%d.exe", i%1000, i)
			}
		}
		if _, err := b.Add(&in); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Build()
}

// TestMemory keeps two millions below 100 MB, as the heap counts.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := million(t, 2_000_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d indicators: %d MB of heap, %d MB by its own account", s.Len(), took>>20, s.Bytes()>>20)
	if took > 100e6 || s.Len() < 1_990_000 {
		t.Errorf("%d indicators take %d bytes", s.Len(), took)
	}
	runtime.KeepAlive(s)
}

func BenchmarkLookup(b *testing.B) {
	s := million(b, 2_000_000)
	l := s.NewLookup()
	v4 := netip.MustParseAddr("12.34.56.7")
	free := netip.MustParseAddr("200.1.2.3")
	v6 := netip.MustParseAddr("2a00:1450:4001::5")
	var m Match
	for _, c := range []struct {
		name string
		ask  func() bool
	}{
		{"ipv4", func() bool { return l.Address(&m, v4, 443, 1e18) }},
		{"ipv4-unknown", func() bool { return l.Address(&m, free, 443, 1e18) }},
		{"ipv6-unknown", func() bool { return l.Address(&m, v6, 443, 1e18) }},
		{"domain-5-labels", func() bool { return l.Domain(&m, "cdn.static.www.some-shop.example", 1e18) }},
		{"domain-found", func() bool { return l.Domain(&m, "a.b.host4.evil-4.example", 1e18) }},
		{"sha256", func() bool {
			return l.Hash(&m, SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 1e18)
		}},
		{"url", func() bool { return l.URL(&m, "https://www.some-shop.example/basket/items?session=12345&x=y", 1e18) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.ask()
			}
		})
	}
	// What lies in no cache: another value each time.
	b.Run("domain-cold", func(b *testing.B) {
		names := make([]string, 1<<18)
		for i := range names {
			names[i] = fmt.Sprintf("www.static.host%d.evil-%d.example", i*7, i*7%977)
		}
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			l.Domain(&m, names[i&(1<<18-1)], 1e18)
			i += 7919
		}
	})
	b.Run("ipv4-cold", func(b *testing.B) {
		x := uint32(1)
		b.ReportAllocs()
		for b.Loop() {
			x = x*1664525 + 1013904223
			l.Address(&m, netip.AddrFrom4([4]byte{byte(x>>24)%100 + 11, byte(x >> 16), byte(x >> 8), 7}), 0, 1e18)
		}
	})
}
