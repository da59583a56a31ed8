package source

import (
	"fmt"
	"net/http"

	"github.com/tocsin-sec/tocsin/event"
)

// jsonDocs writes JSON objects, one a line, that are made of what a request holds. Of two members of one name the first
// stays. It belongs to one request.
type jsonDocs struct {
	dst   []byte // all objects so far
	limit int    // of dst, in bytes
	start int    // of the present object
	taken map[string]struct{}
}

// newJSONDocs returns one for a body of this size.
func (a *arrival) newJSONDocs(size int) jsonDocs {
	return jsonDocs{
		dst:   make([]byte, 0, min(size+size/4+64, int(a.h.maxBody))),
		limit: int(a.h.maxBody),
		taken: make(map[string]struct{}),
	}
}

// begin begins an object.
func (d *jsonDocs) begin() {
	d.start = len(d.dst)
	d.dst = append(d.dst, '{')
	clear(d.taken)
}

// beginAs begins an object as a copy of another, valid one.
func (d *jsonDocs) beginAs(object []byte) {
	d.start = len(d.dst)
	d.value(object)
	end := len(d.dst) - 1 // without the brace, and without white space before it
	for d.dst[end-1] == ' ' || d.dst[end-1] == '\t' {
		end--
	}
	d.dst = d.dst[:end]
	clear(d.taken)
	members(object, func(name, _ []byte) bool {
		d.taken[memberName(name)] = struct{}{}
		return true
	})
}

// name writes a member's name, if there is none of it yet: then its value is to be appended to dst.
func (d *jsonDocs) name(name string) bool {
	if _, taken := d.taken[name]; taken || name == "" || d.full() {
		return false
	}
	d.taken[name] = struct{}{}
	if len(d.dst)-1 > d.start {
		d.dst = append(d.dst, ',')
	}
	d.dst = append(event.AppendQuoted(d.dst, name), ':')
	return true
}

// text adds a member that is a text, unless it is empty.
func (d *jsonDocs) text(name, value string) {
	if value != "" && d.name(name) {
		d.dst = event.AppendQuoted(d.dst, value)
	}
}

// value appends a JSON value without its line breaks, which stand between its tokens.
func (d *jsonDocs) value(value []byte) {
	start := len(d.dst)
	d.dst = append(d.dst, value...)
	for i := start; i < len(d.dst); i++ {
		if d.dst[i] == '\n' || d.dst[i] == '\r' {
			d.dst[i] = ' '
		}
	}
}

// end ends the object. An empty one, and one that is too long, is taken back, which it reports.
func (d *jsonDocs) end() bool {
	if n := len(d.dst) - d.start; n < 2 || n > event.MaxRecord {
		d.undo()
		return false
	}
	d.dst = append(d.dst, '}', '\n')
	return true
}

// undo takes the present object back.
func (d *jsonDocs) undo() { d.dst = d.dst[:d.start] }

// full tells whether more was written than may be: what senders say once for many records stands in each object, so a
// small body can make many bytes.
func (d *jsonDocs) full() bool { return len(d.dst) > d.limit }

// docBlocks returns the blocks of what was written, which takes the room of the body that it was made of.
func (a *arrival) docBlocks(d *jsonDocs) ([]event.Block, error) {
	if d.full() {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the records with what is said about all of them are larger than %d bytes", d.limit)}
	}
	if more := int64(len(d.dst)) - a.held; more > 0 {
		if err := a.hold(more, nil); err != nil {
			return nil, err
		}
	}
	return a.lineBlocks("json", d.dst), nil
}
