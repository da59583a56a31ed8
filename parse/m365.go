package parse

import "github.com/tocsin-sec/tocsin/event"

// m365 is Microsoft 365's unified audit log. Source: learn.microsoft.com, Office 365 Management Activity API schema.
var m365 = jsonDialect{
	format: &event.Format{
		Name:      "m365",
		LogSource: event.LogSource{Product: "m365", Service: "audit"},
		ECS: map[string][]string{
			"event.action":        {"Operation"},
			"event.provider":      {"Workload"},
			"event.id":            {"Id"},
			"event.outcome":       {"ResultStatus"},
			"user.name":           {"UserId", "UserKey"},
			"user.id":             {"UserKey"},
			"source.ip":           {"ClientIP", "ClientIPAddress", "ActorIpAddress", "SenderIp"},
			"user_agent.original": {"UserAgent"},
			"cloud.account.id":    {"OrganizationId"},
			"file.name":           {"SourceFileName"},
			"url.full":            {"ObjectId"},
			"rule.name":           {"Name", "AlertEntityId"},
			"host.name":           {"OriginatingServer"},
			"eventSource":         {"Workload", "Source"},
			"eventName":           {"Name", "Operation"},
			"status":              {"ResultStatus", "Status"},
			"Payload":             {"Data", "Parameters"},
		},
	},
	all:    []string{"Operation", "Workload"},
	times:  []string{"CreationTime"},
	derive: m365Derive,
}
