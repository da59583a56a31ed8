package wal

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/s2"
)

const (
	magic       = "TOCSWAL1"
	headerBytes = 32
	frameBytes  = 16 // before a frame's block
	minFrame    = frameBytes + 1
	begins      = 1 << 31 // bit of the length: the first frame of an Append
	salvaged    = 1 << 0  // flag of a segment: made from a damaged one; its sequence numbers may have gaps, also after it
	suffix      = ".wal"
	readBuffer  = 256 << 10
)

// segmentName returns the name of the segment whose first frame has this number; names sort as the numbers do.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, suffix) }

// parseName returns the number in a segment's name.
func parseName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// newHeader returns the header of a new segment and the salt in it.
func newHeader(first uint64, flags uint32) (salt uint64, header []byte) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	header = append(make([]byte, 0, headerBytes), magic...)
	header = binary.LittleEndian.AppendUint64(header, first)
	header = append(header, random[:]...)
	header = binary.LittleEndian.AppendUint32(header, flags)
	header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(header, castagnoli()))
	return binary.LittleEndian.Uint64(random[:]), header
}

// parseHeader reads a segment's header; reason says what is wrong with it.
func parseHeader(h []byte, first uint64) (salt uint64, flags uint32, reason string) {
	switch {
	case len(h) < headerBytes || string(h[:len(magic)]) != magic:
		return 0, 0, "no header of a log segment"
	case crc32.Checksum(h[:28], castagnoli()) != binary.LittleEndian.Uint32(h[28:]):
		return 0, 0, "checksum of the header"
	case binary.LittleEndian.Uint64(h[8:]) != first:
		return 0, 0, "header and file name state different sequence numbers"
	}
	return binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint32(h[24:]), ""
}

// frameHead is what is said of a frame beside its block.
type frameHead struct {
	seq    uint64
	begins bool // the first of one Append
	length int  // of the block
	sum    uint32
}

// appendFrame appends a frame with its payload compressed.
func appendFrame(dst []byte, salt uint64, h frameHead, payload []byte) []byte {
	at := len(dst)
	need := frameBytes + s2.MaxEncodedLen(len(payload))
	dst = slices.Grow(dst, need)[:at+need]
	block := s2.Encode(dst[at+frameBytes:], payload)
	return seal(dst[:at+frameBytes+len(block)], at, salt, h)
}

// seal fills in the head of the frame that stands in dst from at on.
func seal(dst []byte, at int, salt uint64, h frameHead) []byte {
	word := uint32(len(dst) - at - frameBytes)
	if h.begins {
		word |= begins
	}
	binary.LittleEndian.PutUint32(dst[at:], word)
	binary.LittleEndian.PutUint64(dst[at+8:], h.seq)
	binary.LittleEndian.PutUint32(dst[at+4:], checksum(salt, dst[at:at+frameBytes], dst[at+frameBytes:]))
	return dst
}

// checksum is a frame's, of its head but for the checksum itself, and of its block.
func checksum(salt uint64, head, block []byte) uint32 {
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], salt)
	copy(b[8:12], head[:4])
	copy(b[12:], head[8:frameBytes])
	return crc32.Update(crc32.Checksum(b[:], castagnoli()), castagnoli(), block)
}

func parseHead(b []byte) frameHead {
	word := binary.LittleEndian.Uint32(b)
	return frameHead{
		seq: binary.LittleEndian.Uint64(b[8:]), begins: word&begins != 0, length: int(word &^ begins),
		sum: binary.LittleEndian.Uint32(b[4:]),
	}
}

// errBad is why what stands at a place is no frame.
type errBad string

func (e errBad) Error() string { return string(e) }

// frames reads the frames of one segment, one after another.
type frames struct {
	r     *bufio.Reader
	at    int64 // where the next frame begins
	end   int64 // where frames end
	next  uint64
	salt  uint64
	gaps  bool // sequence numbers may be left out
	head  [frameBytes]byte
	block []byte
}

// readFrames begins to read a segment, whose header it checks. An errBad says that this is not a segment.
func readFrames(f *os.File, first uint64, end int64) (*frames, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := &frames{r: bufio.NewReaderSize(f, readBuffer), at: headerBytes, end: end, next: first}
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(r.r, header); err != nil && !isEnd(err) {
		return nil, err
	}
	salt, flags, reason := parseHeader(header, first)
	if reason != "" {
		return nil, errBad(reason)
	}
	r.salt, r.gaps = salt, flags&salvaged != 0
	return r, nil
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// read returns the next frame's head; its block is in r.block until the next call. The error is io.EOF at the end, an
// errBad where something other than the next frame stands, and any other if the file cannot be read.
func (r *frames) read() (frameHead, error) {
	if r.at == r.end {
		return frameHead{}, io.EOF
	}
	if r.end-r.at < minFrame {
		return frameHead{}, errBad("the file ends within a frame's head")
	}
	if _, err := io.ReadFull(r.r, r.head[:]); err != nil {
		return frameHead{}, badIfEnd(err)
	}
	h := parseHead(r.head[:])
	switch {
	case h.length == 0 || h.length > maxEncoded():
		return h, errBad("impossible length")
	case int64(h.length) > r.end-r.at-frameBytes:
		return h, errBad("the file ends within a frame")
	case h.seq != r.next && (!r.gaps || h.seq < r.next):
		return h, errBad(fmt.Sprintf("sequence number %d", h.seq))
	}
	if cap(r.block) < h.length {
		r.block = make([]byte, h.length)
	}
	r.block = r.block[:h.length]
	if _, err := io.ReadFull(r.r, r.block); err != nil {
		return h, badIfEnd(err)
	}
	if checksum(r.salt, r.head[:], r.block) != h.sum {
		return h, errBad("checksum")
	}
	if n, err := s2.DecodedLen(r.block); err != nil || n > MaxFrame {
		return h, errBad("no S2 block, or too large a one")
	}
	r.at += frameBytes + int64(h.length)
	r.next = h.seq + 1
	return h, nil
}

func badIfEnd(err error) error {
	if isEnd(err) {
		return errBad("the file is shorter than it was")
	}
	return err
}
