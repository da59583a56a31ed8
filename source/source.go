// Package source is where bytes come from, cut into blocks of whole records for the parsers. Files reads files, folders,
// globs and standard input once, whatever they are packed in. An Input takes in for ever: files that grow, the journal,
// syslog, HTTP, Kafka, flows; one kind, one file (Kinds).
//
// Everything is recognised by its content, never by its name. What cannot be read, and every limit that is reached, is
// handed on as an event.Unread with its place and reason; nothing is skipped in silence. The order of the blocks is
// the lexical order of the paths and the order of members within archives, so the same input gives the same stream.
// The package knows no format of logs: it asks Options.Recognise.
//
// An Input hands each Delivery to its Intake with the position of its stream, and tells its sender that a record was taken
// only when Delivery.Done says that it is durable. What cannot wait and finds no room is dropped and counted, and told as a Notice.
//
// A Files belongs to one goroutine, which calls Blocks once; Measure and Progress may be called from others. The data
// of a Block is an immutable string of its own, which nothing else refers to, until the Block is given to Release.
package source

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// Splitter says where a stream may be cut; see event.Cut. With eof, no data follows. A stream has a Splitter of its own.
type Splitter interface {
	Split(data []byte, eof bool) event.Cut
}

// Options says how to read. The zero value of each field but Recognise is a good default.
type Options struct {
	// Recognise returns the name of the format of a stream that begins with head (up to 64 KiB, without a byte order
	// mark) and a new splitter for it; a nil Splitter where no format fits.
	Recognise func(head string) (string, Splitter)
	Zone      *time.Location // of times that state none; nil is UTC
	Stdin     io.Reader      // what the path "-" reads; nil is os.Stdin
	BlockSize int            // of most blocks, in bytes; 0 is 512 KiB
	Reuse     bool           // the data of a Block is valid only until the Block is given to Release
	TempDir   string         // where archives within archives are unpacked to; "" is os.TempDir
	Limits    Limits
}

// Limits bounds what one input may cost. Zero fields take the value in parentheses.
type Limits struct {
	Depth   int   // archives within archives (4); compressors on top of each other (4)
	Members int64 // members of all archives in one input file (1,000,000)
	Ratio   int64 // decompressed bytes for one byte of input (1000), once Free is passed
	Free    int64 // decompressed bytes for which Ratio is not asked (1 GiB)
	Spool   int64 // bytes of a zip file that does not stand on disk by itself: within an archive, or on stdin (2 GiB)
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Depth:   cmp.Or(l.Depth, 4),
		Members: cmp.Or(l.Members, 1_000_000),
		Ratio:   cmp.Or(l.Ratio, 1000),
		Free:    cmp.Or(l.Free, 1<<30),
		Spool:   cmp.Or(l.Spool, 2<<30),
	}
}

// Files reads the files that some paths stand for.
type Files struct {
	paths   []string
	opt     Options
	outputs []os.FileInfo

	found, done       atomic.Int64
	total, read       atomic.Int64
	streams, unpacked atomic.Int64
	measured          atomic.Bool
	over              atomic.Bool // Blocks has ended

	spare chan []byte // memory of blocks that were released, each of blockSize
}

// Progress is how far a Files is.
type Progress struct {
	Found, Done int64 // input files; Found is whole only when Measured
	Total, Read int64 // bytes on disk; Total is whole only when Measured, and knows nothing of standard input
	Measured    bool  // Measure has ended
	Streams     int64 // files and members of archives that were opened, the empty ones too
	Bytes       int64 // of them, after decompression
}

// NewFiles returns the files for paths: each a file, a folder (all in it, recursively), a glob (with * ? [ ] and, for
// any number of folders, **) or "-" for standard input. A path that names nothing is an error.
func NewFiles(paths []string, opt Options) (*Files, error) {
	opt.Limits = opt.Limits.withDefaults()
	opt.BlockSize = cmp.Or(opt.BlockSize, 512<<10)
	if opt.Stdin == nil {
		opt.Stdin = os.Stdin
	}
	if err := checkPaths(paths); err != nil {
		return nil, err
	}
	return &Files{paths: paths, opt: opt, spare: make(chan []byte, maxSpare)}, nil
}

// maxSpare bounds the memory of blocks that waits to be used again, in blocks.
const maxSpare = 16

// Release says that nobody will look at the data of a Block any more, nor at anything that is a part of it, so that a
// later one may have its memory. It may be called from any goroutine, once for each Block, where Options.Reuse is set;
// a Block that is not released is one for the garbage collector.
func (f *Files) Release(b event.Block) {
	if !f.opt.Reuse || f.over.Load() || b.Data == "" || len(b.Data) > f.blockSize() {
		return
	}
	select {
	case f.spare <- unsafe.Slice(unsafe.StringData(b.Data), f.blockSize()):
	default:
	}
}

// room returns memory for a block.
func (f *Files) room() []byte {
	select {
	case room := <-f.spare:
		return room
	default:
		return make([]byte, f.blockSize())
	}
}

// blockSize is the size of the memory of blocks, but for those with longer records.
func (f *Files) blockSize() int { return max(f.opt.BlockSize, headSize) }

// Outputs names files that the run writes to: where they are among the input they are noted, and not read. It must be
// called before Blocks.
func (f *Files) Outputs(files ...os.FileInfo) { f.outputs = append(f.outputs, files...) }

// Includes tells whether a regular file that exists is among what the paths stand for, and by which name.
func (f *Files) Includes(file os.FileInfo) (path string, ok bool) {
	newWalk(func(e entry) bool {
		if !e.regular() || e.size != file.Size() {
			return true
		}
		if info, err := os.Stat(e.path); err == nil && os.SameFile(info, file) {
			path, ok = e.path, true
		}
		return !ok
	}).paths(f.paths)
	return path, ok
}

// Progress returns how far the reading is. It may be called from any goroutine.
func (f *Files) Progress() Progress {
	return Progress{
		Found: f.found.Load(), Done: f.done.Load(),
		Total: f.total.Load(), Read: f.read.Load(),
		Measured: f.measured.Load(),
		Streams:  f.streams.Load(), Bytes: f.unpacked.Load(),
	}
}

// Measure walks the paths for the totals of Progress. It reads no file and may run beside Blocks.
func (f *Files) Measure(ctx context.Context) {
	w := newWalk(func(e entry) bool {
		if e.regular() || e.stdin() {
			f.found.Add(1)
			f.total.Add(e.size)
		}
		return ctx.Err() == nil
	})
	w.paths(f.paths)
	f.measured.Store(ctx.Err() == nil)
}

// Blocks reads everything and calls yield for each block and for each part that cannot be read, in order: one of the
// two is set. It ends early when yield returns false or ctx is done, and returns the latter's cause.
func (f *Files) Blocks(ctx context.Context, yield func(event.Block, *event.Unread) bool) error {
	r := &reader{Files: f, ctx: ctx, yield: yield}
	w := newWalk(func(e entry) bool {
		r.file(e)
		return r.going()
	})
	w.paths(f.paths)
	f.over.Store(true)
	for len(f.spare) > 0 {
		select {
		case <-f.spare:
		default:
		}
	}
	return context.Cause(ctx)
}

// reader is one run of Blocks.
type reader struct {
	*Files
	ctx     context.Context
	yield   func(event.Block, *event.Unread) bool
	stopped bool   // yield has returned false
	buf     []byte // of the current stream's blocks
	windows []*window
	meter   meter // of the current file
}

func (r *reader) going() bool { return !r.stopped && r.ctx.Err() == nil }

func (r *reader) send(b event.Block) {
	if !r.stopped && !r.yield(b, nil) {
		r.stopped = true
	}
}

func (r *reader) unread(path string, offset int64, format string, args ...any) {
	if !r.stopped && !r.yield(event.Block{}, &event.Unread{Path: path, Offset: offset, Reason: fmt.Sprintf(format, args...)}) {
		r.stopped = true
	}
}

// file reads one file of the walk.
func (r *reader) file(e entry) {
	if e.err != nil {
		r.unread(e.path, 0, "%s", reason(e.err))
		return
	}
	if e.stdin() {
		defer r.done.Add(1)
		r.meter = meter{limits: &r.opt.Limits, read: &r.read}
		r.open(layer{path: "-", in: r.meter.disk(r.opt.Stdin), mod: time.Now()})
		return
	}
	if !e.regular() {
		r.unread(e.path, 0, "%s; only files are read", special(e.mode))
		return
	}
	defer r.done.Add(1)
	file, err := os.Open(e.path)
	if err != nil {
		r.unread(e.path, 0, "%s", reason(err))
		return
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && slices.ContainsFunc(r.outputs, func(o os.FileInfo) bool { return os.SameFile(o, info) }) {
		r.unread(e.path, 0, "this run writes to it")
		return
	}
	r.meter = meter{limits: &r.opt.Limits, read: &r.read, size: e.size}
	r.open(layer{path: e.path, in: r.meter.disk(file), mod: e.mod, file: file, size: e.size})
}
