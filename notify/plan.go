package notify

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// plan is one pass over all incidents: it asks Disturb of each and each of its routes, and makes the letters.
type plan struct {
	*book
	d       *Directory
	now     time.Time
	next    time.Time // when to plan again though nothing has changed
	compose composer
	groups  map[string]*bunch // by group and kind of message
	order   []string
	posted  map[[3]string]bool // incident, way, and whether it is alarm or end: nobody gets two of one by two routes
}

// bunch is what goes into one message.
type bunch struct {
	route *Route
	kind  string
	group string
	asked []asked
	waits []asked // new, and waiting for others of the group
}

// asked is what was decided of one incident for one route.
type asked struct {
	is  *Incident
	was Told
	Decision
}

// planAll decides what to tell now of these incidents, which are all that are open if whole. It returns when to do it again
// though nothing has changed; zero where only a change can matter.
func (b *book) planAll(now time.Time, d *Directory, incidents []Incident, whole bool) time.Time {
	p := &plan{book: b, d: d, now: now, compose: composer{link: d.link, zone: time.Local}, groups: make(map[string]*bunch), posted: make(map[[3]string]bool)}
	list := make([]*Incident, 0, len(incidents))
	there := make(map[string]bool, len(incidents))
	for i := range incidents {
		if !there[incidents[i].Key] {
			list = append(list, &incidents[i])
			there[incidents[i].Key] = true
		}
	}
	if whole {
		list = append(list, p.gone(there)...)
	}
	slices.SortStableFunc(list, gravest)
	for _, is := range list {
		p.incident(is)
	}
	for _, key := range p.order {
		p.send(p.groups[key])
	}
	if whole {
		b.tidy(now, there)
	}
	return p.next
}

// gone are incidents that were told and are not there any more: they count as closed.
func (p *plan) gone(there map[string]bool) []*Incident {
	var list []*Incident
	for _, key := range slices.Sorted(maps.Keys(p.told)) {
		if there[key] {
			continue
		}
		for _, t := range p.told[key] {
			if !t.Resolved && !t.At.IsZero() {
				list = append(list, &Incident{Key: key, Title: t.Title, Level: t.Level, Status: StatusClosed, Tenant: t.Tenant, Tactics: t.Stages})
				break
			}
		}
	}
	return list
}

func (p *plan) again(t time.Time) {
	if !t.IsZero() && (p.next.IsZero() || t.Before(p.next)) {
		p.next = t
	}
}

// incident asks the routes about one incident, in order: the first that fits and is in force, those after it where it lets
// them, and all that have told it.
func (p *plan) incident(is *Incident) {
	stopped := false
	for _, r := range p.d.Routes {
		was := p.told[is.Key][r.Name]
		if based := was.rebased(p.now); based.Seen != was.Seen || based.First != was.First || based.At != was.At {
			was = based
			p.remember(was)
		}
		engaged := !was.At.IsZero() && !was.Resolved
		switch {
		case engaged:
			p.ask(r, was, is)
			stopped = stopped || !r.goOn && r.refuses(is) == ""
		case stopped || is.statusAt(p.now) == StatusClosed || r.refuses(is) != "":
		default:
			if open, change := r.hours.at(p.now); !open {
				p.again(change)
				continue
			}
			if len(r.hours.spans) > 0 && was.Seen.IsZero() && p.toldElsewhere(r, is) {
				stopped = stopped || !r.goOn // those of other hours have told it, and it is theirs
				continue
			}
			p.ask(r, was, is)
			stopped = !r.goOn
		}
	}
	p.retire(is)
}

// toldElsewhere tells whether another route has told the incident as it is.
func (p *plan) toldElsewhere(r *Route, is *Incident) bool {
	for name, t := range p.told[is.Key] {
		if name != r.Name && !t.At.IsZero() && !t.Resolved && t.Level >= is.Level && newStage(t.Stages, is.Tactics) == "" {
			return true
		}
	}
	return false
}

// retire ends what routes that are not configured any more have told.
func (p *plan) retire(is *Incident) {
	if is.statusAt(p.now) != StatusClosed {
		return
	}
	for name, t := range p.told[is.Key] {
		if !t.Resolved && !t.At.IsZero() && !slices.ContainsFunc(p.d.Routes, func(r *Route) bool { return r.Name == name }) {
			t.Resolved, t.At = true, p.now
			p.remember(t)
		}
	}
}

// ask decides about one incident and one route, and gathers what is to be told by its group.
func (p *plan) ask(r *Route, was Told, is *Incident) {
	was.Route, was.Incident, was.Group = r.Name, is.Key, r.groupOf(is)
	d := Disturb(p.now, r, was, is)
	if !d.Tell {
		p.again(d.Again)
		p.still(r, was, is, d)
		return
	}
	if d.Kind == Firing && r.group != groupIncident && is.Level < Critical {
		if ready := p.lastOf(was.Group).Add(r.interval); p.now.Before(ready) {
			p.again(ready)
			p.seen(was)
			return
		}
	}
	b := p.bunch(r, was.Group, d.Kind, is.Key)
	b.asked = append(b.asked, asked{is, was, d})
}

// still notes what is not told and yet matters: that it waits, that it was taken, that its end need not be told.
func (p *plan) still(r *Route, was Told, is *Incident, d Decision) {
	status := is.statusAt(p.now)
	told := !was.At.IsZero() && !was.Resolved
	switch {
	case status == StatusClosed && told && d.Again.IsZero():
		was.Resolved, was.At = true, p.now
		p.remember(was)
	case status == StatusTaken && told && was.Status != StatusTaken:
		p.taken(r, was, is)
	case told && was.Status != status && status != StatusClosed:
		was.Status = status
		p.remember(was)
	case !told && status == StatusNew && r.group != groupIncident && !d.Again.IsZero():
		b := p.bunch(r, was.Group, Firing, is.Key)
		b.waits = append(b.waits, asked{is, was, tell(Firing, "it is new")})
		fallthrough
	case !told && status == StatusNew && !d.Again.IsZero():
		p.seen(was)
	}
}

// seen notes since when a route has had to do with an incident.
func (p *plan) seen(was Told) {
	if was.Seen.IsZero() {
		was.Seen = p.now
		p.remember(was)
	}
}

func (p *plan) bunch(r *Route, group, kind, incident string) *bunch {
	key := group + "\x00" + kind
	if kind == Escalated {
		key += "\x00" + incident // steps differ
	}
	b := p.groups[key]
	if b == nil {
		b = &bunch{route: r, kind: kind, group: group}
		p.groups[key] = b
		p.order = append(p.order, key)
	}
	return b
}

// lastOf is when something new was told of a group last.
func (p *plan) lastOf(group string) time.Time {
	var last time.Time
	for _, routes := range p.told {
		for _, t := range routes {
			if t.Group == group && t.At.After(last) && !t.Resolved {
				last = t.At
			}
		}
	}
	return last
}

// send makes the letters of one message.
func (p *plan) send(b *bunch) {
	if len(b.asked) == 0 {
		return
	}
	if b.kind == Firing {
		b.asked = append(b.asked, b.waits...)
	}
	if len(b.asked) == 1 {
		p.single(b.route, b.asked[0])
		return
	}
	var list []*Incident
	level, id := 0, []string{b.route.Name, b.group, b.kind}
	for _, a := range b.asked {
		list = append(list, a.is)
		level = max(level, a.is.Level)
		id = append(id, a.is.Key, strconv.Itoa(a.was.Number))
	}
	p.compose.zone = b.route.zone
	m := p.compose.group(p.now, b.kind, list)
	m.Why = clean(b.asked[0].Why, maxLine)
	var to []string
	for _, way := range p.d.reach(p.now, b.route.to) {
		m := m
		m.Thread, m.ID = hash("group", b.group), hash(append(id, way)...)
		m.First = !p.knows(b.asked[0].is.Key, way)
		if p.post(p.now, p.d.ways[way], b.route.Name, m, level) {
			to = append(to, way)
		}
	}
	for _, a := range b.asked {
		p.done(a, to)
	}
}

// single makes the letters of one incident.
func (p *plan) single(r *Route, a asked) {
	p.compose.zone = r.zone
	m := p.compose.message(p.now, a.Kind, a.Why, a.is)
	if a.is.Since != nil && a.Kind != Resolved {
		for _, line := range a.is.Since() {
			if len(m.Since) < maxSince {
				m.Since = append(m.Since, clean(line, maxLine))
			}
		}
	}
	var to []string
	for _, way := range p.recipients(r, a) {
		if p.letterTo(r, a, m, way) {
			to = append(to, way)
		}
	}
	p.done(a, to)
}

// recipients are the ways by which one incident is told.
func (p *plan) recipients(r *Route, a asked) []string {
	switch a.Kind {
	case Escalated:
		return p.d.reach(p.now, r.escalate[a.was.Steps].to)
	case Resolved:
		return slices.DeleteFunc(slices.Clone(a.was.To), func(way string) bool { return p.d.ways[way] == nil })
	case Worse:
		to := slices.Clone(r.to)
		for _, s := range r.escalate[:min(a.was.Steps, len(r.escalate))] {
			to = append(to, s.to...)
		}
		return p.d.reach(p.now, to)
	}
	return p.d.reach(p.now, r.to)
}

func (p *plan) letterTo(r *Route, a asked, m Message, way string) bool {
	class := "alarm"
	if a.Kind == Resolved || a.Kind == Taken {
		class = a.Kind
	}
	key := [3]string{a.is.Key, way, class}
	if p.posted[key] {
		return true
	}
	p.posted[key] = true
	m.ID = hash(r.Name, a.is.Key, strconv.Itoa(a.was.Number), a.Kind, way)
	m.First = !p.knows(a.is.Key, way)
	return p.post(p.now, p.d.ways[way], r.Name, m, a.is.Level)
}

// done remembers what was told, and by which ways.
func (p *plan) done(a asked, to []string) {
	told := a.was.tells(p.now, a.Decision, a.is)
	told.To = slices.Clone(told.To)
	for _, way := range to {
		if !slices.Contains(told.To, way) {
			told.To = append(told.To, way)
		}
	}
	p.remember(told)
	if r := p.routeNamed(told.Route); r != nil && !told.Resolved {
		p.again(Disturb(p.now, r, told, a.is).Again)
	}
}

func (p *plan) routeNamed(name string) *Route {
	if i := slices.IndexFunc(p.d.Routes, func(r *Route) bool { return r.Name == name }); i >= 0 {
		return p.d.Routes[i]
	}
	return nil
}

// taken tells the services that keep a state of their own that somebody has taken an incident: it disturbs nobody.
func (p *plan) taken(r *Route, was Told, is *Incident) {
	was.Status = StatusTaken
	m := p.compose.message(p.now, Taken, ifEmpty(clean(is.Owner, maxName), "somebody")+" has taken it", is)
	for _, way := range was.To {
		if w := p.d.ways[way]; w != nil && w.states {
			p.letterTo(r, asked{is, was, Decision{Kind: Taken}}, m, way)
		}
	}
	was.Number++
	p.remember(was)
}
