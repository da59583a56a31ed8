package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
)

// proving looks for evidence of a tenant within a time.
type proving struct {
	server       *Server
	tenant       *Tenant
	since, until time.Time

	month *MonthCounts // counted once
	risks []Risk       // asked for once
	asked bool
}

func amountOf[N int | int64](n N) string { return alert.Amount(int64(n)) }

// counted is a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return amountOf(n) + " " + many
}

// took is how long something took, in words.
func took(d *Duration) string {
	if d.Count == 0 {
		return "not known"
	}
	length := func(s float64) string { return time.Duration(s * float64(time.Second)).Round(time.Second).String() }
	return fmt.Sprintf("%s: the median of %s; nine of ten within %s", length(d.Median), amountOf(d.Count), length(d.Most))
}

// exposed are the risks that are known; none where they cannot be asked for, and of a tenant that the machine does not belong to.
func (x *proving) exposed(ctx context.Context) ([]Risk, error) {
	if !x.asked && x.server.Exposure != nil && x.tenant.Name == x.server.Tenants[0].Name {
		view, err := x.server.exposure(ctx, x.tenant, nil)
		if err != nil {
			return nil, err
		}
		x.risks, x.asked = view.Items, true
	}
	return x.risks, nil
}

// counts are those of the incidents and actions of the time.
func (x *proving) counts(ctx context.Context) (*MonthCounts, error) {
	if x.month == nil {
		x.month = &MonthCounts{}
		if err := x.tenant.countMonth(ctx, x.since.UnixNano(), x.until.UnixNano(), x.month, &Month{}); err != nil {
			return nil, err
		}
	}
	return x.month, nil
}

func (x *proving) logs(ctx context.Context, p *Proof) error {
	kinds, err := x.tenant.tallies(reaching(ctx, p.Title, 0, 0.1), &Who{Since: x.since, Until: x.until}, "* | top 1000 dataset")
	if err != nil {
		return err
	}
	var events int64
	for _, k := range kinds {
		events += k.Count
	}
	p.Holds = events > 0
	p.fact("Events kept of these days", amountOf(events))
	p.fact("Kinds of logs", amountOf(len(kinds)))
	if x.tenant.Line == nil {
		return nil
	}
	sources, silent, wrong := x.tenant.Line.Sources(), 0, 0
	for i := range sources {
		if sources[i].Silent {
			silent++
		}
		if sources[i].Wrong {
			wrong++
		}
	}
	p.fact("Sources that have spoken since the start", amountOf(len(sources)))
	if silent > 0 {
		p.gap(counted(silent, "source says", "sources say") + " nothing now")
	}
	if wrong > 0 {
		p.gap("The clock of " + counted(wrong, "source", "sources") + " is wrong")
	}
	if st := x.tenant.Line.Status(); st.Stalled != "" {
		p.gap("Nothing is kept for now: " + st.Stalled)
	}
	return nil
}

// keptWanted is how long logs are to be kept by the strictest of the catalogues that name a time for them.
const keptWanted = 365

func (x *proving) kept(ctx context.Context, p *Proof) error {
	oldest, newest, err := x.tenant.span(ctx, &query.Query{})
	if err != nil || oldest == 0 {
		p.gap("No event is kept")
		return err
	}
	p.Holds = true
	first := alert.When(oldest).UTC()
	p.fact("The oldest event", first.Format(time.DateOnly))
	p.fact("The newest event", alert.When(newest).UTC().Format("2006-01-02 15:04 UTC"))
	age := int(x.until.Sub(first).Hours() / 24)
	from := x.until.AddDate(0, 0, -min(age, keptWanted)).Truncate(24 * time.Hour)
	days, err := x.tenant.tallies(reaching(ctx, p.Title, 0.1, 0.2), &Who{Since: from, Until: x.until}, "* | timechart 1d")
	if err != nil {
		return err
	}
	p.fact("Days with events", fmt.Sprintf("%s of the last %s", amountOf(len(days)), amountOf(min(age, keptWanted)+1)))
	if lack := min(age, keptWanted) + 1 - len(days); lack > 0 {
		p.gap("Of " + counted(lack, "day", "days") + " in between nothing is kept")
	}
	if age < keptWanted {
		p.gap("It goes back " + counted(age, "day", "days") + "; twelve months are not shown yet")
	}
	return nil
}

func (x *proving) watch(ctx context.Context, p *Proof) error {
	if x.server.Rules == nil {
		p.gap("Which rules there are is not known here")
		return nil
	}
	list, err := x.server.Rules(ctx, x.tenant.Name)
	if err != nil {
		return err
	}
	on, blind, techniques := 0, 0, make(map[string]bool)
	for i := range list {
		switch r := &list[i]; {
		case !r.Enabled:
		case r.Never != "":
			blind++
		default:
			on++
			for _, t := range r.Techniques {
				techniques[t] = true
			}
		}
	}
	p.Holds = on > 0
	p.fact("Rules that see logs", amountOf(on))
	p.fact("Techniques of ATT&CK that they look for", amountOf(len(techniques)))
	hits, err := x.tenant.State.CountHits(ctx, state.HitFilter{Since: x.since.UnixNano()}, state.ByNothing)
	if err != nil {
		return err
	}
	if len(hits) > 0 {
		p.fact("Hits in these days", amountOf(hits[0].Hits))
	}
	if blind > 0 {
		p.gap(counted(blind, "rule is", "rules are") + " on and without logs to look at")
	}
	return nil
}

func (x *proving) judged(ctx context.Context, p *Proof) error {
	n, err := x.counts(ctx)
	if err != nil {
		return err
	}
	p.Holds = n.Closed > 0
	p.fact("Incidents, without what is tried at everybody", amountOf(n.Total))
	p.fact("Closed with a verdict", amountOf(n.Closed))
	p.fact("Malicious, expected, false alarms", fmt.Sprintf("%s, %s, %s", amountOf(n.Verdicts.Malicious), amountOf(n.Verdicts.Expected), amountOf(n.Verdicts.FalseAlarm)))
	p.fact("Until somebody took it", took(&n.Take))
	p.fact("Until it was closed", took(&n.Close))
	week := x.until.AddDate(0, 0, -7).UnixNano()
	open, _, err := x.tenant.State.Briefs(ctx, state.IncidentFilter{Now: x.until.UnixNano()})
	if err != nil {
		return err
	}
	late := 0
	for _, b := range open {
		if b.Kind == "attack" && b.Seen < week {
			late++
		}
	}
	if late > 0 {
		p.gap(counted(late, "incident is", "incidents are") + " open for more than a week")
	}
	if n.Closed == 0 {
		p.gap("No incident was judged in this time")
	}
	return nil
}

func (x *proving) response(ctx context.Context, p *Proof) error {
	n, err := x.counts(ctx)
	if err != nil {
		return err
	}
	p.Holds = n.Actions > 0
	p.fact("Actions that were asked for", amountOf(n.Actions))
	p.fact("Addresses that were blocked", amountOf(n.Blocks))
	p.fact("Until something was done", took(&n.Contain))
	if n.Actions == 0 {
		p.gap("Nothing was blocked, ended or locked in this time")
	}
	return nil
}

func (x *proving) told(ctx context.Context, p *Proof) error {
	risks, err := x.exposed(ctx)
	if err != nil {
		return err
	}
	p.risks(risks, "notify")
	p.Holds = x.asked && !slices.ContainsFunc(risks, func(r Risk) bool { return r.Kind == "notify" && r.Severity == "high" })
	if x.server.Status == nil {
		return nil
	}
	for _, ts := range x.server.Status().Tenants {
		if ts.Name != x.tenant.Name {
			continue
		}
		p.Holds = p.Holds || ts.Notify.Sent > 0
		p.fact("Messages sent since the start", amountOf(ts.Notify.Sent))
		p.fact("Messages that wait", amountOf(ts.Notify.Waiting))
		for way, why := range ts.Notify.Stuck {
			p.gap("Nothing gets through by " + way + ": " + why)
		}
	}
	slices.Sort(p.Gaps)
	return nil
}

func (x *proving) cases(ctx context.Context, p *Proof) error {
	list, err := x.tenant.State.ListCases(ctx, true, maxCases)
	if err != nil {
		return err
	}
	open, kept, notes := 0, 0, 0
	for _, c := range list {
		if c.Status != alert.Closed {
			open++
		}
		kept, notes = kept+len(c.Evidence), notes+len(c.Notes)
	}
	p.Holds = len(list) > 0
	p.fact("Cases", fmt.Sprintf("%s, %s of them open", amountOf(len(list)), amountOf(open)))
	p.fact("Notes in them", amountOf(notes))
	p.fact("Pieces of evidence, each under its SHA-256", amountOf(kept))
	if len(list) == 0 {
		p.gap("There is no case")
	}
	return nil
}

func (x *proving) integrity(ctx context.Context, p *Proof) error {
	head, err := x.tenant.State.VerifyAudit(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.gap("The audit trail is not what it was: " + err.Error())
		return nil
	}
	p.Holds = head.Seq > 0
	p.fact("Entries of the audit trail, each with the hash of the one before, checked now", amountOf(head.Seq))
	p.fact("Hash of the last", head.Hash)
	return nil
}

func (x *proving) access(ctx context.Context, p *Proof) error {
	if x.server.Gate == nil {
		p.gap("Who may come in is not known here")
		return nil
	}
	users, err := x.server.Gate.Users(ctx, identity.System("report"))
	if err != nil {
		return err
	}
	in, second, admins := 0, 0, 0
	for i := range users {
		u := &users[i]
		role, has := u.Roles[x.tenant.Name]
		if everywhere, is := u.Roles[identity.AllTenants]; is {
			role, has = everywhere, true
		}
		if u.Disabled || !has {
			continue
		}
		in++
		if len(u.MFA) > 0 || u.Source != "local" {
			second++
		}
		if role == identity.Administrator {
			admins++
		}
	}
	p.Holds = in > 0
	p.fact("Users who may see this", amountOf(in))
	p.fact("Of these, administrators", amountOf(admins))
	p.fact("Of these, with a second factor, a passkey, or from a directory that asks for it", amountOf(second))
	if lone := in - second; lone > 0 {
		p.gap(counted(lone, "user comes", "users come") + " in with a password alone")
	}
	return nil
}

func (x *proving) backup(ctx context.Context, p *Proof) error {
	for e, err := range x.tenant.State.ListAudit(ctx, state.AuditFilter{Action: "backup", Newest: true, Limit: 1}) {
		if err != nil {
			return err
		}
		p.Holds = true
		p.fact("The last backup", alert.When(e.Time).UTC().Format("2006-01-02 15:04 UTC"))
	}
	risks, err := x.exposed(ctx)
	if err != nil {
		return err
	}
	p.risks(risks, "backup")
	if !p.Holds && len(p.Gaps) == 0 {
		p.gap("No backup is known")
	}
	return nil
}
