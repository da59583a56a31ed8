package parse

import (
	"maps"

	"github.com/tocsin-sec/tocsin/event"
)

// Azure and Entra ID write the same records in several spellings: as diagnostic settings export them (names below
// "properties"), as the Graph interface answers (camel case) and as Log Analytics tables have them (Pascal case). Names
// are found whatever their case is, so what the tables map is only where a record keeps a thing.
// Source: learn.microsoft.com, Azure Monitor log schemas.
var azureECS = map[string][]string{
	"event.action": {
		"operationName", "OperationNameValue", "OperationName", "activityDisplayName", "properties.activityDisplayName", "riskEventType",
	},
	"event.outcome": {"resultType", "ResultType", "result", "properties.result", "status", "ActivityStatusValue"},
	"source.ip": {
		"callerIpAddress", "CallerIPAddress", "CallerIpAddress", "ipAddress", "IPAddress", "properties.ipAddress", "httpRequest.clientIpAddress",
		"initiatedBy.user.ipAddress", "properties.initiatedBy.user.ipAddress", "InitiatedBy.user.ipAddress",
	},
	"user.name": {
		"caller", "Caller", "userPrincipalName", "UserPrincipalName", "properties.userPrincipalName", "initiatedBy.user.userPrincipalName",
		"properties.initiatedBy.user.userPrincipalName", "InitiatedBy.user.userPrincipalName", "properties.userDisplayName", "identity", "Identity",
		"initiatedBy.app.displayName", "properties.initiatedBy.app.displayName",
	},
	"user.id":             {"userId", "UserId", "properties.userId", "properties.initiatedBy.user.id"},
	"user_agent.original": {"userAgent", "UserAgent", "properties.userAgent"},
	"cloud.account.id":    {"tenantId", "TenantId", "subscriptionId", "SubscriptionId", "properties.tenantId"},
	"cloud.region":        {"location", "Location", "properties.location.countryOrRegion"},
	"host.name":           {"resourceId", "ResourceId", "_ResourceId", "properties.deviceDetail.displayName", "deviceDetail.displayName"},
	"message":             {"resultDescription", "ResultDescription", "properties.message"},

	// the names that rules use
	"operationName":      {"OperationNameValue", "activityDisplayName", "properties.activityDisplayName"},
	"OperationName":      {"activityDisplayName", "properties.activityDisplayName"},
	"OperationNameValue": {"operationName"},
	"CategoryValue":      {"category", "Category"},
	"Category":           {"properties.category"},
	"ResourceProviderValue": {
		"resourceProviderName", "properties.resourceProviderValue", "resourceProvider",
	},
	"ResourceId":          {"properties.resource"},
	"properties.message":  {"properties.activityDisplayName", "activityDisplayName", "operationName", "OperationName"},
	"ActivityDisplayName": {"properties.activityDisplayName", "operationName"},
	"activityType":        {"properties.activityType", "activityDisplayName", "properties.activityDisplayName", "operationName", "OperationName"},
	"ActivityType":        {"properties.activityType", "activityDisplayName", "properties.activityDisplayName", "operationName", "OperationName"},
	"LoggedByService":     {"properties.loggedByService"},
	"Status":              {"result", "properties.result", "Result", "status", "resultType"},
	"properties.result":   {"result", "Result", "resultType"},
	"Target":              {"targetResources.userPrincipalName", "properties.targetResources.userPrincipalName", "TargetResources.userPrincipalName"},
	"TargetResources":     {"properties.targetResources", "targetResources"},

	"properties.targetResources":                  {"targetResources", "TargetResources"},
	"targetResources.type":                        {"properties.targetResources.type", "TargetResources.type"},
	"TargetResources.modifiedProperties":          {"properties.targetResources.modifiedProperties", "targetResources.modifiedProperties"},
	"TargetResources.modifiedProperties.newValue": {"properties.targetResources.modifiedProperties.newValue", "targetResources.modifiedProperties.newValue"},
	"TargetResources.ModifiedProperties.NewValue": {
		"TargetResources.modifiedProperties.newValue", "properties.targetResources.modifiedProperties.newValue",
		"targetResources.modifiedProperties.newValue",
	},
	"TargetResources.ModifiedProperties.DisplayName": {
		"TargetResources.modifiedProperties.displayName", "properties.targetResources.modifiedProperties.displayName",
		"targetResources.modifiedProperties.displayName",
	},
	"properties.initiatedBy":           {"initiatedBy", "InitiatedBy"},
	"Initiatedby":                      {"properties.initiatedBy", "initiatedBy", "InitiatedBy"},
	"Initiatied.By":                    {"properties.initiatedBy", "initiatedBy", "InitiatedBy"},
	"additionalDetails.additionalInfo": {"properties.additionalDetails.value", "additionalDetails.value", "AdditionalDetails.value"},
	"failure_status_reason":            {"properties.resultReason", "resultReason", "ResultReason"},

	"ResultType":                           {"properties.status.errorCode", "status.errorCode", "resultType"},
	"resultType":                           {"properties.status.errorCode", "status.errorCode"},
	"ResultDescription":                    {"properties.status.failureReason", "status.failureReason"},
	"AuthenticationRequirement":            {"properties.authenticationRequirement"},
	"location":                             {"properties.location.countryOrRegion", "location.countryOrRegion"},
	"userAgent":                            {"properties.userAgent"},
	"homeTenantId":                         {"properties.homeTenantId"},
	"resourceTenantId":                     {"properties.resourceTenantId"},
	"RiskState":                            {"properties.riskState"},
	"riskEventType":                        {"properties.riskEventType"},
	"ResourceDisplayName":                  {"properties.resourceDisplayName"},
	"conditionalAccessStatus":              {"properties.conditionalAccessStatus"},
	"NetworkLocationDetails":               {"properties.networkLocationDetails"},
	"DeviceDetail.deviceId":                {"properties.deviceDetail.deviceId"},
	"DeviceDetail.trusttype":               {"properties.deviceDetail.trustType"},
	"DeviceDetail.isCompliant":             {"properties.deviceDetail.isCompliant"},
	"properties.deviceDetail.deviceId":     {"deviceDetail.deviceId", "DeviceDetail.deviceId"},
	"properties.appId":                     {"appId", "AppId"},
	"properties.authenticationRequirement": {"authenticationRequirement", "AuthenticationRequirement"},
	"ClientApp":                            {"clientAppUsed", "ClientAppUsed", "properties.clientAppUsed"},
	"Username":                             {"userPrincipalName", "UserPrincipalName", "properties.userPrincipalName"},
}

// entraECS is azureECS for what Entra ID records: the resource of its records is the tenant, which is nobody's host.
var entraECS = func() map[string][]string {
	ecs := maps.Clone(azureECS)
	ecs["host.name"] = []string{"properties.deviceDetail.displayName", "deviceDetail.displayName", "DeviceDetail.displayName"}
	return ecs
}()

func azureFormat(service string, ecs map[string][]string) *event.Format {
	return &event.Format{Name: "azure." + service, LogSource: event.LogSource{Product: "azure", Service: service}, ECS: ecs}
}

var azureTimes = []string{
	"time", "TimeGenerated", "eventTimestamp", "createdDateTime", "CreatedDateTime", "activityDateTime", "ActivityDateTime", "detectedDateTime",
}

var (
	azureRisk = jsonDialect{
		format: azureFormat("riskdetection", entraECS),
		any:    []string{"riskEventType", "properties.riskEventType", "RiskEventType"},
		when:   (*layout).azure,
		times:  azureTimes,
		derive: azureDerive("threat"),
	}
	azureSignIn = jsonDialect{
		format: azureFormat("signinlogs", entraECS),
		any: []string{
			"properties.appDisplayName", "appDisplayName", "AppDisplayName", "properties.clientAppUsed", "clientAppUsed", "ClientAppUsed",
			"properties.conditionalAccessStatus", "conditionalAccessStatus", "ConditionalAccessStatus", "properties.authenticationRequirement",
			"properties.servicePrincipalName", "AuthenticationRequirement",
		},
		when:   (*layout).azure,
		times:  azureTimes,
		derive: azureDerive(authentication),
	}
	azureAudit = jsonDialect{
		format: azureFormat("auditlogs", entraECS),
		any: []string{
			"properties.activityDisplayName", "activityDisplayName", "ActivityDisplayName", "properties.loggedByService", "loggedByService",
			"LoggedByService", "properties.targetResources", "TargetResources",
		},
		when:   (*layout).azure,
		times:  azureTimes,
		derive: azureDerive(iam),
	}
	azureActivity = jsonDialect{
		format: azureFormat("activitylogs", azureECS),
		any:    []string{"operationName", "OperationNameValue", "operationName.value"},
		not:    []string{"protoPayload.", "Workload", "eventSource", "properties.ActionType", "properties.SourceIp", "properties.clientIP", "properties.clientIp"},
		adapt: func(l *layout) {
			for _, n := range [...]string{"operationName", "category", "status", "resourceProviderName", "eventName"} {
				l.rename(n+".value", n)
			}
		},
		when:   (*layout).azure,
		times:  azureTimes,
		derive: azureDerive(configuration),
	}
)

// azure tells whether a record can be of Azure at all.
func (l *layout) azure() bool {
	return l.hasAny("resourceId", "ResourceId", "_ResourceId", "tenantId", "TenantId", "correlationId", "CorrelationId", "subscriptionId", "SubscriptionId",
		"riskEventType", "properties.riskEventType", "activityDisplayName", "userPrincipalName", "UserPrincipalName", "properties.tenantId")
}
