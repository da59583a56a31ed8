package order

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// memory is a Spill that is kept.
type memory struct{ data []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.data = append(m.data, p...)
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, m.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// text writes an item for comparison.
func text(x *Item) string { return fmt.Sprint(x.Time, x.Path, x.Record, x.Rule, string(x.Data)) }

// TestAnyOrder: a Queue and a Sorter, whatever it has room for, give out the same in the same order.
func TestAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	items := make([]Item, 4000)
	for i := range items {
		items[i] = Item{
			Time: int64(r.IntN(500)) - 5, Record: int64(r.IntN(4)) - 1, Path: fmt.Sprintf("dir/%d.log", r.IntN(3)), Rule: int32(r.IntN(2)),
			Data: fmt.Appendf(nil, "%d", r.IntN(9)),
		}
	}
	want := slices.Clone(items)
	slices.SortFunc(want, func(a, b Item) int { return a.compare(&b) })
	var q Queue
	for i := range items {
		q.Add(items[i])
	}
	if q.Len() != len(items) || q.Before(want[0].Time) || !q.Before(want[0].Time+1) {
		t.Errorf("%d wait; before the first: %v", q.Len(), q.Before(want[0].Time))
	}
	for i := range want {
		if x := q.Pop(); text(&x) != text(&want[i]) {
			t.Fatalf("the queue's item %d is %s, want %s", i, text(&x), text(&want[i]))
		}
	}
	if q.Len() != 0 || q.Size() != 0 {
		t.Errorf("%d wait, of %d bytes, after the last", q.Len(), q.Size())
	}
	for _, limit := range []int{1, 3000, 1 << 30} {
		s := NewSorter(func() (Spill, error) { return &memory{}, nil })
		s.Limit = limit
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		for i := range items {
			if err := s.Add(&items[i]); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		err := s.Each(func(x *Item) error {
			if text(x) != text(&want[n]) {
				return fmt.Errorf("item %d is %s, want %s", n, text(x), text(&want[n]))
			}
			n++
			return nil
		})
		if err != nil || n != len(want) {
			t.Errorf("limit %d: %d of %d, %v", limit, n, len(want), err)
		}
	}
}

// TestJoin: what is joined to an item stays with it; there is nothing to join once that was written out.
func TestJoin(t *testing.T) {
	s := NewSorter(nil)
	if s.Join([]byte("x")) {
		t.Error("joined to nothing")
	}
	for _, x := range []Item{{Time: 2, Data: []byte("b")}, {Time: 1, Data: []byte("a")}} {
		if err := s.Add(&x); err != nil || !s.Join([]byte("+")) {
			t.Fatalf("not joined: %v", err)
		}
	}
	var got string
	if err := s.Each(func(x *Item) error { got += string(x.Data); return nil }); err != nil || got != "a+b+" {
		t.Errorf("%q, %v", got, err)
	}
}

func BenchmarkSorter(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	data := make([]byte, 90)
	b.ReportAllocs()
	for b.Loop() {
		s := NewSorter(func() (Spill, error) { return &memory{}, nil })
		for i := range 50_000 {
			if err := s.Add(&Item{Time: int64(i/8*8) + int64(r.IntN(100)), Path: "a.log", Record: int64(i), Data: data}); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Each(func(*Item) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50_000, "ns/item")
}
