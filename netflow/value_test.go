package netflow

import (
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		kind kind
		raw  string
		want string
		as   event.Kind
	}{
		"byte":                 {unsigned, "\x2a", "42", event.Number},
		"three bytes":          {unsigned, "\x01\x00\x00", "65536", event.Number},
		"eight bytes":          {unsigned, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615", event.Number},
		"too many":             {unsigned, "\x00\x00\x00\x00\x00\x00\x00\x00\x01", "000000000000000001", event.Text},
		"none":                 {unsigned, "", "", event.Missing},
		"negative":             {signed, "\xff\xfe", "-2", event.Number},
		"negative, eight":      {signed, "\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808", event.Number},
		"float":                {float, "\x3f\xc0\x00\x00", "1.5", event.Number},
		"no number":            {float, "\x7f\xc0\x00\x00", "NaN", event.Text},
		"true":                 {boolean, "\x01", "true", event.Bool},
		"false":                {boolean, "\x02", "false", event.Bool},
		"IPv4":                 {address, "\xc0\x00\x02\x01", "192.0.2.1", event.Text},
		"IPv6":                 {address, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "2001:db8::1", event.Text},
		"address of no family": {address, "\x01\x02", "0102", event.Text},
		"mac":                  {mac, "\x00\x1b\x21\xbc\x24\xdd", "00:1b:21:bc:24:dd", event.Text},
		"text":                 {text, "eth0\x00\x00x", "eth0", event.Text},
		"application":          {appID, "\x0d\x00\x01\xaf", "13:431", event.Text},
		"of an enterprise":     {appID, "\x14\x00\x00\x30\x44\x00\x00\x8f\x34", "20:12356:36660", event.Text},
		"access list":          {aclID, "\x0f\x8e\x7f\xf3\xfc\x1a\x03\x0f\x00\x00\x00\x00", "0f8e7ff3-fc1a030f-00000000", event.Text},
		"unknown number":       {unknown, "\x00\x00\x01\x00", "256", event.Number},
		"unknown text":         {unknown, "some words", "some words", event.Text},
		"unknown bytes":        {unknown, "\x01\x02\x03\x04\x05\x06\x07\x08\x09", "010203040506070809", event.Text},
		"seconds":              {seconds, "\x65\xe4\x66\xc0", "2024-03-03T12:02:08Z", event.Text},
		"milliseconds":         {millis, "\x00\x00\x01\x8e\x04\x30\x00\x05", "2024-03-03T12:36:11.013Z", event.Text},
		"no time":              {millis, "\x00\x00\x00\x00\x00\x00\x00\x00", "", event.Missing},
		"microseconds":         {micros, "\xe9\x8f\x11\x40\x80\x00\x00\x00", "2024-03-03T12:02:08.5Z", event.Text},
	} {
		t.Run(name, func(t *testing.T) {
			got, as := appendValue([]byte("x"), c.kind, c.raw)
			if c.kind == millis && c.want != "" || c.kind == micros || c.kind == seconds && c.want != "" {
				a, err := time.Parse(time.RFC3339Nano, string(got[1:]))
				ns, _ := timeOf(c.kind, c.raw)
				if err != nil || a.UnixNano() != ns || as != c.as {
					t.Errorf("%s (%v), %d", got[1:], err, ns)
				}
				return
			}
			if string(got[1:]) != c.want || as != c.as {
				t.Errorf("%s as %d", got[1:], as)
			}
		})
	}
}

// Times are written as package time writes them.
func TestAppendTime(t *testing.T) {
	for _, ns := range []int64{1, 1e3, 1e6, 1e9, 1709467200e9, 1709467200e9 + 5e6, 1709467200e9 + 123_456_000, 1709467200e9 + 7, -1, -1e6, 9223372036e9} {
		got := string(appendTime(nil, ns))
		back, err := time.Parse(time.RFC3339Nano, got)
		if err != nil || back.UnixNano() != ns {
			t.Errorf("%d: %s, %v", ns, got, err)
		}
	}
	if got := string(appendTime(nil, 1709467200e9+5e6)); got != "2024-03-03T12:00:00.005Z" {
		t.Error(got)
	}
}

func TestElements(t *testing.T) {
	if n := len(elements); n < 650 {
		t.Errorf("%d elements", n)
	}
	for name, c := range map[string]struct {
		version    int
		enterprise uint32
		id         uint16
	}{
		"octetDeltaCount":             {9, 0, 1},
		"ipv6ExtensionHeaders":        {10, 0, 64},
		"applicationName":             {9, 0, 96},
		"bgpNextAdjacentAsNumber":     {10, 0, 128},
		"firewallEvent":               {10, 0, 233},
		"observationTimeMilliseconds": {9, 0, 323},
		"natThresholdEvent":           {10, 0, 467},
		"paloAltoUserID":              {9, 0, 56702},
		"reverseOctetDeltaCount":      {10, 29305, 1},
		"reverseInitialTCPFlags":      {10, 6871, 14 | 0x4000},
		"vmwareTenantProtocol":        {10, 6876, 880},
		"enterprise4242element7":      {10, 4242, 7},
		"element65":                   {10, 0, 65},
	} {
		if got := elementOf(c.version, c.enterprise, c.id).name; got != name {
			t.Errorf("%s, want %s", got, name)
		}
	}
}
