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

// reading watches how much every user reads in a day: files, objects, rows, mails. It tells of who has read ten times
// what they usually do on a day on which they read at all, far more than on any day before, and far more than the others
// do on that day. It is told when that is passed, and once a day.
//
// It keeps maxReaders users, those who read last, with keptDays days each: some 5 MB.
type reading struct {
	senses  *Detectors
	readers map[readerKey]*readingOf
	day     int64 // counted since 1970
	forgot  int64
}

type readerKey struct{ user, dataset string }

// readingOf is what one user has read.
type readingOf struct {
	days  []int64 // totals of the last days with any, oldest first
	today int64
	first sight.EventRef
	last  sight.EventRef
	began int64 // time of the first today
	told  bool
}

const (
	maxReaders = 20_000
	keptDays   = 30
	leastDays  = 5 // days with any that a history has
	leastRead  = 100
	readTimes  = 10 // times the median
	readMost   = 3  // times the most
	readPeers  = 5  // times the median of the others on that day
)

func newReading(s *Detectors) detector {
	r := &reading{senses: s, readers: make(map[readerKey]*readingOf)}
	return detector{name: "reading", see: r.see, advance: r.advance, finish: func() {}, save: r.save, load: r.load, notes: r.notes}
}

func (r *reading) see(s *sight.Sighting) {
	if s.Kind != sight.SawRead || s.User == "" {
		return
	}
	k := readerKey{s.User, s.Dataset}
	x := r.readers[k]
	if x == nil {
		r.makeRoom()
		x = &readingOf{}
		r.readers[k] = x
	}
	if x.today == 0 {
		x.first, x.began = s.Ref, s.Time
	}
	x.last = s.Ref
	x.today += s.Count
	if !x.told && x.today >= leastRead && len(x.days) >= leastDays {
		r.judge(k, x, s)
	}
}

func (r *reading) judge(k readerKey, x *readingOf, s *sight.Sighting) {
	usual, most := median(x.days), slices.Max(x.days)
	if x.today < readTimes*max(usual, 1) || x.today < readMost*most {
		return
	}
	var others []int64
	for o, y := range r.readers {
		if o.dataset == k.dataset && o != k && y.today > 0 {
			others = append(others, y.today)
		}
	}
	peers := int64(0)
	if len(others) >= 3 {
		if peers = median(others); x.today < readPeers*peers {
			return
		}
	}
	x.told = true
	text := fmt.Sprintf("%s has read %d things (%s) today since %s; on %d days before it were %d usually and %d at most", k.user, x.today, k.dataset,
		clockTime(x.began), len(x.days), usual, most)
	if peers > 0 {
		text += fmt.Sprintf(", and others read %d today", peers)
	}
	r.senses.say(&Finding{
		Key: findingKey("volume-user", k.user, k.dataset, strconv.FormatInt(r.day, 10)), Action: "volume-user", Time: s.Time,
		Text: text, Refs: []sight.EventRef{x.first, x.last}, Count: x.today,
		Fields: []Field{
			{"user.name", k.user},
			{"tocsin.evidence.dataset", k.dataset},
			{"tocsin.evidence.read", strconv.FormatInt(x.today, 10)},
			{"tocsin.evidence.usual", strconv.FormatInt(usual, 10)},
			{"tocsin.evidence.most", strconv.FormatInt(most, 10)},
			{"tocsin.evidence.others", strconv.FormatInt(peers, 10)},
		},
	})
}

// clockTime is the time of the day of a moment, in UTC.
func clockTime(t int64) string {
	minutes := (t%nsDay + nsDay) % nsDay / nsMinute
	return fmt.Sprintf("%02d:%02d UTC", minutes/60, minutes%60)
}

func median(list []int64) int64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// advance ends the day.
func (r *reading) advance(now int64) {
	day := now / nsDay
	if day <= r.day {
		return
	}
	if r.day != 0 {
		for _, x := range r.readers {
			if x.today > 0 {
				if len(x.days) == keptDays {
					x.days = append(x.days[:0], x.days[1:]...)
				}
				x.days = append(x.days, x.today)
			}
			x.today, x.told = 0, false
		}
	}
	r.day = day
}

func (r *reading) keys() []readerKey {
	keys := make([]readerKey, 0, len(r.readers))
	for k := range r.readers {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b readerKey) int {
		return cmp.Or(strings.Compare(a.user, b.user), strings.Compare(a.dataset, b.dataset))
	})
	return keys
}

func (r *reading) makeRoom() {
	if len(r.readers) < maxReaders {
		return
	}
	keys := r.keys()
	slices.SortStableFunc(keys, func(a, b readerKey) int { return cmp.Compare(r.readers[a].began, r.readers[b].began) })
	for _, k := range keys[:len(keys)/10+1] {
		delete(r.readers, k)
		r.forgot++
	}
}

func (r *reading) notes() []string {
	if r.forgot == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d users were forgotten by the detector of what is read, as there are more than %d", r.forgot, maxReaders)}
}

func (r *reading) save(w *pack.Packer) {
	w.Signed(r.day)
	w.Signed(r.forgot)
	keys := r.keys()
	w.Number(len(keys))
	for _, k := range keys {
		x := r.readers[k]
		w.Word(k.user)
		w.Word(k.dataset)
		w.Number(len(x.days))
		for _, d := range x.days {
			w.Signed(d)
		}
		w.Signed(x.today)
		w.Signed(x.began)
		w.Number(int(pack.Flag(x.told)))
		for _, ref := range [2]sight.EventRef{x.first, x.last} {
			w.Word(ref.File)
			w.Signed(ref.Record)
		}
	}
}

func (r *reading) load(u *pack.Unpacker) {
	r.day, r.forgot = u.Signed(), u.Signed()
	for n := u.Count(8); n > 0 && !u.Bad; n-- {
		k := readerKey{u.Word(), u.Word()}
		x := &readingOf{}
		for m := u.Number(keptDays + 1); m > 0 && !u.Bad; m-- {
			x.days = append(x.days, u.Signed())
		}
		x.today, x.began, x.told = u.Signed(), u.Signed(), u.Number(2) == 1
		x.first, x.last = takeRef(u), takeRef(u)
		r.readers[k] = x
	}
}
