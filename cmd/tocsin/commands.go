package main

import "github.com/spf13/cobra"

// commands returns the subcommands of tocsin, in the order in which help lists them.
func commands(std streams) []*cobra.Command {
	return []*cobra.Command{
		newHunt(std),
		newShow(std),
		newServe(std),
		newDemo(std),
		newStatus(std),
		newAlerts(std),
		newTake(std),
		newClose(std),
		newSnooze(std),
		newReopen(std),
		newSilence(std),
		newCase(std),
		newWho(std),
		newBlock(std),
		newUnblock(std),
		newBlocks(std),
		newActions(std),
		newApprove(std),
		newDeny(std),
		newUndo(std),
		newFirewall(std),
		newPlaybooks(std),
		newPrevent(std),
		newSearch(std),
		newTail(std),
		newRules(std),
		newIntel(std),
		newNotify(std),
		newCheck(std),
		newConfig(std),
		newReload(std),
		newUser(std),
		newBackup(std),
		newRestore(std),
		newVerify(std),
		newBench(std),
		newRights(std),
	}
}
