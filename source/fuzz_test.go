package source

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// Whatever the input is, reading ends, and everything is either in a block or noted.
func FuzzFiles(f *testing.F) {
	text := sample(20)
	for _, s := range []string{
		text, gz(text), zst(text), xzed(f, text), bzipped, tarred("a", text, "b", gz(text)), zipped("a", text, "b.zip", zipped("c", text)),
		gz(tarred("a", zst(text))), "\xff\xfeh\x00i\x00\n\x00", "\xef\xbb\xbfhi\n", "", "\x7fELF", gz(text)[:30],
	} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data string) {
		files, err := NewFiles([]string{"-"}, Options{
			Recognise: recogniseText, Stdin: strings.NewReader(data), BlockSize: 64, TempDir: dir,
			Limits: Limits{Free: 1 << 20, Ratio: 10, Members: 100, Spool: 1 << 20},
		})
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		if err := files.Blocks(t.Context(), func(b event.Block, u *event.Unread) bool {
			if said++; u != nil && u.Reason == "" || u == nil && (b.Data == "" || b.Origin == nil) {
				t.Errorf("block %+v, unread %+v", b, u)
			}
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if p := files.Progress(); p.Bytes > 4<<20 || said == 0 && p.Bytes > 0 && strings.TrimSpace(data) != "" {
			t.Errorf("%d bytes of input: nothing said, %+v", len(data), p)
		}
	})
}
