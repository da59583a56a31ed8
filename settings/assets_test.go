package settings

import (
	"testing"

	"github.com/tocsin-sec/tocsin/alert"
)

func TestWorth(t *testing.T) {
	worth := WorthOf([]Asset{{"db*.example.com", 3}, {"10.1.0.0/16", 0}, {"anna", 20}, {"test-*", 0.5}, {"*", 0.8}})
	for name, want := range map[string]float64{
		"DB7.example.com": 3, "db.example.org": 0.8, "10.1.2.3": 2, "10.2.2.3": 0.8, "Anna": 10, "test-1": 0.8, "pc": 0.8,
	} {
		if got := worth(alert.Entity{Name: name}); got != want {
			t.Errorf("%s is worth %g, want %g", name, got, want)
		}
	}
	if WorthOf(nil) != nil {
		t.Error("nothing is said, and yet asked for")
	}
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{{"", "", true}, {"*", "", true}, {"a*b*c", "axxbc", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"**", "x", true}} {
		if glob(c.pattern, c.text) != c.want {
			t.Errorf("%q of %q", c.text, c.pattern)
		}
	}
}
