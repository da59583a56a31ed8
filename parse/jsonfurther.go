package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Further services. Sources: cloud.google.com "VPC Flow Logs" and "Firewall Rules Logging", docs.github.com "Webhook
// events and payloads", CrowdStrike "Streaming API event dictionary", Envoy "Access logging".
var (
	gcpFlow = jsonDialect{
		format: &event.Format{
			Name: "gcp.flow", LogSource: event.LogSource{Category: "firewall", Product: "gcp", Service: "vpcflow"},
			ECS: map[string][]string{
				"source.ip": {"jsonPayload.connection.src_ip"}, "source.port": {"jsonPayload.connection.src_port"},
				"destination.ip": {"jsonPayload.connection.dest_ip"}, "destination.port": {"jsonPayload.connection.dest_port"},
				"source.bytes": {"jsonPayload.bytes_sent"}, "event.action": {"jsonPayload.disposition", "jsonPayload.reporter"},
				"rule.name": {"jsonPayload.rule_details.reference"}, "network.direction": {"jsonPayload.rule_details.direction"},
				"host.name": {"jsonPayload.instance.vm_name", "jsonPayload.src_instance.vm_name", "jsonPayload.dest_instance.vm_name"},
				"src_ip":    {"jsonPayload.connection.src_ip"}, "dst_ip": {"jsonPayload.connection.dest_ip"}, "dst_port": {"jsonPayload.connection.dest_port"},
				"action": {"jsonPayload.disposition"},
			},
		},
		all:   []string{"jsonPayload.connection.src_ip", "jsonPayload.connection.dest_ip"},
		times: []string{"timestamp", "receiveTimestamp"},
		derive: &derivation{
			made: []string{"event.outcome", "event.category", "network.transport"},
			from: []string{"jsonPayload.disposition", "jsonPayload.connection.protocol"},
			set: func(d *derived, v []event.Value) {
				d.category(v, network)
				d.outcome(v, makeOutcome, verdictOf(d.text(v, 0)))
				if t := transportOf(d.text(v, 1)); t != "" {
					d.put(v, 2, textValue(t))
				}
			},
		},
	}
	gitHubWebhook = jsonDialect{
		format: &event.Format{
			Name: "github_webhook", LogSource: event.LogSource{Product: "github", Service: "webhook"},
			ECS: map[string][]string{
				"event.action": {"action"}, "user.name": {"sender.login"}, "cloud.account.id": {"organization.login", "enterprise.slug"},
				"user.target.name": {"member.login", "membership.user.login"}, "host.name": {"repository.full_name"}, "rule.name": {"alert.rule.description"},
			},
		},
		all:   []string{"sender.login"},
		any:   []string{"repository.full_name", "organization.login", "hook_id", "installation.id"},
		times: []string{"alert.updated_at", "alert.created_at", "head_commit.timestamp", "repository.updated_at", "repository.pushed_at"},
		derive: &derivation{made: []string{"event.category"}, from: []string{"action"}, set: func(d *derived, v []event.Value) {
			d.put(v, 0, textValue(configuration))
			if strings.Contains(d.text(v, 0), "member") {
				d.put(v, 0, textValue(iam))
			}
		}},
	}
	crowdStrike = jsonDialect{
		format: &event.Format{
			Name: "crowdstrike", LogSource: event.LogSource{Product: "crowdstrike", Service: "falcon"},
			ECS: map[string][]string{
				"event.action": {"metadata.eventType"}, "rule.name": {"event.DetectName", "event.Name", "event.IncidentType"}, "host.name": {"event.ComputerName", "event.Hostname"},
				"user.name": {"event.UserName", "event.UserId"}, "source.ip": {"event.LocalIP", "event.UserIp", "event.LocalIPv4"}, "process.name": {"event.FileName"},
				"process.command_line": {"event.CommandLine"}, "process.executable": {"event.FilePath"}, "file.hash.sha256": {"event.SHA256String"},
				"event.severity": {"event.SeverityName", "event.Severity"}, "file.name": {"event.FileName"}, "CommandLine": {"event.CommandLine"},
				"event.reason": {"event.DetectDescription", "event.Description"}, "event.code": {"event.OperationName"},
			},
		},
		all:   []string{"metadata.eventType"},
		any:   []string{"metadata.eventCreationTime", "metadata.offset"},
		times: []string{"metadata.eventCreationTime"}, vendor: "CrowdStrike", product: "Falcon",
		derive: &derivation{made: []string{"event.outcome", "event.category"}, from: []string{"event.Success", "metadata.eventType"}, set: func(d *derived, v []event.Value) {
			d.outcome(v, makeOutcome, wordOutcome(d.text(v, 0)))
			switch kind := d.text(v, 1); {
			case strings.HasPrefix(kind, "Auth"):
				d.category(v, authentication)
			case strings.HasPrefix(kind, "UserActivity"):
				d.category(v, iam)
			default:
				d.category(v, "malware")
			}
		}},
	}
	// netskope, zscaler and others name their columns alike
	zscalerWeb = jsonDialect{
		format: &event.Format{
			Name: "zscaler", LogSource: event.LogSource{Category: "proxy", Product: "zscaler"},
			ECS: map[string][]string{
				"source.ip": {"cip", "ClientIP", "clientpublicIP", "cltip"}, "destination.ip": {"sip", "ServerIP", "serverip"}, "user.name": {"login", "user", "elogin"},
				"event.action": {"action", "event.action"}, "url.original": {"url", "eurl"}, "url.domain": {"hostname", "host", "ehost"}, "http.request.method": {"reqmethod", "requestmethod"},
				"http.response.status_code": {"respcode", "status"}, "user_agent.original": {"ua", "useragent", "eua"}, "rule.name": {"rulelabel", "reason"},
				"threat.indicator.name": {"threatname"},
			},
		},
		all: []string{"vendor", "reqmethod"},
		any: []string{"cip", "ClientIP", "urlcat"},
		derive: &derivation{made: []string{"event.outcome", "event.category"}, from: []string{"action"}, set: func(d *derived, v []event.Value) {
			d.category(v, web)
			d.outcome(v, makeOutcome, verdictOf(d.text(v, 0)))
		}},
	}
)
