package sigma

import (
	"slices"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/recorded"
)

// TestKeywordsInJSON is about words that stand in a record behind escapes, or that its parser adds.
func TestKeywordsInJSON(t *testing.T) {
	var rules []*Rule
	for _, words := range []string{"ssh_login", "failure", "mimikatz", "kelvins", `c:\users\x`, "straße12", "quote'quote", "nothing-like-it"} {
		rules = append(rules, detection(t, "s: ['"+map[bool]string{true: "quote''quote", false: words}[words == "quote'quote"]+"']\ncondition: s"))
	}
	for _, r := range rules {
		r.LogSource = event.LogSource{}
	}
	m := Compile(rules, BuiltinLogSources()).NewMatcher()
	var p recorded.Parser
	var batch event.Batch
	p.Parse(t, "keywords.json", []byte(`{"MESSAGE":"Failed password for root from 192.0.2.7 port 22 ssh2","SYSLOG_IDENTIFIER":"sshd","_HOSTNAME":"h","__REALTIME_TIMESTAMP":"1709456364120000"}
{"a":"xx mimi\u006batz yy","b":"c:\\\\users\\x"}
{"a":"MIMIKATZ","b":"C:\\Users\\X","c":"STRAßE12"}
{"a":"\u212aelvins","b":"Kelvins","c":"quote\u0027quote"}
{"a":"mimi\\katz","b":"mimi","katz":"mimikat","list":["z","mimikatz\\"]}
{"a":1,"b":true,"mimikatz":null}
`), &batch)
	hits := 0
	for i := range batch.Events {
		ev := &batch.Events[i]
		var want []int32
		for j, r := range rules {
			if naive(r.Detection, ev) {
				want = append(want, int32(j))
			}
		}
		hits += len(want)
		if got := m.Match(ev); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", ev.Raw, got, want)
		}
	}
	if hits < 8 {
		t.Errorf("only %d hits", hits)
	}
}
