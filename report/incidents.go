package report

import (
	"fmt"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
)

// incidentsTold bounds the incidents that a rendering for people tells.
const incidentsTold = 10

// told returns the incidents that are told: the worst, up to a bound.
func (d *digest) told() []alert.Message {
	return d.summary.Incidents[:min(len(d.summary.Incidents), incidentsTold)]
}

// incidents says what the hits come to, before they are told rule by rule.
func (t *text) incidents() {
	list := t.told()
	if len(list) == 0 {
		return
	}
	t.Print(0, 0)
	what := many(int64(len(t.summary.Incidents)), "thing")
	if len(t.summary.Incidents) >= detect.MaxIncidents {
		what += " or more"
	}
	t.Print(0, 2, Span{"title", "What it comes to: " + what + " to look at"})
	for i := range list {
		m := &list[i]
		t.Print(2, 7, Span{m.Level, fmt.Sprintf("%3d", m.Score)}, Span{"", "  "}, Span{"", t.shorten(m.Sentence, 3)})
	}
	if more := len(t.summary.Incidents) - len(list); more > 0 {
		t.Print(2, 7, Span{"dim", fmt.Sprintf("and %d more that matter less", more)})
	}
}

// incidents is the same as a numbered list.
func (m *markdown) incidents() {
	list := m.told()
	if len(list) == 0 {
		return
	}
	m.line("\n## What it comes to\n")
	for i := range list {
		m.line("%d. **score %d** %s", i+1, list[i].Score, m.prose(list[i].Sentence))
	}
}
