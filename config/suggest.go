package config

import (
	"fmt"
	"reflect"
	"strings"
)

// suggest is the hint for a key that is not known where it stands: one of those that are, or where else it belongs.
func (r *reader) suggest(word string, names []string) string {
	word = strings.ToLower(word)
	for _, n := range names {
		if near(word, n) {
			return fmt.Sprintf("did you mean %q?", n)
		}
	}
	if places := placesOf(r.root, word, "", nil); len(places) > 0 && len(places) <= maxPlaces {
		return "did you mean " + strings.Join(places, " or ") + "?"
	}
	return listed(names)
}

func listed(names []string) string { return "the keys are " + strings.Join(names, ", ") }

// maxPlaces bounds how many places of a key are told; one that stands in more of them, such as listen, says nothing.
const maxPlaces = 3

// placesOf returns the paths of the keys of a struct, and of the structs in it, that have a name. Elements of maps are
// left out: what is set for each of many is not where a key at the wrong place was meant to be.
func placesOf(t reflect.Type, name, under string, found []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || strings.Count(under, ".") > maxPlaces {
		return found
	}
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			found = placesOf(f.Type, name, under, found)
		case key == "" || key == "-":
		case key == name:
			place := fmt.Sprintf("%q", join(under, key))
			if under == "" {
				place += " at the left margin"
			}
			found = append(found, place)
		default:
			found = placesOf(f.Type, name, join(under, key), found)
		}
	}
	return found
}

// near tells whether one character more, less, other or in the wrong place makes a of b.
func near(a, b string) bool {
	if a == b || a+"s" == b || a == b+"s" {
		return true
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	x, y := a[i:], b[i:]
	switch {
	case x == "" || y == "":
		return len(x)+len(y) == 1
	case x[1:] == y || x == y[1:] || x[1:] == y[1:]:
		return true
	}
	return len(x) > 1 && len(y) > 1 && x[0] == y[1] && x[1] == y[0] && x[2:] == y[2:]
}
