package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Access is what web servers write of each request: the common and the combined log format of Apache httpd
// (mod_log_config, "%h %l %u %t \"%r\" %>s %b") and what others add to it before and after.
var Access = &Format{
	Name: "access",
	Doc: "Access logs of web servers and proxies in common or combined log format, with a virtual host before it and " +
		"further fields after it. Fields have their W3C names (c-ip, cs-method, cs-uri-stem, sc-status, …).",
	Example: "198.51.100.4 - anna [03/Mar/2024:09:12:44 +0100] \"GET /shop/cart.php?id=7 HTTP/1.1\" 200 5120 \"https://shop.example/\" \"Mozilla/5.0\"\n" +
		"shop.example:443 2001:db8::7 - - [03/Mar/2024:09:12:45 +0100] \"-\" 408 - \"-\" \"-\"\n",
	Detect: func(head string) int {
		return shareOf(head, func(line string) bool {
			var r request
			return r.read(line)
		}, 90)
	},
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(accessLog),
}

var accessFormat = &event.Format{
	Name:      "access",
	LogSource: event.LogSource{Category: "webserver"},
	ECS:       webECS,
}

// webECS maps ECS names, and those that Sigma's proxy rules have for the same things, to W3C names. IIS has some in
// other spelling.
var webECS = map[string][]string{
	"source.ip": {"c-ip", "c-dns"}, "source.domain": {"c-dns"}, "client.ip": {"c-ip"}, "source.port": {"c-port"},
	"destination.ip": {"s-ip"}, "destination.port": {"s-port"},
	"user.name":                 {"cs-username"},
	"http.request.method":       {"cs-method"},
	"url.path":                  {"cs-uri-stem"},
	"url.query":                 {"cs-uri-query"},
	"url.original":              {"cs-uri", "cs-uri-stem"},
	"url.domain":                {"cs-host", "cs(Host)"},
	"http.response.status_code": {"sc-status"},
	"http.response.bytes":       {"sc-bytes"},
	"http.version":              {"cs-version"},
	"user_agent.original":       {"cs-user-agent", "cs(User-Agent)"},
	"http.request.referrer":     {"cs-referer", "cs(Referer)"},
	"host.name":                 {"s-computername"},

	"c-uri": {"cs-uri", "cs-uri-stem"}, "c-useragent": {"cs-user-agent", "cs(User-Agent)"},
	"c-uri-query": {"cs-uri-query"}, "c-uri-stem": {"cs-uri-stem"}, "c-username": {"cs-username"},
	"cs-uri": {"cs-uri-stem"}, "cs-user-agent": {"cs(User-Agent)"}, "cs-useragent": {"cs-user-agent", "cs(User-Agent)"},
	"cs-referer": {"cs(Referer)"}, "cs-referrer": {"cs-referer", "cs(Referer)"}, "cs-host": {"cs(Host)", "host"},
	"cs-cookie": {"cs(Cookie)"}, "r-dns": {"cs-host", "cs(Host)"}, "src_ip": {"c-ip"},
}

var accessNames = []string{
	"cs-host", "c-ip", "c-dns", "cs-username", "cs-method", "cs-uri",
	"cs-uri-stem", "cs-uri-query", "cs-version", "sc-status", "sc-bytes", "cs-referer", "cs-user-agent",
	"x-forwarded-for", "time-taken", "message", "event.outcome", "c-port", "s-ip", "s-port",
}

var (
	accessShape = event.NewShape(accessFormat, accessNames...)
	// relayedShape is of lines that came by syslog.
	relayedShape = event.NewShape(accessFormat, append(append([]string{}, accessNames...), "host.name", "process.name", "process.pid")...)
)

const (
	atVirtualHost = iota
	atClient
	atClientName
	atUser
	atMethod
	atURI
	atStem
	atQuery
	atVersion
	atStatus
	atBytes
	atReferer
	atAgent
	atForwarded
	atTaken
	atAccessLine
	atOutcome
	atClientPort
	atServer
	atServerPort
	afterAccess
)

// request is a line of an access log, taken apart.
type request struct {
	before  string // the words before the time
	port    string // of the client
	server  side   // who answered behind a balancer
	time    string // without brackets
	verb    string // the method, where the line does not begin with it
	line    string // what the client sent, escaped as the server escapes it
	status  string
	bytes   string
	referer string
	agent   string
	extra   string
}

// accessLine makes an event of a line of an access log.
func (p *lineParser) accessLine(line string, out *event.Batch) bool {
	var r request
	if !r.read(line) {
		return false
	}
	if r.extra != "" && p.squidAccess(&r, line, out) {
		return true
	}
	e := out.Add(accessShape)
	e.Time, _ = parseCLF(r.time, p.years.zone)
	r.fill(e.Values)
	e.Values[atAccessLine] = textValue(line)
	return true
}

// relayedLine makes an event of a line of an access log that is the message of a line of syslog.
func (p *lineParser) relayedLine(h *syslogHeader, out *event.Batch) bool {
	var r request
	if !r.read(h.text) {
		return false
	}
	if r.extra != "" && p.squidAccess(&r, h.text, out) {
		p.putBehind(h, out)
		return true
	}
	e := out.Add(relayedShape)
	if e.Time, _ = parseCLF(r.time, p.years.zone); e.Time == 0 {
		e.Time = h.time
	}
	r.fill(e.Values)
	e.Values[atAccessLine] = textValue(h.text)
	e.Values[afterAccess], e.Values[afterAccess+1], e.Values[afterAccess+2] = textValue(h.host), textValue(h.tag), numberValue(h.pid)
	return true
}

// read takes a line apart and reports whether it is of an access log.
func (r *request) read(s string) bool {
	at := clfTime(s)
	if at < 0 {
		return false
	}
	end := strings.IndexByte(s[at:], ']')
	if end < 0 || end > 40 {
		return false
	}
	r.before, r.time = strings.TrimRight(s[:at-1], " "), s[at:at+end]
	s = trimSpace(s[at+end+1:])
	if s == "" {
		return false
	}
	if s[0] != '"' {
		return r.readHAProxy(s) || r.readS3(s) || r.readManager(s)
	}
	s = s[1:]
	end = requestEnd(s)
	if end < 0 {
		return false
	}
	r.line, s = s[:end], trimSpace(s[end+1:])
	r.status, s = nextWord(s)
	r.bytes, s = nextWord(s)
	if s != "" && s[0] == '"' {
		r.referer, s = quotedField(s)
		if s != "" && s[0] == '"' {
			r.agent, s = quotedField(s)
		}
	}
	r.extra = s
	return true
}

// clfTime returns where the time after the bracket is, -1 where there is none: "[10/Oct/2000:13:55:36 -0700]".
func clfTime(s string) int {
	from := 0
	for range 8 {
		i := strings.IndexByte(s[from:], '[')
		if i < 0 {
			return -1
		}
		i += from + 1
		if len(s) >= i+20 && s[i+2] == '/' && s[i+6] == '/' && s[i+11] == ':' && s[i+14] == ':' && s[i]-'0' <= 9 {
			return i
		}
		from = i
	}
	return -1
}

// requestEnd returns where the quoted request ends. Servers escape quotes within it (Apache "\"", nginx "\x22"); where one
// does not, the end is the quote with a status after it.
func requestEnd(s string) int {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '"')
		if i < 0 {
			break
		}
		i += at
		if i+1 == len(s) || i+4 < len(s) && s[i+1] == ' ' && (statusAt(s[i+2:]) || s[i+2] == '-') {
			if !escaped(s, i) {
				return i
			}
		}
		at = i + 1
	}
	if i := strings.LastIndex(s, `" `); i >= 0 && statusAt(s[i+2:]) {
		return i // a backslash of the client before the closing quote
	}
	return -1
}

// escaped tells whether an odd number of backslashes stands before s[i].
func escaped(s string, i int) bool {
	n := 0
	for i > n && s[i-1-n] == '\\' {
		n++
	}
	return n&1 != 0
}

func statusAt(s string) bool {
	return len(s) >= 3 && s[0]-'0' <= 9 && s[1]-'0' <= 9 && s[2]-'0' <= 9 && (len(s) == 3 || s[3] == ' ')
}

func nextWord(s string) (w, rest string) {
	if s == "" || s[0] == '"' {
		return "", s
	}
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		return s, ""
	}
	return s[:end], trimSpace(s[end+1:])
}

// quotedField cuts a quoted string at the start of s. A quote ends it only before a space or the end of the line.
func quotedField(s string) (field, rest string) {
	for at := 1; at < len(s); {
		i := strings.IndexByte(s[at:], '"')
		if i < 0 {
			break
		}
		i += at
		if (i+1 == len(s) || s[i+1] == ' ') && !escaped(s[:i], i) {
			return s[1:i], trimSpace(s[i+1:])
		}
		at = i + 1
	}
	if s = s[1:]; s != "" && s[len(s)-1] == '"' {
		s = s[:len(s)-1] // its last backslash was no escape
	}
	return s, ""
}

func (r *request) fill(v []event.Value) {
	r.client(v)
	v[atClientPort] = numberValue(r.port)
	if r.server.ip != "" {
		v[atServer], v[atServerPort] = textValue(r.server.ip), numberValue(r.server.port)
	}
	if r.status != "" {
		v[atStatus], v[atOutcome] = numberValue(r.status), statusOutcome(r.status)
	}
	if r.bytes != "" {
		v[atBytes] = numberValue(r.bytes)
	}
	if r.referer != "" || r.agent != "" {
		v[atReferer], v[atAgent] = textValue(r.referer), textValue(r.agent)
	}
	r.requestLine(v)
	for s := r.extra; s != ""; {
		var w string
		if s[0] == '"' {
			if w, s = quotedField(s); w != "" && addressList(w) {
				v[atForwarded] = textValue(w)
			}
		} else if w, s = nextWord(s); v[atTaken].Kind == event.Missing && decimal(w) {
			v[atTaken] = event.Value{Raw: w, Kind: event.Number}
		}
	}
}

var successValue, failureValue = textValue(success), textValue(failure)

// statusOutcome returns what a status of HTTP is as an outcome: the classes 4 and 5 are failures (RFC 9110 §15; ECS,
// event.outcome). What is no status has none.
func statusOutcome(s string) event.Value {
	if len(s) == 3 {
		switch s[0] {
		case '1', '2', '3':
			return successValue
		case '4', '5':
			return failureValue
		}
	}
	return event.Value{}
}

// requestLine splits "GET /path?query HTTP/1.1". Bytes that are no request are kept as cs-uri.
func (r *request) requestLine(v []event.Value) {
	line := r.line
	if line == "" || line == "-" {
		return
	}
	end := strings.IndexByte(line, ' ')
	uri := line
	switch {
	case r.verb != "":
		v[atMethod] = textValue(r.verb)
	case end < 1 || !method(line[:end]):
		v[atURI] = textValue(line)
		return
	default:
		v[atMethod] = textValue(line[:end])
		uri = line[end+1:]
	}
	uri, version := cutVersion(uri)
	if version != "" {
		v[atVersion] = textValue(version)
	}
	v[atURI] = textValue(uri)
	stem, query, has := strings.Cut(uri, "?")
	if host, path, absolute := cutAbsolute(stem); absolute {
		stem = path
		if v[atVirtualHost].Kind == event.Missing {
			v[atVirtualHost] = textValue(host)
		}
	}
	v[atStem] = textValue(stem)
	if has {
		v[atQuery] = textValue(query)
	}
}

// cutAbsolute takes "http://shop.example:80/a" apart, as clients of proxies ask and balancers write (RFC 9112 §3.2.2).
func cutAbsolute(s string) (host, path string, ok bool) {
	if len(s) < 8 || s[0] != 'h' || !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return "", s, false
	}
	host = s[strings.IndexByte(s, '/')+2:]
	path = "/"
	if i := strings.IndexByte(host, '/'); i >= 0 {
		host, path = host[:i], host[i:]
	}
	return hostOnly(host), path, host != ""
}

// hostOnly cuts the port off the name of a host.
func hostOnly(s string) string {
	if i := strings.LastIndexByte(s, ':'); i > 0 && number.holds(s[i+1:]) && (s[i-1] == ']' || strings.IndexByte(s[:i], ':') < 0) {
		return s[:i]
	}
	return s
}

// cutVersion cuts " HTTP/1.1" off the end of a request line.
func cutVersion(s string) (uri, version string) {
	if i := strings.LastIndexByte(s, ' '); i >= 0 && strings.HasPrefix(s[i+1:], "HTTP/") {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func method(s string) bool {
	if len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// client reads the words before the time: "[vhost] [forwarded-for] address identity user". The user may hold spaces.
func (r *request) client(v []event.Value) {
	s := r.before
	if s == "" {
		return
	}
	if s[0] == '"' { // a proxy's list of addresses, or a virtual host
		var w string
		if w, s = quotedField(s); addressList(w) {
			v[atForwarded] = textValue(w)
		} else {
			v[atVirtualHost] = textValue(w)
		}
	}
	words := 0
	for rest := s; rest != "" && words < 4; words++ {
		w, after := nextWord(rest)
		if bare := strings.TrimRight(w, ","); isAddress(bare) {
			if words > 0 && v[atForwarded].Kind == event.Missing {
				host := strings.TrimRight(s[:len(s)-len(rest)], " ")
				if name := hostOnly(host); name != host {
					v[atServerPort] = numberValue(host[len(name)+1:])
					host = name
				}
				v[atVirtualHost] = textValue(host)
			}
			v[atClient] = textValue(bare)
			for len(w) > len(bare) && after != "" { // the addresses of proxies after the client's
				w, after = nextWord(after)
				bare = strings.TrimRight(w, ",")
			}
			if behind, more := nextWord(after); len(behind) > 4 && behind[0] == '(' && addressList(strings.Trim(behind, "()")) {
				v[atForwarded], v[atClient] = textValue(strings.Trim(behind, "()")), textValue(firstAddress(strings.Trim(behind, "()")))
				after = more
			}
			r.user(after, v)
			return
		}
		rest = after
		if rest != "" && rest[0] == '"' {
			break
		}
	}
	w, rest := nextWord(s)
	if next, after := nextWord(rest); next != "" && next != "-" && strings.Count(rest, " ") >= 2 {
		v[atVirtualHost] = textValue(w)
		w, rest = next, after
	}
	if w != "-" {
		v[atClientName] = textValue(w)
	}
	r.user(rest, v)
}

// user reads "identity user".
func (r *request) user(s string, v []event.Value) {
	_, rest := nextWord(s)
	if rest != "" && rest != "-" {
		v[atUser] = textValue(strings.Trim(rest, `"`))
	}
}

// firstAddress returns the first of a list of addresses.
func firstAddress(s string) string {
	one, _, _ := strings.Cut(s, ",")
	return one
}

// addressList tells whether s is addresses, separated by commas.
func addressList(s string) bool {
	for s != "" {
		one, rest, _ := strings.Cut(s, ",")
		if !isAddress(strings.TrimSpace(one)) {
			return false
		}
		s = rest
	}
	return true
}

// decimal tells whether s is a number with a decimal point as JSON allows it.
func decimal(s string) bool {
	whole, frac, has := strings.Cut(s, ".")
	return has && number.holds(whole) && number.holds(frac) && (len(whole) == 1 || whole[0] != '0')
}
