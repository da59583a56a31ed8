// Package rules is where detections come from: those that tocsin ships, the packs that a user installs, and whatever
// folders, files and archives a command is told to use.
//
// Load turns such places into Sigma rules, in an order that depends on the names alone, and says of every file what is
// wrong with it. Packs keeps installed rule sets by version below one folder and never changes a version once it is
// there. Nothing outside that folder is written, and nothing is fetched but by Packs.Install.
//
// Load reads files on goroutines of its own and returns when they have ended. A Set belongs to the caller.
package rules

import "io/fs"

// Builtin holds the detections that tocsin ships and their tests: linux/NAME.yml beside linux/NAME.test.yml, and so on.
var Builtin = below(shipped(), "builtin")

func below(f fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the name is fixed and valid
	}
	return sub
}

// BuiltinPath is the name by which commands refer to Builtin; its files are called "builtin:linux/NAME.yml".
const BuiltinPath = "builtin"

// InstalledPath is the name by which commands refer to all installed packs.
const InstalledPath = "installed"

// PackPrefix stands before the name of one installed pack: "pack:sigma_all_rules".
const PackPrefix = "pack:"
