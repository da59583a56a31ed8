package store

import (
	"slices"
	"testing"

	"github.com/tocsin-sec/tocsin/query"
)

// FuzzSearch has the engine and the matcher of live events decide on the same rows. Whatever can be written must be
// understood by the engine, and mean the same to both.
func FuzzSearch(f *testing.F) {
	for _, s := range searches {
		f.Add(s)
	}
	for _, v := range odd {
		f.Add("odd=" + `"` + query.EscapePattern(v) + `"`)
	}
	o := &oracle{}
	e := filled(f, 300, 8, o.add)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 {
			return
		}
		q, err := query.Parse(text)
		if err != nil {
			return
		}
		q = &query.Query{Where: q.Where}
		if got, want := timesOf(t, e, q), o.matching(q); !slices.Equal(got, want) {
			t.Fatalf("%s: %s", text, o.difference(e, q, got, want))
		}
	})
}
