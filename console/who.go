package console

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// Who is everything that a user, an address or a host did.
type Who struct {
	Name      string          `json:"name"`
	Kind      string          `json:"kind"` // user, host, address; "" where the name might be any
	Since     time.Time       `json:"since"`
	Until     time.Time       `json:"until"`
	Events    int64           `json:"events"`
	First     time.Time       `json:"first,omitzero"`
	Last      time.Time       `json:"last,omitzero"`
	Incidents []alert.Message `json:"incidents,omitempty"` // that it is part of, the worst first
	Days      []Tally         `json:"days,omitempty"`      // events a day
	Sources   []Tally         `json:"sources,omitempty"`   // kinds of logs
	Actions   []Tally         `json:"actions,omitempty"`   // what was done, and how it came out
	With      []Group         `json:"with,omitempty"`      // who and what else stands in the same events
	Moments   []alert.Moment  `json:"moments"`             // what it did: the first, the last, and around alerts; in order
	More      int64           `json:"more"`                // events that Moments leaves out
}

// Tally is how often something was.
type Tally struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Group is what some events have in one field.
type Group struct {
	Field string  `json:"field"`
	List  []Tally `json:"list"`
}

// Bounds of a Who.
const (
	maxMoments   = 60
	maxTallies   = 8
	whoDays      = 30
	sinceMoments = 12

	maxSinceUsers = 3
)

// entityKind guesses what a name is of: an address, or "".
func entityKind(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return alert.KindAddress
	}
	return ""
}

// entityQuery is a search for events about somebody.
func entityQuery(kind, name string) string {
	q := query.Format(&query.Test{Op: query.Words, Text: query.EscapePattern(name)})
	if kind == "" {
		kind = entityKind(name)
	}
	switch kind {
	case alert.KindAddress:
		return fmt.Sprintf("(source.ip:%s or destination.ip:%s or %s)", q, q, q)
	case alert.KindHost:
		return "host.name:" + q
	case alert.KindUser:
		return fmt.Sprintf("(user.name:%s or user:%s or USER:%s or TargetUserName:%s or SubjectUserName:%s)", q, q, q, q, q)
	}
	return fmt.Sprintf("(user.name:%s or host.name:%s or %s)", q, q, q)
}

// who gathers what somebody did; kind "any" is guessed from the name.
func (t *Tenant) who(ctx context.Context, in *EntityAsk) (*Who, error) {
	x := &Who{Name: in.Name, Kind: in.Kind, Moments: []alert.Moment{}, Since: in.Since.UTC(), Until: in.Until.UTC()}
	if x.Kind == "any" {
		x.Kind = entityKind(x.Name)
	}
	if x.Until.IsZero() {
		x.Until = time.Now().UTC()
	}
	if x.Since.IsZero() {
		x.Since = time.Now().UTC().Add(-whoDays * 24 * time.Hour)
	}
	return x, t.tell(ctx, x)
}

// tell fills in what is known of somebody.
func (t *Tenant) tell(ctx context.Context, x *Who) error {
	list, err := t.State.ListIncidents(ctx, state.IncidentFilter{Status: "any", Entity: x.Name, Since: x.Since.UnixNano(), Limit: maxTallies})
	if err != nil {
		return err
	}
	for _, i := range list {
		x.Incidents = append(x.Incidents, i.Message(x.Until.UnixNano()))
	}
	about := entityQuery(x.Kind, x.Name)
	days, err := t.tallies(ctx, x, about+" | timechart 1d")
	if err != nil {
		return err
	}
	x.Days = days
	for _, d := range days {
		x.Events += d.Count
	}
	if x.Events == 0 {
		return nil
	}
	if x.Sources, err = t.tallies(ctx, x, about+" | top 8 dataset"); err != nil {
		return err
	}
	if x.Actions, err = t.tallies(ctx, x, about+" | stats count by event.action, event.outcome | sort -count | head 8"); err != nil {
		return err
	}
	for _, field := range [...]string{"user.name", "host.name", "source.ip", "destination.ip", "process.name"} {
		g, err := t.tallies(ctx, x, about+" | top 8 "+field)
		if err != nil {
			return err
		}
		g = slices.DeleteFunc(g, func(v Tally) bool { return v.Name == "" || strings.EqualFold(v.Name, x.Name) })
		if len(g) > 0 {
			x.With = append(x.With, Group{field, g})
		}
	}
	return t.moments(ctx, x, about)
}

// tallies runs a query whose last column is a count.
func (t *Tenant) tallies(ctx context.Context, x *Who, text string) ([]Tally, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", text, err)
	}
	q.Since, q.Until = x.Since.UnixNano(), x.Until.UnixNano()
	var out []Tally
	err = t.Store.Query(ctx, q, func(b *store.Block) error {
		count := slices.Index(b.Names, "count")
		if count < 0 {
			return nil
		}
		for r := range b.Rows {
			n, _ := strconv.ParseInt(b.Columns[count][r], 10, 64)
			var name []string
			for c := range b.Names {
				if v := b.Columns[c][r]; c != count && v != "" {
					name = append(name, strings.Clone(v))
				}
			}
			if n > 0 {
				out = append(out, Tally{strings.Join(name, " "), n})
			}
		}
		return nil
	})
	return out, err
}

// moments picks the events that are told one by one: the first, the last, and those around incidents.
func (t *Tenant) moments(ctx context.Context, x *Who, about string) error {
	spans := []struct {
		since, until int64
		pipe         string
	}{{x.Since.UnixNano(), x.Until.UnixNano(), " | sort _time | head 5"}, {x.Since.UnixNano(), x.Until.UnixNano(), " | sort -_time | head 25"}}
	for _, i := range x.Incidents[:min(len(x.Incidents), 3)] {
		if i.First.IsZero() {
			continue
		}
		spans = append(spans, struct {
			since, until int64
			pipe         string
		}{
			max(i.First.Add(-2*time.Minute).UnixNano(), x.Since.UnixNano()), min(i.Last.Add(10*time.Minute).UnixNano(), x.Until.UnixNano()),
			" | sort _time | head 10",
		})
	}
	seen := make(map[string]bool)
	for _, s := range spans {
		list, err := t.events(ctx, about+s.pipe, s.since, s.until)
		if err != nil {
			return err
		}
		for _, m := range list {
			if !seen[m.Key] && len(x.Moments) < maxMoments {
				seen[m.Key] = true
				x.Moments = append(x.Moments, m)
			}
		}
	}
	slices.SortStableFunc(x.Moments, func(a, b alert.Moment) int { return cmp.Compare(a.Time, b.Time) })
	if n := len(x.Moments); n > 0 {
		x.First, x.Last = alert.When(x.Moments[0].Time), alert.When(x.Moments[n-1].Time)
		x.More = max(x.Events-int64(n), 0)
	}
	return nil
}

// events returns the events of a query as moments.
func (t *Tenant) events(ctx context.Context, text string, since, until int64) ([]alert.Moment, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", text, err)
	}
	q.Since, q.Until = since, until
	var out []alert.Moment
	err = t.Store.Query(ctx, q, func(b *store.Block) error {
		for r := range b.Rows {
			out = append(out, momentOf(b, r))
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b alert.Moment) int { return cmp.Compare(a.Time, b.Time) })
	return out, err
}

// momentOf tells one event in a line.
func momentOf(b *store.Block, r int) alert.Moment {
	e := seen{b, r}
	m := alert.Moment{Kind: "event", Source: strings.Clone(e.get("dataset")), Key: strings.Clone(e.get(store.ID)), Who: strings.Clone(e.get("host.name"))}
	if at, err := time.Parse(time.RFC3339Nano, e.get(store.Time)); err == nil {
		m.Time = at.UnixNano()
	}
	m.Text = clipLine(gist(e))
	return m
}

// dull are fields that say nothing to somebody who reads what happened.
var dull = [...]string{
	"log.file.path", "event.sequence", "log.source.address", "EventRecordID", "TimeCreated", "UtcTime", "Channel", "Provider_Name",
	"ProcessGuid", "ProcessId", "LogonGuid", "eventID", "requestID", "eventTime", "eventType", "eventVersion", "managementEvent",
	"readOnly", "recipientAccountId", "awsRegion", "event.code", "source.port", "ThreadID", "Keywords", "Version",
}

func clipLine(s string) string {
	const most = 400
	s = strings.TrimRight(s, "\r\n")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Clone(s)
}

// Since tells what those whom an incident is about did from its gravest moment on: the first events, in order, until an
// hour after its last one. It is nothing for what is tried at everybody.
func (t *Tenant) Since(ctx context.Context, i *alert.Incident) ([]alert.Moment, error) {
	about := sinceQuery(i)
	if t.Store == nil || i.Background || about == "" {
		return nil, nil
	}
	return t.events(ctx, about+" | sort _time | head "+strconv.Itoa(sinceMoments), i.Worst(), i.Last+int64(time.Hour))
}

// sinceQuery finds what comes from the address that the gravest rule names, and what its users did on its host, but not
// what others try at these users. Where the rule names nobody, the incident's worst entities stand in.
func sinceQuery(i *alert.Incident) string {
	var host, address string
	var users []string
	for n, e := range slices.Concat(i.Actor(), entitiesOf(i)) {
		named := n < len(i.Actor())
		switch e.Kind {
		case alert.KindHost:
			if host == "" && (named || i.Many[alert.KindHost] == 1) {
				host = e.Name
			}
		case alert.KindUser:
			if len(users) < maxSinceUsers && !slices.Contains(users, e.Name) {
				users = append(users, e.Name)
			}
		case alert.KindAddress:
			if ip, err := netip.ParseAddr(e.Name); address == "" && (named || len(i.Actor()) == 0) && err == nil && !ip.IsLoopback() {
				address = e.Name
			}
		}
	}
	var parts []string
	if address != "" {
		parts = append(parts, entityQuery(alert.KindAddress, address))
	}
	others := "not (source.ip:* and event.outcome:failure)"
	if address != "" {
		others = "not (source.ip:* and not event.outcome:success)"
	}
	for _, u := range users {
		q := entityQuery(alert.KindUser, u)
		if host != "" { // what names the user anywhere, such as the making of the account
			q = "(" + q + " or " + strconv.Quote(u) + ") and " + entityQuery(alert.KindHost, host)
		}
		parts = append(parts, "("+q+" and "+others+" and not process.name:cron)")
	}
	if len(parts) == 0 && host != "" {
		parts = append(parts, entityQuery(alert.KindHost, host))
	}
	return strings.Join(parts, " or ")
}

// entitiesOf are whom and what an incident is about, the worst first, as far as more than little is known against them.
func entitiesOf(i *alert.Incident) []alert.Entity {
	var out []alert.Entity
	for _, e := range i.Entities {
		if e.Level >= alert.Medium {
			out = append(out, e.Entity)
		}
	}
	return out
}
