package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// A backup is a folder like that of serve: tenants/NAME with events, evidence, log and checkpoint as they are, and the state as
// its room writes it; beside them the rules that were armed and the keys. The manifest is written last, so that a backup
// without one is none.
const backupManifest = "backup.json"

type backupDone struct {
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Tenants []string  `json:"tenants"`
	Dir     string    `json:"dir"`

	SHA256 map[string]string `json:"sha256"` // of armed rules, keys and evidence, by their names in the backup
}

// backUp copies what tenants have, and what stands beside them in serve's folder, into a folder.
func backUp(ctx context.Context, dir, data string, tenants []*tenant) (*backupDone, error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, fmt.Errorf("back up: %s is not empty", dir)
	}
	done := &backupDone{Made: time.Now().UTC(), Version: versionText(), Dir: dir, SHA256: make(map[string]string)}
	for _, t := range tenants {
		at := tenantFolder(dir, t.name)
		if err := t.backUp(ctx, at); err != nil {
			return nil, fmt.Errorf("back up tenant %s: %w", t.name, err)
		}
		names, err := evidenceFiles(t.dir) // after the state: what that names is there
		if err == nil {
			err = copySummed(at, t.dir, tenantFolder("", t.name), names, done.SHA256)
		}
		if err != nil {
			return nil, fmt.Errorf("back up the evidence of tenant %s: %w", t.name, err)
		}
		done.Tenants = append(done.Tenants, t.name)
	}
	names, err := ownFiles(data)
	if err == nil {
		err = copySummed(dir, data, "", names, done.SHA256)
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

func (t *tenant) backUp(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	parts := func() error {
		if e, ok := t.store.(*store.Embedded); ok {
			if _, err := e.Backup(ctx, filepath.Join(dir, "events")); err != nil {
				return err
			}
		}
		_, err := t.state.Backup(ctx, filepath.Join(dir, "state"))
		return err
	}
	if t.line == nil { // nobody serves
		return parts()
	}
	return t.line.Backup(dir, parts)
}

func newBackup(std streams) *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "backup [flags] FOLDER",
		Short: "Copy all that serve keeps, while it runs",
		Long: `Copy all that serve keeps (events, hits, cases with their evidence, the audit trail, positions, the rules that were armed)
into a folder that is empty or not there yet. Serve goes on meanwhile. On the same file system the events share their room with
the originals; take the folder elsewhere then, with rsync or restic, for a copy that outlives the disk. What is kept on a server
(store, state) is backed up there; hits of PostgreSQL are written out as well.

The keys of serve are in it (identity.key, console.key, for their owner alone), because without them nobody gets in with a second
factor after a restore: keep the copy as you keep secrets. Lists of indicators are not in it, they are fetched again; nor are files in
quarantine, nor tocsin.yml with what it names.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin backup /srv/backup/tocsin-2026-11-22`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			c, release, err := p.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			var done backupDone
			if err := c.Post(cmd.Context(), "backup", nil, map[string]string{"dir": dir}, &done); err != nil {
				return err
			}
			fmt.Fprintf(std.out, "backed up to %s: %s\n\n→ tocsin restore %s --data FOLDER\n", dir, strings.Join(done.Tenants, ", "), args[0])
			return nil
		},
	}
	p.define(cmd)
	return cmd
}

func newRestore(std streams) *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "restore [flags] FOLDER",
		Short: "Bring back what backup has copied",
		Long: `Bring back what backup has copied into FOLDER. Where it is to be must hold nothing yet, and serve must not run.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin restore /srv/backup/tocsin-2026-11-22`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, dir, err := p.find()
			if err != nil {
				return err
			}
			if _, err := console.Dial(cmd.Context(), socketPath(dir)); err == nil {
				return errors.New("restore: tocsin serve runs; stop it first")
			}
			names, err := restore(cmd.Context(), args[0], dir, set)
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			next := "tocsin serve"
			if p.data != "" {
				next += " --data " + p.data
			}
			fmt.Fprintf(std.out, "restored to %s: %s\n\n→ %s\n", dir, strings.Join(names, ", "), next)
			return nil
		},
	}
	p.defineHere(cmd)
	return cmd
}

// restore brings a backup into a folder.
func restore(ctx context.Context, from, dir string, set *settings) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(from, backupManifest))
	if err != nil {
		return nil, withHint(err, "a folder that tocsin backup has written to its end has this file")
	}
	var m backupDone
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", backupManifest, err)
	}
	for _, name := range m.Tenants {
		if !tenantName.MatchString(name) {
			return nil, fmt.Errorf("%q is no name of a tenant", name)
		}
		if _, err := os.Stat(tenantFolder(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is there already", tenantFolder(dir, name))
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
		if err := restoreTenant(ctx, tenantFolder(from, name), tenantFolder(dir, name), name, set); err != nil {
			return nil, fmt.Errorf("tenant %s: %w", name, err)
		}
	}
	return m.Tenants, nil
}

func restoreTenant(ctx context.Context, from, dir, name string, set *settings) error {
	site := &set.site
	if name != mainTenant {
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
			place, opt, err := statePlace(dir, name, site)
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

// verified says what was found.
type verified struct {
	Tenant   string   `json:"tenant"`
	Sealed   int      `json:"sealed_days"`
	Open     []string `json:"open_days"` // not sealed yet
	Audit    int64    `json:"audit_entries"`
	Evidence int      `json:"evidence"` // pieces of cases
	Findings []string `json:"findings"` // what is not as it was written
}

// verifyAll checks what tenants have.
func verifyAll(ctx context.Context, tenants []*tenant) ([]verified, error) {
	var all []verified
	for _, t := range tenants {
		v := verified{Tenant: t.name, Open: []string{}, Findings: []string{}}
		if e, ok := t.store.(*store.Embedded); ok {
			found, err := e.Verify(ctx)
			if err != nil {
				return nil, err
			}
			v.Sealed, v.Open = found.Days, append(v.Open, found.Open...)
			for _, f := range found.Findings {
				v.Findings = append(v.Findings, strings.TrimSpace(f.Day+" "+f.Path)+": "+f.What)
			}
		}
		if err := t.state.Verify(ctx); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			v.Findings = append(v.Findings, err.Error())
		}
		head, err := t.state.VerifyAudit(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			v.Findings = append(v.Findings, err.Error())
		}
		v.Audit = head.Seq
		pieces, lost, err := verifyEvidence(ctx, t.state, t.dir)
		if err != nil {
			return nil, err
		}
		v.Evidence, v.Findings = pieces, append(v.Findings, lost...)
		all = append(all, v)
	}
	return all, nil
}

func newVerify(std streams) *cobra.Command {
	var p place
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [flags]",
		Short: "Check that nothing that is kept was changed",
		Long: `Check that nothing that is kept was changed: the files of days that are sealed against the chained list of their sums,
the chain of the audit trail, and the evidence of cases against its sums. A day is sealed two days after its end.

Exit status: 0 all is as it was written, 1 something was changed, 2 failed.`,
		Example: `  tocsin verify`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, release, err := p.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			var all console.Page[verified]
			if err := c.Post(cmd.Context(), "verify", nil, nil, &all); err != nil {
				return err
			}
			return tellVerified(std, all.Items, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a line")
	p.define(cmd)
	return cmd
}

func tellVerified(std streams, all []verified, asJSON bool) error {
	bad := slices.ContainsFunc(all, func(v verified) bool { return len(v.Findings) > 0 })
	for _, v := range all {
		if asJSON {
			if err := json.NewEncoder(std.out).Encode(v); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(std.out, "%s: %d sealed %s, %d not sealed yet, %d %s in the audit trail", v.Tenant, v.Sealed, plural(int64(v.Sealed), "day"), len(v.Open), v.Audit, plural(v.Audit, "record"))
		if v.Evidence > 0 {
			fmt.Fprintf(std.out, ", %d %s of evidence", v.Evidence, plural(int64(v.Evidence), "piece"))
		}
		if len(v.Findings) == 0 {
			fmt.Fprintln(std.out, ": all is as it was written")
			continue
		}
		fmt.Fprintln(std.out)
		for _, f := range v.Findings {
			fmt.Fprintf(std.out, "  %s\n", f)
		}
	}
	if bad {
		return errFound
	}
	return nil
}
