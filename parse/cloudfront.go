package parse

import "strings"

// cloudFrontLog is a line of CloudFront's standard log without the directives that name its fields: columns between
// tabs. Source: Amazon CloudFront Developer Guide, "Standard log file fields".
var cloudFrontLog = ownLog{
	name:    "cloudfront",
	doc:     "Lines of CloudFront's standard log without their #Fields: directive.",
	example: "2024-03-03\t09:12:44\tFRA50-P2\t703\t203.0.113.7\tGET\td1.cloudfront.net\t/a.html\t403\t-\tcurl/8.0\tb=c\t-\tError\tx\tshop.example\thttps\t62\t0.113\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tError\tHTTP/2.0\n",
	begins:  "09",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		if len(s) < 60 || s[10] != '\t' || s[19] != '\t' || s[4] != '-' {
			return false
		}
		var w [17]string
		n := 0
		for ; n < len(w) && s != ""; n++ {
			w[n], s, _ = strings.Cut(s, "\t")
		}
		if n < 12 || !isAddress(w[4]) || !upperWord(w[5]) || !statusAt(w[8]) {
			return false
		}
		ns, size := parseTimePrefix(w[0]+"T"+w[1], nil)
		if size == 0 {
			return false
		}
		l.time = ns
		v := out.values[:len(cloudFrontKind.names)]
		clear(v)
		out.kind = cloudFrontKind
		v[0], v[1], v[2], v[3] = numberValue(w[3]), textValue(w[4]), textValue(w[5]), textValue(w[7])
		v[4], v[5], v[6] = textValue(w[7]), numberValue(w[8]), statusOutcome(w[8])
		host := w[6]
		if n > 15 && w[15] != "-" && w[15] != "" { // as the client named it
			host = w[15]
		}
		v[10] = textValue(host)
		for i, from := range [...]int{9, 10} {
			if w[from] != "-" {
				v[7+i] = textValue(w[from])
			}
		}
		if w[11] != "-" {
			v[9] = textValue(w[11])
			v[3] = textValue(w[7] + "?" + w[11])
		}
		return true
	},
}

var cloudFrontKind = newKind(accessFormat, []string{
	"sc-bytes", "c-ip", "cs-method", "cs-uri", "cs-uri-stem", "sc-status", "event.outcome", "cs-referer", "cs-user-agent", "cs-uri-query", "cs-host",
}, nil)
