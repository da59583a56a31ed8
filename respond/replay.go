package respond

import "fmt"

// Replay is what a block would have met in the past.
type Replay struct {
	Spans []ReplaySpan `json:"spans"`
}

// ReplaySpan is what it would have met in the last days.
type ReplaySpan struct {
	Days   int      `json:"days"`
	Events int64    `json:"events"`          // in which its addresses stand, or, for any address, its port
	Good   int64    `json:"good,omitempty"`  // of them, with a success of somebody: a login, an answer
	Users  []string `json:"users,omitempty"` // who was there, those seen most first; at most ten
	Hosts  []string `json:"hosts,omitempty"` // where; at most ten
	Known  []string `json:"known,omitempty"` // known-good addresses among them
}

// warnings are what a person should know of it.
func (r *Replay) warnings() []string {
	if r == nil {
		return nil
	}
	var list []string
	for _, s := range r.Spans {
		if s.Good > 0 {
			list = append(list, fmt.Sprintf("events of success that it would have met in the last %d days: %d", s.Days, s.Good))
		}
		if len(s.Known) > 0 {
			list = append(list, fmt.Sprintf("in the last %d days it would have met %v, known to be good", s.Days, s.Known))
		}
	}
	return list
}
