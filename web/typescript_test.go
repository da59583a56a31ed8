package web_test

import (
	"os/exec"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestTypes checks the types of the pages' source, and with them that what the pages read of an answer is in the document of the
// API: web/src/shapes.ts is made of it.
func TestTypes(t *testing.T) {
	node := parts.Find(t, "node")
	const tsc = "node_modules/typescript/bin/tsc"
	if out, err := exec.Command(node, tsc, "--version").CombinedOutput(); err != nil {
		parts.Missing(t, "the TypeScript compiler does not run; make pages installs it: "+string(out))
	}
	if out, err := exec.Command(node, tsc, "--pretty", "false").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
