package store

import "strings"

// maxBlockNames bounds the names of one dataset that the engine can have in memory at once. Where rows of one stream have
// more than 2,000 names between them before they are first written, it leaves rows out.
const maxBlockNames = 1_960

// nameBudget knows the names that the engine may have in memory, by dataset, and what fits beside them.
type nameBudget map[string]*nameSet

// nameSet is the names of one dataset.
type nameSet struct {
	known map[string]bool
	order []string // names of the row before by place: most rows are like the one before
}

// of returns the set of a dataset.
func (b nameBudget) of(dataset string) *nameSet {
	s := b[dataset]
	if s == nil {
		s = &nameSet{known: make(map[string]bool)}
		b[strings.Clone(dataset)] = s
	}
	return s
}

// take counts names, and says whether all of them fit. If not, none is counted.
func (s *nameSet) take(names []string) bool {
	fresh, same := 0, true
	for i, n := range names {
		if i < len(s.order) && s.order[i] == n {
			continue
		}
		same = false
		if !s.known[n] {
			fresh++
		}
	}
	if same {
		return true
	}
	if len(s.known)+fresh > maxBlockNames {
		return false
	}
	for i, n := range names {
		if i < len(s.order) && s.order[i] == n {
			continue
		}
		if !s.known[n] {
			n = strings.Clone(n)
			s.known[n] = true
		} else if i < 64 {
			n = strings.Clone(n)
		} else {
			continue
		}
		s.place(i, n)
	}
	return true
}

// place remembers where a row had a name.
func (s *nameSet) place(i int, name string) {
	switch {
	case i < len(s.order):
		s.order[i] = name
	case i == len(s.order):
		s.order = append(s.order, name)
	}
}

// fold keeps the names of a row that are known, and makes one column of the rest. It returns how many fields it moved.
func (s *nameSet) fold(r *plainRow) int {
	kept, more := 0, -1
	var text []byte
	moved := 0
	for i, n := range r.names {
		switch {
		case n == More:
			more = i
		case s.known[n] || owned(n):
			r.names[kept], r.values[kept] = n, r.values[i]
			kept++
		default:
			moved++
			text = append(text, ' ')
			text = append(text, n...)
			text = append(text, '=')
			text = append(text, r.values[i]...)
		}
	}
	if more >= 0 {
		text = append([]byte(" "+r.values[more]), text...)
	}
	r.names, r.values = r.names[:kept], r.values[:kept]
	if len(text) > 0 {
		r.add(More, string(text[1:]))
	}
	return moved
}

// plainRow is one row, decoded.
type plainRow struct {
	names, values []string
}

func (r *plainRow) reset() { r.names, r.values = r.names[:0], r.values[:0] }

func (r *plainRow) add(name, value string) {
	r.names = append(r.names, name)
	r.values = append(r.values, value)
}

// foldAfter makes one column of all fields from a place on. It returns how many it moved.
func (r *plainRow) foldAfter(n int) (moved int) {
	var text []byte
	last := len(r.names)
	for i := n; i < last; i++ {
		if r.names[i] == More || r.names[i] == Cut {
			continue
		}
		moved++
		text = append(text, ' ')
		text = append(text, r.names[i]...)
		text = append(text, '=')
		text = append(text, r.values[i]...)
	}
	for i := n; i < last; i++ {
		switch r.names[i] {
		case More:
			text = append([]byte(" "+r.values[i]), text...)
		case Cut:
			r.names[n], r.values[n] = Cut, r.values[i]
			n++
		}
	}
	r.names, r.values = r.names[:n], r.values[:n]
	if len(text) > 0 {
		r.add(More, string(text[1:]))
	}
	return moved
}
