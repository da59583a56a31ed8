package detect

import "hash/maphash"

// maxSpare bounds the lists of observations that wait to be used again, and maxSpareList the observations of one.
const (
	maxSpare     = 8
	maxSpareList = 1 << 14
)

// Reuse lets a later batch have the memory of a result's observations and sightings. Nobody may use them any more; their
// strings may be kept.
func (e *Engine) Reuse(r *Result) {
	e.reuseSights(r)
	list := r.Observations
	r.Observations = nil
	if cap(list) == 0 || cap(list) > maxSpareList {
		return
	}
	for i := range list {
		clear(list[i].Fields)
		list[i] = Observation{Fields: list[i].Fields[:0]}
	}
	select {
	case e.spare <- list[:0]:
	default:
	}
}

// reuseSights does the same for its sightings.
func (e *Engine) reuseSights(r *Result) {
	list := r.Sightings
	r.Sightings = nil
	if cap(list) == 0 || cap(list) > maxSpareList {
		return
	}
	clear(list)
	select {
	case e.spareSights <- list[:0]:
	default:
	}
}

// forget lets go of the lists that wait to be used again.
func (e *Engine) forget() {
	for range 2 * maxSpare {
		select {
		case <-e.spare:
		case <-e.spareSights:
		default:
			return
		}
	}
}

// room returns an empty list for observations: one that was used before, or one for as many as there were lately.
func (w *Worker) room() []Observation {
	select {
	case list := <-w.engine.spare:
		return list
	default:
		return make([]Observation, 0, min(max(w.usualSeen, 8), maxSpareList))
	}
}

// observe appends an observation to a result, with room for so many fields.
func (w *Worker) observe(r *Result, fields int) *Observation {
	if r.Observations == nil {
		r.Observations = w.room()
	}
	n := len(r.Observations)
	if n == cap(r.Observations) {
		r.Observations = append(r.Observations, Observation{})
	}
	r.Observations = r.Observations[:n+1]
	o := &r.Observations[n]
	if cap(o.Fields) < fields {
		o.Fields = make([]string, fields)
	}
	o.Fields = o.Fields[:fields]
	return o
}

// lately remembers values that events had lately, as the same users, hosts and addresses come again and again.
type lately struct {
	seed   maphash.Seed
	recent [2048][]string // lists of one
}

// maxLately bounds a value that is remembered, in bytes.
const maxLately = 64

// one returns a list of a copy of s alone. It is shared and must not be changed.
func (l *lately) one(s string) []string {
	if len(s) > maxLately {
		return []string{own(s)}
	}
	at := &l.recent[maphash.String(l.seed, s)%uint64(len(l.recent))]
	if len(*at) == 0 || (*at)[0] != s {
		*at = []string{own(s)}
	}
	return *at
}

// text returns a copy of s, which keeps no block of input alive.
func (l *lately) text(s string) string {
	if s == "" {
		return ""
	}
	return l.one(s)[0]
}
