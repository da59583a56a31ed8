package netflow

import (
	"cmp"
	"slices"
)

// Told returns what the exporter has told of its records, for Recall: all of it where that fits into limit bytes, else the
// templates that it told last, and no facts. It is the same text as before where nothing new was told.
func (e *Exporter) Told(limit int) string {
	all := e.known.block()
	if len(all) <= limit {
		return all
	}
	type aged struct {
		key  setKey
		told int64
	}
	var list []aged
	for k, t := range e.known.templates {
		list = append(list, aged{k, t.told})
	}
	slices.SortFunc(list, func(a, b aged) int {
		return cmp.Or(cmp.Compare(b.told, a.told), cmp.Compare(a.key.version, b.key.version), cmp.Compare(a.key.domain, b.key.domain), cmp.Compare(a.key.id, b.key.id))
	})
	var b []byte
	for _, a := range list {
		t := e.known.templates[a.key]
		if len(b)+entryHead+len(t.raw) > limit {
			continue
		}
		kind := byte(entryTemplate)
		if t.options {
			kind = entryOptions
		}
		b = appendEntry(b, kind, a.key.version, a.key.domain, t.raw, "")
	}
	return string(b)
}

// Recall takes in what Told returned, of an exporter that has told nothing yet: the same one, before the process ended.
// What it tells itself takes the place of that. What cannot be read is left out.
func (e *Exporter) Recall(told string) {
	readEntries(told, func(kind, what byte, domain uint32, key, value string) {
		if kind == entryFact {
			e.known.fact(factKey{domain, what, key}, value)
			return
		}
		version := int(what)
		if version != v9 && version != ipfix {
			return
		}
		if id, t, _, ok := readTemplate(version, templateSet(version, kind == entryOptions), key); ok {
			e.known.learn(setKey{what, domain, id}, t, 0)
		}
	})
}

// templateSet returns the set in which templates of a kind are told.
func templateSet(version int, options bool) int {
	switch {
	case version == ipfix && options:
		return ipfixOptions
	case version == ipfix:
		return ipfixTpls
	case options:
		return v9Options
	}
	return v9Templates
}
