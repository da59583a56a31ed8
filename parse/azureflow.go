package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Azure's network tells in two ways who spoke to whom: its firewall in sentences, its flow logs in tuples of which one
// record holds many. Sources: Azure Monitor, "Azure Firewall logs, legacy"; Azure Network Watcher, "NSG flow logs" and
// "Virtual network flow logs".

// azureFirewall is the firewall's log as it was before it had fields.
var azureFirewall = jsonDialect{
	format: &event.Format{
		Name: "azure.firewall", LogSource: event.LogSource{Category: "firewall", Product: "azure", Service: "firewall"},
		ECS: map[string][]string{"message": {"properties.msg"}, "host.name": {"resourceId"}, "event.action": {"operationName"}},
	},
	all: []string{"properties.msg", "category", "operationName"}, times: []string{"time"}, vendor: "Microsoft", product: "Azure Firewall",
	derive: &derivation{
		made: append(append([]string{}, madeEnds...), "network.transport", "destination.domain"), from: []string{"properties.msg"},
		set: func(d *derived, v []event.Value) {
			d.category(v, network)
			s := d.text(v, 0)
			proto, rest, _ := strings.Cut(s, " ")
			if t := transportOf(proto); t != "" {
				d.put(v, 6, textValue(t))
			} else if strings.HasPrefix(proto, "HTTP") {
				d.put(v, 6, textValue("tcp"))
			}
			if _, from, ok := strings.Cut(rest, " from "); ok {
				from, to, _ := strings.Cut(from, " to ")
				d.address(v, 2, 3, firstWord(from))
				to = strings.TrimRight(firstWord(to), ".")
				d.address(v, 4, 5, to)
				if host, port := splitEndpoint(to); host != "" && !isAddress(host) {
					d.put(v, 7, textValue(host))
					d.put(v, 5, numberValue(port))
				}
			}
			if _, action, ok := strings.Cut(s, "Action: "); ok {
				d.outcome(v, makeOutcome, verdictOf(action))
			}
		},
	},
}

// firstWord returns what stands before the first space.
func firstWord(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return s
}

// azureFlowLog is one tuple of a flow log: the time in seconds or milliseconds, both addresses, both ports, the protocol,
// the direction and the decision or state.
var azureFlowLog = ownLog{
	name:    "azure_flow",
	doc:     "Flow tuples of Azure's network security groups and virtual networks. From JSON, each tuple of a record is an event.",
	example: "1795327201,203.0.113.7,192.0.2.10,50122,22,T,I,D,B,,,,\n1795327202120,203.0.113.7,192.0.2.10,50123,22,6,I,D,NX,0,0,0,0\n",
	begins:  "19",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if l.time != 0 || len(s) < 24 || s[10] != ',' && s[13] != ',' {
			return false
		}
		ns, ok := readFlowTuple(s, out)
		if ok {
			l.time, l.program = ns, "azure"
		}
		return ok
	},
}

var (
	azureFlowFormat = &event.Format{
		Name: "azure_flow", LogSource: event.LogSource{Category: "firewall", Product: "azure", Service: "nsgflow"},
		ECS: map[string][]string{
			"src_ip": {"source.ip"}, "dst_ip": {"destination.ip"}, "dst_port": {"destination.port"}, "src_port": {"source.port"}, "action": {"event.action"},
		},
	}
	azureFlowKind = newKind(azureFlowFormat, []string{
		"source.ip", "destination.ip", "source.port", "destination.port", "network.transport", "network.direction", "event.action", "event.outcome",
		"event.category", "rule.name", "observer.vendor", "observer.product",
	}, nil)
)

// atFlowRule is where among the values of a flow the rule stands that decided.
const atFlowRule = 9

// readFlowTuple reads "1795327201,203.0.113.7,10.0.0.4,50122,22,T,I,D,…".
func readFlowTuple(s string, out *said) (ns int64, ok bool) {
	var f [9]string
	for i := range f {
		f[i], s, _ = strings.Cut(s, ",")
	}
	ns, ok = parseEpoch(f[0])
	if !ok || ns < minEpoch || !isAddress(f[1]) || !isAddress(f[2]) || !number.holds(f[3]) || !number.holds(f[4]) || len(f[6]) != 1 || len(f[7]) != 1 {
		return 0, false
	}
	proto := transportOf(f[5])
	switch f[5] {
	case "T":
		proto = "tcp"
	case "U":
		proto = "udp"
	}
	direction := "outbound"
	if f[6] == "I" {
		direction = "inbound"
	}
	action, outcome := "allow", success
	if f[7] == "D" {
		action, outcome = "deny", failure
	}
	out.kind = azureFlowKind
	v := out.values[:len(azureFlowKind.names)]
	v[0], v[1], v[2], v[3] = textValue(f[1]), textValue(f[2]), numberValue(f[3]), numberValue(f[4])
	v[4] = event.Value{}
	if proto != "" {
		v[4] = textValue(proto)
	}
	v[5], v[6], v[7], v[8] = textValue(direction), textValue(action), textValue(outcome), textValue(network)
	v[atFlowRule] = event.Value{}
	v[10], v[11] = textValue("Microsoft"), textValue("Azure Network Watcher")
	return ns, true
}

// flowTuples tells whether records of these names hold lists of flows.
func (l *layout) flowTuples() bool {
	return l.hasAny("properties.flows", "properties.flows.", "flowRecords.flows", "flowRecords.flows.") && l.hasAny("operationName", "category")
}

// flowRecord makes an event of each tuple of the record that is the block from start to end, and reports whether it had any.
func (p *jsonParser) flowRecord(start, end int) bool {
	s := p.block.Data[start:end]
	found := false
	for rule := ""; ; {
		i := strings.Index(s, `"flowTuples"`)
		if i < 0 {
			return found
		}
		if at := strings.LastIndex(s[:i], `"rule"`); at >= 0 {
			rule = quotedAfter(s[at+6:])
		}
		s = s[i+len(`"flowTuples"`):]
		list, rest, ok := strings.Cut(s, "]")
		if !ok {
			return found
		}
		for s = rest; list != ""; {
			var tuple string
			_, list, _ = strings.Cut(list, `"`)
			tuple, list, _ = strings.Cut(list, `"`)
			if p.flowTuple(tuple, rule) {
				found = true
			}
		}
	}
}

// flowTuple makes an event of a tuple.
func (p *jsonParser) flowTuple(tuple, rule string) bool {
	ns, ok := readFlowTuple(tuple, &p.said)
	if !ok {
		return false
	}
	if rule != "" {
		p.said.values[atFlowRule] = textValue(rule)
	}
	e := p.out.Add(azureFlowKind.shape)
	e.Time = ns
	e.Values[atProgram], e.Values[atMessage] = textValue("azure"), textValue(tuple)
	copy(e.Values[afterSyslog:], p.said.values[:len(azureFlowKind.names)])
	e.Raw, e.Origin, e.Record = tuple, p.block.Origin, p.line
	return true
}
