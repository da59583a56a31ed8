package rules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// DefaultSource is the address of SigmaHQ's latest release with all rules of its main repository.
const DefaultSource = "https://github.com/SigmaHQ/sigma/releases/latest/download/sigma_all_rules.zip"

// InstallRequest says what to install.
type InstallRequest struct {
	Source string // a folder, a rule file, a .zip or .tar.gz, or an http(s) address of one; "": DefaultSource
	Name   string // what to call the pack; "": made from Source
	Now    time.Time
	Sigma  sigma.LoadOptions
	DryRun bool // check and compare, change nothing
}

// Installed is what an installation came to.
type Installed struct {
	Name        string             `json:"name"`
	Version     Version            `json:"version"`
	Before      string             `json:"before,omitempty"` // the version that was in use; "" where there was none
	Unchanged   bool               `json:"unchanged"`        // Before is this very version
	New         []RuleName         `json:"new"`
	Changed     []RuleName         `json:"changed"`
	Gone        []RuleName         `json:"gone"`
	Diagnostics []sigma.Diagnostic `json:"-"` // of refused rules and of those with warnings
	Ignored     []string           `json:"-"` // YAML files of the source that are no rules
}

// RuleName names a rule in a comparison of versions.
type RuleName struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Install fetches a rule set, checks every rule, compares it with the version in use, and brings it into use. Rules
// that cannot be used are reported and kept out; where none can be used, nothing is changed and the error says so.
func (p Packs) Install(ctx context.Context, req InstallRequest) (*Installed, error) {
	if req.Source == "" {
		req.Source = DefaultSource
	}
	if req.Name == "" {
		req.Name = nameOf(req.Source)
	}
	if !validName(req.Name) || req.Name == BuiltinPath || req.Name == InstalledPath {
		return nil, fmt.Errorf("install %s: %q cannot be the name of a pack: use letters, digits, dots, dashes and underscores", req.Source, req.Name)
	}
	files, err := fetchFiles(ctx, req.Source)
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", req.Source, err)
	}
	packed, err := pack(files, req.Sigma)
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", req.Source, err)
	}
	if len(packed.rules) == 0 {
		return nil, noneUsable(req.Source, packed)
	}
	res := &Installed{Name: req.Name, Diagnostics: packed.diags, Ignored: packed.ignored}
	res.Version = Version{
		ID: packed.hash(), Source: req.Source, Installed: req.Now.UTC(),
		Files: len(packed.files), Rules: len(packed.rules), Refused: packed.refused,
	}
	return res, p.bringIn(packed, res, req)
}

func noneUsable(source string, c *contents) error {
	if len(c.diags) == 0 {
		return fmt.Errorf("install %s: it holds no Sigma rules", source)
	}
	return fmt.Errorf("install %s: all its rules are refused; the first: %s", source, c.diags[0])
}

// bringIn compares with the version in use, writes the new one and switches to it.
func (p Packs) bringIn(c *contents, res *Installed, req InstallRequest) error {
	packs, err := p.List()
	if err != nil {
		return err
	}
	at := find(packs, res.Name)
	var before map[string]ruleText
	if at >= 0 {
		res.Before = packs[at].Current
		res.Unchanged = res.Before == res.Version.ID
		if before, err = p.texts(res.Name, res.Before, req.Sigma); err != nil {
			return err
		}
	}
	res.compare(before, c.rules)
	if req.DryRun {
		return nil
	}
	if err := p.write(c, res); err != nil {
		return fmt.Errorf("install %s: %w", req.Source, err)
	}
	if at < 0 {
		packs = append(packs, Pack{Name: res.Name})
		at = len(packs) - 1
	}
	old := packs[at].add(res.Version)
	if err := p.save(packs); err != nil {
		return err
	}
	for _, v := range old {
		if err := os.RemoveAll(p.versionDir(res.Name, v.ID)); err != nil {
			return fmt.Errorf("remove an old version of %s: %w", res.Name, err)
		}
	}
	return nil
}

// add brings a version into use and returns those that are no longer kept. What was rolled back from is forgotten.
func (p *Pack) add(v Version) (dropped []Version) {
	if i := slices.IndexFunc(p.Versions, func(o Version) bool { return o.ID == p.Current }); i > 0 {
		dropped = append(dropped, p.Versions[:i]...)
		p.Versions = slices.Clone(p.Versions[i:])
	}
	same := func(o Version) bool { return o.ID == v.ID }
	p.Versions = append([]Version{v}, slices.DeleteFunc(slices.Clone(p.Versions), same)...)
	dropped = slices.DeleteFunc(dropped, same)
	if len(p.Versions) > KeepVersions {
		dropped = append(dropped, p.Versions[KeepVersions:]...)
		p.Versions = p.Versions[:KeepVersions]
	}
	p.Current = v.ID
	return dropped
}

// write puts the files of a version where they belong. The folder appears whole or not at all.
func (p Packs) write(c *contents, res *Installed) error {
	home := filepath.Join(p.Dir, res.Name)
	final := p.versionDir(res.Name, res.Version.ID)
	if _, err := os.Stat(final); err == nil {
		return nil // this version is there already
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if err := removeIncoming(home); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(home, incoming+"*")
	if err != nil {
		return err
	}
	for _, f := range c.files {
		if err := writeBelow(tmp, f.path, f.data); err != nil {
			return errors.Join(err, os.RemoveAll(tmp))
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil { // MkdirTemp makes it private; other users may hunt too
		return errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, final); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}

const incoming = "incoming-"

// removeIncoming clears what installations left that were cut off.
func removeIncoming(home string) error {
	entries, err := os.ReadDir(home)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), incoming) {
			if err := os.RemoveAll(filepath.Join(home, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeBelow(dir, slashed string, data []byte) error {
	local := filepath.FromSlash(slashed)
	if !filepath.IsLocal(local) {
		return fmt.Errorf("the file %q leads out of its folder", slashed)
	}
	name := filepath.Join(dir, local)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// contents is a rule set after checking.
type contents struct {
	files   []packedFile // with at least one rule that can be used, sorted by path
	rules   map[string]ruleText
	diags   []sigma.Diagnostic
	refused int
	ignored []string
}

type packedFile struct {
	path string
	data []byte
}

// hash identifies the files of a version.
func (c *contents) hash() string {
	h := sha256.New()
	for _, f := range c.files {
		fmt.Fprintf(h, "%s\x00%d\x00", f.path, len(f.data))
		h.Write(f.data)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// pack reads and checks the files.
func pack(files []file, opt sigma.LoadOptions) (*contents, error) {
	c := &contents{rules: make(map[string]ruleText)}
	total := 0
	for _, f := range files {
		data, err := f.read()
		if err != nil {
			return nil, err
		}
		if total += len(data); total > maxUnpacked {
			return nil, errors.New("it unpacks to more than the limit")
		}
		if !f.named && !isRuleFile(data) {
			c.ignored = append(c.ignored, f.name)
			continue
		}
		rules, diags := sigma.Load(f.name, data, opt)
		c.diags = append(c.diags, diags...)
		c.refused += refusedDocuments(data, diags)
		if len(rules) > 0 {
			c.files = append(c.files, packedFile{f.path, data})
			addTexts(c.rules, data, rules)
		}
	}
	return c, nil
}
