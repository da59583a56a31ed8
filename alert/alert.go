// Package alert says what becomes of hits: those of one rule about one entity within a day are one Alert, which counts
// up; alerts that share who and what they are about are one Incident, which a person looks at, judges and closes.
//
// The package promises: the same hits give the same alerts whatever their batches, and an alert's key is a function of
// its rule, its entity and its window, so that taking a hit twice changes nothing. It does no I/O and reads no clock. A
// Desk belongs to one goroutine; everything else is values.
//
// What it never does: forget a hit in silence. What a silence hides is counted under the silence, and can be listed.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Window is the length of the windows in which hits of one rule about one entity are one alert. Windows begin at whole
// multiples of it since 1970 (UTC), so that an alert's key depends on nothing but its hits.
const Window = 24 * time.Hour

// Levels of rules, as the Sigma specification names them.
const (
	Informational = iota
	Low
	Medium
	High
	Critical
)

// LevelNames are the names of the levels, from Informational on.
var LevelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// LevelName names a level; one that is out of range is taken to be the nearest.
func LevelName(level int) string { return LevelNames[min(max(level, 0), len(LevelNames)-1)] }

// Bounds of an alert.
const (
	MaxEntities = 64  // of one kind; more are counted only
	maxBursts   = 256 // hits that are still growing and are told apart
	MaxSamples  = 20  // keys of hits that an alert lists: the first half and the last
)

// Kinds of entities.
const (
	KindUser    = "user"
	KindHost    = "host"
	KindAddress = "address"
	KindFile    = "file" // where nothing else is known: the log that it stands in
)

// Entity is a person, a machine or an address that something is about.
type Entity struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func (e Entity) String() string { return e.Name }

// Short is the name under which the entity is the same as others, in lower case: a user without a domain, a host without
// one.
func (e Entity) Short() string { return e.folded().Name }

// folded is the entity by the name under which it is the same as others: in lower case, a user without a domain, a host
// without one.
func (e Entity) folded() Entity {
	n := strings.ToLower(strings.TrimSpace(e.Name))
	switch e.Kind {
	case KindUser:
		if at := strings.LastIndexByte(n, '\\'); at >= 0 && at+1 < len(n) {
			n = n[at+1:]
		}
		if at := strings.IndexByte(n, '@'); at > 0 {
			n = n[:at]
		}
	case KindHost:
		if _, err := netip.ParseAddr(n); err != nil {
			if at := strings.IndexByte(n, '.'); at > 0 {
				n = n[:at]
			}
		}
	}
	return Entity{e.Kind, n}
}

// Hit is what a rule found, as far as alerts need it. Times are nanoseconds since 1970.
type Hit struct {
	Key       string // of the hit: the same when it is taken again
	Seq       uint64 // of its delivery; hits of one alert come in this order, and again from some place on after a crash. 0 where nothing is taken twice
	RuleID    string // or its title, where it has none
	RuleTitle string
	Level     int
	Tags      []string
	Time      int64 // of the event, or of the one that completed a correlation; 0 is unknown
	Last      int64 // of the last event that belongs to it
	Seen      int64 // when it came in
	Count     int64 // events that it is made of
	Grows     bool  // of a correlation: it may be told again, with more events
	Open      bool  // more may come of it

	Hosts, Users []string
	Addresses    []string // all
	Sources      []string // those that acted: where the event came from
	By           []string // of many users those that completed it, at last
	File         string
	Product      string // of its log source, as Sigma names it

	Field func(name string) []string // the values of a field of its event; nil where none is known
}

// Alert is what one rule found about one entity within one window.
type Alert struct {
	Key       string   `json:"key"` // f(rule, entity, window, silence)
	RuleID    string   `json:"rule_id"`
	RuleTitle string   `json:"title"`
	Level     int      `json:"level"` // the highest of its hits
	Tags      []string `json:"tags,omitempty"`
	Entity    Entity   `json:"entity"`
	Window    int64    `json:"window"` // when it begins; nanoseconds since 1970, 0 for hits that state no time

	First   int64  `json:"first"`   // time of the first event
	Last    int64  `json:"last"`    // and of the last
	Seen    int64  `json:"seen"`    // when the first hit came in
	Updated int64  `json:"updated"` // when the last one did
	Hits    int64  `json:"hits"`
	Events  int64  `json:"events"` // that the hits are made of
	Open    bool   `json:"open,omitempty"`
	Through uint64 `json:"-"` // the highest Seq of which all was taken
	taking  uint64 // and that of which some was; see settle

	Hosts     []string `json:"hosts,omitempty"`
	Users     []string `json:"users,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Sources   []string `json:"sources,omitempty"`
	More      int64    `json:"more_entities,omitempty"` // times that an entity was left out because there were MaxEntities

	By       []Entity         `json:"by,omitempty"`      // whom its first hit says it was: of each kind one at most
	Samples  []string         `json:"samples,omitempty"` // keys of hits
	Bursts   map[string]Burst `json:"bursts,omitempty"`  // hits that may be told again
	Attempt  bool             `json:"attempt,omitempty"` // what anybody on the internet tries at everybody: see isAttempt
	Incident string           `json:"incident,omitempty"`
	Silence  string           `json:"silence,omitempty"` // that hides it
}

// Burst is how far a hit that grows has been counted.
type Burst struct {
	Events int64 `json:"events"`
	Open   bool  `json:"open,omitempty"`

	elsewhere bool // so far by another alert, that a silence has ended or begun
}

// topic is what hits are one alert by.
type topic struct {
	rule    string
	about   Entity
	window  int64
	silence string
}

// key returns the key of the alert about a topic.
func (t *topic) key() string {
	return hash("alert", t.rule, t.about.Kind, strings.ToLower(t.about.Name), strconv.FormatInt(t.window, 10), t.silence)
}

// keyOfMany returns the key of the alert about a target that very many aim at.
func (t *topic) keyOfMany() string { return hash("alert of many", t.key()) }

// topicOf returns what the hit's alert is about. attempt is isAttempt of it.
func topicOf(h *Hit, attempt bool, silence string) topic {
	t := topic{rule: h.RuleID, about: subject(h, attempt), silence: silence}
	if h.Time != 0 {
		t.window = h.Time - mod(h.Time, int64(Window))
	}
	return t
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

// actor returns whom a hit says it was: on which host, as which user, from where; of each the one, or the one that
// completed it.
func actor(h *Hit) []Entity {
	users := h.Users
	if len(h.By) > 0 {
		users = h.By
	}
	var out []Entity
	for _, k := range [...]struct {
		kind  string
		names []string
	}{{KindHost, h.Hosts}, {KindUser, users}, {KindAddress, h.Sources}} {
		if len(k.names) == 1 {
			out = append(out, Entity{k.kind, k.names[0]})
		}
	}
	return out
}

// subject returns whom a hit is about: of what is tried from outside, the address that tries; else the host that it
// happened on, the user who did it, the address that it came from; of these the first of which there is just one.
func subject(h *Hit, attempt bool) Entity {
	kinds := [...]struct {
		kind  string
		names []string
	}{{KindHost, h.Hosts}, {KindUser, h.Users}, {KindAddress, h.Sources}, {KindAddress, h.Addresses}}
	if attempt {
		kinds[0], kinds[2] = kinds[2], kinds[0]
	}
	for _, k := range kinds {
		if len(k.names) == 1 {
			return Entity{k.kind, k.names[0]}
		}
	}
	for _, k := range kinds {
		if len(k.names) > 0 {
			return Entity{k.kind, k.names[0]}
		}
	}
	return Entity{KindFile, h.File}
}

// take counts a hit, and tells whether that changed the alert, and whether it is now about more than before. A hit that
// was counted before changes nothing.
func (a *Alert) take(h *Hit) (changed, wider bool) {
	events := max(h.Count, 1)
	if h.Grows {
		if !a.takeBurst(h, events) {
			return false, false
		}
	} else {
		if h.Seq != 0 && h.Seq <= a.Through {
			return false, false
		}
		a.Hits++
		a.Events += events
		a.taking = max(a.taking, h.Seq)
		if IsKept(a.Hits) {
			a.sample(h.Key)
		}
	}
	a.span(h)
	if h.Level > a.Level {
		a.Level, wider = h.Level, true
	}
	wider = a.widen(&a.Hosts, h.Hosts) || wider
	wider = a.widen(&a.Users, h.Users) || wider
	wider = a.widen(&a.Addresses, h.Addresses) || wider
	wider = a.widen(&a.Sources, h.Sources) || wider
	return true, wider
}

// takeBurst counts a hit that grows, as far as it was not counted before, and tells whether that changed anything. Where
// all that can be told apart still grow, a further one is counted when it is over.
func (a *Alert) takeBurst(h *Hit, events int64) (changed bool) {
	was, known := a.Bursts[h.Key]
	if known && !was.elsewhere && was.Events >= events && was.Open == h.Open {
		return false
	}
	full := !known && len(a.Bursts) >= maxBursts && !a.forgetBurst()
	if full && h.Open {
		return false
	}
	if !known || was.elsewhere {
		a.Hits++
		a.sample(h.Key)
	}
	a.Events += max(events-was.Events, 0)
	if !full {
		a.burst(h.Key, Burst{Events: max(events, was.Events), Open: h.Open})
	}
	return true
}

// burst notes how far a hit that grows has been counted.
func (a *Alert) burst(key string, b Burst) {
	if a.Bursts == nil {
		a.Bursts = make(map[string]Burst)
	}
	a.Bursts[key] = b
	a.Open = false
	for _, b := range a.Bursts {
		a.Open = a.Open || b.Open
	}
}

// settle says that all hits of the deliveries so far were taken.
func (a *Alert) settle() { a.Through = max(a.Through, a.taking) }

// span stretches the alert's times over a hit's.
func (a *Alert) span(h *Hit) {
	last := max(h.Last, h.Time)
	if a.First == 0 || h.Time != 0 && h.Time < a.First {
		a.First = h.Time
	}
	a.Last = max(a.Last, last)
	if a.Seen == 0 {
		a.Seen = h.Seen
	}
	a.Updated = max(a.Updated, h.Seen)
}

// forgetBurst makes room for another burst: it forgets the first, by key, of those that are over, and tells whether there
// was one.
func (a *Alert) forgetBurst() bool {
	first := ""
	for k, b := range a.Bursts {
		if !b.Open && (first == "" || k < first) {
			first = k
		}
	}
	if first == "" {
		return false
	}
	delete(a.Bursts, first)
	return true
}

// keptAll is up to which number every hit of an alert is kept.
const keptAll = 10_000

// IsKept tells whether the nth hit of an alert is kept whole: of the first ten thousand each, and then one of so many that the
// last that is kept is among the last tenth. The rest are counted only. It is the same whenever a hit is taken.
func IsKept(n int64) bool {
	every := int64(1)
	for top := int64(keptAll); n > top; top *= 10 {
		every = top / 10
	}
	return n%every == 0
}

// sample lists a hit: the first half of MaxSamples for good, of the rest the last.
func (a *Alert) sample(key string) {
	if len(a.Samples) == MaxSamples {
		a.Samples = slices.Delete(a.Samples, MaxSamples/2, MaxSamples/2+1)
	}
	a.Samples = append(a.Samples, key)
}

// widen adds names that are not there yet, in any case.
func (a *Alert) widen(to *[]string, names []string) (wider bool) {
	for _, n := range names {
		if slices.ContainsFunc(*to, func(s string) bool { return strings.EqualFold(s, n) }) {
			continue
		}
		if len(*to) >= MaxEntities {
			a.More++
			continue
		}
		*to = append(slices.Clip(*to), n)
		wider = true
	}
	return wider
}

// Entities returns all that an alert is about.
func (a *Alert) Entities() []Entity {
	out := make([]Entity, 0, len(a.Hosts)+len(a.Users)+len(a.Addresses))
	for _, n := range a.Hosts {
		out = append(out, Entity{KindHost, n})
	}
	for _, n := range a.Users {
		out = append(out, Entity{KindUser, n})
	}
	for _, n := range a.Addresses {
		out = append(out, Entity{KindAddress, n})
	}
	for _, n := range a.Sources {
		if !slices.Contains(a.Addresses, n) {
			out = append(out, Entity{KindAddress, n})
		}
	}
	return out
}

// counted returns what an alert counts for in an incident: all that it is about, but of an attempt not what it was aimed at.
func (a *Alert) counted() []Entity {
	all := a.Entities()
	if !a.Attempt {
		return all
	}
	return slices.DeleteFunc(all, func(e Entity) bool { return e.Kind == KindAddress && !slices.Contains(a.Sources, e.Name) })
}

// hash returns a hash of a list of texts, as 32 hexadecimal digits.
func hash(parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		n := len(p)
		for i := range size {
			size[i] = byte(n >> (8 * i))
		}
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
