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
