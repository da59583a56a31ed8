package intel

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// delimiterOf returns what separates the columns of a text; 0 where it has none: the delimiter that most of the first lines
// hold, equally often.
func delimiterOf(data []byte) rune {
	const most = 50
	best, bestLines := rune(0), 0
	for _, d := range ",;\t|" {
		counts := make(map[int]int)
		n := 0
		for _, line := range lines(data[:min(len(data), 64<<10)]) {
			if line == "" || line[0] == '#' {
				continue
			}
			if n++; n > most {
				break
			}
			counts[strings.Count(line, string(d))]++
		}
		for c, times := range counts {
			if c > 0 && times*3 >= min(n, most)*2 && times > bestLines {
				best, bestLines = d, times
			}
		}
	}
	if best == ';' || best == '\t' || best == '|' { // a value and a remark is no table
		first := csvRows(data, best, 5)
		for _, row := range first {
			if len(row) < 3 && !isHeader(row) {
				return 0
			}
		}
	}
	return best
}

func csvRows(data []byte, d rune, n int) [][]string {
	r := newCSV(data, d)
	var rows [][]string
	for len(rows) < n {
		row, err := r.Read()
		if err != nil {
			break
		}
		rows = append(rows, row)
	}
	return rows
}

func newCSV(data []byte, d rune) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace, r.Comment = d, -1, true, true, '#'
	return r
}

// columns says which column means what; -1 where none does.
type columns struct {
	values                                                                               []int // the columns that hold values
	kinds                                                                                map[int]Kind
	kind, confidence, seen, until, description, tags, reference, detection, threat, port int
}

// names of columns, in small letters without spaces, _ and -.
var columnNames = map[string]string{
	"indicator": "value", "ioc": "value", "iocvalue": "value", "value": "value", "trail": "value", "indicatorvalue": "value", "observable": "value", "artifact": "value",
	"iporurl": "value", "iporhost": "value", "network": "value", "cidr": "value", "netblock": "value", "subnet": "value", "range": "value", "prefix": "value",
	"ip": "ip", "ipaddress": "ip", "ipv4": "ip", "ipv6": "ip", "dstip": "ip", "srcip": "ip", "destinationip": "ip", "sourceip": "ip", "address": "ip", "addr": "ip", "dstipaddress": "ip",
	"domain": "domain", "host": "domain", "hostname": "domain", "fqdn": "domain", "domainname": "domain",
	"url": "url", "uri": "url", "phishurl": "url", "iocurl": "url",
	"md5": "md5", "md5hash": "md5", "sha1": "sha1", "sha1hash": "sha1", "sha256": "sha256", "sha256hash": "sha256", "sha512": "sha512", "hash": "value", "filehash": "value",
	"imphash": "imphash", "ja3": "ja3", "ja3md5": "ja3", "email": "email", "emailaddress": "email", "filename": "skip",
	"type": "kind", "ioctype": "kind", "indicatortype": "kind", "kind": "kind", "attributetype": "kind", "observabletype": "kind",
	"confidence": "confidence", "confidencelevel": "confidence", "score": "confidence", "abuseconfidencescore": "confidence", "reliability": "confidence",
	"lastseen": "seen", "lastonline": "seen", "lastseenutc": "seen", "lastdate": "seen", "updated": "seen", "modified": "seen", "date": "seen",
	"dateadded": "seen2", "firstseen": "seen2", "firstseenutc": "seen2", "created": "seen2", "timestamp": "seen2", "added": "seen2", "listingdate": "seen2",
	"validuntil": "until", "expires": "until", "expiration": "until", "expiry": "until", "expirationdate": "until", "until": "until", "validto": "until",
	"description": "description", "info": "description", "comment": "description", "note": "description", "notes": "description", "name": "description", "details": "description", "listingreason": "description",
	"threat": "threat", "malware": "threat", "malwareprintable": "threat", "threattype": "threat", "family": "threat", "signature": "threat", "category": "threat",
	"tags": "tags", "tag": "tags", "labels": "tags",
	"reference": "reference", "references": "reference", "link": "reference", "urlhauslink": "reference", "source": "reference", "permalink": "reference", "phishdetailurl": "reference",
	"toids": "detection", "dstport": "port", "port": "port",
}

func columnName(s string) string {
	return columnNames[strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", "#", "", ".", "", `"`, "", "(utc)", "utc").Replace(s))]
}

// isHeader tells whether a row names columns.
func isHeader(row []string) bool {
	known, values := 0, 0
	for _, c := range row {
		if columnName(c) != "" {
			known++
		}
		if k, _ := guess(c); k != Unknown {
			values++
		}
	}
	return known > 0 && values == 0 && known*2 >= min(len(row), 4)
}

// csv reads a table. Its columns are told by the names in its first row, or in the comment above it; else by what they hold.
func (l *loader) csv(data []byte) error {
	d := delimiterOf(data)
	if d == 0 {
		d = ','
	}
	first := csvRows(data, d, 200)
	if len(first) == 0 {
		return nil
	}
	var c columns
	header := isHeader(first[0])
	if header {
		c = named(first[0])
	} else if row := commentHeader(data, d, len(first[0])); row != nil {
		c = named(row)
	}
	if len(c.values) == 0 {
		if header {
			first = first[1:]
		}
		c = guessColumns(first)
	}
	if len(c.values) == 0 {
		return errors.New("no column holds addresses, names, URLs or hashes")
	}
	r := newCSV(data, d)
	for n := 0; !l.stop(); n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				line = p.Line
			}
			l.problem(fmt.Sprintf("line %d", line), "%v", errors.Unwrap(err))
			continue
		}
		if n > 0 || !header {
			l.row(&c, fmt.Sprintf("line %d", line), row)
		}
	}
	return nil
}

// commentHeader returns the names of columns from a comment above the table: # id,dateadded,url.
func commentHeader(data []byte, d rune, width int) []string {
	var found []string
	for n, line := range lines(data[:min(len(data), 16<<10)]) {
		if n > 100 || line != "" && line[0] != '#' {
			break
		}
		row := csvRows([]byte(strings.TrimLeft(line, "# \t")), d, 1)
		if len(row) == 1 && len(row[0]) == width && width > 1 && isHeader(row[0]) {
			found = row[0]
		}
	}
	return found
}

func noColumns() columns {
	return columns{
		kinds: make(map[int]Kind), kind: -1, confidence: -1, seen: -1, until: -1, description: -1, tags: -1, reference: -1, detection: -1, threat: -1, port: -1,
	}
}

// named returns the columns of a header.
func named(row []string) columns {
	c := noColumns()
	second := -1
	single := map[string]*int{ // of these, the first column of its name counts
		"kind": &c.kind, "confidence": &c.confidence, "seen": &c.seen, "seen2": &second, "until": &c.until, "description": &c.description,
		"threat": &c.threat, "tags": &c.tags, "reference": &c.reference, "detection": &c.detection, "port": &c.port,
	}
	for i, name := range row {
		what := columnName(name)
		if to := single[what]; to != nil {
			if *to < 0 {
				*to = i
			}
		} else if k := ParseKind(what); what == "value" || what != "" && k != Unknown {
			c.values = append(c.values, i)
			if k != Unknown {
				c.kinds[i] = k
			}
		}
	}
	if c.seen < 0 {
		c.seen = second
	}
	return c
}

// guessColumns finds the first column that mostly holds indicators, and takes the words of the next for the description.
func guessColumns(rows [][]string) columns {
	c := noColumns()
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	for i := range min(width, 64) {
		hits, filled, links, words := 0, 0, 0, 0
		for _, r := range rows {
			if i >= len(r) || r[i] == "" {
				continue
			}
			filled++
			k, _ := guess(r[i])
			switch {
			case k != Unknown && parseWhen(r[i]) == 0:
				hits++
			case len(c.values) == 0 && looseName(r[i]):
				hits++
			case strings.ContainsFunc(r[i], func(x rune) bool { return isLetter(byte(min(x, 127))) }):
				words++
			}
			if strings.HasPrefix(r[i], "http") {
				links++
			}
		}
		switch {
		case filled == 0:
		case len(c.values) == 0 && hits*2 > filled:
			c.values = append(c.values, i)
		case len(c.values) > 0 && c.description < 0 && words*2 > filled:
			c.description = i
		case len(c.values) > 0 && c.reference < 0 && (links*2 > filled || c.description >= 0 && words*2 > filled):
			c.reference = i
		}
	}
	return c
}

// looseName tells whether a text could be a name of one label or a regular expression for names.
func looseName(s string) bool {
	return len(s) > 3 && !strings.ContainsAny(s, " \t") && strings.ContainsFunc(s, func(r rune) bool { return r == '.' || r == '\\' })
}

// row takes the values of one row.
func (l *loader) row(c *columns, place string, row []string) {
	cell := func(i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	switch strings.ToLower(cell(c.detection)) {
	case "0", "false", "no":
		l.ignore("not for detection")
		return
	}
	in := item{place: place}
	in.Description = cell(c.description)
	if t := cell(c.threat); t != "" && t != in.Description {
		in.Description = strings.TrimSpace(t + " " + in.Description)
	}
	in.Reference = cell(c.reference)
	in.Tags = splitTags(cell(c.tags))
	in.Confidence, in.confident = confidenceOf(cell(c.confidence))
	in.seen, in.Until = parseWhen(cell(c.seen)), parseWhen(cell(c.until))
	some := false
	for _, i := range c.values {
		next := in
		if next.Value = cell(i); next.Value == "" || next.Value == "-" || next.Value == "N/A" {
			continue
		}
		some = true
		switch k := c.kinds[i]; {
		case k == IP && c.port >= 0 && l.endpoint(next, cell(c.port)):
		case k != Unknown:
			next.Kind = k
			l.add(&next)
		case cell(c.kind) != "":
			l.typed(&next, cell(c.kind))
		default:
			l.csvValue(&next)
		}
	}
	if !some {
		l.problem(place, "holds no value")
	}
}

// csvValue takes a value of no stated kind. A table may hold names of one label, which a plain list may not: there each word
// would be one.
func (l *loader) csvValue(in *item) {
	if k, _ := guess(in.Value); k == Unknown && !strings.ContainsAny(in.Value, ". /\\[") {
		if _, ok := Normal(Domain, in.Value); ok && strings.ToLower(in.Value) == in.Value {
			in.Kind = Domain
			l.add(in)
			return
		}
	}
	l.guessed(in)
}

// endpoint takes an address with the port of another column.
func (l *loader) endpoint(in item, port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	a, is := Normal(IP, refang(in.Value))
	if err != nil || n == 0 || !is {
		return false
	}
	if strings.Contains(a, ":") {
		a = "[" + a + "]"
	}
	in.Kind, in.Value = Endpoint, fmt.Sprintf("%s:%d", a, n)
	l.add(&in)
	return true
}

func splitTags(s string) []string {
	if s == "" || strings.EqualFold(s, "none") {
		return nil
	}
	list := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' })
	out := list[:0]
	for _, t := range list {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// confidenceOf reads a confidence: a number from 0 to 100, or a word.
func confidenceOf(s string) (int, bool) {
	switch strings.ToLower(s) {
	case "":
		return 0, false
	case "low":
		return 25, true
	case "medium", "moderate":
		return 50, true
	case "high":
		return 85, true
	case "certain", "confirmed", "very high":
		return 100, true
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || f < 0 || f > 100 {
		return 0, false
	}
	if f > 0 && f < 1 && strings.Contains(s, ".") {
		f *= 100
	}
	return int(f + 0.5), true
}

var timeForms = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04:05 MST", "2006-01-02T15:04:05", "2006-01-02", "2006-01-02 15:04", "2006/01/02 15:04:05", "2006/01/02",
	"20060102150405", "02 Jan 2006", time.RFC1123, time.RFC1123Z, "Mon Jan 2 15:04:05 2006", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05Z07:00",
}

// parseWhen reads a time as lists write them, in seconds since 1970; 0 where it is none.
func parseWhen(s string) int64 {
	if len(s) < 8 || len(s) > 40 {
		return 0
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		switch {
		case n > 1e8 && n < 4e9:
			return n
		case n > 1e11 && n < 4e12:
			return n / 1000
		}
	}
	for _, f := range timeForms {
		if t, err := time.Parse(f, s); err == nil {
			return t.Unix()
		}
	}
	return 0
}
