package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/settings"
)

func newCheck(std streams) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "check [FILE] [flags]",
		Short: "Look for mistakes in the configuration",
		Long: `Look for mistakes in tocsin.yml: all of them at once, each with its place. Nothing is opened but the files that it names.
Where there are none, it says which severities reach nobody, and at which times.

Exit status: 0 no mistakes, 2 mistakes.`,
		Example: `  tocsin check
  tocsin check ./tocsin.yml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				if path != "" && path != args[0] {
					return fmt.Errorf("check one file at a time: %s or %s", path, args[0])
				}
				path = args[0]
			}
			set, doc, err := settings.Read(path)
			if doc == nil && err != nil {
				return err
			}
			if doc == nil {
				fmt.Fprintln(std.out, "there is no configuration; everything is as by default")
				return nil
			}
			set.Check(doc)
			gaps := settings.CheckNotify(set, doc)
			if err := doc.Err(); err != nil {
				return err
			}
			fmt.Fprintln(std.out, "no mistakes")
			for _, line := range gaps {
				fmt.Fprintln(std.out, line)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	return cmd
}

func newConfig(std streams) *cobra.Command {
	var path string
	var schema bool
	cmd := &cobra.Command{
		Use:   "config [flags]",
		Short: "Print the configuration that is in force",
		Long: `Print the configuration that is in force, with every key that there is and what it is for. What is printed can be used
as tocsin.yml. With --schema, print the JSON Schema of tocsin.yml, for editors.

Exit status: 0 printed, 2 failed.`,
		Example: `  tocsin config > tocsin.yml
  tocsin config --schema > tocsin.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if schema {
				_, err := std.out.Write(config.Schema(&settings.File{}, "tocsin.yml"))
				return err
			}
			s, err := settings.Load(path)
			if err != nil {
				return err
			}
			_, err = io.WriteString(std.out, config.Print(s))
			return err
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema")
	return cmd
}
