package notify

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Ten thousand incidents at once: the gravest are told one by one, the others in one message; the outbox stays small.
func TestFlood(t *testing.T) {
	inTime(t, "flood", func(t *testing.T) {
		ways := map[string]WayConfig{"a": {Syslog: &SyslogConfig{Server: "udp://127.0.0.1:9"}}}
		o := newOffice(t, Config{Ways: ways, Routes: []RouteConfig{{To: []string{"a"}, Level: "low", RepeatWait: -1}}})
		var list []Incident
		for n := range 9990 {
			i := newIncident(fmt.Sprintf("k%05d", n), Low)
			if n%1000 == 500 {
				i.Level = Critical
			}
			list = append(list, i)
		}
		o.desk.put(list...)
		o.pass(time.Minute)
		got := o.boxes["a"].taken
		if len(got) != 20 || got[0].Severity != "critical" || got[9].Severity != "critical" || got[10].Severity != "low" {
			t.Fatalf("%d messages: %s", len(got), o.boxes["a"].words())
		}
		o.pass(10 * time.Minute)
		got = o.boxes["a"].taken
		last := got[len(got)-1]
		if len(got) != 21 || last.Kind != Folded || last.More != 9970-maxFolded || !strings.HasPrefix(last.Title, "9,970 more messages") {
			t.Errorf("%d messages, the last: %+v", len(got), last)
		}
		late := newIncident("late", Critical)
		o.desk.put(late)
		o.pass(time.Second)
		if got := o.boxes["a"].taken; got[len(got)-1].Thread != "late" {
			t.Error("the important one is buried")
		}
		if n := len(o.outbox.letters); n != 22 {
			t.Errorf("%d letters in the outbox", n)
		}
		if len(o.notices) != 1 || o.notices[0].Action != NoticeFolded {
			t.Errorf("notices: %+v", o.notices)
		}
		o.stop()
	})
	inTime(t, "a flood for twelve hours while the server is down", func(t *testing.T) {
		ways := map[string]WayConfig{"a": {Syslog: &SyslogConfig{Server: "udp://127.0.0.1:9"}}}
		o := newOffice(t, Config{Ways: ways, Routes: []RouteConfig{{To: []string{"a"}, Level: "low", RepeatWait: -1}}})
		o.boxes["a"].set(func(*Message) error { return errors.New("no") })
		told := 0
		for h := range 12 {
			for n := range 60 {
				o.desk.put(newIncident(fmt.Sprintf("k%d-%d", h, n), Low+n%4))
				told++
			}
			o.pass(time.Hour)
		}
		if n := o.outbox.waiting(t); n > maxWaiting*2*defaultMax+2 {
			t.Errorf("%d letters wait", n)
		}
		o.boxes["a"].set(nil)
		o.pass(time.Hour)
		sum := 0
		for _, m := range o.boxes["a"].taken {
			if m.Kind == Folded {
				sum += len(m.Items) + m.More
			} else {
				sum++
			}
		}
		if sum != told || o.boxes["a"].taken[0].Severity != "critical" {
			t.Errorf("%d of %d told in %d messages", sum, told, len(o.boxes["a"].taken))
		}
		o.stop()
	})
}

func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{-365 * 24 * time.Hour, -90 * time.Minute, 90 * time.Minute, 365 * 24 * time.Hour} {
		inTime(t, jump.String(), func(t *testing.T) {
			o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a", "b"}, RepeatWait: 10 * 366 * 24 * time.Hour}}})
			o.boxes["b"].set(func(*Message) error { return errors.New("no") })
			o.desk.put(newIncident("1", High))
			o.pass(20 * time.Minute)
			o.set(jump)
			o.pass(time.Minute)
			o.desk.put(newIncident("2", High))
			o.pass(time.Minute)
			o.boxes["b"].set(nil)
			o.pass(30 * time.Minute)
			o.want("a", "firing 1, firing 2")
			o.want("b", "firing 1, firing 2")
			o.set(0)
			o.desk.put(newIncident("3", High))
			o.pass(time.Hour)
			o.want("a", "firing 1, firing 2, firing 3")
			o.want("b", "firing 1, firing 2, firing 3")
			o.stop()
		})
	}
	inTime(t, "a repeat after the clock was a year ahead", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: time.Hour}}})
		o.set(365 * 24 * time.Hour)
		o.desk.put(newIncident("1", High))
		o.pass(time.Minute)
		o.set(0)
		o.pass(50 * time.Minute)
		o.want("a", "firing 1")
		o.pass(12 * time.Minute)
		o.want("a", "firing 1, repeat 1")
		o.stop()
	})
}

// The disk is full for a while: nobody is told what is not written down, and then everybody once.
func TestOutboxFails(t *testing.T) {
	inTime(t, "full", func(t *testing.T) {
		o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: -1}}})
		o.pass(time.Second)
		o.boxes["a"].set(func(*Message) error { // it is full when the first message has just been taken
			o.outbox.mu.Lock()
			defer o.outbox.mu.Unlock()
			o.outbox.fail = errors.New("no room")
			return nil
		})
		o.desk.put(newIncident("1", High))
		o.pass(time.Minute)
		o.desk.put(newIncident("2", High))
		o.pass(time.Minute)
		o.want("a", "firing 1")
		o.boxes["a"].set(nil)
		o.outbox.mu.Lock()
		o.outbox.fail = nil
		o.outbox.mu.Unlock()
		o.pass(time.Minute)
		o.want("a", "firing 1, firing 2")
		if n := o.outbox.waiting(t); n != 0 {
			t.Errorf("%d letters wait", n)
		}
		o.stop()
	})
}

// Kills at random moments: what was saved is all that is left. Each is told, and what comes twice says that it may.
func TestKills(t *testing.T) {
	for seed := range 40 {
		inTime(t, "kill", func(t *testing.T) {
			o := newOffice(t, Config{Routes: []RouteConfig{{To: []string{"a"}, RepeatWait: -1}}})
			slow := o.boxes["a"]
			slow.set(func(*Message) error { time.Sleep(40 * time.Millisecond); return nil })
			for n := range 5 {
				for k := range 3 {
					o.desk.put(newIncident(string(rune('a'+n))+string(rune('0'+k)), High))
				}
				o.n.Wake()
				time.Sleep(time.Duration(seed*5+n*3) * time.Millisecond)
				o.crash()
			}
			o.pass(time.Minute)
			seen := make(map[string]int)
			for _, m := range slow.taken {
				if _, there := seen[m.Thread]; !there {
					seen[m.Thread] = 0
				}
				if !m.Doubt {
					seen[m.Thread]++
				}
			}
			for thread, certain := range seen {
				if certain > 1 {
					t.Errorf("%s came %d times, and does not say so", thread, certain)
				}
			}
			if len(seen) != 15 {
				t.Errorf("%d of 15 were told: %s", len(seen), slow.words())
			}
			o.stop()
		})
	}
}

// crash ends the Notifier without letting it save anything more, and starts another on what was saved.
func (o *office) crash() {
	dead := o.outbox
	o.outbox = newMemoryOutbox()
	dead.mu.Lock()
	dead.fail = errors.New("dead")
	for k, v := range dead.told {
		o.outbox.told[k] = v
	}
	for k, v := range dead.letters {
		o.outbox.letters[k] = v
	}
	dead.mu.Unlock()
	stop := o.stop
	o.start()
	stop()
}
