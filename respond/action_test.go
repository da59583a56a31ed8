package respond

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAction(t *testing.T) {
	person := Request{Kind: "block", Target: "203.0.113.7", By: "anna", Person: true, For: time.Hour}
	book := Request{Kind: "block", Target: "203.0.113.7", By: "playbook x", For: 2 * time.Hour, Needs: 1}
	const hour = int64(time.Hour)
	var a Action
	var err error
	for i, step := range []struct {
		do   func() error
		want string // state, until in hours, round
		fail error
	}{
		{func() error { a, _, err = Ask(nil, &book, 0); return err }, "proposed 2 0", nil},
		{func() error { a, _, err = Ask(&a, &book, hour); return err }, "proposed 3 0", nil},
		{func() error { a, err = a.Approve("anna", "", hour); return err }, "approved 4 0", nil}, // its time begins now
		{func() error { a, err = a.Approve("ben", "", hour); return err }, "approved 4 0", ErrState},
		{func() error { a, err = a.Start(hour); return err }, "running 4 0", nil},
		{func() error { a = a.Fail(errors.New("x"), false, hour); return nil }, "running 4 0", nil},
		{func() error { a, err = a.Start(hour); return err }, "running 4 0", nil}, // after a kill -9
		{func() error { a = a.Finish(Outcome{}, hour); return nil }, "done 4 0", nil},
		{func() error { a, _, err = Ask(&a, &person, hour); return err }, "done 4 0", nil}, // it lasts longer already
		{func() error { a, _, err = Ask(&a, &person, 5*hour); return err }, "done 6 0", nil},
		{func() error { // an alert that grows asks again and again: a bit longer is no change, an eighth is
			_, little, e := Ask(&a, &book, 4*hour+hour/8)
			_, much, e2 := Ask(&a, &book, 4*hour+hour/4)
			if little || !much {
				return errAny
			}
			return errors.Join(e, e2)
		}, "done 6 0", nil},
		{func() error { a, err = a.Deny("ben", "", hour); return err }, "done 6 0", ErrState},
		{func() error { a, err = a.Retract(Expired, "", 7*hour); return err }, "undoing 6 0", nil},
		{func() error { _, _, err = Ask(&a, &person, 7*hour); return err }, "undoing 6 0", ErrState},
		{func() error { a = a.Retracted(7 * hour); return nil }, "expired 6 0", nil},
		{func() error { a, err = a.Retract(Undone, "anna", 7*hour); return err }, "expired 6 0", ErrState},
		{func() error { a, _, err = Ask(&a, &book, 8*hour); return err }, "proposed 10 1", nil},
		{func() error { a, err = a.Deny("ben", "a customer", 8*hour); return err }, "denied 10 1", nil},
		{func() error { a, err = a.Approve("anna", "", 8*hour); return err }, "denied 10 1", ErrDenied},
		{func() error { _, _, err = Ask(&a, &book, 31*hour); return err }, "denied 10 1", ErrDenied},
		{func() error { a, _, err = Ask(&a, &book, 32*hour); return err }, "proposed 34 2", nil}, // a day is over
		{func() error { a, _, err = Ask(&a, &person, 32*hour); return err }, "approved 34 2", nil},
		{func() error { a, err = a.Start(32 * hour); return err }, "running 34 2", nil},
		{func() error { a = a.Fail(errors.New("never"), true, 32*hour); return nil }, "failed 34 2", nil},
		{func() error { other := a; other.Key = "x"; _, _, err = Ask(&other, &book, 0); return err }, "failed 34 2", errAny},
	} {
		err := step.do()
		if got := fmt.Sprintf("%s %d %d", a.State, a.Until/hour, a.Round); got != step.want || (err == nil) != (step.fail == nil) ||
			step.fail != nil && step.fail != errAny && !errors.Is(err, step.fail) {
			t.Fatalf("step %d: %s, %v; want %s, %v", i, got, err, step.want, step.fail)
		}
	}
}

var errAny = errors.New("any")

func TestActionIsTriedAgainButNotForEver(t *testing.T) {
	a, _, err := Ask(nil, &Request{Kind: "webhook", Target: "x", By: "anna"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var waits []string
	now := int64(0)
	for a.State != Failed {
		if a, err = a.Start(now); err != nil {
			t.Fatal(err)
		}
		a = a.Fail(errors.New("down"), false, now)
		if a.State == Running {
			waits = append(waits, time.Duration(a.Next-now).String())
			now = a.Next
		}
	}
	if got := strings.Join(waits, " "); got != "1s 2s 4s 8s" {
		t.Errorf("waited %s", got)
	}
	// What must be taken back is never given up.
	a.State = Done
	if a, err = a.Retract(Undone, "", now); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		a = a.Fail(errors.New("down"), true, now)
	}
	if a.State != Undoing || time.Duration(a.Next-now) != 256*time.Second {
		t.Errorf("%s, again in %s", a.State, time.Duration(a.Next-now))
	}
}

// What was taken back before it could run has nothing that went wrong.
func TestTakenBackBeforeItRan(t *testing.T) {
	a, _, err := Ask(nil, &Request{Kind: "block", Target: "203.0.113.7", By: "anna"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	a.Error, a.Tries, a.Next = "no rights", 3, 9 // as where there is no firewall
	if a, err = a.Retract(Undone, "anna", 1); err != nil || a.State != Undone || a.Error != "" || a.Tries != 0 || a.Next != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestKeyIsOfKindAndTarget(t *testing.T) {
	if KeyOf("a", "b") == KeyOf("ab", "") || len(KeyOf("", "")) != 32 {
		t.Error("keys")
	}
}
