package sight

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/intel"
)

// asking says how a field is asked for.
type asking uint8

const (
	askValue   asking = iota // the whole value is of probe.kind
	askAddress               // an address; its port stands in probe.port
	askHashes                // "MD5=…,SHA256=…", or a hash of any kind
	askText                  // URLs within a text
	askJoined                // a path, whose host stands in probe.port
	askNames                 // addresses and names, separated
)

// probe is a field that may hold an indicator.
type probe struct {
	how   asking
	kind  intel.Kind
	slot  event.Slot
	port  event.Slot
	field string
	role  string
}

// knownPlan says where the events of one shape may hold indicators. It is worked out once.
type knownPlan struct {
	probes  []probe
	slots   [knownSlots]event.Slot
	dataset string
	objects *objectPlan // nil where no pattern can match
}

const (
	slotKnownUser = iota
	slotKnownHost
	slotKnownProgram
	slotKnownSource
	slotKnownDestination
	slotKnownPort
	slotKnownOutcome
	slotKnownAction
	slotKnownCategory
	slotKnownStatus
	knownSlots
)

var knownNames = [knownSlots]string{
	"user.name", "host.name", "process.executable", "source.ip", "destination.ip", "destination.port", "event.outcome", "event.action", "event.category",
	"http.response.status_code",
}

// knownFields are the fields that may hold indicators, by their ECS names: first those that say the most of how it was met.
var knownFields = []struct {
	field, port string
	how         asking
	kind        intel.Kind
	role        string
}{
	{"source.ip", "source.port", askAddress, intel.IP, "source"},
	{"client.ip", "client.port", askAddress, intel.IP, "source"},
	{"source.nat.ip", "", askAddress, intel.IP, "source"},
	{"network.forwarded_ip", "", askAddress, intel.IP, "source"},
	{"destination.ip", "destination.port", askAddress, intel.IP, "destination"},
	{"server.ip", "server.port", askAddress, intel.IP, "destination"},
	{"destination.nat.ip", "", askAddress, intel.IP, "destination"},
	{"dns.resolved_ip", "", askAddress, intel.IP, "answer"},
	{"dns.answers", "", askNames, intel.Domain, "answer"},
	{"dns.answers.data", "", askNames, intel.Domain, "answer"},
	{"dns.question.name", "", askValue, intel.Domain, "query"},
	{"url.full", "", askValue, intel.URL, "url"},
	{"url.original", "", askValue, intel.URL, "url"},
	{"url.path", "url.domain", askJoined, intel.URL, "url"},
	{"url.original", "url.domain", askJoined, intel.URL, "url"},
	{"url.path", "destination.domain", askJoined, intel.URL, "url"},
	{"url.domain", "", askValue, intel.Domain, "url"},
	{"destination.domain", "", askValue, intel.Domain, "destination"},
	{"server.domain", "", askValue, intel.Domain, "destination"},
	{"tls.client.server_name", "", askValue, intel.Domain, "destination"},
	{"source.domain", "", askValue, intel.Domain, "source"},
	{"tls.client.ja3", "", askValue, intel.JA3, "client"},
	{"http.request.referrer", "", askValue, intel.URL, "referrer"},
	{"file.hash", "", askHashes, intel.Unknown, "file"},
	{"process.hash", "", askHashes, intel.Unknown, "file"},
	{"file.hash.md5", "", askValue, intel.MD5, "file"},
	{"file.hash.sha1", "", askValue, intel.SHA1, "file"},
	{"file.hash.sha256", "", askValue, intel.SHA256, "file"},
	{"file.hash.sha512", "", askValue, intel.SHA512, "file"},
	{"process.hash.md5", "", askValue, intel.MD5, "file"},
	{"process.hash.sha1", "", askValue, intel.SHA1, "file"},
	{"process.hash.sha256", "", askValue, intel.SHA256, "file"},
	{"dll.hash.md5", "", askValue, intel.MD5, "file"},
	{"dll.hash.sha256", "", askValue, intel.SHA256, "file"},
	{"file.pe.imphash", "", askValue, intel.Imphash, "file"},
	{"process.pe.imphash", "", askValue, intel.Imphash, "file"},
	{"email.attachments.file.hash.md5", "", askValue, intel.MD5, "attachment"},
	{"email.attachments.file.hash.sha256", "", askValue, intel.SHA256, "attachment"},
	{"email.from.address", "", askValue, intel.Email, "sender"},
	{"email.sender.address", "", askValue, intel.Email, "sender"},
	{"email.reply_to.address", "", askValue, intel.Email, "sender"},
	{"email.to.address", "", askValue, intel.Email, "recipient"},
	{"process.command_line", "", askText, intel.URL, "command"},
	{"process.parent.command_line", "", askText, intel.URL, "command"},
	{"powershell.file.script_block_text", "", askText, intel.URL, "command"},
	{"file.path", "", askValue, intel.File, "file"},
	{"file.name", "", askValue, intel.File, "file"},
	{"process.executable", "", askValue, intel.File, "file"},
	{"process.name", "", askValue, intel.File, "file"},
	{"email.attachments.file.name", "", askValue, intel.File, "attachment"},
}

// nativeFields are names of fields that hold indicators where no format says so: those of JSON of which nothing more is
// known. They are compared folded, without separators.
var nativeFields = map[string]struct {
	how  asking
	kind intel.Kind
	role string
}{
	"srcip": {askAddress, intel.IP, "source"}, "sourceip": {askAddress, intel.IP, "source"}, "clientip": {askAddress, intel.IP, "source"}, "remoteaddr": {askAddress, intel.IP, "source"},
	"remoteip": {askAddress, intel.IP, "source"}, "ip": {askAddress, intel.IP, "source"}, "ipaddress": {askAddress, intel.IP, "source"}, "src": {askAddress, intel.IP, "source"},
	"sourceipaddress": {askAddress, intel.IP, "source"}, "calleripaddress": {askAddress, intel.IP, "source"}, "idorigh": {askAddress, intel.IP, "source"}, "peeraddr": {askAddress, intel.IP, "source"},
	"dstip": {askAddress, intel.IP, "destination"}, "destip": {askAddress, intel.IP, "destination"}, "destinationip": {askAddress, intel.IP, "destination"}, "dst": {askAddress, intel.IP, "destination"},
	"idresph": {askAddress, intel.IP, "destination"}, "domain": {askValue, intel.Domain, "destination"}, "dnsname": {askValue, intel.Domain, "query"}, "rrname": {askValue, intel.Domain, "query"},
	"queryname": {askValue, intel.Domain, "query"}, "sni": {askValue, intel.Domain, "destination"}, "servername": {askValue, intel.Domain, "destination"}, "desthostname": {askValue, intel.Domain, "destination"},
	"destinationhostname": {askValue, intel.Domain, "destination"}, "url": {askValue, intel.URL, "url"}, "uri": {askValue, intel.URL, "url"}, "requesturl": {askValue, intel.URL, "url"},
	"md5": {askValue, intel.MD5, "file"}, "sha1": {askValue, intel.SHA1, "file"}, "sha256": {askValue, intel.SHA256, "file"}, "filehash": {askHashes, intel.Unknown, "file"},
	"hashes": {askHashes, intel.Unknown, "file"}, "hash": {askHashes, intel.Unknown, "file"}, "ja3": {askValue, intel.JA3, "client"}, "ja3hash": {askValue, intel.JA3, "client"},
	"imphash": {askValue, intel.Imphash, "file"}, "sender": {askValue, intel.Email, "sender"}, "senderaddress": {askValue, intel.Email, "sender"}, "mailfrom": {askValue, intel.Email, "sender"},
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "", "@", "")

// newKnownPlan works out where the events of a shape may hold indicators; wanted are the types that patterns speak of.
func newKnownPlan(s *event.Shape, wanted map[string]bool) *knownPlan {
	p := &knownPlan{}
	if s.Format != nil {
		if s.Format.LogSource.Product == "tocsin" { // what tocsin says itself was said of other events
			return p
		}
		p.dataset = s.Format.Name
	}
	for i, name := range knownNames {
		p.slots[i] = s.ECS(name)
	}
	var taken []int
	var places []string // of probes, so that a field is asked once in one way
	for _, f := range knownFields {
		slot := s.ECS(f.field)
		if !slot.Found() {
			continue
		}
		a := probe{how: f.how, kind: f.kind, slot: slot, field: f.field, role: f.role}
		if f.port != "" {
			a.port = s.ECS(f.port)
			if f.how == askJoined && !a.port.Found() {
				continue
			}
		}
		i, direct := slot.Direct()
		if direct && f.how != askJoined {
			place := fmt.Sprint(i, f.how, f.kind)
			if slices.Contains(places, place) {
				continue
			}
			places, taken = append(places, place), append(taken, i)
		}
		p.probes = append(p.probes, a)
	}
	for i, name := range s.Fields() {
		f, ok := nativeFields[separators.Replace(event.FoldName(name))]
		if !ok || slices.Contains(taken, i) {
			continue
		}
		if slot := s.Slot(name); slot.Found() {
			p.probes = append(p.probes, probe{how: f.how, kind: f.kind, slot: slot, field: name, role: f.role})
		}
	}
	p.objects = newObjectPlan(s, wanted)
	return p
}

// text returns what stands in a field, sharing no memory with the event.
func (p *knownPlan) text(slot int, ev *event.Event) string {
	if !p.slots[slot].Found() {
		return ""
	}
	s := p.slots[slot].Value(ev).String()
	return strings.Clone(s[:min(len(s), maxSaid)])
}

func (p *knownPlan) address(slot int, ev *event.Event) netip.Addr {
	if !p.slots[slot].Found() {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(p.slots[slot].Value(ev).String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func (p *knownPlan) port(ev *event.Event) uint16 {
	if f, ok := p.slots[slotKnownPort].Value(ev).Float(); ok && f > 0 && f < 65536 {
		return uint16(f)
	}
	return 0
}

// Words by which events say that something was let through or refused.
var (
	letThrough = []string{"success", "succeeded", "allow", "allowed", "accept", "accepted", "pass", "passed", "permit", "permitted", "built", "established", "close", "connection_allowed"}
	refused    = []string{"failure", "failed", "deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "refused", "reset", "connection_denied", "blackhole", "sinkhole"}
)

// outcome says how what the event tells of ended.
func (p *knownPlan) outcome(ev *event.Event) Outcome {
	for _, slot := range []int{slotKnownOutcome, slotKnownAction} {
		s := strings.ToLower(p.text(slot, ev))
		for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '-' || r == ' ' || r == '_' }) {
			switch {
			case slices.Contains(refused, w):
				return Failed
			case slices.Contains(letThrough, w):
				return Succeeded
			}
		}
	}
	if f, ok := p.slots[slotKnownStatus].Value(ev).Float(); ok {
		if f >= 400 {
			return Failed
		}
		return Succeeded
	}
	return Undecided
}

// logon tells whether the event is about somebody who logs on.
func (p *knownPlan) logon(ev *event.Event) bool {
	if !p.slots[slotKnownUser].Found() || p.text(slotKnownUser, ev) == "" {
		return false
	}
	if strings.Contains(p.text(slotKnownCategory, ev), "authentication") {
		return true
	}
	action := strings.ToLower(p.text(slotKnownAction, ev))
	return strings.Contains(action, "log") && strings.Contains(action, "on") || strings.Contains(action, "login") || strings.Contains(action, "auth") ||
		p.dataset == "sshd" || p.dataset == "openssh"
}
