package sight

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// cloudTrail reads what somebody does in Amazon's cloud: who is at work from where, what rights are given, what is read.
func (w *sights) cloudTrail(p *sightPlan, ev *event.Event) {
	if p.raw(slotKind, ev) == "AWSService" {
		return
	}
	user := w.text(p, slotUser, ev)
	action := p.raw(slotAction, ev)
	failed := p.raw(slotOutcome, ev) != ""
	switch action {
	case "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy", "AddUserToGroup", "PutUserPolicy":
		if failed {
			return
		}
		target := w.text(p, slotTarget, ev)
		if target == "" {
			target = user
		}
		if name := w.text(p, slotName, ev); name != "" {
			s := w.add(SawGrant, p, ev)
			s.User, s.Name, s.Type, s.Outcome, s.Admin = target, name, user, Succeeded, isAdminGroup(name)
			s.Source = w.address(p, slotSource, ev)
		}
	case "GetObject", "GetSecretValue", "GetParameter", "GetParameters", "BatchGetItem", "GetItem", "Scan", "SelectObjectContent", "CopyObject":
		if !failed {
			w.read(p, ev, user)
		}
	}
	if !failed && w.address(p, slotSource, ev).IsValid() {
		w.logon(p, ev, user, "AWS")
	}
}

// cloud reads sign-ins, roles and reads of Microsoft's, Google's and Okta's logs.
func (w *sights) cloud(p *sightPlan, ev *event.Event) {
	action := p.raw(slotAction, ev)
	switch action {
	case "Sign-in activity", "user.session.start", "UserLoggedIn", "login_success", "google.login.LoginService.loginSuccess":
		if outcomeOf(p.raw(slotOutcome, ev)) != Failed {
			w.logon(p, ev, w.low(p, slotUser, ev), strings.SplitN(p.dataset, ".", 2)[0])
		}
	case "Add member to role.", "Add member to role", "Add eligible member to role", "Add member to role completed (PIM activation)",
		"user.account.privilege.grant", "group.privilege.grant", "SetIamPolicy", "ASSIGN_ROLE", "Microsoft.Authorization/roleAssignments/write":
		w.cloudGrant(p, ev)
	case "FileDownloaded", "FileAccessed", "FileSyncDownloadedFull", "MailItemsAccessed", "storage.objects.get", "download":
		w.read(p, ev, w.low(p, slotUser, ev))
	}
}

func (w *sights) cloudGrant(p *sightPlan, ev *event.Event) {
	user := firstOf(w.text(p, slotMember, ev))
	if user == "" {
		user = w.text(p, slotTarget, ev)
	}
	role := w.text(p, slotName, ev)
	for name := range p.value(slotName, ev).Elements() {
		if s := strings.Trim(name.String(), `"`); isAdminGroup(s) {
			role = strings.Clone(s)
		}
	}
	if role == "" {
		role = strings.Clone(p.raw(slotAction, ev))
	}
	w.grant(p, ev, user, firstOf(role), w.low(p, slotUser, ev))
}

// firstOf takes the first of a list written as JSON, and anything else as it is.
func firstOf(s string) string {
	if !strings.HasPrefix(s, "[") {
		return s
	}
	for v := range (event.Value{Raw: s, Kind: event.List}).Elements() {
		return strings.Clone(v.String())
	}
	return ""
}
