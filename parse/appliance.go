package parse

import (
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Network equipment writes lines of many kinds, with and without the header of syslog. What kind a line is, a few bytes
// of it tell; each kind stands in a file of its own. The fields keep their native names, and the table below says which
// of them ECS means; an address with a port, an outcome or a transport that is not written as ECS has it is added.

// appliance is one kind of equipment, or one way in which many write.
type appliance struct {
	name    string
	doc     string
	example string
}

// deviceECS are the native names of a thing, those of all equipment together, the surest first.
var deviceECS = map[string][]string{
	"source.ip": {
		"src_ip", "srcip", "src", "source_ip", "source-address", "sourceAddress", "src-ip", "Source", "remip", "c-ip", "client_ip",
		"clientip", "public_ip", "ClientAddress", "ip", "remote_ip", "remote_addr", "remoteAddr", "IP", "sourceip", "srcAddr",
	},
	"source.port":    {"src_port", "srcport", "spt", "sport", "source_port", "source-port", "sourcePort", "s_port", "Src-port", "SourcePort"},
	"source.mac":     {"smac", "srcmac", "src_mac", "srcMAC", "sourceMacAddress", "mac"},
	"source.nat.ip":  {"nat_source_ip", "transip", "sourceTranslatedAddress", "srcPostNAT", "nat-source-address", "xlatesrc", "natsrc", "src_trans_ip"},
	"source.domain":  {"shost", "srcname", "src_host", "sourceHostName", "hostname_src"},
	"destination.ip": {"dst_ip", "dstip", "dst", "destination_ip", "destination-address", "destinationAddress", "dest_ip", "Destination", "dst-ip", "destinationip", "dstAddr"},
	"destination.port": {
		"dst_port", "dstport", "dpt", "dport", "destination_port", "destination-port", "destinationPort", "dest_port", "service_port", "DestinationPort", "cs-uri-port",
	},
	"destination.mac":     {"dmac", "dstmac", "dst_mac", "dstMAC"},
	"destination.domain":  {"dhost", "dstname", "dst_host", "destinationHostName", "dst_domain", "hostname_dst"},
	"destination.nat.ip":  {"tranip", "destinationTranslatedAddress", "dstPostNAT", "nat-destination-address", "xlatedst", "natdst"},
	"network.transport":   {"proto", "protocol", "ip_protocol", "protocol_name", "transport", "protocol-id"},
	"network.protocol":    {"app_proto", "ApplicationProtocol", "service-name", "service", "app", "application", "appname"},
	"network.bytes":       {"bytes", "sent_bytes"},
	"network.application": {"app", "appname", "application", "appi_name", "app_name"},
	"network.direction":   {"direction", "deviceDirection", "ifdir", "conn_direction"},
	"source.bytes":        {"sentbyte", "bytes_sent", "sent", "bytes-from-client", "out", "sent_bytes", "InitiatorBytes", "bytes_out"},
	"destination.bytes":   {"rcvdbyte", "bytes_received", "rcvd", "bytes-from-server", "in", "recv_bytes", "ResponderBytes", "bytes_in"},
	"user.name": {
		"user", "srcuser", "suser", "usrName", "username", "user_name", "src_user_name", "unauthuser", "duser", "administrator", "admin", "usr",
		"userName", "uname", "UserID", "cs-username", "xauthuser", "dstuser",
	},
	"host.name":        {"devname", "hostname", "dvchost", "deviceHostName", "device_name", "firewall"},
	"observer.name":    {"devname", "device_name", "dvchost", "deviceHostName", "fw_name"},
	"observer.vendor":  {"deviceVendor", "vendor"},
	"observer.product": {"deviceProduct", "product"},
	"event.action":     {"action", "act", "actionTaken", "fw_action", "AccessControlRuleAction", "operation", "eventid", "name", "logdesc", "event_id", "event"},
	"event.code":       {"logid", "log_id", "deviceEventClassId", "leefEventID", "messageid", "message_id", "m", "msg_id", "eventid", "id"},
	"event.reason":     {"reason", "session_end_reason", "failure_reason", "error"},
	"event.severity":   {"severity", "level", "sev", "pri", "priority"},
	"rule.name": {
		"policyname", "rule_name", "policy-name", "policy_name", "AccessControlRuleName", "fw_rule_name", "fwrule", "rule", "policyid", "fw_rule_id",
		"policy_id", "policy", "poluuid",
	},
	"url.original":                    {"url", "request", "URL", "cs-uri", "URLInfo", "resource"},
	"url.domain":                      {"domain", "cs-host", "dstname", "hostname_url"},
	"http.request.method":             {"requestMethod", "http_method", "method", "cs-method"},
	"http.response.status_code":       {"http_response", "sc-status", "status_code", "httpStatus"},
	"user_agent.original":             {"requestClientApplication", "http_user_agent", "user_agent", "agent", "cs-User-Agent", "userAgent"},
	"file.name":                       {"fname", "filename", "file_name"},
	"file.path":                       {"filePath", "file_path"},
	"file.hash.sha256":                {"fileHash", "sha256", "file_sha256", "filehash"},
	"threat.indicator.name":           {"attack", "virus", "threatid", "malware_family", "attackDetails", "protection_name", "threatname"},
	"observer.ingress.interface.name": {"srcintf", "in_interface", "src_int", "inbound_if", "IngressInterface", "deviceInboundInterface", "initf", "packet-incoming-interface", "ifname", "in_dev", "interface"},
	"observer.egress.interface.name":  {"dstintf", "out_interface", "dst_int", "outbound_if", "EgressInterface", "deviceOutboundInterface", "outitf", "out_dev"},
	"observer.ingress.zone":           {"srczone", "src_zone", "source-zone-name", "inzone", "from", "IngressZone", "srczonetype"},
	"observer.egress.zone":            {"dstzone", "dst_zone", "destination-zone-name", "outzone", "to", "EgressZone", "dstzonetype"},
}

// deviceFormat makes the format of events of one product.
func deviceFormat(name, category, product, service string) *event.Format {
	return &event.Format{Name: name, LogSource: event.LogSource{Category: category, Product: product, Service: service}, ECS: deviceECS}
}

// device reads one line. Its record is used again for the next.
type device struct {
	years  *yearless
	line   string // without the priority of syslog
	rest   string // what follows the header
	head   syslogHeader
	format *event.Format
	record record
}

// read tells what equipment wrote the line and fills the record with its fields; false where it is none that is known.
func (d *device) read(line string, h *syslogHeader, years *yearless) bool {
	d.record.reset()
	d.line, d.head, d.years, d.format = line, *h, years, nil
	d.rest = h.rest
	if h.stampless() && h.rest == "" {
		d.rest = line
	}
	if len(d.rest) < 8 && h.data == "" {
		return false
	}
	if !d.known() {
		return false
	}
	if !d.record.headed {
		d.header()
	}
	d.record.finish()
	return true
}

// stampless tells whether the line has no header of syslog at all.
func (h *syslogHeader) stampless() bool { return h.time == 0 && h.severity < 0 && h.host == "" }

// header adds what the header of syslog says.
func (d *device) header() {
	h, r := &d.head, &d.record
	r.put("host.name", h.host)
	r.put("process.name", h.tag)
	r.count("process.pid", h.pid)
	if h.severity >= 0 {
		r.count("log.syslog.priority", h.priority)
		r.put("log.syslog.severity.name", severities[h.severity])
		if h.facility < len(facilities) {
			r.put("log.syslog.facility.name", facilities[h.facility])
		}
	}
	if h.tag != "" && h.text != "" && plainTag(h.tag) {
		r.put("message", h.text)
	} else {
		r.put("message", d.rest)
	}
}

// plainTag tells whether a tag is the name of a program and nothing that equipment wrote before a colon.
func plainTag(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c|0x20)-'a' > 25 && c-'0' > 9 && c != '_' && c != '-' && c != '.' && c != '/' {
			return false
		}
	}
	return true
}

// mayBeAppliance tells whether lines of a program that says nothing known may be those of network equipment.
func mayBeAppliance(p *program, tag string) bool {
	return p == otherProgram || p == unnamedProgram || tag == "ulogd" || junosDaemon(tag)
}

// known tries what the line can be. Few lines of anything else get beyond looking for four bytes in their beginning.
func (d *device) known() bool {
	s := d.rest
	if strings.IndexByte(d.line[:min(len(d.line), ciscoReach)], '%') >= 0 && (d.readCisco() || d.readHuawei()) {
		return true
	}
	head := s[:min(len(s), ciscoReach)]
	if strings.IndexByte(head, '|') >= 0 {
		if i := d.headerPlace(s); i >= 0 {
			if s[i] == 'C' {
				return d.readCEF(s[i:])
			}
			return d.readLEEF(s[i:])
		}
	}
	if d.readTagged() {
		return true
	}
	if strings.IndexByte(head, ',') >= 0 && (d.readPaloAlto(s) || d.readMikroTik(s)) {
		return true
	}
	return strings.IndexByte(head, '=') >= 0 && (d.readMeraki(s) || d.readWatchGuard(s) || s[0] == 'N' && d.readNetScreen(s) || d.readPairs(s)) || d.readNetScreen(s)
}

// headerPlace returns where "CEF:0|" or "LEEF:2.0|" stands: at the start or after a few words.
func (d *device) headerPlace(s string) int {
	limit := s[:min(len(s), 160)]
	for at := 0; ; {
		i := strings.Index(limit[at:], "EF:")
		if i < 1 {
			return -1
		}
		i += at
		at = i + 3
		if at >= len(s) || s[at]-'0' > 9 || strings.IndexByte(s[at:min(len(s), at+4)], '|') < 0 {
			continue
		}
		switch {
		case s[i-1] == 'C' && (i == 1 || s[i-2] == ' ' || s[i-2] == ':'):
			return i - 1
		case i >= 2 && s[i-2:i] == "LE":
			return i - 2
		}
	}
}

// vendor adds who made the equipment.
func (d *device) vendor(vendor, product string) {
	d.record.put("observer.vendor", vendor)
	d.record.put("observer.product", product)
}

// clock notes the time that the equipment states.
func (r *record) clock(ns int64, zoned bool) {
	if ns != 0 && (r.time == 0 || zoned && !r.zoned) {
		r.time, r.zoned = ns, zoned
	}
}

// when returns the time of the event: the one that states its zone, else the one that states its year, else the header's.
func (d *device) when() int64 {
	r, h := &d.record, &d.head
	switch {
	case r.time == 0:
		return h.time
	case r.zoned, h.time == 0, !h.full:
		return r.time
	}
	return h.time
}

// inZone reads a time that was taken for one of the file's zone as one of another.
func (y *yearless) inZone(ns int64, offset int) int64 {
	if y.zone != nil && y.zone != time.UTC {
		_, own := time.Unix(0, ns).In(y.zone).Zone()
		ns += int64(own) * second
	}
	return ns - int64(offset)*second
}

// applianceLine makes an event of a line of network equipment.
func (p *lineParser) applianceLine(line string, h *syslogHeader, out *event.Batch) bool {
	d := &p.device
	if !d.read(line, h, &p.years) {
		return false
	}
	e := out.Add(p.fields.of(d.format, d.record.names))
	copy(e.Values, d.record.values)
	e.Time = d.when()
	if e.Time == 0 && h.stampless() {
		e.Time = leadingTime(line, &p.years)
	}
	return true
}

// bareAppliance does so for a line without the header of syslog.
func (p *lineParser) bareAppliance(line string, out *event.Batch) bool {
	h := syslogHeader{facility: -1, severity: -1}
	return p.applianceLine(line, &h, out)
}

// applianceFormat makes the format of files that hold lines of a kind of equipment; lines of all kinds may stand in any
// of them.
func applianceFormat(a appliance, formats ...*event.Format) *Format {
	return &Format{
		Name: a.name, Doc: a.doc, Example: a.example,
		Detect: func(head string) int {
			return detectAppliance(head, formats)
		},
		NewSplitter: newLineSplitter,
		NewParser:   newLineParser(systemLog),
	}
}

// detectLines is how many lines are looked at.
const detectLines = 16

// detectAppliance returns how sure the first lines make us that they are of one of the formats.
func detectAppliance(head string, formats []*event.Format) int {
	var d device
	var years yearless
	years.use(nil)
	lines, hits, miss := 0, 0, 0
	for len(head) > 0 && lines < detectLines && miss < 4 {
		line, rest, whole := strings.Cut(head, "\n")
		if !whole && lines > 0 {
			break
		}
		head = rest
		if _, line = trimLine(line, 0, len(line)); line == "" || len(line) > 64<<10 {
			continue
		}
		lines++
		if line[0] == '{' || !d.readAny(line, &years) || !holdsFormat(formats, d.format) {
			miss++
			continue
		}
		hits++
	}
	if hits == 0 || hits*2 < lines {
		return 0
	}
	return 84 * (lines + hits) / (2 * lines)
}

func holdsFormat(all []*event.Format, f *event.Format) bool {
	for _, g := range all {
		if f == g {
			return true
		}
	}
	return false
}

// readAny reads a line with or without a header.
func (d *device) readAny(line string, years *yearless) bool {
	var h syslogHeader
	if h.read(line, years) {
		if mayBeAppliance(programOf(h.tag), h.tag) {
			return d.read(line, &h, years)
		}
		return false
	}
	h = syslogHeader{facility: -1, severity: -1}
	return d.read(line, &h, years)
}
