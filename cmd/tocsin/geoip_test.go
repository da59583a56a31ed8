package main

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/settings"
)

// geoEntry is what a database says of a network.
type geoEntry struct {
	network string
	record  map[string]any
}

// writeGeoIP writes a MaxMind database. Source: maxmind.github.io/MaxMind-DB, version 2.0.
func writeGeoIP(tb testing.TB, path string, entries []geoEntry) {
	tb.Helper()
	const none = -1
	tree := [][2]int{{none, none}} // nodes; below none: -2 - the place in the data
	var data []byte
	for _, e := range entries {
		p := netip.MustParsePrefix(e.network)
		bits, a := p.Bits(), p.Addr().As16()
		if p.Addr().Is4() { // they are kept as ::/96
			bits, a[10], a[11] = bits+96, 0, 0
		}
		node := 0
		for i := range bits {
			side := int(a[i/8] >> (7 - i%8) & 1)
			if i == bits-1 {
				tree[node][side] = -2 - len(data)
				break
			}
			if tree[node][side] < 0 {
				tree = append(tree, [2]int{none, none})
				tree[node][side] = len(tree) - 1
			}
			node = tree[node][side]
		}
		data = appendGeo(data, e.record)
	}
	var out []byte
	for _, n := range tree {
		for _, next := range n {
			switch {
			case next == none:
				next = len(tree)
			case next < none:
				next = len(tree) + 16 + (-2 - next)
			}
			out = append(out, byte(next>>16), byte(next>>8), byte(next))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = appendGeo(append(out, "\xab\xcd\xefMaxMind.com"...), map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1790812800), "database_type": "Test-Country",
		"description": map[string]any{"en": "made by a test"}, "ip_version": uint16(6), "languages": []string{"en"}, "node_count": uint32(len(tree)), "record_size": uint16(24),
	})
	if err := os.WriteFile(path, out, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// appendGeo writes a value in the format's data section.
func appendGeo(dst []byte, v any) []byte {
	head := func(kind, size int) {
		more := -1
		if size >= 29 {
			size, more = 29, size-29
		}
		if kind < 8 {
			dst = append(dst, byte(kind<<5|size))
		} else {
			dst = append(dst, byte(size), byte(kind-7))
		}
		if more >= 0 {
			dst = append(dst, byte(more))
		}
	}
	switch v := v.(type) {
	case string:
		head(2, len(v))
		return append(dst, v...)
	case uint16:
		head(5, 2)
		return binary.BigEndian.AppendUint16(dst, v)
	case uint32:
		head(6, 4)
		return binary.BigEndian.AppendUint32(dst, v)
	case uint64:
		head(9, 8)
		return binary.BigEndian.AppendUint64(dst, v)
	case []string:
		head(11, len(v))
		for _, s := range v {
			dst = appendGeo(dst, s)
		}
	case map[string]any:
		head(7, len(v))
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			dst = appendGeo(appendGeo(dst, k), v[k])
		}
	}
	return dst
}

// worldGeoIP writes databases of countries and of networks for the addresses that documentation uses (RFC 5737, RFC 3849).
func worldGeoIP(tb testing.TB) (paths []string) {
	country := func(network, code string) geoEntry {
		return geoEntry{network, map[string]any{"country": map[string]any{"iso_code": code, "names": map[string]any{"en": code}}}}
	}
	dir := tb.TempDir()
	paths = []string{filepath.Join(dir, "country.mmdb"), filepath.Join(dir, "asn.mmdb")}
	writeGeoIP(tb, paths[0], []geoEntry{country("198.51.100.0/25", "DE"), country("198.51.100.128/25", "FR"), country("203.0.113.0/24", "BR"), country("2001:db8:1::/48", "NL")})
	writeGeoIP(tb, paths[1], []geoEntry{{"203.0.113.0/24", map[string]any{"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example Hosting"}}})
	return paths
}

// Addresses are looked up in databases as MaxMind and others make them, also where one of several knows only a part.
func TestPlaces(t *testing.T) {
	opt, err := (&settings.Anomalies{GeoIP: worldGeoIP(t)}).Senses(false)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]sense.Place{
		"198.51.100.7":   {Country: "DE"},
		"198.51.100.200": {Country: "FR"},
		"203.0.113.9":    {Country: "BR", Network: "AS64500 Example Hosting"},
		"2001:db8:1::5":  {Country: "NL"},
		"192.0.2.1":      {},
		"10.0.0.1":       {},
		"2001:db8:2::1":  {},
	} {
		if got := opt.Place(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
}

// What is no database is said when it is opened, and one that is cut off or damaged inside says nothing and breaks nothing.
func TestDamagedPlaces(t *testing.T) {
	path := worldGeoIP(t)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.mmdb")
	refused := 0
	for i := 0; i < len(whole); i += 7 {
		damaged := slices.Clone(whole)
		damaged[i] ^= 0xff
		for _, data := range [][]byte{whole[:i], damaged} {
			if err := os.WriteFile(bad, data, 0o600); err != nil {
				t.Fatal(err)
			}
			opt, err := (&settings.Anomalies{GeoIP: []string{bad}}).Senses(false)
			if err != nil {
				if refused++; !strings.Contains(err.Error(), "anomalies.geoip: open "+bad) {
					t.Fatal(err)
				}
				continue
			}
			for _, a := range []string{"198.51.100.7", "203.0.113.9", "2001:db8:1::5"} {
				opt.Place(netip.MustParseAddr(a))
			}
		}
	}
	if refused < len(whole)/7 {
		t.Errorf("%d of %d damaged databases were refused", refused, 2*len(whole)/7)
	}
}
