package live

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// object says how the fields of a shape are written as the nested JSON object that they came from.
type object struct {
	order  []int    // the fields, so that those of one object stand together
	before []string // of each, what stands before its value: names, opening and closing braces
	after  string
}

// nested tells whether a shape has fields of objects, which rules may ask for as a whole.
func nested(s *event.Shape) bool {
	return s.Format != event.WindowsFormat && slices.ContainsFunc(s.Fields(), func(n string) bool { return strings.Contains(n, ".") })
}

// object writes the fields of an event as the record that they came from.
func (r *Rebuild) object(e *event.Event) string {
	o := r.objects[e.Shape]
	if o == nil {
		o = objectOf(e.Shape.Fields())
		if !e.Shape.Transient && len(r.objects) < maxPlans {
			r.objects[e.Shape] = o
		}
	}
	n := len(o.after)
	for _, i := range o.order {
		n += len(o.before[i]) + len(e.Values[i].Raw) + 2
	}
	dst := make([]byte, 0, n)
	for _, i := range o.order {
		dst = append(dst, o.before[i]...)
		if v := e.Values[i]; v.Kind == event.Text {
			dst = event.AppendQuoted(dst, v.Raw)
		} else {
			dst = append(dst, v.Raw...)
		}
	}
	return string(append(dst, o.after...))
}

func objectOf(names []string) *object {
	o := &object{before: make([]string, len(names))}
	paths := make([][]string, len(names))
	for i, n := range names {
		o.order = append(o.order, i)
		paths[i] = strings.Split(n, ".")
	}
	slices.SortStableFunc(o.order, func(a, b int) int { return slices.Compare(paths[a], paths[b]) })
	var open []string
	first := true
	for _, i := range o.order {
		path := paths[i]
		same := 0
		for same < len(open) && same < len(path)-1 && open[same] == path[same] {
			same++
		}
		var b []byte
		if first {
			b = append(b, '{')
		}
		for range len(open) - same {
			b = append(b, '}')
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		for _, p := range path[same : len(path)-1] {
			b = append(event.AppendQuoted(b, p), ':', '{')
		}
		b = append(event.AppendQuoted(b, path[len(path)-1]), ':')
		open = path[:len(path)-1]
		o.before[i] = string(b)
	}
	o.after = strings.Repeat("}", len(open)+1)
	return o
}
