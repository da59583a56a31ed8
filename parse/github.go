package parse

import "github.com/tocsin-sec/tocsin/event"

// gitHub is the audit log of a GitHub organisation or enterprise. Source: docs.github.com, audit log events.
var gitHub = jsonDialect{
	format: &event.Format{
		Name:      "github",
		LogSource: event.LogSource{Product: "github", Service: "audit"},
		ECS: map[string][]string{
			"event.action":        {"action"},
			"event.id":            {"_document_id"},
			"user.name":           {"actor", "user"},
			"user.target.name":    {"user"},
			"source.ip":           {"actor_ip"},
			"user_agent.original": {"user_agent"},
			"cloud.account.id":    {"org", "business"},
		},
	},
	all:    []string{"action", "actor"},
	any:    []string{"org", "repo", "business", "_document_id", "actor_location.country_code", "org_id"},
	times:  []string{"created_at", "@timestamp", "timestamp"},
	derive: gitHubDerive,
}

// bitbucket is the audit log of Bitbucket Data Center.
var bitbucket = jsonDialect{
	format: &event.Format{
		Name:      "bitbucket",
		LogSource: event.LogSource{Product: "bitbucket", Service: "audit"},
		ECS: map[string][]string{
			"event.action":   {"auditType.action"},
			"event.category": {"auditType.category"},
			"user.name":      {"author.name"},
			"source.ip":      {"source"},
		},
	},
	all:   []string{"auditType.action"},
	times: []string{"timestamp"},
}
