package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Rules  []string            `yaml:"rules"`
	Level  string              `yaml:"level"`
	Jobs   int                 `yaml:"jobs"`
	Names  map[string][]string `yaml:"names"`
	Inner  inner               `yaml:"inner"`
	Many   []inner             `yaml:"many"`
	Hidden string
}

type inner struct {
	Wait  time.Duration `yaml:"wait"`
	On    bool          `yaml:"on"`
	Ratio float64       `yaml:"ratio"`
}

func TestLoad(t *testing.T) {
	const text = `
rules: [builtin, "my rules"]
level: high
jobs: 3
names:
  admins: [root, adm*]
  one: alone
inner: {wait: 90s, on: true}
many:
  - ratio: 0.5
  - &a
    wait: 1h
  - *a
`
	got := sample{Hidden: "kept", Inner: inner{Ratio: 2}}
	if err := Load("x.yml", []byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := sample{
		Rules: []string{"builtin", "my rules"}, Level: "high", Jobs: 3, Hidden: "kept",
		Names: map[string][]string{"admins": {"root", "adm*"}, "one": {"alone"}},
		Inner: inner{Wait: 90 * time.Second, On: true, Ratio: 2},
		Many:  []inner{{Ratio: 0.5}, {Wait: time.Hour}, {Wait: time.Hour}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, empty := range []string{"", "# nothing\n", "level:\n"} {
		if err := Load("x.yml", []byte(empty), &got); err != nil || got.Level != "high" {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestLoad_mistakes(t *testing.T) {
	const text = `rules: builtin
levle: high
jobs: many
jobs: 2
inner:
	tab: 1
`
	const many = `levle: high
jobs: many
jobs: 2
inner: [1]
many:
  - wait: soon
    on: maybe
names: {a: {b: c}}
other: 1
`
	tests := []struct{ text, want string }{
		{text, "x.yml:6:"},
		{"- a", `x.yml:1:1: expected keys and values, not a list
  1 | - a
    | ^`},
		{"a: [", "x.yml:"},
		{many, `x.yml:1:1: unknown key "levle"
  1 | levle: high
    | ^^^^^
    = did you mean "level"?
x.yml:2:7: expected a whole number, not "many"
  2 | jobs: many
    |       ^^^^
x.yml:3:1: key "jobs" is set twice
  3 | jobs: 2
    | ^^^^
    = it is first set on line 2
x.yml:4:8: expected keys and values, not a list
  4 | inner: [1]
    |        ^
x.yml:6:11: expected a duration such as 90s, 5m or 24h, not "soon"
  6 |   - wait: soon
    |           ^^^^
x.yml:7:9: expected true or false, not "maybe"
  7 |     on: maybe
    |         ^^^^^
x.yml:8:12: expected a text, not keys and values
  8 | names: {a: {b: c}}
    |            ^
x.yml:9:1: unknown key "other"
  9 | other: 1
    | ^^^^^
    = the keys are rules, level, jobs, names, inner, many`},
	}
	for _, tt := range tests {
		err := Load("x.yml", []byte(tt.text), new(sample))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s\ngot:\n%v\nwant:\n%s", tt.text, err, tt.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"rules: [a]\n", "a: &a [*a]\n", "inner: {wait: 5}\n", "? [a]\n: b\n", "\t", "%YAML 9\n---\n", "a: b: c\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if err := Load("x.yml", []byte(s), new(sample)); err != nil && err.Error() == "" {
			t.Errorf("%q: an error without a word", s)
		}
	})
}
