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

// Malware that finds its master by names which it works out from the date asks for many random-looking domains, of which
// few or none are there. For each client the registered domains that it asks for within half an hour are counted, how
// many of them look random, and how many of these do not exist. Where a log does not tell whether a name exists, more
// names are needed. Names that are made of words by a machine are not told from others.
type domains struct {
	senses *Detectors
	seen   map[client]*asked
	forgot int64
	looked int64
}

// asked is what one client asks for.
type asked struct {
	first, last int64
	queries     int64 // of random-looking names
	all         census
	random      census
	missing     census // random-looking ones that do not exist
	answers     int64  // queries of which is known whether the name exists
	check       int64
	told        bool
	samples     []string
	program     string
	began, ref  sight.EventRef
}

// Bounds of the detector of random names.
const (
	// MaxDomainClients bounds the clients whose domains are counted, some 15 MB; of more, those that were quiet the longest go.
	maxDomainClients = 1 << 13
	domainsWindow    = nsHour / 2
	domainsMissing   = 10 // random-looking names that do not exist
	domainsRandom    = 30 // random-looking names, where nobody says whether they exist
	domainsSamples   = 5
)

func newDomains(s *Detectors) detector {
	d := &domains{senses: s, seen: make(map[client]*asked)}
	return detector{name: "random domains", see: d.see, advance: d.advance, finish: d.finish, save: d.save, load: d.load, notes: d.notes}
}

func (d *domains) see(s *sight.Sighting) {
	if s.Kind != sight.SawDNS {
		return
	}
	domain, _ := registeredDomain(s.Name)
	who := clientOf(s)
	if domain == "" || !who.known() || internalName(domain) {
		return
	}
	x := d.seen[who]
	switch {
	case x == nil:
		if len(d.seen) >= maxDomainClients {
			d.forget()
		}
		x = &asked{first: s.Time, began: s.Ref}
		d.seen[who] = x
	case !x.told && s.Time-x.first > domainsWindow:
		*x = asked{first: s.Time, began: s.Ref}
	}
	x.last, x.ref = max(x.last, s.Time), s.Ref
	hash := hashText(domain)
	if s.Outcome != sight.Undecided {
		x.answers++
	}
	label, _, _ := strings.Cut(domain, ".")
	fresh := x.all.add(hash)
	if innocentDomain(domain) || !d.senses.model().random(label) {
		return
	}
	x.queries++
	if s.Program != "" {
		x.program = s.Program
	}
	if fresh && len(x.samples) < domainsSamples {
		x.samples = append(x.samples, domain)
	}
	news := x.random.add(hash)
	if s.Outcome == sight.Failed {
		news = x.missing.add(hash) || news
	}
	if news && x.queries >= x.check {
		d.judge(who, x)
	}
}

// judge tells a client that asks for too many random names.
func (d *domains) judge(who client, x *asked) {
	all, random, missing := x.all.count(), x.random.count(), x.missing.count()
	x.check = x.queries + max(x.queries/8, 2)
	switch {
	case missing >= domainsMissing && 2*missing >= random && 4*random >= all:
	case missing >= 5*domainsMissing && 2*missing >= random: // a busy client, such as a resolver that asks for many
	case x.answers == 0 && random >= domainsRandom && 3*random >= all:
	default:
		return
	}
	x.told = true
	x.check = 2 * x.queries
	d.say(who, x, true)
}

func (d *domains) say(who client, x *asked, open bool) {
	all, random, missing := x.all.count(), x.random.count(), x.missing.count()
	text := fmt.Sprintf("%s asked for %d domains with random-looking names within %s (%s, …)", who, random, spanOf(float64(x.last-x.first)/1e9),
		strings.Join(x.samples[:min(3, len(x.samples))], ", "))
	if missing > 0 {
		text += fmt.Sprintf("; %d of them do not exist", missing)
	}
	text += fmt.Sprintf("; it asked for %d domains in all", all)
	d.senses.say(&Finding{
		Key:    findingKey("random-domains", who.String(), strconv.FormatInt(x.first/nsDay, 10)),
		Action: "random-domains", Time: x.last, Last: x.last, Text: text, Open: open, Count: x.queries, Refs: []sight.EventRef{x.began, x.ref},
		Fields: append(who.fields(), []Field{
			{"process.executable", x.program},
			{"dns.question.name", strings.Join(x.samples, ", ")},
			{"tocsin.evidence.random", strconv.Itoa(random)},
			{"tocsin.evidence.missing", strconv.Itoa(missing)},
			{"tocsin.evidence.domains", strconv.Itoa(all)},
		}...),
	})
}

// keys returns those that are wanted, in an order that does not depend on chance.
func (d *domains) keys(want func(*asked) bool) []client {
	list := make([]client, 0, 64)
	for k, x := range d.seen {
		if want(x) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, client.compare)
	return list
}

// forget makes room: the eighth that has been quiet the longest goes.
func (d *domains) forget() {
	keys := d.keys(func(x *asked) bool { return !x.told })
	if len(keys) == 0 {
		keys = d.keys(func(*asked) bool { return true })
	}
	slices.SortStableFunc(keys, func(a, b client) int { return cmp.Compare(d.seen[a].last, d.seen[b].last) })
	for _, k := range keys[:max(1, len(keys)/8)] {
		delete(d.seen, k)
		d.forgot++
	}
}

func (d *domains) advance(now int64) {
	if now-d.looked < 10*nsMinute {
		return
	}
	d.looked = now
	for _, k := range d.keys(func(x *asked) bool { return now-x.last > 2*domainsWindow }) {
		if d.seen[k].told {
			d.say(k, d.seen[k], false)
		}
		delete(d.seen, k)
	}
}

func (d *domains) finish() {
	for _, k := range d.keys(func(x *asked) bool { return !x.told && x.queries >= domainsMissing }) {
		d.judge(k, d.seen[k])
	}
	for _, k := range d.keys(func(x *asked) bool { return x.told }) {
		d.say(k, d.seen[k], false)
		delete(d.seen, k)
	}
}

func (d *domains) notes() []string {
	if d.forgot == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d clients were forgotten while random names were looked for, because there were more than %d", d.forgot, maxDomainClients)}
}

func (d *domains) save(w *pack.Packer) {
	w.Signed(d.forgot)
	w.Signed(d.looked)
	keys := d.keys(func(*asked) bool { return true })
	w.Number(len(keys))
	for _, k := range keys {
		x := d.seen[k]
		putClient(w, k)
		for _, n := range [...]int64{x.first, x.last, x.queries, x.answers, x.check, int64(pack.Flag(x.told))} {
			w.Signed(n)
		}
		for _, c := range [...]*census{&x.all, &x.random, &x.missing} {
			putCensus(w, c)
		}
		w.List(x.samples)
		w.Word(x.program)
		putRef(w, x.began)
		putRef(w, x.ref)
	}
}

func (d *domains) load(u *pack.Unpacker) {
	d.forgot, d.looked = u.Signed(), u.Signed()
	for n := u.Count(96); n > 0 && !u.Bad; n-- {
		k := takeClient(u)
		x := &asked{first: u.Signed(), last: u.Signed(), queries: u.Signed(), answers: u.Signed(), check: u.Signed(), told: u.Signed() != 0}
		for _, c := range [...]*census{&x.all, &x.random, &x.missing} {
			takeCensus(u, c)
		}
		x.samples, x.program = u.List(domainsSamples), u.Word()
		x.began, x.ref = takeRef(u), takeRef(u)
		d.seen[k] = x
	}
}

func putCensus(w *pack.Packer, c *census) {
	for _, bits := range c {
		w.Signed(int64(bits))
	}
}

func takeCensus(u *pack.Unpacker, c *census) {
	for i := range c {
		c[i] = uint64(u.Signed())
	}
}
