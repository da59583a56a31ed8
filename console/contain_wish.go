package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/state"
)

// Bounds of what is proposed for one incident.
const (
	maxBlocked  = 6 // addresses that it came from
	maxReached  = 3 // addresses that were reached
	maxLocked   = 3 // accounts
	maxHidden   = 3 // files
	containTime = "7d"

	// An attack begins before it is noticed: a scan with its first packet. What a firewall let through so shortly before
	// the first hit says nothing for an address.
	unnoticed = time.Hour
)

// stepWish is a step before it is judged.
type stepWish struct {
	StepAction
	title     string
	hosts     []string // on which it would have to be done; none: anywhere
	about     string   // a query for what it would cut off; "" is none
	good      string   // a query for what of it would be missed
	through   string   // the same for what a firewall let through, "" where good has it
	whomField string   // by which who would miss it is named
	whom      []string // who would miss it
	never     string   // why it is never ticked
}

// wishes are the steps that an incident asks for, in the order in which they are to be done: sessions end before their
// addresses are blocked, or the guard would protect them.
func (t *Tenant) wishes(ctx context.Context, i *alert.Incident, alerts []*alert.Alert) (list []stepWish, notes []string, err error) {
	c := containOf(i, alerts)
	why := i.Title
	add := func(w stepWish) {
		w.Why, w.Alert, w.Case = why, i.Key, i.Case
		list = append(list, w)
	}
	from := c.from[:min(len(c.from), maxBlocked)]
	if more := len(c.from) - len(from); more > 0 {
		notes = append(notes, fmt.Sprintf("%s more addresses took part; the %d that did most are listed", alert.Amount(int64(more)), len(from)))
	}
	for _, w := range [...]stepWish{
		{StepAction: StepAction{Kind: "end-session", Target: "from "}, title: "End the open SSH sessions from ", hosts: c.hosts},
		{StepAction: StepAction{Kind: "block", For: containTime}, title: "Block "},
	} {
		for _, a := range from {
			x := w
			x.Target, x.title = w.Target+a, w.title+a
			x.about = "source.ip:" + query.Format(&query.Test{Op: query.Words, Text: query.EscapePattern(a)})
			x.good, x.whomField = x.about+` and not event.category:network and (event.outcome:success or "Accepted")`, "user.name"
			x.through = x.about + " and event.category:network and (event.outcome:success or event.type:allowed)"
			add(x)
		}
	}
	for _, a := range c.to[:min(len(c.to), maxReached)] {
		what := query.Format(&query.Test{Op: query.Words, Text: query.EscapePattern(a)})
		add(stepWish{
			StepAction: StepAction{Kind: "block", Target: a + " out", For: containTime}, title: "Block connections to " + a, about: "destination.ip:" + what,
			good: "destination.ip:" + what, whomField: "host.name",
		})
	}
	for _, u := range c.users[:min(len(c.users), maxLocked)] {
		about := entityQuery(alert.KindUser, u)
		for _, kind := range [...]string{"lock-account", "lock-directory-account"} {
			add(stepWish{
				StepAction: StepAction{Kind: kind, Target: alert.Entity{Kind: alert.KindUser, Name: u}.Short()}, title: "Lock account " + u, hosts: c.hosts,
				about: about, good: about + " and event.outcome:success", whomField: "source.ip",
			})
		}
	}
	files, err := t.files(ctx, alerts)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files[:min(len(files), maxHidden)] {
		add(stepWish{StepAction: StepAction{Kind: "quarantine", Target: f}, title: "Move " + f + " to quarantine", hosts: c.hosts})
	}
	if i.Level == alert.Critical && !i.Background {
		add(stepWish{
			StepAction: StepAction{Kind: "isolate", Target: "host"}, title: "Cut this host off from the network", hosts: c.hosts,
			never: "All but its operators, and what is never blocked, would lose it.",
		})
	}
	return list, notes, nil
}

// against says what speaks against a step.
func (w *stepWish) against(d *DryRun) []string {
	var list []string
	if w.never != "" {
		list = append(list, w.never)
	}
	if d == nil {
		return list
	}
	if len(d.Known) > 0 {
		list = append(list, "Known to be good: "+strings.Join(d.Known, ", ")+".")
	}
	if d.Good == 0 {
		return list
	}
	whom := ""
	if len(w.whom) > 0 {
		whom = ": " + strings.Join(w.whom, ", ")
	}
	switch w.Kind {
	case "lock-account", "lock-directory-account":
		list = append(list, fmt.Sprintf("It was used %s times in the %d days before, from elsewhere too%s. That would fail.", alert.Amount(d.Good), dryDays, whom))
	default:
		if strings.HasSuffix(w.Target, " out") {
			list = append(list, fmt.Sprintf("It was reached %s times in the %d days before the incident%s. That would fail.", alert.Amount(d.Good), dryDays, whom))
		} else {
			list = append(list, fmt.Sprintf("It succeeded %s times in the %d days before the incident%s. They would be cut off.", alert.Amount(d.Good), dryDays, whom))
		}
	}
	return list
}

// harmless says what a step would have cut that nobody misses.
func (w *stepWish) harmless(d *DryRun) string {
	switch {
	case d == nil:
		return ""
	case w.Kind == "block" && d.Events == 0:
		return fmt.Sprintf("Dry run over %d days: it would have met nothing.", dryDays)
	case w.Kind == "end-session":
		return ""
	case w.Kind == "block":
		return fmt.Sprintf("Dry run over %d days: it would have met %s events. No known-good traffic.", dryDays, alert.Amount(d.Events))
	}
	return fmt.Sprintf("In the %d days before the incident nobody used it.", dryDays)
}

// contained is who and what took part in an incident.
type contained struct {
	from, to []string // addresses that it came from, and that were reached; those that did most first
	users    []string // who may be somebody else now
	hosts    []string
}

// containOf reads out of alerts who and what took part.
func containOf(i *alert.Incident, alerts []*alert.Alert) *contained {
	c := &contained{}
	from, to := make(map[string]int64), make(map[string]int64)
	for _, a := range alerts {
		for _, s := range a.Sources {
			from[s] += a.Hits
		}
		for _, h := range a.Hosts {
			if !slices.Contains(c.hosts, h) {
				c.hosts = append(c.hosts, h)
			}
		}
		if a.Attempt || a.Level < alert.Medium {
			continue
		}
		for _, s := range a.Addresses {
			if public(s) && !slices.Contains(a.Sources, s) {
				to[s] += a.Hits
			}
		}
		if a.Level < alert.High {
			continue
		}
		for _, e := range a.By {
			if e.Kind == alert.KindUser && !slices.Contains(c.users, e.Name) {
				c.users = append(c.users, e.Name)
			}
		}
	}
	for _, e := range i.Actor() {
		if e.Kind == alert.KindUser && i.Level >= alert.High && !slices.Contains(c.users, e.Name) {
			c.users = append(c.users, e.Name)
		}
	}
	for s := range from {
		delete(to, s)
		if a, err := netip.ParseAddr(s); err != nil || a.IsLoopback() || a.IsUnspecified() {
			delete(from, s)
		}
	}
	c.from, c.to = mostFirst(from), mostFirst(to)
	return c
}

// public tells whether a text is an address of the internet.
func public(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.IsGlobalUnicast() && !a.IsPrivate()
}

func mostFirst(counts map[string]int64) []string {
	list := make([]string, 0, len(counts))
	for s := range counts {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return list
}

// fileFields are fields that name a file which somebody has brought or run.
var fileFields = [...]string{"file.path", "TargetFilename", "process.executable", "Image", "exe"}

// files are files that the hits of an incident name, but for those of the system.
func (t *Tenant) files(ctx context.Context, alerts []*alert.Alert) ([]string, error) {
	var list []string
	looked := 0
	for _, a := range alerts {
		if a.Level < alert.High || a.Attempt {
			continue
		}
		for _, key := range a.Samples[:min(len(a.Samples), 5)] {
			if looked++; looked > maxListed {
				return list, nil
			}
			h, err := t.State.Hit(ctx, key)
			if errors.Is(err, state.ErrNotFound) {
				continue // it is forgotten
			}
			if err != nil {
				return nil, err
			}
			whole, err := hitOf(&h)
			if err != nil {
				return nil, fmt.Errorf("hit %s: %w", key, err)
			}
			field := live.AlertHit(&h, 0, &whole).Field
			if field == nil {
				continue
			}
			for _, name := range fileFields {
				for _, f := range field(name) {
					if ofSomebody(f) && !slices.Contains(list, f) {
						list = append(list, f)
					}
				}
			}
		}
	}
	return list, nil
}

// ofSomebody tells whether a path is a whole one of a file that is not the system's own.
func ofSomebody(f string) bool {
	if !path.IsAbs(f) || path.Clean(f) != f || len(f) > 4096 {
		return false
	}
	return !slices.ContainsFunc([]string{"/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/boot/"}, func(dir string) bool {
		return strings.HasPrefix(f, dir) && !strings.HasPrefix(f, "/usr/local/") && !strings.HasPrefix(f, "/dev/shm/")
	})
}
