package source

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// layer is a stream of bytes on its way from the disk to the parsers: a file, what a compressor holds, a member of an
// archive.
type layer struct {
	path     string
	in       io.Reader
	mod      time.Time
	file     *os.File // the stream itself, where it is a file on disk
	size     int64    // of file
	n        int      // layers below
	archives int      // of them, archives
	packed   int      // compressors since the last archive
}

// window is the buffer through which a layer is looked at before it is read.
type window = bufio.Reader

const windowSize = 64 << 10

// look returns the window of layer n over in.
func (r *reader) look(n int, in io.Reader) *window {
	for len(r.windows) <= n {
		r.windows = append(r.windows, bufio.NewReaderSize(nil, windowSize))
	}
	r.windows[n].Reset(in)
	return r.windows[n]
}

// open reads a layer: opens it where it is packed, else cuts it into blocks.
func (r *reader) open(l layer) {
	if l.n >= maxLayers {
		r.unread(l.path, 0, "packed more than %d times", maxLayers)
		return
	}
	w := r.look(l.n, l.in)
	head, err := w.Peek(tarHeader)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		r.streams.Add(1)
		r.unread(l.path, 0, "%s", reason(err))
		return
	}
	if c := packedBy(head); c != nil {
		r.unpack(l, w, c)
		return
	}
	switch {
	case isZip(head):
		r.archive(l, func() { r.zip(l, w) })
	case isTar(head):
		r.archive(l, func() { r.tar(l, w) })
	default:
		r.streams.Add(1)
		r.blocks(l, w)
	}
}

func (r *reader) archive(l layer, read func()) {
	if l.archives >= r.opt.Limits.Depth {
		r.unread(l.path, 0, "archives within archives deeper than %d", r.opt.Limits.Depth)
		return
	}
	read()
}

// compressor is a way to pack one stream.
type compressor struct {
	name  string
	magic string
	open  func(*window) (io.Reader, func(), error)
}

// maxDictionary bounds the memory that a compressed stream may ask for, in bytes.
const maxDictionary = 64 << 20

var compressors = [...]compressor{
	{"gzip", "\x1f\x8b\x08", func(w *window) (io.Reader, func(), error) { // RFC 1952 §2.3.1
		z, err := gzip.NewReader(w)
		return z, func() {}, err
	}},
	{"zstd", "\x28\xb5\x2f\xfd", func(w *window) (io.Reader, func(), error) { // RFC 8878 §3.1.1
		z, err := zstd.NewReader(w, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDictionary))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}},
	{"xz", "\xfd7zXZ\x00", openXZ}, // The .xz File Format 1.2.1 §2.1.1.1
	{"bzip2", "BZh", func(w *window) (io.Reader, func(), error) {
		return bzip2.NewReader(w), func() {}, nil
	}},
}

func packedBy(head []byte) *compressor {
	for i := range compressors {
		c := &compressors[i]
		if len(head) >= len(c.magic) && string(head[:len(c.magic)]) == c.magic {
			if c.name == "bzip2" && !isBzip2(head) {
				continue
			}
			return c
		}
	}
	return nil
}

// isBzip2 tells bzip2 from a text that begins with its three letters: a block size and the magic of a block or of the
// end of the stream follow.
func isBzip2(head []byte) bool {
	if len(head) < 10 || head[3] < '1' || head[3] > '9' {
		return false
	}
	m := string(head[4:10])
	return m == "1AY&SY" || m == "\x17\x72\x45\x38\x50\x90"
}

// openXZ opens an xz stream whose first block asks for no more memory than maxDictionary (format §3.1 and §5.3.1).
func openXZ(w *window) (io.Reader, func(), error) {
	head, _ := w.Peek(12 + 1024)
	if len(head) > 12 && head[12] != 0 {
		end := min(12+4*(int(head[12])+1), len(head))
		for i := 14; i+2 < end; i++ {
			if head[i] != 0x21 || head[i+1] != 1 { // the LZMA2 filter with its one byte of properties
				continue
			}
			bits := int(head[i+2])
			if size := int64(2|bits&1) << (bits/2 + 11); bits > 40 || size > maxDictionary {
				return nil, nil, fmt.Errorf("dictionary larger than %d MiB", maxDictionary>>20)
			}
			break
		}
	}
	z, err := xz.NewReader(w)
	return z, func() {}, err
}

// unpack reads what a compressor holds.
func (r *reader) unpack(l layer, w *window, c *compressor) {
	if l.packed >= r.opt.Limits.Depth {
		r.unread(l.path, 0, "compressed more than %d times", r.opt.Limits.Depth)
		return
	}
	z, closeIt, err := c.open(w)
	if err != nil {
		r.streams.Add(1)
		r.unread(l.path, 0, "%s: %s", c.name, reason(err))
		return
	}
	defer closeIt()
	if g, ok := z.(*gzip.Reader); ok && !g.ModTime.IsZero() && l.archives > 0 {
		l.mod = g.ModTime
	}
	r.open(layer{
		path: l.path, in: r.meter.layer(l.n, named{z, c.name}), mod: l.mod,
		n: l.n + 1, archives: l.archives, packed: l.packed + 1,
	})
}

// named puts the name of the compressor before its errors.
type named struct {
	io.Reader
	name string
}

func (n named) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		if err == io.ErrUnexpectedEOF {
			err = errors.New("the file ends in the middle of the compressed data")
		}
		err = fmt.Errorf("%s: %w", n.name, err)
	}
	return k, err
}
