package state

import (
	"fmt"
	"sync"
	"testing"
)

func testIdentity(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	change := func(c IdentityChange) bool {
		t.Helper()
		ok, err := s.ChangeIdentity(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	anna := IdentityRecord{Kind: "user", Key: "anna", JSON: `{"a":1}`}
	c := IdentityChange{Put: []IdentityRecord{anna, {Kind: "session", Key: "1", Owner: "anna", Ends: 50, JSON: "{}"}, {Kind: "session", Key: "2", Owner: "bert", Ends: 60, JSON: "{}"}}}
	c.Trail = append(c.Trail, struct {
		Time                          int64
		Actor, Action, Target, Detail string
	}{1, "root", "user add", "anna", ""})
	if !change(c) {
		t.Fatal("a first change was not done")
	}
	if change(c) {
		t.Error("what is there was put as if it were new")
	}
	if head := must[AuditHead](t)(s.AuditHead(ctx)); head.Seq != 1 {
		t.Errorf("the trail has %d entries: it tells what was not done", head.Seq)
	}
	got, ok, err := s.Identity(ctx, "user", "anna")
	if anna.Version = 1; err != nil || !ok || got != anna {
		t.Fatalf("read %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := s.Identity(ctx, "session", "anna"); ok || err != nil {
		t.Errorf("a user is a session: %v", err)
	}
	if list, err := s.Identities(ctx, "session", "anna"); err != nil || len(list) != 1 || list[0].Key != "1" {
		t.Errorf("anna's sessions: %v, %v", list, err)
	}
	if list, err := s.Identities(ctx, "session", ""); err != nil || len(list) != 2 {
		t.Errorf("all sessions: %v, %v", list, err)
	}
	if n, err := s.SweepIdentity(ctx, 50); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if !change(IdentityChange{Drop: []IdentityRecord{{Kind: "session", Key: "2"}, {Kind: "session", Key: "9"}}}) {
		t.Error("dropping was refused")
	}
	if list, err := s.Identities(ctx, "session", ""); err != nil || len(list) != 0 {
		t.Errorf("left of the sessions: %v, %v", list, err)
	}
	for _, key := range []string{"", "a\x00b", string(make([]byte, MaxKey+1))} {
		if _, err := s.ChangeIdentity(ctx, IdentityChange{Put: []IdentityRecord{{Kind: "user", Key: key}}}); err == nil {
			t.Errorf("the key %.10q was taken", key)
		}
	}

	// Of many that change the same at once, each sees what the others did.
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for {
				r, _, err := s.Identity(ctx, "user", "anna")
				if err != nil {
					t.Error(err)
					return
				}
				r.JSON += fmt.Sprint(i)
				if ok, err := s.ChangeIdentity(ctx, IdentityChange{Put: []IdentityRecord{r}}); ok || err != nil {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	group.Wait()
	if r, _, err := s.Identity(ctx, "user", "anna"); err != nil || r.Version != 9 || len(r.JSON) != len(`{"a":1}`)+8 {
		t.Errorf("after eight changes: %+v, %v", r, err)
	}
}
