package sight

import (
	"net/netip"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// flow reads a record of a connection.
func (w *sights) flow(p *sightPlan, ev *event.Event) {
	src, dst := w.address(p, slotSource, ev), w.address(p, slotDestination, ev)
	if !src.IsValid() || !dst.IsValid() {
		return
	}
	s := w.add(SawFlow, p, ev)
	s.Source, s.Destination, s.Outcome = src, dst, refusedOr(p, ev)
	s.Port = uint16(min(w.number(p, slotPort, ev), 65535))
	s.Type, s.Host = w.low(p, slotTransport, ev), w.text(p, slotHost, ev)
	s.Sent = w.number(p, slotSent, ev)
	if s.Bytes = s.Sent + w.number(p, slotReceived, ev); s.Bytes == 0 {
		s.Bytes = w.number(p, slotBytes, ev)
	}
	if p.read != nil && p.dataset == "windows" {
		s.Program = w.low(p, slotProgram, ev)
	}
}

// refusedOr tells whether a firewall refused a connection.
func refusedOr(p *sightPlan, ev *event.Event) Outcome {
	if o := outcomeOf(p.raw(slotOutcome, ev)); o != Undecided {
		return o
	}
	switch a := p.raw(slotAction, ev); {
	case a == "":
		return Undecided
	case hasAny(a, "den", "DEN", "Den", "drop", "DROP", "Drop", "block", "BLOCK", "Block", "eject", "EJECT", "refuse"):
		return Failed
	case hasAny(a, "llow", "LLOW", "ccept", "CCEPT", "pass", "permit", "PERMIT", "start", "built", "close"):
		return Succeeded
	}
	return Undecided
}

func hasAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// dns reads a query for a name. What a server answers to a client and what it asks others is not told apart.
func (w *sights) dns(p *sightPlan, ev *event.Event) {
	name := w.low(p, slotQuestion, ev)
	if name == "" || len(name) > 255 {
		return
	}
	s := w.add(SawDNS, p, ev)
	s.Name, s.Type, s.Host = strings.TrimSuffix(name, "."), w.text(p, slotQuestionType, ev), w.text(p, slotHost, ev)
	s.Source, s.Destination, s.Outcome = w.address(p, slotSource, ev), w.address(p, slotDestination, ev), existence(p.raw(slotResponse, ev))
	if p.raw(slotFrom, ev) == "53" && p.raw(slotPort, ev) != "53" { // an answer, as it went by
		s.Source, s.Destination = s.Destination, s.Source
	}
	s.Bytes = int64(len(p.value(slotAnswers, ev).Raw))
	if p.dataset == "windows" {
		s.Program = w.low(p, slotProgram, ev)
	}
}

// existence says by the code of an answer whether a name is there: Failed if it is not. The codes are those of RFC 2136
// by name or number, and Windows' errors.
func existence(code string) Outcome {
	switch {
	case code == "" || code == "-":
		return Undecided
	case strings.Contains(code, "NXDOMAIN"), strings.Contains(code, "NXDomain"), code == "3", code == "9003", code == "NameError":
		return Failed
	case strings.Contains(code, "NOERROR"), strings.Contains(code, "NoError"), code == "0":
		return Succeeded
	}
	return Undecided
}

// proxy reads a request of a client to a web site.
func (w *sights) proxy(p *sightPlan, ev *event.Event) {
	site := w.low(p, slotDomain, ev)
	if site == "" {
		site = strings.ToLower(siteOf(w.text(p, slotURL, ev)))
	}
	dst := w.address(p, slotDestination, ev)
	if site == "" && dst.IsValid() {
		site = dst.String()
	}
	if site == "" {
		return
	}
	s := w.add(SawWeb, p, ev)
	s.Name, s.Source, s.Destination, s.User = site, w.address(p, slotSource, ev), dst, w.text(p, slotUser, ev)
	s.Port = uint16(min(w.number(p, slotPort, ev), 65535))
	s.Sent = w.number(p, slotSent, ev)
	s.Bytes = s.Sent + w.number(p, slotReceived, ev)
	s.Host = w.text(p, slotHost, ev)
}

// siteOf returns the host that a URL names.
func siteOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		rest = url // CONNECT host:port
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if a, err := netip.ParseAddrPort(rest); err == nil {
		return a.Addr().String()
	}
	host, _, _ := strings.Cut(rest, ":")
	if !strings.Contains(host, ".") {
		return ""
	}
	return host
}

// suricata reads records of Suricata by their type.
func (w *sights) suricata(p *sightPlan, ev *event.Event) {
	switch p.raw(slotKind, ev) {
	case "flow", "netflow":
		w.flow(p, ev)
	case "dns":
		w.dns(p, ev)
	case "http", "tls":
		w.proxy(p, ev)
	}
}
