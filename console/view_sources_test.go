package console

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

func TestAudit(t *testing.T) {
	v := openViews(t)
	for n := range 25 {
		e := state.AuditEntry{Time: int64(n+1) * 1e9, Actor: []string{"anna", "ben"}[n%2], Action: "x", Target: fmt.Sprint(n), Detail: `{"n":1}`}
		if _, err := v.Tenants[0].State.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	var p AuditPage
	var seen []string
	for after := ""; ; after = p.Next {
		p = AuditPage{}
		v.get("/audit?limit=5&actor=anna&after="+after, &p)
		for _, m := range p.Items {
			seen = append(seen, m.Target)
		}
		if p.Next == "" {
			break
		}
	}
	if fmt.Sprint(seen) != "[24 22 20 18 16 14 12 10 8 6 4 2 0]" || p.Head.Seq != 25 || string(p.Items[0].Detail) != `{"n":1}` {
		t.Errorf("%v, %+v", seen, p)
	}
	if v.ask("GET", "/audit?after=x", nil, nil) != 422 {
		t.Error("no place in the trail")
	}
}

func TestSources(t *testing.T) {
	v := openViews(t)
	v.events(time.Now().Add(-time.Hour), "dataset", "sshd", "_msg", "x")
	var s SourcesView
	v.get("/sources", &s)
	if len(s.Datasets) != 1 || s.Datasets[0] != (Tally{"sshd", 1}) || s.Items == nil {
		t.Errorf("%+v", s)
	}
}
