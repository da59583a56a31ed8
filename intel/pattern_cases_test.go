package intel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// TestPatternCases holds the engine against the cases of the reference data. With TOCSIN_PREDICTIONS it writes what it says
// to that file, for the neutral scorer.
func TestPatternCases(t *testing.T) {
	data, err := os.ReadFile(refdata.Path(t, "cases/stix_patterns.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var c struct {
			ID, Version, Pattern string
			Expected             any
			Observations         []json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n++
		matched, err := runCase(c.Pattern, c.Version, c.Observations)
		var got any = matched
		if err != nil {
			got = "error"
		}
		if got != c.Expected {
			t.Errorf("%s %s %s: %v (%v), want %v", c.ID, c.Version, c.Pattern, got, err, c.Expected)
		}
		line, _ := json.Marshal(map[string]any{"id": c.ID, "match": matched && err == nil, "error": err != nil})
		out.Write(append(line, '\n'))
	}
	if n < 100 {
		t.Fatalf("only %d cases", n)
	}
	if to := os.Getenv("TOCSIN_PREDICTIONS"); to != "" {
		if err := os.WriteFile(to, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func runCase(pattern, version string, raw []json.RawMessage) (bool, error) {
	v := Version21
	if version == "v20" {
		v = Version20
	}
	p, err := ParsePattern(pattern, v)
	if err != nil {
		return false, err
	}
	var all []Observation
	for _, r := range raw {
		list, err := readObservations(r)
		if err != nil {
			return false, err
		}
		all = append(all, list...)
	}
	return p.Match(all)
}
