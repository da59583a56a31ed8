package parse

import "github.com/tocsin-sec/tocsin/event"

// kubernetesAudit is the audit log of a Kubernetes API server. Source: kubernetes.io, audit.k8s.io/v1 Event.
var kubernetesAudit = jsonDialect{
	format: &event.Format{
		Name:      "kubernetes",
		LogSource: event.LogSource{Category: "application", Product: "kubernetes", Service: "audit"},
		ECS: map[string][]string{
			"event.action":              {"verb"},
			"event.id":                  {"auditID"},
			"user.name":                 {"user.username", "impersonatedUser.username"},
			"user.id":                   {"user.uid"},
			"source.ip":                 {"sourceIPs"},
			"user_agent.original":       {"userAgent"},
			"url.path":                  {"requestURI"},
			"url.original":              {"requestURI"},
			"http.response.status_code": {"responseStatus.code"},
			"event.outcome":             {"annotations.authorization.k8s.io/decision"},
			"orchestrator.namespace":    {"objectRef.namespace"},
			"apiGroup":                  {"objectRef.apiGroup"},
			"hostPath":                  {"requestObject.spec.volumes.hostPath", "requestObject.spec.template.spec.volumes.hostPath"},
			"capabilities": {
				"requestObject.spec.containers.securityContext.capabilities",
				"requestObject.spec.template.spec.containers.securityContext.capabilities",
			},
		},
	},
	all:    []string{"verb"},
	any:    []string{"auditID", "objectRef.", "requestURI"},
	times:  []string{"requestReceivedTimestamp", "stageTimestamp"},
	derive: kubernetesDerive,
}
