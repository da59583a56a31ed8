package ruletest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
)

// maxRepeat is how often one event or line of a case may stand.
const maxRepeat = 100_000

// repeat says how often an event or a line stands, what counts in it, and how far apart in time they are.
type repeat struct {
	times int
	from  int // the first number
	every time.Duration
}

// once is an event or line that stands for itself.
var once = repeat{times: 1}

// repeat reads an element of a list that may stand for many, {repeat: 60, every: 1s, event: {…}} or {repeat: 60, line: '…'},
// and returns what is repeated. Any other element stands once.
func (p *testParser) repeat(n *yaml.Node, of string) (*yaml.Node, repeat) {
	at := make(map[string]*yaml.Node)
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			at[n.Content[i].Value] = p.follow(n.Content[i+1])
		}
	}
	what, times := at[of], at["repeat"]
	if what == nil || times == nil {
		return n, once
	}
	r := repeat{times: p.whole(times, 1)}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch k, v := n.Content[i], at[n.Content[i].Value]; {
		case v == what || v == times:
		case k.Value == "from":
			r.from = p.whole(v, 0)
		case k.Value == "every" && of == "event":
			var err error
			if r.every, err = time.ParseDuration(v.Value); err != nil || r.every < 0 || r.every > time.Hour {
				p.fail(v, "e.g. 500ms, 1s, 2m", "every must be a time span, at most an hour")
			}
		default:
			p.fail(k, "repeat stands with from, every (of events) and "+of, "unknown key %q", k.Value)
		}
	}
	return what, r
}

// whole reads a number from least to maxRepeat.
func (p *testParser) whole(n *yaml.Node, least int) int {
	i, err := strconv.Atoi(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode || i < least || i > maxRepeat {
		p.fail(n, "", "this must be a whole number from %d to %d", least, maxRepeat)
		return least
	}
	return i
}

// number is a text with the number of the i-th in the place of {n}; of {nn} and {nnn} with so many digits.
func (r repeat) number(text string, i int) string {
	if r == once || !strings.Contains(text, "{n") {
		return text
	}
	i += r.from
	return strings.NewReplacer("{n}", strconv.Itoa(i), "{nn}", fmt.Sprintf("%02d", i), "{nnn}", fmt.Sprintf("%03d", i)).Replace(text)
}

// event is the i-th event like e.
func (r repeat) event(e Event, i int) Event {
	if r == once {
		return e
	}
	e.Values = slices.Clone(e.Values)
	for j, v := range e.Values {
		e.Values[j].Raw = r.number(v.Raw, i)
		if e.Names[j] == "time" && e.Time != 0 {
			e.Values[j] = event.Value{Raw: time.Unix(0, e.Time).Add(time.Duration(i) * r.every).UTC().Format(time.RFC3339Nano), Kind: event.Text}
		}
	}
	if e.Time != 0 {
		e.Time += int64(i) * int64(r.every)
	}
	return e
}
