package rules

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/sigma"
)

var (
	uuid4     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique = regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	weakness  = regexp.MustCompile(`^cve\.\d{4}-\d{4,7}$`)
	tactics   = []string{
		"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
		"stealth", "defense-impairment", "credential-access", "discovery", "lateral-movement", "collection",
		"command-and-control", "exfiltration", "impact",
	}
)

// builtin loads the rules that tocsin ships; all of them must load without a warning.
func builtin(t *testing.T) []*sigma.Rule {
	t.Helper()
	set, err := Load([]string{BuiltinPath}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range set.Diagnostics {
		t.Error(d.Format())
	}
	if len(set.Ignored) > 0 {
		t.Errorf("no rules: %v", set.Ignored)
	}
	return set.Rules
}

// The promises that every rule keeps which tells of something by itself, and the fewer ones of those that it is made of.
func TestHouseConventions(t *testing.T) {
	ids, names, heads := map[string]string{}, map[string]string{}, map[string]string{}
	referred := map[string]bool{}
	all := builtin(t)
	for _, r := range all {
		if r.Correlation != nil {
			for _, ref := range r.Correlation.Rules {
				referred[ref.Ref] = true
			}
		}
	}
	count := 0
	for _, r := range all {
		where := r.Pos.File + ": " + r.Title
		if !uuid4.MatchString(r.ID) {
			t.Errorf("%s: the id %q is no random UUID in lower case", where, r.ID)
		}
		if ids[r.ID] != "" {
			t.Errorf("%s: the id is that of %s", where, ids[r.ID])
		}
		ids[r.ID] = where
		if r.Name != "" {
			if names[r.Name] != "" {
				t.Errorf("%s: the name %s is that of %s", where, r.Name, names[r.Name])
			}
			names[r.Name] = where
		}
		if !slices.Contains([]string{"stable", "test", "experimental"}, r.Status) {
			t.Errorf("%s: status %q", where, r.Status)
		}
		if r.Level == sigma.LevelNone {
			t.Errorf("%s: no level", where)
		}
		if referred[r.Name] {
			if r.Level != sigma.Informational {
				t.Errorf("%s: a part of a correlation is of level informational, not %s", where, r.Level)
			}
			continue
		}
		count++
		if heads[r.Title] != "" {
			t.Errorf("%s: the title is that of %s", where, heads[r.Title])
		}
		heads[r.Title] = where
		checkHead(t, where, r)
	}
	if count < 70 {
		t.Errorf("only %d rules", count)
	}
}

// checkHead checks what a rule must tell a person.
func checkHead(t *testing.T, where string, r *sigma.Rule) {
	t.Helper()
	if len(r.Title) > 100 || strings.HasSuffix(r.Title, ".") {
		t.Errorf("%s: the title is long, or ends with a full stop", where)
	}
	if len(r.Description) < 40 || !strings.HasSuffix(r.Description, ".") {
		t.Errorf("%s: the description is no sentence: %q", where, r.Description)
	}
	if r.Author != "tocsin" || r.Date == "" {
		t.Errorf("%s: author %q, date %q", where, r.Author, r.Date)
	}
	if len(r.FalsePositives) == 0 || len(r.NextSteps) == 0 || len(r.References) == 0 && !strings.Contains(r.Pos.File, "suricata") {
		t.Errorf("%s: without false positives, next steps or references", where)
	}
	tactic, deep := false, false
	for _, tag := range r.Tags {
		name, isAttack := strings.CutPrefix(tag, "attack.")
		switch {
		case technique.MatchString(tag):
			deep = true
		case isAttack && slices.Contains(tactics, name):
			tactic = true
		case weakness.MatchString(tag):
		default:
			t.Errorf("%s: unknown tag %q", where, tag)
		}
	}
	if !tactic || !deep && len(r.References) > 0 {
		t.Errorf("%s: tags %v name no tactic, or no technique", where, r.Tags)
	}
}

// Beside every rule lie its tests, and no test lies alone.
func TestEveryRuleHasTests(t *testing.T) {
	err := fs.WalkDir(Builtin, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		other := strings.TrimSuffix(p, ".yml") + ".test.yml"
		if base, ok := strings.CutSuffix(p, ".test.yml"); ok {
			other = base + ".yml"
		}
		if _, err := fs.Stat(Builtin, other); err != nil {
			t.Errorf("%s is there, %s is not", p, other)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
