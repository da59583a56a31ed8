package parse

import "github.com/tocsin-sec/tocsin/event"

// cloudTrail is the log of calls to Amazon's interfaces. Source: docs.aws.amazon.com, "CloudTrail record contents".
var cloudTrail = jsonDialect{
	format: &event.Format{
		Name:      "cloudtrail",
		LogSource: event.LogSource{Product: "aws", Service: "cloudtrail"},
		ECS: map[string][]string{
			"event.action":        {"eventName"},
			"event.provider":      {"eventSource"},
			"event.id":            {"eventID"},
			"source.ip":           {"sourceIPAddress"},
			"source.address":      {"sourceIPAddress"},
			"src_ip":              {"sourceIPAddress"},
			"user.name":           {"userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.arn", "userIdentity.invokedBy", "userIdentity.principalId", "userIdentity.type"},
			"user.id":             {"userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId"},
			"user.type":           {"userIdentity.type"},
			"user.target.name":    {"requestParameters.userName"},
			"cloud.account.id":    {"recipientAccountId", "userIdentity.accountId"},
			"cloud.region":        {"awsRegion"},
			"user_agent.original": {"userAgent"},
			"error.code":          {"errorCode"},
			"error.message":       {"errorMessage"},
			"status":              {"responseElements.ConsoleLogin", "errorCode"},
			"host.name":           {"requestParameters.instanceId"},
		},
	},
	all:    []string{"eventSource", "eventName"},
	any:    []string{"awsRegion", "eventVersion", "userIdentity.", "eventID"},
	not:    []string{"Workload", "s3.bucket.name"},
	times:  []string{"eventTime"},
	derive: cloudTrailDerive,
}
