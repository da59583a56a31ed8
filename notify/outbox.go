package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Outbox keeps what was told and what is still to be sent, durably.
type Outbox interface {
	// Load returns what was saved: all memory, the letters that wait, and those of the last day.
	Load(ctx context.Context) (Memory, error)
	// Save keeps changes, all or none; they are durable when it returns nil. Saving a thing again puts it in place of the
	// first.
	Save(ctx context.Context, c Changes) error
}

// Memory is what an Outbox has kept.
type Memory struct {
	Told    []Told
	Letters []Letter
}

// Changes are what an Outbox is to keep.
type Changes struct {
	Told    []Told // by Route and Incident
	Forget  []Told
	Letters []Letter // by Key
}

func (c *Changes) empty() bool { return len(c.Told)+len(c.Forget)+len(c.Letters) == 0 }

// What has become of a letter.
const (
	Waiting = "waiting"
	Sent    = "sent"
	Failed  = "failed"  // it was refused for good, or given up
	Dropped = "dropped" // it waited for a way that is not configured any more
)

// Letter is one message on its way to one recipient.
type Letter struct {
	Key     string    `json:"key"` // f(route, incident, number, way): making it twice is making it once
	Seq     int64     `json:"seq"` // the order in which letters were made
	Way     string    `json:"way"`
	Thread  string    `json:"thread,omitempty"` // letters of one thread and way are sent in order
	Level   int       `json:"level"`
	Made    time.Time `json:"made"`
	Due     time.Time `json:"due"` // not to be sent before
	Tries   int       `json:"tries,omitempty"`
	Tried   time.Time `json:"tried,omitzero"`  // when it was tried last
	Alone   bool      `json:"alone,omitempty"` // it was refused while others were taken
	Begun   bool      `json:"begun,omitempty"` // an attempt was begun whose end is not known
	State   string    `json:"state"`
	Ended   time.Time `json:"ended,omitzero"` // when it was sent or failed
	Error   string    `json:"error,omitempty"`
	Route   string    `json:"route,omitempty"`
	Count   int       `json:"count,omitempty"` // of a folded one: messages that it stands for
	Message Message   `json:"message"`
}

// hash is a short name for texts: 128 bits of SHA-256 in hex.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
