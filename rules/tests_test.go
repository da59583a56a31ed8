package rules

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

func TestFindTests(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yml": "title: A", "a.test.yml": "a", "b.yml": "title: B", "lone.test.yml": "l", "c.yaml": "title: C", "c.test.yaml": "c1",
		"c.test.yml": "c2", ".hidden/x.test.yml": "x",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, diags, err := FindTests([]string{dir, filepath.Join(dir, "a.yml"), dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, filepath.Base(f.File)+"="+string(f.Data))
	}
	if g := strings.Join(got, " "); g != "a.yml=a b.yml= c.yaml=c2" {
		t.Errorf("found %s", g)
	}
	var told []string
	for _, d := range diags {
		told = append(told, filepath.Base(d.File))
	}
	if g := strings.Join(told, " "); g != "c.test.yaml lone.test.yml" {
		t.Errorf("told of %s", g)
	}
}

func TestRuleFileOf(t *testing.T) {
	for in, want := range map[string]string{"x/a.test.yml": "x/a.yml", "a.test.yaml": "a.yaml", "a.yml": "a.yml", "builtin": "builtin"} {
		if got := RuleFileOf(in); got != want {
			t.Errorf("RuleFileOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestReadLines(t *testing.T) {
	for _, c := range []struct {
		format, lines string
		events        int
		err           string
	}{
		{"", "Nov 21 01:00:00 web1 sshd[811]: Failed password for root from 203.0.113.9 port 4022 ssh2\n", 1, ""},
		{"syslog", "Nov 21 01:00:00 web1 cron[1]: x\nNov 21 01:00:01 web1 cron[1]: y", 2, ""},
		{"json", `{"a":1}` + "\n" + `{"a":2}` + "\n", 2, ""},
		{"csv", "a,b\n1,2\n3,4\n", 2, ""},
		{"odd", "x", 0, `"odd" is not known`},
	} {
		var b event.Batch
		err := ReadLines(c.format, c.lines, &b)
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || c.err == "" && err != nil {
			t.Errorf("%s: %v, want %s", c.format, err, c.err)
		}
		if len(b.Events) != c.events {
			t.Errorf("%s %q: %d events, want %d", c.format, c.lines, len(b.Events), c.events)
		}
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.yml"), filepath.Join(dir, "a.zip")
	if err := os.WriteFile(plain, []byte("title: A"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{"in/b.yml": "title: B", "in/b.test.yml": "tests of B"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{plain: "title: A", packed + "!in/b.yml": "title: B", "builtin:network/port_scan.yml": "title: Ports of one host scanned"} {
		if got, err := sourceOf(name); err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{filepath.Join(dir, "none.yml"), packed + "!none.yml", "builtin:none.yml"} {
		if _, err := sourceOf(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	found, diags, err := FindTests([]string{packed}, Options{})
	if err != nil || len(diags) > 0 || len(found) != 1 || string(found[0].Data) != "tests of B" {
		t.Errorf("in the archive: %v %v %v", found, diags, err)
	}
}
