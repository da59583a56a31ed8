package sigma

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

func TestMissed(t *testing.T) {
	f := &event.Format{Name: "vault", LogSource: event.LogSource{Product: "vault"}}
	for _, c := range []struct {
		detection string
		fields    string // name=value, separated by blanks
		want      string
	}{
		{"s: {a: x}\ncondition: s", "a=x", ""},
		{"s: {a: x}\ncondition: s", "a=y", "a: 'x' [a=y]"},
		{"s: {a: x}\ncondition: s", "b=y", "a: 'x' [no a]"},
		{"s: {a: [x, y, z]}\ncondition: s", "a=q", "a: 'x' or a: 'y' or a: 'z' [a=q]"},
		{"s: {a: x, b: y, c: z}\ncondition: s", "a=x b=q", "b: 'y' [b=q]; c: 'z' [no c]"},
		{"s: {a: x}\nt: {b: y}\ncondition: s and not t", "a=x b=y", "not b: 'y' [b=y]"},
		{"s: {a: x}\nt: {b: y}\ncondition: s and not t", "a=q b=q", "a: 'x' [a=q]"},
		{"s: {a: x, b: y}\nt: {c: z}\ncondition: s or t", "a=q", "c: 'z' [no c] +1"},
		{"s: {a: x}\nt: {b: null}\ncondition: s and not t", "a=x", "not"},
		{"s: {a|exists: false}\ncondition: s", "a=x", "a|exists: false [a=x]"},
		{"s: {a|neq: x}\ncondition: s", "a=x", "a|neq: 'x' [a=x]"},
	} {
		r, _ := loadOne(t, c.detection, LoadOptions{})
		copied := *r
		copied.LogSource = f.LogSource
		m := Compile([]*Rule{&copied}, BuiltinLogSources()).NewMatcher()
		var names []string
		var values []event.Value
		for p := range strings.FieldsSeq(c.fields) {
			n, v, _ := strings.Cut(p, "=")
			names, values = append(names, n), append(values, event.Value{Raw: v, Kind: event.Text})
		}
		e := event.Event{Shape: event.NewShape(f, names...), Values: values, Origin: &event.Origin{}}
		hits := len(m.Match(&e))
		misses, concerned := m.Missed(0)
		if !concerned || (hits > 0) != (len(misses) == 0) {
			t.Errorf("%s: %d hits, %d misses, concerned: %v", c.detection, hits, len(misses), concerned)
		}
		var got []string
		for _, x := range misses {
			s := strings.Join(x.By, " or ")
			if x.Negated {
				s = "not " + s
			}
			if x.Absent {
				s += " [no " + x.Field + "]"
			} else {
				s += " [" + x.Field + "=" + x.Value + "]"
			}
			if x.Else > 0 {
				s += fmt.Sprintf(" +%d", x.Else)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, "; "); g != c.want && (len(c.want) > 3 || c.want == "" || !strings.HasPrefix(g, c.want)) {
			t.Errorf("%s on %s: %q, want %q", c.detection, c.fields, g, c.want)
		}
	}
}

func TestMissedOtherLog(t *testing.T) {
	r, _ := loadOne(t, "s: {a: x}\ncondition: s", LoadOptions{})
	copied := *r
	copied.LogSource = event.LogSource{Product: "windows", Category: "process_creation"}
	m := Compile([]*Rule{&copied}, BuiltinLogSources()).NewMatcher()
	e := event.Event{
		Shape:  event.NewShape(&event.Format{LogSource: event.LogSource{Product: "linux"}}, "a"),
		Values: []event.Value{{Raw: "x", Kind: event.Text}}, Origin: &event.Origin{},
	}
	if len(m.Match(&e)) > 0 {
		t.Fatal("a hit in another log")
	}
	if misses, concerned := m.Missed(0); concerned || len(misses) > 0 {
		t.Errorf("concerned: %v, misses %v", concerned, misses)
	}
}

func TestMeanings(t *testing.T) {
	l := BuiltinLogSources()
	for _, c := range []struct {
		source event.LogSource
		known  bool
		want   string // among its meanings
	}{
		{event.LogSource{Product: "windows", Category: "process_creation"}, true, "{{process_creation windows } {  } [{Channel [Security]} {EventID [4688]}]}"},
		{event.LogSource{Product: "linux", Service: "sshd"}, true, "{{ linux sshd} {  } []}"},
		{event.LogSource{Product: "vault"}, false, ""},
		{event.LogSource{}, true, ""},
	} {
		list := l.Meanings(c.source)
		if got := fmt.Sprint(list); !strings.Contains(got, c.want) {
			t.Errorf("%v: %s, want %s", c.source, got, c.want)
		}
		if known := l.Known(c.source); known != c.known || c.source != (event.LogSource{}) && known != (len(list) > 0) {
			t.Errorf("%v: known: %v, %d meanings", c.source, known, len(list))
		}
	}
}
