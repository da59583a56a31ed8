package source

import "bytes"

// maxCounted is the greatest message length that is believed. A longer one ends the connection: what follows could not
// be told from the message.
const maxCounted = 16 << 20

// framer cuts a stream of syslog over TCP or TLS into records, frame by frame, as senders really mix them: a length and
// a message (octet counting, RFC 6587 §3.4.1, RFC 5425 §4.3), or a message that ends with a line break or a NUL byte
// (§3.4.2). A frame is counted where it begins with a number, a space and "<"; where the frame before was counted, the
// "<" may be missing.
type framer struct {
	max     int  // bytes of a record; the rest is cut off
	counted bool // the last frame was
	skip    int  // bytes of a counted frame that are still to be passed over
	line    bool // the rest of a line is to be passed over
	seen    int  // bytes of an unfinished line that hold no end of one
}

// frame is what the framer found at the start of its data.
type frame struct {
	record []byte // a window into data; nil where there is none
	size   int    // bytes of data that are done with
	odd    string // what is wrong with it, "" for nothing
	fatal  bool   // nothing that follows can be read
}

// Reasons.
const (
	oddLong   = "longer than the limit for messages; the rest is cut off"
	oddCut    = "the connection ended within the message"
	oddLength = "the message says that it is longer than 16 MiB"
	oddStray  = "bytes between counted messages: a sender whose counts are wrong"
)

// next returns the frame that data begins with; ok is false where more data is needed. With eof no more will come.
func (f *framer) next(data []byte, eof bool) (fr frame, ok bool) {
	switch {
	case len(data) == 0:
		return fr, false
	case f.skip > 0:
		n := min(f.skip, len(data))
		f.skip -= n
		return frame{size: n}, true
	case f.line:
		i := endOfLine(data)
		f.line = i < 0
		if i < 0 {
			i = len(data) - 1
		}
		return frame{size: i + 1}, true
	}
	n := 0
	for n < len(data) && (data[n] == '\n' || data[n] == '\r' || data[n] == 0 || f.counted && data[n] == ' ') {
		n++
	}
	if n > 0 {
		f.seen = 0
		return frame{size: n}, true
	}
	if f.seen == 0 {
		count, head, sure := f.count(data, eof)
		if !sure {
			return fr, false
		}
		if head > 0 {
			return f.octets(data, head, count, eof)
		}
	}
	return f.delimited(data, eof)
}

// count reads the length that a counted frame begins with; head is the size of the number and the space, 0 where the
// frame is not counted. It is not sure where more data is needed to tell.
func (f *framer) count(data []byte, eof bool) (count, head int, sure bool) {
	if data[0] < '1' || data[0] > '9' {
		return 0, 0, true
	}
	i := 0
	for i < len(data) && i < 10 && data[i]-'0' <= 9 {
		count = count*10 + int(data[i]-'0')
		i++
	}
	switch {
	case i == len(data) && i < 10:
		return 0, 0, eof
	case i == 10 || data[i] != ' ':
		return 0, 0, true
	case i+1 == len(data):
		return 0, 0, eof
	case data[i+1] == '<' || f.counted:
		return count, i + 1, true
	}
	return 0, 0, true
}

func (f *framer) octets(data []byte, head, count int, eof bool) (fr frame, ok bool) {
	f.counted = true
	take := min(count, f.max)
	switch {
	case count > maxCounted:
		return frame{size: len(data), odd: oddLength, fatal: true}, true
	case len(data) >= head+take:
		fr = frame{record: data[head : head+take], size: head + take}
		if count > take {
			fr.odd, f.skip = oddLong, count-take
		}
		return fr, true
	case eof:
		return frame{record: data[head:], size: len(data), odd: oddCut}, true
	}
	return fr, false
}

// delimited reads a frame that ends with a line break or a NUL byte, and between counted ones where the next begins.
func (f *framer) delimited(data []byte, eof bool) (fr frame, ok bool) {
	i := endOfLine(data[f.seen:])
	end, size := f.seen+i, f.seen+i+1
	switch {
	case i < 0 && len(data) > f.max:
		end, size = len(data), len(data) // cut below
		f.line = true
	case i < 0 && eof:
		end, size = len(data), len(data)
	case i < 0 && !f.counted:
		f.seen = len(data)
		return fr, false
	case i < 0:
		end = -1
	}
	odd := ""
	if f.counted && (data[0] != '<' || end < 0) {
		if j := countedStart(data, f.seen); j > 0 && (end < 0 || j < end) {
			end, size, odd = j, j, oddStray
			f.line = false
		} else if end < 0 {
			f.seen = max(0, len(data)-countedHead)
			return fr, false
		}
	}
	f.seen = 0
	if data[0] == '<' && odd == "" {
		f.counted = false
	}
	if end > f.max {
		end, odd = f.max, oddLong
	}
	return frame{record: data[:end], size: size, odd: odd}, true
}

func endOfLine(data []byte) int {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return bytes.IndexByte(data, 0)
	}
	if j := bytes.IndexByte(data[:i], 0); j >= 0 {
		return j
	}
	return i
}

// countedHead is how many bytes tell that a counted frame begins: "16777216 <".
const countedHead = 10

// countedStart returns where in data, from about a place on, a number, a space, "<", a number and ">" stand; 0 where
// they do not.
func countedStart(data []byte, from int) int {
	for at := max(1, from); at < len(data); {
		i := bytes.Index(data[at:], []byte(" <"))
		if i < 0 {
			return 0
		}
		i += at
		at = i + 2
		j := at
		for j < len(data) && j < at+3 && data[j]-'0' <= 9 {
			j++
		}
		if j == at || j == len(data) || data[j] != '>' {
			continue
		}
		k := i
		for k > 0 && data[k-1]-'0' <= 9 && i-k < 8 {
			k--
		}
		if k > 0 && k < i && data[k] != '0' {
			return k
		}
	}
	return 0
}
