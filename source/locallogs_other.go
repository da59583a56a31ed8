//go:build !unix

package source

// needed says who may read a path that this process may not.
func needed(string) string { return "an administrator" }
