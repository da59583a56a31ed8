// Package backup copies all that serve keeps while it runs, brings it back, and proves that nothing of it was changed.
//
// Folder.Copy goes through what the tenants have one after the other; each is whole in itself, and its manifest is written
// last: a copy without one is none. Restore writes only where nothing is. Folder.Verify changes nothing.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
	"github.com/tocsin-sec/tocsin/terminal"
)

// A backup is a folder like that of serve: tenants/NAME with events, evidence, log and checkpoint as they are, and the state as
// its room writes it; beside them the rules that were armed and the keys. The manifest is written last, so that a backup
// without one is none.
const backupManifest = "backup.json"

// BackupDone says what a copy holds; it is the manifest, too.
type BackupDone struct {
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Tenants []string  `json:"tenants"`
	Dir     string    `json:"dir"`

	SHA256 map[string]string `json:"sha256"` // of armed rules, keys and evidence, by their names in the backup
}

// Tenant is what a tenant has.
type Tenant struct {
	Name, Dir string
	Store     *store.Embedded // nil where events are on a server
	State     *state.State
	Line      *live.Line // nil where nobody serves
}

// Folder is what serve keeps.
type Folder struct {
	Dir     string // the folder
	Version string // of the program
	Tenants []Tenant
}

// Copy copies what tenants have, and what stands beside them in serve's folder, into a folder.
func (a *Folder) Copy(ctx context.Context, dir string) (*BackupDone, error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, fmt.Errorf("back up: %s is not empty", dir)
	}
	done := &BackupDone{Made: time.Now().UTC(), Version: a.Version, Dir: dir, SHA256: make(map[string]string)}
	for _, t := range a.Tenants {
		at := settings.TenantFolder(dir, t.Name)
		if err := t.backUp(ctx, at); err != nil {
			return nil, fmt.Errorf("back up tenant %s: %w", t.Name, err)
		}
		names, err := evidenceFiles(t.Dir) // after the state: what that names is there
		if err == nil {
			err = copySummed(at, t.Dir, settings.TenantFolder("", t.Name), names, done.SHA256)
		}
		if err != nil {
			return nil, fmt.Errorf("back up the evidence of tenant %s: %w", t.Name, err)
		}
		done.Tenants = append(done.Tenants, t.Name)
	}
	names, err := ownFiles(a.Dir)
	if err == nil {
		err = copySummed(dir, a.Dir, "", names, done.SHA256)
	}
	if err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	text, err := json.MarshalIndent(done, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, backupManifest), append(text, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	return done, nil
}

func (t *Tenant) backUp(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	parts := func() error {
		if t.Store != nil {
			if _, err := t.Store.Backup(ctx, filepath.Join(dir, "events")); err != nil {
				return err
			}
		}
		_, err := t.State.Backup(ctx, filepath.Join(dir, "state"))
		return err
	}
	if t.Line == nil { // nobody serves
		return parts()
	}
	return t.Line.Backup(dir, parts)
}

// Restore brings a backup into a folder.
func Restore(ctx context.Context, from, dir string, set *settings.File) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(from, backupManifest))
	if err != nil {
		return nil, terminal.WithHint(err, "a folder that tocsin backup has written to its end has this file")
	}
	var m BackupDone
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", backupManifest, err)
	}
	for _, name := range m.Tenants {
		if !settings.TenantName.MatchString(name) {
			return nil, fmt.Errorf("%q is no name of a tenant", name)
		}
		if _, err := os.Stat(settings.TenantFolder(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is there already", settings.TenantFolder(dir, name))
		}
	}
	there, err := ownFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, fmt.Errorf("%s is there already", filepath.Join(dir, there[0]))
	}
	if err := checkSums(from, m.SHA256); err != nil {
		return nil, err
	}
	if err := restoreFiles(dir, from); err != nil {
		return nil, err
	}
	for _, name := range m.Tenants {
		if err := restoreTenant(ctx, settings.TenantFolder(from, name), settings.TenantFolder(dir, name), name, set); err != nil {
			return nil, fmt.Errorf("tenant %s: %w", name, err)
		}
	}
	return m.Tenants, nil
}

func restoreTenant(ctx context.Context, from, dir, name string, set *settings.File) error {
	site := &set.Site
	if name != settings.MainTenant {
		other := set.Tenants[name]
		site = &other
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	list, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch {
		case e.Name() == "state":
			place, opt, err := settings.StatePlace(dir, name, site)
			if err == nil {
				_, err = state.Restore(ctx, filepath.Join(from, "state"), place, opt)
			}
			if err != nil {
				return err
			}
		case e.IsDir():
			err = copyFolder(filepath.Join(dir, e.Name()), filepath.Join(from, e.Name()))
		default:
			var data []byte
			if data, err = os.ReadFile(filepath.Join(from, e.Name())); err == nil {
				err = os.WriteFile(filepath.Join(dir, e.Name()), data, 0o600)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFolder copies a folder, for the user alone to read.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		_, err = disk.Copy(filepath.Join(to, rel), path, 0o600)
		return err
	})
}

// Verified says what was found.
type Verified struct {
	Tenant   string   `json:"tenant"`
	Sealed   int      `json:"sealed_days"`
	Open     []string `json:"open_days"` // not sealed yet
	Audit    int64    `json:"audit_entries"`
	Evidence int      `json:"evidence"` // pieces of cases
	Findings []string `json:"findings"` // what is not as it was written
}

// Verify checks what tenants have. An error is that of ctx, or of what cannot be read; what was changed is a finding.
func (a *Folder) Verify(ctx context.Context) ([]Verified, error) {
	var out []Verified
	for _, t := range a.Tenants {
		v := Verified{Tenant: t.Name, Open: []string{}, Findings: []string{}}
		if t.Store != nil {
			found, err := t.Store.Verify(ctx)
			if err != nil {
				return nil, err
			}
			v.Sealed, v.Open = found.Days, append(v.Open, found.Open...)
			for _, f := range found.Findings {
				v.Findings = append(v.Findings, strings.TrimSpace(f.Day+" "+f.Path)+": "+f.What)
			}
		}
		if err := t.State.Verify(ctx); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			v.Findings = append(v.Findings, err.Error())
		}
		head, err := t.State.VerifyAudit(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			v.Findings = append(v.Findings, err.Error())
		}
		v.Audit = head.Seq
		pieces, lost, err := verifyEvidence(ctx, t.State, t.Dir)
		if err != nil {
			return nil, err
		}
		v.Evidence, v.Findings = pieces, append(v.Findings, lost...)
		out = append(out, v)
	}
	return out, nil
}
