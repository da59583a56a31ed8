package report

import (
	"cmp"
	"slices"
	"strings"
)

// tally counts names in bounded memory, and finds those seen most often wherever in the run they come: it is lossy
// counting with a fixed number of entries. Where it is full, the names seen least are forgotten; the count of a name
// that comes after that may lack what was forgotten of it.
//
// Every name seen more than floor times is known, and a count lacks at most the floor of when its name came.
type tally struct {
	counts map[string]*tallied
	floor  int64 // no name that was forgotten had been seen more often; 0: none was forgotten
}

// tallied is what is known of a name.
type tallied struct {
	count  int64 // at least
	missed int64 // at most so many more
}

// maxNames bounds a tally: so many names are kept when there is no room for twice as many.
const maxNames = 500

// add counts a name and tells whether it is new, as far as is known.
func (t *tally) add(name string) bool {
	name = shortName(name)
	if c := t.counts[name]; c != nil {
		c.count++
		return false
	}
	if len(t.counts) == 2*maxNames {
		t.forget()
	}
	if t.counts == nil {
		t.counts = make(map[string]*tallied)
	}
	t.counts[strings.Clone(name)] = &tallied{1, t.floor}
	return t.whole()
}

// whole tells whether every name is known, and all counts are exact.
func (t *tally) whole() bool { return t.floor == 0 }

// forget leaves the maxNames names that may have been seen most often. Which these are depends only on what was added.
func (t *tally) forget() {
	names := make([]string, 0, len(t.counts))
	for n := range t.counts {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := t.counts[a], t.counts[b]
		return cmp.Or(-cmp.Compare(x.count+x.missed, y.count+y.missed), -cmp.Compare(x.count, y.count), strings.Compare(a, b))
	})
	for _, n := range names[maxNames:] {
		c := t.counts[n]
		t.floor = max(t.floor, c.count+c.missed)
		delete(t.counts, n)
	}
}

// named is a name with how often it was seen at least.
type named struct {
	name  string
	count int64
}

// top returns the n names seen most often, and how many more names there are; whole is false where there may be still more.
func (t *tally) top(n int) (list []named, more int, whole bool) {
	for name, c := range t.counts {
		list = append(list, named{name, c.count})
	}
	slices.SortFunc(list, func(a, b named) int {
		return cmp.Or(-cmp.Compare(a.count, b.count), strings.Compare(a.name, b.name))
	})
	more = max(len(list)-n, 0)
	return list[:len(list)-more], more, t.whole()
}
