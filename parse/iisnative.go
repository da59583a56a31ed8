package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Access logs with fields of fixed places: IIS' own format, Envoy's, and that of AWS' network load balancers.
// Sources: learn.microsoft.com, "IIS Log File Formats"; Elastic Load Balancing, "Access logs for your Network Load Balancer".

var iisNativeLog = ownLog{
	name: "iis-native",
	doc:  "Access logs of IIS in its own format, with commas.",
	example: "203.0.113.7, anna, 3/3/2024, 9:12:44, W3SVC1, WEB1, 192.0.2.3, 4502, 163, 3223, 200, 0, GET, /shop/x.htm, -,\n" +
		"203.0.113.7, -, 3/3/2024, 9:12:45, MSFTPSVC2, FTP1, 192.0.2.3, 120, 163, 0, 530, 1326, PASS, -, -,\n",
	begins: "09afAF::",
	read: func(l *ownLine, out *said) bool {
		if l.time != 0 || len(l.first) < 4 || l.first[len(l.first)-1] != ',' || len(l.line) < 60 {
			return false
		}
		var f [15]string
		s := l.line
		for i := range f {
			var ok bool
			if f[i], s, ok = strings.Cut(s, ","); !ok && i < 13 {
				return false
			}
			f[i] = trimSpace(f[i])
		}
		ip, _ := addressValues(f[0])
		if ip.Kind == event.Missing || !isAddress(f[6]) || len(f[10]) != 3 || !number.holds(f[10]) || !strings.Contains(f[4], "SVC") {
			return false
		}
		ns, ok := l.usTime(f[2], f[3])
		if !ok {
			return false
		}
		out.kind = iisNativeKind
		v := out.values[:len(iisNativeKind.names)]
		clear(v)
		v[0], v[1], v[2], v[3] = ip, textValue(f[12]), textValue(f[13]), numberValue(f[10])
		v[4], v[5], v[6] = statusOutcome(f[10]), textValue(f[6]), numberValue(f[9])
		if f[1] != "-" && f[1] != "" {
			v[7] = textValue(f[1])
		}
		if f[14] != "-" && f[14] != "" {
			v[8] = textValue(f[14])
		}
		l.time, l.host, l.program = ns, f[5], "iis"
		return true
	},
}

var iisNativeKind = newKind(&event.Format{Name: "iis_native", LogSource: event.LogSource{Category: "webserver", Product: "windows", Service: "iis"}, ECS: webECS}, []string{
	"c-ip", "cs-method", "cs-uri-stem", "sc-status", "event.outcome", "s-ip", "sc-bytes", "cs-username", "cs-uri-query",
}, nil)

// usTime reads "3/3/2024" or "03/03/24" and "9:12:44", the month first.
func (l *ownLine) usTime(date, at string) (ns int64, ok bool) {
	var c clock
	for i, to := range [...]*int{&c.month, &c.day, &c.year} {
		var part string
		part, date, _ = strings.Cut(date, "/")
		if part == "" || len(part) > 4 || !number.holds(part) || i == 2 && date != "" {
			return 0, false
		}
		for _, d := range []byte(part) {
			*to = *to*10 + int(d-'0')
		}
	}
	if c.year < 100 {
		c.year += 2000
	}
	if len(at) == 7 && at[1] == ':' {
		c.hour = int(at[0] - '0')
		at = at[2:]
	} else if len(at) == 8 && at[2] == ':' {
		c.hour = digits2(at, 0)
		at = at[3:]
	}
	if len(at) != 5 || at[2] != ':' {
		return 0, false
	}
	c.minute, c.second = digits2(at, 0), digits2(at, 3)
	if c.hour|c.minute|c.second < 0 || c.hour > 23 {
		return 0, false
	}
	return c.unixNanos(l.zone)
}

// envoyLog is Envoy's access log as it is by default, and as Istio has it. Source: Envoy documentation, "Access logging".
var envoyLog = ownLog{
	name: "envoy",
	doc:  "Access logs of Envoy and Istio in their default formats.",
	example: "[2024-03-03T09:12:44.120Z] \"GET /shop HTTP/1.1\" 403 - \"-\" 0 12 3 - \"203.0.113.7\" \"curl/8.5\" \"1f2e\" \"shop.example\" \"192.0.2.10:80\"\n" +
		"[2024-03-03T09:12:45.120Z] \"GET /shop HTTP/2\" 200 - via_upstream - \"-\" 0 120 3 2 \"203.0.113.7,192.0.2.4\" \"curl/8.5\" \"1f2f\" \"shop.example\" \"192.0.2.10:80\" outbound|80||shop 192.0.2.4:4711 192.0.2.10:80 203.0.113.7:50122 - default\n",
	begins: "\"\"",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || l.line[0] != '[' {
			return false
		}
		line, s := quotedField(l.rest)
		status, s := nextWord(s)
		flags, s := nextWord(s)
		if len(status) != 3 || !number.holds(status) || flags == "" || strings.Count(line, " ") != 2 {
			return false
		}
		var quoted [6]string // what stands in quotes: the failure, who asked, the agent, the id, the host, the upstream
		var words [6]string
		n, w := 0, 0
		for s = trimSpace(s); s != "" && n < len(quoted); s = trimSpace(s) {
			if s[0] == '"' {
				quoted[n], s = quotedField(s)
				n++
				continue
			}
			words[w%len(words)], s = nextWord(s)
			w++
		}
		if n < 5 || w < 3 {
			return false
		}
		client, _, _ := strings.Cut(quoted[1], ",")
		if _, rest, ok := strings.Cut(s, "|"); ok && !isAddress(client) { // Istio: the peers' addresses at the end
			for i := 0; i < 5 && rest != ""; i++ {
				var word string
				word, rest = nextWord(rest)
				if e, is := cutSide(word); is && i >= 3 {
					client = e.ip
				}
			}
		}
		out.kind = envoyKind
		v := out.values[:len(envoyKind.names)]
		clear(v)
		method, uri, _ := strings.Cut(line, " ")
		uri, _, _ = strings.Cut(uri, " ")
		if isAddress(client) {
			v[0] = textValue(client)
		}
		v[1], v[2], v[3], v[4] = textValue(method), textValue(uri), numberValue(status), statusOutcome(status)
		for i, value := range [...]string{quoted[2], quoted[4], quoted[5]} {
			if value != "" && value != "-" {
				v[5+i] = textValue(value)
			}
		}
		l.program = "envoy"
		return true
	},
}

var envoyKind = newKind(&event.Format{Name: "envoy", LogSource: event.LogSource{Category: "webserver", Product: "envoy"}, ECS: webECS}, []string{
	"c-ip", "cs-method", "cs-uri", "sc-status", "event.outcome", "cs-user-agent", "cs-host", "upstream",
}, nil)

var nlbLog = ownLog{
	name:    "nlb",
	doc:     "Access logs of AWS' network load balancers.",
	example: "tls 2.0 2024-03-03T09:12:44 net/shop/c6e77e28c25b2234 g3d4b5e8bb8464cd 203.0.113.7:51341 192.0.2.9:443 5 2 98 246 - arn:x - ECDHE-RSA-AES128-SHA tlsv12 - shop.example - - - 2024-03-03T09:12:43\n",
	begins:  "tt",
	read: func(l *ownLine, out *said) bool {
		if l.first != "tls" && l.first != "tcp" && l.first != "udp" || len(l.after) < 40 {
			return false
		}
		var w [17]string
		s := l.after
		for i := range w {
			w[i], s = nextWord(s)
		}
		ns, n := parseTimePrefix(w[1], nil)
		a, okA := cutSide(w[4])
		b, okB := cutSide(w[5])
		if n == 0 || !okA || !okB || !strings.HasPrefix(w[2], "net/") {
			return false
		}
		out.kind = nlbKind
		v := out.values[:len(nlbKind.names)]
		clear(v)
		v[0], v[1], v[2], v[3] = textValue(a.ip), numberValue(a.port), textValue(b.ip), numberValue(b.port)
		v[4], v[5], v[6], v[7] = textValue("tcp"), textValue(network), numberValue(w[8]), numberValue(w[9])
		if w[16] != "-" && w[16] != "" {
			v[8] = textValue(w[16])
		}
		l.time, l.program = ns, "nlb"
		return true
	},
}

var nlbKind = newKind(&event.Format{Name: "nlb", LogSource: event.LogSource{Category: "firewall", Product: "aws", Service: "elb"}}, []string{
	"source.ip", "source.port", "destination.ip", "destination.port", "network.transport", "event.category", "source.bytes", "destination.bytes", "destination.domain",
}, nil)
