package report

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/rules"
)

func TestTechniques(t *testing.T) {
	for _, c := range []struct{ tags, techniques, tactics string }{
		{"attack.t1021.002 attack.lateral-movement", "T1021.002 Remote Services: SMB/Windows Admin Shares", "Lateral Movement"},
		{"attack.T1110 attack.t1110 attack.credential_access", "T1110 Brute Force", "Credential Access"},
		{"attack.impact attack.execution", "", "Execution, Impact"},
		{"attack.t9999", "T9999", ""},
		{"attack.t1 attack.t12345 attack.t1021.x02 attack.txxxx attack.t1021-002 attack.s0002 attack.g0016 cve.2021-44228 t1110", "", ""},
		{"", "", ""},
	} {
		var techniques, tactics []string
		for _, q := range techniquesOf(strings.Fields(c.tags)) {
			techniques = append(techniques, q.String())
		}
		for _, q := range tacticsOf(strings.Fields(c.tags)) {
			tactics = append(tactics, q.Name)
		}
		if got := strings.Join(techniques, ", "); got != c.techniques {
			t.Errorf("techniques of %q: %q, want %q", c.tags, got, c.techniques)
		}
		if got := strings.Join(tactics, ", "); got != c.tactics {
			t.Errorf("tactics of %q: %q, want %q", c.tags, got, c.tactics)
		}
	}
}

func TestTechniquesByTactic(t *testing.T) {
	for _, c := range []struct{ tags, want string }{
		{"attack.persistence attack.execution attack.t1059.001", "execution:[T1059.001] persistence:[]"},
		{"attack.t1078", "initial-access:[T1078] persistence:[T1078] privilege-escalation:[T1078] stealth:[T1078]"},
		{"attack.initial-access attack.t1078", "initial-access:[T1078]"},
		{"attack.impact attack.t1003", "impact:[T1003]"},
		{"attack.defense-evasion attack.t1036", "stealth:[T1036]"},
		{"attack.defense-evasion attack.t1685.001", "defense-impairment:[T1685.001]"},
		{"attack.defense-evasion attack.execution attack.t1059", "execution:[T1059] defense-evasion:[]"},
		{"attack.t9999", ""},
		{"attack.discovery attack.t9999", "discovery:[T9999]"},
	} {
		placed := techniquesByTactic(strings.Fields(c.tags))
		var got []string
		for _, tactic := range attack().tactics {
			if techniques, ok := placed[tactic]; ok {
				ids := []string{}
				for _, q := range techniques {
					ids = append(ids, q.ID)
				}
				got = append(got, fmt.Sprintf("%s:%v", tactic.Tag, ids))
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %s, want %s", c.tags, s, c.want)
		}
	}
}

func TestBuiltinTagsHaveNames(t *testing.T) {
	tag := regexp.MustCompile(`(?m)^\s+- ['"]?(attack\.[A-Za-z0-9_.-]+)`)
	seen := 0
	err := fs.WalkDir(rules.Builtin, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(rules.Builtin, path)
		for _, m := range tag.FindAllSubmatch(text, -1) {
			seen++
			techniques, tactics := techniquesOf([]string{string(m[1])}), tacticsOf([]string{string(m[1])})
			if len(techniques)+len(tactics) == 0 {
				t.Errorf("%s: %s is neither a technique nor a tactic", path, m[1])
			}
			for _, q := range techniques {
				if q.Name == "" {
					t.Errorf("%s: %s has no name", path, q.ID)
				}
			}
		}
		return err
	})
	if err != nil || seen < 60 {
		t.Fatalf("%d tags seen: %v", seen, err)
	}
}

func TestAttackTable(t *testing.T) {
	tags := map[string]bool{}
	for _, tactic := range attack().tactics {
		tags[tactic.Tag] = true
	}
	seen := map[string]bool{}
	for line := range strings.Lines(attackTable) {
		column := strings.Split(strings.TrimSpace(line), "\t")
		if seen[column[0]] && column[0] != "tactic" {
			t.Errorf("%s stands twice", column[0])
		}
		seen[column[0]] = true
		if column[0] == "tactic" {
			continue
		}
		q := attack().techniques[column[0]]
		if !techniqueID(q.ID) || q.Name == "" || len(q.tactics) == 0 || len(q.ID) == 9 && q.Parent == "" {
			t.Errorf("%q gives %+v", line, q)
		}
		for _, tactic := range q.tactics {
			if !tags[tactic] {
				t.Errorf("%s: no tactic is called %s", q.ID, tactic)
			}
		}
	}
}
