package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Services and sensors whose records a few names tell, and whose fields need no more than to be mapped: who made them,
// what the words in a few of their fields say of outcome and kind, and where the time is.

// vendorLog is one kind of record.
type vendorLog struct {
	name            string
	vendor, product string // observer.vendor and observer.product; "" for software that watches nothing
	source          event.LogSource
	category        string // event.category of records whose words speak of no login
	all, any, not   []string
	ecs             map[string][]string
	words           []string // fields that say how it went and what it was, the surest first
	times           []string
	adapt           func(*layout)
	ends            *sensorEnds // the addresses are those of this host and of the other; nil where fields say the direction
}

// vendorDialects are the dialects of all of them.
var vendorDialects = func() []*jsonDialect {
	tables := [...][]vendorLog{identityLogs, serviceLogs, sensorLogs, networkLogs}
	list := make([]*jsonDialect, 0, 64)
	for _, table := range tables {
		for i := range table {
			list = append(list, table[i].dialect())
		}
	}
	return list
}()

// dialect makes the dialect of a kind of record.
func (l *vendorLog) dialect() *jsonDialect {
	d := &jsonDialect{
		format: &event.Format{Name: l.name, LogSource: l.source, ECS: l.ecs},
		all:    l.all, any: l.any, not: l.not, times: l.times, adapt: l.adapt, vendor: l.vendor, product: l.product,
	}
	d.derive = wordDerive(l.category, l.words)
	if l.ends != nil {
		d.derive = l.ends.derive(l.category, l.words)
	}
	return d
}

// wordDerive tells outcome and category by the words in some fields.
func wordDerive(category string, fields []string) *derivation {
	return &derivation{made: madeCommon[:2], from: fields, set: func(d *derived, v []event.Value) {
		d.words(v, len(fields), category)
	}}
}

// words fills the outcome and the category by what the first n native fields say: a word that is a verdict, or a name of
// an event such as "user_login_failed".
func (d *derived) words(v []event.Value, n int, category string) {
	verdict := int8(0)
	for i := range n {
		s := d.text(v, i)
		if s == "" || len(s) > 256 {
			continue
		}
		var w clueWords
		w.read(s)
		if w.login {
			category = authentication
		}
		if verdict != 0 {
			continue
		}
		switch verdict = wordOutcome(s); {
		case verdict != 0:
		case strings.HasSuffix(s, "NO_ERROR"), strings.HasSuffix(s, "_ok"), strings.EqualFold(s, "yes"), w.success && !w.failure:
			verdict = 1
		case w.failure, strings.EqualFold(s, "no"), holdsFold(s, "_bad"), holdsFold(s, "block"):
			verdict = -1
		}
	}
	d.category(v, category)
	d.outcome(v, makeOutcome, verdict)
}

// sensorEnds are where a sensor on a host notes its own address and that of the other side. Which of them began, a word
// that holds "inbound", "accept" or "logon" tells.
type sensorEnds struct {
	ip, port, remoteIP, remotePort string
	direction                      string
}

// madeEnds are the fields of a connection in the order of these places, after outcome and category.
var madeEnds = []string{"event.outcome", "event.category", "source.ip", "source.port", "destination.ip", "destination.port"}

// derive fills both ends, and what the words say.
func (s *sensorEnds) derive(category string, words []string) *derivation {
	n := len(words)
	from := append(append([]string{}, words...), s.ip, s.port, s.remoteIP, s.remotePort, s.direction)
	return &derivation{made: madeEnds, from: from, set: func(d *derived, v []event.Value) {
		d.words(v, n, category)
		own, ownPort, other, otherPort := 2, 3, 4, 5
		if way := d.text(v, n+4); holdsFold(way, "inbound") || holdsFold(way, "accept") || holdsFold(way, "logon") || holdsFold(way, "incoming") {
			own, ownPort, other, otherPort = 4, 5, 2, 3
		}
		d.end(v, own, ownPort, n)
		d.end(v, other, otherPort, n+2)
	}}
}

// end fills an address and a port from the native fields at an index and after it; the address may have the port with it.
func (d *derived) end(v []event.Value, ip, port, from int) {
	d.address(v, ip, port, d.text(v, from))
	if s := d.text(v, from+1); s != "" && s != "0" && number.holds(s) {
		d.put(v, port, numberValue(s))
	}
}

// identityLogs are the records of those who keep accounts and let people in. Sources: JumpCloud "Directory Insights",
// Slack "Audit Logs API", 1Password "Events API", Bitwarden "Event logs", Keeper "Advanced Reporting", Auth0 "Log event
// type codes", Teleport "Audit events and records", HashiCorp Vault "Audit devices", CyberArk, Zoom "Sign in / sign out".
var identityLogs = []vendorLog{
	{
		name: "jumpcloud", vendor: "JumpCloud", product: "Directory Insights", source: event.LogSource{Product: "jumpcloud"}, category: iam,
		all: []string{"initiated_by.", "event_type"}, any: []string{"service", "client_ip", "organization"},
		ecs: map[string][]string{
			"user.name": {"initiated_by.username", "initiated_by.email", "username"}, "source.ip": {"client_ip", "src_ip"}, "event.action": {"event_type"},
			"event.reason": {"error_message", "message"}, "host.name": {"system.hostname", "system.displayName"}, "user.target.name": {"resource.username", "resource.email"},
			"user_agent.original": {"useragent"},
		},
		words: []string{"success", "event_type", "error_message"}, times: []string{"timestamp"},
	},
	{
		name: "slack", vendor: "Slack", product: "Audit Logs", source: event.LogSource{Product: "slack", Service: "audit"}, category: iam,
		all: []string{"action", "date_create"}, any: []string{"actor.", "context."},
		ecs: map[string][]string{
			"user.name": {"actor.user.email", "actor.user.name"}, "source.ip": {"context.ip_address"}, "event.action": {"action"},
			"user_agent.original": {"context.ua"}, "user.target.name": {"entity.user.email", "entity.user.name"}, "session.id": {"context.session_id"},
			"file.name": {"entity.file.name"},
		},
		words: []string{"action"}, times: []string{"date_create"},
	},
	{
		name: "1password", vendor: "1Password", product: "1Password", source: event.LogSource{Product: "1password"}, category: iam,
		all: []string{"uuid", "timestamp"}, any: []string{"session_uuid", "actor_uuid", "vault_uuid"},
		ecs: map[string][]string{
			"user.name":    {"target_user.email", "user.email", "actor_details.email", "target_user.name", "user.name", "actor_uuid"},
			"source.ip":    {"client.ip_address", "session.ip", "location.ip_address"},
			"event.action": {"type", "action"}, "event.reason": {"category"}, "user_agent.original": {"client.app_name"}, "host.name": {"session.device_uuid"},
		},
		words: []string{"category", "type", "action"}, times: []string{"timestamp"},
	},
	{
		name: "zoom", vendor: "Zoom", product: "Zoom", source: event.LogSource{Product: "zoom"}, category: authentication,
		all: []string{"email", "time", "type", "client_type"},
		ecs: map[string][]string{"user.name": {"email"}, "source.ip": {"ip_address"}, "event.action": {"type"}}, times: []string{"time"},
	},
	{
		name: "zoom_operation", vendor: "Zoom", product: "Zoom", source: event.LogSource{Product: "zoom"}, category: configuration,
		all: []string{"operator", "operation_detail", "category_type"},
		ecs: map[string][]string{"user.name": {"operator"}, "event.action": {"action"}, "event.reason": {"operation_detail"}}, times: []string{"time"},
	},
	{
		name: "bitwarden", vendor: "Bitwarden", product: "Bitwarden", source: event.LogSource{Product: "bitwarden"}, category: iam,
		all: []string{"type", "date"}, any: []string{"actingUserId", "actingUserEmail"},
		ecs: map[string][]string{
			"user.name": {"actingUserEmail", "actingUserName", "actingUserId"}, "source.ip": {"ipAddress"}, "event.action": {"typeName", "type"}, "event.code": {"type"},
			"user.target.name": {"memberEmail", "memberId"},
		},
		words: []string{"typeName"}, times: []string{"date"},
	},
	{
		name: "keeper", vendor: "Keeper", product: "Keeper", source: event.LogSource{Product: "keeper"}, category: iam,
		all: []string{"audit_event", "remote_address"},
		ecs: map[string][]string{"user.name": {"username", "email"}, "source.ip": {"remote_address"}, "event.action": {"audit_event"}}, words: []string{"audit_event"},
		times: []string{"timestamp"},
	},
	{
		name: "teleport", vendor: "Teleport", product: "Teleport", source: event.LogSource{Product: "teleport", Service: "audit"}, category: session,
		all: []string{"event", "code", "time"}, any: []string{"cluster_name", "addr.remote", "sid", "ei"},
		ecs: map[string][]string{
			"user.name": {"user"}, "event.action": {"event"}, "event.code": {"code"}, "host.name": {"server_hostname", "server_id"}, "event.reason": {"error", "message"},
			"process.command_line": {"command", "program"}, "user.effective.name": {"login"}, "session.id": {"sid"}, "user_agent.original": {"user_agent"},
		},
		words: []string{"success", "event"}, times: []string{"time"},
		ends: &sensorEnds{ip: "addr.remote", remoteIP: "addr.local"},
	},
	{
		name: "vault", vendor: "HashiCorp", product: "Vault", source: event.LogSource{Product: "hashicorp", Service: "vault"}, category: iam,
		all: []string{"type", "request.operation", "request.path"}, any: []string{"auth.", "request.remote_address", "request.id"},
		ecs: map[string][]string{
			"user.name": {"auth.display_name", "auth.metadata.username", "auth.entity_id"}, "source.ip": {"request.remote_address"}, "source.port": {"request.remote_port"},
			"event.action": {"request.operation"}, "url.path": {"request.path"}, "event.reason": {"error"},
		},
		words: []string{"error", "request.path"}, times: []string{"time"},
	},
	{
		name: "auth0", vendor: "Auth0", product: "Auth0", source: event.LogSource{Product: "auth0"}, category: authentication,
		all: []string{"log_id", "data.type"},
		ecs: map[string][]string{
			"user.name": {"data.user_name", "data.user_id"}, "source.ip": {"data.ip"}, "event.action": {"data.description", "data.type"}, "event.code": {"data.type"},
			"user_agent.original": {"data.user_agent"}, "event.reason": {"data.description"}, "host.name": {"data.hostname"},
		},
		words: []string{"data.description"}, times: []string{"data.date"},
	},
}
