package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadPlaces(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yml": ruleOf("2", "Beta", "x"), "a/z.yaml": ruleOf("1", "Alpha", "x"), "notes.yml": "a: b",
		"a/z.test.yml": "- name: x", "broken.yml": broken + "---\n" + ruleOf("3", "Gamma", "x"), "README.md": "title: x",
		".git/x.yml": ruleOf("9", "Hidden", "x"),
	} {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Load([]string{dir, filepath.Join(dir, "b.yml")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range set.Rules {
		got = append(got, r.Title)
	}
	if s := strings.Join(got, " "); s != "Alpha Beta Gamma" {
		t.Errorf("rules %q", s)
	}
	if set.Refused != 1 || set.Files != 3 || len(set.Ignored) != 1 || len(set.Errors()) == 0 {
		t.Errorf("%d refused, %d files, ignored %v, errors %v", set.Refused, set.Files, set.Ignored, set.Errors())
	}

	// What is named is read, even if it does not look like a rule.
	set, err = Load([]string{filepath.Join(dir, "notes.yml")}, Options{})
	if err != nil || set.Refused != 1 {
		t.Errorf("named file: %+v, %v", set, err)
	}
	for _, place := range []string{filepath.Join(dir, "none"), "pack:none", "builtin:none.yml"} {
		if _, err := Load([]string{place}, Options{}); err == nil {
			t.Errorf("%s: no error", place)
		}
	}
}

// The order of what is loaded depends on the names alone, whatever the number of workers.
func TestLoadIsStable(t *testing.T) {
	one, err := Load(nil, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		many, err := Load(nil, Options{Workers: 8})
		if err != nil {
			t.Fatal(err)
		}
		if len(one.Rules) != len(many.Rules) {
			t.Fatalf("%d and %d rules", len(one.Rules), len(many.Rules))
		}
		for i := range one.Rules {
			if one.Rules[i].Pos != many.Rules[i].Pos {
				t.Fatalf("rule %d is %v and %v", i, one.Rules[i].Pos, many.Rules[i].Pos)
			}
		}
	}
}

func BenchmarkLoadBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load([]string{BuiltinPath}, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
