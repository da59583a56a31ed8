package sight

import (
	"path"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// told reads what programs say of logons, commands, users and packages, as the sentences of the parsers sort it: by
// event.category and event.action.
func (w *sights) told(p *sightPlan, ev *event.Event) {
	switch category := p.raw(slotCategory, ev); {
	case strings.Contains(category, "authentication"):
		w.toldLogon(p, ev)
	case category == "process" || strings.Contains(category, `"process"`):
		w.toldCommand(p, ev)
	case strings.Contains(category, "iam"):
		w.toldRights(p, ev)
	case strings.Contains(category, "package"):
		if a := p.raw(slotAction, ev); strings.HasPrefix(a, "package_install") || a == "package_upgrade" {
			s := w.merge(SawPackage, p, ev, mergeKey{dataset: p.dataset, a: w.text(p, slotHost, ev), minute: ev.Time / oneMinute})
			s.Host = w.text(p, slotHost, ev)
		}
	}
}

func (w *sights) toldLogon(p *sightPlan, ev *event.Event) {
	if outcomeOf(p.raw(slotOutcome, ev)) != Succeeded {
		return
	}
	action := p.raw(slotAction, ev)
	switch action {
	case "ssh_login", "ftp_login", "login", "web_login", "vpn_login", "smtp_auth", "smb_login", "db_login", "imap_login", "pop3_login":
	case "user_login", "logged-in", "logon", "log_on", "authentication_success", "ssh_logged-in", "authentication":
	default:
		return // the same attempt in other words, or no attempt
	}
	w.logon(p, ev, w.text(p, slotUser, ev), strings.TrimSuffix(action, "_login"))
}

// logon adds a sighting of somebody who has logged on; those of a minute are told as one. What failed is not told:
// guessing makes many of them, and rules count them.
func (w *sights) logon(p *sightPlan, ev *event.Event, user, how string) {
	if !IsUser(user) {
		return
	}
	host, source := w.text(p, slotHost, ev), w.address(p, slotSource, ev)
	s := w.merge(SawLogon, p, ev, mergeKey{dataset: p.dataset, a: host, b: user, c: how, source: source, minute: ev.Time / oneMinute})
	s.User, s.Host, s.Source, s.Outcome, s.Type = user, host, source, Succeeded, how
}

func (w *sights) toldCommand(p *sightPlan, ev *event.Event) {
	if p.raw(slotAction, ev) == "cron_command" || outcomeOf(p.raw(slotOutcome, ev)) == Failed {
		return
	}
	command := w.words.stable(p.value(slotProgram, ev))
	if command == "" {
		command, _, _ = strings.Cut(w.text(p, slotCommand, ev), " ")
	}
	w.program(p, ev, command)
}

// program adds a sighting of a program that is started; those of a minute are told as one.
func (w *sights) program(p *sightPlan, ev *event.Event, file string) {
	if file == "" {
		return
	}
	host := w.text(p, slotHost, ev)
	s := w.merge(SawProgram, p, ev, mergeKey{dataset: p.dataset, a: host, b: file, minute: ev.Time / oneMinute})
	if s.Count == 1 {
		s.Program, s.Host, s.User, s.Parent = file, host, w.text(p, slotUser, ev), w.text(p, slotParent, ev)
	}
}

func (w *sights) toldRights(p *sightPlan, ev *event.Event) {
	switch p.raw(slotAction, ev) {
	case "group_member_added", "added-user-to-group", "added-member-to-group":
	default:
		return
	}
	user := w.text(p, slotTarget, ev)
	if user == "" {
		user = w.text(p, slotUser, ev)
	}
	w.grant(p, ev, user, w.text(p, slotGroup, ev), "")
}

// grant adds a sighting of rights that are given.
func (w *sights) grant(p *sightPlan, ev *event.Event, user, what, by string) {
	if user == "" || what == "" || outcomeOf(p.raw(slotOutcome, ev)) == Failed {
		return
	}
	s := w.add(SawGrant, p, ev)
	s.User, s.Host, s.Name, s.Type, s.Source = user, w.text(p, slotHost, ev), what, by, w.address(p, slotSource, ev)
	s.Outcome, s.Admin = Succeeded, isAdminGroup(what)
}

// outcomeOf reads how something ended, in the words of the formats.
func outcomeOf(s string) Outcome {
	switch s {
	case "success", "SUCCESS", "Success", "succeeded", "Succeeded", "0", "allow", "allowed", "ALLOW", "True":
		return Succeeded
	case "failure", "FAILURE", "Failure", "failed", "Failed", "deny", "DENY", "PartialFailure":
		return Failed
	}
	return Undecided
}

// auditd reads what the kernel and its friends tell of programs and logons.
func (w *sights) auditd(p *sightPlan, ev *event.Event) {
	switch p.raw(slotKind, ev) {
	case "SYSCALL", "EXECVE":
		if call := p.raw(slotCode, ev); call == "execve" || call == "execveat" || call == "59" {
			w.program(p, ev, w.words.stable(p.value(slotProgram, ev)))
		}
	case "USER_LOGIN":
		if r := p.raw(slotOutcome, ev); r == "success" || r == "yes" {
			user := w.text(p, slotTarget, ev)
			if user == "" {
				user = w.text(p, slotUser, ev)
			}
			w.logon(p, ev, user, "login")
		}
	case "GRP_MGMT", "USER_MGMT":
		if group := w.text(p, slotGroup, ev); group != "" && p.raw(slotOutcome, ev) == "success" {
			w.grant(p, ev, w.text(p, slotTarget, ev), group, "")
		}
	}
}

// BaseName is the last part of a path of any system, in small letters where it is Windows'.
func BaseName(file string) string {
	if i := strings.LastIndexByte(file, '\\'); i >= 0 {
		return strings.ToLower(file[i+1:])
	}
	return path.Base(file)
}
