package prevent

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
)

// FalseHit is a hit that was wrong, or expected.
type FalseHit struct {
	alert.Hit
	Fields []string // native names of its event's fields
}

// maxExact bounds the fields of an event that an exception asks for, beside rule and entities.
const maxExact = 4

// Exceptions drafts, for each rule of some hits, the narrowest exception that hides them all: the rule, and what its hits
// have in common of user, host, address, and of what was done. malicious are hits of the same rules that must not be
// hidden; how many of them are all the same is for the caller to count, with alert.Silence.Hides.
func Exceptions(hits []FalseHit, malicious []alert.Hit, reason, owner string) []alert.Silence {
	var out []alert.Silence
	for _, rule := range rulesOf(hits) {
		var own []FalseHit
		for i := range hits {
			if hits[i].RuleID == rule {
				own = append(own, hits[i])
			}
		}
		out = append(out, exception(own, malicious, reason, owner))
	}
	return out
}

func rulesOf(hits []FalseHit) []string {
	var out []string
	for i := range hits {
		if !slices.Contains(out, hits[i].RuleID) {
			out = append(out, hits[i].RuleID)
		}
	}
	return out
}

func exception(hits []FalseHit, malicious []alert.Hit, reason, owner string) alert.Silence {
	s := alert.Silence{Exception: true, Reason: reason, Owner: owner, Matchers: []alert.Matcher{{Field: "rule", Op: "is", Value: hits[0].RuleID}}}
	add := func(field string, values func(*FalseHit) []string) bool {
		v := shared(hits, values)
		m := alert.Matcher{Field: field, Op: "is", Value: v}
		if v == "" {
			return false
		}
		if len(v) > maxValue {
			m.Op, m.Value = "prefix", clipBytes(strings.ToValidUTF8(v, "\x00"), maxValue)
			m.Value, _, _ = strings.Cut(m.Value, "\x00")
		}
		with := alert.Silence{Matchers: []alert.Matcher{m}}
		if with.Check() != nil || slices.ContainsFunc(hits, func(h FalseHit) bool { return !with.Hides(&h.Hit) }) {
			return false
		}
		s.Matchers = append(s.Matchers, m)
		return true
	}
	for _, k := range [...]struct {
		field  string
		values func(*FalseHit) []string
	}{
		{"user", func(h *FalseHit) []string { return h.Users }},
		{"host", func(h *FalseHit) []string { return h.Hosts }},
		{"source", func(h *FalseHit) []string { return h.Sources }},
	} {
		add(k.field, k.values)
	}
	hidesMalicious := func() bool {
		return slices.ContainsFunc(malicious, func(h alert.Hit) bool { return s.Hides(&h) })
	}
	n := 0
	for _, want := range [...]class{telling, kind, weak} {
		for _, f := range hits[0].Fields {
			if n >= maxExact && !hidesMalicious() || len(s.Matchers) >= alert.MaxMatchers/2 {
				return s
			}
			if want != telling && len(s.Matchers) > 1 && !hidesMalicious() {
				return s
			}
			if fieldClass(f) == want && add(f, func(h *FalseHit) []string {
				if h.Field == nil {
					return nil
				}
				return h.Field(f)
			}) {
				n++
			}
		}
	}
	return s
}

// shared returns the value that all hits have, and none has beside another; "" where there is none.
func shared(hits []FalseHit, values func(*FalseHit) []string) string {
	out := ""
	for i := range hits {
		v := values(&hits[i])
		if len(v) != 1 || v[0] == "" || out != "" && !strings.EqualFold(out, v[0]) {
			return ""
		}
		if out == "" {
			out = v[0]
		}
	}
	return out
}
