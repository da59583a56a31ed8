package console

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

func TestContain(t *testing.T) {
	v := openViews(t)
	now := time.Now()
	at := now.Add(-time.Hour).UnixNano()
	row := state.Hit{
		Key: "h1", RuleID: "guessed", RuleTitle: "Password guessed", Level: alert.Critical, Time: at, Seen: at, Count: 1, Hosts: []string{"bastion"}, Users: []string{"deploy"},
		JSON: `{"entities":{"hosts":["bastion"],"users":["deploy"],"addresses":["203.0.113.7","198.51.100.9"],"targets":["198.51.100.9"]},` +
			`"event":{"exe":"/tmp/.x/k.sh","Image":"/usr/bin/bash"}}`,
	}
	if err := v.Tenants[0].State.PutHits(t.Context(), []state.Hit{row}); err != nil {
		t.Fatal(err)
	}
	v.desk.Take(&alert.Hit{
		Key: "h1", RuleID: "guessed", RuleTitle: "Password guessed", Level: alert.Critical, Time: at, Seen: at, Hosts: []string{"bastion"}, Users: []string{"deploy"},
		Addresses: []string{"203.0.113.7", "198.51.100.9"}, Sources: []string{"203.0.113.7"}, By: []string{"deploy"},
	})
	c := v.desk.Place()
	if err := v.Tenants[0].State.PutAlerts(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var got Containment
	v.get("/incidents/"+c.Incidents[0].Key+"/contain", &got)
	if len(got.Steps) != 0 || len(got.Notes) != 1 {
		t.Errorf("where nothing can be done: %+v", got)
	}
	for n := range 3 {
		outcome := "failure"
		if n == 2 {
			outcome = "success" // of the attack itself
		}
		v.events(now.Add(time.Duration(n)*time.Second-time.Hour), "dataset", "sshd", "user.name", "deploy", "source.ip", "203.0.113.7", "event.outcome", outcome, "host.name", "bastion")
	}
	var asked []string
	v2 := &views{Server: &Server{Tenants: v.Tenants}, t: t}
	v2.Judge = func(_ context.Context, tenant string, s *StepAction, hosts []string) (*StepJudged, error) {
		j := &StepJudged{Possible: s.Kind != "lock-directory-account", Target: s.Target, Undo: s.Kind != "end-session"}
		switch s.Kind {
		case "isolate":
			j.Possible = strings.Join(hosts, " ") == "bastion"
		case "quarantine":
			j.Forbidden = []string{"there is no such file"}
		case "lock-account":
			j.Standing = "proposed"
		}
		return j, nil
	}
	v2.get("/incidents/"+c.Incidents[0].Key[:8]+"/contain", &got)
	for _, s := range got.Steps {
		asked = append(asked, fmt.Sprintf("%d %s %s %v", s.Number, s.Kind, s.Target, s.Ticked))
		if s.Action.Kind != s.Kind || s.Action.Target != s.Target || s.Action.Why == "" || s.Action.Alert == "" || s.Note == "" && s.Kind != "end-session" {
			t.Errorf("step %+v", s)
		}
	}
	want := []string{
		"1 end-session from 203.0.113.7 true", "2 block 203.0.113.7 true", "3 block 198.51.100.9 out true", "4 lock-account deploy false",
		"5 quarantine /tmp/.x/k.sh false", "6 isolate host false",
	}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
	block := got.Steps[1]
	if block.DryRun == nil || block.DryRun.Events != 3 || block.DryRun.Good != 0 || !strings.Contains(block.Note, "3 events") {
		t.Errorf("the block: %+v, %+v", block, block.DryRun)
	}
	packet := func(ago time.Duration) {
		v.events(now.Add(-ago), "dataset", "netfilter", "source.ip", "203.0.113.7", "event.category", "network", "event.outcome", "success", "host.name", "gateway")
	}
	packet(90 * time.Minute) // half an hour before: of the scan that the attack began with
	v2.get("/incidents/"+c.Incidents[0].Key+"/contain", &got)
	if block := got.Steps[1]; !block.Ticked || block.DryRun.Events != 4 || block.DryRun.Good != 0 {
		t.Errorf("after a packet of the attack: %+v, %+v", block, block.DryRun)
	}
	packet(5 * time.Hour)
	v2.get("/incidents/"+c.Incidents[0].Key+"/contain", &got)
	if block := got.Steps[1]; block.Ticked || block.DryRun.Good != 1 {
		t.Errorf("a block of what was let through long before: %+v, %+v", block, block.DryRun)
	}
	v.events(now.Add(-2*time.Hour), "dataset", "sshd", "user.name", "nightly", "source.ip", "203.0.113.7", "event.outcome", "success", "host.name", "bastion")
	v.events(now.Add(-3*time.Hour), "dataset", "sshd", "user.name", "deploy", "source.ip", "192.0.2.8", "event.outcome", "success", "host.name", "bastion")
	v2.Judge = func(_ context.Context, _ string, s *StepAction, _ []string) (*StepJudged, error) {
		return &StepJudged{Possible: true, Target: s.Target}, nil
	}
	v2.get("/incidents/"+c.Incidents[0].Key+"/contain", &got)
	block, lock := got.Steps[1], got.Steps[3]
	if block.Ticked || block.DryRun.Good != 2 || !strings.Contains(block.Note, "nightly") {
		t.Errorf("a block of what somebody uses: %+v, %+v", block, block.DryRun)
	}
	if lock.Ticked || !strings.Contains(lock.Note, "192.0.2.8") {
		t.Errorf("a lock of what somebody uses: %+v", lock)
	}
}
