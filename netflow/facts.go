package netflow

import "strings"

// factKey names something that an exporter has told about itself in options (RFC 7011 §3.4.2.2).
type factKey struct {
	domain uint32
	what   byte
	key    string // as in records, without leading zeros
}

// What facts are about.
const (
	factInterface = 'i' // its name
	factApp       = 'a' // the name of an application
	factSampler   = 's' // how many packets it takes one of; the key is "" where there is one sampler
	factStart     = 'u' // when the exporter was started, 8 bytes of ms since 1970
)

// note calls tell for what a record of options tells, as far as records of flows need it. Facts are told by the bytes that
// they are looked up by.
func note(domain uint32, version int, t *template, record string, tell func(k factKey, value string)) {
	var index, name, app, appName, sampler, interval, space, start string
	for i := range t.fields {
		f := &t.fields[i]
		var v string
		var ok bool
		if v, record, ok = f.cut(record); !ok {
			return
		}
		if f.enterprise != 0 {
			continue
		}
		if f.scope && version == v9 {
			if f.id == v9ScopeInterface {
				index = v
			}
			continue
		}
		switch f.id {
		case 10, 14, 252, 253: // ingressInterface, egressInterface and the physical ones
			if index == "" {
				index = v
			}
		case 82:
			name = v
		case 83:
			if name == "" {
				name = v
			}
		case 95:
			app = v
		case 96:
			appName = v
		case 48, 302: // samplerId, selectorId
			sampler = v
		case 34, 50, 305: // samplingInterval, samplerRandomInterval, samplingPacketInterval
			interval = v
		case 306: // samplingPacketSpace: so many are left out
			space = v
		case 160:
			start = v
		}
	}
	if index != "" && trimText(name) != "" {
		tell(factKey{domain, factInterface, trimZeros(index)}, trimText(name))
	}
	if app != "" && trimText(appName) != "" {
		tell(factKey{domain, factApp, app}, trimText(appName))
	}
	if n := number(interval[:min(len(interval), 8)]); n > 0 {
		if left := number(space[:min(len(space), 8)]); left > 0 {
			n = (n + left) / n
		}
		tell(factKey{domain, factSampler, trimZeros(sampler)}, string(appendUint(nil, n)))
	}
	if len(start) == 8 {
		tell(factKey{domain, factStart, ""}, start)
	}
}

// fact remembers what was told.
func (d *definitions) fact(k factKey, value string) {
	value = value[:min(len(value), maxFact)]
	old, has := d.facts[k]
	size := len(k.key) + len(value) + entryHead
	if has && old == value || len(k.key) > maxFact || !has && len(d.facts) >= maxFacts {
		return
	}
	if has {
		size -= len(k.key) + len(old) + entryHead
	}
	if d.factSize+size > maxHeader/2 {
		return
	}
	k.key = strings.Clone(k.key)
	d.facts[k] = strings.Clone(value)
	d.size += size
	d.factSize += size
	d.stale = true
}

// trimZeros cuts the bytes of zero that a number begins with.
func trimZeros(s string) string { return s[zeros(s):] }
