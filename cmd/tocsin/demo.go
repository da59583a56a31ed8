package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/demo"
)

// demoSettings is the configuration of a demonstration: the made-up logs alone, and nothing of this machine is touched.
const demoSettings = `inputs:
  files:
    - paths: [logs/*]
      from: begin
console:
  listen: 127.0.0.1:0 # any free port: a real serve may have the usual one
respond:
  kinds: [webhook]
`

func newDemo(std streams) *cobra.Command {
	s := &serveCommand{std: std}
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Try it out: serve the last night of a company that does not exist",
		Long: `Try tocsin out. The logs of one night of a bicycle shop that does not exist, with an attack among ordinary work, are
written as of the last hours into a folder that is thrown away at the end, and served: the incidents, searches and pages
are those of a real serve. Nothing of this machine is read or changed: no action is done, only shown.

Other commands find it by its folder: tocsin alerts --data FOLDER.`,
		Example: `  tocsin demo
  tocsin hunt examples/small-company     the same night, once`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			dir, err := os.MkdirTemp("", "tocsin-demo-")
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			if err := writeDemo(dir, time.Now()); err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			s.config, s.data = filepath.Join(dir, "tocsin.yml"), filepath.Join(dir, "data")
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&s.verbose, "verbose", "v", false, "tell what it does, and hits of every level")
	return cmd
}

// writeDemo writes the logs of a night that has just ended, and the configuration that serves them.
func writeDemo(dir string, now time.Time) error {
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		return err
	}
	for name, data := range demo.Logs(now.Add(-demo.Length).Truncate(time.Second)) {
		if err := os.WriteFile(filepath.Join(logs, name), data, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "tocsin.yml"), []byte(demoSettings), 0o600)
}
