package sense

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// volume watches how much every source and every service logs, in quarters of an hour, against its own days and weeks
// (see Series). Counts are judged by their square root, which makes their chance about the same for few and for many.
//
// A source that has spoken little has no habits yet: only its counts are kept, and the series is made of them when there
// are enough. So sources that speak now and then cost nothing while they are quiet.
//
// What changes for many at once is one finding. It keeps maxVolumes series, those that spoke last: some 10 MB.
type volume struct {
	senses *Detectors
	series map[volumeKey]*volumeSeries
	bin    int64           // the quarter that is being counted, since 1970
	spoke  []*volumeSeries // in it, that have no series yet
	judged []*volumeSeries // those that have, in the order of their keys
	found  []volumeFinding
	forgot int64
}

// volumeKey is what is counted together: all of a host, or one service of it.
type volumeKey struct {
	host    string // or the stream, where no host is known
	dataset string // "" for all of the host
	program string
}

func (k volumeKey) compare(o volumeKey) int {
	return cmp.Or(strings.Compare(k.host, o.host), strings.Compare(k.dataset, o.dataset), strings.Compare(k.program, o.program))
}

func (k volumeKey) String() string {
	what := k.program
	if what == "" {
		what = k.dataset
	}
	if what == "" {
		return k.host
	}
	return what + " on " + k.host
}

type volumeSeries struct {
	key    volumeKey
	series *series       // nil while it has spoken little
	early  []volumeCount // then: what it has said
	count  int64         // in the quarter at hand
	total  int64
	ref    sight.EventRef // the first event of the quarter
	last   int64          // the quarter in which it spoke last
	low    *anomaly       // what is told when the source speaks again
}

// volumeCount is what was said in a quarter.
type volumeCount struct{ bin, count int64 }

type volumeFinding struct {
	key     volumeKey
	anomaly anomaly
	ref     sight.EventRef
}

const (
	volumeStep = 15 * nsMinute
	maxVolumes = 1000
	mostBins   = 1 << 24 // all quarters that nanoseconds can tell
	maxQuiet   = 7 * 96  // quarters after which a source is taken to be gone for good
	manyAtOnce = 4       // findings of one quarter that are told as one

	leastSpoken   = 32  // quarters in which a source has spoken before it is judged
	leastCounted  = 300 // and the events in them: with fewer, nothing could be told
	mostUncounted = 256 // quarters in which so few events are; of more, the first are forgotten
	earlyQuiet    = 400 // quarters without any event, after which a source that has spoken little begins anew

	leastUsual = 2.0   // events in a quarter that are usual where more is to be noticed
	leastMore  = 100.0 // events in a quarter by which more is more
	moreTimes  = 2.0
	leastLess  = 8.0 // events in a quarter that are usual where less is to be noticed
	lessTimes  = 0.34
)

func newVolume(s *Detectors) detector {
	v := &volume{senses: s, series: make(map[volumeKey]*volumeSeries)}
	return detector{name: "volumes", see: v.see, advance: v.advance, finish: func() {}, save: v.save, load: v.load, notes: v.notes}
}

func (v *volume) see(s *sight.Sighting) {
	if s.Kind != sight.SawTally {
		return
	}
	host := cmp.Or(s.Host, s.Name)
	v.add(volumeKey{host: host}, s)
	v.add(volumeKey{host, s.Dataset, s.Program}, s)
}

func (v *volume) add(k volumeKey, s *sight.Sighting) {
	x := v.series[k]
	if x == nil {
		v.makeRoom()
		x = &volumeSeries{key: k, last: v.bin}
		v.series[k] = x
	}
	if x.count == 0 {
		x.ref = s.Ref
		if x.series == nil {
			v.spoke = append(v.spoke, x)
		}
	}
	x.count += s.Count // what comes late counts where it comes
	x.total += s.Count
}

// makeRoom forgets the tenth that has been quiet the longest, and of those the smallest.
func (v *volume) makeRoom() {
	if len(v.series) < maxVolumes {
		return
	}
	list := v.all()
	slices.SortStableFunc(list, func(x, y *volumeSeries) int {
		return cmp.Or(cmp.Compare(x.spokenLast(v.bin), y.spokenLast(v.bin)), cmp.Compare(x.total, y.total))
	})
	for _, x := range list[:len(list)/10+1] {
		v.drop(x)
		v.forgot++
	}
}

// spokenLast is the quarter in which a source spoke last, given the one at hand.
func (x *volumeSeries) spokenLast(bin int64) int64 {
	if x.count > 0 {
		return bin
	}
	return x.last
}

func (v *volume) drop(x *volumeSeries) {
	delete(v.series, x.key)
	same := func(y *volumeSeries) bool { return x == y }
	v.judged, v.spoke = slices.DeleteFunc(v.judged, same), slices.DeleteFunc(v.spoke, same)
}

// all returns what is kept, in the order of the keys.
func (v *volume) all() []*volumeSeries {
	list := make([]*volumeSeries, 0, len(v.series))
	for _, x := range v.series {
		list = append(list, x)
	}
	slices.SortFunc(list, compareVolumes)
	return list
}

func compareVolumes(x, y *volumeSeries) int { return x.key.compare(y.key) }

// advance closes the quarters that are over.
func (v *volume) advance(now int64) {
	bin := now / volumeStep
	if v.bin == 0 || bin-v.bin > maxQuiet {
		if v.bin != 0 {
			clear(v.series)
			v.spoke, v.judged = v.spoke[:0], v.judged[:0]
		}
		v.bin = bin
	}
	for ; v.bin < bin; v.bin++ {
		if len(v.spoke) == 0 && len(v.judged) == 0 {
			v.bin = bin // nothing can be said of the quarters up to now
			return
		}
		v.close()
		v.tell()
	}
}

// close judges the quarter at hand.
func (v *volume) close() {
	gone := false
	for _, x := range v.judged {
		v.judge(x)
		gone = gone || v.bin-x.last > maxQuiet
	}
	if gone {
		v.judged = slices.DeleteFunc(v.judged, func(x *volumeSeries) bool {
			if v.bin-x.last <= maxQuiet {
				return false
			}
			delete(v.series, x.key)
			return true
		})
	}
	for _, x := range v.spoke {
		x.note(v.bin)
		if len(x.early) >= leastSpoken && x.total >= leastCounted {
			x.begin()
			at, _ := slices.BinarySearchFunc(v.judged, x, compareVolumes)
			v.judged = slices.Insert(v.judged, at, x)
		}
	}
	v.spoke = v.spoke[:0]
}

// note keeps the count of a quarter of a source that has no series yet.
func (x *volumeSeries) note(bin int64) {
	if bin-x.last > earlyQuiet {
		x.early, x.total = x.early[:0], x.count
	}
	if len(x.early) == mostUncounted {
		x.early = append(x.early[:0], x.early[mostUncounted/4:]...)
		x.total = x.count
		for _, c := range x.early {
			x.total += c.count
		}
	}
	x.early = append(x.early, volumeCount{bin, x.count})
	x.last, x.count = bin, 0
}

// begin makes the series of a source that has spoken enough.
func (x *volumeSeries) begin() {
	x.series = newSeries(volumeStep)
	at := x.early[0].bin
	for _, c := range x.early {
		for ; at < c.bin; at++ {
			x.series.Add((at+1)*volumeStep-1, 0)
		}
		x.series.Add((at+1)*volumeStep-1, math.Sqrt(float64(c.count)))
		at++
	}
	x.early = nil
}

// judge judges the quarter at hand of one series.
func (v *volume) judge(x *volumeSeries) {
	n := x.count
	if n > 0 {
		x.last = v.bin
		if x.low != nil { // it was quiet, and speaks again
			v.found = append(v.found, volumeFinding{x.key, *x.low, x.ref})
			x.low = nil
		}
	}
	x.count = 0
	a := x.series.Add((v.bin+1)*volumeStep-1, math.Sqrt(float64(n)))
	if a == nil || !noteworthy(a) {
		return
	}
	if a.Mean < a.Expected && n == 0 && !v.senses.opt.Endless {
		x.low = a // the end of the input is no silence
		return
	}
	v.found = append(v.found, volumeFinding{x.key, *a, x.ref})
}

// noteworthy tells whether a change is large enough for a person to care, beside being out of the ordinary.
func noteworthy(a *anomaly) bool {
	mean, expected := square(a.Mean), square(a.Expected)
	if a.Mean > a.Expected {
		return expected >= leastUsual && mean >= moreTimes*expected && mean-expected >= leastMore
	}
	return expected >= leastLess && mean <= lessTimes*expected
}

func square(x float64) float64 { return max(x, 0) * max(x, 0) }

// tell says what was found in one quarter: services only where the host as a whole does not say it already, and many at
// once as one.
func (v *volume) tell() {
	found := v.found
	v.found = v.found[:0]
	for _, up := range [2]bool{true, false} {
		var list []volumeFinding
		for _, f := range found {
			if f.anomaly.Mean > f.anomaly.Expected != up {
				continue
			}
			if f.key.dataset != "" && slices.ContainsFunc(found, func(o volumeFinding) bool {
				return o.key == volumeKey{host: f.key.host} && o.anomaly.Mean > o.anomaly.Expected == up
			}) {
				continue
			}
			list = append(list, f)
		}
		switch {
		case len(list) >= manyAtOnce:
			v.sayMany(list, up)
		default:
			for i := range list {
				v.say(&list[i])
			}
		}
	}
}

func (v *volume) say(f *volumeFinding) {
	a := &f.anomaly
	span := max(a.Time-a.From+volumeStep, volumeStep)
	quarters := float64(span) / float64(volumeStep)
	mean, usual := square(a.Mean)*quarters, square(a.Expected)*quarters
	action, text := "volume-high", fmt.Sprintf("%s logged %s events in %s; %s are usual at this time of its week, and it never varied by so much", f.key, about(mean), spanText(span), about(usual))
	if a.Mean < a.Expected {
		action, text = "volume-low", fmt.Sprintf("%s logged %s events in %s, where %s are usual at this time of its week", f.key, about(mean), spanText(span), about(usual))
	}
	v.senses.say(&Finding{
		Key: findingKey(action, f.key.host, f.key.dataset, f.key.program, strconv.FormatInt(a.Time, 10)), Action: action, Time: a.Time,
		Text: text, Refs: []sight.EventRef{f.ref}, Count: int64(mean),
		Fields: []Field{
			{"host.name", f.key.host},
			{"tocsin.evidence.dataset", f.key.dataset},
			{"process.name", f.key.program},
			{"tocsin.evidence.events", about(mean)},
			{"tocsin.evidence.usual", about(usual)},
			{"tocsin.evidence.score", strconv.FormatFloat(a.Score, 'f', 2, 64)},
		},
	})
}

func (v *volume) sayMany(list []volumeFinding, up bool) {
	names := make([]string, 0, len(list))
	f := Finding{Action: "volume-low", Time: list[0].anomaly.Time}
	what := "less"
	if up {
		f.Action, what = "volume-high", "more"
	}
	for i := range list {
		names = append(names, list[i].key.String())
		if i < MaxRefs {
			f.Refs = append(f.Refs, list[i].ref)
		}
	}
	f.Key = findingKey(f.Action, "many", strconv.FormatInt(f.Time, 10))
	f.Count = int64(len(list))
	f.Text = fmt.Sprintf("%d sources log far %s than usual at the same time: %s", len(list), what, strings.Join(names[:min(8, len(names))], ", "))
	f.Fields = []Field{{"tocsin.evidence.sources", strings.Join(names[:min(100, len(names))], ", ")}}
	v.senses.say(&f)
}

// about writes a number of events.
func about(n float64) string { return strconv.FormatInt(int64(math.Round(n)), 10) }

// spanText writes a span of time in words.
func spanText(span int64) string {
	if span < 2*nsHour {
		return countOf(span/nsMinute, "minute")
	}
	return countOf((span+nsHour/2)/nsHour, "hour")
}

func (v *volume) notes() []string {
	if v.forgot == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d sources and services were forgotten by the detector of volumes, as there are more than %d", v.forgot, maxVolumes)}
}

func (v *volume) save(w *pack.Packer) {
	w.Signed(v.bin)
	w.Signed(v.forgot)
	w.Number(len(v.series))
	for _, x := range v.all() {
		w.Word(x.key.host)
		w.Word(x.key.dataset)
		w.Word(x.key.program)
		w.Signed(x.count)
		w.Signed(x.total)
		w.Word(x.ref.File)
		w.Signed(x.ref.Record)
		w.Signed(x.last)
		w.Number(int(pack.Flag(x.low != nil)))
		if a := x.low; a != nil {
			w.Signed(a.From)
			w.Signed(a.Time)
			for _, f := range [4]float64{a.Mean, a.Expected, a.Spread, a.Score} {
				w.Float(f)
			}
		}
		w.Number(int(pack.Flag(x.series != nil)))
		if x.series != nil {
			x.series.save(w)
			continue
		}
		w.Number(len(x.early))
		for _, c := range x.early {
			w.Signed(c.bin)
			w.Signed(c.count)
		}
	}
}

func (v *volume) load(u *pack.Unpacker) {
	if v.bin, v.forgot = u.Signed(), u.Signed(); v.bin > mostBins || v.bin < -mostBins {
		u.Fail()
	}
	for n := u.Count(16); n > 0 && !u.Bad; n-- {
		x := &volumeSeries{key: volumeKey{u.Word(), u.Word(), u.Word()}, count: u.Signed(), total: u.Signed(), ref: takeRef(u), last: u.Signed()}
		if u.Number(2) == 1 {
			x.low = &anomaly{From: u.Signed(), Time: u.Signed(), Mean: u.Float(), Expected: u.Float(), Spread: u.Float(), Score: u.Float()}
		}
		whole := u.Number(2) == 1
		if x.last > v.bin || whole && x.last < v.bin-maxQuiet-1 {
			u.Fail()
			return
		}
		if whole {
			x.series = newSeries(volumeStep)
			x.series.load(u)
			v.judged = append(v.judged, x)
		} else if x.loadEarly(u, v.bin); x.count != 0 {
			v.spoke = append(v.spoke, x)
		}
		if len(v.series) >= maxVolumes || v.series[x.key] != nil {
			u.Fail()
			return
		}
		v.series[x.key] = x
	}
	slices.SortFunc(v.judged, compareVolumes)
}

func (x *volumeSeries) loadEarly(u *pack.Unpacker, bin int64) {
	before := int64(math.MinInt64)
	for n := u.Number(mostUncounted + 1); n > 0 && !u.Bad; n-- {
		c := volumeCount{u.Signed(), u.Signed()}
		if c.bin <= before || c.bin > min(x.last, bin) || len(x.early) > 0 && c.bin-before > earlyQuiet {
			u.Fail()
			return
		}
		x.early, before = append(x.early, c), c.bin
	}
}
