package sigma

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tocsin-sec/tocsin/event"
)

// fuzzEvent makes an event of lines "name=value". What stands before a value says how it is kept: "u:" as UTF-16, "j:" as
// the inside of a JSON string, "n:" as a number, "i:" as a binary integer, "[" as a list, "{" as an object; a line
// without "=" is the text of the record.
func fuzzEvent(own event.LogSource, text string) *event.Event {
	e := &event.Event{Origin: testOrigin}
	var names []string
	for line := range strings.Lines(text) {
		name, v, ok := strings.Cut(strings.TrimRight(line, "\n"), "=")
		if !ok {
			e.Raw = name
			continue
		}
		names = append(names, name)
		e.Values = append(e.Values, fuzzValue(v))
	}
	e.Shape = event.NewShape(&event.Format{LogSource: own}, names...)
	return e
}

func fuzzValue(v string) event.Value {
	how, rest, _ := strings.Cut(v, ":")
	switch {
	case v == "null":
		return event.Value{Kind: event.Null}
	case strings.HasPrefix(v, "["):
		return event.Value{Raw: v, Kind: event.List}
	case strings.HasPrefix(v, "{"):
		return event.Value{Raw: v, Kind: event.Object}
	case how == "j":
		return event.Value{Raw: rest, Kind: event.Escaped}
	case how == "n":
		return event.Value{Raw: rest, Kind: event.Number}
	case how == "i":
		return event.Value{Raw: rest, Kind: event.Uint}
	case how == "u":
		var b []byte
		for _, u := range utf16.Encode([]rune(rest)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return event.Value{Raw: string(b), Kind: event.UTF16}
	}
	return event.Value{Raw: v, Kind: event.Text}
}

// FuzzMatch holds the engine against the oracle on any rule and any event, in all the ways that the engine has.
func FuzzMatch(f *testing.F) {
	for _, c := range matchCases() {
		for _, ev := range append(c.hit, c.miss...) {
			lines := strings.ReplaceAll(ev, "; ", "\n")
			f.Add(c.rule, lines)
			f.Add(c.rule, strings.ReplaceAll(lines, "=", "=u:"))
			f.Add(c.rule, strings.ReplaceAll(lines, "=", "=j:"))
		}
	}
	f.Add("s: {Image|endswith: '\\cmd.exe', User|fieldref: ProcessId}\ncondition: s", "Channel=Security\nEventID=n:4688\nNewProcessName=u:C:\\cmd.exe\nSubjectUserName=7\nNewProcessId=7")
	f.Add("s: [foo, {a|exists: true}]\ncondition: not s", "a line with foo\nb=1")
	f.Add("s: {a.b: 1, a.c.d|gt: 2}\ncondition: s", "a={\"b\":1,\"c\":[{\"d\":3},{\"d\":\"\\u0031\"}]}")
	f.Add("s: {EventID: 1, Channel|contains: sysmon}\nt: {EventID: [4, 5]}\ncondition: 1 of them", "EventID=[1,4]\nProvider_Name=Microsoft-Windows-Sysmon\nChannel=x")
	sources := BuiltinLogSources()
	owners := []struct {
		source string
		own    event.LogSource
	}{
		{"{product: test}", event.LogSource{Product: "test"}},
		{"{product: windows, category: process_creation}", event.LogSource{Product: "windows"}},
		{"{product: nobody}", event.LogSource{}},
	}
	f.Fuzz(func(t *testing.T, section, text string) {
		if len(section) > 400 || len(text) > 400 || strings.Count(section, "*") > 20 {
			return
		}
		for _, o := range owners {
			rule := "title: t\nlogsource: " + o.source + "\ndetection:\n  " + strings.ReplaceAll(section, "\n", "\n  ")
			rules, _ := Load("f.yml", []byte(rule), LoadOptions{Unknown: []string{"x", "y*"}})
			if len(rules) != 1 || rules[0].Detection == nil {
				return
			}
			g := &generator{engine: Compile(rules, sources)}
			e := fuzzEvent(o.own, text)
			want := g.oracleSays(rules[0], e)
			narrow, wide := g.engine.NewMatcher(), Compile(rules, sources)
			wide.weight = maxWeight
			plain := Compile(rules, sources)
			plain.weight = maxWideWeight
			for how, m := range map[string]*Matcher{"narrow": narrow, "wide": wide.NewMatcher(), "plain": plain.NewMatcher()} {
				for range 2 {
					if hit := len(m.Match(e)) == 1; hit != want {
						t.Fatalf("%s on\n%s\n%s: hit %v, the oracle says %v", rule, text, how, hit, want)
					}
				}
				if reasons := m.Explain(0); want && len(reasons) == 0 && positive(rules[0].Detection, true) {
					t.Fatalf("%s on\n%s\n%s: no reasons", rule, text, how)
				}
			}
		}
	})
}
