package netflow

import (
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// Splitter cuts a file of messages into blocks. Messages may have bytes of zero between them. A file is taken for what one
// exporter sent.
type Splitter struct{ known *definitions }

// NewSplitter returns a splitter for one stream.
func NewSplitter() *Splitter { return &Splitter{newDefinitions()} }

// Split says where the next block ends: see event.Cut.
func (s *Splitter) Split(data []byte, eof bool) event.Cut {
	if len(data) == 0 {
		return event.Cut{}
	}
	view := unsafe.String(&data[0], len(data)) // read while Split runs, never kept
	start := gap(view)
	if start == len(view) {
		return event.Cut{Skip: start}
	}
	header, at := s.known.block(), start
	for at < len(view) {
		h, ok := readHeader(view[at:])
		if !ok || !h.plausible() {
			break
		}
		size, whole := messageSize(view[at:], eof)
		if !whole && !eof || size <= h.size && !eof {
			break
		}
		s.read(&h, view[at:at+size])
		at += size
		at += gap(view[at:])
	}
	if at > start {
		return event.Cut{Skip: start, Size: at - start, Header: header}
	}
	return lost(view, start, eof)
}

// lost looks for the next message where none begins.
func lost(view string, start int, eof bool) event.Cut {
	if h, ok := readHeader(view[start:]); ok && h.plausible() || len(view)-start < v5Header && !eof {
		return event.Cut{Skip: start} // it needs more data
	}
	for at := start + 1; at+ipfixHeader <= len(view); at++ {
		if view[at] != 0 || view[at+1] != v5 && view[at+1] != v9 && view[at+1] != ipfix {
			continue
		}
		if h, ok := readHeader(view[at:]); ok && h.plausible() {
			if _, whole := messageSize(view[at:], true); whole || !eof {
				return event.Cut{Skip: at, Lost: oddHeader}
			}
		}
	}
	if eof {
		return event.Cut{Skip: len(view), Lost: oddHeader}
	}
	return event.Cut{Skip: max(len(view)-v5Header, start+1), Lost: oddHeader}
}

// read takes in what a message tells of records. What is wrong with it, the parser tells.
func (s *Splitter) read(h *header, message string) {
	if h.version == v5 {
		return
	}
	for r := (sets{rest: message[h.size:]}); r.next(); {
		if isTemplates(h.version, r.id) {
			for body := r.body; zeros(body) < len(body); {
				id, t, next, ok := readTemplate(h.version, r.id, body)
				if !ok {
					break
				}
				s.known.learn(setKey{uint8(h.version), h.domain, id}, t, h.export)
				body = next
			}
			continue
		}
		if t := s.known.templates[setKey{uint8(h.version), h.domain, uint16(r.id)}]; t != nil && t.options {
			s.known.options(h, t.template, r.body)
		}
	}
}
