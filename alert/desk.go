package alert

import (
	"slices"
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
// Incidents that people have closed take in nothing new. One that was closed as malicious and goes on is new again, and
// so is any other one, not of the background, of which an alert becomes graver or is about more than before.
type Desk struct {
	opt       Options
	alerts    map[string]*Alert
	topics    map[topic]*Alert   // those that were met since the last forget
	tried     map[[2]string]bool // rules, by their ids and the product that they were found in, that find attempts
	incidents map[string]*Incident
	links     map[Entity][]string        // incidents that are not background, by what they are about
	targets   map[Entity]string          // the last background incident of each target
	loose     map[Entity]map[string]bool // alerts of background incidents, by what they are about
	dirty     map[string]*change
	changed   map[string]bool // incidents
	merged    map[string]string
	newest    int64 // time of the newest hit
	swept     int64 // that it was when forget last did something
	known     int64 // alerts whose last event was then or later are all at hand; 0 is none
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
		opt: opt, alerts: make(map[string]*Alert), topics: make(map[topic]*Alert), tried: make(map[[2]string]bool), incidents: make(map[string]*Incident), links: make(map[Entity][]string),
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
			at := targetOf(i.Attempts, *i.Target)
			if last := d.incidents[d.targets[at]]; last == nil || last.Last < i.Last {
				d.targets[at] = i.Key
			}
		}
	}
	of := make(map[string][]*Alert)
	for _, a := range alerts {
		d.alerts[a.Key] = a
		d.newest = max(d.newest, a.Last)
		i := d.incidents[a.Incident]
		if i != nil {
			of[i.Key] = append(of[i.Key], a)
		}
		switch {
		case i == nil:
		case i.Background:
			d.loosen(a)
		case i.IsOpen():
			d.link(i, a)
		}
	}
	for key, list := range of {
		d.incidents[key].recall(list)
	}
}

// Knows says that all alerts whose last event was at a time or later have been given to Load, so that one which is not at
// hand is new, and nobody need be asked for it.
func (d *Desk) Knows(since int64) { d.known = since }

// Judge takes note of what people have said of an incident. A verdict teaches, until it is taken back.
func (d *Desk) Judge(said *Incident) {
	i := d.incidents[said.Key]
	if i == nil {
		return
	}
	before := i.judgement()
	i.Status, i.Owner, i.Verdict, i.Note, i.Until = said.Status, said.Owner, said.Verdict, said.Note, said.Until
	i.Decided, i.Again, i.Case = said.Decided, said.Again, said.Case
	now := i.judgement()
	if now == before {
		return
	}
	for _, a := range d.alerts {
		if d.local(a.Incident) != i {
			continue
		}
		if before != "" {
			d.opt.Lessons.add(a, before, -1)
		}
		if now != "" {
			d.opt.Lessons.Learn(a, now)
		}
	}
}

// judgement is the verdict with which an incident is closed, "" if it is not.
func (i *Incident) judgement() string {
	if i.Status != Closed {
		return ""
	}
	return i.Verdict
}

// Use replaces the silences.
func (d *Desk) Use(silences []Silence) { d.opt.Silences = silences }

// Take counts a hit, and returns its number among those of its alert: 0 if it was counted before. What it changes is known
// after Place.
func (d *Desk) Take(h *Hit) int64 {
	a, fresh := d.alertOf(h)
	hits, events := a.Hits, a.Events
	changed, wider := a.take(h)
	if !changed {
		return 0
	}
	if h.Seen == 0 {
		d.newest = max(d.newest, h.Time)
	} else {
		d.newest = max(d.newest, min(h.Time, h.Seen)) // a clock that is wrong makes nothing old
	}
	c := d.touch(a)
	if fresh {
		c.share.alerts = 1
	}
	c.share.hits += a.Hits - hits
	c.share.events += a.Events - events
	c.wider = c.wider || wider
	return a.Hits
}

// touch notes that an alert changes.
func (d *Desk) touch(a *Alert) *change {
	c := d.dirty[a.Key]
	if c == nil {
		c = &change{alert: a}
		d.dirty[a.Key] = c
	}
	return c
}

// alertOf returns the alert that a hit belongs to, and whether there was none before.
func (d *Desk) alertOf(h *Hit) (a *Alert, fresh bool) {
	attempt := d.isAttempt(h)
	t := topicOf(h, attempt, silencing(d.opt.Silences, h))
	if a = d.topics[t]; a != nil {
		d.handOver(h, t, a)
		return a, false
	}
	met, key := t, t.key()
	a = d.find(key, t.window)
	if a == nil && d.crowded(h, attempt) {
		t.about = target(h)
		key = t.keyOfMany()
		a = d.find(key, t.window)
	}
	if fresh = a == nil; fresh {
		a = &Alert{
			Key: key, RuleID: h.RuleID, RuleTitle: h.RuleTitle, Level: h.Level, Tags: h.Tags, Entity: t.about, Window: t.window,
			Attempt: attempt, Silence: t.silence, By: actor(h),
		}
		d.alerts[key] = a
	}
	d.topics[met] = a
	d.handOver(h, met, a)
	return a, fresh
}

// handOver sees to it that of a hit which goes on while a silence begins or ends, each event is counted in one alert.
func (d *Desk) handOver(h *Hit, t topic, a *Alert) {
	if !h.Grows || len(d.opt.Silences) == 0 || a.Bursts[h.Key].Open {
		return
	}
	try := func(silence string) {
		t.silence = silence
		b := d.alerts[t.key()]
		if b == nil || b == a {
			return
		}
		if was := b.Bursts[h.Key]; was.Open {
			b.burst(h.Key, Burst{Events: was.Events})
			d.touch(b)
			_, known := a.Bursts[h.Key]
			a.burst(h.Key, Burst{Events: was.Events, elsewhere: !known})
		}
	}
	try("")
	for i := range d.opt.Silences {
		try(d.opt.Silences[i].ID)
	}
}

// KeysOf returns the keys of the alert that a hit is counted in where nothing hides it: the first, or, where it is one of
// very many, the second.
func KeysOf(h *Hit) (alone, many string) {
	t := topicOf(h, len(h.Sources) > 0 && h.Level < Critical && isTried(h), "")
	alone = t.key()
	t.about = target(h)
	return alone, t.keyOfMany()
}

// find returns the alert with a key, whose window begins at a time.
func (d *Desk) find(key string, window int64) *Alert {
	a := d.alerts[key]
	if a == nil && d.opt.Find != nil && (d.known == 0 || window < d.known) {
		if a = d.opt.Find(key); a != nil {
			d.alerts[key] = a
		}
	}
	return a
}

// crowded tells whether there are so many alerts already that a further one is not told apart.
func (d *Desk) crowded(h *Hit, attempt bool) bool {
	if len(d.alerts) >= MaxAlerts && (attempt || h.Level < Medium) {
		return true
	}
	if !attempt {
		return false
	}
	i := d.incidents[d.targets[targetOf(true, target(h))]]
	return i != nil && i.Alerts >= MaxTried
}

// target is what an attempt is aimed at, and what else means little is about.
func target(h *Hit) Entity {
	if len(h.Hosts) > 0 {
		return Entity{KindHost, h.Hosts[0]}
	}
	return Entity{KindFile, h.File}
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
	if d.known != 0 {
		d.known = max(d.known, before)
	}
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
