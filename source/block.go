package source

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// headSize is how much of a stream its format is recognised by.
const headSize = 64 << 10

// cutter cuts one stream into blocks.
type cutter struct {
	*reader
	in     io.Reader
	split  Splitter
	origin *event.Origin
	header string

	data []byte // what is read and not yet cut; a part of buf
	want int    // how much data the splitter is to see
	base int64  // offset of data in the stream
	line int64  // number of data's first line
	eof  bool
	err  error // why the stream ended before its end
}

// blocks recognises the format of a stream and cuts it into blocks.
func (r *reader) blocks(l layer, w *window) {
	if size := r.blockSize(); len(r.buf) < size || len(r.buf) > 2*size {
		r.buf = make([]byte, size)
	}
	c := &cutter{reader: r, in: plain(w), line: 1, want: r.opt.BlockSize}
	c.data = r.buf[:0]
	c.fill(headSize)
	head := string(c.data[:min(headSize, len(c.data))])
	var format string
	if len(c.data) > 0 {
		if format, c.split = r.opt.Recognise(head); c.split == nil {
			if !c.eof || strings.TrimSpace(head) != "" {
				r.unread(l.path, 0, "not a log that tocsin knows: %s", looksLike(head))
			}
			return
		}
	}
	c.origin = &event.Origin{Path: l.path, Format: format, Reference: l.mod, Zone: r.opt.Zone}
	for r.going() && !(c.eof && len(c.data) == 0) {
		c.cut()
	}
	if c.err != nil && r.going() {
		r.unread(l.path, c.base+int64(len(c.data)), "%s", reason(c.err))
	}
}

// maxWanted is how much is read before a record is given up as too long: the record and what the splitter may need
// to see after it.
const maxWanted = event.MaxRecord + headSize

// fill reads until there are n bytes of data or the stream ends.
func (c *cutter) fill(n int) {
	if len(c.buf) < n {
		grown := make([]byte, n)
		c.data = grown[:copy(grown, c.data)]
		c.buf = grown
	} else if cap(c.data) < n {
		c.data = c.buf[:copy(c.buf, c.data)]
	}
	for idle := 0; len(c.data) < n && !c.eof && c.ctx.Err() == nil; idle++ {
		k, err := c.in.Read(c.data[len(c.data):n])
		c.data = c.data[:len(c.data)+k]
		c.unpacked.Add(int64(k))
		if err == nil && k == 0 && idle > 100 {
			err = io.ErrNoProgress
		}
		if k > 0 {
			idle = 0
		}
		if err != nil {
			c.eof = true
			if !errors.Is(err, io.EOF) {
				c.err = err
			}
		}
	}
}

// cut takes the next block off the data, and wants more data where there is none.
func (c *cutter) cut() {
	if len(c.data) < c.want/2 || c.want > c.opt.BlockSize {
		c.fill(c.want)
	}
	view := c.data[:min(len(c.data), c.want)]
	eof := c.eof && len(view) == len(c.data)
	cut := c.split.Split(view, eof)
	cut.Skip = min(max(cut.Skip, 0), len(view))
	cut.Size = min(max(cut.Size, 0), len(view)-cut.Skip)
	if cut.Lost != "" {
		c.unread(c.origin.Path, c.base, "%s", cut.Lost)
	}
	if cut.Skip > 0 {
		c.advance(cut.Skip, int64(bytes.Count(c.data[:cut.Skip], newline)))
	}
	if cut.Header != "" {
		c.header = cut.Header
	}
	if cut.Size > 0 {
		c.emit(cut.Size)
	}
	switch {
	case cut.Size > 0 || cut.Skip > 0:
		c.want = c.opt.BlockSize
	case eof:
		c.rest()
	case c.want >= maxWanted:
		c.drop()
		c.want = c.opt.BlockSize
	default:
		c.want = min(max(2*c.want, 256), maxWanted)
	}
}

var newline = []byte{'\n'}

func (c *cutter) advance(n int, lines int64) {
	c.data = c.data[n:]
	c.base += int64(n)
	c.line += lines
}

func (c *cutter) emit(n int) {
	lines := int64(bytes.Count(c.data[:n], newline))
	b := event.Block{Origin: c.origin, Header: c.header, Offset: c.base, First: c.line}
	b.Data = c.take(n)
	c.base += int64(n)
	c.line += lines
	c.send(b)
}

// take takes the first n bytes off data, as a string of their own: the memory that they stand in where little else does,
// else a copy.
func (c *cutter) take(n int) string {
	data, rest := c.data[:n], c.data[n:]
	c.data = rest
	if !c.opt.Reuse || n > c.blockSize() {
		return string(data)
	}
	room := c.room()
	if n < len(rest) || cap(data) != cap(c.buf) || len(c.buf) != len(room) {
		return immutable(room[:copy(room, data)])
	}
	c.data, c.buf = room[:copy(room, rest)], room
	return immutable(data)
}

// rest gives up what is left at the end of the stream.
func (c *cutter) rest() {
	if len(bytes.TrimSpace(c.data)) > 0 {
		c.unread(c.origin.Path, c.base, "the last %d bytes are no whole record", len(c.data))
	}
	c.advance(len(c.data), 0)
}

// drop gives up a record that is too long, up to the next line.
func (c *cutter) drop() {
	start := c.base
	c.advance(len(c.data), int64(bytes.Count(c.data, newline)))
	for c.going() {
		c.data = c.buf[:0]
		if c.fill(c.opt.BlockSize); len(c.data) == 0 {
			break
		}
		if i := bytes.IndexByte(c.data, '\n'); i >= 0 {
			c.advance(i+1, 1)
			break
		}
		c.advance(len(c.data), 0)
	}
	c.unread(c.origin.Path, start, "record longer than %d MiB; %d bytes up to the next line are not read", event.MaxRecord>>20, c.base-start)
}
