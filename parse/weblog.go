package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Access logs in JSON have no common names: nginx's depend on its configuration, Caddy, Traefik, load balancers and application
// frameworks have their own. What is clearly such a log gets the W3C names that rules use.

// webJSONFormat is an access log in JSON.
var webJSONFormat = &event.Format{Name: "access", LogSource: event.LogSource{Category: "webserver"}, ECS: webECS}

// webNames are the names under which a thing is found, the surest first.
var webNames = [...]struct {
	name  string
	known []string
}{
	{"cs-method", []string{
		"request_method", "http_method", "httpMethod", "requestMethod", "RequestMethod", "request.method", "httpRequest.requestMethod",
		"httpRequest.httpMethod", "ClientRequestMethod", "req.method", "http.method", "method", "verb",
	}},
	{"cs-uri", []string{
		"request_uri", "requestUri", "requestURI", "RequestPath", "request.uri", "request.url", "httpRequest.requestUrl", "httpRequest.uri",
		"ClientRequestURI", "req.url", "http.url", "request_url", "uri", "url", "request_path", "path",
	}},
	{"sc-status", []string{
		"status_code", "statusCode", "http_status", "response.status", "httpRequest.status", "DownstreamStatus", "EdgeResponseStatus",
		"OriginStatus", "res.statusCode", "http.status_code", "response_code", "resp_status", "status", "response",
	}},
	{"c-ip", []string{
		"remote_addr", "remoteAddr", "remote_ip", "clientip", "client_ip", "clientIp", "ClientHost", "ClientIP", "request.client_ip",
		"request.remote_ip", "request.remote_addr", "httpRequest.remoteIp", "httpRequest.clientIp", "req.remoteAddress", "remote_host", "client", "ip",
	}},
	{"cs-user-agent", []string{
		"http_user_agent", "user_agent", "userAgent", "useragent", "request_User-Agent", "request.headers.User-Agent", "httpRequest.userAgent",
		"ClientRequestUserAgent", "req.headers.user-agent", "agent",
	}},
	{"cs-referer", []string{
		"http_referer", "referer", "referrer", "request.headers.Referer", "request_Referer", "httpRequest.referer", "ClientRequestReferer",
		"req.headers.referer",
	}},
	{"cs-host", []string{
		"http_host", "vhost", "virtual_host", "RequestHost", "request.host", "ClientRequestHost", "req.headers.host", "server_name", "host", "domain",
	}},
	{"cs-username", []string{"remote_user", "ClientUsername", "username", "meta.user", "user_id", "auth_user", "user"}},
	{"cs-uri-query", []string{"query_string", "httpRequest.args", "args", "queryString"}},
	{"sc-bytes", []string{"body_bytes_sent", "bytes_sent", "DownstreamContentSize", "response_size", "size", "bytes"}},
}

// webFields are the places of what is worked out from the address or the request line; -1 where there is none.
type webFields struct {
	request, method, uri, stem, query, version, status, outcome int
}

// web arranges the fields of an access log, if it is one: a request with a method, an address and a status, or with
// the whole first line, a status and a client.
func (l *layout) web() bool {
	found := map[string]string{}
	for _, w := range webNames {
		for _, n := range w.known {
			if l.has(n) {
				found[w.name] = n
				break
			}
		}
	}
	line := l.has("request") || l.has("request_line")
	status := found["sc-status"] != "" || l.has("httpRequest.clientIp")
	switch {
	case status && found["cs-method"] != "" && found["cs-uri"] != "":
		line = false
	case status && line && (found["c-ip"] != "" || found["cs-user-agent"] != ""):
		delete(found, "cs-method")
		delete(found, "cs-uri")
	default:
		return false
	}
	for _, w := range webNames {
		if n, ok := found[w.name]; ok {
			l.rename(n, w.name)
		}
	}
	if line {
		l.rename("request_line", "request")
		l.add("cs-method", -1)
		l.add("cs-uri", -1)
		l.add("cs-version", -1)
	}
	l.add("cs-uri-stem", -1)
	l.add("cs-uri-query", -1)
	l.add("event.outcome", -1)
	l.format = webJSONFormat
	l.finish = finishWeb
	return true
}

func webFieldsOf(l *layout) webFields {
	at := func(name string) int {
		if i, ok := l.places[name]; ok {
			return i
		}
		return -1
	}
	w := webFields{
		request: at("request"), method: at("cs-method"), uri: at("cs-uri"), stem: at("cs-uri-stem"), query: at("cs-uri-query"),
		version: at("cs-version"), status: at("sc-status"), outcome: at("event.outcome"),
	}
	if w.outcome >= 0 && l.from[w.outcome] >= 0 {
		w.outcome = -1 // the log has its own
	}
	if w.version < 0 || l.from[w.version] >= 0 {
		w.request = -1
	}
	return w
}

// finishWeb takes the request line and the address apart. The parts are windows, so those of an escaped text are escaped too.
func finishWeb(_ *jsonParser, plan *jsonPlan, e *event.Event) {
	w, v := &plan.web, e.Values
	if w.outcome >= 0 && w.status >= 0 {
		v[w.outcome] = statusOutcome(v[w.status].Raw)
	}
	if w.request >= 0 {
		line := v[w.request]
		method, rest, ok := strings.Cut(line.Raw, " ")
		if !ok || line.Kind != event.Text && line.Kind != event.Escaped {
			v[w.uri] = line
			return
		}
		v[w.method] = event.Value{Raw: method, Kind: line.Kind}
		if i := strings.LastIndex(rest, " HTTP/"); i >= 0 {
			v[w.version] = event.Value{Raw: rest[i+1:], Kind: line.Kind}
			rest = rest[:i]
		}
		v[w.uri] = event.Value{Raw: rest, Kind: line.Kind}
	}
	uri := v[w.uri]
	if uri.Kind != event.Text && uri.Kind != event.Escaped {
		return
	}
	stem, query, has := strings.Cut(uri.Raw, "?")
	if i := strings.Index(stem, "://"); i > 0 && i < 8 {
		if j := strings.IndexByte(stem[i+3:], '/'); j >= 0 {
			stem = stem[i+3+j:]
		}
	}
	if v[w.stem].Kind == event.Missing {
		v[w.stem] = event.Value{Raw: stem, Kind: uri.Kind}
	}
	if has && (v[w.query].Kind == event.Missing || v[w.query].Raw == "") {
		v[w.query] = event.Value{Raw: query, Kind: uri.Kind}
	}
}
