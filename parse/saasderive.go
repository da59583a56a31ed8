package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// What is derived for the records of services.

var oktaDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"outcome.result", "eventType"},
	set: func(d *derived, v []event.Value) {
		d.outcome(v, makeOutcome, wordOutcome(d.text(v, 0)))
		switch kind := d.text(v, 1); {
		case strings.HasPrefix(kind, "user.session."), strings.HasPrefix(kind, "user.authentication."), strings.HasPrefix(kind, "user.mfa.attempt"),
			strings.HasPrefix(kind, "policy.evaluate_sign_on"), strings.HasPrefix(kind, "app.oauth2."):
			d.category(v, authentication)
		case strings.HasPrefix(kind, "user."), strings.HasPrefix(kind, "group."), strings.HasPrefix(kind, "application.user_membership"):
			d.category(v, iam)
		default:
			d.category(v, configuration)
		}
	},
}

var workspaceDerive = &derivation{
	made: []string{"event.outcome", "event.category", "source.ip", "source.port"},
	from: []string{"id.applicationName", "events", "name", "ipAddress"},
	set: func(d *derived, v []event.Value) {
		d.address(v, makeSource, makePort, d.text(v, 3))
		name := d.first(v, 1, 3)
		switch d.text(v, 0) {
		case "login":
			d.category(v, authentication)
			switch {
			case strings.Contains(name, "login_failure"), strings.Contains(name, "login_challenge"), strings.Contains(name, "blocked"):
				d.outcome(v, makeOutcome, -1)
			case strings.Contains(name, "login_success"), strings.Contains(name, "logout"):
				d.outcome(v, makeOutcome, 1)
			}
		case "admin", "groups", "groups_enterprise", "user_accounts":
			d.category(v, iam)
		case "drive":
			d.category(v, file)
		}
	},
}

var duoDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"result", "event_type"},
	set: func(d *derived, v []event.Value) {
		result := d.text(v, 0)
		if result == "" {
			return
		}
		d.category(v, authentication)
		d.outcome(v, makeOutcome, wordOutcome(result))
	},
}

var gitHubDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"action"},
	set: func(d *derived, v []event.Value) {
		action := d.text(v, 0)
		switch {
		case strings.HasPrefix(action, "user.login"), strings.HasPrefix(action, "user.failed_login"), strings.HasPrefix(action, "user.two_factor"), strings.HasPrefix(action, "user.correct_password"):
			d.category(v, authentication)
			d.outcome(v, makeOutcome, 1)
			if strings.Contains(action, "fail") {
				d.outcome(v, makeOutcome, -1)
			}
		case strings.HasPrefix(action, "org."), strings.HasPrefix(action, "team."), strings.HasPrefix(action, "business."), strings.Contains(action, "member"),
			strings.HasPrefix(action, "public_key."), strings.HasPrefix(action, "personal_access_token"), strings.HasPrefix(action, "oauth_"):
			d.category(v, iam)
		default:
			d.category(v, configuration)
		}
	},
}

var oneLoginDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"event_type_id"},
	set: func(d *derived, v []event.Value) {
		switch d.text(v, 0) { // OneLogin, "Event Types"
		case "5", "8", "11", "22", "29":
			d.category(v, authentication)
			d.outcome(v, makeOutcome, 1)
		case "6", "9", "19", "21", "149", "901", "902":
			d.category(v, authentication)
			d.outcome(v, makeOutcome, -1)
		default:
			d.category(v, iam)
		}
	},
}
