package netflow

import "github.com/tocsin-sec/tocsin/event"

// record makes an event of the record that s begins with and returns what follows; ok is false where the record is cut
// off.
func (p *Parser) record(h *header, c *plan, s string, known *state) (rest string, ok bool) {
	if size := c.size(s); size == 0 && c.least > 0 {
		return s, false
	}
	if p.last != c {
		clear(p.raws[:])
		p.last = c
	}
	e := p.out.Add(c.shape)
	at := int32(len(p.out.Events) - 1)
	for i := range c.fields {
		var raw string
		if raw, s, ok = c.fields[i].cut(s); !ok {
			break // not so: the size was looked at
		}
		r := &c.reads[i]
		if r.role != noRole {
			p.raws[r.role] = raw
		}
		if r.slot < 0 {
			continue
		}
		if r.kind == text {
			e.Values[r.slot] = event.Value{Raw: trimText(raw), Kind: event.Text}
			continue
		}
		start := len(p.text)
		p.text, e.Values[r.slot].Kind = appendValue(p.text, r.kind, raw)
		p.spans = append(p.spans, span{at, int32(r.slot), int32(start), int32(len(p.text))})
	}
	w := worker{p, h, c, e, at, known}
	w.all()
	return s, true
}

// worker works out what a record says as a whole.
type worker struct {
	*Parser
	h     *header
	c     *plan
	e     *event.Event
	at    int32
	known *state
}

func (w *worker) all() {
	w.count(outVersion, uint64(w.h.version))
	w.count(outDomain, uint64(w.h.domain))
	if sender := w.block.Origin; sender != nil && sender.Sender != "" {
		w.put(outObserver, sender.Sender)
	}
	w.e.Time = w.h.export
	if w.c.options {
		return
	}
	w.put(outCategory, "network")
	w.times()
	w.families()
	w.verdict()
	if v := w.raws[protocol]; len(v) == 1 {
		w.put(outTransport, transports[v[0]])
	}
	switch v := w.raws[direction]; {
	case len(v) == 1 && v[0] == 0:
		w.put(outDirection, "ingress")
	case len(v) == 1 && v[0] == 1:
		w.put(outDirection, "egress")
	}
	w.sum(outBytes, bytesOut, bytesBack)
	w.sum(outPackets, packetsOut, packetsBack)
	if len(w.known.facts) > 0 {
		w.put(outIngress, w.known.facts[factKey{w.h.domain, factInterface, trimZeros(w.raws[ingress])}])
		w.put(outEgress, w.known.facts[factKey{w.h.domain, factInterface, trimZeros(w.raws[egress])}])
		if v := w.raws[application]; v != "" {
			w.put(outApp, w.known.facts[factKey{w.h.domain, factApp, v}])
		}
	}
	w.sampling()
}

// put sets a value that is text, if it is any.
func (w *worker) put(out int, s string) {
	if i := w.c.places[out]; i >= 0 && s != "" {
		w.e.Values[i] = event.Value{Raw: s, Kind: event.Text}
	}
}

func (w *worker) count(out int, n uint64) {
	i := w.c.places[out]
	if i < 0 {
		return
	}
	if n < uint64(len(small)) {
		w.e.Values[i] = event.Value{Raw: small[n], Kind: event.Number}
		return
	}
	start := len(w.text)
	w.text = appendUint(w.text, n)
	w.e.Values[i].Kind = event.Number
	w.spans = append(w.spans, span{w.at, int32(i), int32(start), int32(len(w.text))})
}

var small = [...]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}

func (w *worker) moment(out int, ns int64) {
	i := w.c.places[out]
	if i < 0 || ns == 0 {
		return
	}
	start := len(w.text)
	w.text = appendTime(w.text, ns)
	w.e.Values[i].Kind = event.Text
	w.spans = append(w.spans, span{w.at, int32(i), int32(start), int32(len(w.text))})
}

func (w *worker) sum(out int, a, b role) {
	if w.c.places[out] >= 0 && len(w.raws[a]) <= 8 && len(w.raws[b]) <= 8 {
		w.count(out, number(w.raws[a])+number(w.raws[b]))
	}
}

// maxFlow is how long before it is told a flow may have ended, in ns: a day and a half.
const maxFlow = 36 * 3600e9

// times works out when the flow began and ended, whichever way it is told.
func (w *worker) times() {
	start, end := w.timeOf(startTime), w.timeOf(endTime)
	if start == 0 {
		start = w.sinceStart(startUp)
	}
	if end == 0 {
		end = w.sinceStart(endUp)
	}
	if v := w.raws[startDelta]; start == 0 && len(v) == 4 {
		start = w.h.export - int64(u32(v))*1e3
	}
	if v := w.raws[endDelta]; end == 0 && len(v) == 4 {
		end = w.h.export - int64(u32(v))*1e3
	}
	var long int64
	if v := w.raws[durationMillis]; len(v) == 4 {
		long = int64(u32(v)) * 1e6
	} else if v := w.raws[durationMicros]; len(v) == 4 {
		long = int64(u32(v)) * 1e3
	}
	if start == 0 && end != 0 && long != 0 {
		start = end - long
	}
	if end == 0 && start != 0 && w.c.has[durationMillis] {
		end = start + long
	}
	w.moment(outStart, start)
	w.moment(outEnd, end)
	if end == 0 {
		end = w.timeOf(observed)
	}
	if end == 0 {
		end = start
	}
	if d := w.h.export - end; end != 0 && d < maxFlow && d > -3600e9 {
		w.e.Time = end
	}
}

func (w *worker) timeOf(r role) int64 {
	if w.raws[r] == "" {
		return 0
	}
	ns, _ := timeOf(w.c.kinds[r], w.raws[r])
	return ns
}

// sinceStart reads a time that is told in milliseconds since the exporter was started. They wrap around every 50 days,
// so they are taken relative to the message's own, where it has one.
func (w *worker) sinceStart(r role) int64 {
	v := w.raws[r]
	if len(v) != 4 {
		return 0
	}
	if w.h.version != ipfix {
		return w.h.export - int64(int32(w.h.uptime-u32(v)))*1e6
	}
	from := w.raws[started]
	if from == "" {
		from = w.known.facts[factKey{w.h.domain, factStart, ""}]
	}
	boot, ok := timeOf(millis, from)
	if from == "" || !ok {
		return 0
	}
	up := uint32((w.h.export - boot) / 1e6)
	return w.h.export - int64(int32(up-u32(v)))*1e6
}

// families keeps the addresses of one family where a template has room for both.
func (w *worker) families() {
	v4 := len(w.raws[source4]) == 4 || len(w.raws[target4]) == 4
	v6 := len(w.raws[source6]) == 16 || len(w.raws[target6]) == 16
	if v4 && v6 {
		if zeros(w.raws[source6]) == len(w.raws[source6]) && zeros(w.raws[target6]) == len(w.raws[target6]) {
			w.leave(source6)
			w.leave(target6)
			v6 = false
		} else if zeros(w.raws[source4]) == len(w.raws[source4]) && zeros(w.raws[target4]) == len(w.raws[target4]) {
			w.leave(source4)
			w.leave(target4)
			v4 = false
		}
	}
	switch {
	case v4:
		w.put(outType, "ipv4")
	case v6:
		w.put(outType, "ipv6")
	}
}

// leave takes a field out of the event.
func (w *worker) leave(r role) {
	for i := range w.c.reads {
		if rd := &w.c.reads[i]; rd.role == r && rd.slot >= 0 {
			w.e.Values[rd.slot].Kind = event.Missing
			for k := len(w.spans) - 1; k >= 0 && w.spans[k].event == w.at; k-- {
				if w.spans[k].value == int32(rd.slot) {
					w.spans[k].end = w.spans[k].start
				}
			}
		}
	}
}

// firewallActions are the values of firewallEvent.
var firewallActions = [...]string{"flow", "flow-created", "flow-deleted", "flow-denied", "flow-alert", "flow-update"}

// verdict works out what became of the flow.
func (w *worker) verdict() {
	action, outcome := "flow", ""
	if v := w.raws[forwarding]; v != "" { // RFC 7270 §4.12: the two highest bits of its last byte
		switch v[len(v)-1] >> 6 {
		case 1:
			outcome = "success"
		case 2:
			action, outcome = "flow-dropped", "failure"
		}
	}
	if v := w.raws[firewall]; len(v) == 1 && int(v[0]) < len(firewallActions) {
		action = firewallActions[v[0]]
		switch v[0] {
		case 1, 2, 5:
			outcome = "success"
		case 3:
			outcome = "failure"
		}
	}
	w.put(outAction, action)
	w.put(outOutcome, outcome)
}

// sampling tells of how many packets one was looked at.
func (w *worker) sampling() {
	if w.c.places[outInterval] < 0 {
		return
	}
	if w.h.version == v5 {
		w.count(outInterval, uint64(w.h.sampling))
		w.count(outAlgorithm, uint64(w.h.mode))
		w.count(outEngineType, uint64(w.h.domain>>8))
		w.count(outEngineID, uint64(w.h.domain&0xff))
		return
	}
	if len(w.known.facts) == 0 {
		return
	}
	rate, ok := w.known.facts[factKey{w.h.domain, factSampler, trimZeros(w.raws[sampler])}]
	if !ok {
		rate = w.known.facts[factKey{w.h.domain, factSampler, ""}]
	}
	if rate != "" {
		w.e.Values[w.c.places[outInterval]] = event.Value{Raw: rate, Kind: event.Number}
	}
}

// transports are the protocols that have a name in ECS or in IANA's registry of protocol numbers, in lower case.
var transports = [256]string{
	0: "hopopt", 1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6",
	43: "ipv6-route", 44: "ipv6-frag", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 59: "ipv6-nonxt",
	60: "ipv6-opts", 88: "eigrp", 89: "ospf", 94: "ipip", 97: "etherip", 98: "encap", 103: "pim", 108: "ipcomp", 112: "vrrp",
	115: "l2tp", 121: "smp", 132: "sctp", 133: "fc", 136: "udplite", 137: "mpls-in-ip", 139: "hip",
}
