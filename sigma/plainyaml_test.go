package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// samePlainYAML checks that what is read as plain YAML is what the library reads, and tells whether it was read.
func samePlainYAML(t *testing.T, data []byte) bool {
	t.Helper()
	got := readPlainYAML(data)
	if got == nil {
		return false
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var more yaml.Node
	for _, root := range got {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("plain, but the library says: %v", err)
		}
		if diff := nodeDiff(root, doc.Content[0]); diff != "" {
			t.Fatal(diff)
		}
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		t.Fatalf("plain, but the library sees more: %v", err)
	}
	return true
}

// nodeDiff says in what two nodes differ; comments do not count.
func nodeDiff(a, b *yaml.Node) string {
	show := func(n *yaml.Node) string {
		return fmt.Sprintf("%d:%d kind %d %s style %d %q of %d", n.Line, n.Column, n.Kind, n.Tag, n.Style, n.Value, len(n.Content))
	}
	if x, y := show(a), show(b); x != y || b.Anchor != "" || b.Alias != nil {
		return x + " is to the library " + y
	}
	for i := range a.Content {
		if d := nodeDiff(a.Content[i], b.Content[i]); d != "" {
			return d
		}
	}
	return ""
}

// plainYAMLs are documents with whether they are plain.
var plainYAMLs = []struct {
	text  string
	plain bool
}{
	{"a: b\n", true},
	{"a: b", true},
	{"# c\n---\n# d\na: b # c\n\n  # e\nc: 'it''s: #' # f\nd: \"x # y\"\n", true},
	{"a:\n- 1\n- 2021-02-29\nb:\n  - 2020-02-29\n  - 00ff-00\n", false},
	{"a:\n- 1\n- 2020-02-29\nb:\n  - true\n  - NULL\n  - 1.2.3.4\n  - 8e12e300-0000-4000-8000-000000000000\n", true},
	{"a:\n  - b: 1\n    c:\n    - d\n    -  e: f\n       g: h\n  -\n    i: j\nk:\n  l\n", true},
	{"a: |\n\n    one\n      two\n\n\n    # three\n  # no more\nb: |-\n  four\n\nc: |\n  five", true},
	{"ключ: значение # й\nй й: 'ё'\n", true},
	{"a: - b\n", false},
	{"a: b: c\n", false},
	{"a: b\n  c\n", false},
	{"a: b\n c: d\n", false},
	{"a:\nb: c\n", false},
	{"a: 1.5\n", false},
	{"a: [b]\n", true},
	{"a: [b, 'c, d', \"e\\\\f\", [], {}, [{g: h}]] # i\nj: {k: 1, 'l': [m n], \"o\": true}\n- p\n", false},
	{"a: [b, 'c, d', \"e\\\\f\", [], {}, [{g: h}]] # i\nj: {k: 1, 'l': [m n], \"o\": true}\n", true},
	{"- {a: [b , c ]}\n- [ d ]\n", true},
	{"a: [b,\n  c]\n", false},
	{"a: [b, ]\n", false},
	{"a: [b: c]\n", false},
	{"a: {b}\n", false},
	{"a: {b:c}\n", false},
	{"a: [b]c\n", false},
	{"a: [b c#d]\n", false},
	{"{a: b}\n", false},
	{"[a]: b\n", false},
	{"a: \"b\\\"c\\\\\"\n", true},
	{"a: &b c\nd: *b\n", false},
	{"a: >\n  b\n  c\n\n\n  d\n\ne: >-\n\n  f\n  g", true},
	{"a: >\n  b\n   c\n", false},
	{"a: |+\n  b\n", false},
	{"a: b\n---\nc: d\n", true},
	{"a: b\nc:\n- d\n--- # e\nf: g\n", false},
	{"# a\n---\nb:\n  - c\n# d\n---  \n# e\nf: |\n  g\n---\n- h\n", true},
	{"a: b\n---\n", false},
	{"a: b\n---\n---\nc: d\n", false},
	{"a: b\n--- c\n", false},
	{"- a\n---\nb\n", false},
	{"a: b\n...\n", false},
	{"- a\n", true},
	{"a: \"\\n\"\n", false},
	{"a: 'b\n", false},
	{"a: 'b' c\n", false},
	{"a: 'b'#c\n", false},
	{"a\t: b\n", false},
	{"a: b\r\n", false},
	{"a: \x00\n", false},
	{"a: \xff\n", false},
	{"a : b\n", false},
	{"", false},
}

func TestPlainYAML(t *testing.T) {
	for _, c := range plainYAMLs {
		t.Run("", func(t *testing.T) {
			if got := samePlainYAML(t, []byte(c.text)); got != c.plain {
				t.Errorf("plain: %v, of\n%s", got, c.text)
			}
		})
	}
}

// TestPlainYAMLRules reads rules that many people wrote: nearly all are plain.
func TestPlainYAMLRules(t *testing.T) {
	files, plain := 0, 0
	err := filepath.WalkDir(refdata.Path(t, "sigma"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if files++; samePlainYAML(t, data) {
			plain++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if plain < files*9/10 {
		t.Errorf("%d of %d files are plain", plain, files)
	}
}

func FuzzPlainYAML(f *testing.F) {
	for _, c := range plainYAMLs {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { samePlainYAML(t, data) })
}
