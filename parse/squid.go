package parse

import (
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// squidFormat is the proxy's native access log. The fields have the names that Sigma's proxy rules use.
// Source: Squid FAQ "Squid Log Files", logformat squid.
var squidFormat = &event.Format{
	Name:      "squid",
	LogSource: event.LogSource{Category: "proxy", Product: "squid"},
	ECS: map[string][]string{
		"source.ip": {"c-ip"}, "client.ip": {"c-ip"}, "src_ip": {"c-ip"}, "user.name": {"cs-username"}, "http.request.method": {"cs-method"},
		"url.original": {"c-uri"}, "url.full": {"c-uri"}, "cs-uri": {"c-uri"}, "url.domain": {"cs-host"}, "r-dns": {"cs-host"},
		"http.response.status_code": {"sc-status"}, "http.response.bytes": {"sc-bytes"}, "destination.ip": {"r-ip"}, "dst_ip": {"r-ip"},
		"http.response.mime_type": {"rs-content-type"}, "c-uri-stem": {"c-uri"}, "event.duration": {"time-taken"},
		"user_agent.original": {"cs-user-agent"}, "c-useragent": {"cs-user-agent"}, "cs-useragent": {"cs-user-agent"},
		"http.request.referrer": {"cs-referer"}, "cs-referrer": {"cs-referer"},
	},
}

var squidKind = newKind(squidFormat, []string{
	"event.action", "event.category", "event.outcome", "c-ip", "cs-username", "cs-method", "c-uri", "cs-host", "sc-status", "sc-bytes",
	"time-taken", "r-ip", "s-action", "rs-content-type", "c-uri-query",
	"cs-user-agent", "cs-referer",
}, nil)

const (
	squidClient = iota + 3
	squidUser
	squidMethod
	squidURI
	squidHost
	squidStatus
	squidBytes
	squidTaken
	squidPeer
	squidResult
	squidType
	squidQuery
	squidAgent
	squidReferer
)

// squidLog is "1709457164.120    180 192.0.2.7 TCP_MISS/200 411 GET http://shop.example/ anna HIER_DIRECT/198.51.100.4 text/html".
var squidLog = ownLog{
	name: "squid",
	doc:  "Access logs of the proxy Squid in its native format, with a time of either style and further fields.",
	example: "1709457164.120    180 203.0.113.7 TCP_MISS/200 411 GET http://shop.example/a?b=c anna HIER_DIRECT/198.51.100.4 text/html\n" +
		"1709457165.120      0 203.0.113.7 TCP_DENIED/407 3906 CONNECT shop.example:443 - HIER_NONE/- text/html\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		s, ns, ok := squidTime(l.line, l.zone)
		if !ok {
			return false
		}
		var w [9]string // milliseconds, client, result/status, bytes, method, URL, user, peer, type
		for i := range w {
			if w[i], s = nextWord(s); w[i] == "" && i < 8 {
				return false
			}
		}
		result, status, ok := strings.Cut(w[2], "/")
		if !ok || !number.holds(w[0]) || !number.holds(status) || !method(w[4]) {
			return false
		}
		l.time, l.program = ns, "squid"
		v := squidValues(out, result, status)
		v[squidClient], v[squidTaken], v[squidBytes] = textValue(w[1]), numberValue(w[0]), numberValue(w[3])
		v[squidMethod] = textValue(w[4])
		squidURL(v, w[5])
		if w[6] != "-" {
			v[squidUser] = textValue(w[6])
		}
		if _, peer, ok := strings.Cut(w[7], "/"); ok && isAddress(peer) {
			v[squidPeer] = textValue(peer)
		}
		v[squidType] = textValue(w[8])
		squidExtra(v, s)
		return true
	},
}

// squidTime cuts the time that a line begins with: seconds and milliseconds since 1970, or as a web server has it (%tl).
func squidTime(s string, zone *time.Location) (rest string, ns int64, ok bool) {
	if len(s) < 40 || s[0]-'0' > 9 {
		return s, 0, false
	}
	switch {
	case s[10] == '.' && s[14] == ' ':
		ns, ok = parseEpoch(s[:14])
		return trimSpace(s[14:]), ns, ok
	case s[2] == '/' && s[6] == '/' && s[11] == ':':
		end := 20
		if s[20] == ' ' && (s[21] == '+' || s[21] == '-') {
			end = 26
		}
		ns, ok = parseCLF(s[:end], zone)
		return trimSpace(s[end:]), ns, ok
	}
	return s, 0, false
}

// squidValues begins an event of a request with how it went.
func squidValues(out *said, result, status string) []event.Value {
	v := out.values[:len(squidKind.names)]
	clear(v)
	out.kind = squidKind
	v[0], v[1], v[2] = textValue("proxy_request"), textValue(web), textValue(success)
	if len(status) == 3 && status[0] >= '4' || strings.Contains(result, "DENIED") {
		v[2] = textValue(failure)
	}
	v[squidStatus], v[squidResult] = numberValue(status), textValue(result)
	return v
}

func squidURL(v []event.Value, url string) {
	v[squidURI], v[squidHost] = textValue(url), textValue(urlHost(url))
	if _, query, ok := strings.Cut(url, "?"); ok {
		v[squidQuery] = textValue(query)
	}
}

// squidExtra reads the quoted texts that an administrator has added behind the native format: a URL is the referer, any
// other is the client's name of itself.
func squidExtra(v []event.Value, s string) {
	for s != "" {
		w := ""
		if s[0] != '"' {
			_, s = nextWord(s)
			continue
		}
		if w, s = quotedField(s); w == "" || w == "-" {
			continue
		}
		if strings.HasPrefix(w, "http://") || strings.HasPrefix(w, "https://") {
			v[squidReferer] = textValue(w)
		} else if v[squidAgent].Kind == event.Missing {
			v[squidAgent] = textValue(w)
		}
	}
}

// squidMark returns the result of a request, as "TCP_MISS:HIER_DIRECT", that Squid writes behind the fields of a web
// server's log (its formats common and combined); "" where there is none.
func (r *request) squidMark() string {
	for s := r.extra; s != ""; {
		var w string
		if s[0] == '"' {
			_, s = quotedField(s)
			continue
		}
		w, s = nextWord(s)
		if i := strings.IndexByte(w, ':'); i > 3 && (strings.HasPrefix(w, "TCP_") || strings.HasPrefix(w, "UDP_") || strings.HasPrefix(w, "NONE")) {
			return w
		}
	}
	return ""
}

// squidAccess makes an event of a request to the proxy in a web server's format.
func (p *lineParser) squidAccess(r *request, line string, out *event.Batch) bool {
	mark := r.squidMark()
	if mark == "" {
		return false
	}
	var web [afterAccess]event.Value
	r.fill(web[:])
	result, _, _ := strings.Cut(mark, ":")
	v := squidValues(&p.said, result, r.status)
	v[squidClient], v[squidUser], v[squidMethod] = web[atClient], web[atUser], web[atMethod]
	if v[squidUser].Raw == "-" {
		v[squidUser] = event.Value{}
	}
	v[squidBytes], v[squidReferer], v[squidAgent] = web[atBytes], web[atReferer], web[atAgent]
	squidURL(v, web[atURI].Raw)
	e := out.Add(squidKind.shape)
	e.Time, _ = parseCLF(r.time, p.years.zone)
	e.Values[atProgram], e.Values[atMessage] = textValue("squid"), textValue(line)
	copy(e.Values[afterSyslog:], v)
	return true
}

// urlHost returns the host of a URL or of the "host:port" of a CONNECT.
func urlHost(s string) string {
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
	}
	if end := strings.IndexAny(s, "/?"); end >= 0 {
		s = s[:end]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	if host, port, ok := cutLast(s, ':'); ok && number.holds(port) {
		return host
	}
	return s
}
