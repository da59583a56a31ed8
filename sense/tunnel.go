package sense

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// A tunnel through the DNS carries data in the names that are asked for, below a domain whose name server takes them in,
// and back in the answers. For each client and registered domain the different names below it are counted within an hour,
// how long they are, whether they look random, and of which types the queries are.
//
// Domains of content networks, of lists of bad senders and of the large providers have such names by nature. Nobody else
// answers for them, so they are left out; so is what many clients ask for alike.
type tunnels struct {
	senses *Detectors
	seen   map[tunnelKey]*tunnel
	crowds map[string][]client
	open   map[tunnelKey]bool
	forgot int64
	looked int64
}

type tunnelKey struct {
	client client
	domain string
}

// tunnel is what is kept of one client and domain.
type tunnel struct {
	first, last int64
	queries     int64
	names       census
	fresh       int64 // names that were new when they came
	length      int64 // of these, all characters together
	random      int64 // of these, how many look random
	special     int64 // queries of types that carry data well: TXT, NULL, CNAME, MX, …
	answered    int64 // bytes of answers
	check       int64
	told        bool
	sample      string
	program     string
	began, ref  sight.EventRef
}

// Bounds of the detector of tunnels.
const (
	// MaxTunnelDomains bounds the pairs of client and domain whose names are counted, some 25 MB; of more, those that were quiet the longest go.
	maxTunnelDomains = 1 << 15
	tunnelWindow     = nsHour
	tunnelNames      = 40 // different names that are worth a look
	tunnelCrowd      = 4  // so many clients ask below an innocent domain
)

func newTunnels(s *Detectors) detector {
	t := &tunnels{senses: s, seen: make(map[tunnelKey]*tunnel), crowds: make(map[string][]client), open: make(map[tunnelKey]bool)}
	return detector{name: "tunnels", see: t.see, advance: t.advance, finish: t.finish, save: t.save, load: t.load, notes: t.notes}
}

func (t *tunnels) see(s *sight.Sighting) {
	if s.Kind != sight.SawDNS {
		return
	}
	domain, below := registeredDomain(s.Name)
	who := clientOf(s)
	if below == "" || !who.known() || innocentDomain(domain) || internalName(domain) {
		return
	}
	k := tunnelKey{who, domain}
	x := t.seen[k]
	switch {
	case x == nil:
		if len(t.seen) >= maxTunnelDomains {
			t.forget()
		}
		x = &tunnel{first: s.Time, began: s.Ref, check: tunnelNames}
		t.seen[k] = x
		if c := t.crowds[domain]; len(c) < tunnelCrowd && !slices.Contains(c, who) {
			t.crowds[domain] = append(c, who)
		}
	case !x.told && s.Time-x.first > tunnelWindow:
		*x = tunnel{first: s.Time, began: s.Ref, check: tunnelNames}
	}
	x.query(t.senses.model(), s, below)
	if x.queries >= x.check {
		t.judge(&k, x)
	}
}

// query takes note of one query.
func (x *tunnel) query(m *nameModel, s *sight.Sighting, below string) {
	x.queries++
	x.last, x.ref = max(x.last, s.Time), s.Ref
	x.answered += s.Bytes
	if s.Program != "" {
		x.program = s.Program
	}
	switch strings.ToUpper(s.Type) {
	case "TXT", "NULL", "CNAME", "MX", "SRV", "KEY", "PRIVATE", "16", "10", "5", "15", "33", "65399":
		x.special++
	}
	if !x.names.add(hashText(below)) {
		return
	}
	x.fresh++
	x.length += int64(len(below))
	long := "" // the longest label carries, others may number
	for label := range strings.SplitSeq(below, ".") {
		if len(label) > len(long) {
			long = label
		}
	}
	if m.random(long) {
		x.random++
		if len(below) > len(x.sample) {
			x.sample = s.Name
		}
	}
}

// internalName tells whether a domain is of no public registry.
func internalName(domain string) bool {
	switch domain[strings.LastIndexByte(domain, '.')+1:] {
	case "local", "lan", "home", "internal", "corp", "localdomain", "arpa", "test", "invalid", "onion":
		return true
	}
	return false
}

// judge tells a tunnel, and says when it is to be looked at again.
func (t *tunnels) judge(k *tunnelKey, x *tunnel) {
	x.check = x.queries + max(x.queries/4, 8)
	if !t.carries(k, x) {
		return
	}
	x.told = true
	x.check = 2 * x.queries
	t.open[*k] = true
	t.say(k, x, true)
}

// carries tells whether the names are like those that carry data.
func (t *tunnels) carries(k *tunnelKey, x *tunnel) bool {
	if x.fresh == 0 {
		return false
	}
	names := x.names.count()
	mean, random := float64(x.length)/float64(x.fresh), float64(x.random)/float64(x.fresh)
	special := float64(x.special) / float64(x.queries)
	if len(t.crowds[k.domain]) >= tunnelCrowd { // a service that many use: only what is plain
		return names >= 500 && mean >= 40 && random >= 0.8 && special >= 0.5
	}
	switch {
	case names >= tunnelNames && mean >= 24 && random >= 0.6:
	case names >= tunnelNames && mean >= 12 && random >= 0.6 && special >= 0.6:
	case names >= 150 && mean >= 40:
	default:
		return false
	}
	return true
}

func (t *tunnels) say(k *tunnelKey, x *tunnel, open bool) {
	names := x.names.count()
	mean := float64(x.length) / float64(max(x.fresh, 1))
	special := 100 * x.special / max(x.queries, 1)
	random := 100 * x.random / max(x.fresh, 1)
	text := fmt.Sprintf("%s asked for %d different names below %s within %s, %.0f characters each, %d %% of which look random", k.client, names, k.domain,
		spanOf(float64(x.last-x.first)/1e9), mean, random)
	if special > 0 {
		text += fmt.Sprintf("; %d %% of the queries were of types that carry data", special)
	}
	text += "; the names alone carry some " + bytesOf(float64(names)*mean)
	t.senses.say(&Finding{
		Key:    findingKey("dns-tunnel", k.client.String(), k.domain, strconv.FormatInt(x.first/nsDay, 10)),
		Action: "dns-tunnel", Time: x.last, Last: x.last, Text: text, Open: open, Count: x.queries, Refs: []sight.EventRef{x.began, x.ref},
		Fields: append(k.client.fields(), []Field{
			{"dns.question.registered_domain", k.domain},
			{"dns.question.name", x.sample},
			{"process.executable", x.program},
			{"tocsin.evidence.names", strconv.Itoa(names)},
			{"tocsin.evidence.queries", strconv.FormatInt(x.queries, 10)},
			{"tocsin.evidence.length", decimal(mean)},
			{"tocsin.evidence.random_percent", strconv.FormatInt(random, 10)},
			{"tocsin.evidence.data_types_percent", strconv.FormatInt(special, 10)},
			{"tocsin.evidence.bytes", strconv.Itoa(int(float64(names) * mean))},
		}...),
	})
}

// forget makes room: the eighth that has been quiet the longest goes.
func (t *tunnels) forget() {
	keys := t.keys(func(x *tunnel) bool { return !x.told })
	if len(keys) == 0 {
		keys = t.keys(func(*tunnel) bool { return true })
	}
	slices.SortStableFunc(keys, func(a, b tunnelKey) int { return cmp.Compare(t.seen[a].last, t.seen[b].last) })
	for _, k := range keys[:max(1, len(keys)/8)] {
		delete(t.seen, k)
		delete(t.open, k)
		t.forgot++
	}
	asked := make(map[string]bool, len(t.seen))
	for k := range t.seen {
		asked[k.domain] = true
	}
	for d := range t.crowds {
		if !asked[d] {
			delete(t.crowds, d)
		}
	}
}

// keys returns those that are wanted, in an order that does not depend on chance.
func (t *tunnels) keys(want func(*tunnel) bool) []tunnelKey {
	list := make([]tunnelKey, 0, 64)
	for k, x := range t.seen {
		if want(x) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b tunnelKey) int { return cmp.Or(a.client.compare(b.client), cmp.Compare(a.domain, b.domain)) })
	return list
}

func (t *tunnels) close(k tunnelKey) {
	t.say(&k, t.seen[k], false)
	delete(t.open, k)
	delete(t.seen, k)
}

// advance closes what has been quiet for as long as the window.
func (t *tunnels) advance(now int64) {
	if now-t.looked < 10*nsMinute || len(t.open) == 0 {
		return
	}
	t.looked = now
	for _, k := range t.keys(func(x *tunnel) bool { return x.told && now-x.last > tunnelWindow }) {
		t.close(k)
	}
}

func (t *tunnels) finish() {
	for _, k := range t.keys(func(x *tunnel) bool { return !x.told && x.queries >= tunnelNames }) {
		t.judge(&k, t.seen[k])
	}
	for _, k := range t.keys(func(x *tunnel) bool { return x.told }) {
		t.close(k)
	}
}

func (t *tunnels) notes() []string {
	if t.forgot == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d pairs of client and domain were forgotten while tunnels were looked for, because there were more than %d", t.forgot, maxTunnelDomains)}
}

func (t *tunnels) save(w *pack.Packer) {
	w.Signed(t.forgot)
	w.Signed(t.looked)
	keys := t.keys(func(*tunnel) bool { return true })
	w.Number(len(keys))
	for _, k := range keys {
		x := t.seen[k]
		putClient(w, k.client)
		w.Text(k.domain)
		for _, n := range x.numbers() {
			w.Signed(*n)
		}
		w.Number(int(pack.Flag(x.told)))
		putCensus(w, &x.names)
		w.Text(x.sample)
		w.Word(x.program)
		putRef(w, x.began)
		putRef(w, x.ref)
	}
	domains := make([]string, 0, len(t.crowds))
	for d := range t.crowds {
		domains = append(domains, d)
	}
	slices.Sort(domains)
	w.Number(len(domains))
	for _, d := range domains {
		w.Text(d)
		w.Number(len(t.crowds[d]))
		for _, c := range t.crowds[d] {
			putClient(w, c)
		}
	}
}

func (x *tunnel) numbers() []*int64 {
	return []*int64{&x.first, &x.last, &x.queries, &x.fresh, &x.length, &x.random, &x.special, &x.answered, &x.check}
}

func (t *tunnels) load(u *pack.Unpacker) {
	t.forgot, t.looked = u.Signed(), u.Signed()
	for n := u.Count(48); n > 0 && !u.Bad; n-- {
		k, x := tunnelKey{client: takeClient(u), domain: u.Text()}, &tunnel{}
		for _, p := range x.numbers() {
			*p = u.Signed()
		}
		x.told = u.Number(2) == 1
		takeCensus(u, &x.names)
		x.sample, x.program = u.Text(), u.Word()
		x.began, x.ref = takeRef(u), takeRef(u)
		t.seen[k] = x
		if x.told {
			t.open[k] = true
		}
	}
	for n := u.Count(2); n > 0 && !u.Bad; n-- {
		d := u.Text()
		for m := u.Number(tunnelCrowd + 1); m > 0 && !u.Bad; m-- {
			t.crowds[d] = append(t.crowds[d], takeClient(u))
		}
	}
}
