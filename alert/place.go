package alert

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Place puts the alerts that have changed where they belong, in order of time, and returns what is to be kept.
func (d *Desk) Place() Changes {
	list := make([]*change, 0, len(d.dirty))
	for _, c := range d.dirty {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *change) int {
		return cmp.Or(cmp.Compare(a.alert.First, b.alert.First), strings.Compare(a.alert.Key, b.alert.Key))
	})
	var out Changes
	moved := make(map[string]*Alert)
	for _, c := range list {
		if c.alert.Silence == "" {
			d.place(c, moved)
		}
		c.alert.settle()
		out.Alerts = append(out.Alerts, c.alert)
		delete(moved, c.alert.Key)
	}
	for key, a := range moved {
		if d.dirty[key] == nil {
			out.Alerts = append(out.Alerts, a)
		}
	}
	for _, a := range out.Alerts { // in what was merged meanwhile, too
		if i := d.local(a.Incident); i != nil {
			a.Incident = i.Key
		}
	}
	out.Merged = d.merged
	for from := range out.Merged {
		out.Merged[from] = d.local(from).Key
	}
	d.merged = make(map[string]string)
	keys := make([]string, 0, len(d.changed))
	for key := range d.changed {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		i := d.incidents[key]
		d.finish(i)
		out.Incidents = append(out.Incidents, i)
	}
	clear(d.dirty)
	clear(d.changed)
	d.forget()
	return out
}

// finish works out what follows from an incident's parts.
func (d *Desk) finish(i *Incident) {
	i.rank()
	i.Score = i.Rate(d.worth(i))
	i.Title, i.Sentence = i.describe()
}

// worth is that of the most valuable thing that an incident is about; where nothing is worth more than most, that of the
// most valuable of its hosts.
func (d *Desk) worth(i *Incident) float64 {
	most, hosts := 1.0, 0.0
	if d.opt.Worth == nil {
		return most
	}
	for _, e := range i.Entities {
		w := d.opt.Worth(e.Entity)
		most = max(most, w)
		if e.Kind == KindHost {
			hosts = max(hosts, w)
		}
	}
	if most > 1 || hosts == 0 {
		return most
	}
	return hosts
}

// place puts one alert into an incident, or what it has become more by into the one that it is in.
func (d *Desk) place(c *change, moved map[string]*Alert) {
	a := c.alert
	var left *Incident
	if i := d.incident(a.Incident); i != nil {
		a.Incident = i.Key
		if i.Status == Closed && c.share.events > 0 && a.Updated > i.Decided && (i.Verdict == Malicious || c.wider && !i.Background && !a.isMinor()) {
			i.Status, i.Again = New, true
		}
		i.add(a, c.share)
		d.changed[i.Key] = true
		if !c.wider || !i.IsOpen() {
			return
		}
		if !i.Background {
			d.join(i, a, moved)
			return
		}
		d.leave(i, a)
		left = i
	}
	whole := share{1, a.Hits, a.Events}
	near := d.near(a)
	switch {
	case !a.isMinor():
		i := d.pick(near)
		if i == nil {
			i = &Incident{Key: hash("incident", a.Key), Status: New, Rules: make(map[string]*RuleShare)}
			d.incidents[i.Key] = i
		}
		d.enter(i, a, whole)
		d.join(i, a, moved)
	case len(near) > 0:
		i := d.pick(near)
		d.enter(i, a, whole)
		d.link(i, a)
	default:
		d.background(a, whole)
	}
	if left != nil {
		d.emptied(left, a.Incident)
	}
}

// emptied makes an incident that all alerts have left part of where the last one went.
func (d *Desk) emptied(i *Incident, into string) {
	if i.Alerts <= 0 && touched(i) == 0 && i.Key != into {
		i.Status, i.Into = Merged, into
	}
}

// isMinor tells whether an alert makes no incident of its own.
func (a *Alert) isMinor() bool { return a.Attempt || a.Level < Medium }

// incident returns an incident, or what it was merged into.
func (d *Desk) incident(key string) *Incident {
	for range maxHops {
		if key == "" {
			return nil
		}
		i := d.incidents[key]
		if i == nil && d.opt.FindIncident != nil {
			if i = d.opt.FindIncident(key); i != nil {
				d.incidents[key] = i
				if i.Rules == nil {
					i.Rules = make(map[string]*RuleShare)
				}
			}
		}
		if i == nil || i.Into == "" {
			return i
		}
		key = i.Into
	}
	return nil
}

// local is incident without what is kept elsewhere.
func (d *Desk) local(key string) *Incident {
	i := d.incidents[key]
	for range maxHops {
		if i == nil || i.Into == "" {
			return i
		}
		i = d.incidents[i.Into]
	}
	return nil
}

// maxHops bounds how often what was merged was merged again.
const maxHops = 1000

func (d *Desk) enter(i *Incident, a *Alert, s share) {
	a.Incident = i.Key
	i.add(a, s)
	if r := i.Rules[a.RuleID]; r != nil {
		f := d.opt.Lessons.factor(a)
		if r.Alerts <= s.alerts {
			r.Taught = f
		}
		r.teach(f)
	}
	d.changed[i.Key] = true
}

// leave takes an alert out of a background incident.
func (d *Desk) leave(i *Incident, a *Alert) {
	i.remove(a, share{1, a.Hits, a.Events})
	for _, e := range a.linked() {
		delete(d.loose[e], a.Key)
	}
	a.Incident = ""
	d.changed[i.Key] = true
}

// near returns the open incidents, not of the background, that an alert may belong to.
func (d *Desk) near(a *Alert) []*Incident {
	var list []*Incident
	for _, e := range a.linked() {
		for _, key := range d.links[e] {
			i := d.local(key)
			if i != nil && i.IsOpen() && i.fits(a.First, a.Last) && !slices.Contains(list, i) {
				list = append(list, i)
			}
		}
	}
	return list
}

// pick returns the earliest of some incidents, one that people work on before others; nil if there is none.
func (d *Desk) pick(list []*Incident) *Incident {
	if len(list) == 0 {
		return nil
	}
	return slices.MinFunc(list, func(a, b *Incident) int {
		return cmp.Or(cmp.Compare(touched(b), touched(a)), cmp.Compare(a.First, b.First), strings.Compare(a.Key, b.Key))
	})
}

func touched(i *Incident) int {
	if i.Status != New || i.Case != "" {
		return 1
	}
	return 0
}

// join makes an incident one with those that an alert of it shares something with, and takes over what waited for it in
// the background.
func (d *Desk) join(i *Incident, a *Alert, moved map[string]*Alert) {
	d.link(i, a)
	for _, other := range d.near(a) {
		if other != i && touched(other) == 0 && max(i.Last, other.Last)-min(i.First, other.First) <= int64(Span) {
			d.merge(other, i)
		}
	}
	for _, e := range a.linked() {
		for _, l := range d.waiting(e) {
			if !i.fits(l.First, l.Last) {
				continue
			}
			if from := d.local(l.Incident); from != nil {
				d.leave(from, l)
				d.emptied(from, i.Key)
			}
			d.enter(i, l, share{1, l.Hits, l.Events})
			moved[l.Key] = l
		}
	}
}

// waiting returns the alerts of background incidents that are about something, in order of time.
func (d *Desk) waiting(e Entity) []*Alert {
	var list []*Alert
	for key := range d.loose[e] {
		if a := d.alerts[key]; a != nil && slices.Contains(a.linked(), e) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b *Alert) int { return cmp.Or(cmp.Compare(a.First, b.First), strings.Compare(a.Key, b.Key)) })
	return list
}

// merge makes one incident part of another, with all its alerts, whether they are at hand or not. What links to the one,
// and what says that it is of it, leads to the other from now on.
func (d *Desk) merge(from, into *Incident) {
	into.absorb(from)
	d.changed[into.Key] = true
	from.Status, from.Into = Merged, into.Key
	d.changed[from.Key] = true
	d.merged[from.Key] = into.Key
}

// background puts an alert with others that wait.
func (d *Desk) background(a *Alert, s share) {
	target := a.Entity
	if a.Attempt {
		target = Entity{KindFile, "the network"}
		if len(a.Hosts) > 0 {
			target = Entity{KindHost, a.Hosts[0]}
		}
	}
	at := targetOf(a.Attempt, target)
	i := d.incidents[d.targets[at]]
	if i == nil || !i.IsOpen() || !i.fits(a.First, a.Last) {
		i = &Incident{
			Key: hash("background", a.Key), Status: New, Rules: make(map[string]*RuleShare), Background: true,
			Attempts: a.Attempt, Target: &target,
		}
		d.incidents[i.Key] = i
		d.targets[at] = i.Key
	}
	d.enter(i, a, s)
	d.loosen(a)
}

func targetOf(attempts bool, e Entity) Entity {
	e = e.folded()
	if attempts {
		e.Kind = "attempts on " + e.Kind
	}
	return e
}

func (d *Desk) loosen(a *Alert) {
	for _, e := range a.linked() {
		if d.loose[e] == nil {
			d.loose[e] = make(map[string]bool)
		}
		d.loose[e][a.Key] = true
	}
}

// link makes an incident known by what an alert of it is about.
func (d *Desk) link(i *Incident, a *Alert) {
	for _, e := range a.linked() {
		if !slices.Contains(d.links[e], i.Key) {
			d.links[e] = append(d.links[e], i.Key)
		}
	}
}

// shared are names of users that many machines have, so that they are not the same person.
var shared = [...]string{
	"root", "administrator", "admin", "ubuntu", "debian", "ec2-user", "user", "guest", "nobody", "www-data", "postgres",
	"mysql", "nginx", "apache", "git", "daemon", "bin", "test", "oracle", "ansible", "vagrant", "pi", "default",
}

// linked are the entities by which an alert belongs together with others: of attempts the address that they came from.
// A loopback address, and a user that every machine has, means something together with the host only.
func (a *Alert) linked() []Entity {
	host := ""
	if len(a.Hosts) > 0 {
		host = Entity{KindHost, a.Hosts[0]}.folded().Name
	}
	var out []Entity
	for _, e := range a.Entities() {
		e = e.folded()
		switch e.Kind {
		case KindHost:
			if a.Attempt {
				continue
			}
		case KindUser:
			if a.Attempt || slices.Contains(shared[:], e.Name) {
				continue
			}
		case KindAddress:
			if a.Attempt && !slices.ContainsFunc(a.Sources, func(s string) bool { return strings.EqualFold(s, e.Name) }) {
				continue
			}
			if ip, err := netip.ParseAddr(e.Name); err == nil && ip.IsLoopback() {
				e.Name = host + " " + e.Name
			}
		}
		out = append(out, e)
	}
	return out
}
