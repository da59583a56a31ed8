package main

import "testing"

func TestShellQuoted(t *testing.T) {
	for in, want := range map[string]string{"a/b.yml": "a/b.yml", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "builtin:x": "builtin:x", "$x": "'$x'", "ä": "ä"} {
		if got := shellQuoted(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
