package config

import (
	"encoding/json"
	"os"
	"path/filepath"
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
	if _, err := Load("x.yml", []byte(text), &got); err != nil {
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
		if _, err := Load("x.yml", []byte(empty), &got); err != nil || got.Level != "high" {
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
    = the keys are wait, on, ratio
x.yml:6:11: expected a duration such as 90s, 5m, 24h or 7d, not "soon"
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
		{"ratio: 1\n", "x.yml:1:1: unknown key \"ratio\"\n  1 | ratio: 1\n    | ^^^^^\n    = did you mean \"inner.ratio\" or \"many.ratio\"?"},
		{"inner:\n  jobs: 2\n", "x.yml:2:3: unknown key \"jobs\"\n  2 |   jobs: 2\n    |   ^^^^\n    = did you mean \"jobs\" at the left margin?"},
	}
	for _, tt := range tests {
		_, err := Load("x.yml", []byte(tt.text), new(sample))
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
		if _, err := Load("x.yml", []byte(s), new(sample)); err != nil && err.Error() == "" {
			t.Errorf("%q: an error without a word", s)
		}
	})
}

type service struct {
	embedded `yaml:",inline"`
	Listen   string        `yaml:"listen" doc:"where it listens" example:"127.0.0.1:80"`
	Token    string        `yaml:"token" secret:"true" doc:"who may come in"`
	Keep     time.Duration `yaml:"keep" default:"30d" doc:"how long"`
	Parts    []inner       `yaml:"parts"`
	One      *inner        `yaml:"one"`
}

type embedded struct {
	Name string `yaml:"name"`
}

func TestDocumentPlacesMistakes(t *testing.T) {
	text := "name: a\nkeep: 7d\nparts:\n  - wait: 1s\n  - wait: 2s\none:\n"
	var got service
	doc, err := Load("x.yml", []byte(text), &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "a" || got.Keep != 7*24*time.Hour || len(got.Parts) != 2 || got.One == nil {
		t.Errorf("read %+v", got)
	}
	doc.Fail("parts[1].wait", "", "too long")
	doc.Fail("parts[1].other", "", "not there")
	err = doc.Err()
	for _, want := range []string{"x.yml:5:11: too long", "x.yml:5:5: not there"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func TestSecretsDoNotStandInTheFile(t *testing.T) {
	var got service
	_, err := Load("x.yml", []byte("token: hunter2\n"), &got)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "x.yml:1:8: a secret") {
		t.Errorf("error %v", err)
	}
	doc, err := Load("x.yml", []byte("listen: 'https://u:hunter2@x' # one\nparts: {token: hunter2, wiat: 1s}\n"), &got)
	if err == nil {
		t.Fatal("an unknown key is no mistake")
	}
	doc.FailSecret("listen", "put it elsewhere")
	doc.Fail("listen", "", "no address")
	err = doc.Err()
	if err == nil || strings.Contains(err.Error(), "x@") || strings.Count(err.Error(), "x.yml:1:9: ") != 2 || !strings.Contains(err.Error(), "put it elsewhere") {
		t.Errorf("error %v", err)
	}
	if got.Token != "" {
		t.Errorf("token %q was taken", got.Token)
	}
	t.Setenv("A_TOKEN", "s3")
	if _, err := Load("x.yml", []byte("token: env:A_TOKEN\n"), &got); err != nil {
		t.Fatal(err)
	}
	if s, err := Secret(got.Token); err != nil || s != "s3" {
		t.Errorf("Secret gave %q, %v", s, err)
	}
	name := filepath.Join(t.TempDir(), "token")
	if _, err := Secret("file:" + name); err == nil {
		t.Error("a missing file is no error")
	}
	if err := os.WriteFile(name, []byte(" from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Secret("file:" + name); err != nil || s != "from a file" {
		t.Errorf("Secret gave %q, %v", s, err)
	}
}

// What Print writes is read again as the same.
func TestPrintIsReadAgain(t *testing.T) {
	in := service{embedded: embedded{"yes"}, Listen: "0.0.0.0:80", Keep: 36 * time.Hour, Parts: []inner{{Wait: time.Second}, {}}, Token: "env:X"}
	text := Print(&in)
	var out service
	if _, err := Load("x.yml", []byte(text), &out); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("%+v was read as %+v from\n%s", in, out, text)
	}
	for _, want := range []string{"# where it listens\nlisten: \"0.0.0.0:80\"\n", "keep: 36h\n", "# one:\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestSchema(t *testing.T) {
	var s struct {
		Properties map[string]struct {
			Type                 any
			Description, Default string
			Pattern              string
		}
		AdditionalProperties bool
	}
	if err := json.Unmarshal(Schema(&service{}, "a service"), &s); err != nil {
		t.Fatal(err)
	}
	if p := s.Properties["keep"]; p.Type != "string" || p.Description != "how long" || p.Default != "30d" {
		t.Errorf("keep is %+v", p)
	}
	if s.Properties["token"].Pattern != "^(env|file):" || s.Properties["name"].Type != "string" {
		t.Errorf("properties are %+v", s.Properties)
	}
}
