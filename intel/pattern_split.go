package intel

import (
	"slices"
	"strings"
)

// plainValue is a comparison that a look-up does as well.
type plainValue struct {
	kind  Kind
	value string
}

// split takes the alternatives of a pattern that say no more than that one value is seen, and returns the pattern of the
// others; nil where none is left.
func (p *StixPattern) split() ([]plainValue, *StixPattern) {
	var plain []plainValue
	var rest []*observation
	for _, o := range alternatives(p.root, opOr) {
		if o.op != opLeaf {
			rest = append(rest, o)
			continue
		}
		var left *comparison
		for _, c := range orParts(o.expr) {
			if v := c.plain(); v != nil {
				plain = append(plain, v...)
			} else if left == nil {
				left = c
			} else {
				left = &comparison{or: true, left: left, right: c}
			}
		}
		if left != nil {
			rest = append(rest, &observation{op: opLeaf, expr: left})
		}
	}
	if len(rest) == 0 {
		return plain, nil
	}
	if len(plain) == 0 {
		return nil, p
	}
	out := &StixPattern{Text: p.Text, root: rest[0]}
	for _, o := range rest[1:] {
		out.root = &observation{op: opOr, left: out.root, right: o}
	}
	out.number(out.root)
	return plain, out
}

// number gives the leaves their places.
func (p *StixPattern) number(o *observation) {
	if o == nil {
		return
	}
	if o.op == opLeaf {
		o.index = len(p.leaves)
		p.leaves = append(p.leaves, o)
		return
	}
	p.number(o.left)
	p.number(o.right)
}

func alternatives(o *observation, op observationOp) []*observation {
	if o.op != op {
		return []*observation{o}
	}
	return append(alternatives(o.left, op), alternatives(o.right, op)...)
}

func orParts(c *comparison) []*comparison {
	if !c.or {
		return []*comparison{c}
	}
	return append(orParts(c.left), orParts(c.right)...)
}

// plain returns the values of a test that a look-up does as well; nil where it is another.
func (c *comparison) plain() []plainValue {
	t := c.test
	if t == nil || t.not || t.op != testEqual && t.op != testIn && t.op != testSubset {
		return nil
	}
	kind := t.path.kind()
	if kind == Unknown || t.op == testSubset && kind != IP {
		return nil
	}
	var out []plainValue
	for _, v := range t.values {
		text, is := v.(string)
		if !is {
			return nil
		}
		k := kind
		if k == IP && strings.Contains(text, "/") {
			k = Network
		}
		if _, ok := Normal(k, refang(text)); !ok {
			return nil
		}
		out = append(out, plainValue{k, text})
	}
	return out
}

// kind says which kind of indicator compares what the path leads to.
func (p *objectPath) kind() Kind {
	var keys []string
	for _, s := range p.steps {
		if s.index == stepKey {
			keys = append(keys, s.key)
		}
	}
	path := p.object + ":" + strings.Join(keys, ".")
	switch path {
	case "ipv4-addr:value", "ipv6-addr:value":
		return IP
	case "domain-name:value":
		return Domain
	case "url:value":
		return URL
	case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
		return Email
	case "file:name":
		return File
	}
	last := keys[len(keys)-1]
	if len(keys) > 1 && slices.Contains([]string{"file:hashes", "artifact:hashes", "x509-certificate:hashes", "process:binary_ref.hashes", "process:image_ref.hashes"},
		p.object+":"+strings.Join(keys[:len(keys)-1], ".")) {
		return hashNames[strings.ToLower(strings.ReplaceAll(last, "-", ""))]
	}
	return Unknown
}

var hashNames = map[string]Kind{"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512, "imphash": Imphash}
