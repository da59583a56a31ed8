package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/backup"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

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
			var done backup.BackupDone
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
			if _, err := console.Dial(cmd.Context(), settings.SocketPath(dir)); err == nil {
				return errors.New("restore: tocsin serve runs; stop it first")
			}
			names, err := backup.Restore(cmd.Context(), args[0], dir, set)
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
			var all console.Page[backup.Verified]
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

func tellVerified(std streams, all []backup.Verified, asJSON bool) error {
	bad := slices.ContainsFunc(all, func(v backup.Verified) bool { return len(v.Findings) > 0 })
	for _, v := range all {
		if asJSON {
			if err := json.NewEncoder(std.out).Encode(v); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(std.out, "%s: %d sealed %s, %d not sealed yet, %d %s in the audit trail", v.Tenant, v.Sealed, terminal.Plural(int64(v.Sealed), "day"), len(v.Open), v.Audit, terminal.Plural(v.Audit, "record"))
		if v.Evidence > 0 {
			fmt.Fprintf(std.out, ", %d %s of evidence", v.Evidence, terminal.Plural(int64(v.Evidence), "piece"))
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
