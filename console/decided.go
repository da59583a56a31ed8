package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

// decisions tells what people have decided about something.
func (t *Tenant) decisions(ctx context.Context, target string) ([]alert.Moment, error) {
	var out []alert.Moment
	for e, err := range t.State.ListAudit(ctx, state.AuditFilter{Target: target, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		out = append(out, alert.Moment{Time: e.Time, Kind: "decision", Text: decided(&e), Who: e.Actor, Key: target})
	}
	return out, nil
}

// decided is an entry of the audit trail about an incident in words.
func decided(e *state.AuditEntry) string {
	var said struct{ Status, Verdict, Owner, Note, Case string }
	if json.Unmarshal([]byte(e.Detail), &said) != nil {
		return e.Action
	}
	text := map[string]string{alert.Closed: "closed", alert.Taken: "taken", alert.New: "open again", alert.Snoozed: "put off"}[said.Status]
	if said.Verdict != "" {
		text += " as " + said.Verdict
	}
	add := func(more string) {
		if text != "" {
			text += ", "
		}
		text += more
	}
	if said.Owner != "" && said.Owner != e.Actor {
		add("owner " + said.Owner)
	}
	if said.Case != "" {
		add("part of case " + said.Case[:min(len(said.Case), 8)])
	}
	if said.Note != "" {
		add("note: " + said.Note)
	}
	if text == "" {
		return e.Action
	}
	return text
}

// actionsFor tells what was done about an incident, or about one of its alerts, by whomever: as it stands now.
func (t *Tenant) actionsFor(ctx context.Context, i *alert.Incident, alerts []*alert.Alert) ([]alert.Moment, error) {
	var out []alert.Moment
	for a, err := range t.State.ListActions(ctx, state.ActionFilter{Since: i.First}) {
		if err != nil {
			return nil, err
		}
		var whole struct {
			By  string `json:"by"`
			Why struct {
				Alert string `json:"alert"`
			} `json:"why"`
		}
		if json.Unmarshal([]byte(a.JSON), &whole) != nil || whole.Why.Alert == "" {
			continue
		}
		if why := whole.Why.Alert; why != i.Key && !slices.ContainsFunc(alerts, func(a *alert.Alert) bool { return a.Key == why }) {
			continue
		}
		text := fmt.Sprintf("%s %s: %s", a.Kind, a.Target, a.State)
		if a.State == "done" && a.Until != 0 {
			text += ", until " + time.Unix(0, a.Until).UTC().Format("2 Jan 15:04 MST")
		}
		out = append(out, alert.Moment{Time: a.Asked, Kind: "action", Text: text, Who: whole.By, Key: a.Key})
	}
	return out, nil
}
