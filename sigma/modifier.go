package sigma

import (
	"net/netip"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// operand is a value on its way through the modifiers of its item.
type operand struct {
	kind    PredicateKind
	cased   bool
	exists  bool
	flags   regexpFlags
	cmp     Cmp
	part    TimePart
	refOp   RefOp
	number  float64
	pattern Pattern
	source  string // of a regular expression, or the name of the other field
	ref     string
	prefix  netip.Prefix
}

// modifierNames are all modifiers, for hints. "all" and "neq" concern the whole item, the others each value.
func modifierNames() []string {
	return []string{
		"contains", "startswith", "endswith", "all", "exists", "cased", "neq", "windash", "re", "i", "m", "s",
		"ignorecase", "multiline", "dotall", "base64", "base64offset", "utf16le", "utf16be", "utf16", "wide",
		"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year", "cidr", "expand", "fieldref",
	}
}

// known checks the names of an item's modifiers and how they combine.
func (l *loader) known(it *item) bool {
	ok := true
	for i, m := range it.mods {
		switch modifierOf(m) {
		case noModifier:
			ok = false
			hint := didYouMean(m, modifierNames())
			if m == "" {
				hint = "remove the | that nothing follows"
			}
			l.failAt(it.key, it.offsets[i], it.offsets[i]+len(m), hint, "unknown modifier %q", m)
		case modContains, modStartsWith, modEndsWith, modRegexp, modCompare, modTimePart:
			it.bounded = true
		}
	}
	if ok && it.field == "" {
		for i, m := range it.mods {
			switch modifierOf(m) {
			case modExists, modCompare, modTimePart, modFieldRef, modCIDR:
				ok = false
				l.failAt(it.key, it.offsets[i], it.offsets[i]+len(m), "", "the modifier %q needs a field", m)
			}
		}
	}
	return ok
}

// modifier is what a modifier does.
type modifier uint8

const (
	noModifier modifier = iota
	modContains
	modStartsWith
	modEndsWith
	modExists
	modCased
	modWindash
	modRegexp
	modFlag
	modBase64
	modBase64Offset
	modUTF16
	modCompare
	modTimePart
	modCIDR
	modExpand
	modFieldRef
)

func modifierOf(name string) modifier {
	switch name {
	case "contains":
		return modContains
	case "startswith":
		return modStartsWith
	case "endswith":
		return modEndsWith
	case "exists":
		return modExists
	case "cased":
		return modCased
	case "windash":
		return modWindash
	case "re":
		return modRegexp
	case "i", "m", "s", "ignorecase", "multiline", "dotall":
		return modFlag
	case "base64":
		return modBase64
	case "base64offset":
		return modBase64Offset
	case "utf16le", "wide", "utf16be", "utf16":
		return modUTF16
	case "lt", "lte", "gt", "gte":
		return modCompare
	case "minute", "hour", "day", "week", "month", "year":
		return modTimePart
	case "cidr":
		return modCIDR
	case "expand":
		return modExpand
	case "fieldref":
		return modFieldRef
	}
	return noModifier
}

// modified applies an item's modifiers, in their order, to one value. It returns the alternatives that it becomes.
func (l *loader) modified(it *item, n *yaml.Node) ([]operand, bool) {
	first := operand{}
	switch {
	case isNull(n):
		first.kind = IsNull
	case n.Tag == "!!str":
		first.pattern = ParsePattern(n.Value)
	default:
		first.pattern = LiteralPattern(n.Value)
	}
	ops := []operand{first}
	for i, name := range it.mods {
		next, problem := l.apply(it, n, ops, name)
		if problem.message != "" {
			d := l.within(it.key, it.offsets[i], it.offsets[i]+len(name))
			if problem.value {
				d = Diagnostic{Pos: l.pos(n), End: l.end(n)}
				if problem.to > problem.from {
					d = l.within(n, problem.from, problem.to)
				}
			}
			d.Message, d.Hint = problem.message, problem.hint
			l.add(d)
			return nil, false
		}
		ops = next
	}
	return ops, true
}

// problem is why a modifier cannot be applied; the zero problem is none.
type problem struct {
	message, hint string
	value         bool // it is the value's fault, not the modifier's
	from, to      int  // the part of the value concerned
}

// apply applies one modifier to all alternatives of a value.
func (l *loader) apply(it *item, n *yaml.Node, ops []operand, name string) ([]operand, problem) {
	mod := modifierOf(name)
	switch mod {
	case modWindash:
		return expandEach(ops, name, windash)
	case modBase64Offset:
		return expandEach(ops, name, base64Offset)
	case modExpand:
		return l.placeholders(ops)
	}
	for i := range ops {
		if p := applyOne(it, n, &ops[i], mod, name); p.message != "" {
			return nil, p
		}
	}
	return ops, problem{}
}

// applyOne applies a modifier that makes one value of one.
func applyOne(it *item, n *yaml.Node, o *operand, mod modifier, name string) problem {
	switch mod {
	case modContains, modStartsWith, modEndsWith:
		return o.anchor(mod, name)
	case modCased:
		if o.kind != Match && o.kind != RefMatch {
			return wrongKind(name, o)
		}
		o.cased = true
	case modExists:
		return o.existence(it, n)
	case modRegexp:
		if len(it.mods) > 0 && it.mods[0] != "re" {
			return problem{message: "re must be the first modifier", hint: "the value of re is an expression of its own: nothing can be done to it before"}
		}
		if o.kind != Match {
			return wrongKind(name, o)
		}
		o.kind, o.source = Regexp, n.Value
	case modFlag:
		if o.kind != Regexp {
			return problem{message: "the modifier " + strconv.Quote(name) + " is for regular expressions", hint: "write |re|" + name}
		}
		o.flags |= flagOf(name)
	case modBase64:
		return o.base64()
	case modUTF16:
		return o.utf16(name)
	case modCompare, modTimePart:
		return o.compare(n, mod, name)
	case modCIDR:
		return o.network(n)
	case modFieldRef:
		return o.reference()
	}
	return problem{}
}

// wrongKind is the problem of a modifier that does not fit what the value is by now.
func wrongKind(name string, o *operand) problem {
	what := ""
	switch o.kind {
	case Match:
		what = "a plain text"
	case Regexp:
		what = "a regular expression"
	case CIDR:
		what = "a network"
	case Exists:
		what = "exists"
	case IsNull:
		what = "null"
	case Compare:
		what = "a comparison"
	case RefMatch:
		what = "a reference to a field"
	}
	return problem{message: "the modifier " + strconv.Quote(name) + " cannot be applied to " + what, value: o.kind == IsNull}
}

// anchor applies contains, startswith or endswith. A regular expression is tied to that end of the text; it is looked
// for anywhere otherwise.
func (o *operand) anchor(mod modifier, name string) problem {
	switch o.kind {
	case Match:
		o.pattern = o.pattern.open(mod != modStartsWith, mod != modEndsWith)
	case Regexp:
		switch mod {
		case modStartsWith:
			o.flags |= flagStart
		case modEndsWith:
			o.flags |= flagEnd
		}
	case RefMatch:
		o.refOp = refOpOf(mod)
	default:
		return wrongKind(name, o)
	}
	return problem{}
}

func refOpOf(mod modifier) RefOp {
	switch mod {
	case modStartsWith:
		return RefStartsWith
	case modEndsWith:
		return RefEndsWith
	}
	return RefContains
}

func (o *operand) existence(it *item, n *yaml.Node) problem {
	if len(it.mods) > 1 {
		return problem{message: "exists cannot be combined with other modifiers"}
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes":
		o.exists = true
	case "false", "no":
	default:
		return problem{message: "the value of exists is true or false", value: true}
	}
	o.kind = Exists
	return problem{}
}

// compare applies lt, lte, gt, gte and the parts of dates, which may follow each other in any order.
func (o *operand) compare(n *yaml.Node, mod modifier, name string) problem {
	if o.kind != Match && o.kind != Compare {
		return wrongKind(name, o)
	}
	if o.kind == Match {
		f, ok := number(n.Value)
		if !ok {
			return problem{message: "the modifier " + strconv.Quote(name) + " needs a number", value: true}
		}
		o.kind, o.number, o.cmp = Compare, f, EQ
	}
	if mod == modTimePart {
		if o.part != NoPart {
			return problem{message: "only one part of a date can be compared at a time"}
		}
		o.part = timePartOf(name)
		return o.plausible(name)
	}
	if o.cmp != EQ {
		return problem{message: "only one comparison can be made at a time", hint: "for a range, use two selections"}
	}
	switch name {
	case "lt":
		o.cmp = LT
	case "lte":
		o.cmp = LE
	case "gt":
		o.cmp = GT
	case "gte":
		o.cmp = GE
	}
	return problem{}
}

func timePartOf(name string) TimePart {
	switch name {
	case "minute":
		return Minute
	case "hour":
		return Hour
	case "day":
		return Day
	case "week":
		return Week
	case "month":
		return Month
	}
	return Year
}

// plausible refuses numbers that the part of a date never has. Source: Sigma modifiers 2.1, "Time Modifiers".
func (o *operand) plausible(name string) problem {
	low, high := 0.0, 9999.0
	switch o.part {
	case Minute:
		high = 59
	case Hour:
		high = 23
	case Day:
		low, high = 1, 31
	case Week:
		low, high = 1, 53
	case Month:
		low, high = 1, 12
	}
	if o.number < low || o.number > high {
		return problem{
			message: "the " + name + " of a date is never " + strconv.FormatFloat(o.number, 'g', -1, 64),
			hint:    "it is a number from " + strconv.Itoa(int(low)) + " to " + strconv.Itoa(int(high)), value: true,
		}
	}
	return problem{}
}

// network applies cidr: an IPv4 or IPv6 network, one address, or an IPv4 network written as 192.168.*.
func (o *operand) network(n *yaml.Node) problem {
	if o.kind != Match {
		return wrongKind("cidr", o)
	}
	p, ok := parseNetwork(strings.TrimSpace(n.Value))
	if !ok {
		return problem{message: strconv.Quote(n.Value) + " is not an IP network", hint: "write it as 10.0.0.0/8 or fe80::/10", value: true}
	}
	o.kind, o.prefix = CIDR, p
	return problem{}
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if head, ok := strings.CutSuffix(s, ".*"); ok {
		octets := 1 + strings.Count(head, ".")
		for strings.HasSuffix(head, ".*") {
			head, octets = head[:len(head)-2], octets-1
		}
		if octets > 3 {
			return netip.Prefix{}, false
		}
		s = head + strings.Repeat(".0", 4-octets) + "/" + strconv.Itoa(8*octets)
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil
}

// reference applies fieldref. startswith, endswith and contains may stand before it too.
func (o *operand) reference() problem {
	if o.kind != Match {
		return wrongKind("fieldref", o)
	}
	p := o.pattern
	before := len(p) > 0 && p[0].Kind == AnyRun
	after := len(p) > 1 && p[len(p)-1].Kind == AnyRun
	if before {
		p = p[1:]
	}
	if after {
		p = p[:len(p)-1]
	}
	if p.wild() {
		return problem{message: "the name of a field must not have wildcards", value: true}
	}
	if o.ref = p.plain(); o.ref == "" {
		return problem{message: "fieldref needs the name of a field", value: true}
	}
	o.kind = RefMatch
	switch {
	case before && after:
		o.refOp = RefContains
	case before:
		o.refOp = RefEndsWith
	case after:
		o.refOp = RefStartsWith
	}
	return problem{}
}
