package sight

import (
	"encoding/json"
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/intel"
)

// Indicators are what events are held against: a set that may be exchanged at any time, by any goroutine. Workers take it
// up with their next batch. Without a set an event costs nothing.
type Indicators struct{ set atomic.Pointer[intel.Set] }

// Use puts a set in force; nil is none.
func (x *Indicators) Use(s *intel.Set) { x.set.Store(s) }

// InForce returns the set that is in force; nil is none.
func (x *Indicators) InForce() *intel.Set { return x.set.Load() }

// known looks for indicators in events. It belongs to one Worker.
type known struct {
	shared *Indicators
	set    *intel.Set
	lookup *intel.Lookup
	plans  map[*event.Shape]*knownPlan
	last   *event.Shape
	plan   *knownPlan
	seed   maphash.Seed
	// memo holds hashes of values that are on no list at any time, so that what comes again and again is asked for once.
	memo   []uint64
	wanted map[string]bool // types of objects that single patterns speak of
	out    []Sighting
	found  map[string]bool // of the event at hand: values that are told already
}

const memoSize = 1 << 14

func newKnown(shared *Indicators) *known {
	return &known{shared: shared, seed: maphash.MakeSeed(), found: make(map[string]bool)}
}

// begin takes up the set in force, and tells whether there is one.
func (k *known) begin() bool {
	s := k.shared.InForce()
	if s != k.set {
		k.set, k.last, k.plan, k.lookup = s, nil, nil, nil
		k.plans = make(map[*event.Shape]*knownPlan)
		if s != nil {
			k.lookup = s.NewLookup()
			k.memo = make([]uint64, memoSize)
			k.wanted = make(map[string]bool)
			for _, p := range s.Patterns() {
				for _, t := range p.Pattern.Types() {
					k.wanted[t] = true
				}
			}
		}
	}
	return s != nil
}

// see looks for indicators in one event.
func (k *known) see(ev *event.Event) {
	if ev.Shape != k.last {
		k.last, k.plan = ev.Shape, k.planOf(ev.Shape)
	}
	p := k.plan
	for i := range p.probes {
		a := &p.probes[i]
		v := a.slot.Value(ev)
		switch {
		case v.Kind <= event.Null || len(v.Raw) == 0:
		case v.Kind == event.List:
			for e := range v.Elements() {
				k.ask(p, a, ev, e)
			}
		default:
			k.ask(p, a, ev, v)
		}
	}
	if p.objects != nil {
		k.match(p, ev)
	}
	if len(k.found) > 0 {
		clear(k.found)
	}
}

// planOf returns the plan of a shape.
func (k *known) planOf(s *event.Shape) *knownPlan {
	p := k.plans[s]
	if p == nil {
		p = newKnownPlan(s, k.wanted)
		if len(k.plans) < maxPlans && !s.Transient {
			k.plans[s] = p
		}
	}
	return p
}

// ask asks for one value. One that is known to be on no list costs a hash.
func (k *known) ask(p *knownPlan, a *probe, ev *event.Event, v event.Value) {
	h := maphash.String(k.seed, v.Raw) ^ uint64(a.how+1)*0x9E3779B97F4A7C15 ^ uint64(v.Kind)<<56
	var port uint16
	if a.how == askAddress && a.port.Found() && k.hasEndpoints() {
		if f, ok := a.port.Value(ev).Float(); ok && f > 0 && f < 65536 {
			port = uint16(f)
			h ^= uint64(port) * 0xC2B2AE3D27D4EB4F
		}
	}
	var host string
	if a.how == askJoined {
		hv := a.port.Value(ev)
		if hv.Kind <= event.Null {
			return
		}
		host = hv.String()
		h ^= maphash.String(k.seed, host) * 3
	}
	h |= 1
	at := h >> 32 % memoSize
	if k.memo[at] == h {
		return
	}
	text := v.String()
	if len(text) > maxAsked && a.how != askText {
		return
	}
	if !k.each(p, a, ev, host, text, port) {
		k.memo[at] = h
	}
}

// maxAsked bounds a value that is asked for, in bytes.
const maxAsked = 16 << 10

func (k *known) hasEndpoints() bool { return k.set.Has(intel.Endpoint) }

// each asks for all that a text holds, and tells whether any of it is on a list, now or at another time.
func (k *known) each(p *knownPlan, a *probe, ev *event.Event, host, text string, port uint16) bool {
	switch a.how {
	case askHashes:
		any := false
		for part := range strings.SplitSeq(text, ",") {
			name, hash, ok := strings.Cut(part, "=")
			if !ok {
				name, hash = "", part
			}
			any = k.one(p, a, ev, hashName(name), strings.TrimSpace(hash), 0) || any
		}
		return any
	case askText:
		any := false
		for _, u := range urlsIn(text) {
			any = k.one(p, a, ev, intel.URL, u, 0) || any
		}
		return any
	case askJoined:
		if text[0] != '/' {
			return false
		}
		return k.one(p, a, ev, intel.URL, host+text, 0)
	case askNames: // DNS answers: addresses and names, in whatever form
		any := false
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			if addr, err := netip.ParseAddr(part); err == nil {
				any = k.one(p, a, ev, intel.IP, addr.String(), 0) || any
			} else if strings.Contains(part, ".") {
				any = k.one(p, a, ev, intel.Domain, part, 0) || any
			}
		}
		return any
	}
	return k.one(p, a, ev, a.kind, text, port)
}

// one asks for one text, at any time and then at the event's.
func (k *known) one(p *knownPlan, a *probe, ev *event.Event, kind intel.Kind, text string, port uint16) bool {
	var m intel.Match
	if !k.look(&m, kind, text, port, 0) {
		return false
	}
	if ev.Time != 0 && !k.look(&m, kind, text, port, ev.Time) {
		return true
	}
	if m.Value == "" {
		m.Value = text
		if m.Kind == intel.Endpoint {
			m.Value = text + ":" + strconv.Itoa(int(port))
		}
	}
	in := k.lookup.Indicator(&m)
	in.Value = strings.ToLower(in.Value)
	k.tell(p, ev, &in, a, text)
	return true
}

// look asks the set.
func (k *known) look(m *intel.Match, kind intel.Kind, text string, port uint16, at int64) bool {
	switch kind {
	case intel.IP:
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		return k.lookup.Address(m, addr.WithZone(""), port, at)
	case intel.Domain:
		if isDigit(text[len(text)-1]) || strings.Contains(text, ":") {
			if addr, err := netip.ParseAddr(text); err == nil {
				return k.lookup.Address(m, addr.WithZone(""), 0, at)
			}
		}
		return k.lookup.Domain(m, text, at)
	case intel.URL:
		return k.lookup.URL(m, text, at)
	case intel.Email:
		if i := strings.LastIndexByte(text, '<'); i >= 0 {
			text = strings.TrimSuffix(text[i+1:], ">")
		}
		if k.lookup.Text(m, intel.Email, text, at) {
			return true
		}
		_, host, ok := strings.Cut(text, "@")
		return ok && k.lookup.Domain(m, host, at)
	case intel.File:
		return k.lookup.Text(m, intel.File, text, at)
	}
	return k.lookup.Hash(m, kind, text, at)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hashName is the kind of hash that Windows names; Unknown leaves it to the length.
func hashName(s string) intel.Kind {
	s = strings.TrimSpace(s)
	switch {
	case strings.EqualFold(s, "IMPHASH"):
		return intel.Imphash
	case strings.EqualFold(s, "MD5"):
		return intel.MD5
	case strings.EqualFold(s, "SHA1"):
		return intel.SHA1
	case strings.EqualFold(s, "SHA256"):
		return intel.SHA256
	}
	return intel.Unknown
}

// maxURLs bounds the URLs that are looked for in one text.
const maxURLs = 16

// urlsIn returns the URLs that stand in a command line or a script.
func urlsIn(text string) []string {
	var list []string
	for len(list) < maxURLs {
		i := strings.Index(text, "://")
		if i < 0 {
			break
		}
		begin := i
		for begin > 0 && (text[begin-1]|0x20 >= 'a' && text[begin-1]|0x20 <= 'z') {
			begin--
		}
		end := i + 3
		for end < len(text) && text[end] > ' ' && strings.IndexByte("'\"`<>()|;,{}", text[end]) < 0 {
			end++
		}
		list = append(list, text[begin:end])
		text = text[end:]
	}
	return list
}

// Listing is what a sighting says of an indicator, as JSON in Sighting.Parent.
type Listing struct {
	Source      string   `json:"s"`
	Confidence  int      `json:"c"`
	Description string   `json:"d,omitempty"`
	Reference   string   `json:"r,omitempty"`
	Tags        []string `json:"t,omitempty"`
	Field       string   `json:"f"`           // where it stood
	Seen        string   `json:"v,omitempty"` // what stood there, where that is more than the indicator
	Role        string   `json:"o"`           // source, destination, or what else it is to the event
	Logon       bool     `json:"l,omitempty"`
}

// tell makes a sighting of an indicator.
func (k *known) tell(p *knownPlan, ev *event.Event, in *intel.Indicator, a *probe, seen string) *Sighting {
	id := in.Kind.String() + in.Value
	if k.found[id] {
		return nil
	}
	k.found[id] = true
	w := Listing{
		Source: in.Source, Confidence: in.Confidence, Description: in.Description, Reference: in.Reference, Tags: in.Tags, Field: a.field, Role: a.role,
		Logon: p.logon(ev),
	}
	if !strings.EqualFold(seen, in.Value) {
		w.Seen = strings.ToValidUTF8(seen[:min(len(seen), maxSaid)], "")
	}
	words, err := json.Marshal(&w)
	if err != nil {
		return nil // cannot be: it holds texts and numbers
	}
	k.out = append(k.out, Sighting{
		Kind: SawIndicator, Time: max(ev.Time, 1), Count: 1, Ref: EventRef{File: ev.Origin.Path, Record: ev.Record}, Dataset: p.dataset,
		Name: strings.Clone(in.Value), Type: in.Kind.String(), Parent: string(words), Outcome: p.outcome(ev),
		User: p.text(slotKnownUser, ev), Host: p.text(slotKnownHost, ev), Program: p.text(slotKnownProgram, ev),
		Source: p.address(slotKnownSource, ev), Destination: p.address(slotKnownDestination, ev), Port: p.port(ev),
	})
	return &k.out[len(k.out)-1]
}

// take returns the sightings of the batch, after those of others.
func (k *known) take(others []Sighting) []Sighting {
	out := append(others, k.out...)
	clear(k.out)
	k.out = k.out[:0]
	return out
}

// Search looks for indicators in events and for nothing else. It belongs to one goroutine.
type Search struct{ known *known }

// NewSearch returns a search for the indicators that are in force at the time of each batch.
func (x *Indicators) NewSearch() *Search { return &Search{newKnown(x)} }

// Match returns sightings of the indicators that the events of a batch hold. They share no memory with the batch.
func (s *Search) Match(b *event.Batch) []Sighting {
	if !s.known.begin() {
		return nil
	}
	for i := range b.Events {
		s.known.see(&b.Events[i])
	}
	return s.known.take(nil)
}
