package sigma

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the code says into the golden files")

// golden runs f over each case of a txtar archive: a file NAME.yml, and NAME.want with what f must say of it.
func golden(t *testing.T, path string, f func(name string, data []byte) string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []txtar.File
	for i := 0; i < len(archive.Files); i++ {
		file := archive.Files[i]
		name, ok := strings.CutSuffix(file.Name, ".yml")
		if !ok {
			continue
		}
		want := ""
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == name+".want" {
			want = string(archive.Files[i+1].Data)
		}
		got := f(file.Name, file.Data)
		if got != "" {
			got = strings.TrimRight(got, "\n") + "\n"
		}
		if got != want && !*update {
			t.Errorf("%s: got\n%s\nwant\n%s", file.Name, got, want)
		}
		out = append(out, file, txtar.File{Name: name + ".want", Data: []byte(got)})
	}
	if *update {
		archive.Files = out
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func formatted(diags []Diagnostic) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.Format() + "\n")
	}
	return b.String()
}

func TestDiagnostics(t *testing.T) {
	golden(t, "testdata/diagnostics.txtar", func(name string, data []byte) string {
		_, diags := Load(name, data, LoadOptions{Placeholders: map[string][]string{"Known": {"x"}}})
		return formatted(diags)
	})
}

// A character that YAML does not allow is told with its place, and keeps no other document of the file from being used.
func TestForbiddenCharacters(t *testing.T) {
	rule := func(title string) string {
		return "title: " + title + "\nlogsource: {product: linux}\ndetection:\n  s: {a: b}\n  condition: s\n"
	}
	for _, c := range []struct {
		bad  string
		line int
		col  int
	}{
		{"a\x1bb", 7, 9},
		{"gr\u00fc\u00dfe \x00", 7, 14},
		{"\xff\xfe", 7, 8},
	} {
		before := rule("filler") + "---\n"
		rules, diags := Load("a.yml", []byte(before+rule(c.bad)+"---\n"+rule("last")), LoadOptions{})
		if len(rules) != 2 || rules[0].Title != "filler" || rules[1].Title != "last" {
			t.Errorf("%q: %d of the 2 good rules are used", c.bad, len(rules))
		}
		if len(diags) != 1 || diags[0].Line != c.line || diags[0].Col != c.col || !strings.Contains(diags[0].Source, "title: ") {
			t.Errorf("%q: %+v", c.bad, diags)
			continue
		}
		if text := diags[0].Format(); strings.Count(text, "\n") < 2 || !strings.Contains(text, "^") {
			t.Errorf("%q is told as\n%s", c.bad, text)
		}
	}
	long := strings.Repeat(rule("filler")+"---\n", 3000)
	if rules, diags := Load("a.yml", []byte(long+rule("\x1b")), LoadOptions{}); len(rules) != 3000 || len(diags) != 1 {
		t.Errorf("a long file: %d of 3000 rules, %v", len(rules), diags)
	}
}
