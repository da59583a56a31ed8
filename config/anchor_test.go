package config

import (
	"reflect"
	"testing"
)

type anchoredInput struct {
	Paths   []string          `yaml:"paths" path:"true"`
	Exclude []string          `yaml:"exclude" path:"glob"`
	Cert    string            `yaml:"cert" path:"true"`
	Secret  string            `yaml:"secret" secret:"true"`
	Headers map[string]string `yaml:"headers"`
	Name    string            `yaml:"name"`
}

// TestAnchor has each kind of path in each kind of place.
func TestAnchor(t *testing.T) {
	type file struct {
		Inline anchoredInput             `yaml:",inline"`
		List   []anchoredInput           `yaml:"list"`
		Map    map[string]*anchoredInput `yaml:"map"`
		Ptr    *anchoredInput            `yaml:"ptr"`
	}
	in := func() anchoredInput {
		return anchoredInput{
			Paths: []string{"logs/*.log", "/var/log", "-"}, Exclude: []string{"*.gz", "old/*"}, Cert: "tls/cert.pem", Secret: "file:token",
			Headers: map[string]string{"a": "file:../b", "c": "plain/text", "e": "env:X"}, Name: "a/b",
		}
	}
	want := anchoredInput{
		Paths: []string{"/etc/tocsin/logs/*.log", "/var/log", "-"}, Exclude: []string{"*.gz", "/etc/tocsin/old/*"}, Cert: "/etc/tocsin/tls/cert.pem",
		Secret: "file:/etc/tocsin/token", Headers: map[string]string{"a": "file:/etc/b", "c": "plain/text", "e": "env:X"}, Name: "a/b",
	}
	one := in()
	other := in()
	f := file{Inline: in(), List: []anchoredInput{in()}, Map: map[string]*anchoredInput{"x": &one}, Ptr: &other}
	Anchor(&f, "/etc/tocsin")
	for i, got := range []anchoredInput{f.Inline, f.List[0], *f.Map["x"], *f.Ptr} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d: %+v", i, got)
		}
	}
	Anchor(&f, "/elsewhere")
	if f.Inline.Cert != want.Cert {
		t.Errorf("an absolute path became %s", f.Inline.Cert)
	}
	Anchor(&file{}, "/etc") // nothing to do
}
