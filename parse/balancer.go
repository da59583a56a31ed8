package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Balancer is the access logs of AWS load balancers, classic and application. They are events of access logs.
// Source: Elastic Load Balancing, "Access logs for your Application Load Balancer", "… Classic Load Balancer".
var Balancer = &Format{
	Name: "elb",
	Doc:  "Access logs of AWS load balancers, classic and application.",
	Example: "https 2024-03-03T09:12:44.120000Z app/shop/50dc6c495c0c9188 203.0.113.7:50122 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 \"GET https://shop.example:443/a?b=c HTTP/1.1\" \"curl/7.46.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:x \"Root=1-58337281\" \"shop.example\" \"-\" 1 2024-03-03T09:12:43.120000Z \"authenticate,forward\" \"-\" \"-\"\n" +
		"2024-03-03T09:12:45.120000Z shop 203.0.113.7:50123 10.0.0.1:80 0.000073 0.001048 0.000057 404 404 0 29 \"GET http://shop.example:80/x HTTP/1.1\" \"curl/7.38.0\" - -\n",
	Detect: func(head string) int {
		return shareOf(head, func(line string) bool {
			var r request
			ns, _ := r.readBalancer(line)
			return ns != 0
		}, 92)
	},
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(plainText),
}

// balancerLine makes an event of a request that a load balancer logged.
func (p *lineParser) balancerLine(line string, out *event.Batch) bool {
	var r request
	ns, taken := r.readBalancer(line)
	if ns == 0 {
		return false
	}
	e := out.Add(accessShape)
	e.Time = ns
	r.fill(e.Values)
	e.Values[atTaken] = event.Value{Raw: taken, Kind: event.Number}
	if !decimal(taken) {
		e.Values[atTaken] = event.Value{}
	}
	e.Values[atAccessLine] = textValue(line)
	return true
}

// readBalancer takes a line apart and returns its time, 0 where it is no such line, and how long the target took.
func (r *request) readBalancer(s string) (ns int64, taken string) {
	if len(s) < 80 {
		return 0, ""
	}
	if c := s[0]; c == 'h' || c == 'w' || c == 'g' {
		w, rest := nextWord(s)
		switch w {
		case "http", "https", "h2", "ws", "wss", "grpcs":
			s = rest
		default:
			return 0, ""
		}
	} else if c-'0' > 9 {
		return 0, ""
	}
	if len(s) < 60 || s[10] != 'T' {
		return 0, ""
	}
	at := strings.Index(s, ` "`)
	if at < 0 {
		return 0, ""
	}
	var w [11]string // time, name, client, target, three durations, two statuses, two sizes
	rest := s[:at]
	for i := range w {
		if w[i], rest = nextWord(rest); w[i] == "" {
			return 0, ""
		}
	}
	client, port := splitEndpoint(w[2])
	if rest != "" || port == "" || !isAddress(client) || !statusAt(w[7]) && w[7] != "-" {
		return 0, ""
	}
	ns, n := parseTimePrefix(w[0], nil)
	if n == 0 {
		return 0, ""
	}
	r.before, r.port = client, port
	r.server.ip, r.server.port = splitEndpoint(w[3])
	if !isAddress(r.server.ip) {
		r.server = side{}
	}
	r.status, r.bytes = w[7], w[10]
	s = s[at+2:]
	end := requestEnd(s)
	if end < 0 {
		if end = strings.IndexByte(s, '"'); end < 0 {
			return 0, ""
		}
	}
	if quote := strings.Index(s, `" "`); quote >= 0 && quote < end || end < 0 {
		end = quote
	}
	r.line, s = s[:end], trimSpace(s[end+1:])
	if s != "" && s[0] == '"' {
		r.agent, _ = quotedField(s)
	}
	return ns, w[5]
}

// readS3 reads what follows the time in a line of S3's server access log: "203.0.113.7 requester id REST.GET.OBJECT key
// "GET /key HTTP/1.1" 200 - bytes size total turn "referer" "agent" …". Source: Amazon S3 User Guide, "Log format".
func (r *request) readS3(s string) bool {
	var w [5]string
	for i := range w {
		if w[i], s = nextWord(s); w[i] == "" {
			return false
		}
	}
	if !isAddress(w[0]) || !strings.Contains(w[3], ".") || s == "" || s[0] != '"' {
		return false
	}
	s = s[1:]
	end := requestEnd(s)
	if end < 0 {
		return false
	}
	r.before, r.line = w[0], s[:end]
	s = trimSpace(s[end+1:])
	r.status, s = nextWord(s)
	_, s = nextWord(s)
	r.bytes, s = nextWord(s)
	for range 3 {
		_, s = nextWord(s)
	}
	if s != "" && s[0] == '"' {
		r.referer, s = quotedField(s)
		if s != "" && s[0] == '"' {
			r.agent, _ = quotedField(s)
		}
	}
	return true
}

// readManager reads what follows the time in the two ways of the nginx proxy manager: "- 200 200 - GET https host "/path"
// [Client 192.0.2.7] [Length 3] … "agent" "referer"" and "host 192.0.2.7 0.227 "GET / HTTP/2.0" 200 125 440 - agent".
func (r *request) readManager(s string) bool {
	var w [7]string
	rest := s
	for i := 0; i < len(w) && rest != "" && rest[0] != '"'; i++ {
		w[i], rest = nextWord(rest)
	}
	if rest == "" || rest[0] != '"' {
		return false
	}
	if isAddress(w[1]) && w[3] == "" {
		end := requestEnd(rest[1:])
		if end < 0 {
			return false
		}
		r.before, r.line = w[1], rest[1:1+end]
		rest = trimSpace(rest[end+2:])
		r.status, rest = nextWord(rest)
		r.bytes, rest = nextWord(rest)
		_, rest = nextWord(rest)
		r.referer, r.agent = nextWord(rest)
		return true
	}
	client, ok := bracketed(rest, "[Client ")
	if !ok || !method(w[4]) || !statusAt(w[2]) && !statusAt(w[1]) {
		return false
	}
	r.status = w[2]
	if !statusAt(r.status) {
		r.status = w[1]
	}
	r.before, r.verb = client, w[4]
	r.line, rest = quotedField(rest)
	if size, ok := bracketed(rest, "[Length "); ok {
		r.bytes = size
	}
	if i := strings.Index(rest, `] "`); i >= 0 {
		r.agent, rest = quotedField(rest[i+2:])
		if rest != "" && rest[0] == '"' {
			r.referer, _ = quotedField(rest)
		}
	}
	return true
}

// bracketed returns what follows a name up to the closing bracket.
func bracketed(s, name string) (string, bool) {
	i := strings.Index(s, name)
	if i < 0 {
		return "", false
	}
	value, _, ok := strings.Cut(s[i+len(name):], "]")
	return value, ok
}
