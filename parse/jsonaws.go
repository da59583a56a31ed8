package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Further records of Amazon's services, as files and as EventBridge carries them.
// Sources: docs.aws.amazon.com, "GuardDuty finding format", "Route 53 Resolver query logs", "AWS WAF logs", "S3 event message structure".
var (
	guardDuty = jsonDialect{
		format: &event.Format{
			Name: "guardduty", LogSource: event.LogSource{Product: "aws", Service: "guardduty"},
			ECS: map[string][]string{
				"event.action": {"type", "Type"}, "rule.name": {"type", "Type"}, "event.reason": {"title", "Title"}, "message": {"description", "Description", "title"},
				"event.severity": {"severity", "Severity"}, "cloud.account.id": {"accountId", "AccountId"}, "cloud.region": {"region", "Region"},
				"user.name":             {"resource.accessKeyDetails.userName", "Resource.AccessKeyDetails.UserName", "resource.kubernetesDetails.kubernetesUserDetails.username"},
				"host.name":             {"resource.instanceDetails.instanceId", "Resource.InstanceDetails.InstanceId", "resource.eksClusterDetails.name"},
				"threat.indicator.name": {"type"}, "dns.question.name": {"service.action.dnsRequestAction.domain"},
				"network.transport": {"service.action.networkConnectionAction.protocol"}, "event.id": {"id", "Id"},
			},
		},
		any: []string{"service.serviceName", "Service.ServiceName"},
		when: func(l *layout) bool {
			return l.hasAny("type", "Type") && l.hasAny("resource.resourceType", "Resource.ResourceType", "severity", "Severity") && l.hasAny("service.", "Service.")
		},
		times: []string{"updatedAt", "UpdatedAt", "createdAt", "CreatedAt"},
		derive: &derivation{
			made: []string{"event.outcome", "event.category", "source.ip", "source.port", "destination.ip", "destination.port"},
			from: []string{
				"service.action.networkConnectionAction.remoteIpDetails.ipAddressV4", "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4",
				"service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV4", "service.action.rdsLoginAttemptAction.remoteIpDetails.ipAddressV4",
				"service.action.portProbeAction.portProbeDetails", // 4
				"service.action.networkConnectionAction.remotePortDetails.port", "service.action.networkConnectionAction.localPortDetails.port",
				"service.action.networkConnectionAction.connectionDirection", "resource.instanceDetails.networkInterfaces", // 8
			},
			set: func(d *derived, v []event.Value) {
				d.category(v, "intrusion_detection")
				remote := d.first(v, 0, 4)
				if probe := d.text(v, 4); remote == "" && probe != "" {
					_, probe, _ = strings.Cut(probe, `"ipAddressV4"`)
					remote = quotedAfter(probe)
				}
				local := quotedAfter(afterKey(d.text(v, 8), `"privateIpAddress"`))
				mine, theirs := d.text(v, 6), d.text(v, 5)
				if d.text(v, 7) == "OUTBOUND" {
					remote, local, mine, theirs = local, remote, theirs, mine
				}
				d.address(v, makeSource, -1, remote)
				d.address(v, 4, -1, local)
				if theirs != "" {
					d.put(v, makePort, numberValue(theirs))
				}
				if mine != "" {
					d.put(v, 5, numberValue(mine))
				}
			},
		},
	}
	route53 = jsonDialect{
		format: &event.Format{
			Name: "route53", LogSource: event.LogSource{Category: "dns", Product: "aws", Service: "route53"},
			ECS: map[string][]string{
				"source.ip": {"srcaddr"}, "source.port": {"srcport"}, "dns.question.name": {"query_name"}, "dns.question.type": {"query_type"},
				"dns.response_code": {"rcode"}, "query": {"query_name"}, "record_type": {"query_type"}, "network.transport": {"transport"},
				"host.name": {"srcids.instance"}, "cloud.account.id": {"account_id"}, "cloud.region": {"region"}, "rule.name": {"firewall_rule_group_id"},
				"event.action": {"firewall_rule_action"},
			},
		},
		all:   []string{"query_name", "query_type", "srcaddr"},
		times: []string{"query_timestamp"},
	}
	awsWAF = jsonDialect{
		format: &event.Format{
			Name: "waf", LogSource: event.LogSource{Category: "webserver", Product: "aws", Service: "waf"},
			ECS: map[string][]string{
				"source.ip": {"httpRequest.clientIp"}, "event.action": {"action"}, "http.request.method": {"httpRequest.httpMethod"},
				"url.path": {"httpRequest.uri"}, "url.original": {"httpRequest.uri"}, "url.query": {"httpRequest.args"}, "rule.name": {"terminatingRuleId"},
				"cs-method": {"httpRequest.httpMethod"}, "cs-uri": {"httpRequest.uri"}, "cs-uri-stem": {"httpRequest.uri"}, "cs-uri-query": {"httpRequest.args"},
				"c-ip": {"httpRequest.clientIp"}, "cs-user-agent": {"user_agent.original"}, "cs-host": {"url.domain"}, "event.id": {"httpRequest.requestId"},
			},
		},
		all: []string{"webaclId", "action", "httpRequest.clientIp"},
		derive: &derivation{
			made: []string{"event.outcome", "event.category", "user_agent.original", "url.domain"},
			from: []string{"action", "httpRequest.headers"},
			set: func(d *derived, v []event.Value) {
				d.category(v, web)
				switch d.text(v, 0) {
				case "ALLOW", "COUNT":
					d.outcome(v, makeOutcome, 1)
				case "BLOCK", "CAPTCHA", "CHALLENGE":
					d.outcome(v, makeOutcome, -1)
				}
				headers := d.text(v, 1)
				if agent := headerValue(headers, "user-agent"); agent != "" {
					d.put(v, 2, event.Value{Raw: agent, Kind: escapedKind(agent)})
				}
				if host := headerValue(headers, "host"); host != "" {
					d.put(v, 3, textValue(host))
				}
			},
		},
	}
	s3Notification = jsonDialect{
		format: &event.Format{
			Name: "s3event", LogSource: event.LogSource{Product: "aws", Service: "s3"},
			ECS: map[string][]string{
				"event.action": {"eventName"}, "source.ip": {"requestParameters.sourceIPAddress"}, "user.name": {"userIdentity.principalId"},
				"file.path": {"s3.object.key"}, "cloud.region": {"awsRegion"},
			},
		},
		all:   []string{"eventName", "s3.bucket.name"},
		times: []string{"eventTime"},
	}
)

// afterKey returns what follows a key, with its quotes, in JSON text.
func afterKey(s, key string) string {
	_, rest, _ := strings.Cut(s, key)
	return rest
}

// quotedAfter returns the next string of JSON text that is a value: what is in quotes after the next colon.
func quotedAfter(s string) string {
	_, s, _ = strings.Cut(s, `:`)
	_, s, ok := strings.Cut(s, `"`)
	if !ok {
		return ""
	}
	end, _ := jsonStringEnd(s, 0)
	if end < 0 {
		return ""
	}
	return s[:end]
}

// headerValue returns the value of a header, named in lower case, of a list of {"name":…,"value":…}, as it is written.
func headerValue(list, name string) string {
	for list != "" {
		list = afterKey(list, `"name"`)
		if strings.EqualFold(quotedAfter(list), name) {
			return quotedAfter(afterKey(list, `"value"`))
		}
	}
	return ""
}

// escapedKind tells how the inside of a JSON string is to be read.
func escapedKind(s string) event.Kind {
	if strings.IndexByte(s, '\\') >= 0 {
		return event.Escaped
	}
	return event.Text
}
