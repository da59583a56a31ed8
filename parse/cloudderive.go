package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// What is derived for the records of clouds. Each function reads the native fields that are listed above it.

var cloudTrailDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"errorCode", "errorMessage", "responseElements.ConsoleLogin", "eventName", "eventSource"},
	set: func(d *derived, v []event.Value) {
		verdict := int8(1)
		if login := d.text(v, 2); d.first(v, 0, 2) != "" || login != "" && wordOutcome(login) < 0 {
			verdict = -1
		}
		d.outcome(v, makeOutcome, verdict)
		name := d.text(v, 3)
		switch {
		case name == "ConsoleLogin", name == "GetSessionToken", name == "GetFederationToken", strings.HasPrefix(name, "AssumeRole"),
			name == "UserAuthentication", name == "CredentialChallenge", name == "SwitchRole":
			d.category(v, authentication)
		case strings.HasPrefix(d.text(v, 4), "iam."), strings.HasPrefix(d.text(v, 4), "sso"):
			d.category(v, iam)
		case strings.HasPrefix(name, "Get"), strings.HasPrefix(name, "List"), strings.HasPrefix(name, "Describe"), strings.HasPrefix(name, "Lookup"):
		default:
			d.category(v, configuration)
		}
	},
}

var kubernetesDerive = &derivation{
	made: []string{"event.outcome", "event.category", "source.ip", "source.port"},
	from: []string{"responseStatus.code", "annotations.authorization.k8s.io/decision", "sourceIPs", "objectRef.resource"},
	set: func(d *derived, v []event.Value) {
		d.address(v, makeSource, makePort, d.text(v, 2))
		if status := d.text(v, 0); status != "" {
			d.put(v, makeOutcome, statusOutcome(status))
		}
		if d.text(v, 1) == "forbid" {
			d.outcome(v, makeOutcome, -1)
		} else if d.text(v, 0) == "" {
			d.outcome(v, makeOutcome, wordOutcome(d.text(v, 1)))
		}
		switch d.text(v, 3) {
		case "roles", "rolebindings", "clusterroles", "clusterrolebindings", "serviceaccounts":
			d.category(v, iam)
		case "tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews":
			d.category(v, authentication)
		default:
			d.category(v, configuration)
		}
	},
}

var gcpDerive = &derivation{
	made: []string{"event.outcome", "event.category"},
	from: []string{"protoPayload.status.code", "protoPayload.authorizationInfo.granted", "protoPayload.serviceName", "protoPayload.methodName", "severity"},
	set: func(d *derived, v []event.Value) {
		code, granted := d.text(v, 0), d.text(v, 1)
		switch {
		case code != "" && code != "0", strings.Contains(granted, "false"):
			d.outcome(v, makeOutcome, -1)
		default:
			d.outcome(v, makeOutcome, 1)
		}
		switch service := d.text(v, 2); {
		case service == "login.googleapis.com", strings.HasPrefix(service, "sts."):
			d.category(v, authentication)
		case service == "iam.googleapis.com", service == "iamcredentials.googleapis.com", service == "admin.googleapis.com",
			strings.HasSuffix(d.text(v, 3), "SetIamPolicy"):
			d.category(v, iam)
		default:
			d.category(v, configuration)
		}
	},
}

// azureFrom are the native fields of what Azure and Entra ID write, in all spellings.
var azureFrom = []string{
	"resultType", "ResultType", "resultSignature", "properties.status.errorCode", "status.errorCode", "Status.errorCode", // 0 to 5
	"result", "properties.result", "Result", "status", "Status", "ActivityStatusValue", // 6 to 11
	"callerIpAddress", "CallerIpAddress", "CallerIPAddress", "ipAddress", "IPAddress", "properties.ipAddress", "httpRequest.clientIpAddress", // 12 to 18
	"properties.initiatedBy.user.ipAddress", "initiatedBy.user.ipAddress", "InitiatedBy.user.ipAddress", // 19 to 21
	"caller", "Caller", "properties.userPrincipalName", "userPrincipalName", "UserPrincipalName", // 22 to 26
	"properties.initiatedBy.user.userPrincipalName", "initiatedBy.user.userPrincipalName", "InitiatedBy.user.userPrincipalName", // 27 to 29
	"identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",                                                   // 30
	"identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "identity.claims.name", "identity.claims.appid", // 31 to 33
	"properties.userDisplayName", "identity", "Identity", "properties.initiatedBy.app.displayName", "initiatedBy.app.displayName", // 34 to 38
}

// azureDerive returns the derivation of records of a category.
func azureDerive(category string) *derivation {
	return &derivation{made: madeCommon, from: azureFrom, set: func(d *derived, v []event.Value) {
		d.category(v, category)
		d.address(v, makeSource, makePort, d.first(v, 12, 22))
		d.put(v, makeUser, d.value(v, 22, 39))
		if code := d.first(v, 3, 6); code != "" {
			if code == "0" {
				d.outcome(v, makeOutcome, 1)
			} else {
				d.outcome(v, makeOutcome, -1)
			}
			return
		}
		for _, word := range [...]string{d.first(v, 0, 2), d.first(v, 6, 12), d.text(v, 2)} {
			switch {
			case word == "":
				continue
			case number.holds(word) && word != "0" && category == authentication: // the number of an error
				d.outcome(v, makeOutcome, -1)
			case wordOutcome(word) != 0:
				d.outcome(v, makeOutcome, wordOutcome(word))
			default:
				continue
			}
			return
		}
	}}
}

var m365Derive = &derivation{
	made: []string{"event.outcome", "event.category", "source.ip", "source.port"},
	from: []string{"ResultStatus", "LogonError", "Operation", "ClientIP", "ClientIPAddress", "ActorIpAddress", "SenderIp", "Workload"},
	set: func(d *derived, v []event.Value) {
		operation := d.text(v, 2)
		d.address(v, makeSource, makePort, d.first(v, 3, 7))
		verdict := wordOutcome(d.text(v, 0))
		if d.text(v, 1) != "" || operation == "UserLoginFailed" {
			verdict = -1
		}
		d.outcome(v, makeOutcome, verdict)
		switch workload := d.text(v, 7); {
		case strings.HasPrefix(operation, "UserLog"), operation == "MailboxLogin":
			d.category(v, authentication)
		case workload == "AzureActiveDirectory", strings.HasSuffix(operation, "RoleGroupMember"), strings.HasSuffix(operation, "MailboxPermission"):
			d.category(v, iam)
		case strings.HasPrefix(operation, "File"), strings.HasPrefix(operation, "Folder"), strings.HasPrefix(operation, "Sharing"):
			d.category(v, file)
		case operation == "MailItemsAccessed", strings.HasPrefix(operation, "Send"), strings.HasSuffix(operation, "Delete"):
			d.category(v, email)
		default:
			d.category(v, configuration)
		}
	},
}
