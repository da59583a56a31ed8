package parse

import "github.com/tocsin-sec/tocsin/event"

// gcpAudit is Google Cloud's audit log. Source: cloud.google.com/logging, LogEntry and AuditLog.
var gcpAudit = jsonDialect{
	format: &event.Format{
		Name:      "gcp.audit",
		LogSource: event.LogSource{Product: "gcp", Service: "gcp.audit"},
		ECS: map[string][]string{
			"event.action":          {"protoPayload.methodName"},
			"event.provider":        {"protoPayload.serviceName"},
			"event.id":              {"insertId"},
			"user.name":             {"protoPayload.authenticationInfo.principalEmail", "protoPayload.authenticationInfo.principalSubject"},
			"source.ip":             {"protoPayload.requestMetadata.callerIp"},
			"user_agent.original":   {"protoPayload.requestMetadata.callerSuppliedUserAgent"},
			"cloud.account.id":      {"resource.labels.project_id"},
			"cloud.region":          {"resource.labels.location"},
			"error.code":            {"protoPayload.status.code"},
			"error.message":         {"protoPayload.status.message"},
			"gcp.audit.method_name": {"protoPayload.methodName"},
			// rules name these as the log router's Pub/Sub messages and the SIEMs behind them do
			"data.protoPayload.serviceName":                  {"protoPayload.serviceName"},
			"data.protoPayload.methodName":                   {"protoPayload.methodName"},
			"data.protoPayload.resource.type":                {"resource.type"},
			"data.protoPayload.logName":                      {"logName"},
			"data.protoPayload.authorizationInfo.permission": {"protoPayload.authorizationInfo.permission"},
			"data.protoPayload.authorizationInfo.granted":    {"protoPayload.authorizationInfo.granted"},
			// Google Workspace's events come the same way
			"eventService":             {"protoPayload.serviceName"},
			"eventName":                {"protoPayload.metadata.event.eventName", "protoPayload.metadata.eventName", "protoPayload.methodName"},
			"protoPayload.Servicename": {"protoPayload.serviceName"},
			"setting_name":             {"protoPayload.metadata.event.parameter.value"},
			"new_value":                {"protoPayload.metadata.event.parameter.value"},
		},
	},
	any:    []string{"protoPayload.methodName", "protoPayload.serviceName", "protoPayload.@type"},
	times:  []string{"timestamp", "receiveTimestamp"},
	adapt:  func(l *layout) { l.strip("data.") },
	derive: gcpDerive,
}

// gcpRouted is gcpAudit within the message of a log router.
var gcpRouted = jsonDialect{
	format: gcpAudit.format,
	any:    []string{"data.protoPayload.methodName", "data.protoPayload.serviceName"},
	times:  gcpAudit.times,
	adapt:  gcpAudit.adapt,
	derive: gcpDerive,
}

// workspace is an activity as the Reports API of Google Workspace lists it.
var workspace = jsonDialect{
	format: &event.Format{
		Name:      "google_workspace",
		LogSource: event.LogSource{Product: "gcp", Service: "google_workspace"},
		ECS: map[string][]string{
			"event.action":                          {"events.name", "name"},
			"event.provider":                        {"id.applicationName"},
			"user.name":                             {"actor.email", "actor.profileId"},
			"source.ip":                             {"ipAddress"},
			"eventName":                             {"events.name", "name"},
			"eventService":                          {"id.applicationName"},
			"setting_name":                          {"events.parameters.value"},
			"new_value":                             {"events.parameters.value"},
			"protoPayload.metadata.event.eventName": {"events.name", "name"},
		},
	},
	all:    []string{"id.applicationName"},
	any:    []string{"actor.email", "actor.profileId", "events", "kind"},
	times:  []string{"id.time"},
	derive: workspaceDerive,
}
