package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// flowFormat is AWS VPC flow logs. Those with a line of names at the top are FlowTable's; without one they are of version 2.
// Source: Amazon VPC User Guide, "Flow log records".
var flowFormat = &event.Format{
	Name:      "vpcflow",
	LogSource: event.LogSource{Category: "firewall", Product: "aws", Service: "vpcflow"},
	ECS: map[string][]string{
		"source.ip": {"srcaddr", "pkt-srcaddr"}, "destination.ip": {"dstaddr", "pkt-dstaddr"}, "source.port": {"srcport"}, "destination.port": {"dstport"},
		"src_ip": {"srcaddr"}, "dst_ip": {"dstaddr"}, "src_port": {"srcport"}, "dst_port": {"dstport"}, "network.transport": {"protocol"},
		"network.bytes": {"bytes"}, "network.packets": {"packets"}, "cloud.account.id": {"account-id"}, "event.action": {"action"},
		"network.direction": {"flow-direction"}, "cloud.instance.id": {"instance-id"}, "cloud.region": {"region"}, "event.start": {"start"}, "event.end": {"end"},
	},
}

var flowKind = newKind(flowFormat, []string{
	"version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end",
	"action", "log-status", "event.outcome", "event.category",
}, nil)

var flowLog = ownLog{
	name: "vpcflow",
	doc:  "AWS VPC flow logs in the default format.",
	example: "2 123456789012 eni-0a1b2c3d4e5f60718 203.0.113.7 192.0.2.10 50122 22 6 20 4249 1709457164 1709457224 REJECT OK\n" +
		"2 123456789012 eni-0a1b2c3d4e5f60718 - - - - - - - 1709457164 1709457224 - NODATA\n",
	begins: "22",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		if len(s) < 40 || s[0] != '2' || s[1] != ' ' {
			return false
		}
		v := out.values[:len(flowKind.names)]
		clear(v)
		for i := range 14 {
			var w string
			if w, s = nextWord(s); w == "" {
				return false
			}
			switch {
			case i == 2 && !strings.HasPrefix(w, "eni-"):
				return false
			case w == "-":
			case i == 7:
				v[i] = textValue(transport(w))
			case i >= 3 && i <= 4 || i == 1 || i == 2 || i > 11:
				v[i] = textValue(w)
			default:
				v[i] = numberValue(w)
			}
		}
		if l.time, _ = parseEpoch(v[10].Raw); l.time == 0 || s != "" {
			return false
		}
		out.kind = flowKind
		v[15] = textValue(network)
		switch v[12].Raw {
		case "ACCEPT":
			v[14] = textValue(success)
		case "REJECT":
			v[14] = textValue(failure)
		}
		return true
	},
}
