package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// commandPages makes a page of each command that help lists, parents first.
func commandPages(cmd *cobra.Command) []page {
	cmd.InitDefaultHelpFlag()
	list := []page{commandPage(cmd)}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			list = append(list, commandPages(c)...)
		}
	}
	return list
}

func commandPage(cmd *cobra.Command) page {
	var b strings.Builder
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	b.WriteString(strings.TrimSpace(long) + "\n\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "    %s\n\n", cmd.UseLine())
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "## Examples\n\n```sh\n%s\n```\n\n", outdent(cmd.Example))
	}
	if f := cmd.NonInheritedFlags(); f.HasAvailableFlags() {
		fmt.Fprintf(&b, "## Flags\n\n```text\n%s\n```\n\n", strings.TrimRight(f.FlagUsages(), "\n"))
	}
	var below strings.Builder
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			fmt.Fprintf(&below, "- [%s](%s.md): %s\n", c.CommandPath(), pageName(c), c.Short)
		}
	}
	if below.Len() > 0 {
		b.WriteString("## Commands\n\n" + below.String())
	}
	return page{pageName(cmd), cmd.CommandPath(), cmd.Short, b.String()}
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// outdent takes away the two blanks before each line of an example.
func outdent(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}
