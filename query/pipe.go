package query

// Pipe makes other rows of the rows that it is given: *Stats, *Top, *Sort, *Head, *Tail, *Fields, *Uniq, *Timechart or
// *Filter.
type Pipe interface{ pipe() }

// Stats counts and sums rows up, one row for each group.
type Stats struct {
	Funcs []Func
	By    []Group // none: one group of all
}

// Func is one thing that is worked out of a group's rows.
type Func struct {
	Name  string // one of Funcs
	Field string // "" for count of rows
	As    string // the name of the column it makes; never ""
}

// Group is what rows are told apart by.
type Group struct {
	Field string
	Step  int64 // of _time: width of a bucket, nanoseconds; of numbers: of a bin; 0: the value itself
}

// Top lists the values, or combinations of values, that stand in the most rows; in the fewest if Rare. It adds a column
// "count".
type Top struct {
	N    int
	By   []string
	Rare bool
}

// Sort puts rows in order; N > 0 keeps the first N of them.
type Sort struct {
	Keys []Key
	N    int
}

// Key is what Sort goes by: numbers as numbers, addresses as addresses, and text, whatever its case, after both.
type Key struct {
	Field string
	Down  bool // largest first
}

// Head keeps the first N rows.
type Head struct{ N int }

// Tail keeps the last N rows.
type Tail struct{ N int }

// Fields keeps some columns, in this order; or all but them.
type Fields struct {
	Names []string
	Drop  bool
}

// Uniq lists each combination of values once, in order.
type Uniq struct{ By []string }

// Timechart works Func out for each step of time, oldest first.
type Timechart struct {
	Step int64 // nanoseconds
	Func Func
	By   []string
}

// Filter keeps the rows for which a condition holds.
type Filter struct{ Where Expr }

func (*Stats) pipe()     {}
func (*Top) pipe()       {}
func (*Sort) pipe()      {}
func (*Head) pipe()      {}
func (*Tail) pipe()      {}
func (*Fields) pipe()    {}
func (*Uniq) pipe()      {}
func (*Timechart) pipe() {}
func (*Filter) pipe()    {}

// Funcs are the functions of Stats and Timechart: canonical name → other names by which people know it.
func Funcs() map[string][]string {
	return map[string][]string{
		"count":  {"c", "rows"},
		"dc":     {"distinct", "distinct_count", "count_distinct", "count_uniq", "uniq", "cardinality", "card", "nunique"},
		"min":    {"earliest", "minimum"},
		"max":    {"latest", "maximum"},
		"sum":    {"total"},
		"avg":    {"mean", "average"},
		"values": {"uniq_values", "make_set"},
	}
}

// Limits of a query, so that no text can ask for unbounded work.
const (
	MaxLength = 64 << 10 // bytes of text
	MaxDepth  = 100      // parentheses within parentheses
	MaxTests  = 2000     // conditions
	MaxPipes  = 32
	MaxRows   = 1_000_000 // of head, tail, top, sort
	maxRegexp = 4096      // bytes of one regular expression
)
