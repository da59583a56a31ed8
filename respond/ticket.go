package respond

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Ticket is what a person is to do, as it stands in a tracker.
type Ticket struct {
	Thread string // the same for all that is told of one ticket: what is asked for twice makes one
	Title  string // one line
	Lines  []string
	Level  string // informational, low, medium, high, critical
	Key    string // of the tracker; "" where it is not known yet
}

// Tracker keeps tickets somewhere else.
type Tracker interface {
	// Open makes a ticket, unless its thread has one, and returns its key there.
	Open(ctx context.Context, t *Ticket) (string, error)
	// Close closes it; that it is closed already is no error.
	Close(ctx context.Context, t *Ticket) error
}

var ticketLevels = []string{"informational", "low", "medium", "high", "critical"}

// jiraKind reaches Jira by a way that notify knows: its address and token are settings there, once.
var jiraKind = Kind{
	Name: "jira", Doc: "Make an issue in Jira, by a way of notify in tocsin.yml; undoing it closes the issue.", Example: "security-desk look at host web1", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		_, about, err := namedTarget("jira", target)
		if err != nil {
			return "", err
		}
		if about == "" {
			return "", fmt.Errorf("jira: what is the issue about? Write the name of the way, and behind it a title")
		}
		if err := noParams(params, "level", "text"); err != nil {
			return "", fmt.Errorf("jira: %w; there are level and text", err)
		}
		if l := params["level"]; l != "" && !slices.Contains(ticketLevels, l) {
			return "", fmt.Errorf("jira: level: %.40q is none of informational, low, medium, high, critical", l)
		}
		if len(params["text"]) > 8192 {
			return "", fmt.Errorf("jira: text: more than 8192 bytes")
		}
		return target, nil
	},
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		tracker, t, err := h.Tools.ticket(d)
		if err != nil {
			return Outcome{}, err
		}
		key, err := tracker.Open(ctx, t)
		if err != nil {
			return Outcome{}, fmt.Errorf("jira: %w", err)
		}
		return Outcome{Result: "issue " + key, Undo: map[string]string{"issue": key, "thread": t.Thread}}, nil
	},
	Undo: func(ctx context.Context, h *Hands, d *Deed) error {
		tracker, t, err := h.Tools.ticket(d)
		if err != nil || d.Undo["issue"] == "" {
			return err
		}
		t.Key, t.Thread = d.Undo["issue"], d.Undo["thread"]
		if err := tracker.Close(ctx, t); err != nil {
			return fmt.Errorf("jira: %w", err)
		}
		return nil
	},
	Unprivileged: true,
}

// ticket is what a deed asks of which tracker.
func (t *Tools) ticket(d *Deed) (Tracker, *Ticket, error) {
	name, about, err := namedTarget(d.Kind, d.Target)
	if err != nil {
		return nil, nil, err
	}
	tracker := t.Trackers[name]
	if tracker == nil {
		return nil, nil, fmt.Errorf("there is no way %s of the kind jira below notify in tocsin.yml: %w", name, errFinal)
	}
	out := &Ticket{Thread: KeyOf(d.Kind, d.Target) + "-" + strconv.FormatInt(d.Asked, 36), Title: about, Level: d.Params["level"]}
	if out.Level == "" {
		out.Level = "medium"
	}
	for _, l := range []struct{ label, text string }{{"", d.Params["text"]}, {"why: ", d.Why.Text}, {"alert: ", d.Why.Alert}, {"case: ", d.Why.Case}, {"rule: ", d.Why.Rule}, {"asked for by ", d.By}} {
		if l.text != "" {
			out.Lines = append(out.Lines, l.label+l.text)
		}
	}
	return tracker, out, nil
}
