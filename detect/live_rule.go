package detect

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/tocsin-sec/tocsin/sigma"
)

// mark identifies a rule together with all that decides what it finds: two rules with the same mark have the same state
// after the same events.
type mark [16]byte

// marks remembers the marks of rules that others refer to.
type marks map[*sigma.Rule]mark

func (m marks) of(r *sigma.Rule) mark {
	if k, ok := m[r]; ok {
		return k
	}
	text := appendTexts(nil, r.ID, r.Name, r.LogSource.Category, r.LogSource.Product, r.LogSource.Service)
	if r.ID == "" {
		text = appendText(text, r.Title)
	}
	if r.Detection != nil {
		text = appendExpr(append(text, 'd'), r.Detection)
	}
	if r.Correlation != nil {
		text = m.correlation(append(text, 'c'), r)
	}
	k := markOf(text)
	m[r] = k
	return k
}

// plan returns the mark of a correlation together with what its state holds for those that refer to it.
func (m marks) plan(p *plan) mark {
	rule := m.of(p.rule)
	text := append([]byte("state"), rule[:]...)
	for i, f := range p.from {
		if f < 0 {
			text = appendText(text, p.wants[i])
		}
	}
	return markOf(text)
}

func markOf(text []byte) mark {
	sum := sha256.Sum256(text)
	return mark(sum[:len(mark{})])
}

func (m marks) correlation(dst []byte, r *sigma.Rule) []byte {
	c := r.Correlation
	dst = append(dst, byte(c.Type))
	dst = binary.AppendVarint(dst, c.Timespan)
	dst = binary.AppendUvarint(dst, uint64(len(c.Rules)))
	for _, ref := range c.Rules {
		dst = appendText(dst, ref.Ref)
		if ref.Rule != r { // else its own detection, which is in the text already
			k := m.of(ref.Rule)
			dst = append(dst, k[:]...)
		}
	}
	dst = appendList(dst, c.GroupBy)
	dst = appendList(dst, c.Field)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.Percent))
	for _, name := range slices.Sorted(maps.Keys(c.Aliases)) {
		dst = append(appendText(dst, name), 'a')
		for _, rule := range slices.Sorted(maps.Keys(c.Aliases[name])) {
			dst = appendTexts(dst, rule, c.Aliases[name][rule])
		}
	}
	for _, k := range c.Condition {
		dst = append(dst, 'k', byte(k.Cmp))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(k.Value))
	}
	if c.Expr != nil {
		dst = appendRefExpr(append(dst, 'e'), c.Expr)
	}
	return dst
}

func appendRefExpr(dst []byte, e *sigma.CorrelationExpr) []byte {
	dst = append(dst, byte(e.Op))
	dst = binary.AppendVarint(dst, int64(e.Rule))
	dst = binary.AppendUvarint(dst, uint64(len(e.Kids)))
	for _, k := range e.Kids {
		dst = appendRefExpr(dst, k)
	}
	return dst
}

func appendExpr(dst []byte, e *sigma.Expr) []byte {
	dst = append(dst, byte(e.Op))
	if t := e.Test; t != nil {
		dst = append(dst, 't', byte(t.Kind), byte(t.Cmp), byte(t.Part), byte(t.RefOp))
		dst = appendTexts(dst, t.Field, t.Pattern.String(), t.Ref)
		if t.Cased {
			dst = append(dst, 'c')
		}
		if t.Regexp != nil {
			dst = appendText(dst, t.Regexp.String())
		}
		if t.Prefix.IsValid() {
			dst = appendText(dst, t.Prefix.String())
		}
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(t.Number))
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Kids)))
	for _, k := range e.Kids {
		dst = appendExpr(dst, k)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTexts(dst []byte, list ...string) []byte {
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

func appendList(dst []byte, list []string) []byte {
	return appendTexts(binary.AppendUvarint(dst, uint64(len(list))), list...)
}
