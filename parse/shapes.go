package parse

import "github.com/tocsin-sec/tocsin/event"

// fieldShapes finds the shape of a list of names without making a key for the interner each time.
type fieldShapes struct {
	env  *Env
	seen map[uint64]*event.Shape
}

// of returns the shape of these names; the caller may use the slice again.
func (f *fieldShapes) of(format *event.Format, names []string) *event.Shape {
	const prime = 1099511628211 // FNV-1a, 64 bits, over lengths and some bytes: a wrong guess is only slow
	h := uint64(14695981039346656037)
	for _, n := range names {
		h = (h ^ uint64(len(n))) * prime
		for i := 0; i < len(n); i += 3 {
			h = (h ^ uint64(n[i])) * prime
		}
		if n != "" {
			h = (h ^ uint64(n[len(n)-1])) * prime
		}
	}
	if s := f.seen[h]; s != nil && s.Format == format && equalNames(s.Fields(), names) {
		return s
	}
	s := f.env.Shapes.Intern(format, names)
	if s.Transient || len(f.seen) >= event.MaxShapes {
		return s
	}
	if f.seen == nil {
		f.seen = make(map[uint64]*event.Shape)
	}
	f.seen[h] = s
	return s
}

func equalNames(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
