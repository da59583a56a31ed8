// Package refdata gives tests the reference data: real logs and the community's rules, which stand beside the repository
// and are no part of it. A test that asks for what is not there is skipped, and says so. It imports no room, so that the
// tests of every room can use it; package recorded makes events of these files.
package refdata

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Path returns the place of a file or folder of the reference data: under $TOCSIN_DATA, or under ../shared/data from
// the root of the repository.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("TOCSIN_DATA")
	if root == "" {
		wd, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		for dir := wd; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				root = filepath.Join(filepath.Dir(dir), "shared", "data")
				break
			}
			if dir == filepath.Dir(dir) {
				tb.Fatalf("no go.mod above %s", wd)
			}
		}
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("SKIPPED: the reference data is not here: %v", err)
	}
	return path
}

// Files returns the contents of all files below a folder of the reference data whose names end in suffix, by path.
func Files(tb testing.TB, folder, suffix string) map[string][]byte {
	tb.Helper()
	root := Path(tb, folder)
	files := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}
