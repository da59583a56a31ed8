package source

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// How a name says that a file is an older generation of another: app.log.1, app.log-20261122.gz, app-2026-11-22.log,
// app.1.log, app.log.old. A day may be followed by an hour, a time or a count.
var (
	date          = `\d{4}-?\d\d-?\d\d(?:[-_.T]?\d[\d.:-]*)?`
	numberedName  = regexp.MustCompile(`^(.+)\.(\d{1,5})$`)
	datedName     = regexp.MustCompile(`^(.+?)[-._](` + date + `)$`)
	numberedStem  = regexp.MustCompile(`^(.+)\.(\d{1,5})(\.[A-Za-z]+)$`)
	datedStem     = regexp.MustCompile(`^(.+?)[-._](` + date + `)(\.[A-Za-z]+)$`)
	packedEndings = []string{".gz", ".zst", ".xz", ".bz2"}
	oldEndings    = []string{".old", ".bak", ".save", ".prev", "~"}
)

// scheme is a way to name generations.
type scheme uint8

const (
	alone    scheme = iota // not a generation of anything
	numbered               // the higher the older
	dated                  // as the names sort
	aside                  // one is kept
)

// rotated is what the name of a file says about it.
type rotated struct {
	base   string // the name of the file that it is an older generation of
	scheme scheme
	rank   string // the number or the date
	packed bool   // its name says that it is compressed
	stem   string // the name without the ending that says so
}

// parseRotated reads a name, without a folder.
func parseRotated(name string) rotated {
	r := rotated{stem: name}
	for _, e := range packedEndings {
		if s, ok := strings.CutSuffix(name, e); ok && s != "" {
			r.stem, r.packed = s, true
			break
		}
	}
	r.base = r.stem
	if m := numberedName.FindStringSubmatch(r.stem); m != nil {
		r.base, r.scheme, r.rank = m[1], numbered, m[2]
	} else if m := datedName.FindStringSubmatch(r.stem); m != nil {
		r.base, r.scheme, r.rank = m[1], dated, m[2]
	} else if m := datedStem.FindStringSubmatch(r.stem); m != nil {
		r.base, r.scheme, r.rank = m[1]+m[3], dated, m[2]
	} else if m := numberedStem.FindStringSubmatch(r.stem); m != nil {
		r.base, r.scheme, r.rank = m[1]+m[3], numbered, m[2]
	} else {
		for _, e := range oldEndings {
			if s, ok := strings.CutSuffix(r.stem, e); ok && s != "" {
				r.base, r.scheme = s, aside
				break
			}
		}
	}
	if r.scheme == alone && r.packed {
		r.scheme = aside
	}
	return r
}

// generation is a file that holds, or once held, what was written under a name.
type generation struct {
	path string
	info os.FileInfo
	rotated
}

func (g *generation) mod() time.Time { return g.info.ModTime() }

// generations returns what stands beside the file path and is an older generation of it by its name, oldest first.
// Of one that is there both plain and compressed, the plain one is returned. Files that are renamed meanwhile could be
// seen twice or not at all, so it looks until it has seen the same twice.
func generations(path string) ([]generation, error) {
	list, err := listGenerations(path)
	for range 5 {
		again, errAgain := listGenerations(path)
		if errAgain != nil || slices.EqualFunc(list, again, func(a, b generation) bool {
			return a.path == b.path && os.SameFile(a.info, b.info)
		}) {
			return again, errAgain
		}
		list, err = again, errAgain
	}
	return list, err
}

func listGenerations(path string) ([]generation, error) {
	dir, base := filepath.Split(path)
	names, err := os.ReadDir(orDot(dir))
	if err != nil {
		return nil, err
	}
	var list []generation
	stem := strings.TrimSuffix(base, filepath.Ext(base)) // all names of older generations begin with it
	for _, d := range names {
		if len(d.Name()) <= len(base) || !strings.HasPrefix(d.Name(), stem) || d.IsDir() {
			continue
		}
		r := parseRotated(d.Name())
		if r.scheme == alone || r.base != base {
			continue
		}
		if info, err := os.Stat(dir + d.Name()); err == nil && info.Mode().IsRegular() {
			list = append(list, generation{dir + d.Name(), info, r})
		}
	}
	plain := make(map[string]bool, len(list))
	for _, g := range list {
		if !g.packed {
			plain[g.stem] = true
		}
	}
	list = slices.DeleteFunc(list, func(g generation) bool { return g.packed && plain[g.stem] })
	sortGenerations(list)
	return list, nil
}

// sortGenerations puts the oldest first: by name where all are named in one way, since a file may be written for a
// while after it was put aside; else by when they were last written.
func sortGenerations(list []generation) {
	mixed := slices.ContainsFunc(list, func(g generation) bool { return g.scheme != list[0].scheme || g.scheme == aside })
	slices.SortStableFunc(list, func(a, b generation) int {
		if mixed {
			return cmp.Or(a.mod().Compare(b.mod()), compareNumbers(a.stem, b.stem))
		}
		if a.scheme == numbered {
			return compareNumbers(b.rank, a.rank)
		}
		return compareNumbers(a.rank, b.rank)
	})
}

// compareNumbers compares texts, and runs of digits in them by their value.
func compareNumbers(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}
