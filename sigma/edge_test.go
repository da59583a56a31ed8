package sigma

import (
	"slices"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// TestEdges is about the corners of the language; events are as fuzzEvent reads them.
func TestEdges(t *testing.T) {
	for _, c := range []struct {
		rule string
		hit  []string
		miss []string
	}{
		{"s: {a: ['', null]}\ncondition: s", []string{"a=", "a=null", "b=1", "a=j:"}, []string{"a=-", "a=x"}},
		{"s: {a: [x, null]}\ncondition: s", []string{"a=X", "a=null", "b=1"}, []string{"a="}},
		{"s: {a: 4688}\ncondition: s", []string{"a=4688", "a=n:4688", "a=u:4688", "a=i:P\x12", `a=["4688"]`, "a=[4688]"}, []string{"a=46880", "a=n:468", "a=0x1250"}},
		{"s: {a: '4688'}\ncondition: s", []string{"a=4688", "a=n:4688", "a=i:P\x12"}, []string{"a=04688"}},
		{"s: {a: true}\ncondition: s", []string{"a=true", "a=True", "a=[true]"}, []string{"a=1", "a=false"}},
		{"s: {a: 0x1410}\ncondition: s", []string{"a=0x1410", "a=0X1410"}, []string{"a=5136"}},
		{"s: {a|contains: ''}\ncondition: s", []string{"a=", "a=x"}, []string{"b=1", "a=null"}},
		{"s: {a|re: ''}\ncondition: s", []string{"a=", "a=x"}, []string{"b=1", "a=null"}},
		{"s: {a|re: '^46[0-9]+$'}\ncondition: s", []string{"a=n:4688", "a=i:P\x12", "a=[1, 4688]"}, []string{"a=n:14688"}},
		{"s: {a|re|i: '^ABC'}\ncondition: s", []string{"a=abcd"}, []string{"a=xabc"}},
		{"s: {a|re: 'abc'}\ncondition: s", []string{"a=xabcx"}, []string{"a=ABC"}},
		{"s: {c: 1}\nf: {a: x}\ncondition: s and not f", []string{`a=["y","z"]` + "\nc=1", "c=1", "a=null\nc=1"}, []string{`a=["y","X"]` + "\nc=1", "a=x\nc=1"}},
		{"s: {a: 1}\ncondition: all of them", []string{"a=1"}, []string{"a=2"}},
		{"_s: {b: 1}\nt: {a: 1}\ncondition: 1 of them", []string{"a=1"}, []string{"b=1"}},
		{"_s: {b: 1}\n_t: {a: 1}\ncondition: 1 of _*", []string{"a=1", "b=1"}, []string{"c=1"}},
		{"s: {c: 1}\nfilter_a: {a: 1}\nfilter_b: {b: 1}\ncondition: s and not 1 of filter_*", []string{"c=1", "c=1\na=2"}, []string{"c=1\na=1", "c=1\nb=1"}},
		{"s: {c: 1}\nfilter_a: {a: 1}\nfilter_b: {b: 1}\ncondition: s and not all of filter_*", []string{"c=1\na=1", "c=1\nb=1"}, []string{"c=1\na=1\nb=1"}},
		{"s: ['fo*ar', '?x\\?']\ncondition: s", []string{"k=a FOObar b", "a foo bar b", "k=zax?"}, []string{"k=fo", "k=x?", "k=axx"}},
		{"s: {a.b|exists: true}\ncondition: s", []string{`a={"b":null}`, `a={"b":{"c":1}}`, `a=[{"x":1},{"b":2}]`, "a.b="}, []string{`a={"c":1}`, "a=b"}},
		{"s: {a.b: null}\ncondition: s", []string{`a={"b":null}`, `a={"c":1}`, "a=b"}, []string{`a={"b":""}`}},
		{"s: {a: 'ÄÖÜ ΣΑΣ Ж'}\ncondition: s", []string{"a=äöü σασ ж", "a=u:ÄÖÜ σαΣ Ж"}, []string{"a=aou σασ ж"}},
		{"s: {a|cased: 'ÄbC'}\ncondition: s", []string{"a=ÄbC", "a=u:ÄbC"}, []string{"a=äbc", "a=ÄBC"}},
		{"s: {a|windash|contains: ' -a /b'}\ncondition: s", []string{"a=x -a /b", "a=x /a -b", "a=x –A ―B", "a=x —a /b"}, []string{"a=x -a b", "a=x a /b"}},
		{"s: {a|windash|contains|all: [' -a', ' /b']}\ncondition: s", []string{"a=x /a -b", "a=x -b —a"}, []string{"a=x /a"}},
		{"s: {a|wide|base64offset|contains: 'ping'}\ncondition: s", []string{"a=xcABpAG4AZwxx", "a=AAHAAaQBuAGcA"}, []string{"a=cGluZw=="}},
		{"s: {a|base64: 'ping'}\ncondition: s", []string{"a=cGluZw=="}, []string{"a=xcGluZw=="}},
		{"s: {a: 1}\nt: {b: 1}\ncondition: [s, 'not t and s', t]", []string{"a=1", "b=1"}, []string{"a=2"}},
		{"s: {a|neq: [x, y]}\ncondition: s", []string{"a=z", "b=1", "a="}, []string{"a=X", "a=y"}},
		{"s: {a|fieldref|neq: b}\ncondition: s", []string{"a=1\nb=2", "a=1"}, []string{"a=x\nb=X"}},
		{"s: {a|cased|fieldref: b}\ncondition: s", []string{"a=x\nb=x"}, []string{"a=x\nb=X"}},
		{"s: {a|gte: 5, a|lt: 7}\ncondition: s", []string{"a=5", "a=n:6.5", "a=i:\x06"}, []string{"a=7", "a=4.9", "a=", "a=1O"}},
		{"s: {a|minute: 5, a|day: 2}\ncondition: s", []string{"a=2024-01-02T03:05:09Z"}, []string{"a=2024-01-03T03:05:09Z", "a=5"}},
		{"s: {a|cidr: '192.168.0.0/16'}\ncondition: s", []string{"a=192.168.255.255", "a=::ffff:192.168.1.1"}, []string{"a=192.169.0.0", "a=192.168.1.1:80", "a=192.168.1"}},
		{"s: {a: 'c:\\dir\\*'}\ncondition: s", []string{`a=c:\dir*`}, []string{`a=c:\dir\x`}},
		{"s: {a: 'c:\\dir\\\\*'}\ncondition: s", []string{`a=C:\dir\x`, `a=c:\DIR\`}, []string{`a=c:\dirx`}},
		{"s: {a|endswith: '\\x?'}\ncondition: s", []string{`a=c:\x1`}, []string{`a=c:\x`, `a=c:\x12`}},
		{"s: {'user name': x}\ncondition: s", []string{"username=x", "UserName=x"}, []string{"user_name=x"}},
	} {
		r := detection(t, c.rule)
		m := Compile([]*Rule{r}, BuiltinLogSources()).NewMatcher()
		check := func(text string, want bool) {
			e := fuzzEvent(testFormat.LogSource, text)
			if got := len(m.Match(e)) == 1; got != want {
				t.Errorf("%s\non %q: hit %v, want %v", c.rule, text, got, want)
			}
			if got := naive(r.Detection, e); got != want {
				t.Errorf("%s\non %q: the oracle says %v, want %v", c.rule, text, got, want)
			}
		}
		for _, text := range c.hit {
			check(text, true)
		}
		for _, text := range c.miss {
			check(text, false)
		}
	}
}

// TestRoutes is about how events and rules find each other by their log sources.
func TestRoutes(t *testing.T) {
	const processCreation, sysmon = "{category: process_creation, product: windows}", "{product: windows, service: sysmon}"
	windows := event.LogSource{Product: "windows"}
	for _, c := range []struct {
		name, source, section string
		own                   event.LogSource
		event                 string
		hit                   bool
	}{
		{"by channel", processCreation, "s: {Image: x}", windows, "Channel=Microsoft-Windows-Sysmon/Operational\nEventID=1\nImage=x", true},
		{"channel in other case", processCreation, "s: {Image: x}", windows, "Channel=microsoft-windows-SYSMON/operational\nEventID=n:1\nImage=x", true},
		{"channel in UTF-16", processCreation, "s: {Image: x}", windows, "Channel=u:Microsoft-Windows-Sysmon/Operational\nEventID=i:\x01\nImage=x", true},
		{"channel escaped", processCreation, "s: {Image: x}", windows, "Channel=j:Microsoft-Windows-Sysmon\\/Operational\nEventID=1\nImage=x", true},
		{"provider only", processCreation, "s: {Image: x}", windows, "Provider_Name=Microsoft-Windows-Sysmon\nEventID=1\nImage=x", true},
		{"other provider", processCreation, "s: {Image: x}", windows, "Provider_Name=Microsoft-Windows-Kernel\nEventID=1\nImage=x", false},
		{"other event id", processCreation, "s: {Image: x}", windows, "Provider_Name=Microsoft-Windows-Sysmon\nEventID=11\nImage=x", false},
		{"nothing but the event id", processCreation, "s: {Image: x}", windows, "EventID=1\nImage=x", false},
		{"4688", processCreation, "s: {Image|endswith: \\x, ParentImage: y}", windows, "Channel=security\nEventID=\"4688\"\nNewProcessName=c:\\x\nParentProcessName=y", false},
		{"4688 as text", processCreation, "s: {Image|endswith: \\x, ParentImage: y}", windows, "Channel=security\nEventID=4688\nNewProcessName=c:\\x\nParentProcessName=y", true},
		{"4688 under Sysmon's name", processCreation, "s: {Image: x}", windows, "Channel=Security\nEventID=4688\nImage=x", false},
		{"4688 with references", processCreation, "s: {Image|fieldref: ParentImage}", windows, "Channel=Security\nEventID=4688\nNewProcessName=x\nParentProcessName=X", true},
		{"a reference in the events' own names", "{product: windows, service: security}", "s: {NewProcessName|fieldref: Image}", windows, "Channel=Security\nEventID=4688\nNewProcessName=x\nImage=X\nParentProcessName=y", true},
		{"own names beside the mapping", "{product: windows, service: security}", "s: {EventID: 4688, NewProcessName: x}", windows, "Channel=Security\nEventID=4688\nNewProcessName=x", true},
		{"service by provider", sysmon, "s: {EventID: 255}", windows, "Provider_Name=Microsoft-Windows-Sysmon\nEventID=255", true},
		{"product alone", "{product: windows}", "s: {EventID: 7}", windows, "EventID=7", true},
		{"other product", "{product: windows}", "s: {EventID: 7}", event.LogSource{Product: "linux"}, "EventID=7", false},
		{"category of any product", "{category: process_creation}", "s: {Image: x}", windows, "Channel=Microsoft-Windows-Sysmon/Operational\nEventID=1\nImage=x", true},
		{"said by the parser", processCreation, "s: {Image: x}", event.LogSource{Product: "windows", Category: "process_creation"}, "Image=x", true},
		{"unknown event, known source", processCreation, "s: {Image: x}", event.LogSource{}, "Image=x", false},
		{"unknown event that tells", processCreation, "s: {Image: x}", event.LogSource{}, "Provider_Name=Microsoft-Windows-Sysmon\nEventID=1\nImage=x", true},
		{"unknown event, unknown source", "{product: a_new_one}", "s: {Image: x}", event.LogSource{}, "Image=x", true},
		{"known event, unknown source", "{product: a_new_one}", "s: {Image: x}", windows, "Image=x", false},
		{"event ids in a list", processCreation, "s: {Image: x}", windows, "Provider_Name=Microsoft-Windows-Sysmon\nEventID=[1]\nImage=x", true},
		{"sshd is auth", "{product: linux, service: auth}", "s: [foo]", event.LogSource{Product: "linux", Service: "sshd"}, "a foo line", true},
		{"auth is not sshd", "{product: linux, service: sshd}", "s: [foo]", event.LogSource{Product: "linux", Service: "auth"}, "a foo line", false},
	} {
		text := "title: t\nlogsource: " + c.source + "\ndetection:\n  " + c.section + "\n  condition: s\n"
		rules, ds := Load("t.yml", []byte(text), LoadOptions{})
		if len(rules) != 1 {
			t.Fatalf("%s: %s", c.name, formatted(ds))
		}
		for _, weight := range []int{0, maxWeight, maxWideWeight} { // narrow, wide and plain routes
			engine := Compile(rules, BuiltinLogSources())
			engine.weight = weight
			m := engine.NewMatcher()
			e := fuzzEvent(c.own, c.event)
			if hit := slices.Contains(m.Match(e), 0); hit != c.hit {
				t.Errorf("%s (weight %d): hit %v", c.name, weight, hit)
			} else if hit && len(m.Explain(0)) == 0 {
				t.Errorf("%s: no reasons", c.name)
			}
		}
	}
}
