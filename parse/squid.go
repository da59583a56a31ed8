package parse

import (
	"strings"

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
	},
}

var squidKind = newKind(squidFormat, []string{
	"event.action", "event.category", "event.outcome", "c-ip", "cs-username", "cs-method", "c-uri", "cs-host", "sc-status", "sc-bytes",
	"time-taken", "r-ip", "s-action", "rs-content-type", "c-uri-query",
}, nil)

// squidLog is "1709457164.120    180 192.0.2.7 TCP_MISS/200 411 GET http://shop.example/ anna HIER_DIRECT/198.51.100.4 text/html".
var squidLog = ownLog{
	name: "squid",
	doc:  "Access logs of the proxy Squid in its native format.",
	example: "1709457164.120    180 203.0.113.7 TCP_MISS/200 411 GET http://shop.example/a?b=c anna HIER_DIRECT/198.51.100.4 text/html\n" +
		"1709457165.120      0 203.0.113.7 TCP_DENIED/407 3906 CONNECT shop.example:443 - HIER_NONE/- text/html\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		if len(s) < 40 || s[0]-'0' > 9 || s[10] != '.' || s[14] != ' ' {
			return false
		}
		var w [10]string
		rest := s
		for i := range w {
			w[i], rest = nextWord(rest)
			if w[i] == "" && i < 9 {
				return false
			}
		}
		result, status, ok := strings.Cut(w[3], "/")
		if !ok || !number.holds(w[1]) || !number.holds(status) || !method(w[5]) {
			return false
		}
		ns, ok := parseEpoch(w[0])
		if !ok {
			return false
		}
		l.time, l.program = ns, "squid"
		v := out.values[:len(squidKind.names)]
		clear(v)
		out.kind = squidKind
		v[0], v[1], v[2] = textValue("proxy_request"), textValue(web), textValue(success)
		if len(status) == 3 && status[0] >= '4' || strings.Contains(result, "DENIED") {
			v[2] = textValue(failure)
		}
		v[3] = textValue(w[2])
		if w[7] != "-" {
			v[4] = textValue(w[7])
		}
		v[5], v[6] = textValue(w[5]), textValue(w[6])
		v[7] = textValue(urlHost(w[6]))
		v[8], v[9], v[10] = numberValue(status), numberValue(w[4]), numberValue(w[1])
		if _, peer, ok := strings.Cut(w[8], "/"); ok && isAddress(peer) {
			v[11] = textValue(peer)
		}
		v[12], v[13] = textValue(result), textValue(w[9])
		if _, query, ok := strings.Cut(w[6], "?"); ok {
			v[14] = textValue(query)
		}
		return true
	},
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
