//go:build packed

package rules

import (
	"archive/zip"
	_ "embed" // for embedded
	"io/fs"
	"strings"
)

// embedded is made by internal/packrules, which make build runs: the same files, a megabyte smaller.
//
//go:embed builtin.zip
var embedded string

// shipped are the files as they stand in the repository.
func shipped() fs.FS {
	r, err := zip.NewReader(strings.NewReader(embedded), int64(len(embedded)))
	if err != nil {
		panic(err) // it was made by this build
	}
	return r
}
