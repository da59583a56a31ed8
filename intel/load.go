package intel

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Format is how a list is written.
type Format string

// The formats of lists. Auto asks the content.
const (
	Auto  Format = "auto"
	Plain Format = "plain" // a value a line; also hosts files, filter lists, ranges
	CSV   Format = "csv"
	STIX  Format = "stix" // bundles and objects of STIX 2.0 and 2.1, and what TAXII servers answer
	MISP  Format = "misp" // events, attributes, and what MISP's searches answer
)

// Formats returns the names that a user can write.
func Formats() []string {
	return []string{string(Auto), string(Plain), string(CSV), string(STIX), string(MISP), "misp-feed", "taxii"}
}

// Source is what is known of a list as a whole.
type Source struct {
	Name       string
	Format     Format
	Confidence int    // of indicators of which the list says nothing
	Reference  string // where it came from
	Seen       int64  // when it was fetched, seconds since 1970; 0 where that is not known
	Expires    int64  // seconds after it was last seen by the source, else by us, that an indicator lasts whose end the list does not state; 0: for ever
	Only       []Kind // nil is all
	Except     *Set   // what this set has of the source already is left out; nil is nothing
}

// Problem is a part of a list from which no indicator could be made.
type Problem struct {
	Place  string `json:"place"` // line 12; object 7; indicator--…
	Reason string `json:"reason"`
}

// maxProblems bounds the problems that a Report lists.
const maxProblems = 20

// Report says what became of a list.
type Report struct {
	Format   Format         `json:"format"`
	Added    int            `json:"added"` // indicators, those that were there already not counted
	Counts   map[string]int `json:"counts"`
	Repeated int            `json:"repeated"`
	Ignored  map[string]int `json:"ignored,omitempty"` // what was understood and left out, by the reason: private, revoked, not for detection …
	Unread   int            `json:"unread"`            // what was not understood, listed or not
	Problems []Problem      `json:"problems,omitempty"`
}

// Load reads a list into the Builder. Its error is that of a list that cannot be read at all, or ErrFull; what it holds that
// cannot be read is in the Report.
func Load(b *Builder, src *Source, data []byte) (*Report, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	l := &loader{builder: b, source: src, report: &Report{Format: src.Format, Counts: make(map[string]int), Ignored: make(map[string]int)}}
	if src.Format == Auto || src.Format == "" {
		l.report.Format = detectFormat(data)
	}
	var err error
	switch l.report.Format {
	case Plain:
		err = l.plain(data)
	case CSV:
		err = l.csv(data)
	case STIX:
		err = l.stix(data)
	case MISP:
		err = l.misp(data)
	default:
		err = fmt.Errorf("%q is no format of lists", src.Format)
	}
	if l.full != nil {
		err = l.full
	}
	if len(l.report.Ignored) == 0 {
		l.report.Ignored = nil
	}
	if err != nil {
		return l.report, fmt.Errorf("list %s: %w", src.Name, err)
	}
	return l.report, nil
}

// detectFormat says how a list is written, by its content.
func detectFormat(data []byte) Format {
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') && !bytes.HasPrefix(text, []byte("[.")) && looksJSON(text) {
		head := text[:min(len(text), 64<<10)]
		for _, mark := range []string{`"bundle"`, `"indicator"`, `"spec_version"`, `"indicator--`, `"objects"`} {
			if bytes.Contains(head, []byte(mark)) {
				return STIX
			}
		}
		return MISP
	}
	if delimiterOf(data) != 0 {
		return CSV
	}
	return Plain
}

// looksJSON tells whether a bracket begins JSON, and not an address such as [2001:db8::1]:443.
func looksJSON(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(rest) == 0 || strings.IndexByte(`"{[]}`, rest[0]) >= 0
}

// loader fills a Builder from one list.
type loader struct {
	builder *Builder
	source  *Source
	report  *Report
	full    error
}

// stop tells whether no more is taken.
func (l *loader) stop() bool { return l.full != nil }

func (l *loader) ignore(reason string) { l.report.Ignored[reason]++ }

func (l *loader) problem(place, format string, args ...any) {
	l.report.Unread++
	if len(l.report.Problems) < maxProblems {
		l.report.Problems = append(l.report.Problems, Problem{place, fmt.Sprintf(format, args...)})
	}
}

// item is an indicator as a list states it: what it leaves open is the list's.
type item struct {
	Indicator
	place     string
	confident bool  // it states its confidence
	seen      int64 // when the source last saw it, seconds since 1970
}

// add takes an indicator of a known kind; the value may be in any form.
func (l *loader) add(in *item) {
	value, ok := Normal(in.Kind, refang(in.Value))
	if !ok && in.Kind == Network {
		if a, is := Normal(IP, refang(in.Value)); is {
			in.Kind, value, ok = IP, a, true
		}
	}
	if !ok && in.Kind == IP {
		if k, v := guess(in.Value); k == Network || k == Endpoint {
			in.Kind, value, ok = k, v, true
		}
	}
	if !ok && (in.Kind == Domain || in.Kind == URL) {
		if k, v := guess(in.Value); k == IP || k == Endpoint || k == URL || k == Domain || k == Path {
			in.Kind, value, ok = k, v, true
		}
	}
	if !ok {
		l.problem(in.place, "%q is no %s", clip(in.Value), in.Kind)
		return
	}
	in.Value = value
	if in.Kind == Network && strings.HasSuffix(value, "/32") || in.Kind == Network && strings.HasSuffix(value, "/128") {
		in.Kind, in.Value = IP, value[:strings.LastIndexByte(value, '/')]
	}
	if reason := harmless(in.Kind, in.Value); reason != "" {
		l.ignore(reason)
		return
	}
	if !l.wanted(in.Kind) {
		l.ignore("other kinds")
		return
	}
	l.complete(in)
	if l.source.Except != nil && l.source.Except.holds(&in.Indicator) {
		l.ignore("known already")
		return
	}
	fresh, err := l.builder.Add(&in.Indicator)
	switch {
	case errors.Is(err, ErrFull):
		l.full = err
	case err != nil:
		l.problem(in.place, "%v", err)
	case fresh:
		l.report.Added++
		l.report.Counts[in.Kind.String()]++
	default:
		l.report.Repeated++
	}
}

// addPattern takes a pattern.
func (l *loader) addPattern(in *item, p *StixPattern) {
	if !l.wanted(Pattern) {
		l.ignore("other kinds")
		return
	}
	in.Kind, in.Value = Pattern, p.Text
	l.complete(in)
	if l.source.Except != nil && l.source.Except.holds(&in.Indicator) {
		l.ignore("known already")
		return
	}
	if err := l.builder.AddPattern(&PatternIndicator{Indicator: in.Indicator, Pattern: p}); err != nil {
		l.full = err
		return
	}
	l.report.Added++
	l.report.Counts[Pattern.String()]++
}

// complete states what the list says for all.
func (l *loader) complete(in *item) {
	in.Source = l.source.Name
	if !in.confident {
		in.Confidence = l.source.Confidence
	}
	if in.Until == 0 && l.source.Expires > 0 {
		if in.seen == 0 || in.seen > l.source.Seen && l.source.Seen > 0 {
			in.seen = l.source.Seen
		}
		if in.seen > 0 {
			in.Until = in.seen + l.source.Expires
		}
	}
	in.Description = strings.TrimSpace(in.Description)
}

func (l *loader) wanted(k Kind) bool {
	if l.source.Only == nil {
		return true
	}
	for _, o := range l.source.Only {
		if o == k {
			return true
		}
	}
	return false
}

// harmless says why a value must not be an indicator: it would match what everybody does.
func harmless(k Kind, value string) string {
	switch k {
	case IP:
		if a, err := netip.ParseAddr(value); err == nil && !asked(a) {
			return "private addresses"
		}
	case Endpoint:
		if a, err := netip.ParseAddrPort(value); err == nil && !asked(a.Addr()) {
			return "private addresses"
		}
	case Network:
		p, err := netip.ParsePrefix(value)
		switch {
		case err != nil:
		case p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 16:
			return "networks that are too wide"
		case !asked(p.Addr()) && p.Addr() != netip.IPv4Unspecified():
			return "private addresses"
		}
	case MD5, SHA1, SHA256:
		if emptyFiles[value] {
			return "hashes of the empty file"
		}
	case Domain:
		if value == "localhost" || strings.HasSuffix(value, ".localhost") || value == "localhost.localdomain" || value == "broadcasthost" ||
			strings.HasSuffix(value, ".in-addr.arpa") || strings.HasSuffix(value, ".ip6.arpa") {
			return "names of this machine"
		}
	}
	return ""
}

// emptyFiles are the hashes of no bytes, which careless lists hold and every machine has.
var emptyFiles = map[string]bool{
	"d41d8cd98f00b204e9800998ecf8427e":                                 true,
	"da39a3ee5e6b4b0d3255bfef95601890afd80709":                         true,
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": true,
}

// guessed takes a value whose kind has to be seen from it.
func (l *loader) guessed(in *item) {
	text := in.Value
	if first, last, ok := strings.Cut(text, "-"); ok && l.addRange(in, first, last) {
		return
	}
	kind, value := guess(text)
	if kind == Unknown {
		if l.addRegex(in) {
			return
		}
		l.problem(in.place, "%q is no address, name, URL or hash", clip(text))
		return
	}
	in.Kind, in.Value = kind, value
	l.add(in)
}

// addRange takes the networks of a range of addresses; false where it is none.
func (l *loader) addRange(in *item, first, last string) bool {
	a, errA := netip.ParseAddr(strings.TrimSpace(first))
	b, errB := netip.ParseAddr(strings.TrimSpace(last))
	if errA != nil || errB != nil || a.BitLen() != b.BitLen() || b.Less(a) {
		return false
	}
	for range 256 {
		bits := a.BitLen()
		for bits > 0 {
			p := netip.PrefixFrom(a, bits-1)
			if p.Masked().Addr() != a || b.Less(lastOf(p)) {
				break
			}
			bits--
		}
		p := netip.PrefixFrom(a, bits)
		next := *in
		next.Kind, next.Value = Network, p.String()
		l.add(&next)
		if end := lastOf(p); !end.Less(b) || l.stop() {
			return true
		} else {
			a = end.Next()
		}
	}
	return true
}

// lastOf returns the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As16()
	from := p.Bits()
	if p.Addr().Is4() {
		from += 96
	}
	for i := from; i < 128; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a := netip.AddrFrom16(b)
	if p.Addr().Is4() {
		return a.Unmap()
	}
	return a
}

// addRegex takes a regular expression for names, as some lists have: host[0-9]+\.evil\.example. False where it is none.
func (l *loader) addRegex(in *item) bool {
	text := in.Value
	if !strings.ContainsAny(text, `[(\`) || !strings.Contains(text, ".") || strings.ContainsAny(text, " \t'") {
		return false
	}
	object, value := "domain-name", `^(.+\.)?`+text+`$`
	if strings.Contains(text, "/") {
		object, value = "url", text
	}
	p, err := ParsePattern("["+object+":value MATCHES '"+strings.ReplaceAll(value, `\`, `\\`)+"']", AnyVersion)
	if err != nil {
		return false
	}
	l.addPattern(in, p)
	return true
}
