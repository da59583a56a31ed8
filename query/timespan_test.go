package query

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	zone := time.FixedZone("", 3600)
	tests := []struct {
		in   string
		end  bool
		want string
	}{
		{"24h", false, "2026-03-09T12:00:00Z"},
		{"90m", true, "2026-03-10T10:30:00Z"},
		{"7d", false, "2026-03-03T12:00:00Z"},
		{"2w", false, "2026-02-24T12:00:00Z"},
		{"3d ago", false, "2026-03-07T12:00:00Z"},
		{"2026-01-31", false, "2026-01-30T23:00:00Z"},
		{"2026-01-31", true, "2026-01-31T22:59:59.999999999Z"},
		{"2026-01-31T12:00:00Z", false, "2026-01-31T12:00:00Z"},
		{"2026-01-31T12:00:00+02:00", false, "2026-01-31T10:00:00Z"},
		{"2026-01-31 12:30", false, "2026-01-31T11:30:00Z"},
		{"2026-01-31T12:30:10", true, "2026-01-31T11:30:10Z"},
		{"yesterday", false, ""},
		{"-5h", false, ""},
		{"99999d", false, ""},
		{"d", false, ""},
		{"", false, ""},
	}
	for _, tt := range tests {
		got, err := ParseBound(tt.in, now, zone, tt.end)
		if s := got.UTC().Format(time.RFC3339Nano); (err != nil) != (tt.want == "") || err == nil && s != tt.want {
			t.Errorf("%q: %s, %v; want %s", tt.in, s, err, tt.want)
		}
	}
}

func TestParseZone(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{"UTC": "12:00", "Europe/Berlin": "14:00", "+05:30": "17:30", "-03:00": "09:00", "Mars/Olympus": ""} {
		zone, err := ParseZone(in)
		if (err != nil) != (want == "") {
			t.Errorf("%s: %v", in, err)
		} else if err == nil && at.In(zone).Format("15:04") != want {
			t.Errorf("%s: %s, want %s", in, at.In(zone), want)
		}
	}
}
