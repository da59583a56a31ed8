package sight

import (
	"net/netip"
	"slices"
	"testing"
)

// What a store keeps of an event says the same as the event.
func TestRows(t *testing.T) {
	r := NewRows()
	add := func(dataset string, pairs ...string) {
		var names, values []string
		for i := 0; i < len(pairs); i += 2 {
			names, values = append(names, pairs[i]), append(values, pairs[i+1])
		}
		r.Add(dataset, "a.log", 1790812800e9, names, func(i int) string { return values[i] })
	}
	add("sshd", "host.name", "web1", "user.name", "root", "source.ip", "203.0.113.9", "event.category", "authentication", "event.action", "ssh_login", "event.outcome", "success")
	add("windows", "EventID", "4688", "Computer", "srv1", "NewProcessName", `C:\Windows\a.exe`, "empty", "")
	add("tocsin", "event.action", "source-silent")
	list := r.Take()
	for _, want := range []Sighting{
		{Kind: SawLogon, User: "root", Host: "web1", Type: "ssh"},
		{Kind: SawProgram, Host: "srv1", Program: `c:\windows\a.exe`},
		{Kind: SawTally, Host: "web1", Dataset: "sshd"},
	} {
		if !slices.ContainsFunc(list, func(s Sighting) bool { return fits(&s, &want) }) {
			t.Errorf("%+v is not in %+v", want, list)
		}
	}
	if len(list) != 4 || list[1].Source != netip.MustParseAddr("203.0.113.9") {
		t.Errorf("%+v", list)
	}
}
