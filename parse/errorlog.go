package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// ErrorLog is what Apache httpd and nginx write to their error logs.
var ErrorLog = &Format{
	Name: "errorlog",
	Doc:  "Error logs of Apache httpd (2.2 and 2.4) and nginx.",
	Example: "[Sun Mar 03 09:12:44.120000 2024] [authz_core:error] [pid 771:tid 139] [client 198.51.100.4:50122] AH01630: client denied by server configuration: /srv/www/private\n" +
		"2024/03/03 09:12:45 [error] 882#882: *17 open() \"/srv/www/x\" failed (2: No such file or directory), client: 198.51.100.4, server: shop.example, request: \"GET /x HTTP/1.1\", host: \"shop.example\"\n",
	Detect: func(head string) int {
		return shareOf(head, func(line string) bool {
			var e errorRecord
			return e.read(line, nil)
		}, 85)
	},
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(errorLog),
}

var errorECS = map[string][]string{"source.ip": {"source.domain"}}

var (
	apacheErrorFormat = &event.Format{Name: "apache", LogSource: event.LogSource{Product: "apache", Service: "error"}, ECS: errorECS}
	nginxErrorFormat  = &event.Format{Name: "nginx", LogSource: event.LogSource{Product: "nginx", Service: "error"}, ECS: errorECS}

	errorFields = []string{
		"log.level", "log.logger", "process.pid", "source.ip", "source.domain", "source.port", "url.domain",
		"http.request.method", "url.original", "http.request.referrer", "user.name", "message",
		"event.action", "event.category", "event.outcome", "rule.id", "rule.name",
	}
	apacheErrorShape = event.NewShape(apacheErrorFormat, errorFields...)
	nginxErrorShape  = event.NewShape(nginxErrorFormat, errorFields...)
)

const (
	atLevel = iota
	atModule
	atErrorPID
	atErrorClient
	atErrorClientName
	atErrorPort
	atErrorHost
	atErrorMethod
	atErrorURL
	atErrorReferer
	atErrorUser
	atErrorText
	atErrorAction
	atErrorCategory
	atErrorOutcome
	atErrorRuleID
	atErrorRule
)

// errorRecord is a line of an error log.
type errorRecord struct {
	apache bool
	time   int64
	level  string
	module string
	pid    string
	client string
	text   string
}

func (p *lineParser) errorLine(line string, out *event.Batch) bool {
	var r errorRecord
	if !r.read(line, &p.years) {
		return false
	}
	shape := nginxErrorShape
	if r.apache {
		shape = apacheErrorShape
	}
	e := out.Add(shape)
	e.Time = r.time
	r.fill(e.Values)
	return true
}

func (r *errorRecord) read(s string, years *yearless) bool {
	if len(s) < 27 {
		return false
	}
	var y yearless
	if years == nil {
		y.use(nil)
		years = &y
	}
	if s[0] == '[' {
		return r.readApache(s, years)
	}
	return r.readNginx(s, years)
}

// readApache reads "[time] [module:level] [pid n:tid n] [client a:p] text", and what version 2.2 wrote.
func (r *errorRecord) readApache(s string, years *yearless) bool {
	ns, n := apacheErrorTime(s[1:], years.zone)
	if n == 0 && s[5] == '-' { // ErrorLogFormat "[%{cu}t] …"
		if ns, n = parseTimePrefix(s[1:], years.zone); n > 0 && !strings.HasPrefix(s[n+1:], "] [") {
			n = 0
		} else if n > 0 && !apachePart(s[n+4:]) {
			n = 0
		}
	}
	if n == 0 || len(s) < n+4 || s[n+1] != ']' {
		return false
	}
	r.time, r.apache = ns, true
	r.apacheParts(trimSpace(s[n+2:]))
	return true
}

// apachePart tells whether s begins with "module:level] [pid ", which only Apache writes.
func apachePart(s string) bool {
	part, rest, ok := strings.Cut(s[:min(len(s), 80)], "] ")
	i := strings.IndexByte(part, ':')
	return ok && i >= 0 && apacheLevel(part) && strings.HasPrefix(rest, "[pid ")
}

// apacheParts reads what follows the time.
func (r *errorRecord) apacheParts(s string) {
	for s != "" && s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			break
		}
		if strings.HasPrefix(s, "[client [") { // IPv6 in brackets of its own
			if more := strings.IndexByte(s[end+1:], ']'); more >= 0 {
				end += 1 + more
			}
		}
		part := s[1:end]
		switch {
		case strings.HasPrefix(part, "pid "):
			r.pid, _, _ = strings.Cut(part[4:], ":")
		case strings.HasPrefix(part, "client "):
			if r.client == "" || !strings.HasPrefix(r.client, part[7:]) { // ModSecurity repeats it, without the port
				r.client = part[7:]
			}
		case strings.HasPrefix(part, "remote "):
			r.client = part[7:]
		case r.level == "":
			module, level, has := strings.Cut(part, ":")
			if !has {
				module, level = "", part
			}
			r.module, r.level = module, level
		default:
			r.text = s
			return
		}
		s = trimSpace(s[end+1:])
	}
	r.text = s
}

// readNginx reads "time [level] pid#tid: *connection text".
func (r *errorRecord) readNginx(s string, years *yearless) bool {
	if s[4] != '/' || s[7] != '/' || s[10] != ' ' {
		return false
	}
	ns, n := parseTimePrefix(s, years.zone)
	if n == 0 || !strings.HasPrefix(s[n:], " [") {
		return false
	}
	s = s[n+2:]
	level, rest, ok := strings.Cut(s, "] ")
	if !ok || len(level) > 6 {
		return false
	}
	pid, text, ok := strings.Cut(rest, ": ")
	if !ok {
		return false
	}
	pid, _, ok = strings.Cut(pid, "#")
	if !ok || !number.holds(pid) {
		return false
	}
	r.time, r.level, r.pid, r.text = ns, level, pid, text
	return true
}

func (r *errorRecord) fill(v []event.Value) {
	v[atErrorText] = textValue(r.text)
	if r.level != "" {
		v[atLevel] = textValue(r.level)
	}
	if r.module != "" {
		v[atModule] = textValue(r.module)
	}
	v[atErrorPID] = numberValue(r.pid)
	client := r.client
	if !r.apache {
		client = r.nginxTail(v)
	}
	if v[atErrorUser].Kind == event.Missing && strings.Contains(r.text, "ogin") {
		if user := clueAccount(r.text, -1); user != "" {
			v[atErrorUser] = textValue(user)
		}
	}
	if i := strings.Index(r.text, "ModSecurity: "); i >= 0 {
		modSecurity(r.text[i:], v)
		if host := strings.TrimSuffix(strings.TrimPrefix(client, "["), "]"); isAddress(host) {
			client = host
		}
	}
	if client == "" {
		return
	}
	host, port := client, ""
	if i := strings.LastIndexByte(client, ':'); i > 0 && number.holds(client[i+1:]) && (r.apache || client[i-1] == ']') {
		host, port = client[:i], client[i+1:]
	}
	v[atErrorClient], v[atErrorClientName] = addressValues(host)
	v[atErrorPort] = numberValue(port)
	if r.apache {
		r.apacheTail(v)
	}
	r.login(v)
}

// modSecurity reads what the web application firewall adds to either log: [id "…"] [msg "…"] [uri "…"] and others.
// Source: ModSecurity Reference Manual, "Error log message format".
func modSecurity(text string, v []event.Value) {
	v[atErrorAction], v[atErrorCategory] = textValue("waf_rule"), textValue(web)
	if strings.HasPrefix(text, "ModSecurity: Access denied") {
		v[atErrorOutcome] = textValue(failure)
	}
	for _, f := range [...]struct {
		name string
		at   int
	}{{`[id "`, atErrorRuleID}, {`[msg "`, atErrorRule}, {`[uri "`, atErrorURL}, {`[hostname "`, atErrorHost}} {
		if _, rest, ok := strings.Cut(text, f.name); ok && v[f.at].Kind == event.Missing {
			value, _, _ := strings.Cut(rest, `"]`)
			v[f.at] = textValue(value)
		}
	}
}

// refusals are what the servers write when a name or a password is wrong.
var refusals = [...]string{": authentication failure for \"", ": password mismatch", " not found: ", "\" was not found in \""}

// login tells that somebody failed to log in: at the web server, or at a mail server that nginx stands before.
func (r *errorRecord) login(v []event.Value) {
	action := ""
	switch {
	case v[atErrorUser].Kind == event.Missing:
		return
	case strings.Contains(r.text, " client login failed: \""):
		action = "mail_login"
	default:
		for _, what := range refusals {
			if strings.Contains(r.text, what) {
				action = "web_login"
			}
		}
	}
	if action != "" {
		v[atErrorAction], v[atErrorCategory], v[atErrorOutcome] = textValue(action), textValue(authentication), textValue(failure)
	}
}

// nginxTail reads ", client: a, server: s, request: "…", host: "h", referrer: "r"" and returns the client.
// The server writes the client before anything that the client has sent but for the text itself: the last is meant.
func (r *errorRecord) nginxTail(v []event.Value) (client string) {
	at := strings.LastIndex(r.text, ", client: ")
	if req := strings.Index(r.text, `, request: "`); req >= 0 && at > req {
		at = strings.LastIndex(r.text[:req], ", client: ")
	}
	if at < 0 {
		return ""
	}
	tail := r.text[at+len(", client: "):]
	client, tail, _ = strings.Cut(tail, ",")
	if _, rest, ok := strings.Cut(tail, ` request: "`); ok {
		line, _, _ := strings.Cut(rest, `"`)
		if m, uri, ok := strings.Cut(line, " "); ok && method(m) {
			uri, _ = cutVersion(uri)
			v[atErrorMethod], v[atErrorURL] = textValue(m), textValue(uri)
		}
	}
	if i := strings.LastIndex(tail, `, host: "`); i >= 0 {
		h, _, _ := strings.Cut(tail[i+len(`, host: "`):], `"`)
		v[atErrorHost] = textValue(h)
	}
	if i := strings.LastIndex(tail, `, referrer: "`); i >= 0 {
		h, _, _ := strings.Cut(tail[i+len(`, referrer: "`):], `"`)
		v[atErrorReferer] = textValue(h)
	}
	if i := strings.LastIndex(tail, `, login: "`); i >= 0 {
		name, _, _ := strings.Cut(tail[i+len(`, login: "`):], `"`)
		v[atErrorUser] = textValue(name)
	} else if rest, ok := strings.CutPrefix(r.text, `*`); ok {
		if _, rest, ok = strings.Cut(rest, ` user "`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			v[atErrorUser] = textValue(name)
		}
	}
	return client
}

// apacheTail reads the user that mod_auth_basic names and the referer at the end.
func (r *errorRecord) apacheTail(v []event.Value) {
	text := r.text
	if i := strings.LastIndex(text, ", referer: "); i >= 0 {
		v[atErrorReferer] = textValue(text[i+len(", referer: "):])
		text = text[:i]
	}
	if _, rest, ok := strings.Cut(text, "user "); ok {
		for _, end := range [...]string{": authentication failure", " not found", ": password mismatch"} {
			if i := strings.Index(rest, end); i > 0 {
				v[atErrorUser] = textValue(rest[:i])
				return
			}
		}
	}
}
