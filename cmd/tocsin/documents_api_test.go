package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/serve"
)

// TestAPIDocument runs the ```sh blocks of docs/API.md, in order and in one shell, against a real serve at which a password was
// guessed, and looks at what came of them.
func TestAPIDocument(t *testing.T) {
	parts.Find(t, "curl")
	parts.Find(t, "jq")
	text, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -eu\n")
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllSubmatch(text, -1) {
		script.Write(block[1])
	}
	d := openDoorway(t, "", "")
	d.local("user", "add", "bot", "--role", "analyst")
	token := regexp.MustCompile(`(?m)^tocsin_\S+$`).FindString(d.local("user", "token", "bot", "--for", "night script", "--may", "incident.read,incident.decide,search.read,action.ask,action.read"))
	var log strings.Builder
	begin := time.Now().UTC().Add(-10 * time.Minute)
	for i := range 40 {
		at, what := begin.Add(time.Duration(i)*time.Second).Format(time.Stamp), "Failed"
		if i >= 38 {
			what = "Accepted"
		}
		fmt.Fprintf(&log, "%s web1 sshd[%d]: %s password for root from 203.0.113.9 port %d ssh2\n", at, 700+i, what, 40000+i)
	}
	d.put("app.log", log.String())
	parts.Wait(t, time.Minute, "the incident", func() bool { return strings.Contains(d.local("alerts", "--level", "medium"), "203.0.113.9") })
	parts.Wait(t, time.Minute, "the events", func() bool { return strings.Contains(d.local("search", "203.0.113.9 | stats count"), "40") })
	work := t.TempDir()
	sh := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	sh.Dir, sh.Env = work, append(os.Environ(), "TOCSIN="+d.origin, "TOKEN="+token, "CURL_CA_BUNDLE="+filepath.Join(d.dir, "data", "console.crt"))
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, d.printed())
	}
	read := func(name string, into any) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(work, name))
		if err == nil && into != nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Error(name, err)
		}
		if s, ok := into.(*json.RawMessage); into == nil || ok && len(*s) == 0 {
			t.Error(name, "is empty")
		}
	}
	var would, done serve.ActionsAnswer
	read("would.json", &would)
	if len(would.Would) != 1 || len(would.Items) != 0 {
		t.Errorf("what would become of it: %+v", would)
	}
	if read("done.json", &done); len(done.Items) != 1 || done.Items[0].State != respond.Proposed || !strings.HasPrefix(done.Items[0].By, "bot (token") {
		t.Errorf("an analyst's token asks for a block: %+v", done.Items)
	}
	var closed console.Decided
	if read("closed.json", &closed); len(closed.Incidents) != 1 || closed.Incidents[0].Verdict != "malicious" || len(closed.Undo) != 1 {
		t.Errorf("closed: %+v", closed)
	}
	for name, want := range map[string]string{"events.ndjson": "203.0.113.9", "events.txt": "event: resync|: here"} {
		text, err := os.ReadFile(filepath.Join(work, name))
		if err != nil || !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s: %v: %.300s", name, err, text)
		}
	}
	d.end()
}
