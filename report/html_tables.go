package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// tacticView is a tactic with the techniques that were seen.
type tacticView struct {
	Tactic
	Techniques []techniqueView
}

type techniqueView struct {
	Technique
	Level, Word string
	Hits        int64
	Rules       []ruleRef
}

type ruleRef struct {
	N     int
	Title string
}

// tactics puts the rules under what their tags name; the second result counts those whose tags name nothing.
func (p *htmlPage) tactics() (list []tacticView, untagged int) {
	type key struct{ tactic, technique string }
	found := map[key]*techniqueView{}
	worst := map[key]int{}
	under := map[string][]key{}
	for i, r := range p.order {
		placed := techniquesByTactic(r.info.Tags)
		if len(placed) == 0 {
			untagged++
		}
		for tactic, techniques := range placed {
			if len(techniques) == 0 {
				techniques = []Technique{{}}
			}
			for _, q := range techniques {
				k := key{tactic.Tag, q.ID}
				if found[k] == nil {
					found[k], worst[k] = &techniqueView{Technique: q}, r.severity
					under[k.tactic] = append(under[k.tactic], k)
				}
				v := found[k]
				v.Hits += r.count
				if i < maxPageRules {
					v.Rules = append(v.Rules, ruleRef{i + 1, r.title()})
				}
				worst[k] = min(worst[k], r.severity)
				v.Level = levels[worst[k]].name
				v.Word = levelWords[v.Level]
			}
		}
	}
	for _, tactic := range attack().tactics {
		keys := under[tactic.Tag]
		slices.SortFunc(keys, func(a, b key) int {
			return cmp.Or(cmp.Compare(min(len(b.technique), 1), min(len(a.technique), 1)), cmp.Compare(worst[a], worst[b]), -cmp.Compare(found[a].Hits, found[b].Hits), strings.Compare(a.technique, b.technique))
		})
		v := tacticView{Tactic: tactic}
		for _, k := range keys {
			v.Techniques = append(v.Techniques, *found[k])
		}
		if len(keys) > 0 {
			list = append(list, v)
		}
	}
	return list, untagged
}

// entityView is a host, user or address with what it is about.
type entityView struct {
	Kind, Name  string
	Level, Word string
	Hits        int64
	Rules       int
	Top         []ruleRef // the rules that matter most
}

// maxTop bounds entityView.Top.
const maxTop = 2

// entities returns the entities that matter most, and how many more there are; whole is false where there may be more still.
func (p *htmlPage) entities() (list []entityView, more int, whole bool) {
	type key struct{ kind, name string }
	found := map[key]*entityView{}
	whole = true
	for i, r := range p.order { // the most severe first
		for _, k := range []struct {
			kind string
			of   *tally
		}{{"host", &r.hosts}, {"user", &r.users}, {"address", &r.addresses}} {
			whole = whole && k.of.whole()
			for name, c := range k.of.counts {
				e := found[key{k.kind, name}]
				if e == nil {
					level := levels[r.severity].name
					e = &entityView{Kind: k.kind, Name: name, Level: level, Word: levelWords[level]}
					found[key{k.kind, name}] = e
				}
				e.Hits += c.count
				e.Rules++
				if len(e.Top) < maxTop && i < maxPageRules {
					e.Top = append(e.Top, ruleRef{i + 1, r.title()})
				}
			}
		}
	}
	for _, e := range found {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b entityView) int {
		return cmp.Or(cmp.Compare(severity(a.Level), severity(b.Level)), -cmp.Compare(a.Rules, b.Rules), -cmp.Compare(a.Hits, b.Hits),
			strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	more = max(len(list)-maxPageEntities, 0)
	return list[:len(list)-more], more, whole
}

// dayView is a day of the timeline.
type dayView struct {
	Day  string
	Rows []momentView
}

type momentView struct {
	Time, Until string
	Level, Word string
	Rule        ruleRef
	Linked      bool
	Count       int64
	Names       string
	Place       string
}

// days returns the timeline: the most severe of what happened, in the order of time, and how many hits that is.
func (p *htmlPage) days() (list []dayView, told int64) {
	type entry struct {
		*occurrence
		rule int
	}
	var all []entry
	for i, r := range p.order {
		for j := range r.timeline {
			all = append(all, entry{&r.timeline[j], i})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(p.order[a.rule].severity, p.order[b.rule].severity), compareTimes(a.first, b.first))
	})
	all = all[:min(len(all), maxTimeline)]
	slices.SortStableFunc(all, func(a, b entry) int { return compareTimes(a.first, b.first) })
	for _, e := range all {
		r := p.order[e.rule]
		day, clock := "Without a time", ""
		if !e.first.IsZero() {
			day, clock = e.first.UTC().Format("Monday, 2 January 2006"), e.first.UTC().Format(onlyTime)
		}
		if len(list) == 0 || list[len(list)-1].Day != day {
			list = append(list, dayView{Day: day})
		}
		m := momentView{
			Time: clock, Level: levels[r.severity].name, Word: levelWords[levels[r.severity].name], Count: e.count, Names: entityNames(&e.entities),
			Rule: ruleRef{e.rule + 1, r.title()}, Linked: e.rule < maxPageRules, Place: fmt.Sprintf("%s, record %s", e.file, Amount(e.record)),
		}
		if e.last.Unix() != e.first.Unix() {
			m.Until = e.last.UTC().Format(onlyTime)
			if e.last.UTC().YearDay() != e.first.UTC().YearDay() {
				m.Until = e.last.UTC().Format("2 Jan 15:04:05")
			}
		}
		told += e.count
		list[len(list)-1].Rows = append(list[len(list)-1].Rows, m)
	}
	return list, told
}

// verdicts say what the highest level that was found asks of the reader.
var verdicts = [len(levels)]string{
	"The highest level is critical: rules of this level describe what hardly ever happens but in an attack. Act on it now.",
	"The highest level is high: rules of this level describe what is seldom harmless. Look into it today.",
	"The highest level is medium: this may be an attack or the work of an administrator. Somebody who knows the systems should look at it soon.",
	"The highest level is low: single hits of this level are usually harmless; many of them about one host or user may not be.",
	"The highest level is informational: nothing here is a sign of attack by itself; it helps to understand what happened.",
}

// say writes the sentences at the head of the page.
func (p *htmlPage) say(v *pageView) {
	s := v.Summary
	if p.hits == 0 {
		v.Headline = "Nothing was found"
		v.Lead = []string{fmt.Sprintf("None of the %s describes any of the %s that were read.", many(int64(s.Rules.Loaded), "rule"), many(s.Events, "event"))}
		v.Verdict = "This is no proof that nothing happened: rules see only what is logged and what they describe. See below what was read, and what could not be."
		return
	}
	worst := len(levels) - 1
	for i := range levels {
		if p.levels[i] > 0 {
			worst = i
			break
		}
	}
	v.Worst = levels[worst].name
	v.Verdict = verdicts[worst]
	v.Headline = p.headline(worst)
	first := fmt.Sprintf("%s of %s found something in the logs: %s", Amount(int64(len(p.order))), many(int64(s.Rules.Loaded), "rule"), many(p.hits, "hit"))
	if !p.first.IsZero() {
		first += ", " + v.HitPeriod
	}
	v.Lead = append(v.Lead, first+".")
	var about []string
	for _, k := range []struct {
		word, words string
		of          *tally
	}{{"host", "hosts", &p.hosts}, {"user", "users", &p.users}, {"address", "addresses", &p.addresses}} {
		names, more, whole := k.of.top(3)
		if len(names) == 0 {
			continue
		}
		word := k.words
		if len(names)+more == 1 && whole {
			word = k.word
		}
		var list []string
		for _, n := range names {
			list = append(list, visibleTo(n.name, 60))
		}
		phrase := fmt.Sprintf("%s %s (%s", atLeast(len(names)+more, whole), word, strings.Join(list, ", "))
		if more > 0 {
			phrase += ", …"
		}
		about = append(about, phrase+")")
	}
	if len(about) > 0 {
		v.Lead = append(v.Lead, "They concern "+enumerate(about)+".")
	}
}

// headline says how much of the two highest levels there is, and on how many hosts.
func (p *htmlPage) headline(worst int) string {
	var parts []string
	for i := worst; i < len(levels) && len(parts) < 2; i++ {
		if p.levels[i] > 0 {
			parts = append(parts, Amount(p.levels[i])+" "+levels[i].name)
		}
	}
	text := enumerate(parts) + " hit"
	if p.hits > 1 {
		text += "s"
	}
	names, more, whole := p.hosts.top(1)
	switch n := len(names) + more; {
	case n == 1 && whole:
		return text + " on one host"
	case n > 0:
		return text + " on " + atLeast(n, whole) + " hosts"
	}
	return text
}

// enumerate joins with commas and an "and".
func enumerate(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
