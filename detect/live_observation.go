package detect

import (
	"fmt"
	"slices"

	"github.com/tocsin-sec/tocsin/sigma"
)

// Packed observations are: the rules that they are of, each as its mark and the names of the fields that follow; then
// the observations, each as place of its rule, time and record as differences to the one before, path, and what
// appendContent writes.

// Refers tells whether a correlation refers to a detection, so that its Observations are wanted.
func (e *Engine) Refers(r *sigma.Rule) bool { return e.corr.Refers(r) }

// Needs names the fields whose values an Observation of a detection has, in that order.
func (e *Engine) Needs(r *sigma.Rule) []string { return e.corr.Needs(r) }

// AppendObservations appends observations in a form that ReadObservations reads, also that of an Engine of other rules.
func (e *Engine) AppendObservations(dst []byte, obs []Observation) []byte {
	list := make([]waiting, 0, len(obs))
	for i := range obs {
		o := &obs[i]
		if rule, ok := e.place[o.Rule]; ok {
			list = append(list, waiting{time: o.Time, record: o.Ref.Record, path: o.Ref.File, rule: rule, data: appendContent(nil, o)})
		}
	}
	w := &packer{dst: dst}
	e.pack(w, list)
	return w.dst
}

// ReadObservations reads what AppendObservations appended. It leaves out, and counts, those of rules that are not in
// force any more or have changed since. Fields that were not wanted then are empty.
func (e *Engine) ReadObservations(p []byte) (obs []Observation, left int, err error) {
	u := &unpacker{reader: reader{data: p}}
	list, left := e.unpack(u)
	if u.bad || len(u.data) > 0 {
		return nil, 0, fmt.Errorf("read observations: %w", errDamaged)
	}
	words := &interned{}
	obs = make([]Observation, len(list))
	for i := range list {
		if !decodeWaiting(&list[i], &obs[i], words) {
			return nil, 0, fmt.Errorf("read observations: %w", errDamaged)
		}
		obs[i].Rule = e.sigma.Rules()[list[i].rule]
	}
	return obs, left, nil
}

func (e *Engine) pack(w *packer, list []waiting) {
	var rules []int32 // in the order in which they are met
	for i := range list {
		if !slices.Contains(rules, list[i].rule) {
			rules = append(rules, list[i].rule)
		}
	}
	w.number(len(rules))
	for _, r := range rules {
		w.dst = append(w.dst, e.marks[r][:]...)
		w.list(e.needs[r])
	}
	w.number(len(list))
	var time, record int64
	for i := range list {
		o := &list[i]
		w.number(slices.Index(rules, o.rule))
		w.signed(o.time - time)
		w.signed(o.record - record)
		w.word(o.path)
		w.number(len(o.data))
		w.dst = append(w.dst, o.data...)
		time, record = o.time, o.record
	}
}

// packedRule is a rule of which there are packed observations.
type packedRule struct {
	rule   int32 // -1: not in force
	fields int
	pick   []int // for each field that is wanted now: index into those that were then, -1 if none; nil: they are the same
}

const minObservation = 9 // bytes of a packed observation without any content

// unpack reads what pack wrote, as far as the rules are in force, and counts the others.
func (e *Engine) unpack(u *unpacker) (list []waiting, left int) {
	rules := make([]packedRule, u.count(len(mark{})+1))
	for i := range rules {
		rules[i] = e.packedRule(u)
	}
	n := u.count(minObservation)
	list = make([]waiting, 0, n)
	words, o := &interned{}, Observation{}
	var time, record int64
	for range n {
		at := u.number(len(rules))
		time += u.signed()
		record += u.signed()
		w := waiting{time: time, record: record, path: u.word()}
		w.data = u.bytes(u.number(len(u.data) + 1))
		if u.bad {
			return nil, 0
		}
		from := &rules[at]
		if !decodeWaiting(&w, &o, words) || len(o.Fields) != from.fields {
			u.fail()
			return nil, 0
		}
		if w.rule = from.rule; w.rule < 0 {
			left++
			continue
		}
		if from.pick == nil {
			w.data = slices.Clone(w.data)
		} else {
			o.Fields = from.choose(o.Fields)
			w.data = appendContent(nil, &o)
		}
		list = append(list, w)
	}
	return list, left
}

func (e *Engine) packedRule(u *unpacker) packedRule {
	var k mark
	copy(k[:], u.bytes(len(k)))
	had := u.list(maxStrings)
	r := packedRule{rule: -1, fields: len(had)}
	at, ok := e.marked[k]
	if !ok {
		return r
	}
	r.rule = at
	if !slices.Equal(had, e.needs[at]) {
		r.pick = make([]int, len(e.needs[at]))
		for i, f := range e.needs[at] {
			r.pick[i] = slices.Index(had, f)
		}
	}
	return r
}

func (r *packedRule) choose(had []string) []string {
	out := make([]string, len(r.pick))
	for i, from := range r.pick {
		if from >= 0 {
			out[i] = had[from]
		}
	}
	return out
}
