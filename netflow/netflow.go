// Package netflow reads what routers, switches and firewalls tell of the flows through them: NetFlow v5 and v9 (RFC
// 3954) and IPFIX (RFC 7011), which are one format with three headers.
//
// In v9 and IPFIX, the layout of the records is told by templates, which come now and then between them. So a datagram
// means nothing by itself. Exporter and Splitter keep what one exporter has told, and hand every block in its header
// what was told before it; then blocks can be parsed in any order and in parallel, like those of all other formats, and
// the events are the same however the stream is cut.
// A block's data is messages one after the other; they say themselves where they end (RFC 5655 §9 for IPFIX; in v9, no
// set has the number of a version). So a file of such messages is a log like any other.
//
// The package promises that no input makes it panic, loop or take memory without bound, and that what cannot be read is
// counted. It does no I/O, reads no clock and starts no goroutine. An Exporter, a Splitter or a Parser is used by one
// goroutine at a time; several parsers may share one event.Shapes. Values are windows into the block, or into one text
// that is made for each block.
//
// An event has the names of IANA's registry of IPFIX information elements, for NetFlow v5 and v9 too, and these more:
// event.start, event.end, event.category, event.action, event.outcome, network.transport, network.type,
// network.direction, network.bytes, network.packets, network.application, observer.ip and
// observer.{ingress,egress}.interface.name, as far as they can be told. Its time is the end of the flow, where the
// exporter tells it, else when the record was sent.
package netflow

import "github.com/tocsin-sec/tocsin/event"

// Name is the name of the format.
const Name = "netflow"

// Versions of messages.
const (
	v5    = 5
	v9    = 9
	ipfix = 10
)

// Format is that of flows. They are for rules about firewalls: what Sigma's category firewall asks for is there, and so is
// what its service netflow does.
var Format = &event.Format{
	Name:      Name,
	LogSource: event.LogSource{Category: "firewall", Service: "netflow"},
	ECS:       flowECS,
}

// OptionsFormat is that of what exporters tell about themselves: samplers, interfaces, applications, counters.
var OptionsFormat = &event.Format{
	Name:      "netflow_options",
	LogSource: event.LogSource{Product: "netflow", Service: "options"},
	ECS:       flowECS,
}

var flowECS = map[string][]string{
	"source.ip":          {"sourceIPv4Address", "sourceIPv6Address", "staIPv4Address", "sourceIPv4Prefix", "sourceIPv6Prefix"},
	"source.port":        {"sourceTransportPort", "udpSourcePort", "tcpSourcePort"},
	"source.mac":         {"sourceMacAddress", "staMacAddress"},
	"source.nat.ip":      {"postNATSourceIPv4Address", "postNATSourceIPv6Address"},
	"source.nat.port":    {"postNAPTSourceTransportPort"},
	"source.as.number":   {"bgpSourceAsNumber"},
	"source.bytes":       {"initiatorOctets", "octetDeltaCount", "octetTotalCount"},
	"source.packets":     {"initiatorPackets", "packetDeltaCount", "packetTotalCount"},
	"destination.ip":     {"destinationIPv4Address", "destinationIPv6Address", "destinationIPv4Prefix", "destinationIPv6Prefix"},
	"destination.port":   {"destinationTransportPort", "udpDestinationPort", "tcpDestinationPort"},
	"destination.mac":    {"destinationMacAddress", "postDestinationMacAddress"},
	"destination.nat.ip": {"postNATDestinationIPv4Address", "postNATDestinationIPv6Address"},
	"destination.nat.port": {
		"postNAPTDestinationTransportPort",
	},
	"destination.as.number": {"bgpDestinationAsNumber"},
	"destination.bytes":     {"responderOctets", "reverseOctetDeltaCount", "reverseOctetTotalCount"},
	"destination.packets":   {"responderPackets", "reversePacketDeltaCount", "reversePacketTotalCount"},
	"network.bytes":         {"octetDeltaCount", "octetTotalCount", "initiatorOctets", "layer2OctetDeltaCount", "transportOctetDeltaCount"},
	"network.packets":       {"packetDeltaCount", "packetTotalCount", "initiatorPackets", "transportPacketDeltaCount"},
	"network.iana_number":   {"protocolIdentifier"},
	"network.vlan.id":       {"vlanId", "dot1qVlanId"},
	"network.application":   {"applicationName", "paloAltoAppID", "nprobeL7ProtoName", "ixiaL7AppName", "proceraService"},
	"user.name":             {"userName", "paloAltoUserID", "netscalerAaaUsername"},
	"rule.name":             {"barracudaRule"},
	"observer.ingress.interface.id": {
		"ingressInterface", "ingressPhysicalInterface",
	},
	"observer.egress.interface.id": {"egressInterface", "egressPhysicalInterface"},
	"http.request.method":          {"httpRequestMethod", "netscalerHttpReqMethod"},
	"http.response.status_code":    {"httpStatusCode", "netscalerHttpRspStatus", "nprobeHttpStatus"},
	"url.domain":                   {"httpRequestHost", "netscalerHttpReqHost", "nprobeHttpHost", "ixiaHttpHostName", "streamcoreHostname", "nprobeTlsServerName"},
	"url.original":                 {"httpRequestTarget", "netscalerHttpReqUrl", "nprobeHttpURL", "ixiaHttpUri", "streamcoreURL"},
	"user_agent.original":          {"httpUserAgent", "netscalerHttpReqUserAgent", "nprobeHttpUserAgent", "ixiaHttpUserAgent"},
	"dns.question.name":            {"nprobeDnsQuery", "ixiaDnsQuery"},

	// As rules and people who know NetFlow v9's names write them.
	"src_ip":               {"sourceIPv4Address", "sourceIPv6Address"},
	"dst_ip":               {"destinationIPv4Address", "destinationIPv6Address"},
	"src_port":             {"sourceTransportPort"},
	"dst_port":             {"destinationTransportPort"},
	"ipv4_src_addr":        {"sourceIPv4Address"},
	"ipv4_dst_addr":        {"destinationIPv4Address"},
	"ipv6_src_addr":        {"sourceIPv6Address"},
	"ipv6_dst_addr":        {"destinationIPv6Address"},
	"ipv4_next_hop":        {"ipNextHopIPv4Address"},
	"l4_src_port":          {"sourceTransportPort"},
	"l4_dst_port":          {"destinationTransportPort"},
	"in_bytes":             {"octetDeltaCount"},
	"in_pkts":              {"packetDeltaCount"},
	"out_bytes":            {"postOctetDeltaCount"},
	"out_pkts":             {"postPacketDeltaCount"},
	"protocol":             {"protocolIdentifier"},
	"src_tos":              {"ipClassOfService"},
	"tcp_flags":            {"tcpControlBits"},
	"input_snmp":           {"ingressInterface"},
	"output_snmp":          {"egressInterface"},
	"src_mask":             {"sourceIPv4PrefixLength"},
	"dst_mask":             {"destinationIPv4PrefixLength"},
	"src_as":               {"bgpSourceAsNumber"},
	"dst_as":               {"bgpDestinationAsNumber"},
	"src_vlan":             {"vlanId"},
	"dst_vlan":             {"postVlanId"},
	"direction":            {"flowDirection"},
	"first_switched":       {"event.start"},
	"last_switched":        {"event.end"},
	"sampling_interval":    {"samplingInterval"},
	"in_src_mac":           {"sourceMacAddress"},
	"in_dst_mac":           {"destinationMacAddress"},
	"out_src_mac":          {"postSourceMacAddress"},
	"out_dst_mac":          {"postDestinationMacAddress"},
	"fw_event":             {"firewallEvent"},
	"fw_ext_event":         {"firewallExtendedEvent"},
	"conn_id":              {"flowId"},
	"xlate_src_addr_ipv4":  {"postNATSourceIPv4Address"},
	"xlate_dst_addr_ipv4":  {"postNATDestinationIPv4Address"},
	"xlate_src_port":       {"postNAPTSourceTransportPort"},
	"xlate_dst_port":       {"postNAPTDestinationTransportPort"},
	"fwd_flow_delta_bytes": {"initiatorOctets"},
	"rev_flow_delta_bytes": {"responderOctets"},
}

// Detect returns how sure it is, in percent, that a stream which begins with head is of NetFlow or IPFIX messages: 0 is
// no.
func Detect(head string) int {
	sure, n := 0, 0
	for at := 0; at < len(head) && n < 8; n++ {
		h, ok := readHeader(head[at:])
		if !ok || !h.plausible() {
			return 0
		}
		size, whole := messageSize(head[at:], true)
		if size <= h.size {
			break
		}
		if whole {
			sure = 95
		} else if sure == 0 && h.version != v5 {
			sure = 60 // cut off within its first message
		}
		at += size + gap(head[at+size:])
	}
	return sure
}
