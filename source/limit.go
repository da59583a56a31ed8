package source

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// errBomb marks that a limit of the whole input file is reached: nothing more of it is read.
var errBomb = errors.New("a decompression bomb")

// meter measures what one input file costs.
type meter struct {
	limits  *Limits
	read    *atomic.Int64 // of all files
	size    int64         // of the file; 0 where it is not known before
	in      int64         // read from disk
	members int64
	blown   bool             // a limit of the whole file is reached
	out     [maxLayers]int64 // decompressed, for each layer
}

// maxLayers bounds the layers of one input, compressors and archives together.
const maxLayers = 16

// check returns an error once layer n has given more than the input warrants.
func (m *meter) check(n int) error {
	from := m.size
	if from == 0 {
		from = m.in
	}
	if m.out[n] <= m.limits.Free || m.out[n]/m.limits.Ratio <= from {
		return nil
	}
	m.blown = true
	return fmt.Errorf("%w: more than %d bytes from %d of input; the rest of the file is not read", errBomb, m.out[n], from)
}

// disk counts what is read of the input file itself.
func (m *meter) disk(r io.Reader) io.Reader { return &diskReader{m, r} }

type diskReader struct {
	*meter
	r io.Reader
}

func (d *diskReader) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.in += int64(n)
	d.read.Add(int64(n))
	return n, err
}

// layer counts what a decompressor or an archive gives, and keeps the error that ends it.
func (m *meter) layer(n int, r io.Reader) *layerReader { return &layerReader{meter: m, n: n, r: r} }

type layerReader struct {
	*meter
	n   int
	r   io.Reader
	err error
}

func (l *layerReader) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p)
	l.out[l.n] += int64(n)
	if err == nil {
		err = l.check(l.n)
	}
	l.err = err
	return n, err
}

// diskAt counts what is read of a zip file on disk, and bounds how much of it may be read for its directory.
type diskAt struct {
	*meter
	r      io.ReaderAt
	budget int64 // 0: no bound
	used   int64
}

// maxDirectory bounds the directory of a zip file, in bytes; the members of a larger one would take too much memory.
const maxDirectory = 24 << 20

var errDirectory = fmt.Errorf("its directory is longer than %d MiB", maxDirectory>>20)

func (d *diskAt) ReadAt(p []byte, off int64) (int, error) {
	if d.used += int64(len(p)); d.budget > 0 && d.used > d.budget {
		return 0, errDirectory
	}
	n, err := d.r.ReadAt(p, off)
	d.in += int64(n)
	d.read.Add(int64(n))
	return n, err
}
