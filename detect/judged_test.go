package detect

import (
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

func TestJudged(t *testing.T) {
	for _, c := range []struct {
		source event.LogSource
		want   bool
	}{
		{event.LogSource{Product: "tocsin", Service: "detect"}, true},
		{event.LogSource{Product: "tocsin"}, true},
		{event.LogSource{}, true},
		{event.LogSource{Product: "windows"}, false},
		{event.LogSource{Category: "proxy"}, false},
		{event.LogSource{Product: "tocsin", Service: "store"}, false},
	} {
		if got := Judged([]*sigma.Rule{{LogSource: event.LogSource{Product: "linux"}}, {LogSource: c.source}}); got != c.want {
			t.Errorf("a rule for %+v judges findings: %v", c.source, got)
		}
	}
	if Judged(nil) {
		t.Error("no rule judges findings")
	}
}
