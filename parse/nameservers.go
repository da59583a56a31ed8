package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Name servers: BIND, dnsmasq and unbound, and those who hand out addresses: ISC dhcpd, Kea, dnsmasq-dhcp, dhclient.
// Sources: BIND 9 ARM "Logging", dnsmasq(8), unbound.conf(5), dhcpd.conf(5), Kea ARM "Messages".
var (
	dnsECS = map[string][]string{
		"query": {"dns.question.name"}, "record_type": {"dns.question.type"}, "answer": {"dns.answers.data"}, "src_ip": {"source.ip"},
	}
	bindFormat    = &event.Format{Name: "bind", LogSource: event.LogSource{Category: "dns", Product: "bind"}, ECS: dnsECS}
	dnsmasqFormat = &event.Format{Name: "dnsmasq", LogSource: event.LogSource{Category: "dns", Product: "dnsmasq"}, ECS: dnsECS}
	unboundFormat = &event.Format{Name: "unbound", LogSource: event.LogSource{Category: "dns", Product: "unbound"}, ECS: dnsECS}
	dhcpFormat    = &event.Format{Name: "dhcpd", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}

	bindProgram    = newBind()
	dnsmasqProgram = newProgram(dnsmasqFormat, dnsmasqSentences, dhcpSentences)
	unboundProgram = newProgram(unboundFormat, unboundSentences)
	dhcpProgram    = newProgram(dhcpFormat, dhcpSentences)
)

func newBind() *program {
	p := newProgram(bindFormat, bindSentences)
	p.custom = func(message string, out *said) bool {
		body := bindBody(message)
		return body != "" && len(body) < len(message) && p.find(body, out)
	}
	return p
}

// bindBody cuts what BIND puts before its messages in files: a time, a category and a level, in that order, and the
// client's object.
func bindBody(s string) string {
	if len(s) > 25 && s[2] == '-' && s[6] == '-' && s[11] == ' ' {
		s = trimSpace(s[11:])
		_, s = nextWord(s)
	}
	for range 2 {
		w, rest := nextWord(s)
		if len(w) < 4 || w[len(w)-1] != ':' || len(w) > 24 || strings.HasPrefix(w, "client") {
			break
		}
		s = rest
	}
	return s
}

var bindSentences = []sentence{
	{"client «@{_} »{peer} ({?}): query: {qname} IN {qtype} {_} ({daddr})", "dns_query", network, "", ""},
	{"client «@{_} »{peer} ({?}): query: {qname} IN {qtype} {*}", "dns_query", network, "", ""},
	{"client «@{_} »{peer} ({?}): view {_}: query: {qname} IN {qtype} {*}", "dns_query", network, "", ""},
	{"client «@{_} »{peer} ({?}): view {_}: query: {qname} IN {qtype} {_} ({daddr})", "dns_query", network, "", ""},
	{"client «@{_} »{peer}: query: {qname} IN {qtype} {*}", "dns_query", network, "", ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »query (cache) '{dnsname}/{qword}/IN' denied«{*}»", "dns_query", network, failure, "denied"},
	{"client «@{_} »{peer} ({?}): «view {_}: »query '{dnsname}/{qword}/IN' denied«{*}»", "dns_query", network, failure, "denied"},
	{"client «@{_} »{peer}: «view {_}: »query (cache) '{dnsname}/{qword}/IN' denied«{*}»", "dns_query", network, failure, "denied"},
	{"client «@{_} »{peer} ({?}): «view {_}: »zone transfer '{dnsname}/{qword}/IN' denied", "dns_transfer", network, failure, "denied"},
	{"client «@{_} »{peer} ({?}): «view {_}: »bad zone transfer request: '{dnsname}/IN': {reason}", "dns_transfer", network, failure, ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »transfer of '{dnsname}/IN': AXFR started{*}", "dns_transfer", network, success, "AXFR"},
	{"client «@{_} »{peer} ({?}): «view {_}: »transfer of '{dnsname}/IN': IXFR started{*}", "dns_transfer", network, success, "IXFR"},
	{"client «@{_} »{peer} ({?}): «view {_}: »transfer of '{dnsname}/IN': AXFR ended{*}", "dns_transfer_ended", network, success, "AXFR"},
	{"client «@{_} »{peer}«/key {_}»: «view {_}: »updating zone '{dnsname}/IN': update failed: {reason}", "dns_update", network, failure, ""},
	{"client «@{_} »{peer}«/key {_}»: «view {_}: »update '{dnsname}/IN' denied", "dns_update", network, failure, "denied"},
	{"client «@{_} »{peer}: notify question section contains no SOA", "dns_notify", network, failure, ""},
	{"client «@{_} »{peer} ({?}): rate limit {reason}", "dns_rate_limit", network, failure, ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »rpz {?} {status} rewrite {dnsname}/{qword}/IN via {*}", "dns_blocked", network, failure, ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »disabled rpz {?} {status} rewrite {dnsname}/{qword}/IN via {*}", "dns_query", network, "", ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »response: {qname} IN {qtype} NOERROR {*}", "dns_answer", network, success, "NOERROR"},
	{"client «@{_} »{peer} ({?}): «view {_}: »response: {qname} IN {qtype} {status} {*}", "dns_answer", network, failure, ""},
	{"client «@{_} »{peer} ({?}): «view {_}: »query failed ({lazyreason}) for {dnsname}/IN/{qword} at {*}", "dns_query", network, failure, ""},
	{"client «@{_} »{peer} ({?}): {reason}", "dns_message", network, "", ""},
	{"client «@{_} »{peer}/key {?}: «view {_}: »updating zone '{dnsname}/IN': {reason}", "dns_update", network, success, ""},
	{"client «@{_} »{peer}: «view {_}: »updating zone '{dnsname}/IN': {reason}", "dns_update", network, success, ""},
	{"client «@{_} »{peer}/key {?}: «view {_}: »signer {*} approved", "dns_update", network, success, "signed"},
	{"unexpected RCODE ({lazyreason}) resolving '{dnsname}/{qword}/IN': {dpeer}", "dns_answer", network, failure, ""},
	{"network unreachable resolving '{dnsname}/{qword}/IN': {dpeer}", "dns_answer", network, failure, "network unreachable"},
	{"REFUSED unexpected RCODE resolving '{dnsname}/{qword}/IN': {dpeer}", "dns_answer", network, failure, "REFUSED"},
	{"client {peer}: «view {_}: »UDP: query: {qname} IN {qtype} response: NOERROR{*}", "dns_answer", network, success, "NOERROR"},
	{"client {peer}: «view {_}: »TCP: query: {qname} IN {qtype} response: NOERROR{*}", "dns_answer", network, success, "NOERROR"},
	{"client {peer}: «view {_}: »UDP: query: {qname} IN {qtype} response: {status} {*}", "dns_answer", network, failure, ""},
	{"client {peer}: «view {_}: »TCP: query: {qname} IN {qtype} response: {status} {*}", "dns_answer", network, failure, ""},
}

var dnsmasqSentences = []sentence{
	{"query[{qtype}] {qname} from {addr}", "dns_query", network, "", ""},
	{"{#} {peer} query[{qtype}] {qname} from {*}", "dns_query", network, "", ""},
	{"reply {qname} is {answer}", "dns_answer", network, "", ""},
	{"cached {qname} is {answer}", "dns_answer", network, "", ""},
	{"config {qname} is {answer}", "dns_answer", network, "", ""},
	{"forwarded {qname} to {daddr}", "dns_forwarded", network, "", ""},
	{"{#} {peer} reply {qname} is {answer}", "dns_answer", network, "", ""},
	{"{#} {peer} forwarded {qname} to {daddr}", "dns_forwarded", network, "", ""},
	{"gravity blocked {qname} is {answer}", "dns_blocked", network, failure, "gravity"},
	{"{?} blocked {qname} is {answer}", "dns_blocked", network, failure, ""},
	{"{?} {qname} is blocked during CNAME inspection", "dns_blocked", network, failure, ""},
	{"{#} {peer} cached {qname} is {answer}", "dns_answer", network, "", ""},
	{"{#} {peer} config {qname} is {answer}", "dns_answer", network, "", ""},
	{"nameserver {daddr} refused to do a recursive query", "dns_forwarded", network, failure, "refused"},
	{"possible DNS-rebind attack detected: {qname}", "dns_rebind", network, failure, "rebind"},
	{"started, version {*}", "service_started", process, success, ""},
}

var unboundSentences = []sentence{
	{"[{#}:{_}] info: {addr} {qname} {qtype} IN« {*}»", "dns_query", network, "", ""},
	{"[{#}:{_}] reply: {addr} {qname} {qtype} IN {reason}", "dns_answer", network, "", ""},
	{"[{#}:{_}] info: {qname} {lazyreason} {addr}@{port} {_} {qtype} IN", "dns_blocked", network, failure, ""},
	{"info: {qname} {lazyreason} {addr}@{port} {_} {qtype} IN", "dns_blocked", network, failure, ""},
	{"info: {addr} {qname} {qtype} IN« {*}»", "dns_query", network, "", ""},
	{"reply: {addr} {qname} {qtype} IN {reason}", "dns_answer", network, "", ""},
}

var dhcpSentences = []sentence{
	{"DHCPDISCOVER from {mac}« ({hostword})» via {iface}«: {reason}»", "dhcp_discover", network, "", ""},
	{"DHCPREQUEST for {addr}« ({_})» from {mac}« ({hostword})» via {iface}«: {reason}»", "dhcp_request", network, "", ""},
	{"DHCPOFFER on {addr} to {mac}« ({hostword})» via {iface}", "dhcp_offer", network, "", ""},
	{"DHCPACK on {addr} to {mac}« ({hostword})» via {iface}", "dhcp_ack", network, success, ""},
	{"DHCPACK to {addr} ({mac}) via {iface}", "dhcp_ack", network, success, ""},
	{"DHCPNAK on {addr} to {mac} via {iface}", "dhcp_nak", network, failure, ""},
	{"DHCPINFORM from {addr} via {iface}«: {*}»", "dhcp_inform", network, "", ""},
	{"DHCPRELEASE of {addr} from {mac}« ({hostword})» via {iface}« {*}»", "dhcp_release", network, "", ""},
	{"DHCPDECLINE of {addr} from {mac}« ({hostword})» via {iface}«: {reason}»", "dhcp_decline", network, failure, ""},
	{"DHCPDISCOVER({iface}) {mac}« {*}»", "dhcp_discover", network, "", ""},
	{"DHCPREQUEST({iface}) {addr} {mac}« {*}»", "dhcp_request", network, "", ""},
	{"DHCPOFFER({iface}) {addr} {mac}« {*}»", "dhcp_offer", network, "", ""},
	{"DHCPACK({iface}) {addr} {mac}« {hostword}»", "dhcp_ack", network, success, ""},
	{"DHCPNAK({iface}) {addr} {mac} {reason}", "dhcp_nak", network, failure, ""},
	{"DHCPRELEASE({iface}) {addr} {mac}« {*}»", "dhcp_release", network, "", ""},
	{"bound to {daddr} -- renewal in {#} seconds.", "dhcp_bound", network, success, ""},
	{"DHCP4_LEASE_ALLOC [hwtype={#} {mac}], {?} lease {addr} has been allocated{*}", "dhcp_ack", network, success, ""},
	{"DHCP4_LEASE_ADVERT [hwtype={#} {mac}], {?} lease {addr} will be advertised{*}", "dhcp_offer", network, "", ""},
	{"DHCP4_LEASE_ALLOC [hwtype={#} {mac}], {?}: lease {addr} has been allocated{*}", "dhcp_ack", network, success, ""},
	{"DHCP4_LEASE_ADVERT [hwtype={#} {mac}], {?}: lease {addr} will be advertised{*}", "dhcp_offer", network, "", ""},
	{"DHCP4_RELEASE [hwtype={#} {mac}], {?}: address {addr} was released properly{*}", "dhcp_release", network, "", ""},
	{"INFO  DHCP4_LEASE_ALLOC [hwtype={#} {mac}], {?}: lease {addr} has been allocated{*}", "dhcp_ack", network, success, ""},
	{"INFO  DHCP4_LEASE_ADVERT [hwtype={#} {mac}], {?}: lease {addr} will be advertised{*}", "dhcp_offer", network, "", ""},
	{"INFO  DHCP4_LEASE_OFFER [hwtype={#} {mac}], {?}: lease {addr} will be offered{*}", "dhcp_offer", network, "", ""},
	{"DHCP4_LEASE_OFFER [hwtype={#} {mac}], {?}: lease {addr} will be offered{*}", "dhcp_offer", network, "", ""},
	{"INFO  DHCP4_RELEASE [hwtype={#} {mac}], {?}: address {addr} was released properly{*}", "dhcp_release", network, "", ""},
	{"INFO  DHCP6_LEASE_ALLOC {?}: lease for {?} and address {addr} {*}", "dhcp_ack", network, success, ""},
	{"DHCP6_LEASE_ALLOC {?}: lease for {?} and address {addr} {*}", "dhcp_ack", network, success, ""},
	{"no free leases on subnet {*}", "dhcp_exhausted", network, failure, "no free leases"},
}

// bindLog is BIND's channels in files: a time, perhaps the category and the level, then the message.
var bindLog = ownLog{
	name: "bind",
	doc:  "Query and security logs of the name server BIND in files of their own.",
	example: "03-Mar-2024 09:12:44.120 queries: info: client @0x7f0a4c 203.0.113.7#50122 (shop.example): query: shop.example IN A +E(0)K (192.0.2.1)\n" +
		"03-Mar-2024 09:12:45.120 security: info: client @0x7f0a4c 203.0.113.7#50123 (shop.example): zone transfer 'shop.example/AXFR/IN' denied\n",
	begins: "az",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		s := bindBody(l.rest)
		return strings.HasPrefix(s, "client ") && l.of(bindProgram, "named", s, out)
	},
}

// keaLog is "2024-03-03 09:12:44.120 INFO  [kea-dhcp4.leases/812.7] DHCP4_LEASE_ALLOC …".
var keaLog = ownLog{
	name:    "kea",
	doc:     "Log files of the DHCP server Kea.",
	example: "2024-03-03 09:12:44.120 INFO  [kea-dhcp4.leases/812.7] DHCP4_LEASE_ALLOC [hwtype=1 00:00:5e:00:53:01], cid=[no info], tid=0x7: lease 192.0.2.77 has been allocated for 3600 seconds\n",
	begins:  "AZ",
	leveled: true,
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		i := strings.Index(l.rest, "[kea-")
		if i < 0 || i > 8 {
			return false
		}
		name, text, ok := strings.Cut(l.rest[i+1:], "] ")
		if !ok {
			return false
		}
		name, _, _ = strings.Cut(name, ".")
		if !dhcpProgram.read(text, out) {
			dhcpProgram.readClues(text, out)
		}
		l.program, l.rest = name, text
		return true
	},
}
