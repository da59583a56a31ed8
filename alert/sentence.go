package alert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// describe says in a few words, and in plain sentences, what an incident is.
func (i *Incident) describe() (title, sentence string) {
	ranked := i.ranked()
	if len(ranked) == 0 {
		return i.Title, i.Sentence
	}
	switch {
	case i.Attempts:
		return i.describeAttempts(ranked)
	case i.Background:
		return i.describeMinor(ranked)
	}
	first := ranked[0]
	title = first.Title
	var b strings.Builder
	b.WriteString(sentenceCase(i.about(first.By)))
	b.WriteString(": ")
	b.WriteString(strings.TrimSuffix(first.Title, "."))
	if first.Hits > 1 {
		b.WriteString(" (" + times(first.Hits) + ")")
	}
	b.WriteString(".")
	before, after := split(ranked[1:], first)
	list(&b, " Before it: ", before)
	list(&b, " With it or since: ", after)
	if len(i.Stages) > 1 {
		b.WriteString(" Stages of an attack seen: " + strings.Join(i.stageWords(), ", ") + ".")
	}
	return title, b.String()
}

func (i *Incident) describeAttempts(ranked []*RuleShare) (title, sentence string) {
	n := i.Many[KindAddress]
	who := "1 address"
	if n != 1 {
		who = Amount(n) + " addresses"
	}
	if i.Crowded {
		who = "more than " + Amount(n) + " addresses"
	}
	where := ""
	if i.Target != nil && i.Target.Kind == KindHost {
		where = " at " + i.Target.Name
	}
	title = "Attempts to get in" + where
	if stagesOf(ranked[0].Tags)>>0&1 == 1 && len(ranked) == 1 {
		title = "Probing" + where
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s tried to get in%s, %s; none is known to have succeeded.", sentenceCase(who), where, times(i.Events))
	list(&b, " ", ranked)
	if busiest := i.top(KindAddress); busiest != nil && n > 1 {
		fmt.Fprintf(&b, " The worst: %s.", busiest.Name)
	}
	return title, b.String()
}

func (i *Incident) describeMinor(ranked []*RuleShare) (title, sentence string) {
	title = ranked[0].Title
	if len(ranked) > 1 {
		title = "Small things"
		if i.Target != nil && i.Target.Kind != KindFile {
			title += " about " + i.Target.Name
		}
	}
	var b strings.Builder
	b.WriteString(sentenceCase(i.about(nil)))
	list(&b, ": ", ranked)
	return title, b.String()
}

// about says whom an incident is about: on web1, by root, from 203.0.113.7. Where its gravest rule says who it was, these,
// else the worst of each kind, and how many more there are.
func (i *Incident) about(by []Entity) string {
	var parts []string
	for _, k := range [...]struct{ kind, lead string }{{KindHost, "on "}, {KindUser, "as "}, {KindAddress, "from "}} {
		if at := slices.IndexFunc(by, func(e Entity) bool { return e.Kind == k.kind }); at >= 0 {
			parts = append(parts, k.lead+by[at].Name)
			continue
		}
		e := i.top(k.kind)
		if e == nil || len(by) > 0 {
			continue
		}
		text := k.lead + e.Name
		if k.kind == KindAddress {
			text = "about " + e.Name
		}
		if n := i.Many[k.kind]; n > 1 {
			text += " and " + Amount(n-1) + " more"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "in the logs"
	}
	return strings.Join(parts, ", ")
}

// top returns the worst entity of a kind, nil if there is none.
func (i *Incident) top(kind string) *Scored {
	for n := range i.Entities {
		if i.Entities[n].Kind == kind {
			return &i.Entities[n]
		}
	}
	return nil
}

// stageWords name the stages in plain words.
func (i *Incident) stageWords() []string {
	var out []string
	for _, s := range i.Stages {
		for n := range stages {
			if stages[n] == s {
				out = append(out, stageNames[n])
			}
		}
	}
	return out
}

// split returns the rules that hit before one, and the others.
func split(list []*RuleShare, of *RuleShare) (before, after []*RuleShare) {
	for _, r := range list {
		if r.First < of.First {
			before = append(before, r)
		} else {
			after = append(after, r)
		}
	}
	return before, after
}

// maxListed bounds the rules that a sentence names.
const maxListed = 4

func list(b *strings.Builder, lead string, rules []*RuleShare) {
	for n, r := range rules {
		switch {
		case n == maxListed:
			fmt.Fprintf(b, "; and %d more", len(rules)-n)
			b.WriteString(".")
			return
		case n == 0:
			b.WriteString(lead)
		default:
			b.WriteString("; ")
		}
		b.WriteString(strings.TrimSuffix(r.Title, "."))
		if r.Hits > 1 {
			b.WriteString(" (" + times(r.Hits) + ")")
		}
	}
	if len(rules) > 0 {
		b.WriteString(".")
	}
}

func times(n int64) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Amount(n) + " times"
}

// Amount writes a number with a comma at every thousand.
func Amount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func sentenceCase(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
