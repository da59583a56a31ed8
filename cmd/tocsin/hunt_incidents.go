package main

import (
	"cmp"
	"slices"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/sigma"
)

// take counts a hit towards the incidents that the summary tells.
func (s *huntRun) take(r *sigma.Rule, h *detect.Hit) {
	x := live.LooseHit(r, h)
	s.desk.Take(&x)
}

// incidents are what the hits come to, the worst first.
func (s *huntRun) incidents() []alert.Message {
	var list []alert.Message
	for _, i := range s.desk.Place().Incidents {
		if i.IsOpen() {
			list = append(list, i.Message(0))
		}
	}
	slices.SortStableFunc(list, func(a, b alert.Message) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.First.Compare(b.First), cmp.Compare(a.Key, b.Key))
	})
	return list[:min(len(list), detect.MaxIncidents)]
}
