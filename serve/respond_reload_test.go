package serve

import (
	"slices"
	"testing"

	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
)

// A reload takes up what playbooks may do, and says of the rest of respond that it takes force later.
func TestReloadOfRespond(t *testing.T) {
	r := &response{set: settings.Respond{User: "tocsin"}}
	fresh := &settings.Respond{User: "tocsin", Modes: map[string]string{"password-guessing": respond.ModeAsk, "flood": "off"}}
	restart, err := r.reload(fresh)
	if err != nil || len(restart) != 0 {
		t.Fatal(restart, err)
	}
	modes := make(map[string]string)
	for _, b := range r.playbooksNow() {
		modes[b.Name] = b.Mode
	}
	if _, there := modes["flood"]; there || modes["password-guessing"] != respond.ModeAsk {
		t.Errorf("modes %v", modes)
	}
	fresh.Guard.Never, fresh.Lists.File = []string{"192.0.2.0/24"}, "/tmp/list"
	for range 2 { // it is said as long as it is so
		if restart, err = r.reload(fresh); err != nil || !slices.Equal(restart, []string{"respond.guard", "respond.lists"}) {
			t.Errorf("%v, %v", restart, err)
		}
	}
	fresh.Modes["nosuch"] = respond.ModeAuto
	if _, err = r.reload(fresh); err == nil {
		t.Error("a playbook that there is not was taken")
	}
	if restart, err = (*response)(nil).reload(fresh); restart != nil || err != nil {
		t.Error(restart, err)
	}
}
