package detect

import (
	"fmt"
	"slices"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
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
	list := make([]order.Item, 0, len(obs))
	for i := range obs {
		o := &obs[i]
		if rule, ok := e.place[o.Rule]; ok {
			list = append(list, order.Item{Time: o.Time, Record: o.Ref.Record, Path: o.Ref.File, Rule: rule, Data: appendContent(nil, o)})
		}
	}
	w := &pack.Packer{Data: dst}
	e.pack(w, list)
	return w.Data
}

// ReadObservations reads what AppendObservations appended. It leaves out, and counts, those of rules that are not in
// force any more or have changed since. Fields that were not wanted then are empty.
func (e *Engine) ReadObservations(p []byte) (obs []Observation, left int, err error) {
	u := &pack.Unpacker{Reader: pack.Reader{Data: p}}
	list, left := e.unpack(u)
	if u.Bad || len(u.Data) > 0 {
		return nil, 0, fmt.Errorf("read observations: %w", errDamaged)
	}
	words := &pack.Words{}
	obs = make([]Observation, len(list))
	for i := range list {
		if !decodeWaiting(&list[i], &obs[i], words) {
			return nil, 0, fmt.Errorf("read observations: %w", errDamaged)
		}
		obs[i].Rule = e.sigma.Rules()[list[i].Rule]
	}
	return obs, left, nil
}

func (e *Engine) pack(w *pack.Packer, list []order.Item) {
	var rules []int32 // in the order in which they are met
	for i := range list {
		if !slices.Contains(rules, list[i].Rule) {
			rules = append(rules, list[i].Rule)
		}
	}
	w.Number(len(rules))
	for _, r := range rules {
		w.Data = append(w.Data, e.marks[r][:]...)
		w.List(e.needs[r])
	}
	w.Number(len(list))
	var time, record int64
	for i := range list {
		o := &list[i]
		w.Number(slices.Index(rules, o.Rule))
		w.Signed(o.Time - time)
		w.Signed(o.Record - record)
		w.Word(o.Path)
		w.Number(len(o.Data))
		w.Data = append(w.Data, o.Data...)
		time, record = o.Time, o.Record
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
func (e *Engine) unpack(u *pack.Unpacker) (list []order.Item, left int) {
	rules := make([]packedRule, u.Count(len(mark{})+1))
	for i := range rules {
		rules[i] = e.packedRule(u)
	}
	n := u.Count(minObservation)
	list = make([]order.Item, 0, n)
	words, o := &pack.Words{}, Observation{}
	var time, record int64
	for range n {
		at := u.Number(len(rules))
		time += u.Signed()
		record += u.Signed()
		w := order.Item{Time: time, Record: record, Path: u.Word()}
		w.Data = u.Bytes(u.Number(len(u.Data) + 1))
		if u.Bad {
			return nil, 0
		}
		from := &rules[at]
		if !decodeWaiting(&w, &o, words) || len(o.Fields) != from.fields {
			u.Fail()
			return nil, 0
		}
		if w.Rule = from.rule; w.Rule < 0 {
			left++
			continue
		}
		if from.pick == nil {
			w.Data = slices.Clone(w.Data)
		} else {
			o.Fields = from.choose(o.Fields)
			w.Data = appendContent(nil, &o)
		}
		list = append(list, w)
	}
	return list, left
}

func (e *Engine) packedRule(u *pack.Unpacker) packedRule {
	var k mark
	copy(k[:], u.Bytes(len(k)))
	had := u.List(pack.MaxStrings)
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
