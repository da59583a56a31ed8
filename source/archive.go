package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// tarHeader is the size of a tar header, and of what is looked at to recognise a packed stream.
const tarHeader = 512

// isTar verifies the checksum of a tar header, which also the oldest ones have (POSIX.1-1988 §10.1.1).
func isTar(h []byte) bool {
	if len(h) < tarHeader || h[0] == 0 {
		return false
	}
	want, err := strconv.ParseUint(strings.Trim(string(h[148:156]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	sum := uint64(8 * ' ')
	for i, c := range h[:tarHeader] {
		if i < 148 || i >= 156 {
			sum += uint64(c)
		}
	}
	return sum == want
}

// isZip knows a zip file by its first member, or as an empty one (APPNOTE 6.3.10 §4.3).
func isZip(h []byte) bool {
	return bytes.HasPrefix(h, []byte("PK\x03\x04")) || bytes.HasPrefix(h, []byte("PK\x05\x06"))
}

// member names a file within an archive. Its name is a label, and never a path that is opened.
func member(archive, name string) string { return archive + "!" + name }

// admit counts a member and tells whether it may be read.
func (r *reader) admit(l layer) bool {
	if r.meter.blown || !r.going() {
		return false
	}
	if r.meter.members++; r.meter.members > r.opt.Limits.Members {
		if !r.meter.blown {
			r.meter.blown = true
			r.unread(l.path, 0, "more than %d members; the rest of the file is not read", r.opt.Limits.Members)
		}
		return false
	}
	return true
}

func (r *reader) tar(l layer, w *window) {
	t := tar.NewReader(w)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			if !r.meter.blown {
				r.unread(l.path, 0, "tar: %s", reason(err))
			}
			return
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if !r.admit(l) {
			return
		}
		name := member(l.path, h.Name)
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse:
			r.open(layer{path: name, in: r.meter.layer(l.n, t), mod: h.ModTime, n: l.n + 1, archives: l.archives + 1})
		case tar.TypeLink, tar.TypeSymlink:
			r.unread(name, 0, "a link to %q; only files are read", h.Linkname)
		default:
			r.unread(name, 0, "a special file of type %q; only files are read", h.Typeflag)
		}
	}
}

func (r *reader) zip(l layer, w *window) {
	at := &diskAt{meter: &r.meter, r: l.file, budget: maxDirectory}
	size := l.size
	if l.file == nil {
		f, n, err := r.spool(w)
		if f != nil {
			defer os.Remove(f.Name())
			defer f.Close()
		}
		if err != nil {
			r.unread(l.path, 0, "zip: %s", reason(err))
			return
		}
		at.r, size = f, n
		at.meter = &meter{limits: &r.opt.Limits, read: new(atomic.Int64)} // not read from the input a second time
	}
	z, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		r.unread(l.path, 0, "%s", zipReason(err))
		return
	}
	at.budget = 0
	if kind := document(z); kind != "" {
		r.streams.Add(1)
		r.unread(l.path, 0, "not a log that tocsin knows: %s", kind)
		return
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDictionary)))
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !r.admit(l) {
			return
		}
		r.zipMember(l, f)
	}
}

func (r *reader) zipMember(l layer, f *zip.File) {
	name := member(l.path, f.Name)
	if f.Flags&1 != 0 {
		r.unread(name, 0, "encrypted")
		return
	}
	if !f.Mode().IsRegular() {
		r.unread(name, 0, "%s; only files are read", special(f.Mode()))
		return
	}
	in, err := f.Open()
	if err != nil {
		if errors.Is(err, zip.ErrAlgorithm) {
			err = fmt.Errorf("zip: compression method %d is not known", f.Method)
		}
		r.unread(name, 0, "%s", zipReason(err))
		return
	}
	defer in.Close()
	r.open(layer{path: name, in: r.meter.layer(l.n, named{in, "zip"}), mod: f.Modified, n: l.n + 1, archives: l.archives + 1})
}

func zipReason(err error) string {
	if s := reason(err); strings.HasPrefix(s, "zip: ") {
		return s
	}
	return "zip: " + reason(err)
}

// document names what is a zip file by its inside, but not an archive of files that a person has packed.
func document(z *zip.Reader) string {
	if len(z.File) == 0 {
		return ""
	}
	switch first := z.File[0].Name; {
	case first == "[Content_Types].xml":
		return "an Office document"
	case first == "META-INF/" || first == "META-INF/MANIFEST.MF":
		return "a Java archive"
	case first == "mimetype":
		return "an OpenDocument or EPUB document"
	case first == "AndroidManifest.xml":
		return "an Android application"
	}
	return ""
}

// spool copies a zip file that cannot be read at any place into a temporary one.
func (r *reader) spool(w io.Reader) (*os.File, int64, error) {
	f, err := os.CreateTemp(r.opt.TempDir, "tocsin-*.zip")
	if err != nil {
		return nil, 0, err
	}
	n, err := io.Copy(f, io.LimitReader(&cancelReader{r, w}, r.opt.Limits.Spool+1))
	if err == nil && n > r.opt.Limits.Spool {
		err = fmt.Errorf("longer than %d bytes, and to be unpacked before it can be read", r.opt.Limits.Spool)
	}
	return f, n, err
}

// cancelReader ends when the run does.
type cancelReader struct {
	r  *reader
	in io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if !c.r.going() {
		return 0, c.r.ctx.Err()
	}
	return c.in.Read(p)
}
