package main

import "github.com/spf13/cobra"

// commands returns the subcommands of tocsin, in the order in which help lists them.
func commands(std streams) []*cobra.Command {
	return []*cobra.Command{
		newHunt(std),
		newShow(std),
		newRules(std),
		newBench(std),
		newDocs(std),
	}
}
