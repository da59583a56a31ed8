package sigma

import (
	"net/netip"

	"github.com/tocsin-sec/tocsin/event"
)

// Rule is one YAML document of a rule file after loading: a detection, a correlation or a filter. Exactly one of
// Detection, Correlation and Filter is set. A Rule is immutable once it is loaded.
type Rule struct {
	Title          string
	ID             string
	Name           string // what correlations may refer to it by
	Status         string
	Level          Level
	Description    string
	Author         string
	Date, Modified string
	References     []string
	Tags           []string // as written, e.g. "attack.t1110.001"
	Fields         []string
	FalsePositives []string
	Related        []Related
	NextSteps      []string // what to do about a hit; our own key "next_steps", ignored by other tools
	LogSource      event.LogSource
	Custom         map[string]any // keys that the specification does not name

	Detection   *Expr // filters applied, pipelines applied
	Correlation *Correlation
	Filter      *Filter

	Pos Pos // of the document

	Silent bool // referred to by correlations that do not ask for its own hits; set by Collect

	head, idAt, nameAt spot // of the document, of its id and of its name

	part bool // of an old style collection: shares its id with the other parts
}

// spot is a part of a rule file that a Diagnostic may be about after the file was loaded.
type spot struct {
	Pos
	end    int    // as in Diagnostic
	source string // the line
}

// Related is an entry of a rule's "related" list.
type Related struct{ ID, Type string }

// Pos is a place in a rule file. Line and Col count from 1; 0 is unknown.
type Pos struct {
	File      string
	Line, Col int
}

// Level is a rule's severity, in ascending order. Source: Sigma rules specification 2.1, "Level".
type Level uint8

// The levels; a rule that states none has LevelNone.
const (
	LevelNone Level = iota
	Informational
	Low
	Medium
	High
	Critical
)

var levelNames = [...]string{"", "informational", "low", "medium", "high", "critical"}

func (l Level) String() string { return levelNames[l] }

// ParseLevel returns the level of that name.
func ParseLevel(s string) (Level, bool) {
	for i, n := range levelNames {
		if i > 0 && n == s {
			return Level(i), true
		}
	}
	return LevelNone, false
}

// Op is the kind of an Expr.
type Op uint8

// The operators. Lists of values, lists of maps, "1 of", "all of", modifiers such as all and neq are all reduced to these.
const (
	False Op = iota
	True
	And
	Or
	Not // has one child
	Test
)

// Expr is a detection with its condition, selections, lists and modifiers worked out: a tree of tests.
type Expr struct {
	Op   Op
	Kids []*Expr
	Test *Predicate // of Op Test

	item bool // all that one "field|modifiers: values" of the rule became; pipelines work on these
}

// PredicateKind says what a Predicate compares.
type PredicateKind uint8

// The kinds of predicates.
const (
	Match    PredicateKind = iota // the text matches Pattern, case-insensitively unless Cased
	Regexp                        // the text matches Regexp somewhere in it
	CIDR                          // the text is an IP address within Prefix
	Exists                        // the event has the field, whatever its value; negated by Not
	IsNull                        // the event has no such field, or it has no value
	Compare                       // the value is a number, and Cmp(number, Number) holds
	RefMatch                      // the text equals, starts with, ends with or contains the text of the field Ref
)

// Cmp is a comparison.
type Cmp uint8

// The comparisons of Compare predicates and correlation conditions.
const (
	EQ Cmp = iota
	NE
	LT
	LE
	GT
	GE
)

// Holds tells whether a cmp b.
func (c Cmp) Holds(a, b float64) bool {
	switch c {
	case EQ:
		return a == b
	case NE:
		return a != b
	case LT:
		return a < b
	case LE:
		return a <= b
	case GT:
		return a > b
	}
	return a >= b
}

// TimePart is a part of a date that a time modifier takes out before comparing.
type TimePart uint8

// The parts. Week is the ISO 8601 week.
const (
	NoPart TimePart = iota
	Minute
	Hour
	Day
	Week
	Month
	Year
)

// RefOp says how a RefMatch compares.
type RefOp uint8

// The ways to compare two fields.
const (
	RefEquals RefOp = iota
	RefStartsWith
	RefEndsWith
	RefContains
)

// Predicate is one test of one field against one value. Where a field has many values (a list), one that passes is
// enough. A field that the event does not have passes only IsNull. Field "" is a keyword: the test is of the whole
// raw record where it has a text form, else of each value of the event.
type Predicate struct {
	Field   string
	Kind    PredicateKind
	Pattern Pattern     // Match
	Cased   bool        // Match, RefMatch
	Regexp  *Expression // Regexp
	Prefix  netip.Prefix
	Cmp     Cmp      // Compare
	Number  float64  // Compare
	Part    TimePart // Compare: of the value's date
	Ref     string   // RefMatch: the other field
	RefOp   RefOp

	By  string // how the rule's author wrote it, for explanations: `CommandLine|contains: ' -enc '`
	Pos Pos    // of the value in the rule file
}

// Token is a piece of a Pattern.
type Token struct {
	Kind TokenKind
	Text string // of Literal; never empty
}

// TokenKind is the kind of a Token.
type TokenKind uint8

// The kinds of tokens.
const (
	Literal TokenKind = iota
	AnyRun            // *: any run of characters, also none
	AnyOne            // ?: one character
)

// Pattern is a string with wildcards, matched against the whole of a text: no tokens match the empty text only,
// contains is AnyRun, literal, AnyRun. No two AnyRun and no two Literal stand side by side.
type Pattern []Token

// Correlation is the correlation section of a rule. Source: Sigma correlation rules specification 2.1.
type Correlation struct {
	Type      CorrelationType
	Rules     []RuleRef
	GroupBy   []string
	Timespan  int64            // nanoseconds
	Aliases   map[string]Alias // alias → rule → field
	Condition []CountCondition // all must hold; empty for temporal types: all rules
	Expr      *CorrelationExpr // extended condition of temporal types: "a and (b or not c)"; else nil
	Field     []string         // what value_* looks at
	Percent   float64          // value_percentile: which percentile, in percent; 50 for value_median
	Generate  bool             // the referred rules hit on their own too
	Implicit  bool             // made from an old aggregation ("| count() by x > n"): Rules holds the rule's own detection
}

// RuleRef is a reference to another rule by id or name, resolved after all rules are loaded.
type RuleRef struct {
	Ref  string
	Rule *Rule
	Pos  Pos

	source string // the line of Pos, for diagnostics
}

// Alias maps the name or id of a rule, as written, to the field that an alias means in its events.
type Alias map[string]string

// CountCondition is one comparison of a correlation's condition.
type CountCondition struct {
	Cmp   Cmp
	Value float64
}

// CorrelationType is the kind of a correlation.
type CorrelationType uint8

// The types of correlations.
const (
	EventCount CorrelationType = iota
	ValueCount
	Temporal
	TemporalOrdered
	ValueSum
	ValueAvg
	ValuePercentile
	ValueMedian
	ValueMin // of old aggregations only: "| min(field) by x < n"
	ValueMax // of old aggregations only
)

// CorrelationExpr is a boolean condition over the rules that a temporal correlation refers to.
type CorrelationExpr struct {
	Op   Op // And, Or, Not, Test
	Kids []*CorrelationExpr
	Rule int // of Test: index into Correlation.Rules
}

// Filter is the filter section of a global filter: the rules it names are each narrowed by "and not".
// Source: Sigma filters specification 2.1.
type Filter struct {
	Any    bool     // rules: any
	Rules  []string // ids or names
	Expr   *Expr    // what is filtered out
	Unused bool     // no loaded rule is concerned
}

func (t CorrelationType) String() string {
	switch t {
	case ValueMin:
		return "value_min"
	case ValueMax:
		return "value_max"
	}
	return correlationNames[t]
}

func (c Cmp) String() string { return [...]string{"eq", "neq", "lt", "lte", "gt", "gte"}[c] }
