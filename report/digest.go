package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// digest is what is kept of a run for a report. Its size is bounded for each rule that hits, whatever the number of hits.
// Which hits it keeps depends only on the stream.
type digest struct {
	rules     map[ruleKey]*ruleDigest
	order     []*ruleDigest // as they came
	levels    [len(levels)]int64
	hits      int64
	events    int64 // that the hits are made of; one event may make more than one hit
	first     time.Time
	last      time.Time
	hosts     tally
	users     tally
	addresses tally
	histogram histogram
	summary   detect.Summary // set at the end
}

// ruleKey tells rules apart.
type ruleKey struct{ id, title string }

// ruleDigest is what is kept of the hits of one rule.
type ruleDigest struct {
	info      detect.RuleInfo
	severity  int // place in levels
	count     int64
	first     time.Time // zero where no hit has a time
	last      time.Time
	hosts     tally
	users     tally
	addresses tally
	samples   samples
	timeline  []occurrence
	untold    int64 // hits that are not in the timeline
}

// occurrence is hits of one rule, one after the other, about the same persons, hosts and addresses.
type occurrence struct {
	first, last time.Time
	count       int64
	entities    detect.Entities
	file        string // of the first
	record      int64
}

// maxOccurrences bounds the timeline of one rule.
const maxOccurrences = 20

// Rule notes a rule.
func (d *digest) Rule(r *detect.RuleInfo) error {
	d.rule(ruleKey{r.ID, r.Title}).describe(r)
	return nil
}

func (d *digest) rule(k ruleKey) *ruleDigest {
	r := d.rules[k]
	if r == nil {
		if d.rules == nil {
			d.rules = make(map[ruleKey]*ruleDigest)
		}
		k = ruleKey{strings.Clone(k.id), strings.Clone(k.title)}
		r = &ruleDigest{severity: len(levels) - 1, info: detect.RuleInfo{ID: k.id, Title: k.title}}
		d.rules[k] = r
		d.order = append(d.order, r)
	}
	return r
}

func (r *ruleDigest) describe(info *detect.RuleInfo) {
	r.info = *info
	r.severity = severity(info.Level)
}

// Hit notes a hit.
func (d *digest) Hit(h *detect.Hit) error {
	r := d.rule(ruleKey{h.Rule.ID, h.Rule.Title})
	if r.count == 0 && r.info.Level == "" {
		r.describe(&detect.RuleInfo{ID: r.info.ID, Title: r.info.Title, Level: strings.Clone(h.Rule.Level), Tags: slices.Clone(h.Rule.Tags)})
	}
	d.hits++
	d.levels[r.severity]++
	d.events += max(h.Count, 1)
	r.count++
	widen(&d.first, &d.last, h.Time)
	widen(&r.first, &r.last, h.Time)
	if !h.Time.IsZero() {
		d.histogram.add(h.Time, r.severity)
	}
	somebody := false
	for _, t := range []struct {
		all, of *tally
		names   []string
	}{{&d.hosts, &r.hosts, h.Entities.Hosts}, {&d.users, &r.users, h.Entities.Users}, {&d.addresses, &r.addresses, h.Entities.Addresses}} {
		for _, n := range t.names {
			t.all.add(n)
			somebody = t.of.add(n) || somebody
		}
	}
	r.samples.add(h, somebody)
	r.happen(h)
	return nil
}

// Summary keeps the summary and puts the rules in order: the gravest first, then by hits, then as it happened.
func (d *digest) Summary(s *detect.Summary) error {
	d.summary = *s
	slices.SortStableFunc(d.order, func(a, b *ruleDigest) int {
		return cmp.Or(cmp.Compare(a.severity, b.severity), -cmp.Compare(a.count, b.count), a.first.Compare(b.first), strings.Compare(a.info.Title, b.info.Title))
	})
	return nil
}

func widen(first, last *time.Time, t time.Time) {
	if t.IsZero() {
		return
	}
	if first.IsZero() || t.Before(*first) {
		*first = t
	}
	if t.After(*last) {
		*last = t
	}
}

// happen adds a hit to the timeline of its rule.
func (r *ruleDigest) happen(h *detect.Hit) {
	if n := len(r.timeline); n > 0 && sameEntities(&r.timeline[n-1].entities, &h.Entities) {
		o := &r.timeline[n-1]
		o.count++
		widen(&o.first, &o.last, h.Time)
		return
	}
	if len(r.timeline) == maxOccurrences {
		r.untold++
		return
	}
	r.timeline = append(r.timeline, occurrence{
		first: h.Time, last: h.Time, count: 1, entities: cloneEntities(&h.Entities), file: strings.Clone(bounded(h.File)), record: h.Record,
	})
}

func sameEntities(a, b *detect.Entities) bool {
	return slices.Equal(a.Hosts, b.Hosts) && slices.Equal(a.Users, b.Users) && slices.Equal(a.Addresses, b.Addresses)
}

// maxShownEntities bounds the entities of one kind that are kept of one hit.
const maxShownEntities = 8

func cloneEntities(e *detect.Entities) detect.Entities {
	return detect.Entities{Hosts: cloneNames(e.Hosts), Users: cloneNames(e.Users), Addresses: cloneNames(e.Addresses), Targets: cloneNames(e.Targets)}
}

func cloneNames(names []string) []string {
	var list []string
	for _, n := range names[:min(len(names), maxShownEntities)] {
		list = append(list, strings.Clone(shortName(n)))
	}
	return list
}

// shortName returns the start of a name: hunt tells none that is longer, but a saved run may have been changed.
func shortName(s string) string { return s[:runeStart(s, min(len(s), 256))] }
