package netflow

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// The header of a block is what the exporter told before, or tells in it, about the records in it: entries of
// kind (1 byte), version or what the fact is about (1), domain (4), sizes of what follows (2 and 2), and that: a
// template as it was told, or the key and the value of a fact.

const (
	entryTemplate = 't'
	entryOptions  = 'o'
	entryFact     = 'f'
)

// block returns the header for a block that ends now.
func (d *definitions) block() string {
	if !d.stale {
		return d.header
	}
	b := make([]byte, 0, d.size)
	keys := make([]setKey, 0, len(d.templates))
	for k := range d.templates {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b setKey) int {
		return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.domain, b.domain), cmp.Compare(a.id, b.id))
	})
	for _, k := range keys {
		t := d.templates[k]
		kind := byte(entryTemplate)
		if t.options {
			kind = entryOptions
		}
		b = appendEntry(b, kind, k.version, k.domain, t.raw, "")
	}
	facts := make([]factKey, 0, len(d.facts))
	for k := range d.facts {
		facts = append(facts, k)
	}
	slices.SortFunc(facts, func(a, b factKey) int {
		return cmp.Or(cmp.Compare(a.domain, b.domain), cmp.Compare(a.what, b.what), cmp.Compare(a.key, b.key))
	})
	for _, k := range facts {
		b = appendEntry(b, entryFact, k.what, k.domain, k.key, d.facts[k])
	}
	d.header, d.stale = string(b), false
	return d.header
}

func appendEntry(b []byte, kind, what byte, domain uint32, key, value string) []byte {
	b = append(b, kind, what)
	b = binary.BigEndian.AppendUint32(b, domain)
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(append(b, key...), value...)
}

// readEntries calls yield for what a header holds, as far as it can be read.
func readEntries(s string, yield func(kind, what byte, domain uint32, key, value string)) {
	for len(s) >= entryHead {
		n, m := u16(s[6:]), u16(s[8:])
		if len(s)-entryHead < n+m {
			return
		}
		rest := s[entryHead:]
		yield(s[0], s[1], u32(s[2:]), rest[:n], rest[n:n+m])
		s = rest[n+m:]
	}
}
