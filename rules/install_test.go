package rules

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ruleOf makes the text of a rule that loads.
func ruleOf(id, title, word string) string {
	return fmt.Sprintf("title: %s\nid: %s\nlogsource: {product: linux}\ndetection:\n  a: {message|contains: %s}\n  condition: a\n", title, id, word)
}

const broken = "title: Broken\nlogsource: {product: linux}\ndetection:\n  a: {x: 1}\n  condition: b\n"

func zipOf(t *testing.T, members map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t *testing.T, members map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for name, text := range members {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func install(t *testing.T, p Packs, source string) *Installed {
	t.Helper()
	res, err := p.Install(t.Context(), InstallRequest{Source: source, Name: "pack", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func titles(list []RuleName) string {
	var s []string
	for _, r := range list {
		s = append(s, r.Title)
	}
	return strings.Join(s, ",")
}

// The life of a pack from its first version to its removal, fetched from a server.
func TestPackLife(t *testing.T) {
	var archive []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/latest/rules.zip" {
			http.Redirect(w, r, "/v/rules.zip", http.StatusFound)
			return
		}
		w.Write(archive)
	}))
	defer server.Close()
	p := Packs{Dir: filepath.Join(t.TempDir(), "data", "rules")}

	archive = zipOf(t, map[string]string{
		"sigma/rules/a.yml": ruleOf("1", "Alpha", "one"), "sigma/rules/b.yml": ruleOf("2", "Beta", "two"),
		"sigma/broken.yml": broken, "README.md": "no rule", "sigma/.github/x.yml": "on: push", "sigma/other.yml": "a: b",
	})
	first := install(t, p, server.URL+"/latest/rules.zip")
	if got := titles(first.New); got != "Alpha,Beta" || first.Version.Refused != 1 || first.Version.Files != 2 || first.Before != "" || first.Unchanged {
		t.Fatalf("first: new %s, %+v", got, first)
	}
	if len(first.Ignored) != 1 || len(first.Diagnostics) == 0 || !strings.HasPrefix(first.Diagnostics[0].File, "rules.zip!sigma/broken.yml") {
		t.Errorf("ignored %v, diagnostics %v", first.Ignored, first.Diagnostics)
	}
	wantRules(t, p, "Alpha Beta")

	archive = zipOf(t, map[string]string{"r/a.yml": ruleOf("1", "Alpha", "other"), "r/c.yml": ruleOf("3", "Gamma", "three")})
	second := install(t, p, server.URL+"/v/rules.zip")
	if titles(second.New) != "Gamma" || titles(second.Changed) != "Alpha" || titles(second.Gone) != "Beta" || second.Before != first.Version.ID {
		t.Fatalf("second: %+v", second)
	}
	wantRules(t, p, "Alpha Gamma")

	again := install(t, p, server.URL+"/v/rules.zip")
	if !again.Unchanged || len(again.New)+len(again.Changed)+len(again.Gone) != 0 {
		t.Errorf("again: %+v", again)
	}
	v, err := p.Rollback("pack")
	if err != nil || v.ID != first.Version.ID {
		t.Fatalf("rollback to %+v, %v; want %s", v, err, first.Version.ID)
	}
	wantRules(t, p, "Alpha Beta")
	if _, err := p.Rollback("pack"); err == nil {
		t.Error("rolled back beyond the first version")
	}
	if err := p.Remove("pack"); err != nil {
		t.Fatal(err)
	}
	wantRules(t, p, "")
	if err := p.Remove("pack"); err == nil {
		t.Error("removed what is not there")
	}
	if _, err := os.Stat(filepath.Join(p.Dir, "pack")); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}

func wantRules(t *testing.T, p Packs, want string) {
	t.Helper()
	set, err := Load([]string{InstalledPath}, Options{Packs: p.Dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range set.Rules {
		got = append(got, r.Title)
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("installed rules are %q, want %q", s, want)
	}
}

func TestVersionsKept(t *testing.T) {
	p := Packs{Dir: t.TempDir()}
	src := filepath.Join(t.TempDir(), "one.yml")
	for i := range 5 {
		if err := os.WriteFile(src, []byte(ruleOf("1", "Alpha", fmt.Sprint("w", i))), 0o600); err != nil {
			t.Fatal(err)
		}
		install(t, p, src)
	}
	packs, err := p.List()
	if err != nil || len(packs) != 1 || len(packs[0].Versions) != KeepVersions {
		t.Fatalf("%+v, %v", packs, err)
	}
	entries, err := os.ReadDir(filepath.Join(p.Dir, "pack"))
	if err != nil || len(entries) != KeepVersions {
		t.Errorf("folders: %v, %v", entries, err)
	}
	if packs[0].Current != packs[0].Versions[0].ID {
		t.Errorf("current is %s, newest is %s", packs[0].Current, packs[0].Versions[0].ID)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	p := Packs{Dir: filepath.Join(t.TempDir(), "rules")}
	src := filepath.Join(t.TempDir(), "one.yml")
	if err := os.WriteFile(src, []byte(ruleOf("1", "Alpha", "x")), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := p.Install(t.Context(), InstallRequest{Source: src, Now: noon, DryRun: true})
	if err != nil || titles(res.New) != "Alpha" || res.Name != "one" {
		t.Fatalf("%+v, %v", res, err)
	}
	if _, err := os.Stat(p.Dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}

// What must not be installed, and why.
func TestInstallRefuses(t *testing.T) {
	serve := func(status int, body []byte) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.Write(body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	var loop *httptest.Server
	loop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, loop.URL+r.URL.Path+"x", http.StatusFound)
	}))
	t.Cleanup(loop.Close)
	away := httptest.NewServer(http.RedirectHandler("http://rules.example.com/r.zip", http.StatusFound))
	t.Cleanup(away.Close)
	good := ruleOf("1", "Alpha", "x")
	for _, c := range []struct{ name, source, want string }{
		{"plain http", "http://rules.example.com/r.zip", "not encrypted"},
		{"redirect to plain http", away.URL, "not encrypted"},
		{"other scheme", "ftp://rules.example.com/r.zip", "use https"},
		{"endless redirects", loop.URL, "redirects"},
		{"not found", serve(404, nil) + "/r.zip", "404"},
		{"a web page", serve(200, []byte("<html>")) + "/r", "neither"},
		{"too large", serve(200, make([]byte, maxFetched+1)) + "/r.zip", "larger than"},
		{"damaged zip", serve(200, []byte("PK\x03\x04junk")) + "/r.zip", "zip"},
		{"damaged gzip", serve(200, []byte("\x1f\x8bjunkjunkjunk")) + "/r.tar.gz", "gzip"},
		{"all refused", serve(200, zipOf(t, map[string]string{"a.yml": broken})) + "/r.zip", "all its rules are refused"},
		{"no rules", serve(200, zipOf(t, map[string]string{"README.md": "x"})) + "/r.zip", "no Sigma rules"},
		{"zip slip", serve(200, zipOf(t, map[string]string{"../../evil.yml": good})) + "/r.zip", "leads out"},
		{"absolute path", serve(200, zipOf(t, map[string]string{"/etc/evil.yml": good})) + "/r.zip", "leads out"},
		{"backslashes", serve(200, zipOf(t, map[string]string{`..\evil.yml`: good})) + "/r.zip", "leads out"},
		{"tar slip", serve(200, tarOf(t, map[string]string{"a/../../evil.yml": good})) + "/r.tar.gz", "leads out"},
		{"huge member", serve(200, zipOf(t, map[string]string{"a.yml": strings.Repeat("#", maxRuleFile+1)})) + "/r.zip", "larger than"},
		{"missing file", filepath.Join(t.TempDir(), "none.zip"), "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Packs{Dir: filepath.Join(t.TempDir(), "rules")}
			_, err := p.Install(t.Context(), InstallRequest{Source: c.source, Now: noon})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if _, err := os.Stat(p.Dir); !os.IsNotExist(err) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func TestInstallForms(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	rule := ruleOf("1", "Alpha", "x")
	write("folder/deep/a.yaml", []byte(rule))
	write("folder/deep/a.test.yml", []byte("- name: x"))
	for _, source := range []string{
		filepath.Join(dir, "folder"),
		write("one.yml", []byte(rule)),
		write("p.zip", zipOf(t, map[string]string{"x/a.yml": rule})),
		write("p.tar.gz", tarOf(t, map[string]string{"./x/a.yml": rule})),
	} {
		p := Packs{Dir: t.TempDir()}
		if res := install(t, p, source); res.Version.Rules != 1 || len(res.New) != 1 {
			t.Errorf("%s: %+v", source, res)
		}
		wantRules(t, p, "Alpha")
	}
}

func TestInstallClearsWhatWasCutOff(t *testing.T) {
	p := Packs{Dir: t.TempDir()}
	left := filepath.Join(p.Dir, "pack", incoming+"123")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(t.TempDir(), "one.yml")
	if err := os.WriteFile(src, []byte(ruleOf("1", "Alpha", "x")), 0o600); err != nil {
		t.Fatal(err)
	}
	install(t, p, src)
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestDiffWithinOneFile(t *testing.T) {
	p := Packs{Dir: t.TempDir()}
	src := filepath.Join(t.TempDir(), "many.yml")
	write := func(texts ...string) {
		if err := os.WriteFile(src, []byte(strings.Join(texts, "---\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(ruleOf("1", "Alpha", "x"), ruleOf("2", "Beta", "y"))
	install(t, p, src)
	write(ruleOf("0", "Zero", "z"), ruleOf("1", "Alpha", "x"), ruleOf("2", "Beta", "other"))
	res := install(t, p, src)
	if titles(res.New) != "Zero" || titles(res.Changed) != "Beta" || len(res.Gone) != 0 {
		t.Errorf("new %s, changed %s, gone %s", titles(res.New), titles(res.Changed), titles(res.Gone))
	}
}

func TestNameOf(t *testing.T) {
	for source, want := range map[string]string{
		DefaultSource: "sigma_all_rules", "/tmp/My Rules.zip": "myrules", "https://h.example/a/b.tar.gz?x=1": "b",
		`C:\rules\win.yml`: "win", "../": "rules", "https://h.example/": "h.example", "/x/.zip": "rules",
	} {
		if got := nameOf(source); got != want {
			t.Errorf("nameOf(%q) = %q, want %q", source, got, want)
		}
	}
}

func FuzzMember(f *testing.F) {
	for _, s := range []string{"a/b.yml", "../x.yml", `..\x`, "/etc/x", "C:/x.yml", ".hidden/x.yml", "a//b.yaml", "a/./b.yml"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, is, err := member(s)
		if err == nil && is && (!filepath.IsLocal(filepath.FromSlash(p)) || strings.Contains(p, "..") && strings.HasPrefix(p, "..")) {
			t.Errorf("member(%q) = %q leads out", s, p)
		}
	})
}
