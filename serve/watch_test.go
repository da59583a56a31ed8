package serve

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
)

// nobody is a worker that knows what must not be cut off, and does nothing.
type nobody struct{}

func (nobody) Perform(context.Context, *respond.Order) (*respond.Answer, error) {
	return &respond.Answer{Ground: &respond.Ground{}}, nil
}

// After a week in watch, and each week then, one line says what a playbook would have done; as an event and in the daily mail.
func TestPlaybooksReportWhatTheyWatch(t *testing.T) {
	ctx := t.Context()
	st, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	books := []respond.Playbook{
		{Name: "guessing", Title: "t", Do: []respond.PlaybookStep{{Kind: "block", Target: "{source}", For: time.Hour}}},
		{Name: "quiet", Title: "t", Mode: respond.ModeWatch, On: respond.Trigger{Rules: []string{"none"}}},
		{Name: "active", Title: "t", Mode: respond.ModeAsk, On: respond.Trigger{Rules: []string{"none"}}},
	}
	r := &response{tenants: []*tenant{{state: st}}}
	r.books.Store(&books)
	r.Runner = respond.NewRunner(st, nobody{}, respond.RunnerOptions{Now: func() time.Time { return now }, Guard: respond.Guard{Never: []string{"192.0.2.1"}}})
	watched := func() []source.Notice {
		t.Helper()
		list, err := r.watched(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	play := func(sources ...string) {
		t.Helper()
		if done, err := r.Play(ctx, books[:1], &respond.Cause{Alert: strings.Join(sources, ""), RuleID: "r", Title: "t", Sources: sources}); err != nil || len(done) > 0 {
			t.Fatal(done, err)
		}
	}
	if list := watched(); len(list) > 0 {
		t.Fatal("told at once", list)
	}
	play("203.0.113.7", "203.0.113.8")
	now = now.Add(3 * 24 * time.Hour)
	play("203.0.113.7")
	play("192.0.2.1")
	if list := watched(); len(list) > 0 {
		t.Fatal("told after three days", list)
	}
	now = now.Add(4 * 24 * time.Hour)
	list := watched()
	if len(list) != 2 {
		t.Fatal(list)
	}
	for _, n := range list {
		want := "would have done nothing"
		if n.Stream == "playbook:guessing" {
			want = "would have acted 4 times, on 3 targets; the guard would have refused 1 of them; most: block 203.0.113.7 (2), block 192.0.2.1 (1)"
		}
		if n.Action != noticeWatched || !strings.Contains(n.Reason, want) {
			t.Errorf("%+v", n)
		}
	}
	lines, err := r.tenants[0].watchLines(ctx, now.Add(-24*time.Hour), now.Add(time.Second))
	if err != nil || len(lines) != 2 || !strings.HasPrefix(lines[0], "playbook guessing, in watch since ") {
		t.Error(lines, err)
	}
	if lines, err := r.tenants[0].watchLines(ctx, now.Add(-48*time.Hour), now.Add(-24*time.Hour)); err != nil || len(lines) != 0 {
		t.Error("in the mail of another day", lines, err)
	}
	now = now.Add(24 * time.Hour)
	if list := watched(); len(list) > 0 {
		t.Error("told again", list)
	}
	// The next week's report is of that week, and who acts now is not told of.
	books[1].Mode = respond.ModeAuto
	now = now.Add(6 * 24 * time.Hour)
	if list := watched(); len(list) != 1 || !strings.Contains(list[0].Reason, "guessing") || !strings.Contains(list[0].Reason, "nothing") {
		t.Error(list)
	}
}
