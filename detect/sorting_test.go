package detect

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

// randomObservations makes observations with many ties.
func randomObservations(r *rand.Rand, rules []*sigma.Rule, n int) []Observation {
	os := make([]Observation, n)
	for i := range os {
		os[i] = Observation{
			Rule: rules[r.IntN(len(rules))], Time: int64(r.IntN(n)) - 5,
			Ref:    EventRef{File: fmt.Sprintf("dir/%d.log", r.IntN(4)), Record: int64(r.IntN(6)) - 1},
			Fields: []string{fmt.Sprint(r.IntN(3)), "", strings.Repeat("x", r.IntN(40))},
			Entities: Entities{
				Hosts: []string{"h"}, Users: []string{"amy", fmt.Sprint(r.IntN(9))}, Addresses: []string{"10.0.0.1"},
			},
		}
	}
	return os
}

// copyOf copies what Each uses again.
func copyOf(o *Observation) Observation {
	c := *o
	c.Fields = slices.Clone(o.Fields)
	c.Entities = Entities{slices.Clone(o.Entities.Hosts), slices.Clone(o.Entities.Users), slices.Clone(o.Entities.Addresses), slices.Clone(o.Entities.Targets)}
	return c
}

func sorted(t *testing.T, s *sorting, os []Observation) []Observation {
	t.Helper()
	for i := range os {
		if err := s.add(&os[i]); err != nil {
			t.Fatal(err)
		}
	}
	var got []Observation
	if err := s.each(func(o *Observation) error { got = append(got, copyOf(o)); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSorterOrder(t *testing.T) {
	rules := []*sigma.Rule{base("a"), base("b"), base("c")}
	r := rand.New(rand.NewPCG(1, 2))
	os := randomObservations(r, rules, 3000)
	unbounded := newSorting(rules, nil)
	unbounded.Limit = 1
	memory := sorted(t, unbounded, os)
	if len(memory) != len(os) {
		t.Fatalf("%d came out of %d", len(memory), len(os))
	}
	for i := 1; i < len(memory); i++ {
		a, b := memory[i-1], memory[i]
		x := fmt.Sprintf("%9d %s %9d %d", a.Time+10, a.Ref.File, a.Ref.Record+10, slices.Index(rules, a.Rule))
		y := fmt.Sprintf("%9d %s %9d %d", b.Time+10, b.Ref.File, b.Ref.Record+10, slices.Index(rules, b.Rule))
		if x > y {
			t.Fatalf("%s stands before %s", x, y)
		}
	}
	for _, limit := range []int{1, 500, 20000, 150000} { // 1: more runs than are merged at once
		opened := 0
		s := newSorting(rules, func() (order.Spill, error) { opened++; return &memorySpill{}, nil })
		s.Limit = limit
		r.Shuffle(len(os), func(i, j int) { os[i], os[j] = os[j], os[i] })
		if got := sorted(t, s, os); !reflect.DeepEqual(got, memory) {
			t.Errorf("limit %d: another order than in memory", limit)
		}
		if opened != 1 {
			t.Errorf("limit %d: %d files were opened", limit, opened)
		}
	}
}

// brokenSpill fails when it is written to or read from.
type brokenSpill struct {
	memorySpill
	write, read error
}

func (b *brokenSpill) Write(p []byte) (int, error) {
	if b.write != nil {
		return 0, b.write
	}
	return b.memorySpill.Write(p)
}

func (b *brokenSpill) ReadAt(p []byte, off int64) (int, error) {
	if b.read != nil {
		return 0, b.read
	}
	return b.memorySpill.ReadAt(p, off)
}

func TestSorterErrors(t *testing.T) {
	rules := []*sigma.Rule{base("a")}
	full := errors.New("no space left")
	for name, k := range map[string]struct {
		open func() (order.Spill, error)
		want error
	}{
		"cannot open":  {func() (order.Spill, error) { return nil, full }, full},
		"cannot write": {func() (order.Spill, error) { return &brokenSpill{write: full}, nil }, full},
		"cannot read":  {func() (order.Spill, error) { return &brokenSpill{read: full}, nil }, full},
	} {
		s := newSorting(rules, k.open)
		s.Limit = 100
		var err error
		for range 10 {
			if err == nil {
				err = s.add(&Observation{Rule: rules[0], Time: 1, Fields: []string{"a value"}})
			}
		}
		if err == nil {
			err = s.each(func(*Observation) error { return nil })
		}
		if !errors.Is(err, k.want) {
			t.Errorf("%s: error %v, want %v", name, err, k.want)
		}
	}
	if err := newSorting(rules, nil).add(&Observation{Rule: base("z")}); err == nil {
		t.Error("a rule that is not the sorter's is taken")
	}
}

func TestKeyParts(t *testing.T) {
	parts := []string{"a", "\x01", strings.Repeat("b", 300), "ä\x00"}
	var key []byte
	for _, p := range parts {
		key = appendPart(key, p)
	}
	if got := splitParts(string(key)); !slices.Equal(got, parts) {
		t.Errorf("got %q", got)
	}
}

func FuzzObservation(f *testing.F) {
	rules := []*sigma.Rule{base("a"), base("b")}
	r := rand.New(rand.NewPCG(3, 4))
	for _, o := range randomObservations(r, rules, 8) {
		f.Add(appendContent(nil, &o))
	}
	f.Add([]byte{0x80})
	f.Add([]byte{2, 2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newSorting(rules, nil)
		k := order.Item{Time: 5, Record: 7, Path: "x", Rule: 1, Data: data}
		var o, again Observation
		words := &pack.Words{}
		n := 0
		if s.decode(&o, &k, words, func(*Observation) error { n++; return nil }) != nil || n > 1 {
			return
		}
		if len(o.Entities.Hosts) > maxHitEntities || len(o.Entities.Users) > maxHitEntities || len(o.Entities.Addresses) > maxHitEntities || len(o.Entities.Targets) > maxHitEntities {
			return
		}
		for _, l := range [][]string{o.Fields, o.Entities.Hosts, o.Entities.Users, o.Entities.Addresses, o.Entities.Targets} {
			if slices.ContainsFunc(l, func(v string) bool { return len(v) > MaxValue }) {
				return
			}
		}
		k.Data = appendContent(nil, &o)
		if err := s.decode(&again, &k, words, func(*Observation) error { return nil }); err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		if !reflect.DeepEqual(copyOf(&o), copyOf(&again)) {
			t.Fatalf("got %v, want %v", again, o)
		}
	})
}
