package detect

import (
	"encoding/hex"
	"strconv"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

// LiveHit is a message about what a correlation found. All messages about one burst have the same Key: the first when
// it becomes true; more as it grows, when it has doubled or has gone on for another hour; the last, which alone is not
// Open, when it is over. That one is what Finish of the Engine would tell. What can be judged only when its window is
// over has only the last.
type LiveHit struct {
	Rule *sigma.Rule
	Hit  *Hit
	Last int64  // time of the last event that belongs to it so far, nanoseconds since 1970
	Key  string // 32 hexadecimal digits
	Open bool   // more may come
}

// give tells what correlations found.
func (l *Live) give(hits []CorrelationHit, tell func(*LiveHit)) {
	for i := range hits {
		h := &hits[i]
		if l.engine.wanted(h.Rule) {
			tell(&LiveHit{Rule: h.Rule, Hit: correlationMessage(h), Last: h.Last, Key: l.key(h.Rule, h.Group, h.Time), Open: h.Open})
		}
	}
}

func (l *Live) key(r *sigma.Rule, group []string, at int64) string {
	kind := "burst"
	if l.side {
		kind = "late burst"
	}
	parts := append(make([]string, 0, 8), kind, l.keys[r], strconv.FormatInt(at, 10))
	return pack.Hash(append(parts, group...)...)
}

// HitKey returns the key of a single event's hit: the same for the same rule, as RuleKey calls it, and the same event.
func HitKey(rule, eventID string) string { return pack.Hash("event", rule, eventID) }

// RuleKey returns what a rule is called in keys: its id; where it has none, its title and a hash of its content. It is
// costly for rules without an id.
func RuleKey(r *sigma.Rule) string {
	if r.ID != "" {
		return r.ID
	}
	mark := make(marks).of(r)
	return r.Title + " " + hex.EncodeToString(mark[:])
}
