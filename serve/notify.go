package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
)

// openNotifier makes what tells people of a tenant's incidents.
func (s *serve) openNotifier(t *tenant) {
	t.steps.Store(stepsOf(s.rules))
	t.notifier = notify.New(notify.Options{
		Directory: s.directory, Outbox: &outbox{state: t.state}, Incidents: t, Tenant: t.name, Log: s.log.With("tenant", t.name),
		Notice: t.noticed, Day: t.digestDay,
	})
}

// tell tells people until ctx is done. What the log still held from before the start is applied first, so that of what it
// makes only the end is told; but nobody waits long for that.
func (t *tenant) tell(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	select {
	case <-t.line.Present():
	case <-wait.Done():
	}
	return t.notifier.Run(ctx)
}

// wake says that incidents have changed.
func (t *tenant) wake() {
	if t.notifier != nil {
		t.notifier.Wake()
	}
}

// noticed makes an event about tocsin of what happens while people are told.
func (t *tenant) noticed(n notify.Notice) {
	t.line.Notice(source.Notice{Action: n.Action, Input: "notify " + n.Way, Stream: "notify:" + n.Way, Count: n.Count, Reason: n.Reason})
}

// ruleSteps say what to do about hits of rules, and how tried they are, by their ids.
type ruleSteps map[string]*sigma.Rule

func stepsOf(set *rules.Set) *ruleSteps {
	steps := make(ruleSteps, len(set.Rules)+len(set.Correlations))
	for _, list := range [][]*sigma.Rule{set.Rules, set.Correlations} {
		for _, r := range list {
			steps[cmp.Or(r.ID, r.Title)] = r
		}
	}
	return &steps
}

// recently is how long a closed incident is still looked at, so that its end is told.
const recently = 24 * time.Hour

// Incidents implements notify.Incidents: those that are open, and those that people have closed lately.
func (t *tenant) Incidents(ctx context.Context) ([]notify.Incident, error) {
	now := time.Now()
	open, err := t.state.ListIncidents(ctx, state.IncidentFilter{Limit: notify.MaxIncidents})
	if err != nil {
		return nil, err
	}
	for _, status := range []string{alert.Closed, alert.Merged} {
		ended, err := t.state.ListIncidents(ctx, state.IncidentFilter{Status: status, UpdatedSince: now.Add(-recently).UnixNano(), Newest: true, Limit: 500})
		if err != nil {
			return nil, err
		}
		open = append(open, ended...)
	}
	list := make([]notify.Incident, 0, len(open))
	for _, i := range open {
		list = append(list, t.incident(i))
	}
	return list, nil
}

// incident is an incident as notify sees it.
func (t *tenant) incident(i *alert.Incident) notify.Incident {
	out := notify.Incident{
		Key: i.Key, Title: i.Title, Sentence: i.Sentence, Level: i.Level, Score: i.Score, Status: i.Status, Owner: i.Owner, Verdict: i.Verdict, Note: i.Note,
		Until: alert.When(i.Until), First: alert.When(i.First), Last: alert.When(i.Last), Updated: alert.When(max(i.Updated, i.Decided)), Count: i.Events,
		Tactics: i.Stages, Tenant: t.name, Background: i.Background,
	}
	if i.Status == alert.Merged {
		out.Status, out.Verdict = notify.StatusClosed, "it is part of incident "+i.Into
	}
	for _, e := range i.Entities[:min(len(i.Entities), 12)] {
		out.Entities = append(out.Entities, notify.Entity{Kind: e.Kind, Name: e.Name})
	}
	m, steps := i.Message(0), *t.steps.Load()
	for _, r := range m.Rules {
		out.Rules = append(out.Rules, r.ID, r.Title)
		out.Tags = append(out.Tags, r.Tags...)
		if rule := steps[r.ID]; rule != nil {
			for _, step := range rule.NextSteps {
				if !slices.Contains(out.Next, step) && len(out.Next) < 6 {
					out.Next = append(out.Next, step)
				}
			}
		}
	}
	out.Sure = t.sure(m.Rules)
	if !i.Background {
		out.Since = func() []string { return t.sinceThen(i) }
	}
	return out
}

// sincePatience bounds how long a message waits for what is looked up for it.
const sincePatience = time.Second

// sinceThen is what the logs tell of those whom an incident is about from its gravest moment on; nothing where that
// cannot be found out quickly: the message does not wait for it.
func (t *tenant) sinceThen(i *alert.Incident) []string {
	ctx, cancel := context.WithTimeout(context.Background(), sincePatience)
	defer cancel()
	list, err := (&console.Tenant{Name: t.name, Store: t.store, State: t.state}).Since(ctx, i)
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range list {
		out = append(out, momentLine(m))
	}
	return out
}

// momentLine is a moment with its time, unless its text begins with that, and the log that it is of.
func momentLine(m alert.Moment) string {
	at := time.Unix(0, m.Time)
	for _, zone := range []*time.Location{time.UTC, time.Local} {
		if clock := at.In(zone).Format("15:04:05"); strings.Contains(m.Text[:min(len(m.Text), 32)], clock) {
			return m.Text
		}
	}
	if m.Source != "" {
		m.Text = m.Source + ": " + m.Text
	}
	return at.Format("15:04:05 MST") + " " + m.Text
}

// sure says how sure an incident is: how many rules agree, or how tried the one is.
func (t *tenant) sure(rules []alert.RuleMessage) string {
	if len(rules) == 0 {
		return ""
	}
	if len(rules) > 1 {
		return fmt.Sprintf("%d rules agree", len(rules))
	}
	if r := (*t.steps.Load())[rules[0].ID]; r != nil && r.Status != "" {
		return "one rule says so, whose status is " + r.Status
	}
	return "one rule says so"
}

// digestDay gathers what a daily mail tells beside incidents.
func (t *tenant) digestDay(ctx context.Context, since, until time.Time) (notify.Day, error) {
	var day notify.Day
	events := t.line.Status().Events
	day.Events, t.digested = events-t.digested, events
	for a, err := range t.state.ListActions(ctx, state.ActionFilter{Since: since.UnixNano(), Limit: 100}) {
		if err != nil {
			return day, err
		}
		day.Blocked = append(day.Blocked, fmt.Sprintf("%s %s: %s, asked for at %s", a.Kind, a.Target, a.State, time.Unix(0, a.Asked).Local().Format("Mon 15:04")))
	}
	seen := make(map[string]bool)
	for h, err := range t.state.ListHits(ctx, state.HitFilter{Since: since.UnixNano(), Until: until.UnixNano(), Text: source.NoticeSilent, Limit: 200}) {
		if err != nil {
			return day, err
		}
		if line := silentLine(&h); line != "" && !seen[line] {
			seen[line] = true
			day.Silent = append(day.Silent, line)
		}
	}
	lines, err := t.watchLines(ctx, since, until)
	if err != nil {
		return day, err
	}
	day.Notes = append(day.Notes, lines...)
	st := t.line.Status()
	if st.Full {
		day.Notes = append(day.Notes, "there is no room on the disk: nothing is taken in")
	}
	day.Held, err = t.heldLines(ctx, st.Held.Total)
	return day, err
}

// heldFact keeps how many novelties had been held back in all when a daily mail was made last.
const heldFact = "digest.held"

// heldLines say what the budget of the extraordinary has held back since the last daily mail, of so many in all.
func (t *tenant) heldLines(ctx context.Context, total int64) ([]string, error) {
	text, err := t.state.Fact(ctx, heldFact)
	if err != nil {
		return nil, err
	}
	before, err := strconv.ParseInt(text, 10, 64)
	if err != nil || before > total { // the first mail, or the detectors have begun anew
		before = 0
	}
	if err := t.state.SetFacts(ctx, map[string]string{heldFact: strconv.FormatInt(total, 10)}); err != nil || total == before {
		return nil, err
	}
	what := "novelties were"
	if total-before == 1 {
		what = "novelty was"
	}
	return []string{fmt.Sprintf("%d %s not told, as stranger ones took the day's budget; anomalies.budget says how many are", total-before, what)}, nil
}

// silentLine is what a hit about a silent source says.
func silentLine(h *state.Hit) string {
	var hit struct {
		Event map[string]any `json:"event"`
	}
	if json.Unmarshal([]byte(h.JSON), &hit) != nil || hit.Event["event.action"] != source.NoticeSilent {
		return ""
	}
	text, _ := hit.Event["message"].(string)
	who, _ := hit.Event["tocsin.stream"].(string)
	if sender, _ := hit.Event["log.source.address"].(string); sender != "" {
		who = strings.TrimSpace(who + " of " + sender)
	}
	if who == "" || text == "" {
		return cmp.Or(who, text, h.RuleTitle)
	}
	return who + ": " + text
}

// outbox keeps in the state what people are told.
type outbox struct{ state *state.State }

// Kinds of what stands in the outbox.
const (
	outboxTold   = "told"
	outboxLetter = "letter"
)

// How much of what was sent is kept.
const (
	keepLetters    = 90 * 24 * time.Hour
	maxSentLetters = 20_000
)

// Load implements notify.Outbox.
func (o *outbox) Load(ctx context.Context) (m notify.Memory, err error) {
	told, err := o.state.Outbox(ctx, state.OutboxFilter{Kind: outboxTold})
	if err != nil {
		return m, err
	}
	waiting, err := o.state.Outbox(ctx, state.OutboxFilter{Kind: outboxLetter, State: notify.Waiting})
	if err != nil {
		return m, err
	}
	since := time.Now().Add(-24 * time.Hour).UnixNano()
	recent, err := o.state.Outbox(ctx, state.OutboxFilter{Kind: outboxLetter, Since: since, Limit: maxSentLetters})
	if err != nil {
		return m, err
	}
	recent = slices.DeleteFunc(recent, func(i state.OutboxItem) bool { return i.State == notify.Waiting })
	if m.Told, err = fromItems[notify.Told](told); err != nil {
		return m, err
	}
	m.Letters, err = fromItems[notify.Letter](append(waiting, recent...))
	return m, err
}

func fromItems[T any](items []state.OutboxItem) ([]T, error) {
	list := make([]T, len(items))
	for i := range items {
		if err := json.Unmarshal([]byte(items[i].JSON), &list[i]); err != nil {
			return nil, fmt.Errorf("%s %s in the outbox: %w", items[i].Kind, items[i].Key, err)
		}
	}
	return list, nil
}

// Save implements notify.Outbox.
func (o *outbox) Save(ctx context.Context, c notify.Changes) error {
	var put, forget []state.OutboxItem
	add := func(list *[]state.OutboxItem, item state.OutboxItem, v any) error {
		text, err := json.Marshal(v)
		item.JSON = string(text)
		*list = append(*list, item)
		return err
	}
	for _, t := range c.Told {
		if err := add(&put, state.OutboxItem{Kind: outboxTold, Key: toldKey(t), Level: t.Level, At: nanos(t.At)}, t); err != nil {
			return err
		}
	}
	for _, t := range c.Forget {
		forget = append(forget, state.OutboxItem{Kind: outboxTold, Key: toldKey(t)})
	}
	for _, l := range c.Letters {
		at := l.Made
		if !l.Ended.IsZero() {
			at = l.Ended
		}
		if err := add(&put, state.OutboxItem{Kind: outboxLetter, Key: l.Key, Way: l.Way, State: l.State, Level: l.Level, At: nanos(at)}, l); err != nil {
			return err
		}
	}
	return o.state.PutOutbox(ctx, put, forget)
}

// nanos is a time in nanoseconds since 1970; none is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func toldKey(t notify.Told) string { return t.Route + "/" + t.Incident }

// tidyOutbox forgets letters that were sent long ago.
func (t *tenant) tidyOutbox(ctx context.Context) error {
	_, err := t.state.PruneOutbox(ctx, outboxLetter, notify.Waiting, time.Now().Add(-keepLetters).UnixNano(), maxSentLetters)
	return err
}
