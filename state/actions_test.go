package state

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

func testActions(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	put := func(a Action) error {
		return s.PutActions(ctx, []Action{a}, []AuditEntry{{Time: a.Updated, Actor: "anna", Action: a.State, Target: a.Target}})
	}
	for i := range 700 {
		a := Action{Key: fmt.Sprintf("%03d", i), Kind: "block", Target: fmt.Sprintf("192.0.2.%d", i), State: []string{"done", "proposed"}[i%2], Asked: int64(i), Updated: 1, JSON: `{"a":1}`}
		if err := put(a); err != nil {
			t.Fatal(err)
		}
	}
	a := must[Action](t)(s.Action(ctx, "012"))
	if a.Version != 1 || a.Target != "192.0.2.12" {
		t.Fatalf("read %+v", a)
	}
	old := a
	a.State, a.Target = "undone", "x\x00\xff"
	if err := put(a); err != nil {
		t.Fatal(err)
	}
	head := must[AuditHead](t)(s.AuditHead(ctx))
	if err := put(old); !errors.Is(err, ErrChanged) {
		t.Errorf("an old one put over a newer: %v", err)
	}
	old.Version = 0
	if err := put(old); !errors.Is(err, ErrChanged) {
		t.Errorf("a new one put over another: %v", err)
	}
	if now := must[AuditHead](t)(s.AuditHead(ctx)); now != head || now.Seq != 701 {
		t.Errorf("the trail tells what was not kept: %v, %v", head, now)
	}
	if a = must[Action](t)(s.Action(ctx, "012")); a.Version != 2 || a.State != "undone" || a.Target != "x\uFFFD\uFFFD" {
		t.Errorf("read %+v", a)
	}
	if _, err := s.Action(ctx, "01"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("the beginning of many: %v", err)
	}
	for _, key := range []string{"", "x", "01 "} {
		if _, err := s.Action(ctx, key); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", key, err)
		}
	}
	for _, c := range []struct {
		filter ActionFilter
		want   int
	}{
		{ActionFilter{}, 700},
		{ActionFilter{States: []string{"done", "undone"}}, 350},
		{ActionFilter{States: []string{"undone"}}, 1},
		{ActionFilter{Kind: "lock"}, 0},
		{ActionFilter{Since: 690}, 10},
		{ActionFilter{Limit: 5}, 5},
	} {
		n := 0
		for _, err := range s.ListActions(ctx, c.filter) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != c.want {
			t.Errorf("%+v: %d actions, want %d", c.filter, n, c.want)
		}
	}
	if n := must[int](t)(s.CountActions(ctx, "block", 600)); n != 50 {
		t.Errorf("counted %d", n)
	}
	must[AuditHead](t)(s.VerifyAudit(ctx))
}

// Of many that change the same action at once, each sees what the others did.
func testActionsConcurrent(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	if err := s.PutActions(ctx, []Action{{Key: "k"}}, nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for done := 0; done < 10; {
				a, err := s.Action(ctx, "k")
				if err != nil {
					t.Error(err)
					return
				}
				a.Asked++
				switch err := s.PutActions(ctx, []Action{a}, []AuditEntry{{Action: "count"}}); {
				case err == nil:
					done++
				case !errors.Is(err, ErrChanged):
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if a := must[Action](t)(s.Action(ctx, "k")); a.Asked != 40 || a.Version != 41 {
		t.Errorf("counted to %d in %d versions", a.Asked, a.Version)
	}
	if head := must[AuditHead](t)(s.VerifyAudit(ctx)); head.Seq != 40 {
		t.Errorf("the trail has %d entries", head.Seq)
	}
}
