package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// The text is the same whatever the size of blocks, and each ends at a line.
func TestBlocks_anySize(t *testing.T) {
	text := sample(50_000)
	path := filepath.Join(t.TempDir(), "a.log")
	write(t, path, text)
	for size := 1 << 10; size <= 1<<20; size *= 2 {
		r := read(t, Options{BlockSize: size}, path)
		if r.text[path] != text || len(r.unread) > 0 {
			t.Errorf("%d: %d bytes of %d; %s", size, len(r.text[path]), len(text), r.reasons())
		}
		for _, b := range r.blocks {
			if len(b.Data) > size || !strings.HasSuffix(b.Data, "\n") {
				t.Fatalf("%d: block of %d bytes", size, len(b.Data))
			}
		}
		if want := len(text)/size + 1; len(r.blocks) < want || len(r.blocks) > 3*want {
			t.Errorf("%d: %d blocks for %d bytes", size, len(r.blocks), len(text))
		}
	}
}

// one cuts one line at a time: the worst of splitters.
type one struct{}

func (one) Split(data []byte, eof bool) event.Cut {
	if i := bytes.IndexByte(data, '\n'); i >= 0 || !eof {
		return event.Cut{Size: i + 1}
	}
	return event.Cut{Size: len(data)}
}

// section skips "[…]" lines, and says that it has lost lines with "?", and takes lines with "#" for headers.
type section struct{ one }

func (s section) Split(data []byte, eof bool) event.Cut {
	c := s.one.Split(data, eof)
	line := string(data[:c.Size])
	switch {
	case strings.HasPrefix(line, "["):
		return event.Cut{Skip: c.Size}
	case strings.HasPrefix(line, "?"):
		return event.Cut{Skip: c.Size, Lost: "odd line"}
	case strings.HasPrefix(line, "#"):
		return event.Cut{Skip: c.Size, Header: line}
	}
	return c
}

func TestBlocks_cuts(t *testing.T) {
	var got strings.Builder
	f, err := NewFiles([]string{"-"}, Options{
		Stdin:     strings.NewReader("[one]\na\n#head\nb\n?\nc\n#other\nd"),
		Recognise: func(string) (string, Splitter) { return "x", section{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Blocks(t.Context(), func(b event.Block, u *event.Unread) bool {
		if u != nil {
			fmt.Fprintf(&got, "%d %s|", u.Offset, u.Reason)
		} else {
			fmt.Fprintf(&got, "%d %d %q %q|", b.Offset, b.First, b.Header, b.Data)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	const want = `6 2 "" "a\n"|14 4 "#head\n" "b\n"|16 odd line|18 6 "#head\n" "c\n"|27 8 "#other\n" "d"|`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", &got, want)
	}
}

// stuck never cuts.
type stuck struct{}

func (stuck) Split([]byte, bool) event.Cut { return event.Cut{} }

// wild cuts what is not there.
type wild struct{}

func (wild) Split(data []byte, _ bool) event.Cut { return event.Cut{Skip: -5, Size: len(data) + 5} }

func TestBlocks_badSplitters(t *testing.T) {
	for _, tt := range []struct {
		split Splitter
		in    io.Reader
		text  int
		want  string
	}{
		{stuck{}, strings.NewReader("hello"), 0, "-@0: the last 5 bytes are no whole record\n"},
		{stuck{}, strings.NewReader(" \n\t "), 0, ""},
		{wild{}, strings.NewReader("hello"), 5, ""},
		{stuck{}, endless(20 << 20), 0, "record longer than 16 MiB"},
	} {
		r := read(t, Options{Stdin: tt.in, Recognise: func(string) (string, Splitter) { return "x", tt.split }}, "-")
		if len(r.text["-"]) != tt.text || !strings.Contains(r.reasons(), tt.want) || tt.want == "" && len(r.unread) > 0 {
			t.Errorf("%T: %d bytes, unread %s", tt.split, len(r.text["-"]), r.reasons())
		}
	}
}

func TestBlocks_longRecord(t *testing.T) {
	long := event.MaxRecord + 100<<10
	fits := event.MaxRecord - 100
	in := "before\n" + strings.Repeat("x", long) + "\nbetween\n" + strings.Repeat("y", fits) + "\nafter\n" + strings.Repeat("z", long)
	r := read(t, Options{Stdin: strings.NewReader(in), Recognise: func(string) (string, Splitter) { return "x", lines2{} }}, "-")
	if len(r.unread) != 2 || r.unread[0].Offset != 7 || !strings.Contains(r.unread[0].Reason, fmt.Sprintf("%d bytes up to the next line", long+1)) {
		t.Errorf("unread %s", r.reasons())
	}
	var all strings.Builder
	for _, b := range r.blocks {
		all.WriteString(b.Data)
	}
	if want := "before\nbetween\n" + strings.Repeat("y", fits) + "\nafter\n"; all.String() != want {
		t.Errorf("read %d bytes, want %d", all.Len(), len(want))
	}
	last := r.blocks[len(r.blocks)-1]
	if n := last.First + int64(strings.Count(last.Data, "\n")); n != 6 {
		t.Errorf("the last line is number %d, want 6", n)
	}
}

// lines2 is lines without the last one that has no end.
type lines2 struct{}

func (lines2) Split(data []byte, _ bool) event.Cut {
	return event.Cut{Size: bytes.LastIndexByte(data, '\n') + 1}
}

func BenchmarkBlocks(b *testing.B) {
	const size = 256 << 20
	path := filepath.Join(b.TempDir(), "a.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	io.Copy(f, endless(size))
	f.Close()
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		f, err := NewFiles([]string{path}, Options{Recognise: recogniseText})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := f.Blocks(b.Context(), func(bl event.Block, _ *event.Unread) bool {
			n += len(bl.Data)
			return true
		}); err != nil || n != size {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkBlocks_smallFiles(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		write(b, fmt.Sprintf("%s/%03d.log", dir, i), "a line\n")
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := read(b, Options{}, dir); len(r.order) != 1000 {
			b.Fatal(r.reasons())
		}
	}
}
