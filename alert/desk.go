package alert

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Bounds of a Desk.
const (
	MaxAlerts = 50_000 // that are kept at hand; about 1 kB each
	MaxTried  = 5_000  // alerts of attempts on one target; what further addresses try is one alert about the target
)

// Options say what a Desk works with. The zero value is good.
type Options struct {
	// Find returns an alert, and FindIncident an incident, that is kept elsewhere and was not given to Load; nil where
	// there is none.
	Find         func(key string) *Alert
	FindIncident func(key string) *Incident
	// Worth is what an entity is worth to those who own it, 1 for most; nil is 1 for all.
	Worth    func(Entity) float64
	Silences []Silence
	Lessons  Lessons
}

// Desk makes alerts of hits and incidents of alerts.
//
// Alerts of medium level and above that are not attempts make incidents: two that share a host, a user or an address and
// are at most Gap apart are of one incident, which spans at most Span. What would make two incidents one merges them.
// An attempt goes to an incident that shares the address it came from; else all attempts on one target are one
// background incident. A low alert goes to an incident that shares anything with it; else low alerts about one thing
// are a background incident. Alerts wait in the background: an incident that comes later takes over what belongs to it.
// Incidents that people have closed take in nothing new; one that was closed as malicious and goes on is new again.
type Desk struct {
	opt       Options
	alerts    map[string]*Alert
	topics    map[topic]*Alert // those that were met since the last forget
	tried     map[string]bool  // rules, by their ids, that find attempts
	incidents map[string]*Incident
	links     map[Entity][]string        // incidents that are not background, by what they are about
	targets   map[Entity]string          // the last background incident of each target
	loose     map[Entity]map[string]bool // alerts of background incidents, by what they are about
	dirty     map[string]*change
	changed   map[string]bool // incidents
	merged    map[string]string
	newest    int64 // time of the newest hit
	swept     int64 // that it was when forget last did something
}

// change is what has become of an alert since Place.
type change struct {
	alert *Alert
	share share
	wider bool
}

// Changes are what is to be kept after Place. What they point to belongs to the Desk and is valid until its next call.
type Changes struct {
	Alerts    []*Alert
	Incidents []*Incident
	Merged    map[string]string // incidents whose alerts, also those kept elsewhere, are now another's
}

// NewDesk makes a Desk that has seen nothing.
func NewDesk(opt Options) *Desk {
	if opt.Lessons == nil {
		opt.Lessons = make(Lessons)
	}
	return &Desk{
		opt: opt, alerts: make(map[string]*Alert), topics: make(map[topic]*Alert), tried: make(map[string]bool), incidents: make(map[string]*Incident), links: make(map[Entity][]string),
		targets: make(map[Entity]string), loose: make(map[Entity]map[string]bool), dirty: make(map[string]*change),
		changed: make(map[string]bool), merged: make(map[string]string),
	}
}

// Load gives the Desk what was kept of before: incidents that are not over, and the alerts since a little longer than
// Span before the newest.
func (d *Desk) Load(alerts []*Alert, incidents []*Incident) {
	for _, i := range incidents {
		d.incidents[i.Key] = i
		if i.Rules == nil {
			i.Rules = make(map[string]*RuleShare)
		}
		if i.Background && i.IsOpen() && i.Target != nil {
			d.targets[targetOf(i.Attempts, *i.Target)] = i.Key
		}
	}
	for _, a := range alerts {
		d.alerts[a.Key] = a
		d.newest = max(d.newest, a.Last)
		i := d.incidents[a.Incident]
		switch {
		case i == nil:
		case i.Background:
			d.loosen(a)
		case i.IsOpen():
			d.link(i, a)
		}
	}
}

// Judge takes note of what people have said of an incident.
func (d *Desk) Judge(said *Incident) {
	i := d.incidents[said.Key]
	if i == nil {
		return
	}
	i.Status, i.Owner, i.Verdict, i.Note, i.Until = said.Status, said.Owner, said.Verdict, said.Note, said.Until
	i.Decided, i.Again, i.Case = said.Decided, said.Again, said.Case
	if i.Status != Closed {
		return
	}
	for _, a := range d.alerts {
		if a.Incident == i.Key {
			d.opt.Lessons.Learn(a, i.Verdict)
		}
	}
}

// Use replaces the silences.
func (d *Desk) Use(silences []Silence) { d.opt.Silences = silences }

// Take counts a hit, and returns how many its alert has with it. What it changes is known after Place.
func (d *Desk) Take(h *Hit) int64 {
	a, fresh := d.alertOf(h)
	hits, events := a.Hits, a.Events
	changed, wider := a.take(h)
	if !changed {
		return a.Hits
	}
	d.newest = max(d.newest, h.Time)
	c := d.dirty[a.Key]
	if c == nil {
		c = &change{alert: a}
		d.dirty[a.Key] = c
	}
	if fresh {
		c.share.alerts = 1
	}
	c.share.hits += a.Hits - hits
	c.share.events += a.Events - events
	c.wider = c.wider || wider
	return a.Hits
}

// alertOf returns the alert that a hit belongs to, and whether there was none before.
func (d *Desk) alertOf(h *Hit) (a *Alert, fresh bool) {
	attempt := d.isAttempt(h)
	t := topicOf(h, attempt, silencing(d.opt.Silences, h))
	if a = d.topics[t]; a != nil {
		return a, false
	}
	key := t.key()
	a = d.find(key)
	if a == nil && d.crowded(h, attempt) {
		t.about = d.target(h)
		key = hash("alert of many", t.key())
		a = d.find(key)
	}
	if fresh = a == nil; fresh {
		a = &Alert{
			Key: key, RuleID: h.RuleID, RuleTitle: h.RuleTitle, Level: h.Level, Tags: h.Tags, Entity: t.about, Window: t.window,
			Attempt: attempt, Silence: t.silence, By: actor(h),
		}
		d.alerts[key] = a
	}
	d.topics[t] = a
	return a, fresh
}

func (d *Desk) find(key string) *Alert {
	a := d.alerts[key]
	if a == nil && d.opt.Find != nil {
		if a = d.opt.Find(key); a != nil {
			d.alerts[key] = a
		}
	}
	return a
}

// crowded tells whether there are so many alerts already that a further one is not told apart.
func (d *Desk) crowded(h *Hit, attempt bool) bool {
	if len(d.alerts) >= MaxAlerts && h.Level < Medium {
		return true
	}
	if !attempt {
		return false
	}
	i := d.incidents[d.targets[targetOf(true, d.target(h))]]
	return i != nil && i.Alerts >= MaxTried
}

// target is what an attempt is aimed at, and what else means little is about.
func (d *Desk) target(h *Hit) Entity {
	if len(h.Hosts) > 0 {
		return Entity{KindHost, h.Hosts[0]}
	}
	return Entity{KindFile, h.File}
}

// Place puts the alerts that have changed where they belong, in order of time, and returns what is to be kept.
func (d *Desk) Place() Changes {
	list := make([]*change, 0, len(d.dirty))
	for _, c := range d.dirty {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *change) int {
		return cmp.Or(cmp.Compare(a.alert.First, b.alert.First), strings.Compare(a.alert.Key, b.alert.Key))
	})
	out := Changes{Merged: d.merged}
	d.merged = make(map[string]string)
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
	for from, into := range d.merged {
		out.Merged[from] = into
	}
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
	clear(d.merged)
	d.forget()
	return out
}

// finish works out what follows from an incident's parts.
func (d *Desk) finish(i *Incident) {
	i.rank()
	worth := 1.0
	if d.opt.Worth != nil {
		for _, e := range i.Entities {
			worth = max(worth, d.opt.Worth(e.Entity))
		}
	}
	i.Score = i.Rate(worth)
	i.Title, i.Sentence = i.describe()
}

// place puts one alert into an incident, or what it has become more by into the one that it is in.
func (d *Desk) place(c *change, moved map[string]*Alert) {
	a := c.alert
	if i := d.incident(a.Incident); i != nil {
		a.Incident = i.Key
		if i.Verdict == Malicious && i.Status == Closed && c.share.events > 0 && a.Updated > i.Decided {
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
}

// isMinor tells whether an alert makes no incident of its own.
func (a *Alert) isMinor() bool { return a.Attempt || a.Level < Medium }

// incident returns an incident, or what it was merged into.
func (d *Desk) incident(key string) *Incident {
	for range 8 {
		if key == "" {
			return nil
		}
		i := d.incidents[key]
		if i == nil && d.opt.FindIncident != nil {
			if i = d.opt.FindIncident(key); i != nil {
				d.incidents[key] = i
			}
		}
		if i == nil || i.Into == "" {
			return i
		}
		key = i.Into
	}
	return nil
}

func (d *Desk) enter(i *Incident, a *Alert, s share) {
	a.Incident = i.Key
	i.add(a, s)
	if r := i.Rules[a.RuleID]; r != nil {
		if f := d.opt.Lessons.factor(a); f != 1 {
			r.Taught = max(r.Taught, f)
		} else {
			r.Taught = 0
		}
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
			i := d.incidents[key]
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
			d.merge(other, i, moved)
		}
	}
	for _, e := range a.linked() {
		for key := range d.loose[e] {
			l := d.alerts[key]
			if l == nil || !i.fits(l.First, l.Last) || !slices.Contains(l.linked(), e) {
				continue
			}
			if from := d.incidents[l.Incident]; from != nil {
				d.leave(from, l)
				if from.Alerts <= 0 && touched(from) == 0 {
					from.Status, from.Into = Merged, i.Key
				}
			}
			d.enter(i, l, share{1, l.Hits, l.Events})
			moved[l.Key] = l
		}
	}
}

// merge makes one incident part of another.
func (d *Desk) merge(from, into *Incident, moved map[string]*Alert) {
	for _, a := range d.alerts {
		if a.Incident == from.Key {
			d.enter(into, a, share{1, a.Hits, a.Events})
			d.link(into, a)
			moved[a.Key] = a
		}
	}
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

// forget lets go of what is so old that nothing belongs to it any more, and of the oldest where there is too much.
func (d *Desk) forget() {
	if d.newest-d.swept < int64(Gap) && len(d.alerts) <= MaxAlerts*11/10 && len(d.topics) <= 2*MaxAlerts {
		return
	}
	d.swept = d.newest
	before := d.newest - int64(Span+2*Gap)
	if len(d.alerts) > MaxAlerts*11/10 {
		last := make([]int64, 0, len(d.alerts))
		for _, a := range d.alerts {
			last = append(last, a.Last)
		}
		slices.Sort(last)
		before = max(before, last[len(last)-MaxAlerts*9/10])
	}
	clear(d.topics)
	for key, a := range d.alerts {
		if a.Last < before {
			for _, e := range a.linked() {
				delete(d.loose[e], key)
				if len(d.loose[e]) == 0 {
					delete(d.loose, e)
				}
			}
			delete(d.alerts, key)
		}
	}
	for key, i := range d.incidents {
		if i.Last < before {
			delete(d.incidents, key)
		}
	}
	for e, keys := range d.links {
		if keys = slices.DeleteFunc(keys, func(k string) bool { return d.incidents[k] == nil }); len(keys) == 0 {
			delete(d.links, e)
		} else {
			d.links[e] = keys
		}
	}
	for e, key := range d.targets {
		if d.incidents[key] == nil {
			delete(d.targets, e)
		}
	}
}
