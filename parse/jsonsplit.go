package parse

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// jsonNest is the wrappers that are open around the records: for each, how many objects its array stands in.
type jsonNest struct {
	open [8]uint8
	n    int
}

func (n *jsonNest) push(depth int) bool {
	if n.n == len(n.open) {
		return false
	}
	n.open[n.n] = uint8(depth)
	n.n++
	return true
}

// close skips the ']' at s[i] and, where a wrapper ends with it, the wrapper's remaining members. It returns jsonShort where s ends
// before they do.
func (n *jsonNest) close(s string, i int) int {
	if n.n == 0 {
		return i + 1
	}
	end := jsonSkipOpen(s, i+1, int(n.open[n.n-1]), true)
	if end == jsonShort {
		return jsonShort
	}
	n.n--
	if end == jsonBroken {
		return i + 1
	}
	return end
}

// jsonSplitter cuts between objects. Where objects are lines it looks only for the last line that begins one: in JSON
// no '{' follows a '}' without a comma between, so "}\n{" is a place between two records wherever it stands. Else it
// scans the structure, and steps into arrays and wrappers.
type jsonSplitter struct {
	nest   jsonNest
	drop   jsonDrop
	spread bool // no line began an object in all that was seen last: records take many lines
}

// spreadSearch is how far from its end a stream of records of many lines is searched for others, in bytes.
const spreadSearch = 16 << 10

// Split implements Splitter.
func (p *jsonSplitter) Split(data []byte, eof bool) event.Cut {
	if len(data) == 0 {
		return event.Cut{}
	}
	s := unsafe.String(&data[0], len(data)) // read while Split runs, never kept
	if p.drop.on {
		return event.Cut{Skip: p.drop.skip(s)}
	}
	start, ready := p.approach(s, eof)
	if !ready {
		return event.Cut{Skip: start}
	}
	if p.nest.n == 0 {
		if eof && s[start] == '{' && !opensWrapper(s, start) {
			return event.Cut{Skip: start, Size: len(s) - start}
		}
		from := start
		if p.spread {
			from = max(start, len(s)-spreadSearch)
		}
		end := lastObjectLine(s, from)
		if p.spread = end == 0 && len(s)-start >= spreadSearch; end > 0 {
			return event.Cut{Skip: start, Size: auditLineCut(data[start:end])}
		}
	}
	if s[start] == '{' {
		in, depth := jsonWrapper(s, start)
		if in > 0 && p.nest.push(depth) {
			return event.Cut{Skip: in}
		}
		if in == jsonShort && !eof && len(s)-start <= event.MaxRecord {
			return event.Cut{Skip: start}
		}
	}
	if end := p.records(s, start, eof); end > start {
		return event.Cut{Skip: start, Size: end - start}
	}
	if len(s)-start > event.MaxRecord {
		p.drop = jsonDrop{on: true}
		return event.Cut{
			Skip: start + p.drop.skip(s[start:]),
			Lost: fmt.Sprintf("record longer than %d MiB", event.MaxRecord>>20),
		}
	}
	return event.Cut{Skip: start}
}

func opensWrapper(s string, i int) bool {
	in, _ := jsonWrapper(s, i)
	return in > 0
}

// approach skips to the next record or text, or reports that there is none in s, up to where s can be skipped.
func (p *jsonSplitter) approach(s string, eof bool) (start int, ready bool) {
	for i := 0; ; {
		if i = jsonGap(s, i); i >= len(s) {
			return i, false
		}
		switch s[i] {
		case ']':
			end := p.nest.close(s, i)
			if end == jsonShort {
				if !eof {
					return i, false
				}
				end = len(s)
			}
			i = end
		case '[':
			switch opensArray(s, i) {
			case 1:
				i++
			case jsonShort:
				if eof {
					return i, true
				}
				return i, false
			default:
				return i, true
			}
		default:
			return i, true
		}
	}
}

// records returns the end of the last whole record of those that follow each other from s[i].
func (p *jsonSplitter) records(s string, i int, eof bool) int {
	last, line := i, -1
	var regions jsonRegions
	for i < len(s) {
		switch s[i] {
		case ']':
			if p.nest.n > 0 {
				return last
			}
			i++
		case '[':
			open := opensArray(s, i)
			if open == jsonShort && !eof {
				return last
			}
			if open == 1 {
				i++
				break
			}
			fallthrough
		default:
			if i > last && s[i] == '{' && opensWrapper(s, i) {
				return last
			}
			if line < i {
				line = lineEnd(s, i)
			}
			end := regions.end(s, i, line, eof)
			if end < 0 {
				return last
			}
			i, last = end, end
		}
		i = jsonGap(s, i)
	}
	return last
}

// lastObjectLine returns the start of the last line of s that begins with an object after a line that ended one, 0 where
// there is none after s[i].
func lastObjectLine(s string, i int) int {
	for end := len(s); ; {
		nl := strings.LastIndexByte(s[i:end], '\n')
		if nl <= 0 {
			return 0
		}
		end = i + nl
		if end+1 < len(s) && s[end+1] == '{' {
			j := end - 1
			for j > i && isJSONSpace(s[j]) {
				j--
			}
			if s[j] == '}' {
				return end + 1
			}
		}
	}
}

// auditLineCut returns how much of data, which is objects and ends with a newline, makes a block that breaks no audit
// event whose records stand in objects of their own: all of it where there are none, 0 where more is needed to know.
func auditLineCut(data []byte) int {
	end := auditCut(data)
	if end == 0 || end == len(data) || data[end] == '{' {
		return end
	}
	return len(data) // an object of several lines
}

// jsonDrop skips a record that is too long to be read, through as many pieces as it comes in.
type jsonDrop struct {
	on       bool
	depth    int
	inString bool
	escape   bool // the next byte is escaped
	line     bool // the last byte was a line feed
}

// skip returns how much of s belongs to the record. Where its end is within s, the drop is over. A line that begins with
// '{' ends it too, unless what it interrupts could go on so.
func (d *jsonDrop) skip(s string) int {
	for i := range len(s) {
		c := s[i]
		if d.line && (c == '{' || d.depth == 0 && !d.inString) {
			d.on = false
			return i
		}
		d.line = c == '\n'
		switch {
		case d.escape:
			d.escape = false
		case d.inString:
			d.escape = c == '\\'
			d.inString = c != '"'
		case c == '"':
			d.inString = true
		case c == '{' || c == '[':
			d.depth++
		case c == '}' || c == ']':
			if d.depth--; d.depth <= 0 {
				d.on = false
				return i + 1
			}
		}
	}
	return len(s)
}
