package source

import (
	"sync"
	"time"
)

// Bounds of a tally.
const (
	tallyPause   = 10 * time.Second // between two notices about the same thing
	tallyAtOnce  = 32               // notices about new things in a tallyPause that are told at once
	tallyEntries = 256              // things that are told apart
)

// tally counts what goes wrong in an input and tells it, seldom enough that a flood of bad input is no flood of notices:
// the first time at once, then the sum every ten seconds. It is safe for concurrent use.
type tally struct {
	input string
	to    Intake

	mu      sync.Mutex
	entries map[tallyKey]*tallyEntry
	atOnce  int
	since   time.Time
}

type tallyKey struct{ action, sender, reason string }

type tallyEntry struct {
	count int64
	told  time.Time
}

func newTally(input string, to Intake) *tally {
	return &tally{input: input, to: to, entries: make(map[tallyKey]*tallyEntry)}
}

// add counts n records, or what else the reason says.
func (t *tally) add(action, sender, reason string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	key := tallyKey{action, sender, reason}
	e := t.entries[key]
	if e == nil && len(t.entries) >= tallyEntries {
		key = tallyKey{action, "", "more senders than can be told apart; of the last one: " + reason}
		if e = t.entries[key]; e == nil && len(t.entries) >= 2*tallyEntries {
			key.reason = "more reasons than can be told apart"
			e = t.entries[key]
		}
	}
	if e == nil {
		e = &tallyEntry{}
		t.entries[key] = e
	}
	e.count += n
	if now.Sub(t.since) > tallyPause {
		t.since, t.atOnce = now, 0
	}
	if e.told.IsZero() && t.atOnce < tallyAtOnce {
		t.atOnce++
		t.tell(key, e, now)
	}
}

func (t *tally) tell(key tallyKey, e *tallyEntry, now time.Time) {
	t.to.Notice(Notice{Action: key.action, Input: t.input, Sender: key.sender, Count: e.count, Reason: key.reason})
	e.count, e.told = 0, now
}

// flush tells what is due, or all of it.
func (t *tally) flush(all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for key, e := range t.entries {
		switch pause := now.Sub(e.told); {
		case e.count > 0 && (all || pause >= tallyPause):
			t.tell(key, e, now)
		case e.count == 0 && pause > 6*tallyPause:
			delete(t.entries, key)
		}
	}
}

// run tells what is due until done is closed, and then all that is left.
func (t *tally) run(done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			t.flush(true)
			return
		case <-tick.C:
			t.flush(false)
		}
	}
}
