package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/settings"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/ruletest"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// Bounds of what is armed at a time.
const (
	maxArmed      = 50
	maxArmedBytes = 16 << 20
)

// ArmRequest is what is armed.
type ArmRequest struct {
	Files []armFile `json:"files"`

	untested bool // a file may come without tests
}

type armFile struct {
	Name  string `json:"name"` // without .yml
	Rule  string `json:"rule"`
	Tests string `json:"tests"`
}

// ArmedRule is a rule that was armed, or taken back.
type ArmedRule struct {
	Name   string    `json:"name"`
	IDs    []string  `json:"ids"`
	Titles []string  `json:"titles"`
	Tests  int       `json:"tests"`
	Armed  time.Time `json:"armed,omitzero"`
	File   string    `json:"file"`
}

var armName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,100}$`)

// NamesArmed tells whether a rule that is armed may be kept under that name, in a file of the name with .yml.
func NamesArmed(name string) bool { return armName.MatchString(name) }

// armAsk says what is to be armed.
type armAsk struct {
	console.KeyAsk
	Days      int         `query:"days" minimum:"1" maximum:"3650" default:"30" doc:"With exception: look back so many days."`
	Exception bool        `query:"exception" doc:"Make the exception that would be drafted."`
	Force     bool        `query:"force" doc:"Make an exception also if it would have hidden something malicious."`
	Body      *ArmRequest `nameHint:"ArmAsk"`
}

// ArmAnswer is what was armed: rules, or the exceptions of a draft.
type ArmAnswer struct {
	Items []ArmedRule   `json:"items,omitempty"`
	Draft *PreventDraft `json:"draft,omitempty"`
}

// arm puts rules in force after their tests have passed.
func (p *preventing) arm(ctx context.Context, c *console.Tenant, in *armAsk) (*ArmAnswer, error) {
	if in.Exception {
		return p.armException(ctx, c, in)
	}
	if err := p.everywhere(ctx); err != nil {
		return nil, err
	}
	p.arming.Lock()
	defer p.arming.Unlock()
	subject, err := p.own(c).subject(ctx, in.Key, 30)
	if err != nil {
		return nil, err
	}
	if in.Body == nil {
		return nil, preventProblem(http.StatusUnprocessableEntity, "files: 1 to %d", maxArmed)
	}
	list, err := p.tryTests(in.Body)
	if err != nil {
		return nil, err
	}
	if err := p.install(ctx, in.Body, list); err != nil {
		return nil, err
	}
	for _, a := range list {
		text := strings.Join(a.IDs, ", ") + " " + strings.Join(a.Titles, "; ")
		if err := p.noteIn(ctx, c, subject.key, "prevent.arm", text); err != nil {
			return nil, err
		}
	}
	return &ArmAnswer{Items: list}, nil
}

// everywhere refuses who may not change rules in all tenants: what is armed is in force in each of them.
func (p *preventing) everywhere(ctx context.Context) error {
	if len(p.tenants) < 2 {
		return nil
	}
	return identity.Allowed(identity.SubjectOf(ctx), identity.AllTenants, identity.RuleWrite)
}

// tryTests runs the tests of rules that are to be armed. Each file must have a test that expects a hit, unless the request says
// that it may come without any, and all must pass.
func (p *preventing) tryTests(ask *ArmRequest) ([]ArmedRule, error) {
	if len(ask.Files) == 0 || len(ask.Files) > maxArmed {
		return nil, preventProblem(http.StatusBadRequest, "files: 1 to %d", maxArmed)
	}
	dir, err := os.MkdirTemp("", "tocsin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for i, f := range ask.Files {
		same := func(o armFile) bool { return o.Name == f.Name }
		if !NamesArmed(f.Name) || slices.ContainsFunc(ask.Files[:i], same) {
			return nil, preventProblem(http.StatusBadRequest, "%.60q is no name of a rule file: small letters, digits, - and _, each once", f.Name)
		}
		if err := writeRule(dir, &f); err != nil {
			return nil, err
		}
	}
	_, how, err := p.inForce()
	if err != nil {
		return nil, err
	}
	alone := *how
	alone.Rules = []string{dir}
	set, err := settings.LoadRules(&alone)
	if err != nil {
		return nil, err
	}
	tests, diags, err := rules.FindTests([]string{dir}, rules.Options{})
	if err != nil {
		return nil, err
	}
	wrong := mistakes(slices.Concat(set.Diagnostics, diags))
	bench := &ruletest.Bench{Rules: set.Collection, Sources: set.Sources, Read: rules.ReadLines}
	var out []ArmedRule
	for i := range tests {
		a := ArmedRule{Name: strings.TrimSuffix(filepath.Base(tests[i].File), ".yml")}
		for _, x := range set.Written() {
			if x.Pos.File == tests[i].File {
				a.IDs, a.Titles = append(a.IDs, cmp.Or(x.ID, x.Title)), append(a.Titles, x.Title)
			}
		}
		if tests[i].Name != "" || !ask.untested {
			failed, n := runTests(bench, &tests[i])
			wrong, a.Tests = append(wrong, failed...), n
		}
		if len(a.IDs) == 0 {
			wrong = append(wrong, a.Name+".yml: it holds no rule that can be used")
		}
		out = append(out, a)
	}
	if len(wrong) > 0 {
		return nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: "nothing was armed: the rules, or their tests, are not in order", Detail: strings.ReplaceAll(strings.Join(wrong, "\n"), dir+string(filepath.Separator), "")}
	}
	return out, nil
}

// mistakes writes those of diagnostics that are errors.
func mistakes(diags []sigma.Diagnostic) []string {
	var out []string
	for _, d := range diags {
		if d.Severity == sigma.Error {
			out = append(out, d.Format())
		}
	}
	return out
}

// runTests runs the tests of a rule file, and returns what is wrong with them, and how many there are.
func runTests(bench *ruletest.Bench, t *rules.Tests) (wrong []string, n int) {
	name := filepath.Base(t.File)
	if t.Name == "" {
		return []string{name + ": it has no tests; write some into " + strings.TrimSuffix(name, ".yml") + ".test.yml"}, 0
	}
	list, diags := ruletest.Parse(t.Name, t.Data)
	wrong = mistakes(diags)
	hits := 0
	for i := range list {
		target, err := bench.Target(t.File, &list[i])
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %s: %v", name, list[i].Name, err))
			continue
		}
		res, err := bench.Run(target, &list[i])
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("%s: %s: %v", name, list[i].Name, err))
		case !res.Passed:
			wrong = append(wrong, fmt.Sprintf("%s: %s: wanted %s, got %d", name, list[i].Name, list[i].Want(), res.Hits))
			wrong = append(wrong, res.Why...)
		}
		hits += list[i].Hits
	}
	if hits == 0 && len(wrong) == 0 {
		wrong = append(wrong, name+": no test of it expects a hit")
	}
	return wrong, len(list)
}

// writeRule writes a rule and its tests, each whole or not at all.
func writeRule(dir string, f *armFile) error {
	for _, part := range [...][2]string{{".test.yml", f.Tests}, {".yml", f.Rule}} {
		path := filepath.Join(dir, f.Name+part[0])
		if part[1] == "" {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("arm: %w", err)
			}
			continue
		}
		if err := disk.Replace(path, 0o640, []byte(part[1])); err != nil {
			return fmt.Errorf("arm: %w", err)
		}
	}
	return nil
}

// install puts rules into the folder of the armed ones, and in force. Where that fails, what was there before is again.
func (p *preventing) install(ctx context.Context, ask *ArmRequest, list []ArmedRule) error {
	dir := settings.ArmedFolder(p.dir)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("arm: %w", err)
	}
	var before []armFile
	for _, f := range ask.Files {
		before = append(before, ReadRule(dir, f.Name))
	}
	err := func() error {
		for i := range ask.Files {
			if err := writeRule(dir, &ask.Files[i]); err != nil {
				return err
			}
		}
		if _, err := p.reload(ctx); err != nil {
			return err
		}
		set, _, err := p.inForce()
		if err != nil {
			return err
		}
		for _, a := range list {
			for _, id := range a.IDs {
				if !slices.ContainsFunc(set.Written(), func(r *sigma.Rule) bool {
					return rules.Named(r, id) && strings.HasPrefix(r.Pos.File, dir+string(filepath.Separator))
				}) {
					return preventProblem(http.StatusConflict, "nothing was armed: another rule that is in force has the id %s", id)
				}
			}
		}
		return nil
	}()
	if err == nil {
		return nil
	}
	for i := range before {
		err = errors.Join(err, removeRule(dir, before[i].Name))
		if before[i].Rule != "" {
			err = errors.Join(err, writeRule(dir, &before[i]))
		}
	}
	_, again := p.reload(ctx)
	return errors.Join(err, again)
}

// ReadRule reads a rule file and its tests, as far as they are there.
func ReadRule(dir, name string) armFile {
	f := armFile{Name: name}
	for suffix, to := range map[string]*string{".yml": &f.Rule, ".test.yml": &f.Tests} {
		if text, err := os.ReadFile(filepath.Join(dir, name+suffix)); err == nil {
			*to = string(text)
		}
	}
	return f
}

func removeRule(dir, name string) error {
	var errs []error
	for _, suffix := range [...]string{".yml", ".test.yml"} {
		if err := os.Remove(filepath.Join(dir, name+suffix)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// list answers which rules were armed.
func (p *preventing) list(context.Context, *console.Tenant, *console.Nothing) (*console.Page[ArmedRule], error) {
	list, err := p.armed()
	return &console.Page[ArmedRule]{Items: list}, err
}

func (p *preventing) armed() ([]ArmedRule, error) {
	dir := settings.ArmedFolder(p.dir)
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out := []ArmedRule{}
	for _, f := range files {
		if !f.Type().IsRegular() || !rules.NamesRules(f.Name()) {
			continue
		}
		a := ArmedRule{Name: strings.TrimSuffix(f.Name(), ".yml"), File: filepath.Join(dir, f.Name())}
		if info, err := f.Info(); err == nil {
			a.Armed = info.ModTime().UTC()
		}
		text, err := os.ReadFile(a.File)
		if err != nil {
			return nil, err
		}
		list, _ := sigma.Load(a.File, text, sigma.LoadOptions{})
		for _, r := range list {
			a.IDs, a.Titles = append(a.IDs, cmp.Or(r.ID, r.Title)), append(a.Titles, r.Title)
		}
		out = append(out, a)
	}
	return out, nil
}

// disarmAsk names an armed rule.
type disarmAsk struct {
	Rule string `path:"rule" maxLength:"500"`
}

// disarm takes a rule back: by its id or the beginning of one, its title, or the name of its file.
func (p *preventing) disarm(ctx context.Context, c *console.Tenant, in *disarmAsk) (*ArmedRule, error) {
	if err := p.everywhere(ctx); err != nil {
		return nil, err
	}
	p.arming.Lock()
	defer p.arming.Unlock()
	name := strings.TrimSuffix(in.Rule, ".yml")
	list, err := p.armed()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(a ArmedRule) bool {
		is := func(s string) bool {
			return strings.EqualFold(s, name) || len(name) >= alert.ShortKey && strings.HasPrefix(strings.ToLower(s), strings.ToLower(name))
		}
		return !slices.ContainsFunc(a.IDs, is) && !slices.ContainsFunc(a.Titles, is) && a.Name != name
	})
	switch {
	case len(list) == 0:
		return nil, preventProblem(http.StatusNotFound, "no rule that was armed is called %.60q", name)
	case len(list) > 1:
		return nil, preventProblem(http.StatusConflict, "%.60q means %d rules; name one whole", name, len(list))
	}
	before := ReadRule(settings.ArmedFolder(p.dir), list[0].Name)
	if err := removeRule(settings.ArmedFolder(p.dir), list[0].Name); err != nil {
		return nil, err
	}
	if _, err := p.reload(ctx); err != nil {
		return nil, errors.Join(err, writeRule(settings.ArmedFolder(p.dir), &before))
	}
	detail, err := json.Marshal(list[0])
	if err != nil {
		return nil, err
	}
	_, err = c.State.Append(ctx, state.AuditEntry{
		Time: time.Now().UnixNano(), Actor: console.Actor(ctx), Action: "prevent.disarm", Target: cmp.Or(list[0].IDs...), Detail: string(detail),
	})
	return &list[0], err
}
