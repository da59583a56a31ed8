package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memoryOutbox keeps what a database would, as JSON.
type memoryOutbox struct {
	mu      sync.Mutex
	told    map[string]string
	letters map[string]string
	saves   int
	fail    error
}

func newMemoryOutbox() *memoryOutbox {
	return &memoryOutbox{told: make(map[string]string), letters: make(map[string]string)}
}

func (o *memoryOutbox) Load(context.Context) (m Memory, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return m, o.fail
	}
	for _, text := range o.told {
		var t Told
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			return m, err
		}
		m.Told = append(m.Told, t)
	}
	for _, text := range o.letters {
		var l Letter
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return m, err
		}
		m.Letters = append(m.Letters, l)
	}
	return m, nil
}

func (o *memoryOutbox) Save(_ context.Context, c Changes) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.saves++
	for _, t := range c.Told {
		o.told[t.Route+"/"+t.Incident] = string(jsonOf(t))
	}
	for _, t := range c.Forget {
		delete(o.told, t.Route+"/"+t.Incident)
	}
	for _, l := range c.Letters {
		o.letters[l.Key] = string(jsonOf(l))
	}
	return nil
}

func (o *memoryOutbox) waiting(t *testing.T) (n int) {
	m, err := o.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Letters {
		if l.State == Waiting {
			n++
		}
	}
	return n
}

// desk is a set of incidents that a test changes.
type desk struct {
	mu   sync.Mutex
	list map[string]Incident
}

func (d *desk) Incidents(context.Context) ([]Incident, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.list)), nil
}

func (d *desk) put(list ...Incident) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.list == nil {
		d.list = make(map[string]Incident)
	}
	for _, i := range list {
		d.list[i.Key] = i
	}
}

func (d *desk) drop(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.list, key)
}

// mailbox is the other side of a way: what it has taken, in order.
type mailbox struct {
	mu     sync.Mutex
	taken  []Message
	asked  int
	answer func(m *Message) error // nil takes all
	hang   bool
}

func (b *mailbox) Send(ctx context.Context, m *Message) (string, error) {
	b.mu.Lock()
	b.asked++
	answer, hang := b.answer, b.hang
	b.mu.Unlock()
	if hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if answer != nil {
		if err := answer(m); err != nil {
			return "", err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = append(b.taken, *m)
	return "receipt-" + m.Thread, nil
}

func (b *mailbox) set(answer func(*Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// words are what was taken: "firing k1, …".
func (b *mailbox) words() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, m := range b.taken {
		list = append(list, m.Kind+" "+ifEmpty(m.Thread, "-"))
	}
	return strings.Join(list, ", ")
}

// office is a Notifier with all that it works with.
type office struct {
	t       *testing.T
	boxes   map[string]*mailbox
	outbox  *memoryOutbox
	desk    *desk
	d       *Directory
	n       *Notifier
	shift   time.Duration // by which the clock is set
	notices []Notice
	mu      sync.Mutex
	stop    func()
	day     Day
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.shift)
}

func (o *office) set(shift time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shift = shift
}

func newOffice(t *testing.T, c Config) *office {
	o := &office{t: t, boxes: make(map[string]*mailbox), outbox: newMemoryOutbox(), desk: &desk{}}
	for i := range c.Routes {
		c.Routes[i].Zone = "UTC"
	}
	o.d = directoryOf(t, c)
	for name, w := range o.d.ways {
		o.boxes[name] = &mailbox{}
		w.sender = o.boxes[name]
		w.states = name == "c"
	}
	o.start()
	return o
}

func (o *office) start() {
	ctx, cancel := context.WithCancel(o.t.Context())
	o.n = New(Options{
		Directory: o.d, Outbox: o.outbox, Incidents: o.desk, Tenant: "main", Log: discard(), Now: o.now,
		Notice: func(n Notice) { o.mu.Lock(); o.notices = append(o.notices, n); o.mu.Unlock() },
		Day:    func(context.Context, time.Time, time.Time) (Day, error) { return o.day, nil },
	})
	n, done := o.n, make(chan struct{})
	go func() {
		defer close(done)
		if err := n.Run(ctx); err != nil {
			o.t.Error(err)
		}
	}()
	o.stop = func() { cancel(); <-done }
}

// pass lets time pass.
func (o *office) pass(d time.Duration) {
	o.n.Wake()
	time.Sleep(d)
	synctest.Wait()
}

func (o *office) want(way, words string) {
	o.t.Helper()
	if got := o.boxes[way].words(); got != words {
		o.t.Errorf("%s got %q, want %q", way, got, words)
	}
}

func newIncident(key string, level int) Incident {
	now := time.Now()
	return Incident{Key: key, Title: "title of " + key, Sentence: "what of " + key, Level: level, Status: StatusNew, First: now, Last: now, Updated: now, Count: 3, Tactics: []string{"execution"}, Tenant: "main"}
}

// inTime runs a test in a bubble of fake time.
func inTime(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestLife(t *testing.T) {
	inTime(t, "told, escalated, taken, closed", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, Escalate: []EscalationConfig{{15 * time.Minute, []string{"c"}}}}}})
		i := newIncident("k", High)
		o.desk.put(i)
		o.pass(time.Second)
		o.want("a", "firing k")
		o.pass(14 * time.Minute)
		o.want("c", "")
		o.pass(2 * time.Minute)
		o.want("c", "firing k"[:0]+"escalated k")
		o.pass(4 * time.Hour)
		o.want("a", "firing k, repeat k")
		i.Level = Critical
		o.desk.put(i)
		o.pass(time.Second)
		o.want("a", "firing k, repeat k, worse k")
		i.Status, i.Owner = StatusTaken, "anna"
		o.desk.put(i)
		o.pass(24 * time.Hour)
		o.want("a", "firing k, repeat k, worse k")
		o.want("c", "escalated k, worse k, taken k")
		if m := o.boxes["c"].taken[1]; m.Receipt != "receipt-k" || m.First {
			t.Errorf("the second message of a thread: %+v", m)
		}
		i.Status, i.Verdict, i.Note = StatusClosed, "malicious", "the host was wiped"
		o.desk.put(i)
		o.pass(time.Second)
		o.want("a", "firing k, repeat k, worse k, resolved k")
		o.want("c", "escalated k, worse k, taken k, resolved k")
		o.pass(240 * time.Hour)
		o.want("a", "firing k, repeat k, worse k, resolved k")
		o.stop()
	})
	inTime(t, "gone is closed", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}}}})
		o.desk.put(newIncident("k", High))
		o.pass(time.Second)
		o.desk.drop("k")
		o.pass(time.Minute)
		o.want("a", "firing k, resolved k")
		if m := o.boxes["a"].taken[1]; m.Title != "title of k" {
			t.Errorf("%+v", m)
		}
		o.pass(60 * 24 * time.Hour)
		if n := len(o.outbox.told); n != 0 {
			t.Errorf("%d incidents are remembered after 60 days", n)
		}
		o.stop()
	})
	inTime(t, "within a second", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}}}})
		for i := range 20 {
			o.desk.put(newIncident(fmt.Sprint("k", i), High))
			o.pass(300 * time.Millisecond)
			if n := len(o.boxes["a"].taken); n != i+1 {
				t.Fatalf("%d of %d after 300 ms", n, i+1)
			}
		}
		o.stop()
	})
}

func TestRoutes(t *testing.T) {
	inTime(t, "the first that fits, and those after it where it lets them", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{
			{Name: "all", To: []string{"c"}, Level: "low", Continue: true},
			{Name: "grave", To: []string{"a", "c"}, Level: "high"},
			{Name: "rest", To: []string{"b"}},
		}})
		o.desk.put(newIncident("h", High), newIncident("m", Medium))
		o.pass(time.Minute)
		o.want("a", "firing h")
		o.want("b", "firing m")
		o.want("c", "firing h, firing m") // once, though two routes tell it of h
		i := newIncident("m", High)
		o.desk.put(i)
		o.pass(time.Minute)
		o.want("a", "firing h, firing m")
		o.want("b", "firing m, worse m")
		o.stop()
	})
	inTime(t, "hours: who was told by those of the night is not told by those of the day", func(t *testing.T) {
		// The bubble begins at midnight, on a Saturday.
		o := newOffice(t, Config{Routes: []RouteConfig{
			{Name: "day", To: []string{"a"}, Hours: []string{"08:00-20:00"}, RepeatWait: 100 * time.Hour},
			{Name: "night", To: []string{"b"}, RepeatWait: 100 * time.Hour},
		}})
		i := newIncident("k", High)
		o.desk.put(i)
		o.pass(12 * time.Hour)
		o.want("a", "")
		o.want("b", "firing k")
		i.Level = Critical
		o.desk.put(i)
		o.pass(time.Hour)
		o.want("a", "firing k")
		o.want("b", "firing k, worse k")
		o.desk.put(newIncident("k2", High))
		o.pass(time.Hour)
		o.want("a", "firing k, firing k2")
		o.want("b", "firing k, worse k")
		o.stop()
	})
	inTime(t, "quiet hours", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, Quiet: []string{"22:00-07:00"}}}})
		o.desk.put(newIncident("h", High), newIncident("c", Critical))
		o.pass(6 * time.Hour)
		o.want("a", "firing c, repeat c")
		o.pass(70 * time.Minute)
		o.want("a", "firing c, repeat c, firing h")
		o.stop()
	})
	inTime(t, "groups", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, Group: "route", Wait: 30 * time.Second, Interval: 10 * time.Minute, RepeatWait: -1}}})
		o.desk.put(newIncident("1", Medium))
		o.pass(20 * time.Second)
		o.desk.put(newIncident("2", High))
		o.pass(11 * time.Second)
		got := o.boxes["a"].taken
		if len(got) != 1 || len(got[0].Items) != 2 || got[0].Severity != "high" || got[0].Items[0].Title != "title of 2" {
			t.Fatalf("%+v", got)
		}
		o.desk.put(newIncident("3", Medium))
		o.pass(9 * time.Minute)
		if n := len(o.boxes["a"].taken); n != 1 {
			t.Fatalf("%d messages within the interval", n)
		}
		o.desk.put(newIncident("4", Critical)) // does not wait for the interval, but for what belongs to it
		o.pass(31 * time.Second)
		if got := o.boxes["a"].taken; len(got) < 2 || !strings.Contains(got[1].Title+fmt.Sprint(got[1].Items), "title of 4") {
			t.Fatalf("%+v", got)
		}
		o.pass(time.Hour)
		all := fmt.Sprint(o.boxes["a"].taken)
		if !strings.Contains(all, "title of 3") {
			t.Errorf("3 was never told: %s", all)
		}
		o.stop()
	})
	inTime(t, "a roster: who is on duty, and who comes next", func(t *testing.T) {
		o := newOffice(t, Config{
			People:  map[string]PersonConfig{"anna": {Ways: []string{"a"}}, "ben": {Ways: []string{"b"}}},
			Rosters: map[string]RosterConfig{"duty": {Members: []string{"anna", "ben"}, Every: "day", Handover: "00:00", From: "2000-01-01", Zone: "UTC"}},
			Routes:  []RouteConfig{{To: []string{"duty"}, Escalate: []EscalationConfig{{10 * time.Minute, []string{"duty+1"}}}, RepeatWait: -1}},
		})
		o.desk.put(newIncident("1", High))
		o.pass(11 * time.Minute)
		o.want("a", "firing 1")
		o.want("b", "escalated 1")
		o.pass(24 * time.Hour)
		o.desk.put(newIncident("2", High))
		o.pass(time.Minute)
		o.want("b", "escalated 1, firing 2")
		o.stop()
	})
}

// A server that says no for an hour: nothing is lost, nothing comes twice, the gravest comes first, and what belongs
// together in order.
func TestServerDown(t *testing.T) {
	refuse := func(r Refusal) func(*Message) error { return func(*Message) error { return &r } }
	for name, answer := range map[string]func(*Message) error{
		"4xx":         refuse(Refusal{Class: Later, Err: errors.New("451 later")}),
		"login":       refuse(Refusal{Class: Broken, Err: errors.New("535 no")}),
		"retry-after": refuse(Refusal{Class: Later, After: 10 * time.Minute, Err: errors.New("429")}),
		"hangs":       nil,
	} {
		inTime(t, name, func(t *testing.T) {
			o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a", "b"}, Level: "low", RepeatWait: -1}}})
			box := o.boxes["a"]
			box.set(answer)
			box.hang = answer == nil
			o.desk.put(newIncident("low", Low))
			o.pass(20 * time.Second)
			grave := newIncident("grave", High)
			o.desk.put(newIncident("mid", Medium), grave)
			o.pass(10 * time.Minute)
			grave.Level = Critical
			o.desk.put(grave)
			o.pass(50 * time.Minute)
			o.want("a", "")
			o.want("b", "firing low, firing grave, firing mid, worse grave") // one way does not hold up another
			asked := box.asked
			if most := map[string]int{"4xx": 50, "login": 50, "retry-after": 8, "hangs": 50}[name]; asked < 3 || asked > most {
				t.Errorf("asked %d times in an hour", asked)
			}
			box.mu.Lock()
			box.answer, box.hang = nil, false
			box.mu.Unlock()
			o.pass(30 * time.Minute)
			o.want("a", "firing grave, worse grave, firing mid, firing low")
			var actions []string
			for _, n := range o.notices {
				actions = append(actions, n.Action)
			}
			if got := strings.Join(actions, " "); got != "notify-stuck notify-works" {
				t.Errorf("notices: %s", got)
			}
			o.stop()
		})
	}
}

func TestGivenUp(t *testing.T) {
	inTime(t, "after three days", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: -1}}})
		o.boxes["a"].set(func(*Message) error { return errors.New("no") })
		o.desk.put(newIncident("k", High))
		o.pass(71 * time.Hour)
		if n := o.outbox.waiting(t); n != 1 {
			t.Fatalf("%d letters wait", n)
		}
		o.pass(2 * time.Hour)
		if n := o.outbox.waiting(t); n != 0 || o.notices[len(o.notices)-1].Action != NoticeFailed || o.n.Status().Failed != 1 {
			t.Errorf("%d letters wait, notices %+v", n, o.notices)
		}
		o.stop()
	})
	inTime(t, "one that is against the rules of the other side", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: -1}}})
		o.boxes["a"].set(func(m *Message) error {
			if m.Thread == "bad" {
				return &Refusal{Class: Never, Err: errors.New("400 no")}
			}
			return nil
		})
		o.desk.put(newIncident("bad", Critical), newIncident("good", High))
		o.pass(time.Minute)
		o.want("a", "firing good")
		if len(o.notices) != 1 || o.notices[0].Action != NoticeFailed {
			t.Errorf("%+v", o.notices)
		}
		o.stop()
	})
}

func TestReconfigured(t *testing.T) {
	inTime(t, "a way that goes", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a", "b"}, RepeatWait: -1}}})
		o.boxes["b"].set(func(*Message) error { return errors.New("no") })
		o.desk.put(newIncident("1", High))
		o.pass(time.Minute)
		next := directoryOf(t, Config{Ways: map[string]WayConfig{"a": {Syslog: &SyslogConfig{Server: "udp://127.0.0.1:9"}}}, Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: -1}}})
		next.ways["a"].sender = o.boxes["a"]
		o.n.Use(next)
		o.pass(time.Hour)
		if n := o.outbox.waiting(t); n != 0 {
			t.Errorf("%d letters wait for nobody", n)
		}
		if o.notices[len(o.notices)-1].Action != NoticeFailed {
			t.Errorf("%+v", o.notices)
		}
		o.want("a", "firing 1")
		o.stop()
	})
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
