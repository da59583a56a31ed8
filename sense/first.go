package sense

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/sight"
)

// firstSeen tells of what somebody has never done before: a user on a new host or from a new network or country, a host
// that starts a new program, an account that becomes an administrator.
//
// New means something only of who has a history. How strange a novelty is, is estimated as Good and Turing did for
// species: the share of new things among the next things is about that of the things seen once among all that were seen,
// drawn towards that of all others while little is known. So a server that has run the same 80 programs for a month is
// told of at once, and a developer's machine is not. What others know is less strange, and what nobody knows is more.
//
// What is new at many at once is one finding: novelties wait for a while (hold) for their like. New programs on a host
// that has just installed a package are expected.
//
// It keeps maxHabits entities, those that were active last, with maxThings things each and maxAllThings in all: some 20 MB.
type firstSeen struct {
	senses *Detectors
	habits map[habitKey]*habit
	things int                     // of all habits
	known  map[thingKey]int32      // how many have done it
	rates  [habitKinds]noveltyRate // of all entities
	fresh  map[string]int64        // host → when a package was last installed
	hosts  map[string]int64        // host → when it was seen first
	held   map[string]*novelty     // by what they have in common
	budget budget
	forgot int64
}

// habitKind is what is new to whom.
type habitKind uint8

// The kinds of novelties. The numbers are kept in snapshots.
const (
	newHost    habitKind = iota // a user on a host
	newNetwork                  // a user from a network
	newCountry                  // a user from a country
	newProgram                  // a host with a program
	newAdmin                    // a user with a group
	habitKinds
)

var habitActions = [habitKinds]string{"new-host", "new-network", "new-country", "new-program", "new-admin"}

type habitKey struct {
	kind habitKind
	who  string
	on   string // the host, where the user is one of that host alone
}

type thingKey struct {
	kind habitKind
	name string
}

// habit is what one entity has done.
type habit struct {
	first, last int64
	n           int // things by the hour: what happens often in one hour counts once
	events      int64
	once        int // things that were seen in one hour alone
	things      map[string]*thing
}

type thing struct {
	hours int32
	hour  int64 // of the last
	count int64
}

// noveltyRate is how often things are new among all entities.
type noveltyRate struct{ n, novel float64 }

const (
	maxHabits    = 20_000
	maxThings    = 512
	maxAllThings = 120_000
	maxHeld      = 4096
	maxHeldNames = 64

	leastHours    = 8         // things by the hour that a history has at least
	leastHistory  = nsDay     // and how long it is
	leastPrograms = 3 * nsDay // of a host: it takes longer until it has done all that it does
	packageTime   = nsHour    // in which new programs are expected after a package was installed
	upgradeTime   = nsHour    // in which the same novelty at others belongs to the first
	commonHabit   = 3         // so many others have done it
	shrinkage     = 4.0       // how many things what is known of all others counts for
)

// newFirstSeen makes a detector that has seen nothing.
func newFirstSeen(s *Detectors) detector {
	f := &firstSeen{
		senses: s, habits: make(map[habitKey]*habit), known: make(map[thingKey]int32), fresh: make(map[string]int64),
		hosts: make(map[string]int64), held: make(map[string]*novelty), budget: budget{most: s.opt.Budget},
	}
	s.budget = &f.budget
	return detector{name: "first seen", see: f.see, advance: f.advance, finish: f.finish, save: f.save, load: f.load, notes: f.notes}
}

// see takes note of a sighting.
func (f *firstSeen) see(s *sight.Sighting) {
	if s.Host != "" && (s.Kind == sight.SawLogon || s.Kind == sight.SawProgram) {
		if _, ok := f.hosts[s.Host]; !ok {
			trimOldest(f.hosts, maxHabits)
			f.hosts[s.Host] = s.Time
		}
	}
	switch s.Kind {
	case sight.SawLogon:
		f.seeLogon(s)
	case sight.SawProgram:
		if s.Host != "" && s.Program != "" {
			f.note(s, habitKey{kind: newProgram, who: s.Host}, s.Program)
		}
	case sight.SawGrant:
		if s.Admin && s.Outcome != sight.Failed {
			f.seeAdmin(s)
		}
	case sight.SawPackage:
		trimOldest(f.fresh, maxHabits)
		f.fresh[s.Host] = max(f.fresh[s.Host], s.Time)
	}
}

func (f *firstSeen) seeLogon(s *sight.Sighting) {
	if s.Outcome != sight.Succeeded || s.User == "" {
		return
	}
	on := ""
	if localLogon(s.Type) {
		on = s.Host
	}
	if s.Host != "" {
		if began := f.hosts[s.Host]; s.Time-began >= leastHistory || f.senses.learning {
			f.note(s, habitKey{kind: newHost, who: s.User}, s.Host)
		}
	}
	if !s.Source.IsValid() || s.Source.IsLoopback() {
		return
	}
	f.noteOrigin(s, newNetwork, on, networkOf(s.Source))
	if place := f.senses.opt.Place; place != nil {
		if c := place(s.Source).Country; c != "" {
			f.noteOrigin(s, newCountry, on, c)
		}
	}
}

// noteOrigin adds where a user has logged on from. Accounts of the same name on several hosts may be of different people,
// so that each host's have habits of their own; where such an account has none yet, those of the name on all hosts are asked.
func (f *firstSeen) noteOrigin(s *sight.Sighting, kind habitKind, on, name string) {
	all, k := habitKey{kind: kind, who: s.User, on: anyHost}, habitKey{kind: kind, who: s.User, on: on}
	switch h := f.habits[k]; {
	case on == "":
		f.note(s, k, name)
	case h == nil || !h.ripe(s.Time):
		f.note(s, all, name)
		f.note(s, k, name)
	default:
		f.note(s, k, name)
		f.learn(s, all, name)
	}
}

// anyHost is in place of the host in what the accounts of one name have done on all hosts together.
const anyHost = "*"

// learn adds a thing to what an entity has done, and says nothing of it.
func (f *firstSeen) learn(s *sight.Sighting, k habitKey, name string) {
	before := f.senses.learning
	f.senses.learning = true
	f.note(s, k, name)
	f.senses.learning = before
}

// ripe tells whether an entity has a history.
func (h *habit) ripe(now int64) bool { return h.n >= leastHours && now-h.first >= leastHistory }

// localLogon tells whether accounts of that kind of logon are those of one host.
func localLogon(how string) bool {
	switch how {
	case "ssh", "ftp", "login", "db", "smtp_auth", "console":
		return true
	}
	return false
}

// networkOf returns the network of an address: /24 of IPv4, /48 of IPv6.
func networkOf(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// note adds a thing to what an entity has done, and says so where it is new and that is strange.
func (f *firstSeen) note(s *sight.Sighting, k habitKey, name string) {
	h := f.habits[k]
	if h == nil {
		f.makeRoom()
		h = &habit{first: s.Time, things: make(map[string]*thing)}
		f.habits[k] = h
	}
	rate := &f.rates[k.kind]
	h.last = max(h.last, s.Time)
	h.events += s.Count
	hour := s.Time / nsHour
	t := h.things[name]
	if t != nil {
		t.count += s.Count
		if hour <= t.hour {
			return
		}
		t.hour = hour
		if t.hours++; t.hours == 2 {
			h.once--
		}
		h.n++
		if k.on != anyHost {
			rate.add(0)
		}
		return
	}
	strange, ok := f.strange(s, k, h, name)
	f.crowded(k, h)
	h.things[name] = &thing{hours: 1, hour: hour, count: s.Count}
	f.things++
	h.once++
	h.n++
	if h.n > leastHours && k.on != anyHost {
		rate.add(1)
	}
	f.know(k, name)
	if ok {
		f.hold(s, k, h, name, strange)
	}
}

// strange says how strange it is that an entity does a new thing, in bits: one in 2^bits times it would.
func (f *firstSeen) strange(s *sight.Sighting, k habitKey, h *habit, name string) (bits float64, ok bool) {
	if !h.ripe(s.Time) || k.kind == newProgram && s.Time-h.first < leastPrograms {
		return 0, false
	}
	if k.kind == newProgram && s.Time-f.fresh[s.Host] < packageTime {
		return 0, false
	}
	p := (float64(h.once) + shrinkage*f.rates[k.kind].share()) / (float64(h.n) + shrinkage)
	bits = -math.Log2(max(p, 1e-9))
	switch others := f.known[thingKey{k.kind, name}]; {
	case others >= commonHabit:
		bits -= 3
	case others == 0:
		bits++
	}
	if k.kind == newNetwork {
		bits += f.farther(h, name)
	}
	return bits, true
}

// farther says by how much a network is stranger than any other: near ones less, those of the world where all were at
// home more.
func (f *firstSeen) farther(h *habit, name string) float64 {
	p, err := netip.ParsePrefix(name)
	if err != nil {
		return 0
	}
	home, near := true, false
	for n := range h.things {
		q, err := netip.ParsePrefix(n)
		if err != nil {
			continue
		}
		home = home && atHome(q.Addr())
		near = near || sameWide(p.Addr(), q.Addr())
	}
	switch {
	case near:
		return -3
	case atHome(p.Addr()):
		return -1
	case home:
		return 2
	}
	return 0
}

func atHome(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() }

// sameWide tells whether two addresses are of the same /16, or /32 of IPv6.
func sameWide(a, b netip.Addr) bool {
	bits := 32
	if a.Is4() {
		bits = 16
	}
	p, err := a.Prefix(bits)
	return err == nil && p.Contains(b)
}

func (r *noveltyRate) add(novel float64) {
	r.n++
	r.novel += novel
	if r.n > 1e5 {
		r.n, r.novel = r.n/2, r.novel/2
	}
}

// share is how many things are new, of all entities with a history.
func (r *noveltyRate) share() float64 { return (r.novel + 1) / (r.n + 20) }

func (f *firstSeen) know(k habitKey, name string) {
	if k.on != anyHost {
		f.known[thingKey{k.kind, name}]++
	}
}

func (f *firstSeen) unknow(h habitKey, name string) {
	if h.on == anyHost {
		return
	}
	k := thingKey{h.kind, name}
	if f.known[k]--; f.known[k] <= 0 {
		delete(f.known, k)
	}
}

// crowded drops the thing that was done the longest ago of an entity that has done very many.
func (f *firstSeen) crowded(k habitKey, h *habit) {
	if len(h.things) < maxThings {
		return
	}
	oldest, name := int64(math.MaxInt64), ""
	for n, t := range h.things {
		if t.hour < oldest || t.hour == oldest && n < name {
			oldest, name = t.hour, n
		}
	}
	if h.things[name].hours == 1 {
		h.once--
	}
	delete(h.things, name)
	f.things--
	f.unknow(k, name)
}

// makeRoom forgets the tenth of the entities that were active the longest ago, where there are too many.
func (f *firstSeen) makeRoom() {
	if len(f.habits) < maxHabits && f.things < maxAllThings {
		return
	}
	type idle struct {
		key  habitKey
		last int64
	}
	list := make([]idle, 0, len(f.habits))
	for k, h := range f.habits {
		list = append(list, idle{k, h.last})
	}
	slices.SortFunc(list, func(a, b idle) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.key.kind, b.key.kind), strings.Compare(a.key.who, b.key.who), strings.Compare(a.key.on, b.key.on))
	})
	for _, x := range list[:len(list)/10+1] {
		for name := range f.habits[x.key].things {
			f.unknow(x.key, name)
		}
		f.things -= len(f.habits[x.key].things)
		delete(f.habits, x.key)
		f.forgot++
	}
}

// trimOldest drops the oldest half of a table of times that is full.
func trimOldest(m map[string]int64, most int) {
	if len(m) < most {
		return
	}
	times := make([]int64, 0, len(m))
	for _, t := range m {
		times = append(times, t)
	}
	slices.Sort(times)
	middle := times[len(times)/2]
	for k, t := range m {
		if t <= middle {
			delete(m, k)
		}
	}
}

// seeAdmin tells of rights that make an administrator. It needs no history but that of the rights themselves.
func (f *firstSeen) seeAdmin(s *sight.Sighting) {
	k := habitKey{kind: newAdmin, who: s.User, on: s.Host}
	h := f.habits[k]
	if h != nil && h.things[s.Name] != nil {
		h.last = max(h.last, s.Time)
		h.things[s.Name].count++
		return
	}
	if h == nil {
		f.makeRoom()
		h = &habit{first: s.Time, things: make(map[string]*thing)}
		f.habits[k] = h
	}
	f.crowded(k, h)
	h.last = s.Time
	h.things[s.Name] = &thing{hours: 1, hour: s.Time / nsHour, count: 1}
	h.once++
	f.things++
	f.know(k, s.Name)
	f.hold(s, k, h, s.Name, veryStrange)
}
