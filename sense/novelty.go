package sense

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/sight"
)

// novelty is something new that waits for its like.
type novelty struct {
	key     string
	kind    habitKind
	strange float64
	first   int64
	last    int64
	due     int64
	told    bool
	who     []string       // to whom it is new
	names   []string       // what is new
	sample  sight.Sighting // the first
	refs    []sight.EventRef
	count   int64
	usual   usual
}

// usual is what the first of them did before.
type usual struct {
	events int64
	days   int64
	things int
	most   []string // what it did most
}

// hold lets a novelty wait for others that are the same at others, or other new things of the same user.
func (f *firstSeen) hold(s *sight.Sighting, k habitKey, h *habit, name string, strange float64) {
	if f.senses.learning {
		return
	}
	group, wait := k.who+"\x00"+k.on, 2*nsMinute
	switch k.kind {
	case newProgram:
		group, wait = name, 15*nsMinute
	case newAdmin:
		group, wait = k.who+"\x00"+k.on+"\x00"+name, 0
	}
	group = habitActions[k.kind] + "\x00" + group
	n := f.held[group]
	if n != nil && s.Time-n.first > upgradeTime {
		f.release(n)
		delete(f.held, group)
		n = nil
	}
	if n == nil {
		if len(f.held) >= maxHeld {
			f.releaseAll(math.MaxInt64)
		}
		n = &novelty{key: group, kind: k.kind, first: s.Time, due: s.Time + wait, sample: *s, usual: f.usualOf(h, name, s.Count)}
		f.held[group] = n
	}
	n.strange = max(n.strange, strange)
	n.last = max(n.last, s.Time)
	n.count += s.Count
	n.who = addName(n.who, cmp.Or(k.who, s.Host))
	n.names = addName(n.names, name)
	if len(n.refs) < MaxRefs {
		n.refs = append(n.refs, s.Ref)
	}
	if wait == 0 {
		f.release(n)
	}
}

func addName(list []string, name string) []string {
	if len(list) >= maxHeldNames || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

func (f *firstSeen) usualOf(h *habit, but string, now int64) usual {
	u := usual{events: max(h.events-now, 0), days: max(1, (h.last-h.first+nsDay/2)/nsDay), things: len(h.things) - 1}
	names := make([]string, 0, len(h.things))
	for n := range h.things {
		if n != but {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(h.things[b].count, h.things[a].count), strings.Compare(a, b))
	})
	u.most = slices.Clone(names[:min(3, len(names))])
	return u
}

// advance tells what has waited long enough.
func (f *firstSeen) advance(now int64) { f.releaseAll(now) }

func (f *firstSeen) finish() { f.releaseAll(math.MaxInt64) }

// releaseAll tells all that is due, in order.
func (f *firstSeen) releaseAll(now int64) {
	var due []*novelty
	for key, n := range f.held {
		if !n.told && n.due <= now {
			due = append(due, n)
		}
		if now >= n.first && now-n.first > upgradeTime {
			delete(f.held, key)
		}
	}
	slices.SortFunc(due, func(a, b *novelty) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(b.strange, a.strange), strings.Compare(a.key, b.key))
	})
	for _, n := range due {
		f.release(n)
	}
}

// release tells a novelty, if there is room for it in the day's budget.
func (f *firstSeen) release(n *novelty) {
	if n.told {
		return
	}
	n.told = true
	strange := n.strange
	if n.kind == newProgram && len(n.who) >= 3 {
		strange -= 2 // an upgrade, rather than an intruder
	}
	if n.kind != newAdmin && !f.budget.takes(n.first, strange) {
		return
	}
	f.senses.say(&Finding{
		Key: findingKey(n.key, strconv.FormatInt(n.first, 10)), Action: habitActions[n.kind], Time: n.first, Last: n.last,
		Text: n.text(f.senses.opt.Place), Fields: n.fields(), Refs: n.refs, Count: n.count,
	})
}

func (n *novelty) fields() []Field {
	s := &n.sample
	fields := []Field{
		{"user.name", s.User},
		{"host.name", s.Host},
		{"tocsin.evidence.new", strings.Join(n.names, ", ")},
		{"tocsin.evidence.usual", strings.Join(n.usual.most, ", ")},
		{"tocsin.evidence.times_before", strconv.FormatInt(n.usual.events, 10)},
		{"tocsin.evidence.days_before", strconv.FormatInt(n.usual.days, 10)},
		{"tocsin.evidence.surprise_bits", strconv.FormatFloat(n.strange, 'f', 1, 64)},
	}
	if s.Source.IsValid() {
		fields = append(fields, Field{"source.ip", s.Source.String()})
	}
	switch n.kind {
	case newProgram:
		fields = append(fields, Field{"process.executable", s.Program}, Field{"process.name", sight.BaseName(s.Program)}, Field{"process.parent.executable", s.Parent},
			Field{"tocsin.evidence.hosts", strings.Join(n.who, ", ")})
	case newAdmin:
		fields = append(fields, Field{"group.name", s.Name}, Field{"tocsin.evidence.by", s.Type})
	}
	return fields
}

// text is the sentence: what is new, against what was before.
func (n *novelty) text(place func(netip.Addr) Place) string {
	s, u := &n.sample, &n.usual
	before := fmt.Sprintf("%s in %s", times(u.events), countOf(u.days, "day"))
	always := "always"
	if u.things > len(u.most) {
		always = "mostly"
	}
	most := strings.Join(u.most, ", ")
	switch n.kind {
	case newHost:
		return fmt.Sprintf("%s has logged on %s, %s to %s; now to %s, for the first time", s.User, before, always, most, strings.Join(n.names, ", "))
	case newNetwork:
		to := ""
		if s.Host != "" && localLogon(s.Type) && !strings.HasSuffix(n.key, "\x00"+anyHost) {
			to = " to " + s.Host
		}
		text := fmt.Sprintf("%s has logged on%s %s, %s from %s; now from %s (%s)", s.User, to, before, always, wider(u.most), s.Source, strings.Join(n.names, ", "))
		if place != nil {
			if p := place(s.Source); p.Country+p.Network != "" {
				text += ", " + strings.TrimSpace(p.Network+" "+p.Country)
			}
		}
		return text
	case newCountry:
		return fmt.Sprintf("%s has logged on %s, %s from %s; now from %s (%s)", s.User, before, always, most, strings.Join(n.names, ", "), s.Source)
	case newProgram:
		if len(n.who) > 1 {
			return fmt.Sprintf("%s is new on %d hosts at once: %s", s.Program, len(n.who), strings.Join(n.who[:min(8, len(n.who))], ", "))
		}
		return fmt.Sprintf("%s has started %s %s; now %s, for the first time", s.Host, countOf(int64(u.things), "different program"), before, s.Program)
	}
	on := ""
	if s.Host != "" {
		on = " on " + s.Host
	}
	by := ""
	if s.Type != "" && s.Type != s.User {
		by = " by " + s.Type
	}
	return fmt.Sprintf("%s was given the rights of %s%s%s, which it has not had before", s.User, s.Name, on, by)
}

// wider names the one wide network that holds all of them, where that is more than one; else each.
func wider(networks []string) string {
	for i, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil || i > 0 && !sameWide(p.Addr(), netip.MustParsePrefix(networks[0]).Addr()) {
			return strings.Join(networks, ", ")
		}
	}
	if len(networks) < 2 {
		return strings.Join(networks, ", ")
	}
	first := netip.MustParsePrefix(networks[0]).Addr()
	bits := 32
	if first.Is4() {
		bits = 16
	}
	wide, _ := first.Prefix(bits)
	return wide.String()
}

func times(n int64) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.FormatInt(n, 10) + " times"
}

func countOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// notes says what was left out.
func (f *firstSeen) notes() []string {
	var notes []string
	if f.budget.held > 0 {
		notes = append(notes, fmt.Sprintf("%d novelties were not told, as stranger ones took the %d a day that are; the least strange were left out", f.budget.held, f.budget.most))
	}
	if f.forgot > 0 {
		notes = append(notes, fmt.Sprintf("%d users and hosts were forgotten by the detector of novelties, as there are too many", f.forgot))
	}
	return notes
}
