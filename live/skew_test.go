package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
)

// notices returns what was told so far.
func (s *site) notices() (list []source.Notice) {
	for {
		select {
		case n := <-s.line.notices:
			list = append(list, n)
		default:
			return list
		}
	}
}

// TestWhoseClock: where most of those who send are wrong alike, the clock of this machine is; else theirs.
func TestWhoseClock(t *testing.T) {
	hour := int64(time.Hour)
	for _, c := range []struct {
		name string
		offs []int64 // of each sender, in nanoseconds
		want string  // the streams that are told of
	}{
		{"one of four", []int64{0, 0, 0, 2 * hour}, "s3"},
		{"two of two", []int64{2 * hour, 2 * hour}, "s0 s1"},
		{"all of four", []int64{2 * hour, 2 * hour, 2*hour + int64(time.Minute), 2 * hour}, "this machine"},
		{"three of four", []int64{2 * hour, 0, 2 * hour, 2 * hour}, "this machine"},
		{"three of four, and one by more", []int64{-hour, -hour, -hour, 5 * hour}, "s3 this machine"},
		{"each by something else", []int64{hour, 2 * hour, 3 * hour, 4 * hour}, "s0 s1 s2 s3"},
		{"three of seven", []int64{hour, hour, hour, 0, 0, 0, 0}, "s0 s1 s2"},
	} {
		s := newSite(t)
		w := &s.line.applied.watch
		now := reference.UnixNano()
		for round := range int64(5) {
			for i, off := range c.offs {
				at := now + round*int64(10*time.Second)
				name := fmt.Sprint("s", i)
				o := outcome{item: item{arrived: at, delivery: source.Delivery{Block: event.Block{Origin: &event.Origin{Path: name, Sender: name}}}}}
				o.result, o.newest = &detect.Result{Events: 1}, at+off
				w.saw(&o)
			}
		}
		for range 3 {
			now += int64(2 * time.Minute)
			w.tick(now)
		}
		told := map[string]bool{}
		var list []string
		for _, n := range s.notices() {
			if n.Action != source.NoticeSkewed || told[n.Stream] {
				t.Errorf("%s: %+v", c.name, n)
			}
			told[n.Stream] = true
		}
		for _, name := range []string{"s0", "s1", "s2", "s3", "s4", "s5", "s6", "this machine"} {
			if told[name] {
				list = append(list, name)
			}
		}
		if got := strings.Join(list, " "); got != c.want {
			t.Errorf("%s: told of %q, want %q", c.name, got, c.want)
		}
		s.close()
	}
}

// TestUnreadIsTold: a stream that is nothing but noise is told of at once, and then once a minute with how much it was.
func TestUnreadIsTold(t *testing.T) {
	clock := &setClock{}
	s := newSiteWith(t, func(o *Options) { o.Now = clock.now })
	a := s.line.applied
	noise := func(path string, n int) {
		o := outcome{item: item{delivery: source.Delivery{Block: event.Block{Origin: &event.Origin{Path: path, Sender: "192.0.2.7"}}}}, result: &detect.Result{}}
		for range n {
			o.result.Unread = append(o.result.Unread, event.Unread{Path: path, Offset: 7, Reason: "noise"})
		}
		a.counted(&o)
	}
	expect := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, n := range s.notices() {
			if n.Action != source.NoticeUnreadable || n.Sender != "192.0.2.7" || n.Reason != "at byte 7: noise" {
				t.Errorf("%s: %+v", when, n)
			}
			got = append(got, fmt.Sprint(n.Stream, " ", n.Count))
		}
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	noise("a", 2)
	expect("at once", "a 2")
	for range 100 {
		noise("a", 3)
		a.unread.tick()
	}
	expect("within the minute")
	noise("b", 1)
	expect("another stream", "b 1")
	clock.set(61 * time.Second)
	a.unread.tick()
	a.unread.tick()
	expect("a minute later", "a 300")
	clock.set(3 * time.Minute)
	a.unread.tick()
	noise("a", 1)
	expect("after it was quiet", "a 1")
	if n := a.count.unread.Load(); n != 2+300+1+1 {
		t.Errorf("%d are counted", n)
	}
	s.close()
}
