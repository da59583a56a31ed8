package sigma

import "github.com/tocsin-sec/tocsin/event"

// folded returns the texts of a field's values in lower case, made once an event.
func (m *Matcher) folded(field int32) textRun {
	t := &m.texts[field].folded
	if t.gen != m.gen {
		m.makeTexts(t, field, appendFoldedValue, appendFolded)
	}
	return *t
}

// exact returns the texts of a field's values as they are, made once an event.
func (m *Matcher) exact(field int32) textRun {
	t := &m.texts[field].exact
	if t.gen != m.gen {
		m.makeTexts(t, field, appendValue, appendString)
	}
	return *t
}

func appendValue(dst []byte, v event.Value) []byte { return v.Append(dst) }

func appendString(dst []byte, s string) []byte { return append(dst, s...) }

func (m *Matcher) makeTexts(t *textRun, field int32, value func([]byte, event.Value) []byte, text func([]byte, string) []byte) {
	t.gen, t.from = m.gen, int32(len(m.spans))
	add := func(v event.Value) {
		if v.Kind == event.Missing || v.Kind == event.Null {
			return
		}
		from := int32(len(m.buf))
		m.buf = value(m.buf, v)
		m.spans = append(m.spans, span{from, int32(len(m.buf))})
	}
	switch {
	case m.plan.program.fields[field] != keywordField:
		eachElement(m.plan.slots[field].Value(m.event), add)
	case isLine(m.event):
		from := int32(len(m.buf))
		m.buf = text(m.buf, m.event.Raw)
		m.spans = append(m.spans, span{from, int32(len(m.buf))})
	default:
		for _, v := range m.event.Values {
			eachElement(v, add)
		}
	}
	t.to = int32(len(m.spans))
}

func eachElement(v event.Value, add func(event.Value)) {
	if v.Kind != event.List {
		add(v)
		return
	}
	for e := range v.Elements() {
		add(e)
	}
}

// isLine tells whether an event's keywords are looked for in its text as a whole: where it was a line of text. Of a JSON
// object, whose text holds escapes, each value is looked at.
func isLine(ev *event.Event) bool { return ev.Raw != "" && ev.Raw[0] != '{' }

// textHolds makes a test that needs text, folded or not as its kind wants it.
func (t *test) textHolds(text []byte) bool {
	switch t.kind {
	case testCased:
		return t.wild.match(text)
	case testCIDR:
		return inPrefix(t.pred.Prefix, text)
	}
	return t.foldedHolds(text)
}
