package serve

import "testing"

func TestNoPasswordsInSettings(t *testing.T) {
	for in, want := range map[string]string{
		"state: postgres://tocsin:sesame@db.example.com/tocsin": "state: postgres://tocsin:...@db.example.com/tocsin",
		"url: https://logs.example.com:9428 # a@b":              "url: https://logs.example.com:9428 # a@b",
	} {
		if got := inURL.ReplaceAllString(in, "${1}...@"); got != want {
			t.Errorf("%s is shown as %s", in, got)
		}
	}
}
