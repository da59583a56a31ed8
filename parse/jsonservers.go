package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Servers and sensors that write their records as JSON, each told by a few names.
// Sources: MongoDB Manual "System Event Audit Messages", PostgreSQL documentation "Using JSON-Format Log Output",
// Elasticsearch "Audit events", Falco "Outputs", Wazuh "Alerts", GitLab "Audit events", AdGuard Home's query log, SFTPGo
// "Logs", authentik "Events".
var (
	mongoAudit = jsonDialect{
		format: &event.Format{
			Name: "mongodb_audit", LogSource: event.LogSource{Product: "mongodb", Service: "audit"},
			ECS: map[string][]string{
				"event.action": {"atype"}, "source.ip": {"remote.ip"}, "source.port": {"remote.port"}, "destination.ip": {"local.ip"},
				"destination.port": {"local.port"}, "user.name": {"param.user", "users.user"}, "database.name": {"param.db", "param.ns"},
			},
		},
		all:   []string{"atype", "result"},
		times: []string{"ts.$date"},
		derive: &derivation{made: []string{"event.outcome", "event.category"}, from: []string{"result", "atype"}, set: func(d *derived, v []event.Value) {
			d.outcome(v, makeOutcome, -1)
			if d.text(v, 0) == "0" {
				d.outcome(v, makeOutcome, 1)
			}
			switch kind := d.text(v, 1); {
			case kind == "authenticate", kind == "logout":
				d.category(v, authentication)
			case strings.HasSuffix(kind, "User"), strings.HasSuffix(kind, "Role"), strings.HasSuffix(kind, "User"), strings.Contains(kind, "Roles"):
				d.category(v, iam)
			default:
				d.category(v, database)
			}
		}},
	}
	postgresJSON = jsonDialect{
		format: &event.Format{
			Name: "postgresql", LogSource: event.LogSource{Product: "postgresql"},
			ECS: map[string][]string{
				"user.name": {"user"}, "database.name": {"dbname"}, "source.ip": {"remote_host"}, "source.port": {"remote_port"}, "process.pid": {"pid"},
				"log.level": {"error_severity"}, "event.code": {"state_code"}, "database.statement": {"statement", "internal_query"}, "event.reason": {"message"},
				"event.action": {"event.action"},
			},
		},
		all:   []string{"error_severity", "pid", "message"},
		any:   []string{"session_id", "backend_type", "line_num"},
		times: []string{"timestamp"},
		derive: &derivation{made: []string{"event.outcome", "event.category", "event.action"}, from: []string{"message", "error_severity"}, set: func(d *derived, v []event.Value) {
			text := d.text(v, 0)
			switch {
			case strings.Contains(text, "authentication failed for user"), strings.Contains(text, "no pg_hba.conf entry"), strings.HasPrefix(text, "role \\\""):
				d.login(v, 2, -1, "db_login")
			case strings.HasPrefix(text, "connection authorized"), strings.HasPrefix(text, "connection authenticated"):
				d.login(v, 2, 1, "db_login")
			case strings.HasPrefix(text, "statement: "), strings.HasPrefix(text, "duration: "), strings.HasPrefix(text, "execute "):
				d.put(v, 2, textValue("db_query"))
				d.category(v, database)
			default:
				d.category(v, database)
				if s := d.text(v, 1); s == "ERROR" || s == "FATAL" || s == "PANIC" {
					d.outcome(v, makeOutcome, -1)
				}
			}
		}},
	}
	elasticAudit = jsonDialect{
		format: &event.Format{
			Name: "elasticsearch_audit", LogSource: event.LogSource{Product: "elasticsearch", Service: "audit"},
			ECS: map[string][]string{
				"host.name": {"host.name", "node.name", "host.ip"}, "http.request.method": {"request.method"}, "url.original": {"url.path"},
			},
		},
		all:   []string{"event.type", "event.action", "timestamp"},
		any:   []string{"origin.type", "origin.address", "node.id"},
		times: []string{"timestamp", "@timestamp"},
		derive: &derivation{made: []string{"event.outcome", "event.category", "source.ip", "source.port"}, from: []string{"event.action", "origin.address"}, set: func(d *derived, v []event.Value) {
			d.address(v, makeSource, makePort, d.text(v, 1))
			action := d.text(v, 0)
			d.category(v, iam)
			switch {
			case strings.HasPrefix(action, "authentication"), strings.HasPrefix(action, "anonymous"), strings.HasPrefix(action, "realm_auth"):
				d.category(v, authentication)
			case strings.HasPrefix(action, "access"):
				d.category(v, database)
			}
			switch {
			case strings.HasSuffix(action, "_failed"), strings.HasSuffix(action, "denied"), strings.HasPrefix(action, "tampered"):
				d.outcome(v, makeOutcome, -1)
			case strings.HasSuffix(action, "_success"), strings.HasSuffix(action, "granted"):
				d.outcome(v, makeOutcome, 1)
			}
		}},
	}
	falco = jsonDialect{
		format: &event.Format{
			Name: "falco", LogSource: event.LogSource{Category: "process_creation", Product: "linux", Service: "falco"},
			ECS: map[string][]string{
				"rule.name": {"rule"}, "event.action": {"rule"}, "message": {"output"}, "log.level": {"priority"}, "host.name": {"hostname"},
				"user.name": {"output_fields.user.name"}, "process.name": {"output_fields.proc.name"}, "process.command_line": {"output_fields.proc.cmdline"},
				"process.executable": {"output_fields.proc.exepath"}, "process.pid": {"output_fields.proc.pid"}, "process.parent.name": {"output_fields.proc.pname"},
				"file.path": {"output_fields.fd.name"}, "source.ip": {"output_fields.fd.cip"}, "destination.ip": {"output_fields.fd.sip"},
				"CommandLine": {"output_fields.proc.cmdline"}, "Image": {"output_fields.proc.exepath", "output_fields.proc.name"},
			},
		},
		all:   []string{"output", "priority", "rule"},
		any:   []string{"output_fields.", "output_fields"},
		times: []string{"time"},
	}
	wazuhAlert = jsonDialect{
		format: &event.Format{
			Name: "wazuh", LogSource: event.LogSource{Product: "wazuh", Service: "alerts"},
			ECS: map[string][]string{
				"rule.name": {"rule.description"}, "event.action": {"rule.description"}, "event.code": {"rule.id"}, "host.name": {"agent.name", "manager.name"},
				"source.ip": {"data.srcip", "data.win.eventdata.ipAddress", "data.aws.sourceIPAddress"}, "source.port": {"data.srcport"},
				"destination.ip": {"data.dstip"}, "destination.port": {"data.dstport"},
				"user.name": {"data.dstuser", "data.srcuser", "data.win.eventdata.targetUserName"}, "message": {"full_log"}, "event.severity": {"rule.level"},
				"file.path": {"syscheck.path", "location"}, "url.original": {"data.url"},
			},
		},
		all:   []string{"rule.id", "rule.level", "rule.description"},
		any:   []string{"agent.id", "manager.name", "decoder.name", "location"},
		times: []string{"timestamp"},
	}
	gitLabAudit = jsonDialect{
		format: &event.Format{
			Name: "gitlab_audit", LogSource: event.LogSource{Product: "gitlab", Service: "audit"},
			ECS: map[string][]string{
				"user.name": {"author_name", "target_details"}, "source.ip": {"ip_address"}, "user.target.name": {"target_details"},
				"event.action": {"event_name", "custom_message", "change", "add", "remove", "with", "action"}, "message": {"custom_message"},
			},
		},
		all:   []string{"author_id", "entity_type"},
		any:   []string{"target_type", "target_details", "entity_path"},
		times: []string{"time", "created_at"},
		derive: &derivation{made: []string{"event.outcome", "event.category"}, from: []string{"custom_message", "failed_login", "with", "action"}, set: func(d *derived, v []event.Value) {
			switch {
			case d.text(v, 1) != "", strings.HasPrefix(d.text(v, 0), "Failed to login"):
				d.category(v, authentication)
				d.outcome(v, makeOutcome, -1)
			case d.text(v, 2) != "", strings.HasPrefix(d.text(v, 0), "User logged in"), strings.HasPrefix(d.text(v, 0), "Signed in"):
				d.category(v, authentication)
				d.outcome(v, makeOutcome, 1)
			default:
				d.category(v, iam)
			}
		}},
	}
	adGuard = jsonDialect{
		format: &event.Format{
			Name: "adguard", LogSource: event.LogSource{Category: "dns", Product: "adguard"},
			ECS: map[string][]string{
				"source.ip": {"IP"}, "dns.question.name": {"QH"}, "dns.question.type": {"QT"}, "query": {"QH"}, "record_type": {"QT"},
				"destination.domain": {"Upstream"}, "rule.name": {"Result.Rules.Text", "Result.Rule"},
			},
		},
		all:   []string{"T", "QH", "QT", "IP"},
		times: []string{"T"},
		derive: &derivation{made: []string{"event.outcome", "event.category", "event.action"}, from: []string{"Result.IsFiltered"}, set: func(d *derived, v []event.Value) {
			d.category(v, network)
			d.put(v, 2, textValue("dns_query"))
			if d.text(v, 0) == "true" {
				d.put(v, 2, textValue("dns_blocked"))
				d.outcome(v, makeOutcome, -1)
			}
		}},
	}
	sftpGo = jsonDialect{
		format: &event.Format{
			Name: "sftpgo", LogSource: event.LogSource{Product: "linux", Service: "sftpgo"},
			ECS: map[string][]string{
				"user.name": {"username"}, "source.ip": {"client_ip", "ip", "remote_addr"}, "network.protocol": {"protocol"}, "file.path": {"file_path"},
				"event.reason": {"error"}, "message": {"message"},
			},
		},
		all:   []string{"sender", "level", "time"},
		any:   []string{"client_ip", "ip", "remote_addr"},
		times: []string{"time"},
		derive: &derivation{made: []string{"event.outcome", "event.category", "event.action"}, from: []string{"sender"}, set: func(d *derived, v []event.Value) {
			switch sender := d.text(v, 0); sender {
			case "connection_failed":
				d.login(v, 2, -1, "login")
			case "login":
				d.login(v, 2, 1, "login")
			case "Upload", "Download", "Rename", "Rmdir", "Mkdir", "Remove", "SSHCommand":
				d.put(v, 2, textValue(sender))
				d.category(v, file)
				d.outcome(v, makeOutcome, 1)
			default:
				d.put(v, 2, textValue(sender))
			}
		}},
	}
	authentik = jsonDialect{
		format: &event.Format{
			Name: "authentik", LogSource: event.LogSource{Category: "authentication", Product: "authentik"},
			ECS: map[string][]string{
				"user.name": {"context.username", "user.username", "username"}, "source.ip": {"client_ip", "remote", "host_ip"}, "url.domain": {"domain_url", "host"},
				"message": {"event"}, "event.reason": {"event"}, "process.pid": {"pid"}, "service.name": {"context.authorized_application.name"},
			},
		},
		all: []string{"event", "logger"},
		when: func(l *layout) bool {
			return l.hasAny("auth_via", "domain_url") && l.hasAny("remote", "client_ip") || l.hasAll("action", "client_ip") && l.hasAny("context.", "context", "user.username")
		},
		times: []string{"timestamp"},
		derive: &derivation{made: []string{"event.outcome", "event.category", "event.action"}, from: []string{"action", "event"}, set: func(d *derived, v []event.Value) {
			action, text := d.text(v, 0), d.text(v, 1)
			switch {
			case action == "login_failed", holdsFold(text, "authentication failed"), holdsFold(text, "invalid credentials"):
				d.login(v, 2, -1, "login")
			case action == "login", action == "authorize_application":
				d.login(v, 2, 1, action)
			case action != "":
				d.put(v, 2, textValue(action))
				d.category(v, iam)
			default:
				d.put(v, 2, textValue("message"))
			}
		}},
	}
)

// login fills what somebody's attempt to log in is, with its name at the place of an index.
func (d *derived) login(v []event.Value, action int, verdict int8, name string) {
	d.put(v, action, textValue(name))
	d.category(v, authentication)
	d.outcome(v, makeOutcome, verdict)
}
