package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// netfilterFormat is what the kernel's packet filter logs (iptables' LOG, nftables' log, ufw, firewalld). The fields
// have the names that Sigma's firewall rules use.
var netfilterFormat = &event.Format{
	Name:      "netfilter",
	LogSource: event.LogSource{Category: "firewall", Product: "linux"},
	ECS: map[string][]string{
		"source.ip": {"src_ip"}, "source.port": {"src_port"}, "source.mac": {"mac"},
		"destination.ip": {"dst_ip"}, "destination.port": {"dst_port"},
		"network.transport":               {"protocol"},
		"network.bytes":                   {"length"},
		"observer.ingress.interface.name": {"in_interface"},
		"observer.egress.interface.name":  {"out_interface"},
	},
}

var netfilterKind = newKind(netfilterFormat, []string{
	"event.action", "event.category", "rule.name", "action", "in_interface", "out_interface", "mac", "src_ip", "dst_ip",
	"length", "protocol", "src_port", "dst_port", "tcp_flags", "event.outcome",
}, nil)

const (
	nfEventAction = iota
	nfCategory
	nfRule
	nfAction
	nfIn
	nfOut
	nfMAC
	nfSource
	nfDestination
	nfLength
	nfProtocol
	nfSourcePort
	nfDestinationPort
	nfFlags
	nfOutcome
)

// readNetfilter reads a packet that the kernel's filter logged:
// "PREFIX IN=eth0 OUT= MAC=… SRC=192.0.2.1 DST=192.0.2.2 LEN=40 … PROTO=TCP SPT=1 DPT=2 … SYN URGP=0".
func readNetfilter(message string, out *said) bool {
	s := cutUptime(message)
	at := strings.Index(s, "IN=")
	if at < 0 || at > 0 && s[at-1] != ' ' && s[at-1] != ':' && s[at-1] != ']' {
		return false
	}
	prefix := strings.TrimRight(s[:at], " ")
	v := out.values[:len(netfilterKind.names)]
	clear(v)
	out.kind = netfilterKind
	v[nfEventAction], v[nfCategory] = textValue("packet"), textValue(network)
	if prefix != "" {
		v[nfRule] = textValue(strings.TrimRight(prefix, ":"))
	}
	if a := packetVerdict(prefix); a != "" {
		v[nfAction] = textValue(a)
		v[nfOutcome] = textValue(failure)
		if a == "accept" || a == "forward" {
			v[nfOutcome] = textValue(success)
		}
	}
	readPacket(s[at:], v)
	return v[nfSource].Kind != event.Missing
}

// readPacket reads the words after the prefix. A packet inside of an ICMP error stands in brackets and is not the
// packet that was logged.
func readPacket(s string, v []event.Value) {
	flags, flagsEnd := -1, 0
	for at := 0; at < len(s) && s[at] != '['; {
		end, eq := at, -1
		for end < len(s) && s[end] != ' ' {
			if s[end] == '=' && eq < 0 {
				eq = end
			}
			end++
		}
		if eq >= 0 {
			packetField(s[at:eq], s[eq+1:end], v)
		} else if tcpFlag(s[at:end]) {
			if flags < 0 {
				flags = at
			}
			flagsEnd = end
		}
		at = end + 1
	}
	if flags >= 0 {
		v[nfFlags] = textValue(s[flags:flagsEnd])
	}
}

func tcpFlag(w string) bool {
	switch w {
	case "SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR":
		return true
	}
	return false
}

func packetField(key, value string, v []event.Value) {
	if value == "" {
		return
	}
	switch key {
	case "IN":
		v[nfIn] = textValue(value)
	case "OUT":
		v[nfOut] = textValue(value)
	case "MAC":
		v[nfMAC] = textValue(value)
	case "SRC":
		v[nfSource] = textValue(value)
	case "DST":
		v[nfDestination] = textValue(value)
	case "LEN":
		if v[nfLength].Kind == event.Missing { // UDP repeats it
			v[nfLength] = numberValue(value)
		}
	case "PROTO":
		v[nfProtocol] = textValue(transport(value))
	case "SPT":
		v[nfSourcePort] = numberValue(value)
	case "DPT":
		v[nfDestinationPort] = numberValue(value)
	}
}

// transport returns a protocol as ECS writes it.
func transport(s string) string {
	switch s {
	case "TCP", "6":
		return "tcp"
	case "UDP", "17":
		return "udp"
	case "ICMP", "1":
		return "icmp"
	case "ICMPv6", "58":
		return "ipv6-icmp"
	case "SCTP":
		return "sctp"
	case "ESP":
		return "esp"
	case "GRE", "47":
		return "gre"
	case "2":
		return "igmp"
	case "50":
		return "esp"
	case "51":
		return "ah"
	case "89":
		return "ospf"
	case "112":
		return "vrrp"
	case "132":
		return "sctp"
	}
	return s
}

// packetVerdict guesses from the words of a rule's prefix what became of the packet. The kernel does not say.
func packetVerdict(prefix string) string {
	if v := chainVerdict(prefix); v != "" {
		return v
	}
	switch {
	case holdsFold(prefix, "block"):
		return "block"
	case holdsFold(prefix, "drop"):
		return "drop"
	case holdsFold(prefix, "reject"):
		return "reject"
	case holdsFold(prefix, "deny"), holdsFold(prefix, "denied"):
		return "deny"
	case holdsFold(prefix, "accept"), holdsFold(prefix, "allow"):
		return "accept"
	case holdsFold(prefix, "forward"):
		return "forward"
	}
	return ""
}

// chainVerdict reads "[WAN_LOCAL-D-4000]" and "[WAN_LOCAL-default-D]" of EdgeOS and UniFi, where a letter stands for what
// the rule does.
func chainVerdict(prefix string) string {
	if len(prefix) < 5 || prefix[0] != '[' {
		return ""
	}
	name, _, ok := strings.Cut(prefix[1:], "]")
	if i := strings.LastIndexByte(name, '-'); i > 0 && number.holds(name[i+1:]) && i+1 < len(name) {
		name = name[:i]
	}
	n := len(name)
	if !ok || n < 3 || name[n-2] != '-' {
		return ""
	}
	switch name[n-1] {
	case 'D', 'B':
		return "drop"
	case 'R':
		return "reject"
	case 'A':
		return "accept"
	}
	return ""
}

// holdsFold tells whether s holds sub, which is in lower case, in any case of ASCII letters.
func holdsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		j := 0
		for j < len(sub) && s[i+j]|0x20 == sub[j] {
			j++
		}
		if j == len(sub) {
			return true
		}
	}
	return false
}

// cutUptime cuts the "[12345.678901] " that the kernel puts before its messages.
func cutUptime(s string) string {
	if s == "" || s[0] != '[' {
		return s
	}
	end := strings.IndexByte(s[:min(len(s), 24)], ']')
	if end < 0 {
		return s
	}
	for i := 1; i < end; i++ {
		if c := s[i]; c-'0' > 9 && c != '.' && c != ' ' {
			return s
		}
	}
	return trimSpace(s[end+1:])
}
