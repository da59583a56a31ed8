package sense

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// listed counts what stands on a list of indicators: one finding for an indicator, who met it, and a day.
type listed struct {
	senses   *Detectors
	tallies  map[string]*listedTally
	trackers map[string]*intel.Tracker // of patterns that take several observations, by pattern and host
	lost     int64
	early    int64
	hour     int64 // of the time that advance was called with
}

// listedTally is a finding that grows.
type listedTally struct {
	first, last int64
	count, told int64
	outcome     sight.Outcome // the worst: that it was let through
	sighting    sight.Sighting
	refs        []sight.EventRef
	users       []string
}

// Bounds of what is counted at a time; the longest quiet are forgotten.
const (
	maxListed   = 1 << 15
	maxTrackers = 1 << 12
)

// maxListedUsers bounds the users that a finding names.
const maxListedUsers = 16

func newListed(s *Detectors) detector {
	l := &listed{senses: s, tallies: make(map[string]*listedTally), trackers: make(map[string]*intel.Tracker)}
	return detector{name: "indicators", see: l.see, advance: l.advance, finish: l.finish, save: l.save, load: l.load, notes: l.notes}
}

const (
	listedDay  = int64(24 * time.Hour)
	listedHour = int64(time.Hour)
)

func (l *listed) see(s *sight.Sighting) {
	if s.Kind != sight.SawIndicator {
		return
	}
	var w sight.Listing
	if json.Unmarshal([]byte(s.Parent), &w) != nil {
		l.lost++
		return
	}
	if w.Role == sight.RolePart && !l.whole(s) {
		return
	}
	who := listedBy(s, w.Role)
	key := findingKey("indicator", s.Type, s.Name, who, strconv.FormatInt(s.Time/listedDay, 10))
	t := l.tallies[key]
	if t == nil {
		if len(l.tallies) >= maxListed {
			l.drop()
		}
		t = &listedTally{first: s.Time, outcome: s.Outcome, sighting: *s}
		l.tallies[key] = t
	}
	before := t.outcome
	t.count++
	t.first, t.last = min(t.first, s.Time), max(t.last, s.Time)
	if s.Outcome == sight.Succeeded || t.outcome == sight.Undecided {
		t.outcome = s.Outcome
	}
	if s.User != "" && len(t.users) < maxListedUsers && !slices.Contains(t.users, s.User) {
		t.users = append(t.users, s.User)
	}
	if len(t.refs) == MaxRefs { // the first and the last
		t.refs = slices.Delete(t.refs, MaxRefs/2, MaxRefs/2+1)
	}
	t.refs = append(t.refs, s.Ref)
	if t.count >= 2*t.told || before != t.outcome {
		l.tell(key, t, &w, true)
	}
}

// whole takes a part of a pattern, and tells whether the pattern is matched with it.
func (l *listed) whole(s *sight.Sighting) bool {
	key := s.Name + "\x00" + s.Host
	t := l.trackers[key]
	if t == nil {
		p, err := intel.ParsePattern(s.Name, intel.AnyVersion)
		if err != nil {
			l.lost++
			return false
		}
		if len(l.trackers) >= maxTrackers {
			l.early++
			oldest, when := "", int64(0)
			for k, o := range l.trackers {
				if parts := o.Parts(); len(parts) == 0 || oldest == "" || parts[len(parts)-1].Time < when {
					oldest, when = k, 0
					if len(parts) > 0 {
						when = parts[len(parts)-1].Time
					}
				}
			}
			delete(l.trackers, oldest)
		}
		t = p.NewTracker()
		l.trackers[key] = t
	}
	return len(t.Add(intel.Part{Time: s.Time, Parts: uint64(s.Bytes)})) > 0
}

// listedBy is who met an indicator: what belongs to us.
func listedBy(s *sight.Sighting, role string) string {
	if inbound(s, role) {
		if s.Destination.IsValid() {
			return s.Destination.String()
		}
		return s.Host
	}
	if s.Source.IsValid() && role != "file" {
		return s.Source.String()
	}
	return cmp.Or(s.Host, s.User)
}

// inbound tells whether it was the indicator that came to us.
func inbound(s *sight.Sighting, role string) bool {
	return role == "source" || role == "sender" || role == "attachment" || role == "client" || role == "referrer" || s.Type == intel.Path.String()
}

// tell tells a finding; open where more of it may come.
func (l *listed) tell(key string, t *listedTally, w *sight.Listing, open bool) {
	t.told = t.count
	s := &t.sighting
	direction := "outbound"
	if inbound(s, w.Role) {
		direction = "inbound"
	}
	f := &Finding{Key: key, Action: "indicator-match", Time: t.first, Last: t.last, Refs: slices.Clone(t.refs), Count: t.count, Open: open}
	add := func(name, value string) {
		if value != "" {
			f.Fields = append(f.Fields, Field{name, value})
		}
	}
	if s.Host != "" {
		add("host.name", s.Host)
	}
	add("user.name", words0(t.users))
	if s.Source.IsValid() {
		add("source.ip", s.Source.String())
	}
	if s.Destination.IsValid() {
		add("destination.ip", s.Destination.String())
	}
	if s.Port != 0 {
		add("destination.port", strconv.Itoa(int(s.Port)))
	}
	add("process.executable", s.Program)
	for _, x := range threatFields(s, w) {
		add(x.Name, x.Value)
	}
	add("event.outcome", [...]string{"unknown", "success", "failure"}[t.outcome])
	add("tocsin.evidence.direction", direction)
	add("tocsin.evidence.role", w.Role)
	add("tocsin.evidence.field", w.Field)
	add("tocsin.evidence.seen", w.Seen)
	add("tocsin.evidence.dataset", s.Dataset)
	if w.Logon {
		add("tocsin.evidence.logon", "true")
	}
	if len(t.users) > 1 {
		add("tocsin.evidence.users", strings.Join(t.users, ", "))
	}
	f.Text = listedSentence(t, w, direction)
	if f.Time <= 1 {
		f.Time, f.Last = 0, 0
	}
	l.senses.say(f)
}

func words0(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// threatFields are what ECS has for an indicator (threat.indicator.*, 8.x).
func threatFields(s *sight.Sighting, w *sight.Listing) []Field {
	out := []Field{
		{"threat.indicator.name", s.Name},
		{"threat.indicator.provider", w.Source},
		{"threat.feed.name", w.Source},
		{"threat.indicator.confidence", confidenceWord(w.Confidence)},
		{"threat.indicator.description", w.Description},
		{"threat.indicator.reference", w.Reference},
		{"tocsin.evidence.confidence", strconv.Itoa(w.Confidence)},
		{"tocsin.evidence.kind", s.Type},
		{"tocsin.evidence.tags", strings.Join(w.Tags, ", ")},
	}
	switch intel.ParseKind(s.Type) {
	case intel.IP, intel.Endpoint:
		kind := "ipv4-addr"
		if strings.Count(s.Name, ":") > 1 {
			kind = "ipv6-addr"
		}
		out = append(out, Field{"threat.indicator.type", kind}, Field{"threat.indicator.ip", s.Name})
	case intel.Network:
		out = append(out, Field{"threat.indicator.type", "ipv4-addr"})
	case intel.Domain:
		out = append(out, Field{"threat.indicator.type", "domain-name"}, Field{"threat.indicator.url.domain", s.Name})
	case intel.URL, intel.Path:
		out = append(out, Field{"threat.indicator.type", "url"}, Field{"threat.indicator.url.original", s.Name})
	case intel.Email:
		out = append(out, Field{"threat.indicator.type", "email-addr"}, Field{"threat.indicator.email.address", s.Name})
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512:
		out = append(out, Field{"threat.indicator.type", "file"}, Field{"threat.indicator.file.hash." + s.Type, s.Name}, Field{"file.hash." + s.Type, s.Name})
	case intel.File, intel.Imphash:
		out = append(out, Field{"threat.indicator.type", "file"})
	case intel.JA3:
		out = append(out, Field{"threat.indicator.type", "network-traffic"})
	}
	return out
}

// confidenceWord is the confidence as ECS has it, by the None/Low/Medium/High scale of STIX 2.1, appendix A.
func confidenceWord(n int) string {
	switch {
	case n <= 0:
		return "None"
	case n < 30:
		return "Low"
	case n < 70:
		return "Medium"
	}
	return "High"
}

func listedSentence(t *listedTally, w *sight.Listing, direction string) string {
	s := &t.sighting
	who := cmp.Or(s.Host, words0(t.users), "a host")
	if s.Source.IsValid() && direction == "outbound" && s.Source.String() != s.Name {
		who = s.Source.String()
		if s.Host != "" {
			who += " (told by " + s.Host + ")"
		}
	}
	met := cmp.Or(w.Seen, s.Name)
	var b strings.Builder
	switch {
	case w.Role == sight.RolePattern || w.Role == sight.RolePart:
		fmt.Fprintf(&b, "What was seen on %s matches a pattern", who)
		met = ""
	case direction == "inbound" && w.Logon && t.outcome == sight.Succeeded:
		fmt.Fprintf(&b, "%s was logged on to from %s", cmp.Or(s.Host, listedBy(s, w.Role), "a host"), met)
	case direction == "inbound":
		fmt.Fprintf(&b, "%s came to %s", met, cmp.Or(listedBy(s, w.Role), who))
	case w.Role == "query":
		fmt.Fprintf(&b, "%s asked for the name %s", who, met)
	case w.Role == "file":
		fmt.Fprintf(&b, "The file %s was seen on %s", met, who)
	default:
		fmt.Fprintf(&b, "%s reached out to %s", who, met)
	}
	fmt.Fprintf(&b, ", which the list %s names with a confidence of %d", w.Source, w.Confidence)
	if w.Seen != "" && met != "" && s.Type != intel.Path.String() {
		fmt.Fprintf(&b, " as %s", s.Name)
	}
	if w.Description != "" {
		fmt.Fprintf(&b, " (%s)", strings.TrimSuffix(w.Description, "."))
	}
	switch t.outcome {
	case sight.Succeeded:
		b.WriteString("; it was let through")
	case sight.Failed:
		b.WriteString("; it was refused")
	}
	if t.count > 1 {
		fmt.Fprintf(&b, "; %d events", t.count)
	}
	return b.String()
}

// tellRest tells what was counted since it was told last.
func (l *listed) tellRest(key string, t *listedTally) {
	if t.count > t.told {
		l.tellAgain(key, t, true)
	}
}

func (l *listed) tellAgain(key string, t *listedTally, open bool) {
	var w sight.Listing
	if json.Unmarshal([]byte(t.sighting.Parent), &w) == nil {
		l.tell(key, t, &w, open)
	}
}

// end tells a finding for the last time.
func (l *listed) end(key string) {
	l.tellAgain(key, l.tallies[key], false)
	delete(l.tallies, key)
}

// advance tells, once an hour, what is not told yet, and lets go of days that have passed.
func (l *listed) advance(now int64) {
	if now/listedHour == l.hour {
		return
	}
	l.hour = now / listedHour
	for _, key := range l.keys() {
		t := l.tallies[key]
		if now/listedDay > t.first/listedDay+1 {
			l.end(key)
		} else {
			l.tellRest(key, t)
		}
	}
}

func (l *listed) keys() []string {
	keys := make([]string, 0, len(l.tallies))
	for k := range l.tallies {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (l *listed) finish() {
	for _, key := range l.keys() {
		l.end(key)
	}
}

// drop lets the quarter go that has been quiet the longest.
func (l *listed) drop() {
	keys := l.keys()
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(l.tallies[a].last, l.tallies[b].last) })
	for _, key := range keys[:maxListed/4] {
		l.early++
		l.end(key)
	}
}

func (l *listed) notes() []string {
	var notes []string
	if l.early > 0 {
		notes = append(notes, fmt.Sprintf("%d matches of indicators were counted no further, because there were too many at a time", l.early))
	}
	if l.lost > 0 {
		notes = append(notes, fmt.Sprintf("%d matches of indicators could not be read", l.lost))
	}
	return notes
}

func (l *listed) save(w *pack.Packer) {
	w.Number(len(l.tallies))
	for _, key := range l.keys() {
		t := l.tallies[key]
		w.Text(key)
		for _, v := range []int64{t.first, t.last, t.count, t.told, int64(t.outcome), t.sighting.Time} {
			w.Signed(v)
		}
		w.List(t.sighting.Texts())
		w.List(t.users)
		w.Number(len(t.refs))
		for _, r := range t.refs {
			w.Word(r.File)
			w.Signed(r.Record)
		}
	}
	w.Number(len(l.trackers))
	names := make([]string, 0, len(l.trackers))
	for k := range l.trackers {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		w.Text(k)
		parts := l.trackers[k].Parts()
		w.Number(len(parts))
		for _, p := range parts {
			w.Signed(p.Time)
			w.Signed(int64(p.Parts))
		}
	}
}

func (l *listed) load(u *pack.Unpacker) {
	for n := u.Count(8); n > 0 && !u.Bad; n-- {
		key := u.Text()
		t := &listedTally{first: u.Signed(), last: u.Signed(), count: u.Signed(), told: u.Signed(), outcome: sight.Outcome(u.Signed() & 3 % 3)}
		at, texts := u.Signed(), u.List(sight.MaxTexts)
		t.users = u.List(maxListedUsers)
		for r := u.Count(2); r > 0 && !u.Bad; r-- {
			t.refs = append(t.refs, sight.EventRef{File: u.Word(), Record: u.Signed()})
		}
		if u.Bad || !t.sighting.SetTexts(texts) || len(t.refs) > MaxRefs {
			u.Fail()
			return
		}
		t.sighting.Time = at
		l.tallies[key] = t
	}
	for n := u.Count(2); n > 0 && !u.Bad; n-- {
		key := u.Text()
		name, _, _ := strings.Cut(key, "\x00")
		p, err := intel.ParsePattern(name, intel.AnyVersion)
		if err != nil {
			u.Fail()
			return
		}
		t := p.NewTracker()
		for m := u.Count(2); m > 0 && !u.Bad; m-- {
			t.Restore(intel.Part{Time: u.Signed(), Parts: uint64(u.Signed())})
		}
		l.trackers[key] = t
	}
}
