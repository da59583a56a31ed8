package parse

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		in   string
		zone *time.Location
		want string // RFC 3339 in UTC; "" is no time
	}{
		{"2020-10-22T02:57:58.116Z", nil, "2020-10-22T02:57:58.116Z"},
		{"2020-10-22 02:57:58.116", nil, "2020-10-22T02:57:58.116Z"},
		{"2020-10-22 02:57:58,116", berlin, "2020-10-22T01:57:58.116Z"},
		{"2020-10-22T02:57:58.1165432109Z", berlin, "2020-10-22T02:57:58.11654321Z"},
		{"2020-10-22T02:57:58+02:00", nil, "2020-10-22T00:57:58Z"},
		{"2020-10-22T02:57:58.5-0730", nil, "2020-10-22T10:27:58.5Z"},
		{"2020-10-22T02:57:58-07", nil, "2020-10-22T09:57:58Z"},
		{"2020-10-22 02:57:58 UTC", berlin, "2020-10-22T02:57:58Z"},
		{"2020/10/22 02:57:58", nil, "2020-10-22T02:57:58Z"},
		{"2024-02-29T00:00:00Z", nil, "2024-02-29T00:00:00Z"},
		{"2023-02-29T00:00:00Z", nil, ""},
		{"2023-13-01T00:00:00Z", nil, ""},
		{"2023-12-01T00:61:00Z", nil, ""},
		{"1601-01-01T00:00:00Z", nil, ""},
		{"9999-12-31T23:59:59Z", nil, ""},
		{"2020-10-22T02:57:58 and more", nil, ""},
		{"10/Oct/2000:13:55:36 -0700", nil, "2000-10-10T20:55:36Z"},
		{"[10/Oct/2000:13:55:36 +0000]", nil, "2000-10-10T13:55:36Z"},
		{"1603335478", nil, "2020-10-22T02:57:58Z"},
		{"1603335478.116", nil, "2020-10-22T02:57:58.116Z"},
		{"1603335478116", nil, "2020-10-22T02:57:58.116Z"},
		{"1603335478116543", nil, "2020-10-22T02:57:58.116543Z"},
		{"1603335478116543210", nil, "2020-10-22T02:57:58.11654321Z"},
		{"99999999999", nil, ""},
		{"/Date(1603335478116)/", nil, "2020-10-22T02:57:58.116Z"},
		{"Thu, 22 Oct 2020 02:57:58 GMT", nil, "2020-10-22T02:57:58Z"},
		{"Thu Oct 22 02:57:58 2020", berlin, "2020-10-22T01:57:58Z"},
		{"10/22/2020 2:57:58 AM", nil, "2020-10-22T02:57:58Z"},
		{"Oct 22, 2020 2:57:58 PM", nil, "2020-10-22T14:57:58Z"},
		{"never", nil, ""},
		{"", nil, ""},
	} {
		ns, ok := parseTime(c.in, c.zone)
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("parseTime(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestParseTimeAgreesWithTheLibrary(t *testing.T) {
	for at := time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC); at.Year() < maxYear; at = at.Add(37*time.Hour + 61*time.Second + 1234567) {
		s := at.Format(time.RFC3339Nano)
		if ns, ok := parseRFC3339(s, nil); !ok || ns != at.UnixNano() {
			t.Fatalf("parseRFC3339(%q) = %d, %v, want %d", s, ns, ok, at.UnixNano())
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2020-10-22T02:57:58.116Z")
	f.Add("1603335478.116")
	f.Add("10/Oct/2000:13:55:36 -0700")
	f.Add("[[[[[[[[")
	f.Add("2020-10-22T2:57:58.116Z")
	f.Fuzz(func(t *testing.T, s string) {
		ns, ok := parseTime(s, nil)
		if !ok && ns != 0 {
			t.Errorf("parseTime(%q) = %d without ok", s, ns)
		}
		if at, err := time.Parse(time.RFC3339, s); err == nil && len(s) <= 64 && at.Year() > 1970 && at.Year() < maxYear {
			if ns != at.UnixNano() {
				t.Errorf("parseTime(%q) = %d, want %d", s, ns, at.UnixNano())
			}
		}
	})
}

func BenchmarkParseRFC3339(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := parseRFC3339("2020-10-22T02:57:58.116Z", nil); !ok {
			b.Fatal("no time")
		}
	}
}
