package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

var (
	syslogFormat = &event.Format{Name: "syslog", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	kernelFormat = &event.Format{Name: "kernel", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}

	systemdProgram = newProgram(syslogFormat, systemdSentences, pamSentences)
	logindProgram  = newProgram(authFormat, logindSentences, pamSentences)
	kernelProgram  = newKernel()
	otherProgram   = newProgram(syslogFormat, pamSentences, loginSentences)
)

// newKernel makes the program that the kernel is: what its packet filter logs, and sentences.
func newKernel() *program {
	p := newProgram(kernelFormat, kernelSentences)
	p.custom = readKernel(p)
	p.clued = nil
	return p
}

var systemdSentences = []sentence{
	{"Started Session {session} of user {target}.", "session_opened", session, success, ""},
	{"Started Session {session} of User {target}.", "session_opened", session, success, ""},
	{"Started {service}.service - {*}.", "service_started", process, success, ""},
	{"Started {unit}.", "service_started", process, success, ""},
	{"Starting {unit}...", "service_starting", process, "", ""},
	{"Stopping {unit}...", "service_stopping", process, "", ""},
	{"Stopped target {unit}.", "target_stopped", process, "", ""},
	{"Stopped {service}.service - {*}.", "service_stopped", process, success, ""},
	{"Stopped {unit}.", "service_stopped", process, success, ""},
	{"Finished {unit}.", "service_finished", process, success, ""},
	{"Failed to start {unit}.", "service_failed", process, failure, ""},
	{"{service}: Failed with result '{reason}'.", "service_failed", process, failure, ""},
	{"{service}: Main process exited, code={_} status={reason}", "service_exited", process, failure, ""},
	{"{service}: Deactivated successfully.", "service_stopped", process, success, ""},
	{"{service}: Succeeded.", "service_stopped", process, success, ""},
	{"{service}: Scheduled restart job, restart counter is at {#}.", "service_restarted", process, "", ""},
	{"{service}: A process of this unit has been killed by the OOM killer.", "out_of_memory", process, failure, "out of memory"},
	{"Created slice {unit}.", "slice_created", process, "", ""},
	{"Removed slice {unit}.", "slice_removed", process, "", ""},
	{"Reached target {unit}.", "target_reached", process, "", ""},
	{"Reloading.", "service_reloaded", process, "", ""},
}

var logindSentences = []sentence{
	{"New session {session} of user {target}.", "session_opened", session, success, ""},
	{"New session '{session}' of user '{target}' with class '{_}' and type '{_}'.", "session_opened", session, success, ""},
	{"Removed session {session}.", "session_closed", session, "", ""},
	{"Session {session} logged out. Waiting for processes to exit.", "session_closed", session, "", ""},
	{"New seat {_}.", "seat_added", host, "", ""},
	{"Power key pressed{*}.", "power_key", host, "", ""},
	{"System is powering down{*}.", "system_shutdown", host, "", ""},
	{"System is rebooting{*}.", "system_restart", host, "", ""},
}

var kernelSentences = []sentence{
	{"{comm}[{tpid}]: segfault at {_} ip {_} sp {_} error {reason}", "process_crashed", process, failure, ""},
	{"traps: {comm}[{tpid}] {reason}", "process_crashed", process, failure, ""},
	{"Out of memory: Kill process {tpid} ({comm}) {reason}", "out_of_memory", process, failure, ""},
	{"Out of memory: Killed process {tpid} ({comm}) {reason}", "out_of_memory", process, failure, ""},
	{"Memory cgroup out of memory: Killed process {tpid} ({comm}) {reason}", "out_of_memory", process, failure, ""},
	{"device {iface} entered promiscuous mode", "promiscuous_mode", network, "", "entered"},
	{"device {iface} left promiscuous mode", "promiscuous_mode", network, "", "left"},
	{"{iface}: entered promiscuous mode", "promiscuous_mode", network, "", "entered"},
	{"{iface}: left promiscuous mode", "promiscuous_mode", network, "", "left"},
	{"{module}: loading out-of-tree module taints kernel.", "module_loaded", driver, "", "out of tree"},
	{"{module}: module verification failed: {reason}", "module_loaded", driver, "", ""},
	{"{module}: module license '{*}' taints kernel.", "module_loaded", driver, "", "licence"},
	{"usb {_}: New USB device found, idVendor={_}, idProduct={device}", "usb_device_added", host, "", ""},
	{"usb {_}: new {*} USB device number {#} using {_}", "usb_device_attached", host, "", ""},
	{"usb {_}: Product: {device}", "usb_device_named", host, "", ""},
	{"usb {_}: USB disconnect, device number {#}", "usb_device_removed", host, "", ""},
	{"TCP: request_sock_TCP: Possible SYN flooding on port {*}. Sending cookies.  Check SNMP counters.", "syn_flood", network, "", ""},
	{"nf_conntrack: table full, dropping packet{*}", "connection_table_full", network, failure, ""},
}

// readKernel returns a reader of the kernel's messages behind the time since boot that it puts before them.
func readKernel(p *program) func(string, *said) bool {
	return func(message string, out *said) bool {
		if readNetfilter(message, out) {
			return true
		}
		body := cutUptime(message)
		if len(body) > 10 && body[:10] == "wireguard:" {
			return wireguardProgram.find(body, out)
		}
		if body == "" || len(body) == len(message) {
			return false // the program's own tables see the same text
		}
		return p.find(body, out)
	}
}

// programs are those whose sentences are known, by the tag of their lines.
var programs = map[string]*program{
	"sshd": sshdProgram, "sshd-session": sshdProgram, "sshd-auth": sshdProgram,
	"sudo": sudoProgram, "su": suProgram, "su-l": suProgram, "runuser": suProgram, "runuser-l": suProgram,
	"polkitd": polkit, "pkexec": polkit, "polkit-agent-helper-1": polkit,
	"CRON": cronProgram, "cron": cronProgram, "crond": cronProgram, "CROND": cronProgram, "crontab": cronProgram,
	"anacron": cronProgram, "/USR/SBIN/CRON": cronProgram, "atd": cronProgram,
	"useradd": accounts, "userdel": accounts, "usermod": accounts, "groupadd": accounts, "groupdel": accounts,
	"groupmod": accounts, "passwd": accounts, "chage": accounts, "chpasswd": accounts, "gpasswd": accounts,
	"chfn": accounts, "chsh": accounts, "adduser": accounts, "newusers": accounts, "shadow": accounts,
	"systemd": systemdProgram, "(systemd)": systemdProgram,
	"systemd-logind": logindProgram, "elogind-daemon": logindProgram,
	"kernel": kernelProgram, "ulogd": kernelProgram,
	"login": authProgram, "(login)": authProgram, "gdm-password]": authProgram, "gdm-launch-environment]": authProgram,
	"lightdm": authProgram, "agetty": authProgram, "PAM": authProgram, "sddm-helper": authProgram,
}

// programOf returns what is known of a program by the tag of its lines; it is never nil.
func programOf(tag string) *program {
	if p := programs[tag]; p != nil {
		return p
	}
	if tag == "" {
		return unnamedProgram
	}
	for i := len(tag) - 1; i >= 0; i-- {
		if tag[i] == '/' {
			if p := programs[tag[i+1:]]; p != nil && tag[0] == '/' {
				return p
			}
			break
		}
	}
	if i := strings.IndexByte(tag, '('); i > 0 { // "sshd(pam_unix)", as PAM once wrote
		if p := programs[tag[:i]]; p != nil {
			return p
		}
	}
	if p := serverOf(tag); p != nil {
		return p
	}
	return otherProgram
}

// unnamedProgram reads lines without a tag: firewalls send packets like that.
var unnamedProgram = newUnnamed()

func newUnnamed() *program {
	p := newProgram(syslogFormat)
	p.custom = func(message string, out *said) bool {
		return len(message) > 0 && readNetfilter(message, out)
	}
	return p
}
