package report

import (
	_ "embed"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/fill"
)

// NewHTML returns a rendering that writes one page for the reader of a report: self-contained, without a script, nothing
// to be fetched, to be read on a screen of any width, in the dark, and on paper. version is what the page says that it was
// made by. The page depends on the messages and the version alone: no clock, no duration.
//
// Whatever comes from a log or a rule is text: the template escapes it, invisible characters are
// written as numbers, long values are cut, and the page's own policy (Content-Security-Policy) allows nothing but its
// style. Memory and the size of the page are bounded by the rules that hit, see digest, and by maxEventBytes.
func NewHTML(w io.Writer, version string) Handler {
	return &htmlPage{out: w, version: version, fields: map[*ruleDigest]map[*sample][]field{}}
}

type htmlPage struct {
	digest
	out     io.Writer
	version string
	fields  map[*ruleDigest]map[*sample][]field // the whole events of samples
	bytes   int                                 // in fields
}

const (
	maxEventBytes  = 16 << 20 // of the events that a page shows in whole
	maxEventFields = 80       // of one event
	maxEventValue  = 600      // bytes of one field
)

// Hit notes a hit and, where it is one that may be shown, the fields of its event.
func (p *htmlPage) Hit(h *detect.Hit) error {
	if err := p.digest.Hit(h); err != nil {
		return err
	}
	r := p.rule(ruleKey{h.Rule.ID, h.Rule.Title})
	for _, s := range r.samples.kept {
		if s.number == r.samples.hits {
			p.keep(r, s, h)
		}
	}
	return nil
}

// keep notes the fields of a sample's event, and forgets those of the sample that it replaced.
func (p *htmlPage) keep(r *ruleDigest, s *sample, h *detect.Hit) {
	if p.bytes > maxEventBytes || len(h.Event) == 0 {
		return
	}
	of := p.fields[r]
	if of == nil {
		of = map[*sample][]field{}
		p.fields[r] = of
	}
	for old, list := range of {
		if !contains(r.samples.kept, old) {
			p.bytes -= weight(list)
			delete(of, old)
		}
	}
	of[s] = eventFields(h)
	p.bytes += weight(of[s])
}

func contains(list []*sample, s *sample) bool {
	for _, k := range list {
		if k == s {
			return true
		}
	}
	return false
}

// weight returns about how many bytes of memory fields take.
func weight(list []field) int {
	n := 0
	for _, f := range list {
		n += len(f.name) + len(f.value) + 32
	}
	return n
}

// Summary writes the page.
func (p *htmlPage) Summary(s *detect.Summary) error {
	if err := p.digest.Summary(s); err != nil {
		return err
	}
	if err := pageTemplate().Execute(p.out, p.view()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

//go:embed html.tmpl
var pageText string

//go:embed html.css
var pageStyle string

// pageTemplate returns the page; the style is our own and the only text that is not escaped.
var pageTemplate = sync.OnceValue(func() *fill.Template {
	return fill.Must(fill.HTML("page", pageText, map[string]any{
		"style":    func() fill.Raw { return fill.Raw(pageStyle) },
		"amount":   Amount,
		"amount64": func(n int) string { return Amount(int64(n)) },
		"many":     func(n int, word string) string { return many(int64(n), word) },
		"safe":     visible,
		"clock":    func(t time.Time) string { return t.Format(time.DateTime) },
	}))
})
