package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/rules"
)

const installedRule = `title: TITLE
id: ID
status: test
level: high
logsource: {product: linux}
detection:
  words: [WORD]
  condition: words
`

func installable(t *testing.T, texts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range texts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ruleText(title, id, word string) string {
	return strings.NewReplacer("TITLE", title, "ID", id, "WORD", word).Replace(installedRule)
}

// A rule set is fetched from a server, used by a hunt, renewed, rolled back and removed.
func TestRulesInstall(t *testing.T) {
	t.Setenv("TOCSIN_DATA_HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var archive []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(archive) }))
	defer server.Close()
	log := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(log, []byte("Nov 20 10:00:00 h app[1]: a calamity\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(command func(streams) *cobra.Command, args ...string) (string, string, error) {
		t.Helper()
		var out, errs bytes.Buffer
		cmd := command(streams{in: strings.NewReader(""), out: &out, err: &errs})
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), errs.String(), err
	}
	found := func() bool {
		t.Helper()
		var out, errs bytes.Buffer
		run(t.Context(), []string{"hunt", "--json", "-q", log}, streams{in: strings.NewReader(""), out: &out, err: &errs})
		return strings.Contains(out.String(), `"title":"Calamity"`)
	}

	archive = installable(t, map[string]string{
		"rules/a.yml": ruleText("Calamity", "11111111-1111-4111-8111-111111111111", "calamity"),
		"rules/b.yml": strings.ReplaceAll(ruleText("Broken", "2", "x"), "condition: words", "condition: word"),
	})
	out, errs, err := do(newRulesInstall, server.URL+"/ours.zip")
	if err != nil || !strings.Contains(out, "ours installed: version ") || !strings.Contains(out, "1 rules in 1 files, 1 refused") {
		t.Fatalf("%q, %q, %v", out, errs, err)
	}
	if !strings.Contains(errs, "ours.zip!rules/b.yml:8:14: error:") {
		t.Errorf("the refused rule is not explained: %s", errs)
	}
	if !found() {
		t.Error("the installed rule does not hit")
	}

	archive = installable(t, map[string]string{"rules/c.yml": ruleText("Other", "33333333-3333-4333-8333-333333333333", "nothing")})
	out, _, err = do(newRulesInstall, "--json", server.URL+"/ours.zip")
	var res rules.Installed
	if err != nil || json.Unmarshal([]byte(out), &res) != nil || len(res.New) != 1 || len(res.Gone) != 1 || res.Gone[0].Title != "Calamity" {
		t.Fatalf("%q, %v", out, err)
	}
	if found() {
		t.Error("the rule that is gone hits")
	}
	if out, _, err = do(newRulesInstall, "--rollback", "--name", "ours"); err != nil || !strings.Contains(out, "ours is back at version") || !found() {
		t.Errorf("rollback: %q, %v", out, err)
	}
	if out, _, err = do(newRulesPacks); err != nil || !strings.Contains(out, "ours\n") || strings.Count(out, "*") != 1 {
		t.Errorf("packs: %q, %v", out, err)
	}
	if out, _, err = do(newRulesRemove, "ours"); err != nil || out != "removed ours\n" || found() {
		t.Errorf("remove: %q, %v", out, err)
	}
	if _, _, err = do(newRulesRemove, "ours"); err == nil {
		t.Error("removed twice")
	}
	if _, _, err = do(newRulesInstall, filepath.Join(t.TempDir(), "none.zip")); err == nil {
		t.Error("installed what is not there")
	}
}
