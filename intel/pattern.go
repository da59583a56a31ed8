package intel

import (
	"fmt"
	"regexp"
	"time"
)

// Version is the version of the STIX patterning language.
type Version uint8

// The versions. They differ in the timestamps of START and STOP, which 2.0 writes as strings, and in EXISTS, which 2.1 has.
const (
	AnyVersion Version = iota // what either allows, and what careless writers write: file:hashes.SHA-256
	Version20
	Version21
)

// Limits of a pattern.
const (
	MaxPattern    = 1 << 20 // bytes
	maxDepth      = 128     // of parentheses
	maxRepeats    = 1 << 16 // REPEATS n TIMES
	maxPatternSum = 1 << 16 // observation expressions and comparisons
)

// StixPattern is a pattern of STIX 2, parsed (STIX 2.1 §9). It is immutable.
type StixPattern struct {
	Text   string
	root   *observation
	leaves []*observation // in order
}

// String returns the pattern as it was written.
func (p *StixPattern) String() string { return p.Text }

// Single tells whether one observation is enough to match the pattern.
func (p *StixPattern) Single() bool { return single(p.root) }

func single(o *observation) bool {
	switch o.op {
	case opLeaf:
		return true
	case opOr:
		return single(o.left) && single(o.right)
	case opWithin, opStartStop:
		return single(o.left)
	case opRepeats:
		return o.times == 1 && single(o.left)
	}
	return false
}

// Types returns the types of objects that the pattern speaks of, each once.
func (p *StixPattern) Types() []string {
	var list []string
	seen := make(map[string]bool)
	for _, l := range p.leaves {
		l.expr.each(func(t *propTest) {
			if !seen[t.path.object] {
				seen[t.path.object] = true
				list = append(list, t.path.object)
			}
		})
	}
	return list
}

type observationOp uint8

const (
	opLeaf observationOp = iota
	opAnd
	opOr
	opFollowedBy
	opWithin
	opRepeats
	opStartStop
)

// observation is a node of an observation expression (§9.3).
type observation struct {
	op          observationOp
	left, right *observation
	expr        *comparison   // of a leaf
	index       int           // of a leaf, among the leaves
	within      time.Duration // WITHIN
	times       int           // REPEATS
	start, stop int64         // START and STOP, nanoseconds since 1970
}

// comparison is a node of a comparison expression (§9.4): a test, or two joined.
type comparison struct {
	and, or     bool
	left, right *comparison
	test        *propTest
}

func (c *comparison) each(f func(*propTest)) {
	if c.test != nil {
		f(c.test)
		return
	}
	c.left.each(f)
	c.right.each(f)
}

type testOp uint8

const (
	testEqual testOp = iota
	testNotEqual
	testLess
	testLessEqual
	testGreater
	testGreaterEqual
	testIn
	testLike
	testMatches
	testSubset
	testSuperset
	testExists
)

// propTest is the comparison of what a path leads to with constants (§9.6).
type propTest struct {
	path   objectPath
	not    bool
	op     testOp
	values []any // string, []byte, number, bool or time.Time; one, but for IN
	like   *like
	regex  *regexp.Regexp
	binary bool // the pattern of LIKE or MATCHES can be held against bytes: its characters are below 256
}

// objectPath names a property (§9.7).
type objectPath struct {
	object string
	steps  []pathStep
	text   string
}

// pathStep is a key, an index, or every index.
type pathStep struct {
	key   string
	index int // -1 is a key, -2 is [*]
}

const (
	stepKey = -1
	stepAll = -2
)

// PatternError is a mistake in a pattern.
type PatternError struct {
	Offset int // in bytes
	Reason string
}

func (e *PatternError) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason) }
