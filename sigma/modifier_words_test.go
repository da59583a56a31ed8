package sigma

import (
	"slices"
	"testing"
)

// The reference describes each modifier, and no other.
func TestModifiersDescribed(t *testing.T) {
	var got []string
	for _, m := range Modifiers() {
		got = append(got, m.Names...)
		if m.Text == "" {
			t.Errorf("%v: nothing is said of it", m.Names)
		}
		for _, name := range m.Names {
			if modifierOf(name) == noModifier && name != "all" && name != "neq" {
				t.Errorf("%s is no modifier", name)
			}
		}
	}
	want := modifierNames()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("described are\n%v, the modifiers are\n%v", got, want)
	}
}
