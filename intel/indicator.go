// Package intel knows what is known to be bad: addresses, networks, domains, URLs, hashes and the patterns of STIX.
//
// It reads indicators from the bytes of lists (plain, CSV, STIX, MISP, TAXII), keeps millions of them in a Set that takes
// few bytes for each, and says of a value, at a time, what is known of it. An indicator says nothing before its From and
// after its Until, so what is looked up is looked up at the time of the event, never at the present.
//
// The package does no I/O, reads no clock and starts no goroutine; what fetches lists is elsewhere. A Set is immutable
// after it was built and safe for concurrent use; a look-up allocates nothing. A Builder and a Tracker belong to one
// goroutine. What a loader returns shares no memory with the bytes that it was given.
package intel

import "strconv"

// Kind says what an indicator's value is.
type Kind uint8

// The kinds of indicators.
const (
	Unknown  Kind = iota
	IP            // one address, IPv4 or IPv6
	Network       // a network in CIDR notation
	Endpoint      // an address and a port: 192.0.2.1:8443, [2001:db8::1]:443
	Domain        // a name and all below it; a name of one label means that name only
	URL           // scheme and host in lower case, no fragment; one without query means every query
	Path          // the path of a URL, with or without query, on any host
	Email         // an e-mail address
	MD5           // of a file, as 32 hexadecimal digits; the others likewise
	SHA1
	SHA256
	SHA512
	Imphash // of a PE file's imports, an MD5
	JA3     // of a TLS client's hello, an MD5
	File    // a file's name, without folder
	Pattern // a pattern of STIX that no plain value can say
	kinds
)

var kindNames = [kinds]string{
	"unknown", "ip", "network", "endpoint", "domain", "url", "path", "email", "md5", "sha1", "sha256", "sha512", "imphash", "ja3", "file", "pattern",
}

// Kinds returns the names of all kinds that a list can be narrowed to.
func Kinds() []string { return append([]string(nil), kindNames[1:]...) }

// String returns the name of the kind.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// ParseKind returns the kind of a name; Unknown where there is none.
func ParseKind(name string) Kind {
	for k := IP; k < kinds; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return Unknown
}

// Indicator is one value that is known to be bad, and what is known of it.
type Indicator struct {
	Value       string   `json:"value"` // in its normal form: see Normal
	Kind        Kind     `json:"-"`
	Source      string   `json:"source"`                // the name of the list
	Confidence  int      `json:"confidence"`            // 0 to 100; how sure the source is
	From        int64    `json:"from,omitempty"`        // from when on it is valid, seconds since 1970; 0: since ever
	Until       int64    `json:"until,omitempty"`       // until when, exclusive; 0: for ever
	Description string   `json:"description,omitempty"` // what it is, in the words of the source
	Tags        []string `json:"tags,omitempty"`
	Reference   string   `json:"reference,omitempty"` // where to read on: a URL, or the id of the object that states it
}

// Valid tells whether the indicator says something at a time, nanoseconds since 1970; 0, an event without time, is any.
func (i *Indicator) Valid(at int64) bool {
	if at == 0 {
		return true
	}
	s := at / 1e9
	return (i.From == 0 || s >= i.From) && (i.Until == 0 || s < i.Until)
}
