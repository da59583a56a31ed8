package notify

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// book is the memory of a Notifier: what was told of each incident, and the letters that wait. It is a value of one
// goroutine; what it changes is gathered in changes until the outbox has kept it.
type book struct {
	told    map[string]map[string]Told // by incident and route
	letters map[string]*Letter         // that wait, by key
	made    map[string][]time.Time     // by way: when letters were made, the last period
	digest  string                     // the day of the last daily mail
	seq     int64
	changes Changes
}

// digestRoute is what the daily mail is remembered under; no route has such a name.
const digestRoute = "(digest)"

func newBook(m Memory) *book {
	b := &book{told: make(map[string]map[string]Told), letters: make(map[string]*Letter), made: make(map[string][]time.Time)}
	for _, t := range m.Told {
		if t.Route == digestRoute {
			b.digest = t.Title
			continue
		}
		b.put(t)
	}
	slices.SortFunc(m.Letters, func(x, y Letter) int { return int(min(max(x.Seq-y.Seq, -1), 1)) })
	for _, l := range m.Letters {
		b.seq = max(b.seq, l.Seq)
		b.made[l.Way] = append(b.made[l.Way], l.Made)
		if l.State == Waiting {
			b.letters[l.Key] = &l
		}
	}
	return b
}

func (b *book) put(t Told) {
	if b.told[t.Incident] == nil {
		b.told[t.Incident] = make(map[string]Told)
	}
	b.told[t.Incident][t.Route] = t
}

// remember keeps what was told.
func (b *book) remember(t Told) {
	b.put(t)
	b.changes.Told = append(b.changes.Told, t)
}

func (b *book) forget(t Told) {
	delete(b.told[t.Incident], t.Route)
	if len(b.told[t.Incident]) == 0 {
		delete(b.told, t.Incident)
	}
	b.changes.Forget = append(b.changes.Forget, t)
}

// knows tells whether a letter about an incident went, or is to go, by a way.
func (b *book) knows(incident, way string) bool {
	for _, t := range b.told[incident] {
		if slices.Contains(t.To, way) {
			return true
		}
	}
	return false
}

// post makes a letter. Beyond what the way may send in its period the letter is folded; it returns false then.
func (b *book) post(now time.Time, w *Way, route string, m Message, level int) bool {
	must := m.Kind == Digest || w.states && (m.Kind == Taken || m.Kind == Resolved)
	if !must && b.crowded(now, w, level) {
		b.fold(now, w, route, m, level)
		return false
	}
	b.made[w.Name] = append(b.made[w.Name], now)
	b.letter(Letter{Key: m.ID, Way: w.Name, Thread: m.Thread, Level: level, Made: now, Due: now, Route: route, Message: m})
	return true
}

func (b *book) letter(l Letter) {
	if b.letters[l.Key] != nil {
		return // made before
	}
	b.seq++
	l.Seq, l.State = b.seq, Waiting
	b.letters[l.Key] = &l
	b.note(&l)
}

// note gathers a letter to be saved: the last of several changes counts.
func (b *book) note(l *Letter) {
	for i := range b.changes.Letters {
		if b.changes.Letters[i].Key == l.Key {
			b.changes.Letters[i] = *l
			return
		}
	}
	b.changes.Letters = append(b.changes.Letters, *l)
}

// crowded tells whether a way has had as many letters as it may have in its period, or has too many waiting. The critical
// have as much room again for themselves.
func (b *book) crowded(now time.Time, w *Way, level int) bool {
	times := slices.DeleteFunc(b.made[w.Name], func(t time.Time) bool { return now.Sub(t) >= w.per || t.After(now) })
	b.made[w.Name] = times
	room := w.max
	if level >= Critical {
		room *= 2
	}
	return len(times) >= room || b.waiting(w.Name) >= maxWaiting*room
}

// maxWaiting bounds the letters that wait for one way, in multiples of WayConfig.Max; the critical have twice as many.
const maxWaiting = 4

func (b *book) waiting(way string) int {
	n := 0
	for _, l := range b.letters {
		if l.Way == way {
			n++
		}
	}
	return n
}

// fold puts a message into the one that stands for all that there is no room for.
func (b *book) fold(now time.Time, w *Way, route string, m Message, level int) {
	item := Item{Severity: m.Severity, Title: m.Title, Who: m.Who, Link: m.Link}
	for _, l := range b.letters {
		if l.Way == w.Name && l.Message.Kind == Folded && !l.Begun {
			l.add(item, level)
			b.note(l)
			return
		}
	}
	due := now
	if times := b.made[w.Name]; len(times) > 0 {
		due = times[0].Add(w.per)
	}
	l := Letter{Key: hash("folded", w.Name, m.ID), Way: w.Name, Made: now, Due: due, Route: route}
	l.Message = Message{ID: l.Key, Kind: Folded, First: true, At: now, Command: "tocsin alerts"}
	l.add(item, level)
	b.letter(l)
}

// add counts one more message in a folded letter; it names the gravest.
func (l *Letter) add(item Item, level int) {
	l.Count++
	l.Level = max(l.Level, level)
	m := &l.Message
	at := len(m.Items)
	for at > 0 && slices.Index(levels[:], m.Items[at-1].Severity) < level {
		at--
	}
	m.Items = slices.Insert(slices.Clone(m.Items), at, item)
	if len(m.Items) > maxFolded {
		m.Items = m.Items[:maxFolded]
	}
	m.More = l.Count - len(m.Items)
	m.Severity = LevelName(l.Level)
	m.Title = fmt.Sprintf("%s, told together because there are so many", plural(int64(l.Count), "more message"))
	m.What = m.Title
	m.Who = "the gravest: " + m.Items[0].Title
}

// maxFolded bounds the messages that one message in place of many names.
const maxFolded = 10

// pick returns the letter that a way sends next: of those that are due, one of the thread with the gravest letter, and of
// a thread the first. soon is when the next one is due where none is.
func (b *book) pick(now time.Time, way string) (next *Letter, soon time.Time) {
	type line struct {
		first *Letter
		level int
	}
	threads := make(map[string]*line)
	for _, l := range b.letters {
		if l.Way != way {
			continue
		}
		key := "thread/" + l.Thread
		if l.Thread == "" {
			key = "letter/" + l.Key
		}
		t := threads[key]
		if t == nil {
			t = &line{first: l, level: l.Level}
			threads[key] = t
		}
		if l.Seq < t.first.Seq {
			t.first = l
		}
		t.level = max(t.level, l.Level)
	}
	best := -1
	for _, key := range slices.Sorted(maps.Keys(threads)) {
		t := threads[key]
		if t.first.Due.After(now) {
			if soon.IsZero() || t.first.Due.Before(soon) {
				soon = t.first.Due
			}
			continue
		}
		if t.level > best || t.level == best && t.first.Seq < next.Seq {
			next, best = t.first, t.level
		}
	}
	return next, soon
}

// tidy forgets what no decision needs any more: the memory of incidents that are closed for long, or were never told and
// are gone.
func (b *book) tidy(now time.Time, there map[string]bool) {
	for key, routes := range b.told {
		for _, t := range slices.Collect(maps.Values(routes)) {
			old := t.Resolved && now.Sub(t.At) > keepTold
			if !there[key] && (old || t.At.IsZero()) {
				b.forget(t)
			}
		}
	}
}

// keepTold is how long it is remembered what was told of a closed incident.
const keepTold = 30 * 24 * time.Hour
