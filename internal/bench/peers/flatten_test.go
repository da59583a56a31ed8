package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/sigma"
)

const twoRules = `title: a
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: \cmd.exe, CommandLine|contains: x}, condition: s}
---
title: b
logsource: {product: windows, service: security}
detection: {s: {EventID: 4688}, condition: s}
---
title: c
logsource: {product: linux}
detection: {s: {a: b}, condition: s}
`

// TestFlatten writes one event of two log sources, which has other names for what rules ask.
func TestFlatten(t *testing.T) {
	set, diags := sigma.Load("two.yml", []byte(twoRules), sigma.LoadOptions{})
	if len(set) != 3 {
		t.Fatal(diags)
	}
	r, err := newRoutes(set)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in.json")
	event := `{"Channel":"Security","EventID":4688,"Hostname":"h","NewProcessName":"C:\\cmd.exe","Nested":{"a":1}}`
	if err := os.WriteFile(in, []byte(event+"\n"+event+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, plain := range []bool{false, true} {
		name := filepath.Join(dir, "out.jsonl")
		places, err := r.flatten(t.Context(), []string{in}, name, plain)
		if err != nil {
			t.Fatal(err)
		}
		if len(places) != 2 || places[1] != (place{in, 2}) {
			t.Errorf("places are %v", places)
		}
		lines, err := readLines(name)
		if err != nil || len(lines) != 2 {
			t.Fatal(len(lines), err)
		}
		var got map[string]any
		if err := json.Unmarshal(lines[1], &got); err != nil {
			t.Fatal(err)
		}
		if got["Image"] != `C:\cmd.exe` || got["NewProcessName"] != got["Image"] || got["n0"] != 1.0 {
			t.Errorf("the event is %v", got)
		}
		if numbers, _ := got["n1"].([]any); !plain && !slices.Equal(numbers, []any{0.0, 1.0}) {
			t.Errorf("its log sources are %v", got["n1"])
		}
		if plain && (got["product"] != "windows" || got["service"] != "security" || got["category"] != "process_creation") {
			t.Errorf("its log source is %v", got)
		}
	}
	if p := string(r.pipeline()); strings.Count(p, "add_condition") != 3 {
		t.Errorf("the pipeline is\n%s", p)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		difference
		fault string
	}{
		{difference{Rule: "refused", Rsigma: []int{1}}, "nobody"},
		{difference{Rule: "f6de9536-0441-4b3f-a646-f4e00f300ffd", Tocsin: []int{1}}, "rsigma"},
		{difference{Rule: "x", Tocsin: []int{1}, Verdict: "true"}, "rsigma"},
		{difference{Rule: "x", Rsigma: []int{1}, Verdict: "false"}, "rsigma"},
		{difference{Rule: "x", Rsigma: []int{1}, Verdict: "true"}, "tocsin"},
		{difference{Rule: "x", Tocsin: []int{1}, Verdict: "false"}, "tocsin"},
		{difference{Rule: "x", Tocsin: []int{1}, Verdict: "error: no"}, "unexplained"},
	} {
		c.explain(map[string]string{"refused": "why"})
		if c.Fault != c.fault || c.Cause == "" {
			t.Errorf("%+v: fault of %s, not %s", c.difference, c.Fault, c.fault)
		}
	}
}
