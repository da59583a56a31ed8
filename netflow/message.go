package netflow

// header is what a message begins with.
type header struct {
	version  int
	size     int    // bytes
	count    int    // v5, v9: records, as the exporter counts them
	total    int    // v5, IPFIX: bytes of the message
	uptime   uint32 // v5, v9: of the exporter, in ms
	export   int64  // when it was sent, in ns since 1970
	sequence uint32
	domain   uint32 // source id of v9, observation domain of IPFIX, engine of v5
	sampling int    // v5: the interval
	mode     int    // v5: the algorithm of sampling
}

// Sizes, in bytes.
const (
	v5Header    = 24
	v5Record    = 48
	v9Header    = 20
	ipfixHeader = 16
	setHeader   = 4
)

// Numbers of sets that hold no data.
const (
	v9Templates  = 0
	v9Options    = 1
	ipfixTpls    = 2
	ipfixOptions = 3
	firstData    = 256
)

// readHeader reads the header of a message; ok is false where there is none.
func readHeader(s string) (h header, ok bool) {
	if len(s) < 2 {
		return h, false
	}
	h.version = u16(s)
	switch h.version {
	case v5: // Cisco, "NetFlow Services Solutions Guide", table B-3
		if h.size = v5Header; len(s) < v5Header {
			return h, false
		}
		h.count, h.uptime, h.sequence = u16(s[2:]), u32(s[4:]), u32(s[16:])
		h.export = int64(u32(s[8:]))*1e9 + int64(min(u32(s[12:]), 999_999_999))
		h.domain = uint32(u16(s[20:]))
		h.mode, h.sampling = u16(s[22:])>>14, u16(s[22:])&0x3fff
		h.total = v5Header + h.count*v5Record
		return h, h.count > 0 && h.count <= 1000
	case v9: // RFC 3954 §5.1
		if h.size = v9Header; len(s) < v9Header {
			return h, false
		}
		h.count, h.uptime, h.sequence, h.domain = u16(s[2:]), u32(s[4:]), u32(s[12:]), u32(s[16:])
		h.export = int64(u32(s[8:])) * 1e9
		return h, true
	case ipfix: // RFC 7011 §3.1
		if h.size = ipfixHeader; len(s) < ipfixHeader {
			return h, false
		}
		h.total, h.sequence, h.domain = u16(s[2:]), u32(s[8:]), u32(s[12:])
		h.export = int64(u32(s[4:])) * 1e9
		return h, h.total >= ipfixHeader
	}
	return h, false
}

// plausible tells whether a header that is met in the middle of nowhere may be one: it was sent in this century.
func (h *header) plausible() bool { return h.export >= 946684800e9 && h.count <= 1000 }

// messageSize returns the size of the message that s begins with, as far as s goes, and whether s holds it to its end;
// 0 where there is none. With end, s is all there is.
func messageSize(s string, end bool) (size int, whole bool) {
	h, ok := readHeader(s)
	if !ok {
		return 0, false
	}
	if h.version != v9 {
		return min(h.total, len(s)), h.total <= len(s)
	}
	for at := v9Header; ; {
		if len(s)-at < setHeader {
			if !end {
				return len(s), false
			}
			return at, true
		}
		id, n := u16(s[at:]), u16(s[at+2:])
		if n < setHeader || id > v9Options && id < firstData {
			return at, true // what fills the datagram up, or the next message
		}
		if at+n > len(s) {
			return len(s), false
		}
		at += n
	}
}

// sets reads the sets of a message one by one.
type sets struct {
	rest string
	id   int
	body string
	odd  string // why it ended before the message did
}

// next moves on to the next set and tells whether there is one. Of a set that is cut off, the part that is there counts.
func (r *sets) next() bool {
	if len(r.rest) < setHeader {
		return false
	}
	n := u16(r.rest[2:])
	r.id = u16(r.rest)
	if n < setHeader {
		if zeros(r.rest) < len(r.rest) {
			r.odd = oddSet
		}
		return false
	}
	if n > len(r.rest) {
		r.odd = oddCut
		n = len(r.rest)
	}
	r.body, r.rest = r.rest[setHeader:n], r.rest[n:]
	return true
}

// zeros returns how many bytes of zero s begins with.
func zeros(s string) int {
	n := 0
	for n < len(s) && s[n] == 0 {
		n++
	}
	return n
}

// gap returns how many bytes of zero fill up the place before the next message, whose own first byte is one.
func gap(s string) int {
	n := zeros(s)
	if n > 0 && n < len(s) {
		n--
	}
	return n
}

// What can be wrong with what is read.
const (
	oddHeader   = "no message of NetFlow v5, v9 or IPFIX"
	oddSet      = "a set says that it is shorter than its header"
	oddCut      = "a message is cut off"
	oddTemplate = "a template cannot be read"
	oddUnknown  = "records whose template is not known"
	oddRecord   = "a record is cut off"
	oddWaited   = "records whose template did not come in time"
	oddMany     = "more templates than are kept"
)
