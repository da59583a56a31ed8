package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// SaveAsk says which rules are to be put in force, whatever they were made of.
type SaveAsk struct {
	Body struct {
		Files []SaveFile `json:"files" minItems:"1" maxItems:"50" doc:"They are put in force together, or none of them is."`
		Why   string     `json:"why,omitempty" maxLength:"4096" doc:"For the audit trail."`
	} `nameHint:"RuleArm"`
}

// SaveFile is a rule that is to be put in force, with its tests.
type SaveFile struct {
	Name  string `json:"name,omitempty" maxLength:"101" doc:"Of the file, without .yml: small letters, digits, - and _. Else that of the armed rule with the same id, or one made of its title."`
	Rule  string `json:"rule" minLength:"1" maxLength:"1048576" doc:"Sigma, as YAML."`
	Tests string `json:"tests,omitempty" maxLength:"4194304" doc:"As they stand in NAME.test.yml. Where there are some, all must pass, and one must expect a hit."`
}

// Saved is what was put in force.
type Saved struct {
	Items []ArmedRule `json:"items"`
	Notes []string    `json:"notes" doc:"Why one of them is in force and still cannot hit, or has no tests."`
}

// save puts rules in force that somebody has written: in an editor, of a search, after a backtest. What was armed under the
// same name is replaced; a rule that is shipped or configured and has the same id rests until this one is taken back.
func (p *preventing) save(ctx context.Context, c *console.Tenant, in *SaveAsk) (*Saved, error) {
	p.arming.Lock()
	defer p.arming.Unlock()
	ask := &ArmRequest{untested: true}
	for i := range in.Body.Files {
		f := &in.Body.Files[i]
		name, err := p.fileName(f)
		if err != nil {
			return nil, err
		}
		ask.Files = append(ask.Files, armFile{name, f.Rule, f.Tests})
	}
	list, err := p.tryTests(ask)
	if err != nil {
		return nil, err
	}
	if err := p.install(ctx, ask, list); err != nil {
		return nil, err
	}
	out := &Saved{Items: list, Notes: []string{}}
	for i := range list {
		at := slices.IndexFunc(ask.Files, func(f armFile) bool { return f.Name == list[i].Name })
		if err := p.noteArmed(ctx, c, &list[i], &ask.Files[at], in.Body.Why); err != nil {
			return nil, err
		}
		notes, err := p.rests(&list[i])
		if err != nil {
			return nil, err
		}
		out.Notes = append(out.Notes, notes...)
	}
	return out, nil
}

// fileName is under what name a rule is kept: the one that is asked for, that of the armed rule with its id, or one of its
// title and the beginning of its id.
func (p *preventing) fileName(f *SaveFile) (string, error) {
	if f.Name != "" {
		return f.Name, nil
	}
	list, diags := sigma.Load("rule.yml", []byte(f.Rule), sigma.LoadOptions{})
	if len(list) == 0 {
		wrong := mistakes(diags)
		return "", &console.Problem{
			Status: http.StatusUnprocessableEntity, Title: "nothing was armed: there is no rule in it that can be used", Field: "files", Detail: strings.Join(wrong, "\n"),
		}
	}
	armed, err := p.armed()
	if err != nil {
		return "", err
	}
	key := ruleKey(list[0])
	for i := range armed {
		if slices.ContainsFunc(armed[i].IDs, func(id string) bool { return strings.EqualFold(id, key) }) {
			return armed[i].Name, nil
		}
	}
	name := strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '_'
	}, list[0].Title), "_")
	sum := sha256.Sum256([]byte(key))
	return name[:min(len(name), 60)] + "_" + hex.EncodeToString(sum[:4]), nil
}

// noteArmed writes to the audit trail what was put in force, by whom and why.
func (p *preventing) noteArmed(ctx context.Context, c *console.Tenant, a *ArmedRule, f *armFile, why string) error {
	sum := sha256.Sum256([]byte(f.Rule))
	detail, err := json.Marshal(map[string]any{
		"title": strings.Join(a.Titles, "; "), "file": a.Name + ".yml", "sha256": hex.EncodeToString(sum[:]), "tests": a.Tests, "why": why,
	})
	if err != nil {
		return err
	}
	_, err = c.State.Append(ctx, state.AuditEntry{
		Time: time.Now().UnixNano(), Actor: console.Actor(ctx), Action: "rule.arm", Target: cmp.Or(a.IDs...), Detail: string(detail),
	})
	return err
}

// rests says why a rule that was armed may tell nobody.
func (p *preventing) rests(a *ArmedRule) ([]string, error) {
	set, _, err := p.inForce()
	if err != nil {
		return nil, err
	}
	c, off, err := (&ruling{serve: p.serve}).choices()
	if err != nil {
		return nil, err
	}
	var notes []string
	file := filepath.Join(settings.ArmedFolder(p.dir), a.Name+".yml")
	for _, x := range set.Written() {
		if x.Pos.File != file {
			continue
		}
		switch _, is := off[ruleKey(x)]; {
		case is:
			notes = append(notes, fmt.Sprintf("%q is kept, and is off as before", x.Title))
		case !c.Wants(x):
			notes = append(notes, fmt.Sprintf("%q is kept, but tocsin.yml leaves it out: exclude, level or status", x.Title))
		}
		if was, replaces := set.Replaced[x.ID]; replaces {
			notes = append(notes, fmt.Sprintf("%q stands in for %s, which is back when it is taken back", x.Title, was))
		}
	}
	if a.Tests == 0 {
		notes = append(notes, a.Name+".yml has no tests")
	}
	return notes, nil
}
