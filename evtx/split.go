package evtx

import (
	"bytes"
	"encoding/binary"

	"github.com/tocsin-sec/tocsin/event"
)

// blockChunks is how many chunks make a block: enough to be worth handing over, few enough that a log of some
// megabytes keeps all cores busy.
const blockChunks = 8

const (
	lostRegion = "not a chunk of an event log"
	lostHeader = "the file header is damaged"
)

// Splitter cuts an event log into blocks of whole chunks.
type Splitter struct {
	begun bool // the file header is behind us
}

// NewSplitter returns a splitter for one stream.
func NewSplitter() *Splitter { return &Splitter{} }

// Split says where the next block ends: see event.Cut. It skips what is no chunk; what of that is not zeros is lost.
// It may return a Cut with Skip and no Size, which is progress too.
func (s *Splitter) Split(data []byte, eof bool) event.Cut {
	if !s.begun {
		if len(data) < fileHeader+chunkSize && !eof {
			return event.Cut{}
		}
		s.begun = true
		if skip, lost := headerSize(data); skip > 0 {
			return event.Cut{Skip: skip, Size: wholeChunks(data[skip:], eof), Lost: lost}
		}
	}
	if n := wholeChunks(data, eof); n > 0 {
		return event.Cut{Size: n}
	}
	skip, lost := foreign(data, eof)
	if skip == 0 {
		return event.Cut{}
	}
	return event.Cut{Skip: skip, Size: wholeChunks(data[skip:], eof), Lost: lost}
}

// headerSize returns how many bytes of data are the file's header: as it says itself if a chunk follows there, else
// 4096 if one follows there, else up to the first chunk in sight.
func headerSize(data []byte) (size int, lost string) {
	if chunkAt(data, 0) {
		return 0, ""
	}
	whole := bytes.HasPrefix(data, []byte(fileMagic))
	if whole && len(data) >= 42 {
		if n := int(data[40]) | int(data[41])<<8; n >= 128 && chunkAt(data, n) {
			return n, ""
		}
	}
	if !whole {
		lost = lostHeader
	}
	if chunkAt(data, fileHeader) {
		return fileHeader, lost
	}
	if i := bytes.Index(data, []byte(chunkMagic)); i > 0 && i < fileHeader+chunkSize && chunkAt(data, i) {
		return i, lostHeader
	}
	return min(fileHeader, len(data)), lost // an empty log, or the first chunk is damaged
}

// chunkAt tells whether data[i:] begins with a chunk's header.
func chunkAt(data []byte, i int) bool {
	return i+44 <= len(data) && isChunk(string(data[i:i+44]))
}

// wholeChunks returns how many bytes at the start of data are chunks, up to a block's worth. With eof the last may be
// cut short; without it, one is taken only when the start of what follows it can be seen.
func wholeChunks(data []byte, eof bool) int {
	n := 0
	for range blockChunks {
		rest := data[n:]
		if len(rest) < chunkSize+44 && !eof || len(rest) < chunkHeader+recordFrame {
			break
		}
		region := rest[:min(chunkSize, len(rest))]
		if !chunkAt(region, 0) {
			if strayChunk(region) > 0 || !hasRecord(region) {
				break
			}
		} else if len(rest) > chunkSize && !chunkAt(rest, chunkSize) {
			// What follows is no chunk: perhaps this one lost some of its bytes, and the next begins within it.
			if i := strayChunk(region); i > 0 {
				return n + i
			}
		}
		n += len(region)
	}
	return n
}

// strayChunk returns where in region a chunk begins, but for its start; 0 where none does.
func strayChunk(region []byte) int {
	for at := 8; at < len(region); {
		i := bytes.Index(region[at:], []byte(chunkMagic))
		if i < 0 {
			return 0
		}
		if at += i; chunkAt(region, at) {
			return at
		}
		at += len(chunkMagic)
	}
	return 0
}

// hasRecord tells whether a region without a chunk's header holds records of a chunk all the same.
func hasRecord(region []byte) bool {
	for at := chunkHeader; ; at++ {
		i := bytes.Index(region[min(at, len(region)):], []byte(recordMagic))
		if i < 0 {
			return false
		}
		if at += i; isRecord(region[at:]) {
			return true
		}
	}
}

// isRecord tells whether b begins with a whole record: its size is said at its start and at its end.
func isRecord(b []byte) bool {
	if len(b) < recordFrame {
		return false
	}
	size := binary.LittleEndian.Uint32(b[4:])
	return size >= recordFrame && uint64(size) <= uint64(len(b)) && binary.LittleEndian.Uint32(b[size-4:]) == size
}

// foreign returns how many bytes at the start of data belong to no chunk, and why they are lost unless they are zeros.
func foreign(data []byte, eof bool) (skip int, lost string) {
	for skip < len(data) {
		rest := data[skip:]
		if len(rest) < chunkSize+44 && !eof {
			break
		}
		region := rest[:min(chunkSize, len(rest))]
		stray, zeros := 0, allZeros(region)
		if !zeros && len(region) >= chunkHeader+recordFrame {
			if stray = strayChunk(region); chunkAt(region, 0) || stray == 0 && hasRecord(region) {
				break
			}
		}
		if skip > 0 && zeros != (lost == "") {
			break
		}
		if !zeros {
			lost = lostRegion
		}
		if stray > 0 {
			return skip + stray, lost
		}
		skip += len(region)
	}
	return skip, lost
}

func allZeros(b []byte) bool {
	for len(b) >= 8 {
		if b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
