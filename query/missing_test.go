package query

import (
	"slices"
	"testing"
)

func TestMissingFields(t *testing.T) {
	fields := []string{"source.ip", "user.name", "dataset", "_msg", "_time"}
	for text, want := range map[string][]Missing{
		"":                                  nil,
		"failed user.name:anna message:x":   nil,
		"user.nmae:anna":                    {{Name: "user.nmae", Meant: "user.name", Text: `"user.nmae=anna"`}},
		"src_ip:192.0.2.0/24 | stats count": {{Name: "src_ip", Meant: "source.ip"}},
		"road=udp failed or not road=tcp":   {{Name: "road", Text: `"road=udp"`}},
		"hostname:web1":                     {{Name: "hostname", Text: `"hostname=web1"`}}, // no event has host.name either
		"nothere:*":                         nil,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := q.MissingFields(fields); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}
