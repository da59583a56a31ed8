package netflow

import (
	"slices"
	"strings"
)

// Bounds of what one exporter may make us keep.
const (
	maxFields    = 1024        // of a template
	maxTemplates = 4096        // of an exporter
	maxFacts     = 8192        // likewise
	maxFact      = 256         // bytes of one's value
	maxHeader    = 512 << 10   // bytes of all templates and facts
	maxAge       = 24 * 3600e9 // since a template was told, in ns of the exporter's own time
	variable     = 65535       // size of a field whose records say how long it is
)

// setKey names the layout of a data set.
type setKey struct {
	version uint8
	domain  uint32
	id      uint16
}

// field is one of a template.
type field struct {
	enterprise uint32
	id         uint16
	size       uint16 // bytes, or variable
	scope      bool   // says what the record is about (options)
}

// template is the layout of records.
type template struct {
	options bool
	fields  []field
	least   int    // bytes of the shortest record
	varies  bool   // not all records have the same size
	raw     string // what it was read from: equal templates have equal raws, given the version and options
}

// readTemplate reads the template that s, the rest of a set, begins with. next is what follows; ok is false where s
// holds none. A template without fields takes back what it named.
func readTemplate(version, set int, s string) (id uint16, t *template, next string, ok bool) {
	if len(s) < 4 {
		return 0, nil, "", false
	}
	id = uint16(u16(s))
	count, scopes, head := u16(s[2:]), 0, 4
	t = &template{}
	switch {
	case id < firstData:
		return 0, nil, "", false
	case set == v9Options && version == v9:
		if len(s) < 6 {
			return 0, nil, "", false
		}
		t.options, head = true, 6
		scopes = u16(s[2:]) / 4
		count = scopes + u16(s[4:])/4
	case set == ipfixOptions && version == ipfix && count > 0:
		if len(s) < 6 {
			return 0, nil, "", false
		}
		t.options, head = true, 6
		scopes = u16(s[4:])
	}
	if count > maxFields || scopes > count {
		return 0, nil, "", false
	}
	at := head
	t.fields = make([]field, 0, min(count, len(s)/4))
	for i := range count {
		if len(s)-at < 4 {
			return 0, nil, "", false
		}
		f := field{id: uint16(u16(s[at:])), size: uint16(u16(s[at+2:])), scope: i < scopes}
		at += 4
		if version == ipfix && f.id&0x8000 != 0 {
			if len(s)-at < 4 {
				return 0, nil, "", false
			}
			f.id, f.enterprise = f.id&0x7fff, u32(s[at:])
			at += 4
		}
		if f.size == variable {
			t.varies = true
			t.least++
		} else {
			t.least += int(f.size)
		}
		t.fields = append(t.fields, f)
	}
	t.raw = s[:at]
	return id, t, s[at:], true
}

// cut takes a field off a record; ok is false where the record ends before.
func (f *field) cut(s string) (value, rest string, ok bool) {
	n := int(f.size)
	if n == variable { // RFC 7011 §7
		if s == "" {
			return "", "", false
		}
		n, s = int(s[0]), s[1:]
		if n == 255 {
			if len(s) < 2 {
				return "", "", false
			}
			n, s = u16(s), s[2:]
		}
	}
	if n > len(s) {
		return "", "", false
	}
	return s[:n], s[n:], true
}

// isTemplates tells whether a set holds templates.
func isTemplates(version, set int) bool {
	return version == v9 && set <= v9Options || version == ipfix && (set == ipfixTpls || set == ipfixOptions)
}

// definitions are what an exporter has told of its records.
type definitions struct {
	templates map[setKey]*definition
	facts     map[factKey]string
	size      int // bytes of the header that they make
	factSize  int // of them, those of facts: at most half
	header    string
	stale     bool // header is not made of what there is now
}

type definition struct {
	*template
	told int64 // the export time when it was told last
}

func newDefinitions() *definitions {
	return &definitions{templates: make(map[setKey]*definition), facts: make(map[factKey]string)}
}

// entryHead is what an entry of a header takes beside its template: see header.go.
const entryHead = 10

// learn takes a template in. It returns what is wrong with that, "" for nothing.
func (d *definitions) learn(key setKey, t *template, now int64) (odd string) {
	old := d.templates[key]
	if len(t.fields) == 0 {
		if old != nil {
			d.forget(key)
		}
		return ""
	}
	if old != nil && old.options == t.options && old.raw == t.raw {
		old.told = now
		return ""
	}
	if old != nil {
		d.forget(key)
	}
	if d.full(t) {
		d.expire(now)
		if d.full(t) {
			return oddMany
		}
	}
	kept := *t
	kept.raw = strings.Clone(t.raw) // not the datagram around it
	d.templates[key] = &definition{template: &kept, told: now}
	d.size += len(kept.raw) + entryHead
	d.stale = true
	return ""
}

// full tells whether something must be forgotten before t finds room.
func (d *definitions) full(t *template) bool {
	return len(d.templates) >= maxTemplates || d.size-d.factSize+len(t.raw)+entryHead > maxHeader/2
}

func (d *definitions) forget(key setKey) {
	d.size -= len(d.templates[key].raw) + entryHead
	delete(d.templates, key)
	d.stale = true
}

// expire forgets templates that were not told for long, and when that is not enough the eldest quarter.
func (d *definitions) expire(now int64) {
	var ages []int64
	for key, t := range d.templates {
		if now-t.told > maxAge {
			d.forget(key)
			continue
		}
		ages = append(ages, t.told)
	}
	if len(d.templates) < maxTemplates*3/4 && d.size-d.factSize < maxHeader*3/8 {
		return
	}
	slices.Sort(ages)
	limit := ages[len(ages)/4]
	for key, t := range d.templates {
		if t.told <= limit && len(d.templates) > len(ages)*3/4 {
			d.forget(key)
		}
	}
}
