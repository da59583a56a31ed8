package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// volume watches how much every source and every service logs, in quarters of an hour, against its own days and weeks
// (see Series). Counts are judged by their square root, which makes their chance about the same for few and for many.
//
// What changes for many at once is one finding. It keeps maxVolumes series, those that spoke last: some 10 MB.
type volume struct {
	senses *Senses
	series map[volumeKey]*volumeSeries
	bin    int64 // the quarter that is being counted, since 1970
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
	series *Series
	count  int64 // in the quarter at hand
	total  int64
	ref    EventRef // the first event of the quarter
	quiet  int      // quarters without any event, up to now
	low    *Anomaly // what is told when the source speaks again
}

type volumeFinding struct {
	key     volumeKey
	anomaly Anomaly
	ref     EventRef
}

const (
	volumeStep = 15 * nsMinute
	maxVolumes = 1000
	maxQuiet   = 7 * 96 // quarters after which a source is taken to be gone for good
	manyAtOnce = 4      // findings of one quarter that are told as one

	leastUsual = 2.0   // events in a quarter that are usual where more is to be noticed
	leastMore  = 100.0 // events in a quarter by which more is more
	moreTimes  = 2.0
	leastLess  = 8.0 // events in a quarter that are usual where less is to be noticed
	lessTimes  = 0.34
)

func newVolume(s *Senses) sense {
	v := &volume{senses: s, series: make(map[volumeKey]*volumeSeries)}
	return sense{name: "volume", see: v.see, advance: v.advance, finish: func() {}, save: v.save, load: v.load, notes: v.notes}
}

func (v *volume) see(s *Sighting) {
	if s.Kind != SawTally {
		return
	}
	host := cmp.Or(s.Host, s.Name)
	v.add(volumeKey{host: host}, s)
	v.add(volumeKey{host, s.Dataset, s.Program}, s)
}

func (v *volume) add(k volumeKey, s *Sighting) {
	x := v.series[k]
	if x == nil {
		v.makeRoom()
		x = &volumeSeries{series: NewSeries(volumeStep)}
		v.series[k] = x
	}
	if x.count == 0 {
		x.ref = s.Ref
	}
	x.count += s.Count // what comes late counts where it comes
	x.total += s.Count
}

// makeRoom forgets the tenth that has been quiet the longest, and of those the smallest.
func (v *volume) makeRoom() {
	if len(v.series) < maxVolumes {
		return
	}
	keys := v.keys()
	slices.SortStableFunc(keys, func(a, b volumeKey) int {
		x, y := v.series[a], v.series[b]
		return cmp.Or(cmp.Compare(y.quiet, x.quiet), cmp.Compare(x.total, y.total))
	})
	for _, k := range keys[:len(keys)/10+1] {
		delete(v.series, k)
		v.forgot++
	}
}

func (v *volume) keys() []volumeKey {
	keys := make([]volumeKey, 0, len(v.series))
	for k := range v.series {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, volumeKey.compare)
	return keys
}

// advance closes the quarters that are over.
func (v *volume) advance(now int64) {
	bin := now / volumeStep
	if v.bin == 0 || bin-v.bin > maxQuiet {
		if v.bin != 0 {
			clear(v.series)
		}
		v.bin = bin
	}
	if bin == v.bin {
		return
	}
	keys := v.keys()
	for ; v.bin < bin; v.bin++ {
		for _, k := range keys {
			if x := v.series[k]; x != nil {
				v.close(k, x)
			}
		}
		v.tell()
	}
}

// close judges the quarter at hand of one series.
func (v *volume) close(k volumeKey, x *volumeSeries) {
	n := x.count
	if n == 0 {
		if x.quiet++; x.quiet > maxQuiet {
			delete(v.series, k)
			return
		}
	} else {
		if x.low != nil { // it was quiet, and speaks again
			v.found = append(v.found, volumeFinding{k, *x.low, x.ref})
			x.low = nil
		}
		x.quiet = 0
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
	v.found = append(v.found, volumeFinding{k, *a, x.ref})
}

// noteworthy tells whether a change is large enough for a person to care, beside being out of the ordinary.
func noteworthy(a *Anomaly) bool {
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
		Key: FindingKey(action, f.key.host, f.key.dataset, f.key.program, strconv.FormatInt(a.Time, 10)), Action: action, Time: a.Time,
		Text: text, Refs: []EventRef{f.ref}, Count: int64(mean),
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
		if i < MaxFindingRefs {
			f.Refs = append(f.Refs, list[i].ref)
		}
	}
	f.Key = FindingKey(f.Action, "many", strconv.FormatInt(f.Time, 10))
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

func (v *volume) save(w *packer) {
	w.signed(v.bin)
	w.signed(v.forgot)
	keys := v.keys()
	w.number(len(keys))
	for _, k := range keys {
		x := v.series[k]
		w.word(k.host)
		w.word(k.dataset)
		w.word(k.program)
		w.signed(x.count)
		w.signed(x.total)
		w.word(x.ref.File)
		w.signed(x.ref.Record)
		w.number(x.quiet)
		w.number(int(flag(x.low != nil)))
		if a := x.low; a != nil {
			w.signed(a.From)
			w.signed(a.Time)
			for _, f := range [4]float64{a.Mean, a.Expected, a.Spread, a.Score} {
				w.float(f)
			}
		}
		x.series.save(w)
	}
}

func (v *volume) load(u *unpacker) {
	v.bin, v.forgot = u.signed(), u.signed()
	for n := u.count(16); n > 0 && !u.bad; n-- {
		k := volumeKey{u.word(), u.word(), u.word()}
		x := &volumeSeries{series: NewSeries(volumeStep), count: u.signed(), total: u.signed(), ref: EventRef{u.word(), u.signed()}, quiet: u.number(maxQuiet + 1)}
		if u.number(2) == 1 {
			x.low = &Anomaly{From: u.signed(), Time: u.signed(), Mean: u.float(), Expected: u.float(), Spread: u.float(), Score: u.float()}
		}
		x.series.load(u)
		v.series[k] = x
	}
}
