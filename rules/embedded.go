//go:build !packed

package rules

import (
	"embed"
	"io/fs"
)

//go:embed builtin
var embedded embed.FS

// shipped are the files as they stand in the repository.
func shipped() fs.FS { return embedded }
