package netflow

import "github.com/tocsin-sec/tocsin/event"

// v9ScopeInterface is the number of the scope "interface" (RFC 3954 §6.1).
const v9ScopeInterface = 2

var v9Scopes = [...]string{"scope", "scopeSystem", "scopeInterface", "scopeLineCard", "scopeCache", "scopeTemplate"}

// role is what a field is for, where the record as a whole says more than its fields.
type role uint8

const (
	noRole role = iota
	source4
	source6
	target4
	target6
	protocol
	startUp
	endUp
	startTime // of the kinds of time
	endTime
	startDelta
	endDelta
	durationMillis
	durationMicros
	observed
	started
	firewall
	forwarding
	direction
	bytesOut
	bytesBack
	packetsOut
	packetsBack
	ingress
	egress
	application
	appName
	sampler
	interval
	ipVersion
	roles
)

var roleOf = map[string]role{
	"sourceIPv4Address": source4, "sourceIPv6Address": source6, "destinationIPv4Address": target4, "destinationIPv6Address": target6,
	"protocolIdentifier": protocol, "flowStartSysUpTime": startUp, "flowEndSysUpTime": endUp,
	"flowStartSeconds": startTime, "flowStartMilliseconds": startTime, "flowStartMicroseconds": startTime, "flowStartNanoseconds": startTime,
	"flowEndSeconds": endTime, "flowEndMilliseconds": endTime, "flowEndMicroseconds": endTime, "flowEndNanoseconds": endTime,
	"flowStartDeltaMicroseconds": startDelta, "flowEndDeltaMicroseconds": endDelta,
	"flowDurationMilliseconds": durationMillis, "flowDurationMicroseconds": durationMicros,
	"observationTimeSeconds": observed, "observationTimeMilliseconds": observed, "observationTimeMicroseconds": observed,
	"observationTimeNanoseconds": observed, "systemInitTimeMilliseconds": started,
	"firewallEvent": firewall, "forwardingStatus": forwarding, "flowDirection": direction,
	"octetDeltaCount": bytesOut, "octetTotalCount": bytesOut, "initiatorOctets": bytesOut,
	"reverseOctetDeltaCount": bytesBack, "reverseOctetTotalCount": bytesBack, "responderOctets": bytesBack,
	"packetDeltaCount": packetsOut, "packetTotalCount": packetsOut, "initiatorPackets": packetsOut,
	"reversePacketDeltaCount": packetsBack, "reversePacketTotalCount": packetsBack, "responderPackets": packetsBack,
	"ingressInterface": ingress, "egressInterface": egress, "applicationId": application, "applicationName": appName,
	"samplerId": sampler, "selectorId": sampler, "samplingInterval": interval, "samplingPacketInterval": interval, "ipVersion": ipVersion,
}

// Fields that are worked out, in the order of their places after those of the template.
const (
	outVersion = iota
	outDomain
	outCategory
	outAction
	outOutcome
	outStart
	outEnd
	outTransport
	outType
	outDirection
	outBytes
	outPackets
	outIngress
	outEgress
	outApp
	outInterval
	outObserver
	outEngineType // of v5's header
	outEngineID
	outAlgorithm
	outs
)

var outNames = [outs]string{
	"exportProtocolVersion", "observationDomainId", "event.category", "event.action", "event.outcome", "event.start",
	"event.end", "network.transport", "network.type", "network.direction", "network.bytes", "network.packets",
	"observer.ingress.interface.name", "observer.egress.interface.name", "network.application", "samplingInterval",
	"observer.ip", "engineType", "engineId", "samplingAlgorithm",
}

// plan is a template that is ready to read records by. It is immutable.
type plan struct {
	template
	shape  *event.Shape
	reads  []read
	places [outs]int // of what is worked out; -1: not for such records
	has    [roles]bool
	kinds  [roles]kind
}

// read says what to do with a field.
type read struct {
	slot int16 // -1: nothing
	role role
	kind kind
}

// compile makes the plan of a template.
func compile(version int, t *template, shapes *event.Shapes) *plan {
	p := &plan{template: *t, reads: make([]read, len(t.fields))}
	names := make([]string, 0, len(t.fields)+outs)
	used := make(map[string]int, len(t.fields)+outs)
	for i := range t.fields {
		f := &t.fields[i]
		e := elementOf(version, f.enterprise, f.id)
		if f.scope && version == v9 {
			e = element{v9Scopes[0], unknown}
			if int(f.id) < len(v9Scopes) {
				e.name = v9Scopes[f.id]
			}
		}
		r := read{slot: -1, kind: e.kind, role: roleOf[e.name]}
		if r.role != noRole && p.has[r.role] {
			r.role = noRole // the first counts
		}
		p.has[r.role], p.kinds[r.role] = true, e.kind
		if e.kind != padding && (f.size > 0 || f.scope) {
			name := e.name
			for n := used[e.name]; n > 0 && used[name] > 0; n++ {
				name = string(appendUint(append([]byte(e.name), '_'), uint64(n+1)))
			}
			used[e.name]++
			if name != e.name {
				used[name]++
			}
			r.slot = int16(len(names))
			names = append(names, name)
		}
		p.reads[i] = r
	}
	for i, name := range outNames {
		p.places[i] = -1
		if used[name] == 0 && p.tells(version, i) {
			p.places[i] = len(names)
			names = append(names, name)
		}
	}
	f := Format
	if t.options {
		f = OptionsFormat
	}
	p.shape = shapes.Intern(f, names)
	return p
}

// tells whether records of the plan may have a value that is worked out.
func (p *plan) tells(version, out int) bool {
	any := func(list ...role) bool {
		for _, r := range list {
			if p.has[r] {
				return true
			}
		}
		return false
	}
	switch out {
	case outVersion, outDomain, outObserver:
		return true
	case outEngineType, outEngineID, outAlgorithm:
		return version == v5
	}
	if p.options {
		return false
	}
	switch out {
	case outStart, outEnd:
		return any(startUp, endUp, startTime, endTime, startDelta, endDelta)
	case outTransport:
		return p.has[protocol]
	case outType:
		return any(source4, source6, target4, target6)
	case outDirection:
		return p.has[direction]
	case outOutcome:
		return any(firewall, forwarding)
	case outBytes:
		return p.has[bytesOut] && p.has[bytesBack]
	case outPackets:
		return p.has[packetsOut] && p.has[packetsBack]
	case outIngress:
		return p.has[ingress]
	case outEgress:
		return p.has[egress]
	case outApp:
		return p.has[application] && !p.has[appName]
	}
	return true
}
