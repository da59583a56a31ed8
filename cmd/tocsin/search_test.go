package main

import (
	"slices"
	"testing"

	"github.com/tocsin-sec/tocsin/query"
)

// A table has its columns in the order in which the query names them, whatever its first row lacks.
func TestColumnsOf(t *testing.T) {
	for text, want := range map[string][]string{
		"root": nil,
		"* | stats count, dc(source.ip) as addresses by host.name, user.name": {"host.name", "user.name", "count", "addresses"},
		"* | top 5 source.ip":                                    {"source.ip", "count"},
		"* | rare user.name, host.name":                          {"user.name", "host.name", "count"},
		"* | timechart 1h by dataset":                            {"_time", "dataset", "count"},
		"* | uniq host.name":                                     {"host.name"},
		"* | fields user.name, source.ip | head 3":               {"user.name", "source.ip"},
		"* | stats count by host.name | sort -count | head 10":   {"host.name", "count"},
		"* | stats count by host.name | fields - count":          {"host.name"},
		"* | stats count by host.name | fields count, host.name": {"count", "host.name"},
	} {
		q, err := query.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := columnsOf(q); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
