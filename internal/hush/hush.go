// Package hush keeps libraries from writing to standard error while they are initialised, before main begins: what they
// have to say then concerns nobody who runs a command. It works because Go initialises packages in order of their import
// paths as soon as what they import is initialised (Go specification, "Program initialization"), and this one imports
// next to nothing.
package hush

import (
	"io"
	"log"
	"os"
)

// Over ends the hush. main calls it first.
var Over = begin()

func begin() func() {
	log.SetOutput(io.Discard)
	return func() { log.SetOutput(os.Stderr) }
}
