package intel

import (
	"errors"
	"slices"
	"time"
)

// ErrTooMany says that a pattern could not be decided: too many combinations of observations were possible.
var ErrTooMany = errors.New("too many combinations of observations")

// maxBindings bounds the work for one answer.
const maxBindings = 1 << 20

// Match tells whether observations make the pattern true, in any order of the list. A value that cannot be compared as the
// pattern asks, such as a text with a timestamp, is an error.
func (p *StixPattern) Match(list []Observation) (bool, error) {
	b := &binder{obs: list, left: make([]int, len(list)), leaves: make([][]int, len(p.leaves))}
	for i := range list {
		b.left[i] = max(1, list[i].Count)
	}
	for i, l := range p.leaves {
		for j := range list {
			ok, err := l.expr.matches(&list[j])
			if err != nil {
				return false, err
			}
			if ok {
				b.leaves[i] = append(b.leaves[i], j)
			}
		}
	}
	return b.match(p)
}

// match looks for a binding: an observation for each part of the pattern, each used once (§9.3).
func (b *binder) match(p *StixPattern) (bool, error) {
	found := b.bind(p.root, nil, func(chosen []int) bool {
		b.found = slices.Clone(chosen)
		return true
	})
	if !found && b.steps > maxBindings {
		return false, ErrTooMany
	}
	return found, nil
}

// binder searches by going back: each part takes an observation that is left, and gives it back.
type binder struct {
	obs     []Observation
	left    []int   // by observation: how often it is still there
	leaves  [][]int // by leaf: the observations that it could be
	windows []window
	spans   []*observation // START STOP in force
	steps   int
	found   []int
}

// window is a WITHIN in force, for what was chosen from a place on.
type window struct {
	from  int
	width time.Duration
}

// bind calls yield with each way to bind a node, after what is chosen already, until it returns true.
func (b *binder) bind(n *observation, chosen []int, yield func([]int) bool) bool {
	if b.steps > maxBindings {
		return false
	}
	switch n.op {
	case opLeaf:
		return b.leaf(n, chosen, 0, yield)
	case opOr:
		return b.bind(n.left, chosen, yield) || b.bind(n.right, chosen, yield)
	case opAnd:
		return b.bind(n.left, chosen, func(c []int) bool { return b.bind(n.right, c, yield) })
	case opFollowedBy:
		from := len(chosen)
		return b.bind(n.left, chosen, func(c []int) bool {
			middle := len(c)
			return b.bind(n.right, c, func(c []int) bool { return b.follows(c[from:middle], c[middle:]) && yield(c) })
		})
	case opWithin:
		return within(&b.windows, window{len(chosen), n.within}, yield, func(y func([]int) bool) bool { return b.bind(n.left, chosen, y) })
	case opStartStop:
		return within(&b.spans, n, yield, func(y func([]int) bool) bool { return b.bind(n.left, chosen, y) })
	}
	if n.left.op == opLeaf {
		return b.times(n, chosen, yield)
	}
	return b.repeat(n, n.times, chosen, nil, yield)
}

// within binds under a bound that stands on a stack. What is yielded is outside of it, so there it is taken off.
func within[T any](stack *[]T, bound T, yield func([]int) bool, bind func(func([]int) bool) bool) bool {
	*stack = append(*stack, bound)
	found := bind(func(c []int) bool {
		*stack = (*stack)[:len(*stack)-1]
		stop := yield(c)
		*stack = append(*stack, bound)
		return stop
	})
	*stack = (*stack)[:len(*stack)-1]
	return found
}

// leaf chooses an observation, from a place in the list of those that fit.
func (b *binder) leaf(n *observation, chosen []int, from int, yield func([]int) bool) bool {
	for _, i := range b.leaves[n.index][from:] {
		if b.left[i] == 0 {
			continue
		}
		if b.steps++; b.steps > maxBindings {
			return false
		}
		c := append(chosen, i)
		if !b.inSpans(i) || !b.inWindows(c) {
			continue
		}
		b.left[i]--
		stop := yield(c)
		b.left[i]++
		if stop {
			return true
		}
	}
	return false
}

// times repeats a leaf: n observations, chosen in order so that no choice is tried twice. Where the repetition has a window
// to itself, the window's beginning is chosen first, and then all that lie in it go together.
func (b *binder) times(n *observation, chosen []int, yield func([]int) bool) bool {
	fit := b.leaves[n.left.index]
	last := len(b.windows) - 1
	if last < 0 || b.windows[last].from != len(chosen) {
		return b.some(fit, n.times, chosen, yield)
	}
	for _, anchor := range fit {
		begin := b.obs[anchor].Last
		end := reach(begin, b.windows[last].width)
		together := make([]int, 0, n.times)
		for _, i := range fit {
			if b.obs[i].First <= end && b.obs[i].Last >= begin {
				together = append(together, i)
			}
		}
		if b.some(together, n.times, chosen, yield) {
			return true
		}
		if b.steps += len(fit); b.steps > maxBindings {
			return false
		}
	}
	return false
}

// some chooses n of a list.
func (b *binder) some(list []int, n int, chosen []int, yield func([]int) bool) bool {
	if n == 0 {
		return yield(chosen)
	}
	there := 0
	for _, i := range list {
		if b.inSpans(i) {
			if there += b.left[i]; there >= n {
				break
			}
		}
	}
	if there < n {
		return false
	}
	for k, i := range list {
		if b.left[i] == 0 || !b.inSpans(i) {
			continue
		}
		if b.steps++; b.steps > maxBindings {
			return false
		}
		c := append(chosen, i)
		if !b.inWindows(c) {
			continue
		}
		b.left[i]--
		stop := b.some(list[k:], n-1, c, yield)
		b.left[i]++
		if stop {
			return true
		}
	}
	return false
}

// repeat binds a node n times, each time to later observations than before, as lists are compared.
func (b *binder) repeat(n *observation, left int, chosen, before []int, yield func([]int) bool) bool {
	if left == 0 {
		return yield(chosen)
	}
	from := len(chosen)
	return b.bind(n.left, chosen, func(c []int) bool {
		now := c[from:]
		if before != nil && slices.Compare(now, before) < 0 {
			return false
		}
		return b.repeat(n, left-1, c, slices.Clone(now), yield)
	})
}

// follows tells whether times can be chosen such that all of b are not before all of a.
func (b *binder) follows(first, second []int) bool {
	for _, i := range first {
		for _, j := range second {
			if b.obs[i].First > b.obs[j].Last {
				return false
			}
		}
	}
	return true
}

// inSpans tells whether an observation can have been between START and STOP, the latter exclusive.
func (b *binder) inSpans(i int) bool {
	for _, s := range b.spans {
		if s.start >= s.stop || b.obs[i].Last < s.start || b.obs[i].First >= s.stop {
			return false
		}
	}
	return true
}

// inWindows tells whether times can be chosen for what was chosen last such that each WITHIN holds: a stretch of that
// length that begins where the first of them ends has to touch all.
func (b *binder) inWindows(chosen []int) bool {
	for _, w := range b.windows {
		list := chosen[w.from:]
		begin := b.obs[list[0]].Last
		for _, i := range list[1:] {
			begin = min(begin, b.obs[i].Last)
		}
		end := reach(begin, w.width)
		for _, i := range list {
			if b.obs[i].First > end {
				return false
			}
		}
	}
	return true
}

// reach adds without going round.
func reach(t int64, d time.Duration) int64 {
	if sum := t + int64(d); sum >= t {
		return sum
	}
	return 1<<63 - 1
}
