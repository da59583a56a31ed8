package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/source"
)

// watchFact is where it is kept since when a playbook watches; noticeWatched is what its report is as an event.
const (
	watchFact     = "playbooks.watch."
	noticeWatched = "playbook-report"
)

// watch tells each week what playbooks in watch would have done, until ctx is done.
func (r *response) watch(ctx context.Context) {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		notices, err := r.watched(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			r.log.Error("report of playbooks in watch", "error", err)
		}
		for _, n := range notices {
			r.tenants[0].line.Notice(n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watched writes down since when playbooks watch, and returns the reports that are due. What is no longer in watch is forgotten.
func (r *response) watched(ctx context.Context, now time.Time) ([]source.Notice, error) {
	st := r.tenants[0].state
	known, err := st.Facts(ctx, watchFact)
	if err != nil {
		return nil, err
	}
	set, books := make(map[string]string), r.playbooksNow()
	for name, text := range known {
		still := func(p respond.Playbook) bool {
			return watchFact+p.Name == name && (p.Mode == "" || p.Mode == respond.ModeWatch)
		}
		if text != "" && !slices.ContainsFunc(books, still) {
			set[name] = ""
		}
	}
	var out []source.Notice
	for i := range books {
		p := &books[i]
		if p.Mode != "" && p.Mode != respond.ModeWatch {
			continue
		}
		w := respond.Watching{Since: now.UnixNano()}
		if text := known[watchFact+p.Name]; text != "" {
			if err := json.Unmarshal([]byte(text), &w); err != nil {
				return nil, fmt.Errorf("fact %s%s: %w", watchFact, p.Name, err)
			}
			if !w.Due(now.UnixNano()) {
				continue
			}
			deeds, err := r.Report(ctx, w.From())
			if err != nil {
				return nil, err
			}
			w.Line, w.Told = p.Line(deeds[p.Name], time.Unix(0, w.Since)), now.UnixNano()
			out = append(out, source.Notice{Action: noticeWatched, Input: "playbooks", Stream: "playbook:" + p.Name, Reason: w.Line})
		}
		text, err := json.Marshal(w)
		if err != nil {
			return nil, err
		}
		set[watchFact+p.Name] = string(text)
	}
	return out, st.SetFacts(ctx, set)
}

// watchLines are the reports of playbooks in watch that were made in some time.
func (t *tenant) watchLines(ctx context.Context, since, until time.Time) ([]string, error) {
	known, err := t.state.Facts(ctx, watchFact)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, text := range known {
		var w respond.Watching
		if strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &w) == nil && w.Told >= since.UnixNano() && w.Told < until.UnixNano() {
			lines = append(lines, w.Line)
		}
	}
	slices.Sort(lines)
	return lines, nil
}
