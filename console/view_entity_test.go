package console

import (
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

func TestEntity(t *testing.T) {
	v := openViews(t)
	now := time.Now()
	st := v.Tenants[0].State
	v.keep(3, now.Add(-time.Hour))
	at := now.Add(-3 * 24 * time.Hour)
	for n, level := range []int{alert.Medium, alert.High} {
		h := state.Hit{Key: string(rune('a' + n)), RuleID: string(rune('a' + n)), RuleTitle: "x", Level: level, Time: at.UnixNano(), Seen: at.UnixNano(), Count: 1, Users: []string{"user1"}, JSON: "{}"}
		if err := st.PutHits(t.Context(), []state.Hit{h}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []state.Action{
		{Key: "k1", Kind: "lock-account", Target: "user1", State: "done", Asked: now.UnixNano(), JSON: `{"by":"anna","why":{"text":"guessed"},"result":"locked"}`},
		{Key: "k2", Kind: "block", Target: "198.51.100.0/24 in", State: "done", Asked: now.UnixNano(), JSON: `{}`},
		{Key: "k3", Kind: "block", Target: "192.0.2.1", State: "done", Asked: now.UnixNano(), JSON: `{}`},
	} {
		if err := st.PutActions(t.Context(), []state.Action{a}, nil); err != nil {
			t.Fatal(err)
		}
	}
	v.events(now.Add(-10*24*time.Hour), "dataset", "sshd", "user.name", "user1", "source.ip", "192.0.2.8", "host.name", "bastion")
	v.events(now.Add(-time.Hour), "dataset", "sshd", "user.name", "user1", "source.ip", "203.0.113.7", "host.name", "bastion")
	var e EntityView
	v.get("/entities/user/user1", &e)
	if e.Events != 2 || len(e.Open) != 1 || len(e.Risk) != 14 || !e.Checked {
		t.Errorf("user1: %+v", e)
	}
	if d := e.Risk[10]; d.Score < 40 || d.Level != "high" || d.Hits != 2 || d.Rules != 2 || d.Day != at.UTC().Format(time.DateOnly) || e.Risk[5].Score != 0 {
		t.Errorf("risk: %+v", e.Risk)
	}
	if len(e.Done) != 1 || e.Done[0].By != "anna" || e.Done[0].Why != "guessed" {
		t.Errorf("done: %+v", e.Done)
	}
	if len(e.New) != 1 || e.New[0].Field != "source.ip" || e.New[0].List[0].Name != "203.0.113.7" {
		t.Errorf("new: %+v", e.New)
	}
	v.get("/entities/address/198.51.100.2", &e)
	if len(e.Done) != 1 || e.Done[0].Key != "k2" || len(e.Open) != 1 {
		t.Errorf("address: %+v", e)
	}
	if v.ask("GET", "/entities/colour/red", nil, nil) != 422 {
		t.Error("a kind that there is not")
	}
	var none EntityView
	v.get("/entities/any/nobody%20at%20all", &none)
	if none.Events != 0 || none.Name != "nobody at all" || none.New == nil {
		t.Errorf("nobody: %+v", none)
	}
}
