package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Further name servers: PowerDNS, CoreDNS, and unbound's file of its own.
// Sources: PowerDNS documentation "Logging", CoreDNS plugin "log", unbound.conf(5) "log-queries".
var (
	pdnsFormat     = &event.Format{Name: "powerdns", LogSource: event.LogSource{Category: "dns", Product: "powerdns"}, ECS: dnsECS}
	corednsFormat  = &event.Format{Name: "coredns", LogSource: event.LogSource{Category: "dns", Product: "coredns"}, ECS: dnsECS}
	pdnsProgram    = newProgram(pdnsFormat, pdnsSentences)
	corednsProgram = newProgram(corednsFormat, corednsSentences)
)

var pdnsSentences = []sentence{
	{"Remote {addr} wants '{dnsname}|{qword}', do = {*}", "dns_query", network, "", ""},
	{"Remote {addr}<-{_} wants '{dnsname}|{qword}', do = {*}", "dns_query", network, "", ""},
	{"{#} [{_}] question for '{dnsname}|{qword}' from {peer}", "dns_query", network, "", ""},
	{"{#} question for '{dnsname}|{qword}' from {peer}", "dns_query", network, "", ""},
	{"{#} [{_}] answer to question '{dnsname}|{qword}': {*}", "dns_answer", network, "", ""},
	{"AXFR of domain '{dnsname}' denied to {peer}{*}", "dns_transfer", network, failure, "denied"},
	{"AXFR of domain '{dnsname}' initiated by {peer}{*}", "dns_transfer", network, "", "AXFR"},
	{"AXFR-out zone '{dnsname}', client '{peer}', {reason}", "dns_transfer", network, "", ""},
	{"Received a malformed qdomain from {addr}{*}", "dns_query", network, failure, "malformed"},
}

var corednsSentences = []sentence{
	{"«[INFO] »{peer} - {#} \"{qtype} IN {qname} {*}\" NOERROR {*}", "dns_query", network, success, "NOERROR"},
	{"«[INFO] »{peer} - {#} \"{qtype} IN {qname} {?}\" {status} {_} {#} {_}", "dns_query", network, failure, ""},
}

// unboundLog is "[1709457164] unbound[812:0] info: 203.0.113.7 shop.example. A IN".
var unboundLog = ownLog{
	name: "unbound",
	doc:  "Log files of the resolver unbound with its queries.",
	example: "[1709457164] unbound[812:0] info: 203.0.113.7 shop.example. A IN\n" +
		"Mar 03 09:12:45 unbound[812:0] reply: 203.0.113.7 shop.example. A IN NOERROR 0.000120 0 44\n",
	begins: "[[uu",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if l.time == 0 && s[0] == '[' {
			stamp, rest, ok := strings.Cut(s[1:], "] ")
			ns, is := parseEpoch(stamp)
			if !ok || !is || len(stamp) < 10 {
				return false
			}
			l.time, s = ns, rest
		}
		head, text, ok := strings.Cut(s, "] ")
		pid, has := strings.CutPrefix(head, "unbound[")
		if !ok || !has {
			return false
		}
		pid, _, _ = strings.Cut(pid, ":")
		if !unboundProgram.read(text, out) {
			return false
		}
		l.program, l.pid, l.rest = "unbound", pid, text
		return true
	},
}

// corednsLog is the log of CoreDNS's queries, as containers write it: without a time.
var corednsLog = ownLog{
	name:    "coredns",
	doc:     "Queries that CoreDNS logs.",
	example: "2024-03-03T09:12:44.120Z [INFO] 203.0.113.7:50122 - 812 \"A IN shop.example. udp 30 false 512\" NOERROR qr,rd,ra 60 0.000120s\n",
	begins:  "[[II",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if rest, ok := strings.CutPrefix(s, "INFO] "); ok { // the bracket of a level counts to the time
			s = rest
		} else if rest, ok := strings.CutPrefix(s, "[INFO] "); ok {
			s = rest
		} else {
			return false
		}
		w, _ := nextWord(s)
		if _, port := splitEndpoint(w); port == "" || !strings.Contains(s, " IN ") {
			return false
		}
		return l.of(corednsProgram, "coredns", s, out)
	},
}
