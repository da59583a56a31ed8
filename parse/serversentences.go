package parse

// serverCaptures are what names in braces stand for in the sentences of servers, beyond those of captures.
var serverCaptures = map[string]capture{
	"peer":      {"source.ip", hostPort},
	"dpeer":     {"destination.ip", hostPort},
	"lazyuser":  {"user.name", lazy},
	"from":      {"email.from.address", lazy},
	"to":        {"email.to.address", lazy},
	"toword":    {"email.to.address", word},
	"fromword":  {"email.from.address", word},
	"msgid":     {"email.message_id", lazy},
	"queue":     {"email.local_id", word},
	"helo":      {"source.domain", lazy},
	"sasl":      {"authentication.method", word},
	"db":        {"database.name", word},
	"qname":     {"dns.question.name", word},
	"dnsname":   {"dns.question.name", lazy},
	"qword":     {"dns.question.type", lazy},
	"qtype":     {"dns.question.type", word},
	"answer":    {"dns.answers.data", word},
	"mac":       {"source.mac", word},
	"hostword":  {"source.domain", word},
	"file":      {"file.path", lazy},
	"status":    {"event.reason", lazy},
	"app":       {"service.name", word},
	"statement": {"database.statement", wide},
}

// captureOf finds what a name in braces stands for.
func captureOf(name string) (capture, bool) {
	if c, ok := captures[name]; ok {
		return c, true
	}
	c, ok := serverCaptures[name]
	return c, ok
}

// The values of event.category in ECS 8 that servers need.
const (
	email    = "email"
	database = "database"
	file     = "file"
	web      = "web"
)

// splitEndpoint splits an address and the port after its last ':', '#' or '/'; a text that is an address alone has none.
func splitEndpoint(s string) (host, port string) {
	if len(s) > 5 && (s[:5] == "ipv4:" || s[:5] == "ipv6:") {
		s = s[5:]
	}
	for i := len(s) - 1; i > 0; i-- {
		c := s[i]
		if c-'0' <= 9 {
			continue
		}
		if c != ':' && c != '#' && c != '/' || i == len(s)-1 {
			break
		}
		if c == ':' && s[i-1] != ']' && (s[i-1] == ':' || isAddress6(s) && isAddress(s) && !isAddress4(s[:i])) {
			break // the last group of an IPv6 address
		}
		return s[:i], s[i+1:]
	}
	return s, ""
}

func isAddress4(s string) bool {
	dots := 0
	for i := range len(s) {
		if s[i] == '.' {
			dots++
		}
	}
	return dots == 3 && isAddress(s)
}
