// Package arch holds no code: its test enforces the table and the rules of docs/ARCHITECTURE.md.
package arch

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/tocsin-sec/tocsin"
	root   = "../.."

	maxFunction = 80  // lines
	maxFile     = 600 // lines
)

// tables are files that hold data and may be longer than code.
var tables = []string{"report/attack_table.go"}

// room is a line of the table.
type room struct {
	rooms, modules []string
	all, pure      bool
}

// forbiddenInPure are what a pure room must not import.
var forbiddenInPure = []string{"os", "os/exec", "net", "net/http", "io/fs", "log", "log/slog", "syscall", "math/rand"}

// clocks are the functions of package time that read a clock.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep"}

var badNames = regexp.MustCompile(`(^|_)(utils?|common|helpers?|managers?|base|services?|misc|types)(_test)?(\.go)?$`)

func readTable(t *testing.T) map[string]room {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "docs/ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rooms := make(map[string]room)
	for s := bufio.NewScanner(f); s.Scan(); {
		cells := strings.Split(s.Text(), "|")
		if len(cells) != 7 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		list := func(i int) []string {
			return slices.DeleteFunc(strings.Fields(cells[i]), func(w string) bool { return w == "–" })
		}
		r := room{rooms: list(3), modules: list(4), pure: strings.TrimSpace(cells[5]) == "yes"}
		r.all = slices.Equal(r.rooms, []string{"all"})
		rooms[strings.Trim(strings.TrimSpace(cells[1]), "`")] = r
	}
	if len(rooms) < 5 {
		t.Fatalf("docs/ARCHITECTURE.md lists %d rooms: the table cannot be read", len(rooms))
	}
	return rooms
}

// source is one Go file.
type source struct {
	name string // from the root, with slashes
	room string
	test bool
	file *ast.File
	set  *token.FileSet
}

func readSources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata") && name != root {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		list = append(list, source{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), file, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRooms(t *testing.T) {
	rooms := readTable(t)
	seen := make(map[string]bool)
	for _, s := range readSources(t) {
		seen[s.room] = true
		if strings.HasPrefix(s.room, "internal/") || strings.HasPrefix(s.room, "examples/") {
			continue
		}
		r, ok := rooms[s.room]
		if !ok {
			t.Errorf("%s: room %s is not in the table of docs/ARCHITECTURE.md", s.name, s.room)
			continue
		}
		if !s.test {
			checkImports(t, s, r)
		}
		if r.pure && !s.test {
			checkPure(t, s)
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("docs/ARCHITECTURE.md lists room %s, which has no Go file", name)
		}
	}
}

func checkImports(t *testing.T, s source, r room) {
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		switch own, isOwn := strings.CutPrefix(p, module+"/"); {
		case isOwn:
			if !r.all && !slices.Contains(r.rooms, own) {
				t.Errorf("%s: %s may not import %s", s.name, s.room, own)
			}
			if own == "cmd/tocsin" {
				t.Errorf("%s: nothing imports cmd/tocsin", s.name)
			}
		case strings.Contains(strings.SplitN(p, "/", 2)[0], "."):
			if !slices.ContainsFunc(r.modules, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") }) {
				t.Errorf("%s: %s is not the home of module %s", s.name, s.room, p)
			}
		}
	}
}

func checkPure(t *testing.T, s source) {
	for _, i := range s.file.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); slices.Contains(forbiddenInPure, p) {
			t.Errorf("%s: pure room %s imports %s", s.name, s.room, p)
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: pure room %s starts a goroutine", s.set.Position(n.Pos()), s.room)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
				t.Errorf("%s: pure room %s reads the clock: time.%s", s.set.Position(n.Pos()), s.room, n.Sel.Name)
			}
		}
		return true
	})
}

func TestSizesAndNames(t *testing.T) {
	for _, s := range readSources(t) {
		if badNames.MatchString(path.Base(s.name)) || badNames.MatchString(path.Base(s.room)) {
			t.Errorf("%s is named for a role, not for a thing", s.name)
		}
		if n := s.set.Position(s.file.FileEnd).Line; n > maxFile && !slices.Contains(tables, s.name) {
			t.Errorf("%s has %d lines, more than %d", s.name, n, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: func init", s.set.Position(f.Pos()))
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunction && !(s.test && strings.HasPrefix(f.Name.Name, "Test")) {
				t.Errorf("%s: %s has %d lines, more than %d", s.set.Position(f.Pos()), f.Name.Name, n, maxFunction)
			}
		}
	}
}
