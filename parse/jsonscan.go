package parse

import (
	"math/bits"
	"strings"
)

// What the JSON splitter and the JSON parser must agree on: where a record begins, where it ends, and where reading
// goes on after one that is broken. Nothing here validates more than that needs.

// The answers of a scan that finds no end.
const (
	jsonShort  = -1 // the text ends before the value does
	jsonBroken = -2 // it is no JSON, whatever follows
)

// jsonMaxDepth bounds the nesting of what is scanned at all.
const jsonMaxDepth = 512

// jsonStringEnd returns the place of the quote that ends the string whose inside begins at s[i], jsonShort where there is none,
// and whether the inside holds a backslash (RFC 8259 §7). It looks at eight bytes at a time.
func jsonStringEnd(s string, i int) (end int, escaped bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		q, b := x^(ones*'"'), x^(ones*'\\')
		if hit := ((q-ones)&^q | (b-ones)&^b) & highs; hit != 0 { // its lowest bit is right, others may be wrong
			if i += bits.TrailingZeros64(hit) / 8; s[i] == '"' {
				return i, false
			}
			break
		}
	}
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i, false
		case '\\':
			return jsonEscapedEnd(s, i), true
		}
	}
	return jsonShort, false
}

// jsonEscapedEnd is the rest of jsonStringEnd from the first backslash on.
func jsonEscapedEnd(s string, i int) int {
	for from := i; ; {
		q := strings.IndexByte(s[i:], '"')
		if q < 0 {
			return jsonShort
		}
		i += q
		n := 0
		for i-n > from && s[i-n-1] == '\\' {
			n++
		}
		if n&1 == 0 {
			return i
		}
		i++
		from = i
	}
}

func isJSONSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func jsonSpace(s string, i int) int {
	for i < len(s) && isJSONSpace(s[i]) {
		i++
	}
	return i
}

// jsonSkip returns the place after the object or array that begins at s[i], jsonShort or jsonBroken. With lines, s holds
// line feeds, and one within a string shows that the string, and so the record, was cut off.
func jsonSkip(s string, i int, lines bool) int {
	return jsonSkipOpen(s, i, 0, lines)
}

// jsonSkipOpen is jsonSkip with depth values around s[i] already open; it returns the place after the last of them.
func jsonSkipOpen(s string, i, depth int, lines bool) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			end, _ := jsonStringEnd(s, i+1)
			if lines && (end < 0 || strings.IndexByte(s[i:end], '\n') >= 0) {
				if end >= 0 || strings.IndexByte(s[i:], '\n') >= 0 {
					return jsonBroken
				}
			}
			if end < 0 {
				return jsonShort
			}
			i = end
		case '{':
			if depth > 0 && !opensAfter(s, i) {
				return jsonBroken
			}
			if depth++; depth > jsonMaxDepth {
				return jsonBroken
			}
		case '[':
			if depth++; depth > jsonMaxDepth {
				return jsonBroken
			}
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return jsonShort
}

// opensAfter tells whether an object may begin at s[i] within another value: after '[', ',' or ':'. Where it may not, the
// value around it was cut off and a new record begins.
func opensAfter(s string, i int) bool {
	for i--; i >= 0; i-- {
		switch s[i] {
		case ' ', '\n', '\t', '\r':
		case '[', ',', ':':
			return true
		default:
			return false
		}
	}
	return true
}

// jsonGap skips what stands between records: white space, commas, record separators (RFC 7464) and a byte order mark.
func jsonGap(s string, i int) int {
	for i < len(s) {
		switch s[i] {
		case ' ', '\n', '\t', '\r', ',', 0x1e, 0:
			i++
		case 0xef:
			if !strings.HasPrefix(s[i:], "\xef\xbb\xbf") {
				return i
			}
			i += 3
		default:
			return i
		}
	}
	return i
}

// lineEnd returns where the line of s[i] ends, which is the end of s for the last.
func lineEnd(s string, i int) int {
	if nl := strings.IndexByte(s[i:], '\n'); nl >= 0 {
		return i + nl
	}
	return len(s)
}

// opensArray tells whether the '[' at s[i] opens an array of records rather than a line of text that begins with a bracket.
// It answers jsonShort where that is not yet to be seen.
func opensArray(s string, i int) int {
	i = jsonSpace(s, i+1)
	if i >= len(s) {
		return jsonShort
	}
	if s[i] == '{' || s[i] == ']' || s[i] == '[' {
		return 1
	}
	return 0
}

// jsonRegions finds where records end that are in any state. It counts those that were broken across lines: looking for
// their ends again and again would take a time that grows faster than the text, so after some of them in one piece of
// text a record is taken to end with its line.
type jsonRegions struct{ broken int }

// jsonMaxBroken is how many records that are broken across lines are followed in one piece of text.
const jsonMaxBroken = 64

func (r *jsonRegions) exhausted() bool { return r.broken >= jsonMaxBroken }

// end returns where the record or the line of text that begins at s[i] ends. Without eof it answers jsonShort where the
// end is not within s. The line of s[i] ends at line.
func (r *jsonRegions) end(s string, i, line int, eof bool) int {
	if s[i] != '{' {
		if line == len(s) && !eof {
			return jsonShort
		}
		return min(line+1, len(s))
	}
	end := jsonSkip(s[:line], i, false)
	if end == jsonShort && line < len(s) {
		if r.exhausted() {
			return line + 1
		}
		end = jsonSkip(s, i, true)
	}
	if end > 0 {
		return end
	}
	if end == jsonShort && !eof {
		return jsonShort
	}
	r.broken++
	if next := nextObjectLine(s, i); next >= 0 {
		return next
	}
	if !eof {
		return jsonShort
	}
	return len(s)
}

// nextObjectLine returns the start of the next line after s[i] on which an object begins that is indented no deeper than the
// line of s[i]: the place where reading goes on after a broken record. It is -1 where there is none.
func nextObjectLine(s string, i int) int {
	start := strings.LastIndexByte(s[:i], '\n') + 1
	own := jsonSpace(s, start) - start
	for {
		nl := strings.IndexByte(s[i:], '\n')
		if nl < 0 {
			return -1
		}
		i += nl + 1
		j := i
		for j < len(s) && (s[j] == ' ' || s[j] == '\t') {
			j++
		}
		if j < len(s) && s[j] == '{' && j-i <= own {
			return i
		}
	}
}

// wrapperName tells whether services and tools hand over arrays of records under this name, and whether the name says so
// even of an array that is empty.
func wrapperName(key string) (wraps, strong bool) {
	switch key {
	case "Records", "records":
		return true, true
	case "events", "Events", "value", "values", "logs", "Logs", "entries", "items", "results", "Results", "data", "hits",
		"logEvents", "rows", "alerts", "Alerts", "Findings", "findings", "messages":
		return true, false
	}
	return false, false
}

// wrapperMeta tells whether a member beside the array of a wrapper says nothing about the records.
func wrapperMeta(key string) bool {
	switch key {
	case "@odata.context", "@odata.count", "@odata.nextLink", "odata.metadata", "count", "Count", "total", "Total",
		"total_count", "kind", "apiVersion", "metadata", "meta", "etag", "nextPageToken", "nextLink", "next", "page", "took",
		"timed_out", "_shards", "max_score", "_scroll_id", "NextToken", "nextToken", "has_more", "object", "cursor", "links",
		"_links", "next_cursor", "success", "status", "messageType", "owner", "logGroup", "logStream", "subscriptionFilters",
		"preview", "offset", "size", "limit":
		return true
	}
	return false
}

// jsonWrapper looks at the object at s[i]. If it is a wrapper around an array of records it returns the place after the array's
// bracket and the number of objects that are open there; else 0 or, where s is too short to tell, jsonShort.
func jsonWrapper(s string, i int) (inside, depth int) {
	depth = 1
	for i++; ; i++ {
		if i = jsonSpace(s, i); i >= len(s) {
			return jsonShort, 0
		}
		if s[i] != '"' {
			return 0, 0
		}
		end, _ := jsonStringEnd(s, i+1)
		if end < 0 {
			return jsonShort, 0
		}
		key := s[i+1 : end]
		if i = jsonSpace(s, end+1); i >= len(s) {
			return jsonShort, 0
		}
		if s[i] != ':' {
			return 0, 0
		}
		if i = jsonSpace(s, i+1); i >= len(s) {
			return jsonShort, 0
		}
		if wraps, strong := wrapperName(key); wraps {
			if in := arrayOfRecords(s, i, strong); in != 0 {
				return in, depth
			}
		}
		if key == "hits" && depth == 1 && s[i] == '{' { // Elasticsearch: hits.hits
			depth = 2
			continue
		}
		if !wrapperMeta(key) {
			return 0, 0
		}
		if i = jsonValueEnd(s, i); i < 0 {
			return i, 0
		}
		if i = jsonSpace(s, i); i >= len(s) {
			return jsonShort, 0
		}
		if s[i] != ',' {
			return 0, 0
		}
	}
}

// arrayOfRecords returns the place after the bracket at s[i] if an array of objects begins there, 0 if not, jsonShort if s
// is too short to tell. An empty array will do where empty is set.
func arrayOfRecords(s string, i int, empty bool) int {
	if s[i] != '[' {
		return 0
	}
	j := jsonSpace(s, i+1)
	switch {
	case j >= len(s):
		return jsonShort
	case s[j] == '{' || s[j] == ']' && empty:
		return i + 1
	}
	return 0
}

// jsonValueEnd returns the place after the value at s[i], jsonShort or jsonBroken.
func jsonValueEnd(s string, i int) int {
	switch s[i] {
	case '"':
		end, _ := jsonStringEnd(s, i+1)
		if end < 0 {
			return jsonShort
		}
		return end + 1
	case '{', '[':
		return jsonSkip(s, i, true)
	}
	for ; i < len(s); i++ {
		switch s[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
	}
	return jsonShort
}
