package state

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tocsin-sec/tocsin/alert"
)

// TestUnseen has people decide who have not seen what others have said.
func TestUnseen(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		s, ctx := p.open(t), t.Context()
		c, _ := desk(3)
		if err := s.PutAlerts(ctx, c); err != nil {
			t.Fatal(err)
		}
		all := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{}))
		at, never := all[0].Key, map[string]int64{all[0].Key: 0}
		seen := func(n int64) map[string]int64 { return map[string]int64{at: n * 1e9} }
		closed := func(verdict, note string) Decision {
			return Decision{Status: alert.Closed, Verdict: verdict, Note: note}
		}
		for i, step := range []struct {
			who  string
			d    Decision
			seen map[string]int64
			said string // by whom what was said is not overruled; "" it is done
		}{
			{"anna", Decision{Status: alert.Taken, Owner: "anna"}, never, ""},
			{"ben", Decision{Status: alert.Taken, Owner: "ben"}, never, "anna has taken it"},
			{"ben", closed(alert.Expected, ""), never, "anna has taken it"},
			{"ben", Decision{Note: "looks bad"}, never, ""},
			{"anna", closed(alert.Malicious, ""), seen(1), ""}, // a note does not touch a verdict
			{"ben", closed(alert.Expected, ""), seen(4), "anna has closed it as malicious"},
			{"ben", Decision{Owner: "ben"}, seen(4), "anna has closed it as malicious"},
			{"anna", Decision{Note: "no"}, seen(1), "ben has written a note on it"},
			{"anna", Decision{Status: alert.New}, seen(1), ""}, // what one has said oneself, one knows
			{"ben", closed(alert.Expected, ""), seen(9), ""},
			{"anna", Decision{Status: alert.Snoozed, Until: 1e15}, nil, ""}, // nothing is asked
			{"ben", closed(alert.Expected, ""), seen(10), "anna has put it off"},
			{"anna", Decision{NoNote: true}, seen(10), ""}, // nobody else has said anything since
			{"ben", Decision{Note: "so"}, seen(11), "anna has changed it"},
			{"ben", Decision{Case: "c1"}, seen(13), ""},
			{"anna", closed(alert.Malicious, ""), seen(13), ""},
		} {
			was := must[*alert.Incident](t)(s.Incident(ctx, at))
			step.d.Actor, step.d.Seen, step.d.At = step.who, step.seen, int64(i+1)*1e9
			_, err := s.Decide(ctx, []string{all[1].Key, at}, step.d)
			var changed *ChangedError
			switch is := must[*alert.Incident](t)(s.Incident(ctx, at)); {
			case step.said == "" && (err != nil || is.Decided != step.d.At):
				t.Fatalf("step %d: %v", i, err)
			case step.said != "" && (!errors.As(err, &changed) || fmt.Sprintf("%s meanwhile (00:00:%02d UTC)", step.said, changed.At/1e9) != changed.Error() || changed.Key != at):
				t.Fatalf("step %d: %v, want %s", i, err, step.said)
			case step.said != "" && (is.Decided != was.Decided || must[*alert.Incident](t)(s.Incident(ctx, all[1].Key)).Decided == step.d.At):
				t.Fatalf("step %d: it was refused, and a part of it is kept", i)
			}
		}
		if _, err := s.Decide(ctx, []string{"none"}, Decision{Status: alert.New, Seen: map[string]int64{"none": 0}}); !errors.Is(err, ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// TestUnseenAtOnce has twenty people take the same incident at the same time: it is one's.
func TestUnseenAtOnce(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		s, ctx := p.open(t), t.Context()
		c, _ := desk(1)
		if err := s.PutAlerts(ctx, c); err != nil {
			t.Fatal(err)
		}
		key := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{}))[0].Key
		done := make(chan error, 20)
		for n := range cap(done) {
			go func() {
				who := fmt.Sprint("user", n)
				_, err := s.Decide(ctx, []string{key}, Decision{Status: alert.Taken, Owner: who, Actor: who, At: int64(n + 1), Seen: map[string]int64{key: 0}})
				done <- err
			}()
		}
		took := 0
		for range cap(done) {
			var changed *ChangedError
			switch err := <-done; {
			case err == nil:
				took++
			case !errors.As(err, &changed):
				t.Error(err)
			}
		}
		if took != 1 {
			t.Errorf("%d have taken it", took)
		}
	})
}
