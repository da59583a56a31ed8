package sense

import (
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// Finding is what a detector says that is no rule: that something is out of the ordinary, and against what. It becomes
// an event of FindingFormat, which rules judge as they judge any other, so that its level, its title, its exceptions and
// what to do next are those of a rule (rules/builtin/anomaly).
type Finding struct {
	Key    string  // the same for the same detector, entity and window, however often the input is run
	Action string  // what kind it is, event.action: "new-network", "volume-high", …
	Time   int64   // of the event that completed it, nanoseconds since 1970
	Last   int64   // of the last event that belongs to it, at least Time
	Text   string  // one plain sentence: what, against what is normal here, in numbers
	Fields []Field // the entities by their ECS names, and the evidence as tocsin.evidence.*
	Refs   []sight.EventRef
	Count  int64 // events that it is made of
	Open   bool  // more of it may be told under the same key
}

// Field is a named value of a Finding.
type Field struct{ Name, Value string }

// MaxRefs bounds the places of events that a finding names.
const MaxRefs = 20

// findingKey returns the key of a finding of a detector about an entity in a window.
func findingKey(parts ...string) string { return pack.Hash(append([]string{"finding"}, parts...)...) }
