package main

import (
	"cmp"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/settings"
)

var update = flag.Bool("update", false, "write the pages of docs/reference, and what the commands in README.md and docs/GUIDE.md print")

// The bounds that SECURITY.md states are those of the code.
func TestSecurityStatesTheBounds(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	limits, err := limitsPage("../..")
	if err != nil {
		t.Fatal(err)
	}
	stated := regexp.MustCompile("`([a-z]+)\\.([mM]ax\\w+)`")
	found := 0
	for line := range strings.Lines(string(text)) {
		for _, m := range stated.FindAllStringSubmatch(line, -1) {
			found++
			_, section, _ := strings.Cut(limits.body, "\n## "+m[1]+"\n")
			section, _, _ = strings.Cut(section, "\n## ")
			_, value, ok := strings.Cut(section, "| `"+m[2]+"` | ")
			value, _, _ = strings.Cut(value, " |")
			if !ok || !regexp.MustCompile(`\b`+value+`(B\b|\b)`).MatchString(strings.ReplaceAll(line, ",", "")) {
				t.Errorf("%s.%s is %q, SECURITY.md states: %s", m[1], m[2], value, line)
			}
		}
	}
	if found < 20 {
		t.Errorf("%d bounds are stated by the names of their constants, fewer than 20", found)
	}
}

// What README.md and docs/GUIDE.md show is what happens. In their ```console blocks each line that begins with "$ " is
// run, in a folder that has examples/ and what the blocks before made, and must print what follows it. A line "..."
// stands for any lines; figures of time and speed may differ. So may the keys of incidents, which are those of whichever
// of their alerts came first out of several files: a key that is shown stands for one that is printed, the same one from
// then on, in commands too. A command that ends with "&" runs on, as in a terminal,
// until "kill %1"; while it does, what the others are shown to print is what they print before long. Blocks ```yaml that
// begin with "# file: NAME" are written to that file; others must be parts of tocsin.yml. In ```sh blocks, which are for the reader's own machine, each
// tocsin command must have flags that exist; ```text blocks are not looked at.
func TestDocuments(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	for _, name := range []string{"README.md", "docs/GUIDE.md"} {
		script := filepath.Join(t.TempDir(), strings.ReplaceAll(name, "/", "_")+".txtar")
		if err := os.WriteFile(script, []byte("document "+filepath.Join(root, filepath.FromSlash(name))+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, script)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", e.WorkDir+"/settings")
			e.Setenv("XDG_DATA_HOME", e.WorkDir+"/data")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("LC_ALL", "C")
			e.Setenv("TZ", "UTC")
			return os.CopyFS(filepath.Join(e.WorkDir, "examples", "small-company"), os.DirFS(filepath.Join(root, "examples", "small-company")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"document": runDocument},
	})
}

// runDocument runs the blocks of a document.
func runDocument(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(args[0])
	ts.Check(err)
	parts := strings.Split(string(text), "\n```")
	ran := 0
	reader := &reader{ts: ts, keys: make(map[string]string)}
	ts.Defer(reader.stop)
	for i := 1; i < len(parts); i += 2 {
		kind, body, _ := strings.Cut(parts[i], "\n")
		switch kind {
		case "console":
			parts[i] = kind + "\n" + reader.console(body)
			ran++
		case "sh":
			for line := range strings.Lines(body) {
				checkFlags(ts, line)
			}
		case "yaml":
			first, rest, _ := strings.Cut(body, "\n")
			if name, ok := strings.CutPrefix(first, "# file: "); ok {
				name = ts.MkAbs(name)
				ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
				ts.Check(os.WriteFile(name, []byte(rest+"\n"), 0o644))
			} else if _, err := config.Load(args[0], []byte(body), &settings.File{}); err != nil {
				ts.Fatalf("this is no configuration: %v", err)
			}
		}
	}
	if ran == 0 {
		ts.Fatalf("%s: no command is shown", args[0])
	}
	if now := strings.Join(parts, "\n```"); *update && now != string(text) {
		ts.Check(os.WriteFile(args[0], []byte(now), 0o644))
	}
}

// reader is who types the commands of a document, with the command that runs on in the background.
type reader struct {
	ts    *testscript.TestScript
	going *exec.Cmd
	keys  map[string]string // by the key that the document shows, the one that is printed
}

// console runs the commands of one block and returns it with what they print now.
func (r *reader) console(body string) string {
	ts := r.ts
	var out []string
	lines := strings.Split(body, "\n")
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			ts.Fatalf("a console block begins with a command, not with %q", lines[i])
		}
		out = append(out, lines[i])
		for i++; strings.HasSuffix(command, "\\") && i < len(lines); i++ {
			out = append(out, lines[i])
			command += "\n" + lines[i]
		}
		from := i
		for i < len(lines) && !strings.HasPrefix(lines[i], "$ ") {
			i++
		}
		want := lines[from:i]
		if _, err := exec.LookPath("jq"); err != nil && strings.Contains(command, "jq ") {
			ts.Logf("SKIPPED: jq is not installed: %s", command)
			out = append(out, want...)
			continue
		}
		got := r.printed(command, want)
		if *update {
			out = append(out, shortened(got, want)...)
			continue
		}
		if !r.shows(want, got) {
			ts.Fatalf("$ %s\nis shown to print\n%s\nand prints\n%s\n(go test ./cmd/tocsin -run TestDocuments -update writes it anew)",
				command, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
	return strings.Join(out, "\n")
}

// patience is for how long a document may show more than what there is.
const patience = time.Minute

// printed returns what a command of a reader prints, on both streams: what is wanted, if it prints that before long.
func (r *reader) printed(command string, want []string) []string {
	command = renamed(strings.ReplaceAll(command, "bin/tocsin", "tocsin"), r.keys)
	run := func() []string { return r.run(command) }
	if command == "kill %1" {
		r.stop()
		return nil
	}
	if alone, ok := strings.CutSuffix(command, " &"); ok {
		run = r.begin(alone)
	} else if r.going == nil || *update {
		return run()
	}
	end := time.Now().Add(patience)
	if *update {
		end = time.Now().Add(8 * time.Second) // until it has told all that it will
	}
	for {
		got := run()
		if !*update && r.shows(want, got) || time.Now().After(end) {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// run runs a command to its end and returns the lines that it prints.
func (r *reader) run(command string) []string {
	err := r.ts.Exec("sh", "-c", "{ "+command+"\n} 2>&1")
	text := r.ts.ReadFile("stdout")
	if err != nil && !strings.Contains(err.Error(), "exit status 1") && !strings.HasPrefix(text, "tocsin: ") { // a mistake may be shown
		r.ts.Fatalf("$ %s\n%s%v", command, text, err)
	}
	return trimmed(text)
}

// begin lets a command run on, and returns what asks for the lines that it has printed so far.
func (r *reader) begin(command string) func() []string {
	if r.going != nil {
		r.ts.Fatalf("$ %s &\nruns on beside another", command)
	}
	name := r.ts.MkAbs("printed")
	out, err := os.Create(name)
	r.ts.Check(err)
	defer out.Close()
	r.going = exec.Command("sh", "-c", "exec "+command)
	r.going.Dir, r.going.Stdout, r.going.Stderr = r.ts.MkAbs("."), out, out
	for _, key := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "LC_ALL", "TZ"} {
		r.going.Env = append(r.going.Env, key+"="+r.ts.Getenv(key))
	}
	r.ts.Check(r.going.Start())
	return func() []string { return trimmed(r.ts.ReadFile(name)) }
}

// stop interrupts the command that runs on, as kill %1 does, and waits for its end.
func (r *reader) stop() {
	if r.going == nil {
		return
	}
	err := errors.Join(r.going.Process.Signal(os.Interrupt), r.going.Wait())
	r.going = nil
	r.ts.Check(err)
}

func trimmed(text string) []string {
	var lines []string
	for l := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(l, " \n"))
	}
	return lines
}

const ellipsis = "..."

// shortened returns lines with as many left out as the old text leaves out.
func shortened(got, old []string) []string {
	first := slices.Index(old, ellipsis)
	if first < 0 {
		return got
	}
	last := len(old) - 1
	for old[last] != ellipsis {
		last--
	}
	after := len(old) - 1 - last
	if first+after >= len(got) {
		return got
	}
	return slices.Concat(got[:first], []string{ellipsis}, got[len(got)-after:])
}

// key is what an incident is called by: the beginning of a hash.
var key = regexp.MustCompile(`\b[0-9a-f]{8}\b`)

func renamed(s string, keys map[string]string) string {
	return key.ReplaceAllStringFunc(s, func(k string) string { return cmp.Or(keys[k], k) })
}

// shows tells whether lines are what a document shows of them, with the keys that this run has. A key is learnt from a
// line that is printed in the shown line's place and differs from it in nothing else; no two of the document are the same.
func (r *reader) shows(want, got []string) bool {
	keys, taken := maps.Clone(r.keys), make(map[string]bool)
	for _, k := range keys {
		taken[k] = true
	}
	for i, line := range want {
		if i >= len(got) || line == ellipsis {
			break
		}
		if key.ReplaceAllString(timeless(line), "#") != key.ReplaceAllString(timeless(got[i]), "#") {
			continue
		}
		printed := key.FindAllString(got[i], -1)
		for j, k := range key.FindAllString(line, -1) {
			if keys[k] == "" && !taken[printed[j]] {
				keys[k], taken[printed[j]] = printed[j], true
			}
		}
	}
	here := make([]string, len(want))
	for i, line := range want {
		here[i] = renamed(line, keys)
	}
	if !shows(here, got) {
		return false
	}
	r.keys = keys
	return true
}

// A key that differs stands for another, but not for two, and nothing else may differ.
func TestDocumentsKeys(t *testing.T) {
	r := &reader{keys: make(map[string]string)}
	for _, c := range []struct {
		name      string
		want, got []string
		shows     bool
	}{
		{"another word", []string{"b6552b56  100  new"}, []string{"efbdf1be  100  taken"}, false},
		{"two for one", []string{"b6552b56  100", "aaaaaaa1  99"}, []string{"efbdf1be  100", "efbdf1be  99"}, false},
		{"another key", []string{"b6552b56  100  new"}, []string{"efbdf1be  100  new"}, true},
		{"the same from then on", []string{"→ tocsin close b6552b56"}, []string{"→ tocsin close efbdf1be"}, true},
		{"not the old one", []string{"→ tocsin close b6552b56"}, []string{"→ tocsin close b6552b56"}, false},
		{"nor a third", []string{"→ tocsin close b6552b56"}, []string{"→ tocsin close 00000001"}, false},
	} {
		if r.shows(c.want, c.got) != c.shows {
			t.Errorf("%s: %v", c.name, !c.shows)
		}
	}
	if got := renamed("tocsin show b6552b56 | head", r.keys); got != "tocsin show efbdf1be | head" {
		t.Errorf("the command is %q", got)
	}
}

// shows tells whether lines are what a document shows of them.
func shows(want, got []string) bool {
	for len(want) > 0 && want[0] != ellipsis {
		if len(got) == 0 || timeless(want[0]) != timeless(got[0]) {
			return false
		}
		want, got = want[1:], got[1:]
	}
	if len(want) == 0 {
		return len(got) == 0
	}
	for skip := range len(got) + 1 {
		if shows(want[1:], got[skip:]) {
			return true
		}
	}
	return false
}

// timing is what differs from one run to the next.
var timing = regexp.MustCompile(`^tocsin .* go1\.[^,]*,( process [0-9]+)?|^since .*|"seconds":[0-9.e-]+|[0-9][0-9.,]* ?(ms|s|seconds?|[kKMG]?i?B/s|bytes/s|events/s)\b`)

func timeless(s string) string { return timing.ReplaceAllString(strings.TrimRight(s, " "), "#") }

// toTocsin finds a tocsin command within a line, up to a pipe, a redirection, a comment or the next command.
var toTocsin = regexp.MustCompile(`(?:^|[|;&] *)tocsin ([^|;&>#\n]*)`)

func checkFlags(ts *testscript.TestScript, line string) {
	for _, m := range toTocsin.FindAllStringSubmatch(line, -1) {
		if err := ts.Exec("sh", "-c", "tocsin "+m[1]+" --help"); err != nil {
			ts.Fatalf("%s: %v", strings.TrimSpace(line), err)
		}
	}
}
