package web

import "io/fs"

// Built tells whether the program has the pages.
func Built() bool {
	_, err := fs.Stat(embedded, "dist/index.html.gz")
	return err == nil
}
