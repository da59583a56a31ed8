package sigma

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// dfa tells whether a regular expression matches somewhere in a text, with a deterministic automaton that is built as
// texts call for its states: one table look-up for each character instead of a walk over all threads of package regexp.
// It keeps at most maxDFAStates states; a text that needs more is left to package regexp. It belongs to one goroutine.
//
// A state is the set of instructions that wait for the next character, before empty-width assertions (^, $, \b) are
// resolved, since these depend on that character too; so it also says of what kind the character before was.
type dfa struct {
	plain   *Expression
	prog    *syntax.Prog
	bounds  []rune     // the first rune of each class but the first, ascending
	ascii   [128]uint8 // class of each ASCII character
	kinds   []runeKind // of each class
	classes int        // and one more for the end of the text

	states []dfaState
	byKey  map[string]int32
	next   []int32 // state*(classes+1) + class → the next state*(classes+1); unknown: not worked out yet

	stack, set []uint32
	seen       []bool
	key        []byte
}

type dfaState struct {
	pcs    []uint32
	before runeKind
}

// runeKind is what empty-width assertions ask of a character.
type runeKind uint8

const (
	outside runeKind = iota // before the first, after the last
	newline
	wordRune
	otherRune
)

const (
	unknownState = -1
	matched      = -2 // whatever follows
	failed       = -3 // whatever follows

	maxDFAStates  = 2048
	maxDFAClasses = 250
	maxDFAInsts   = 4096
)

// newDFA returns nil where the expression is too large for an automaton to pay.
func newDFA(re *Expression) *dfa {
	parsed, err := re.parsed()
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > maxDFAInsts {
		return nil
	}
	d := &dfa{plain: re, prog: prog, byKey: make(map[string]int32), seen: make([]bool, len(prog.Inst))}
	if !d.classify() {
		return nil
	}
	d.state([]uint32{uint32(prog.Start)}, outside)
	return d
}

// classify cuts the runes into classes that no instruction tells apart.
func (d *dfa) classify() bool {
	cuts := []rune{'\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, utf8.RuneSelf}
	add := func(lo, hi rune) { cuts = append(cuts, lo, hi+1) }
	for _, in := range d.prog.Inst {
		switch in.Op {
		case syntax.InstRune, syntax.InstRune1:
			if len(in.Rune) == 1 { // with folding: every case of it
				for _, r := range foldOrbit(in.Rune[0]) {
					add(r, r)
				}
				continue
			}
			for i := 0; i+1 < len(in.Rune); i += 2 {
				add(in.Rune[i], in.Rune[i+1])
			}
		}
	}
	slices.Sort(cuts)
	d.bounds = slices.Compact(cuts)
	for len(d.bounds) > 0 && d.bounds[0] <= 0 {
		d.bounds = d.bounds[1:]
	}
	d.classes = len(d.bounds) + 1
	if d.classes > maxDFAClasses {
		return false
	}
	d.kinds = make([]runeKind, d.classes)
	for c := range d.classes {
		d.kinds[c] = kindOf(d.example(c))
	}
	for r := range d.ascii {
		d.ascii[r] = uint8(d.class(rune(r)))
	}
	return true
}

func foldOrbit(r rune) []rune {
	list := []rune{r}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		list = append(list, f)
	}
	return list
}

// example returns a rune of a class.
func (d *dfa) example(class int) rune {
	if class == 0 {
		return 0
	}
	return d.bounds[class-1]
}

func (d *dfa) class(r rune) int {
	i, found := slices.BinarySearch(d.bounds, r)
	if found {
		return i + 1
	}
	return i
}

func kindOf(r rune) runeKind {
	switch {
	case r == '\n':
		return newline
	case syntax.IsWordChar(r):
		return wordRune
	}
	return otherRune
}

// match tells whether the expression matches in text.
func (d *dfa) match(text []byte) bool {
	row, next := 0, d.next // row is state*(classes+1)
	for i := 0; i < len(text); {
		var class int
		if c := text[i]; c < utf8.RuneSelf {
			class = int(d.ascii[c])
			i++
		} else {
			r, n := utf8.DecodeRune(text[i:])
			class = d.class(r)
			i += n
		}
		to := next[row+class]
		if to < 0 {
			if to == unknownState {
				to = d.step(row, class)
				next = d.next
			}
			switch to {
			case matched:
				return true
			case failed:
				return false
			case unknownState:
				return d.plain.Match(text)
			}
		}
		row = int(to)
	}
	end := row + d.classes
	if d.next[end] == unknownState {
		d.next[end] = failed
		if d.close(d.states[row/(d.classes+1)], outside) {
			d.next[end] = matched
		}
	}
	return d.next[end] == matched
}

// step works out where the state of a row goes on a class; unknownState where there is no room for more states.
func (d *dfa) step(row, class int) int32 {
	kind := d.kinds[class]
	to := int32(matched)
	if !d.close(d.states[row/(d.classes+1)], kind) {
		r := d.example(class)
		var after []uint32
		for _, pc := range d.set {
			if in := &d.prog.Inst[pc]; in.MatchRune(r) {
				after = append(after, in.Out)
			}
		}
		slices.Sort(after)
		if to = d.state(slices.Compact(after), kind); to >= 0 {
			to *= int32(d.classes + 1)
		}
	}
	if to != unknownState {
		d.next[row+class] = to
	}
	return to
}

// state returns the state of a set of instructions, with the start of the expression among them: it may begin anywhere.
func (d *dfa) state(pcs []uint32, before runeKind) int32 {
	if !slices.Contains(pcs, uint32(d.prog.Start)) && d.mayBeginLater() {
		pcs = append(pcs, uint32(d.prog.Start))
		slices.Sort(pcs)
	}
	if len(pcs) == 0 {
		return failed
	}
	d.key = append(d.key[:0], byte(before))
	for _, pc := range pcs {
		d.key = binary.AppendUvarint(d.key, uint64(pc))
	}
	if s, ok := d.byKey[string(d.key)]; ok {
		return s
	}
	if len(d.states) == maxDFAStates {
		return unknownState
	}
	s := int32(len(d.states))
	d.byKey[string(d.key)] = s
	d.states = append(d.states, dfaState{slices.Clone(pcs), before})
	for range d.classes + 1 {
		d.next = append(d.next, unknownState)
	}
	return s
}

// mayBeginLater tells whether a match can begin after the start of the text.
func (d *dfa) mayBeginLater() bool { return d.prog.StartCond()&syntax.EmptyBeginText == 0 }

// close puts the instructions that take a character into d.set: all that can be reached from a state without one, given
// the kind of the character that follows. It tells whether the match is reached.
func (d *dfa) close(s dfaState, after runeKind) bool {
	flags := emptyFlags(s.before, after)
	clear(d.seen)
	d.set, d.stack = d.set[:0], append(d.stack[:0], s.pcs...)
	for len(d.stack) > 0 {
		pc := d.stack[len(d.stack)-1]
		d.stack = d.stack[:len(d.stack)-1]
		if d.seen[pc] {
			continue
		}
		d.seen[pc] = true
		switch in := &d.prog.Inst[pc]; in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			d.stack = append(d.stack, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			d.stack = append(d.stack, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^flags == 0 {
				d.stack = append(d.stack, in.Out)
			}
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			d.set = append(d.set, pc)
		}
	}
	return false
}

func emptyFlags(before, after runeKind) syntax.EmptyOp {
	var f syntax.EmptyOp
	if before == outside {
		f |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	}
	if before == newline {
		f |= syntax.EmptyBeginLine
	}
	if after == outside {
		f |= syntax.EmptyEndText | syntax.EmptyEndLine
	}
	if after == newline {
		f |= syntax.EmptyEndLine
	}
	if (before == wordRune) != (after == wordRune) {
		return f | syntax.EmptyWordBoundary
	}
	return f | syntax.EmptyNoWordBoundary
}
