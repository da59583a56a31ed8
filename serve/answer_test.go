package serve

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/state"
)

// Of thousands of alerts that change at once playbooks answer the gravest first and then each, those that are changed with
// an earlier time too; what was left unanswered at the end is answered after the next start, and nothing else again.
func TestPlaybooksInAFlood(t *testing.T) {
	ctx := t.Context()
	st, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	now := time.Now().UnixNano()
	const many = 2500
	site := func() *tenant { return &tenant{name: "main", state: st, altered: newAltered()} }
	books := []respond.Playbook{{Name: "guessing", Title: "t", Mode: respond.ModeAsk, Do: []respond.PlaybookStep{{Kind: "block", Target: "{source}", For: time.Hour}}}}
	runner := respond.NewRunner(st, nobody{}, respond.RunnerOptions{})
	r := &response{Runner: runner, log: slog.New(slog.DiscardHandler), opened: now - int64(time.Minute)}
	r.books.Store(&books)
	var list []*alert.Alert
	for i := range many {
		address := fmt.Sprintf("198.51.%d.%d", i>>8, i&255)
		a := &alert.Alert{
			Key: fmt.Sprintf("k%05d", i), RuleID: "r", RuleTitle: "t", Level: alert.Medium, Entity: alert.Entity{Kind: alert.KindAddress, Name: address},
			First: now, Last: now, Seen: now, Updated: now + int64(i%7), Hits: 1, Events: 1, Sources: []string{address}, Addresses: []string{address},
		}
		list = append(list, a)
	}
	list[many-1].Level, list[many-1].Updated = alert.Critical, now-int64(10*time.Second)
	list[many-2].Silence = "hidden"
	if err := st.PutAlerts(ctx, alert.Changes{Alerts: list}); err != nil {
		t.Fatal(err)
	}
	w := site()
	seen, err := r.missed(ctx, w)
	if err != nil || seen != r.opened {
		t.Fatal(seen, err)
	}
	first, _ := w.altered.take()
	if len(first) != alteredPass || first[0].key != list[many-1].Key {
		t.Fatalf("%d are looked at, %+v first", len(first), first[:min(len(first), 1)])
	}
	if until, waiting := w.altered.before(now + 100); !waiting || until >= now {
		t.Errorf("all is answered until %d of %d, waiting %t", until, now, waiting)
	}
	for _, a := range first {
		w.altered.putBack(a)
	}
	asked := func() map[string]bool {
		out := make(map[string]bool)
		for a, err := range st.ListActions(ctx, state.ActionFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			out[a.Target] = true
		}
		return out
	}
	if _, err := r.answer(ctx, w); err != nil {
		t.Fatal(err)
	}
	if done := asked(); len(done) != alteredPass || !done[list[many-1].Sources[0]] {
		t.Fatalf("%d are answered, the gravest: %t", len(done), done[list[many-1].Sources[0]])
	}
	for range many/alteredPass + 1 {
		if _, err := r.answer(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	if done := asked(); len(done) != many-1 || done[list[many-2].Sources[0]] {
		t.Errorf("%d are answered, not %d; the hidden one: %t", len(done), many-1, done[list[many-2].Sources[0]])
	}
	if err := st.SetFacts(ctx, map[string]string{answeredFact: fmt.Sprint(now + 5)}); err != nil {
		t.Fatal(err)
	}
	again := site()
	if _, err := r.missed(ctx, again); err != nil {
		t.Fatal(err)
	}
	left := 0
	for {
		some, _ := again.altered.take()
		if len(some) == 0 {
			break
		}
		for _, a := range some {
			left++
			if a.updated <= now+5 {
				t.Fatalf("%+v is answered again", a)
			}
		}
	}
	if left < many/7-2 || left > many/7+1 {
		t.Errorf("%d are left", left)
	}
}
