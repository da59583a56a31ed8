package sigma

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// windowsEvent makes an event of Windows of "name=value" lines, as fuzzEvent reads them.
func windowsEvent(text string) *event.Event {
	return fuzzEvent(event.LogSource{Product: "windows"}, text)
}

// TestHostileRoutes is about events whose channels, event ids and types are all different: the cost of one and the
// memory for all stay bounded, and rules still hit.
func TestHostileRoutes(t *testing.T) {
	rules := append(corpusRules(t, allRuleFolders...), builtinRules(t)...)
	for _, c := range []struct {
		name   string
		events int
		fields []string
		value  func(i int) []string
	}{
		{"event ids", 15_000, []string{"Channel", "EventID", "CommandLine"}, func(i int) []string { return []string{"Security", fmt.Sprint(i), "a mimikatz.exe"} }},
		{"channels", 15_000, []string{"Channel", "EventID", "Provider_Name"}, func(i int) []string { return []string{fmt.Sprint("c", i), "1", "Microsoft-Windows-Sysmon"} }},
		{"lists of event ids", 2_000, []string{"Channel", "EventID"}, func(i int) []string {
			return []string{"Microsoft-Windows-Sysmon/Operational", fmt.Sprintf("[%d,%d,%d,%d]", i%30, i/30%30, i/900%30, i/27000)}
		}},
		{"types", 15_000, []string{"type", "nametype", "SYSCALL"}, func(i int) []string { return []string{fmt.Sprint(i), fmt.Sprint(i % 7), fmt.Sprint(-i)} }},
	} {
		engine := Compile(rules, BuiltinLogSources())
		m := engine.NewMatcher()
		shape := event.NewShape(&event.Format{LogSource: event.LogSource{Product: "windows"}}, c.fields...)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		hits, start := 0, time.Now()
		for i := range c.events {
			ev := &event.Event{Shape: shape, Origin: testOrigin}
			for _, v := range c.value(i) {
				ev.Values = append(ev.Values, fuzzValue(v))
			}
			hits += len(m.Match(ev))
		}
		took := time.Since(start)
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		t.Logf("%s: %v an event, %d MB held, %d routes, %d wide, %d programs of weight %d, %d hits",
			c.name, took/time.Duration(c.events), held>>20, len(engine.routes), len(engine.wide), len(engine.programs), engine.weight, hits)
		if took > 60*time.Second || held > 200<<20 {
			t.Errorf("%s: %v for %d events, %d MB held", c.name, took, c.events, held>>20)
		}
		runtime.KeepAlive(m)
	}
}

// TestHostileShapes is about events each of which has fields of other names.
func TestHostileShapes(t *testing.T) {
	engine := Compile(append(corpusRules(t, allRuleFolders...), builtinRules(t)...), BuiltinLogSources())
	m := engine.NewMatcher()
	var shapes event.Shapes
	format := &event.Format{Name: "w", LogSource: event.LogSource{Product: "windows"}}
	const events = 20_000
	start := time.Now()
	for i := range events {
		s := shapes.Intern(format, []string{"Channel", "EventID", fmt.Sprint("f", i)})
		m.Match(&event.Event{Shape: s, Origin: testOrigin, Values: []event.Value{fuzzValue("Security"), fuzzValue("4688"), fuzzValue("x")}})
	}
	took := time.Since(start)
	t.Logf("%v an event, %d slots held", took/events, m.slots)
	if took > 40*time.Second || m.slots > 2*maxSlots {
		t.Errorf("%v for %d events, %d slots held", took, events, m.slots)
	}
}

// TestHostileValues is about single events that are huge or broken.
func TestHostileValues(t *testing.T) {
	rules := append(corpusRules(t, allRuleFolders...), builtinRules(t)...)
	engine := Compile(rules, BuiltinLogSources())
	m := engine.NewMatcher()
	huge := 2 << 20
	if os.Getenv("TOCSIN_FULL") != "" {
		huge = event.MaxRecord
	}
	sysmon := "Channel=Microsoft-Windows-Sysmon/Operational\nEventID=1\nCommandLine="
	many := &strings.Builder{}
	for i := range 100_000 {
		fmt.Fprintf(many, "f%d=%d\n", i, i)
	}
	for _, c := range []struct {
		name string
		ev   *event.Event
		hits bool
	}{
		{"much of one letter", windowsEvent(sysmon + strings.Repeat("a", huge)), false},
		{"much that ends in an attack", windowsEvent(sysmon + strings.Repeat("-e ", huge/3) + "sekurlsa::logonpasswords"), true},
		{"much of backslashes in JSON", windowsEvent(sysmon + "j:" + strings.Repeat(`\\`, huge/2)), false},
		{"much of the start of many words", windowsEvent(sysmon + strings.Repeat("powershell ", huge/11)), false},
		{"much of broken UTF-8", windowsEvent(sysmon + strings.Repeat("\xff\xc0\xe2\x80", huge/4)), false},
		{"half surrogates and an odd byte", rawUTF16("\x00\xd8\x00\xdc\x3d\xd8a\x00\xff"), false},
		{"a list of a million elements", windowsEvent(sysmon + "[" + strings.Repeat("1,", 1_000_000) + `"mimikatz.exe"]`), true},
		{"a list a million deep", windowsEvent(sysmon + strings.Repeat("[", 1_000_000)), false},
		{"an object a million deep", windowsEvent(sysmon + strings.Repeat(`{"a":`, 1_000_000)), false},
		{"100,000 fields", windowsEvent(many.String() + sysmon + "sekurlsa::logonpasswords"), true},
		{"a huge channel", windowsEvent("EventID=1\nProvider_Name=Microsoft-Windows-Sysmon\nCommandLine=sekurlsa::logonpasswords\nChannel=" + strings.Repeat("x", huge)), true},
		{"a channel that is a list of a million", windowsEvent("EventID=1\nCommandLine=sekurlsa::logonpasswords\nChannel=[" + strings.Repeat("1,", 1_000_000) + `"Microsoft-Windows-Sysmon/Operational"]`), true},
		{"a huge line", fuzzEvent(event.LogSource{Product: "linux", Service: "syslog"}, strings.Repeat("x ", huge/2)), false},
	} {
		start := time.Now()
		m.Match(c.ev) // makes the plan
		first := time.Since(start)
		start = time.Now()
		hits := m.Match(c.ev)
		took := time.Since(start)
		start = time.Now()
		for _, h := range hits {
			m.Explain(h)
		}
		t.Logf("%s: %v, first %v, %d hits explained in %v", c.name, took, first, len(hits), time.Since(start))
		if len(hits) > 0 != c.hits {
			t.Errorf("%s: %d hits", c.name, len(hits))
		}
		if took > 20*time.Second {
			t.Errorf("%s: %v", c.name, took)
		}
	}
	m.Match(windowsEvent("a=1"))
	if kept := cap(m.buf) + cap(m.key) + 8*cap(m.spans) + 4*cap(m.ids); kept > 4*maxKeptBuffer {
		t.Errorf("%d bytes are kept: %d of texts, %d of a key, %d places, %d witnesses", kept, cap(m.buf), cap(m.key), cap(m.spans), cap(m.ids))
	}
}

func rawUTF16(s string) *event.Event {
	e := windowsEvent("Channel=Microsoft-Windows-Sysmon/Operational\nEventID=1\nCommandLine=x")
	e.Values[2] = event.Value{Raw: s, Kind: event.UTF16}
	return e
}

// TestHostileRegexps is about expressions whose automata have very many states: they stay within their bound, and are
// right all the same.
func TestHostileRegexps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	letters := make([]byte, 100_000)
	for i := range letters {
		letters[i] = "ab"[rnd.IntN(2)]
	}
	text := string(letters)
	for _, expr := range []string{
		`(a|b)*a(a|b){14}c`, `a[ab]{14}c|d`, `(?i)(a|b)*a(a|b){14}$`, `(x+x+)+y`, `(a?){30}a{30}c`, `^(([a-z])+.)+[A-Z]([a-z])+$`, `(.*)(.*)(.*)(.*)(.*)c`,
		`[ab]*a[ab]{200}c|\bzq\b`,
	} {
		re := regexp.MustCompile(expr)
		d := newDFA(&Expression{source: expr})
		start := time.Now()
		want := re.MatchString(text)
		plain := time.Since(start)
		start = time.Now()
		got := want
		states := 0
		if d != nil {
			got = d.match([]byte(text))
			states = len(d.states)
		}
		took := time.Since(start)
		t.Logf("%s: %v (plainly %v), %d states", expr, took, plain, states)
		if got != want || states > maxDFAStates || took > 3*plain+2*time.Second {
			t.Errorf("%s: %v, want %v; %d states; %v, plainly %v", expr, got, want, states, took, plain)
		}
	}
}

// TestHostileWildcards is about patterns that a careless matcher tries in exponentially many ways.
func TestHostileWildcards(t *testing.T) {
	r := detection(t, "s: {a: '"+strings.Repeat("*a", 40)+"*b?'}\ncondition: s")
	m := Compile([]*Rule{r}, BuiltinLogSources()).NewMatcher()
	start := time.Now()
	hits := slices.Clone(m.Match(newEvent("a=" + strings.Repeat("a", 1<<20))))
	if took := time.Since(start); len(hits) > 0 || took > 5*time.Second {
		t.Errorf("%d hits in %v", len(hits), took)
	}
}

// TestEngineIsShared is about many matchers that find new routes at once.
func TestEngineIsShared(t *testing.T) {
	r := detection(t, "s: {EventID: [3, 5, 8], a|contains: foo}\ncondition: s")
	r.LogSource = event.LogSource{}
	engine := Compile([]*Rule{r}, BuiltinLogSources())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			m := engine.NewMatcher()
			for i := range 3000 {
				e := windowsEvent(fmt.Sprintf("Channel=c%d\nEventID=%d\na=xfoox", i%2500, i%10))
				want := i%10 == 3 || i%10 == 5 || i%10 == 8
				if got := len(m.Match(e)) == 1; got != want {
					t.Errorf("event %d: hit %v, want %v", i, got, want)
					return
				}
			}
		})
	}
	wg.Wait()
	if len(engine.routes) > maxRoutes+4 {
		t.Errorf("%d routes are kept", len(engine.routes))
	}
}
