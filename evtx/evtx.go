// Package evtx reads the event logs of Windows Vista and later: files of chunks of records in binary XML.
//
// It promises that no input makes it panic, loop or take memory without bound; that a record which can be read is read,
// whatever is broken around it; and that everything else is noted in the batch with its place. It trusts no checksum,
// count or size of the file. It does no I/O, reads no clock and starts no goroutine.
//
// Values are windows into the block; text is left in UTF-16 and numbers are left binary until somebody asks. A template
// is compiled once into a plan that says which substitution is which field, and is known again in every later chunk by
// its content, so that reading a record is one pass over its list of values.
//
// An event has the names that Sigma rules use: see event.WindowsFormat. Its shape has every field that its templates
// can have; what a record leaves out is Missing. An element without content is empty text. Elements of one name make
// one List, and so do all <Data> without a name, under "Data". Where another part of an event has a name that System's
// fields have, it gets its part's name before it, as in "EventData_Level".
//
// A Splitter or Parser is used by one goroutine; several parsers may share one event.Shapes. Blocks may be parsed in any
// order: what a parser keeps between blocks are compiled plans, and they change no result.
//
// Sources: [MS-EVEN6] §2.2.12–2.2.17 for binary XML and its types; J. Metz, "Windows XML Event Log (EVTX) format", for
// the file, chunk and record headers that the former leaves out.
package evtx

import (
	"encoding/binary"
	"strings"
)

const (
	fileMagic    = "ElfFile\x00"
	chunkMagic   = "ElfChnk\x00"
	recordMagic  = "**\x00\x00"
	fileHeader   = 4096    // the usual size of the file header, bytes
	chunkSize    = 1 << 16 // bytes
	chunkHeader  = 512     // with the tables of common strings and templates, bytes
	recordHeader = 24      // magic, size, id, time written
	recordFrame  = recordHeader + 4
)

// Detect returns how sure it is, in percent, that a stream which begins with head is an event log: 0 is no.
func Detect(head string) int {
	switch {
	case strings.HasPrefix(head, fileMagic):
		return 100
	case isChunk(head):
		return 90
	case len(head) > fileHeader && isChunk(head[fileHeader:]):
		return 80 // the file header is damaged, its first chunk is there
	}
	return 0
}

// isChunk tells whether s begins with a chunk's header, by its magic and as much more as there is to see.
func isChunk(s string) bool {
	return strings.HasPrefix(s, chunkMagic) && (len(s) < 44 || u32(s, 40) == 128)
}

// The following read little-endian integers at s[i:]; the caller has checked that they are there.

func u16(s string, i int) int { return int(s[i]) | int(s[i+1])<<8 }

func u32(s string, i int) uint32 {
	_ = s[i+3]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func u64(s string, i int) uint64 { return uint64(u32(s, i)) | uint64(u32(s, i+4))<<32 }

// leUint reads an unsigned integer of up to 8 bytes, whatever their number.
func leUint(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.LittleEndian.Uint64(b[:])
}
