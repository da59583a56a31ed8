package live

import (
	"errors"

	"github.com/tocsin-sec/tocsin/sense"
)

// errTails is the error of Tail when too many watch already.
var errTails = errors.New("too many watch already; end one of them")

// Status is what a line has done since it was opened.
type Status struct {
	Events  int64            `json:"events"`                  // read
	Kept    int64            `json:"kept"`                    // that the store took
	Unkept  int64            `json:"not_kept,omitempty"`      // too old or too far in the future for the store
	Hits    int64            `json:"hits"`                    // written, those told again as they grew included
	Unread  int64            `json:"unread,omitempty"`        // parts of the input that could not be read
	Rules   int              `json:"rules"`                   // in force
	Held    sense.Suppressed `json:"held_novelties,omitzero"` // that were not told, as stranger ones took the day's budget
	Full    bool             `json:"full,omitempty"`          // nothing is taken in or kept, for there is no room
	Stalled string           `json:"stalled,omitempty"`       // why nothing is kept for now; those who send wait
	Waiting uint64           `json:"waiting"`                 // deliveries in the log that were not acknowledged to be kept when this was asked
	Log     int64            `json:"log_bytes"`               // of the write-ahead log on disk
}

// Status returns what the line has done since it was opened.
func (l *Line) Status() Status {
	through := l.count.through.Load() // first: it must not be ahead of what is written
	stalled := ""
	if s := l.count.stalled.Load(); s != nil {
		stalled = s.what
	}
	var held sense.Suppressed
	if h := l.count.held.Load(); h != nil {
		held = *h
	}
	return Status{
		Held: held, Events: l.count.events.Load(), Kept: l.count.kept.Load(), Unkept: l.count.unkept.Load(), Hits: l.count.hits.Load(),
		Unread: l.count.unread.Load(), Rules: l.engine.Load().Loaded(), Full: l.count.full.Load() || l.count.stalled.Load().isFull(), Stalled: stalled,
		Waiting: l.base + l.wal.Next() - 1 - through, Log: l.wal.Bytes(),
	}
}
