package evtx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Parser parses blocks of chunks. Each goroutine has its own.
type Parser struct {
	shapes *event.Shapes
	plans  plans
	frag   flattener

	// The chunk in hand.
	chunk  string
	known  []known         // the templates met in it
	places [1 << 16]uint16 // by the place of a template's definition: 1 + index into known
	spent  int             // bytes flattened for its templates
	left   int             // what its records may still unfold to: see maxUnfold

	// The record in hand.
	vals   []event.Value
	inside inlined
	node   *node
	nested []nested
	// The same, read the slow way.
	fields []field
	typed  []typed
	same   []event.Value
}

// known is a template of the chunk in hand.
type known struct {
	at    int
	scope string
	plan  *plan
	err   error
}

// NewParser returns a parser that interns the shapes of its events in shapes.
func NewParser(shapes *event.Shapes) *Parser {
	return &Parser{shapes: shapes}
}

// Parse appends the events of b's chunks to out, in the order of the block. Event.Record is the EventRecordID, and
// Event.Raw is empty: a record has no text form. With a Block.Header "after N", records up to number N are left out.
func (p *Parser) Parse(b event.Block, out *event.Batch) {
	var after uint64
	if text, ok := strings.CutPrefix(b.Header, "after "); ok {
		after, _ = strconv.ParseUint(text, 10, 64) // 0 where it is no number, so nothing is left out
	}
	for at := 0; at < len(b.Data); at += chunkSize {
		p.begin(b.Data[at:min(at+chunkSize, len(b.Data))])
		w := walk{p: p, b: b, base: b.Offset + int64(at), out: out, after: after}
		w.chunk()
	}
	p.begin("") // let go of the block
	clear(p.vals[:cap(p.vals)])
	clear(p.fields[:cap(p.fields)])
	clear(p.typed[:cap(p.typed)])
	clear(p.same[:cap(p.same)])
	clear(p.frag.lifted[:cap(p.frag.lifted)])
	p.frag.chunk = ""
}

// begin takes a chunk in hand.
func (p *Parser) begin(chunk string) {
	for _, l := range p.known {
		p.places[l.at] = 0
	}
	p.chunk, p.known, p.spent, p.left = chunk, p.known[:0], 0, maxUnfold
	p.inside = inlined{}
}

// walk goes through the records of one chunk.
type walk struct {
	p    *Parser
	b    event.Block
	base int64 // the place of the chunk in the stream
	out  *event.Batch

	free        int    // where the header says that the records end
	first, last uint64 // the ids that it says they have; all where it says nothing sensible
	id          uint64 // of the record read last
	after       uint64 // records up to this one are left out

	failed int // parts that could not be read
}

// maxFailed bounds the notes on what could not be read of one chunk; the rest of them are counted in the last.
const maxFailed = 32

func (w *walk) header() {
	chunk := w.p.chunk
	w.free, w.first, w.last = len(chunk), 0, 1<<64-1
	if len(chunk) < chunkHeader || !strings.HasPrefix(chunk, chunkMagic) {
		w.fail(0, "the header of a chunk is damaged")
		return
	}
	if n := u32(chunk, 48); n >= chunkHeader && n <= chunkSize {
		w.free = int(n)
		if w.free > len(chunk) {
			w.fail(len(chunk), fmt.Sprintf("the chunk is cut off %d bytes before the end of its records", w.free-len(chunk)))
			w.free = len(chunk)
		}
	}
	if a, b := u64(chunk, 24), u64(chunk, 32); a <= b && b-a < chunkSize {
		w.first, w.last = a, b
	}
}

// chunk reads the chunk in hand.
func (w *walk) chunk() {
	w.header()
	w.records()
	if n := w.failed - maxFailed; n > 0 {
		w.out.Fail(w.b.Origin, w.base, fmt.Sprintf("%d more parts of the chunk could not be read", n))
	}
}

// records reads the records that are in force: in a row from the first to the free space; after a damage, those that are
// whole and have an id that the header knows (what else lies there is left over from before the log came round); and
// behind the free space, those that go on with the next id, which a machine that was switched off could not note.
func (w *walk) records() {
	at := chunkHeader
	for at+recordFrame <= w.free {
		size, reason := w.record(at)
		if size > 0 {
			at += size
			continue
		}
		next := w.resume(at + 8)
		w.fail(at, fmt.Sprintf("%s: %d bytes of the chunk are lost", reason, next-at))
		at = next
	}
	if at != w.free {
		return
	}
	for at+recordFrame <= len(w.p.chunk) && w.whole(at) && w.id != 0 && u64(w.p.chunk, at+8) == w.id+1 {
		size, _ := w.record(at)
		at += size
	}
}

// whole tells whether a record's frame stands at a place of the chunk.
func (w *walk) whole(at int) bool {
	chunk := w.p.chunk
	if at+recordFrame > len(chunk) || chunk[at:at+4] != recordMagic {
		return false
	}
	size := int64(u32(chunk, at+4))
	return size >= recordFrame && size <= int64(len(chunk)-at) && int64(u32(chunk, at+int(size)-4)) == size
}

// record reads the record at a place and returns its size; 0 and the reason where there is none.
func (w *walk) record(at int) (int, string) {
	chunk := w.p.chunk
	if !w.whole(at) {
		if chunk[at:at+4] == recordMagic {
			return 0, fmt.Sprintf("record %d is damaged", u64(chunk, at+8))
		}
		return 0, "no record where one should be"
	}
	size := int(u32(chunk, at+4))
	if w.id = u64(chunk, at+8); w.id <= w.after && w.after > 0 {
		return size, ""
	}
	if err := w.p.record(at, at+size-4, w.b.Origin, w.out); err != nil {
		w.fail(at, fmt.Sprintf("record %d: %v", w.id, err))
	}
	return size, ""
}

// resume finds the next record in force after a damage; the free space where there is none.
func (w *walk) resume(at int) int {
	chunk := w.p.chunk
	for at < w.free {
		i := strings.Index(chunk[at:w.free], recordMagic)
		if i < 0 {
			break
		}
		if at += i; w.whole(at) {
			if id := u64(chunk, at+8); id >= w.first && id <= w.last {
				return at
			}
		}
		at++
	}
	return w.free
}

func (w *walk) fail(at int, reason string) {
	if w.failed++; w.failed <= maxFailed {
		w.out.Fail(w.b.Origin, w.base+int64(at), reason)
	}
}
