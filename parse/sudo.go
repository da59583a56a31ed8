package parse

import "github.com/tocsin-sec/tocsin/event"

var (
	sudoFormat = &event.Format{Name: "sudo", LogSource: event.LogSource{Product: "linux", Service: "sudo"}}
	suFormat   = &event.Format{Name: "su", LogSource: event.LogSource{Product: "linux", Service: "auth"}}

	sudoProgram = newProgram(sudoFormat, sudoSentences, pamSentences)
	suProgram   = newProgram(suFormat, suSentences, pamSentences)
	polkit      = newProgram(authFormat, polkitSentences, pamSentences)
)

// The name before the first colon is of a user who exists; what the user chose stands after it and is cut as little as
// possible from the left but for the command, which is the rest.
var sudoSentences = []sentence{
	{"{sudoer} : «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; GROUP={group} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; TSID={_} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; ENV={?} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : «TTY={ttys} ; »CHROOT={?} ; PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : HOST={_} ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", process, success, ""},
	{"{sudoer} : {#} incorrect password attempt«s» ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", authentication, failure, "incorrect password"},
	{"{sudoer} : user NOT in sudoers ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", authentication, failure, "user not in sudoers"},
	{"{sudoer} : command not allowed ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", process, failure, "command not allowed"},
	{"{sudoer} : user NOT authorized on host ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", authentication, failure, "not authorized on host"},
	{"{sudoer} : a password is required ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", authentication, failure, "password required"},
	{"{sudoer} : {lazyreason} ; «TTY={ttys} ; »PWD={pwd} ; USER={effective} ; COMMAND={cmd}", "sudo_command", process, failure, ""},
	{"{sudoer} : (command continued) {cmd}", "sudo_continued", process, "", ""},
	{"{sudoer} : problem with defaults entries« ; {*}»", "sudo_configuration", configuration, failure, ""},
}

var suSentences = []sentence{
	{"Successful su for {tgtword} by {user}", "su", authentication, success, ""},
	{"FAILED su for {tgtword} by {user}", "su", authentication, failure, ""},
	{"FAILED SU (to {tgtword}) {user} on {tty}", "su", authentication, failure, ""},
	{"(to {tgtword}) {user} on {tty}", "su", authentication, success, ""},
	{"+ {ttys} {userword}:{tgtword}", "su", authentication, success, ""},
	{"- {ttys} {userword}:{tgtword}", "su", authentication, failure, ""},
	{"'su {tgtword}' succeeded for {user} on {tty}", "su", authentication, success, ""},
	{"'su {tgtword}' failed for {user} on {tty}", "su", authentication, failure, ""},
	{"BAD SU {userword} to {tgtword} on {tty}", "su", authentication, failure, ""},
	{"{userword} to {tgtword} on {tty}", "su", authentication, success, ""},
}

var polkitSentences = []sentence{
	{"Operator of unix-session:{session} successfully authenticated as unix-user:{effective} to gain {*} for action {service} for {*} [{cmd}] (owned by unix-user:{userword})", "polkit_authentication", authentication, success, ""},
	{"Operator of unix-session:{session} FAILED to authenticate to gain authorization for action {service} for {*} [{cmd}] (owned by unix-user:{userword})", "polkit_authentication", authentication, failure, ""},
	{"Operator of unix-process:{session} FAILED to authenticate to gain authorization for action {service} for {*} [{cmd}] (owned by unix-user:{userword})", "polkit_authentication", authentication, failure, ""},
	{"{userword}: Executing command [USER={effective}] [TTY={ttys}] [CWD={pwd}] [COMMAND={cmd}]", "pkexec_command", process, success, ""},
	{"{userword}: Error executing command as another user: {?} [USER={effective}] [TTY={ttys}] [CWD={pwd}] [COMMAND={cmd}]", "pkexec_command", process, failure, ""},
	{"Registered Authentication Agent for {*}", "polkit_agent", session, "", ""},
	{"Unregistered Authentication Agent for {*}", "polkit_agent", session, "", ""},
}
