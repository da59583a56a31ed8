package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/detect"
)

// The rules that the night of examples/small-company is there to set off, by file: each part of its story, and the
// scanning and guessing that every address hears. Nothing else may hit: the rest is ordinary work.
var nightHits = map[string][]string{
	"web1-auth.log": {
		"Cron downloads something and runs it", "Files that grant rights edited with sudo", "Log files removed or emptied with sudo",
		"Login of a user that does not exist tried again and again",
		"Root shell opened with sudo", "SSH login by password from a public address",
		"SSH login by password succeeded after the user was guessed at from elsewhere",
		"SSH login succeeded after many failures from the same address", "SSH passwords guessed from one address",
		"SSH passwords of one user guessed from many addresses", "SSH user names tried from one address",
		"Security service or firewall switched off with sudo", "Somebody was made an administrator",
		"User added to an administrators' group on Linux",
		"User created on a Linux host",
	},
	"web1-audit.log": {
		"Audit rules removed or auditing switched off", "Program started from a temporary folder", "Setuid bit set on a program",
		"Shell connected to the network", "Shell history wiped or switched off", "Web server's user ran a system tool",
	},
	"web1-access.log": {
		"File inclusion tried", "Path traversal tried", "SQL injection tried", "Script uploaded to the web server and then called",
		"Secret file given out by the web server", "Web server asked for the door of a known hole", "Web server searched for administration pages",
		"Web address asks for many pages that do not exist", "Web scanner that gives its name",
		"Web server searched for secret files", "Web shell used",
	},
	"fw1-kernel.log": {"Machine inside connects to a port of back doors outside", "Ports of one host scanned"},
	"windows-events.json": {
		"Autostart entry that runs a shell or a file of a public folder", "Command that clears event logs",
		"Command that switches Microsoft Defender off or blinds it", "File with the name of a ransom note",
		"Many files get a new ending within a minute", "Member added to an administrators' group in Windows",
		"Memory of lsass written to a file", "New Windows account made administrator at once", "Office program starts a shell",
		"PowerShell fetches code and runs it", "PowerShell started with an encoded command", "Process reads the memory of lsass",
		"Program started from a folder that everybody can write to", "PsExec or a tool like it used on this machine",
		"Several commands of reconnaissance in a row", "Shadow copies or backups deleted", "Tool that copies data to the cloud",
		"User account control bypassed", "User account created in Windows", "User or administrator added by command line",
		"Windows event log cleared", "Windows service that starts a shell or lies in a temporary folder",
	},
	"aws-cloudtrail.json": {
		"AWS access key or console password made for another user", "AWS administrator rights given",
		"AWS identity tries many things that it may not do", "AWS key used by an attack tool",
		"AWS logging or threat detection switched off", "AWS snapshot or image shared with another account",
		"Many AWS secrets read in a short time", "Somebody was made an administrator",
	},
}

// The first command of the README finds the attack of the example, all of it and nothing else.
func TestExampleNight(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var out, errs bytes.Buffer
	dir := filepath.Join("..", "..", "examples", "small-company")
	status := run(t.Context(), []string{"hunt", "--json", "--quiet", "--rules", "builtin", dir}, streams{in: strings.NewReader(""), out: &out, err: &errs})
	if status != 1 || errs.Len() > 0 {
		t.Fatalf("status %d, %s", status, errs.String())
	}
	got := make(map[string]map[string]bool)
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var h struct {
			Type, File string
			Rule       detect.HitRule
		}
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if h.Type == "hit" {
			name := filepath.Base(h.File)
			if got[name] == nil {
				got[name] = make(map[string]bool)
			}
			got[name][h.Rule.Title] = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range got {
		if nightHits[name] == nil {
			t.Errorf("%s: hits, though nothing is in it", name)
		}
	}
	for name, want := range nightHits {
		titles := slices.Sorted(maps.Keys(got[name]))
		for _, w := range want {
			if !slices.Contains(titles, w) {
				t.Errorf("%s: %q is not found", name, w)
			}
		}
		for _, g := range titles {
			if !slices.Contains(want, g) {
				t.Errorf("%s: %q is found, which is no part of the story", name, g)
			}
		}
	}
}
