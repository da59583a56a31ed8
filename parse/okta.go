package parse

import "github.com/tocsin-sec/tocsin/event"

// okta is Okta's system log. Source: developer.okta.com, System Log API, LogEvent.
var okta = jsonDialect{
	format: &event.Format{
		Name:      "okta",
		LogSource: event.LogSource{Product: "okta", Service: "okta"},
		ECS: map[string][]string{
			"event.action":        {"eventType"},
			"event.id":            {"uuid"},
			"event.outcome":       {"outcome.result"},
			"event.reason":        {"outcome.reason"},
			"user.name":           {"actor.alternateId", "actor.displayName"},
			"user.id":             {"actor.id"},
			"user.target.name":    {"target.alternateId", "target.displayName"},
			"source.ip":           {"client.ipAddress", "request.ipChain.ip"},
			"user_agent.original": {"client.userAgent.rawUserAgent"},
			"message":             {"displayMessage"},
			// names of the older interface, which rules still use
			"eventtype":                                  {"eventType"},
			"debugcontext.debugdata.requesturi":          {"debugContext.debugData.requestUri"},
			"actor.alternateid":                          {"actor.alternateId"},
			"target.displayname":                         {"target.displayName"},
			"target.user.display.name":                   {"target.displayName"},
			"securitycontext.isproxy":                    {"securityContext.isProxy"},
			"debugContext.debugData.logOnlySecurityData": {"debugContext.debugData.behaviors"},
		},
	},
	any: []string{"eventType", "eventtype", "legacyEventType"},
	when: func(l *layout) bool {
		return l.has("published") && l.hasAny("actor.", "uuid", "outcome.") ||
			l.hasAny("actor.alternateId", "actor.alternateid") && l.hasAny("outcome.", "client.", "displayMessage", "securityContext.", "securitycontext.")
	},
	times:  []string{"published"},
	derive: oktaDerive,
	vendor: "Okta", product: "System Log",
}
