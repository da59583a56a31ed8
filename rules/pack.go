package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
)

// Packs are the rule sets that a user has installed, below one folder:
//
//	packs.json                which packs there are, and which version of each is in use
//	NAME/VERSION/…            the rule files of a version, never changed once they are there
//	NAME/incoming-*           an installation that was cut off; removed by the next one
//
// A version comes into use by one atomic change of packs.json. Two processes that install at the same time do no
// damage, but the later one may forget what the earlier one did.
type Packs struct {
	Dir string
}

// KeepVersions is how many versions of a pack are kept, the one in use among them.
const KeepVersions = 3

// Pack is an installed rule set.
type Pack struct {
	Name     string    `json:"name"`
	Current  string    `json:"current"`  // the version in use
	Versions []Version `json:"versions"` // newest first, at most KeepVersions
}

// Version is one state of a pack.
type Version struct {
	ID        string    `json:"id"`     // the first 12 hexadecimal digits of the SHA-256 of its files
	Source    string    `json:"source"` // the file or address that it came from
	Installed time.Time `json:"installed"`
	Files     int       `json:"files"`
	Rules     int       `json:"rules"`
	Refused   int       `json:"refused"`
}

type packIndex struct {
	Packs []Pack `json:"packs"`
}

const indexFile = "packs.json"

// List returns the installed packs, sorted by name.
func (p Packs) List() ([]Pack, error) {
	name := filepath.Join(p.Dir, indexFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list rule packs: %w", err)
	}
	var ix packIndex
	if err := json.Unmarshal(data, &ix); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	for _, pack := range ix.Packs {
		if !validName(pack.Name) || !validName(pack.Current) {
			return nil, fmt.Errorf("read %s: the pack %q of version %q has no valid name", name, pack.Name, pack.Current)
		}
	}
	slices.SortFunc(ix.Packs, func(a, b Pack) int { return strings.Compare(a.Name, b.Name) })
	return ix.Packs, nil
}

// find returns the index of a pack in packs, or -1.
func find(packs []Pack, name string) int {
	return slices.IndexFunc(packs, func(p Pack) bool { return p.Name == name })
}

// folders returns the folders of the versions in use, of all packs or of the one named.
func (p Packs) folders(name string) ([]string, error) {
	packs, err := p.List()
	if err != nil {
		return nil, err
	}
	if name != "" {
		i := find(packs, name)
		if i < 0 {
			return nil, fmt.Errorf("load rules: no pack %q is installed", name)
		}
		packs = packs[i : i+1]
	}
	out := make([]string, len(packs))
	for i, pack := range packs {
		out[i] = p.versionDir(pack.Name, pack.Current)
	}
	return out, nil
}

func (p Packs) versionDir(name, version string) string {
	return filepath.Join(p.Dir, name, version)
}

// save puts a new index in the place of the old one, in one step.
func (p Packs) save(packs []Pack) error {
	data, err := json.MarshalIndent(packIndex{Packs: packs}, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", indexFile, err)
	}
	if err := disk.Replace(filepath.Join(p.Dir, indexFile), 0o644, append(data, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", indexFile, err)
	}
	return nil
}

// Remove takes a pack out of use and deletes all its versions.
func (p Packs) Remove(name string) error {
	packs, err := p.List()
	if err != nil {
		return err
	}
	i := find(packs, name)
	if i < 0 {
		return fmt.Errorf("remove %s: %s", name, notInstalled(packs))
	}
	if err := p.save(slices.Delete(packs, i, i+1)); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(p.Dir, name)); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// Rollback brings the version before the current one back into use and returns it.
func (p Packs) Rollback(name string) (Version, error) {
	packs, err := p.List()
	if err != nil {
		return Version{}, err
	}
	i := find(packs, name)
	if i < 0 {
		return Version{}, fmt.Errorf("roll back %s: %s", name, notInstalled(packs))
	}
	pack := &packs[i]
	at := slices.IndexFunc(pack.Versions, func(v Version) bool { return v.ID == pack.Current })
	if at < 0 || at+1 >= len(pack.Versions) {
		return Version{}, fmt.Errorf("roll back %s: no earlier version is kept", name)
	}
	pack.Current = pack.Versions[at+1].ID
	return pack.Versions[at+1], p.save(packs)
}

// notInstalled says which packs there are.
func notInstalled(packs []Pack) string {
	if len(packs) == 0 {
		return "no pack is installed"
	}
	names := make([]string, len(packs))
	for i, p := range packs {
		names[i] = p.Name
	}
	return "not installed; there is " + strings.Join(names, ", ")
}

var packName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// validName tells whether a name of a pack or version can be a folder on every system.
func validName(name string) bool {
	return packName.MatchString(name) && !strings.HasSuffix(name, ".")
}

// nameOf makes the name of a pack from where it comes from: the last part without its ending.
func nameOf(source string) string {
	s := strings.ToLower(strings.TrimRight(strings.ReplaceAll(source, `\`, "/"), "/"))
	s, _, _ = strings.Cut(s, "?")
	s = s[strings.LastIndexByte(s, '/')+1:]
	for _, end := range []string{".zip", ".tar.gz", ".tgz", ".yml", ".yaml"} {
		s = strings.TrimSuffix(s, end)
	}
	var b strings.Builder
	for _, c := range s {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c) && b.Len() > 0 {
			b.WriteRune(c)
		}
	}
	name := strings.TrimRight(b.String()[:min(b.Len(), 64)], ".")
	if !validName(name) {
		return "rules"
	}
	return name
}
