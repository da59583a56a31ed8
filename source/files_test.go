package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/tocsin-sec/tocsin/event"
)

// lines cuts after the last newline.
type lines struct{}

func (lines) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	return event.Cut{Size: bytes.LastIndexByte(data, '\n') + 1}
}

// recogniseText takes everything without a zero byte for lines of text.
func recogniseText(head string) (string, Splitter) {
	if strings.Contains(head, "\x00") {
		return "", nil
	}
	return "text", lines{}
}

// result is what a run yields, joined by file.
type result struct {
	order  []string
	text   map[string]string
	unread []event.Unread
	blocks []event.Block
	prog   Progress
}

func (r *result) reasons() string {
	var b strings.Builder
	for _, u := range r.unread {
		fmt.Fprintf(&b, "%s@%d: %s\n", u.Path, u.Offset, u.Reason)
	}
	return b.String()
}

func read(t testing.TB, opt Options, paths ...string) *result {
	t.Helper()
	if opt.Recognise == nil {
		opt.Recognise = recogniseText
	}
	f, err := NewFiles(paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	f.Measure(t.Context())
	r := &result{text: make(map[string]string)}
	err = f.Blocks(t.Context(), func(b event.Block, u *event.Unread) bool {
		if u != nil {
			r.unread = append(r.unread, *u)
			return true
		}
		if _, ok := r.text[b.Origin.Path]; !ok {
			r.order = append(r.order, b.Origin.Path)
		}
		if have := r.text[b.Origin.Path]; len(r.unread) == 0 && (int64(len(have)) != b.Offset || int64(strings.Count(have, "\n"))+1 != b.First) {
			t.Errorf("%s: block at offset %d, line %d; want %d, %d", b.Origin.Path, b.Offset, b.First, len(have), strings.Count(have, "\n")+1)
		}
		r.text[b.Origin.Path] += b.Data
		r.blocks = append(r.blocks, b)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	r.prog = f.Progress()
	return r
}

func sample(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d of a log that says little\n", i)
	}
	return b.String()
}

func gz(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func zst(s string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(s), nil))
}

func xzed(t testing.TB, s string) string {
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// files are name, content, name, content …
func tarred(files ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w.WriteHeader(&tar.Header{Name: files[i], Size: int64(len(files[i+1])), Mode: 0o644, ModTime: time.Unix(1e9, 0)})
		io.WriteString(w, files[i+1])
	}
	w.Close()
	return b.String()
}

func zipped(files ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, _ := w.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Deflate, Modified: time.Unix(1e9, 0)})
		io.WriteString(f, files[i+1])
	}
	w.Close()
	return b.String()
}

// bzipped is "hello\nworld\n": the standard library has no bzip2 writer.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x6b\x5f\xb1\xdd\x00\x00\x02\x41\x80\x00\x10\x06\x44\x90\x80\x20\x00\x31\x0c\x08\x21\xa3\x69\x08\x07\x23\xae\x87\x8b\xb9\x22\x9c\x28\x48\x35\xaf\xd8\xee\x80"

func TestFiles_packed(t *testing.T) {
	text := sample(3000)
	nest := zipped("a.log", text)
	for range 5 {
		nest = zipped("in.zip", nest)
	}
	tests := []struct {
		name, data string
		want       map[string]string // member → text
		unread     string            // part of the reasons
	}{
		{"plain", text, map[string]string{"": text}, ""},
		{"empty", "", map[string]string{}, ""},
		{"gzip", gz(text), map[string]string{"": text}, ""},
		{"gzip of several members", gz(text) + gz(text), map[string]string{"": text + text}, ""},
		{"gzip of nothing", gz(""), map[string]string{}, ""},
		{"zstd", zst(text), map[string]string{"": text}, ""},
		{"zstd of several frames", zst(text) + zst(text), map[string]string{"": text + text}, ""},
		{"xz", xzed(t, text), map[string]string{"": text}, ""},
		{"bzip2", bzipped, map[string]string{"": "hello\nworld\n"}, ""},
		{"gzip in zstd", zst(gz(text)), map[string]string{"": text}, ""},
		{"tar", tarred("b/x.log", text, "a.log", "hello\n"), map[string]string{"!b/x.log": text, "!a.log": "hello\n"}, ""},
		{"tar.gz in zip", zipped("day/logs.tgz", gz(tarred("x.log", text))), map[string]string{"!day/logs.tgz!x.log": text}, ""},
		{"zip in tar.xz", xzed(t, tarred("a.zip", zipped("x.log", text))), map[string]string{"!a.zip!x.log": text}, ""},
		{"zip", zipped("x.log", text, "y.gz", gz(text)), map[string]string{"!x.log": text, "!y.gz": text}, ""},
		{"names that climb are labels", zipped("../../etc/passwd", "x\n", "/abs", "y\n"), map[string]string{"!../../etc/passwd": "x\n", "!/abs": "y\n"}, ""},
		{"too deep", nest, map[string]string{}, "archives within archives deeper than 4"},
		{"truncated zip", zipped("x.log", text)[:500], map[string]string{}, "zip: not a valid zip file"},
		{"broken tar", tarred("x.log", text)[:5000], map[string]string{"!x.log": text[:4488]}, "unexpected EOF"},
		{"program", "\x7fELF\x02\x01\x01\x00\x00", map[string]string{}, "not a log that tocsin knows: an ELF program"},
		{"zeros", strings.Repeat("\x00", 4096), map[string]string{}, "nothing but zero bytes"},
		{"text that begins like bzip2", "BZh9 is no magic\n", map[string]string{"": "BZh9 is no magic\n"}, ""},
		{"UTF-8 mark", "\xef\xbb\xbfhello\n", map[string]string{"": "hello\n"}, ""},
		{"UTF-16LE", "\xff\xfeh\x00\xe4\x00\x3d\xd8\x00\xde\n\x00", map[string]string{"": "hä😀\n"}, ""},
		{"UTF-16BE", "\xfe\xff\x00h\x00\xe4\xd8\x3d\xde\x00\x00\n", map[string]string{"": "hä😀\n"}, ""},
		{"UTF-16LE cut off", "\xff\xfeh\x00\x3d\xd8\n", map[string]string{"": "h\ufffd\ufffd"}, ""},
		{"Office document", zipped("[Content_Types].xml", "<x/>"), map[string]string{}, "an Office document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.dat")
			write(t, path, tt.data)
			for _, stdin := range []bool{false, true} {
				opt, p := Options{BlockSize: 4096}, path
				if stdin {
					opt.Stdin, p = strings.NewReader(tt.data), "-"
				}
				r := read(t, opt, p)
				for m, want := range tt.want {
					if got := r.text[p+m]; got != want {
						t.Errorf("%s%s: got %d bytes %.40q, want %d; unread: %s", p, m, len(got), got, len(want), r.reasons())
					}
				}
				if len(r.text) != len(tt.want) {
					t.Errorf("files %q, want %d", r.order, len(tt.want))
				}
				if got := r.reasons(); (tt.unread == "") != (got == "") || !strings.Contains(got, tt.unread) {
					t.Errorf("unread %q, want %q", got, tt.unread)
				}
			}
		})
	}
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFiles_truncatedGzip(t *testing.T) {
	var b strings.Builder
	for i, rng := 0, rand.New(rand.NewPCG(1, 2)); i < 100_000; i++ {
		fmt.Fprintf(&b, "%x\n", rng.Uint64())
	}
	text := b.String()
	for name, whole := range map[string]string{"gzip": gz(text), "zstd": zst(text), "xz": xzed(t, text)} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, whole[:len(whole)*2/3])
		r := read(t, Options{BlockSize: 4096}, path)
		got := r.text[path]
		if len(got) < len(text)/4 || !strings.HasPrefix(text, got) {
			t.Errorf("%s: read %d of %d bytes", name, len(got), len(text))
		}
		if len(r.unread) != 1 || r.unread[0].Offset != int64(len(got)) || !strings.HasPrefix(r.unread[0].Reason, name) {
			t.Errorf("%s: unread %s", name, r.reasons())
		}
	}
}

// endless is a stream of n bytes of the same line.
func endless(n int64) io.Reader { return io.LimitReader(&loop{}, n) }

type loop struct{ at int }

func (l *loop) Read(p []byte) (int, error) {
	const line = "all the same words again and again, all day long and all the night and for ever and ever\n"
	for i := range p {
		p[i] = line[l.at%len(line)]
		l.at++
	}
	return len(p), nil
}

func TestFiles_bomb(t *testing.T) {
	if testing.Short() {
		t.Skip("packs some GiB")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, in := range []struct {
		name string
		r    io.Reader
	}{{"zeros", io.LimitReader(zeros{}, 256<<20)}, {"text", endless(256 << 20)}} {
		w, _ := z.Create(in.name)
		io.Copy(w, in.r)
	}
	z.Close()
	for name, data := range map[string]string{"bomb.zip": b.String(), "twice.zip": zipped("in.zip", b.String(), "last.log", "never read\n")} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, data)
		start := time.Now()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, reasons := unreadOf(t, path, Options{Recognise: recogniseText, Limits: Limits{Ratio: 20, Free: 1 << 20}})
		runtime.ReadMemStats(&after)
		if !strings.Contains(reasons, "a decompression bomb") || name == "bomb.zip" && !strings.Contains(reasons, "nothing but zero bytes") {
			t.Errorf("unread: %s", reasons)
		}
		if n := f.Progress().Bytes; n > 64<<20 {
			t.Errorf("unpacked %d MiB", n>>20)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 128<<20 {
			t.Errorf("heap grew by %d MiB", grown>>20)
		}
		t.Log(time.Since(start), reasons)
	}
}

// unreadOf reads a file and keeps nothing but the reasons for what was not read.
func unreadOf(t *testing.T, path string, opt Options) (*Files, string) {
	f, err := NewFiles([]string{path}, opt)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	if err := f.Blocks(t.Context(), func(_ event.Block, u *event.Unread) bool {
		if u != nil {
			reasons = append(reasons, u.Path+": "+u.Reason)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return f, strings.Join(reasons, "\n")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestFiles_members(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar")
	write(t, path, tarred("1", "a\n", "2", "b\n", "3", "c\n"))
	r := read(t, Options{Limits: Limits{Members: 2}}, path)
	if len(r.order) != 2 || !strings.Contains(r.reasons(), "more than 2 members") {
		t.Errorf("%q, %s", r.order, r.reasons())
	}
}

func TestFiles_origin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	write(t, path, zipped("x", "a\n"))
	zone := time.FixedZone("", 3600)
	o := read(t, Options{Zone: zone}, path).blocks[0].Origin
	if !o.Reference.Equal(time.Unix(1e9, 0)) || o.Zone != zone || o.Format != "text" {
		t.Errorf("%+v", o)
	}
}

func TestFiles_cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := NewFiles([]string{"-"}, Options{Recognise: recogniseText, Stdin: endless(1 << 40)})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := f.Blocks(ctx, func(event.Block, *event.Unread) bool {
		if n++; n == 3 {
			cancel()
		}
		return true
	}); err != context.Canceled || n != 3 {
		t.Errorf("%d blocks, error %v", n, err)
	}
}
