package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// MonthAsk names a month.
type MonthAsk struct {
	Month string `query:"month" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"2026-10, in UTC; else the present one."`
}

// Month is what a month was like.
type Month struct {
	Month    string      `json:"month"`
	Since    time.Time   `json:"since"`
	Until    time.Time   `json:"until"`
	Whole    bool        `json:"whole" doc:"It is over."`
	Now      MonthCounts `json:"now"`
	Before   MonthCounts `json:"before" doc:"Of the month before."`
	Events   int64       `json:"events" doc:"That are kept of the month."`
	Days     []Tally     `json:"days" doc:"Events by day."`
	Noisy    []NoisyRule `json:"noisy" doc:"Rules with most false alarms, then those with most alerts."`
	Done     []Tally     `json:"done" doc:"What was done, by kind of action."`
	People   []Tally     `json:"people" doc:"Who decided how often."`
	Silent   []string    `json:"silent" doc:"Sources that say nothing now."`
	Worst    []Closed    `json:"worst" doc:"The gravest incidents of the month."`
	CutShort bool        `json:"cut,omitempty" doc:"There were more incidents than were looked at."`
}

// MonthCounts are the figures of a month.
type MonthCounts struct {
	Found    LevelCounts `json:"found" doc:"Incidents that began."`
	Total    int64       `json:"total" doc:"Of these, without those of the background."`
	Attempts int64       `json:"attempts" doc:"Background incidents: what is tried at everybody, and what means little."`
	Closed   int64       `json:"closed"`
	Open     int64       `json:"open" doc:"Still, without those of the background."`
	Verdicts Verdicts    `json:"verdicts"`
	Take     Duration    `json:"take" doc:"From when tocsin knew until somebody took it, or closed it."`
	Contain  Duration    `json:"contain" doc:"Until the first action about it."`
	Close    Duration    `json:"close" doc:"Until it was closed."`
	Blocks   int64       `json:"blocks" doc:"Addresses that were blocked."`
	Actions  int64       `json:"actions"`
}

// Verdicts are how often each was given.
type Verdicts struct {
	Malicious  int64 `json:"malicious"`
	Expected   int64 `json:"expected"`
	FalseAlarm int64 `json:"false_alarm"`
}

// Duration sums up how long something took.
type Duration struct {
	Count  int     `json:"count"`
	Median float64 `json:"median" doc:"Seconds."`
	Most   float64 `json:"most" doc:"Seconds that nine of ten stayed below."`
}

// NoisyRule is a rule that called often.
type NoisyRule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Level string `json:"level" enum:"critical,high,medium,low,informational"`
	RuleCounts
}

// Closed is an incident in a report.
type Closed struct {
	Key     string    `json:"key"`
	Title   string    `json:"title"`
	Level   string    `json:"level" enum:"critical,high,medium,low,informational"`
	Score   int       `json:"score"`
	First   time.Time `json:"first"`
	Status  string    `json:"status" enum:"new,taken,snoozed,closed,merged"`
	Verdict string    `json:"verdict,omitempty" enum:"malicious,expected,false-alarm"`
	Owner   string    `json:"owner,omitempty"`
}

// Bounds of a report.
const (
	maxNoisy = 10
	maxWorst = 10
)

func (s *Server) registerMonth(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/reports/month", Permission: identity.ReportRead, Summary: "Says what a month was like", Tag: "reports"}, s.month)
}

func (s *Server) month(ctx context.Context, t *Tenant, q *MonthAsk) (*Month, error) {
	now := time.Now().UTC()
	since := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if q.Month != "" {
		var err error
		if since, err = time.Parse("2006-01", q.Month); err != nil || since.After(now) {
			return nil, bad("month", "%s is no month that has begun", q.Month)
		}
	}
	until := since.AddDate(0, 1, 0)
	out := &Month{
		Month: since.Format("2006-01"), Since: since, Until: until, Whole: !until.After(now), Days: []Tally{}, Noisy: []NoisyRule{}, Done: []Tally{}, People: []Tally{},
		Silent: []string{}, Worst: []Closed{},
	}
	reached(ctx, "Incidents", 0.05)
	for _, m := range [...]struct {
		since, until time.Time
		to           *MonthCounts
	}{{since.AddDate(0, -1, 0), since, &out.Before}, {since, until, &out.Now}} {
		if err := t.countMonth(ctx, m.since.UnixNano(), m.until.UnixNano(), m.to, out); err != nil {
			return nil, err
		}
	}
	reached(ctx, "Rules", 0.2)
	if err := t.noisy(ctx, out); err != nil {
		return nil, err
	}
	days, err := t.tallies(reaching(ctx, "Events by day", 0.3, 1), &Who{Since: since, Until: until}, "* | timechart 1d")
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		out.Days = append(out.Days, Tally{d.Name[:min(len(d.Name), len(time.DateOnly))], d.Count})
		out.Events += d.Count
	}
	if t.Line != nil {
		for _, x := range t.Line.Sources() {
			if x.Silent {
				out.Silent = append(out.Silent, strings.TrimSpace(x.Path+" "+x.Sender))
			}
		}
	}
	return out, nil
}

// countMonth works out the figures of a month; what out lists is of the month that is counted last.
func (t *Tenant) countMonth(ctx context.Context, since, until int64, to *MonthCounts, out *Month) error {
	list, cut, err := t.State.Briefs(ctx, state.IncidentFilter{Status: "any", Since: since, Now: until})
	if err != nil {
		return err
	}
	out.CutShort = cut
	list = slices.DeleteFunc(list, func(b *state.Brief) bool { return b.First < since || b.First >= until })
	said, people, err := t.said(ctx, since)
	if err != nil {
		return err
	}
	contained, kinds, err := t.contained(ctx, since, until, to)
	if err != nil {
		return err
	}
	var take, contain, closed []int64
	out.Worst = out.Worst[:0]
	for _, b := range list {
		to.Found.add(b.Level)
		if b.Kind == "attack" {
			to.Total++
		} else {
			to.Attempts++
		}
		switch {
		case b.Status != alert.Closed:
			if b.Kind == "attack" { // what is tried at everybody waits for nobody
				to.Open++
			}
		case b.Verdict == alert.Malicious:
			to.Verdicts.Malicious++
		case b.Verdict == alert.Expected:
			to.Verdicts.Expected++
		default:
			to.Verdicts.FalseAlarm++
		}
		w := said[b.Key]
		for n, at := range [...]int64{w.taken, contained[b.Key], w.closed} {
			if list := [...]*[]int64{&take, &contain, &closed}[n]; at > b.Seen && b.Seen > 0 {
				*list = append(*list, at-b.Seen)
			}
		}
		if b.Kind == "attack" && len(out.Worst) < maxWorst {
			out.Worst = append(out.Worst, Closed{b.Key, b.Title, alert.LevelName(b.Level), b.Score, alert.When(b.First), b.Status, b.Verdict, b.Owner})
		}
	}
	to.Closed = to.Verdicts.Malicious + to.Verdicts.Expected + to.Verdicts.FalseAlarm
	to.Take, to.Contain, to.Close = durationOf(take), durationOf(contain), durationOf(closed)
	out.Done, out.People = talliesOf(kinds), talliesOf(people)
	return nil
}

// spoken is when people first took, and closed, an incident.
type spoken struct{ taken, closed int64 }

// said reads out of the audit trail when people first said something of incidents, and who did how often.
func (t *Tenant) said(ctx context.Context, since int64) (map[string]spoken, map[string]int64, error) {
	of, people := make(map[string]spoken), make(map[string]int64)
	for e, err := range t.State.ListAudit(ctx, state.AuditFilter{Action: "incident.decide", Since: since}) {
		if err != nil {
			return nil, nil, err
		}
		var d struct {
			Status string `json:"status"`
		}
		_ = json.Unmarshal([]byte(e.Detail), &d) // what cannot be read says nothing of the status
		w := of[e.Target]
		if w.taken == 0 && (d.Status == alert.Taken || d.Status == alert.Closed) {
			w.taken = e.Time
		}
		if w.closed == 0 && d.Status == alert.Closed {
			w.closed = e.Time
		}
		of[e.Target] = w
		people[e.Actor]++
	}
	return of, people, nil
}

// contained says when the first action about each incident was asked for, and how many of each kind there were.
func (t *Tenant) contained(ctx context.Context, since, until int64, to *MonthCounts) (first, kinds map[string]int64, err error) {
	first, kinds = make(map[string]int64), make(map[string]int64)
	for a, err := range t.State.ListActions(ctx, state.ActionFilter{Since: since}) {
		if err != nil {
			return nil, nil, err
		}
		if a.Asked >= until {
			continue
		}
		var whole struct {
			Why struct {
				Alert string `json:"alert"`
			} `json:"why"`
		}
		_ = json.Unmarshal([]byte(a.JSON), &whole) // it is counted all the same
		if at := first[whole.Why.Alert]; at == 0 || a.Asked < at {
			first[whole.Why.Alert] = a.Asked
		}
		kinds[a.Kind]++
		to.Actions++
		if a.Kind == "block" {
			to.Blocks++
		}
	}
	return first, kinds, nil
}

// noisy lists the rules that called most.
func (t *Tenant) noisy(ctx context.Context, out *Month) error {
	records, err := t.State.RuleRecords(ctx, out.Since.UnixNano(), out.Until.UnixNano())
	if err != nil {
		return err
	}
	names, err := t.State.CountHits(ctx, state.HitFilter{Since: out.Since.UnixNano(), Until: out.Until.UnixNano()}, state.ByRule)
	if err != nil {
		return err
	}
	of := make(map[string]state.HitCount, len(names))
	for _, n := range names {
		of[cmp.Or(n.Name, n.Title)] = n
	}
	for id, r := range records {
		n := NoisyRule{ID: id, Title: cmp.Or(of[id].Title, id), Level: alert.LevelName(of[id].Level)}
		n.RuleCounts = RuleCounts{r.Hits, r.Alerts, r.True, r.False, r.Open, r.Hidden, alert.When(r.Last)}
		out.Noisy = append(out.Noisy, n)
	}
	slices.SortFunc(out.Noisy, func(a, b NoisyRule) int {
		return cmp.Or(cmp.Compare(b.False, a.False), cmp.Compare(b.Alerts, a.Alerts), strings.Compare(a.ID, b.ID))
	})
	out.Noisy = out.Noisy[:min(len(out.Noisy), maxNoisy)]
	return nil
}

// durationOf sums up some times in nanoseconds.
func durationOf(list []int64) Duration {
	if len(list) == 0 {
		return Duration{}
	}
	slices.Sort(list)
	at := func(share float64) float64 { return time.Duration(list[int(float64(len(list)-1)*share)]).Seconds() }
	return Duration{Count: len(list), Median: at(0.5), Most: at(0.9)}
}

// talliesOf are counts, the highest first.
func talliesOf(counts map[string]int64) []Tally {
	out := []Tally{}
	for name, n := range counts {
		out = append(out, Tally{name, n})
	}
	slices.SortFunc(out, func(a, b Tally) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name)) })
	return out
}
