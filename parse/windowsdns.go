package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// windowsDNSFormat is the debug log of the Windows DNS server, windowsDHCPFormat its DHCP server's audit log.
// Sources: "DNS Logging and Diagnostics" and "DHCP server log" of the Windows Server documentation.
var (
	windowsDNSFormat  = &event.Format{Name: "windows_dns", LogSource: event.LogSource{Category: "dns", Product: "windows", Service: "dns-server-debug"}, ECS: dnsECS}
	windowsDHCPFormat = &event.Format{Name: "windows_dhcp", LogSource: event.LogSource{Product: "windows", Service: "dhcp-server-text"}}

	windowsDNSKind = newKind(windowsDNSFormat, []string{
		"event.action", "event.category", "event.outcome", "dns.question.name", "dns.question.type", "source.ip", "network.transport",
		"network.direction", "dns.response_code",
	}, nil)
	windowsDHCPKind = newKind(windowsDHCPFormat, []string{
		"event.action", "event.category", "event.code", "source.ip", "source.domain", "source.mac", "event.reason", "user.name",
	}, nil)
)

// windowsDNSLog is "3/3/2024 9:12:44 AM 0E70 PACKET  00000000033397A0 UDP Rcv 192.0.2.7    5b47   Q [0001   D   NOERROR] A      (4)shop(7)example(0)".
var windowsDNSLog = ownLog{
	name:    "windows-dns",
	doc:     "The debug log of the Windows DNS server (dns.log).",
	example: "3/3/2024 9:12:44 AM 0E70 PACKET  00000000033397A0 UDP Rcv 203.0.113.7    5b47   Q [0001   D   NOERROR] A      (4)shop(7)example(0)\n",
	begins:  "09AFPP",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		i := strings.Index(l.rest, "PACKET ")
		if i < 0 || i > 10 {
			return false
		}
		return readWindowsDNS(trimSpace(l.rest[i+7:]), out)
	},
}

func readWindowsDNS(s string, out *said) bool {
	v := out.values[:len(windowsDNSKind.names)]
	clear(v)
	out.kind = windowsDNSKind
	var words [4]string // packet, transport, direction, address
	for i := range words {
		words[i], s = nextWord(s)
	}
	if words[1] != "UDP" && words[1] != "TCP" || !isAddress(words[3]) {
		return false
	}
	action := "dns_query"
	if strings.Contains(s, " R ") {
		action = "dns_answer"
	}
	v[0], v[1] = textValue(action), textValue(network)
	v[5], _ = addressValues(words[3])
	v[6] = textValue(transport(words[1]))
	v[7] = textValue("outbound")
	if words[2] == "Rcv" {
		v[7] = textValue("inbound")
	}
	flags, rest, ok := strings.Cut(s, "] ")
	if !ok {
		return true
	}
	code := flags[strings.LastIndexByte(flags, ' ')+1:]
	v[8] = textValue(code)
	if action == "dns_answer" {
		v[2] = textValue(success)
		if code != "NOERROR" {
			v[2] = textValue(failure)
		}
	}
	kind, name := nextWord(rest)
	v[4], v[3] = textValue(kind), textValue(dnsLabels(name))
	return true
}

// dnsLabels turns "(4)shop(7)example(0)" into "shop.example". A name of one label is a window of the text.
func dnsLabels(s string) string {
	if s == "" || s[0] != '(' {
		return s
	}
	var b strings.Builder
	for len(s) > 2 && b.Len() < 256 {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			break
		}
		label := s[end+1:]
		if next := strings.IndexByte(label, '('); next >= 0 {
			label = label[:next]
		}
		if label != "" {
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(label)
		}
		s = s[end+1+len(label):]
	}
	return b.String()
}

// windowsDHCPLog is DhcpSrvLog: "10,03/03/24,09:12:44,Assign,192.0.2.77,desk.shop.example,00005E005301,,…".
var windowsDHCPLog = ownLog{
	name: "windows-dhcp",
	doc:  "The audit log of the Windows DHCP server (DhcpSrvLog-*.log).",
	example: "10,03/03/24,09:12:44,Assign,192.0.2.77,desk.shop.example,00005E005301,,812,0,,,,,,,,,0\n" +
		"30,03/03/24,09:12:45,DNS Update Request,192.0.2.77,desk.shop.example,,,0,6,,,,,,,,,0\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		code, rest, ok := strings.Cut(s, ",")
		if !ok || len(code) == 0 || len(code) > 5 || !number.holds(code) || len(rest) < 18 || rest[2] != '/' || rest[5] != '/' {
			return false
		}
		date, rest, _ := strings.Cut(rest, ",")
		clockText, rest, ok := strings.Cut(rest, ",")
		if !ok || len(clockText) != 8 || clockText[2] != ':' || len(date) != 8 && len(date) != 10 {
			return false
		}
		c := clock{
			month: digits2(date, 0), day: digits2(date, 3), year: 2000 + digits2(date, len(date)-2),
			hour: digits2(clockText, 0), minute: digits2(clockText, 3), second: digits2(clockText, 6),
		}
		if c.month|c.day|c.hour|c.minute|c.second < 0 || c.year < 2000 {
			return false
		}
		if c.month > 12 {
			c.month, c.day = c.day, c.month
		}
		l.time, _ = c.unixNanos(nil)
		v := out.values[:len(windowsDHCPKind.names)]
		clear(v)
		out.kind = windowsDHCPKind
		v[0], v[1], v[2] = textValue(windowsDHCPEvent(code)), textValue(network), numberValue(code)
		var parts [5]string // description, address, host, MAC, user
		for i := range parts {
			parts[i], rest, _ = strings.Cut(rest, ",")
		}
		v[6] = textValue(parts[0])
		for i, at := range [...]int{3, 4, 5, 7} {
			if parts[i+1] != "" {
				v[at] = textValue(parts[i+1])
			}
		}
		return true
	},
}

// windowsDHCPEvent names what the event ids of the log's own header mean.
func windowsDHCPEvent(code string) string {
	switch code {
	case "10":
		return "dhcp_ack"
	case "11":
		return "dhcp_renew"
	case "12":
		return "dhcp_release"
	case "13":
		return "dhcp_conflict"
	case "14", "22":
		return "dhcp_exhausted"
	case "15":
		return "dhcp_nak"
	case "16", "17", "18":
		return "dhcp_expired"
	case "30", "31", "32":
		return "dns_update"
	case "00":
		return "service_started"
	case "01":
		return "service_stopped"
	}
	return "dhcp_event"
}
