package parse

import "github.com/tocsin-sec/tocsin/event"

// serviceLogs are those of what people work with. Sources: Atlassian "Audit log", Salesforce "EventLogFile", Snowflake
// "LOGIN_HISTORY view", Netskope "REST API events", Zscaler "NSS feed output format", Cloudflare "Log fields", Box
// "Events", Dropbox "Team log", AWS "Security Finding Format", Proofpoint "SIEM API", Mimecast "SIEM data", OCSF 1.3.
var serviceLogs = []vendorLog{
	{
		name: "jira", vendor: "Atlassian", product: "Jira", source: event.LogSource{Product: "jira", Service: "audit"}, category: configuration,
		all: []string{"summary", "category"}, any: []string{"remoteAddress", "authorKey", "authorAccountId"},
		ecs: map[string][]string{
			"user.name": {"author.emailAddress", "author.name", "author.displayName", "authorKey", "authorAccountId"}, "source.ip": {"remoteAddress"},
			"event.action": {"summary"}, "user.target.name": {"objectItem.name"},
		},
		words: []string{"summary"}, times: []string{"created", "creationDate"},
	},
	{
		name: "atlassian", vendor: "Atlassian", product: "Admin", source: event.LogSource{Product: "atlassian", Service: "audit"}, category: configuration,
		all: []string{"attributes.action", "attributes.actor."},
		ecs: map[string][]string{
			"user.name": {"attributes.actor.email", "attributes.actor.name"}, "source.ip": {"attributes.location.ip"}, "event.action": {"attributes.action"}, "event.id": {"id"},
		},
		words: []string{"attributes.action"}, times: []string{"attributes.time"},
	},
	{
		name: "salesforce", vendor: "Salesforce", product: "Salesforce", source: event.LogSource{Product: "salesforce"}, category: web,
		all: []string{"EVENT_TYPE", "USER_ID"},
		ecs: map[string][]string{
			"user.name": {"USER_NAME", "USERNAME", "USER_ID"}, "source.ip": {"SOURCE_IP", "CLIENT_IP"}, "event.action": {"EVENT_TYPE"}, "event.reason": {"LOGIN_STATUS", "REQUEST_STATUS"},
			"url.original": {"URI"}, "user_agent.original": {"USER_AGENT", "BROWSER_TYPE"},
		},
		words: []string{"LOGIN_STATUS", "REQUEST_STATUS", "EVENT_TYPE"}, times: []string{"TIMESTAMP_DERIVED", "TIMESTAMP"},
	},
	{
		name: "salesforce_login", vendor: "Salesforce", product: "Salesforce", source: event.LogSource{Product: "salesforce"}, category: authentication,
		all: []string{"LoginTime", "SourceIp", "Status"},
		ecs: map[string][]string{
			"user.name": {"UserName", "Username", "UserId"}, "source.ip": {"SourceIp"}, "event.action": {"LoginType"}, "event.reason": {"Status"},
			"user_agent.original": {"Browser"},
		},
		words: []string{"Status"}, times: []string{"LoginTime"},
	},
	{
		name: "snowflake", vendor: "Snowflake", product: "Snowflake", source: event.LogSource{Product: "snowflake"}, category: database,
		all: []string{"USER_NAME"}, any: []string{"IS_SUCCESS", "QUERY_TEXT", "REPORTED_CLIENT_TYPE"},
		ecs: map[string][]string{
			"user.name": {"USER_NAME"}, "source.ip": {"CLIENT_IP"}, "event.action": {"EVENT_TYPE", "QUERY_TYPE"}, "event.reason": {"ERROR_MESSAGE"}, "event.code": {"ERROR_CODE"},
			"database.statement": {"QUERY_TEXT"}, "database.name": {"DATABASE_NAME"},
		},
		words: []string{"IS_SUCCESS", "EXECUTION_STATUS", "EVENT_TYPE"}, times: []string{"EVENT_TIMESTAMP", "START_TIME"},
	},
	{
		name: "netskope", vendor: "Netskope", product: "Netskope", source: event.LogSource{Category: "proxy", Product: "netskope"}, category: web,
		all: []string{"timestamp"}, any: []string{"ur_normalized", "_insertion_epoch_timestamp", "access_method", "alert_type"}, not: []string{"event_type"},
		ecs: map[string][]string{
			"user.name": {"user", "userkey", "ur_normalized"}, "source.ip": {"srcip", "src_ip", "userip", "cip"}, "destination.ip": {"dstip", "dst_ip"}, "destination.port": {"dstport"},
			"event.action": {"activity", "action", "audit_log_event"}, "url.original": {"url", "page"}, "host.name": {"hostname", "device"}, "rule.name": {"policy", "alert_name"},
			"network.application": {"app"}, "file.name": {"object"}, "user_agent.original": {"user_agent", "browser"}, "file.hash.sha256": {"sha256"},
		},
		words: []string{"action", "activity", "audit_log_event"}, times: []string{"timestamp", "_insertion_epoch_timestamp"},
	},
	{
		name: "zscaler", vendor: "Zscaler", product: "ZIA", source: event.LogSource{Category: "proxy", Product: "zscaler"}, category: web,
		all: []string{"sourcetype", "event."}, any: []string{"event.ClientIP", "event.cip", "event.csip", "event.clientpublicIP", "event.department", "event.clt_sip", "event.adminid", "event.login"},
		adapt: func(l *layout) { l.strip("event.") },
		ecs: map[string][]string{
			"user.name": {"user", "login", "elogin", "adminid"}, "source.ip": {"ClientIP", "cip", "csip", "clt_sip", "tsip", "clientpublicIP", "clientip"}, "source.port": {"csport"},
			"destination.ip": {"serverip", "sip", "cdip", "sdip", "srv_dip"}, "destination.port": {"cdport", "sdport", "srv_dport"}, "event.action": {"action", "reqaction"},
			"url.original": {"url", "eurl"}, "url.domain": {"hostname"}, "http.request.method": {"requestmethod"}, "http.response.status_code": {"status"},
			"user_agent.original": {"useragent", "ua"}, "rule.name": {"rulelabel", "reqrulelabel"}, "dns.question.name": {"dns_req"}, "event.reason": {"reason"},
			"threat.indicator.name": {"threatname"}, "host.name": {"devicehostname"}, "network.transport": {"proto"},
		},
		words: []string{"action", "reqaction", "result"}, times: []string{"datetime", "time"},
	},
	{
		name: "zscaler_zpa", vendor: "Zscaler", product: "ZPA", source: event.LogSource{Product: "zscaler", Service: "zpa"}, category: network,
		all: []string{"LogTimestamp", "Customer"}, any: []string{"SessionID", "ConnectionID", "Username"},
		ecs: map[string][]string{
			"user.name": {"Username", "User"}, "source.ip": {"ClientPublicIP", "PublicIP", "ClientIP"}, "destination.ip": {"ServerIP"}, "destination.port": {"ServerPort"},
			"event.action": {"ConnectionStatus", "SessionStatus"}, "rule.name": {"Policy"}, "network.application": {"Application"}, "host.name": {"Hostname"}, "destination.domain": {"Host"},
		},
		words: []string{"SessionStatus", "ConnectionStatus"}, times: []string{"LogTimestamp"},
	},
	{
		name: "cloudflare_audit", vendor: "Cloudflare", product: "Audit Logs", source: event.LogSource{Product: "cloudflare", Service: "audit"}, category: configuration,
		all: []string{"ActionType", "When"}, any: []string{"ActorEmail", "ActorIP", "ActorType"},
		ecs: map[string][]string{
			"user.name": {"ActorEmail", "ActorID"}, "source.ip": {"ActorIP"}, "event.action": {"ActionType"}, "event.id": {"ID"},
		},
		words: []string{"ActionResult", "ActionType"}, times: []string{"When"},
	},
	{
		name: "cloudflare_firewall", vendor: "Cloudflare", product: "WAF", source: event.LogSource{Category: "webserver", Product: "cloudflare", Service: "firewall"}, category: web,
		all: []string{"Action", "ClientIP", "Datetime"}, any: []string{"RuleID", "Source", "RayID", "RayName"},
		ecs: map[string][]string{
			"source.ip": {"ClientIP"}, "event.action": {"Action"}, "rule.name": {"Description", "RuleID"}, "http.request.method": {"ClientRequestMethod"},
			"url.path": {"ClientRequestPath"}, "url.query": {"ClientRequestQuery"}, "url.domain": {"ClientRequestHost"}, "http.response.status_code": {"EdgeResponseStatus"},
			"user_agent.original": {"ClientRequestUserAgent"}, "cs-method": {"ClientRequestMethod"}, "cs-uri-stem": {"ClientRequestPath"}, "cs-uri-query": {"ClientRequestQuery"},
			"c-ip": {"ClientIP"}, "cs-host": {"ClientRequestHost"}, "cs-user-agent": {"ClientRequestUserAgent"}, "sc-status": {"EdgeResponseStatus"},
		},
		words: []string{"Action"}, times: []string{"Datetime"},
	},
	{
		name: "cloudflare_gateway", vendor: "Cloudflare", product: "Zero Trust", source: event.LogSource{Product: "cloudflare", Service: "gateway"}, category: network,
		all: []string{"Datetime"}, any: []string{"QueryName", "PolicyName", "SourceIP", "SrcIP"},
		ecs: map[string][]string{
			"user.name": {"Email", "UserID"}, "source.ip": {"SourceIP", "SrcIP"}, "source.port": {"SourcePort", "SrcPort"}, "destination.ip": {"DestinationIP", "DstIP"},
			"destination.port": {"DestinationPort", "DstPort"}, "event.action": {"Action", "ResolverDecision"}, "dns.question.name": {"QueryName"}, "rule.name": {"PolicyName"},
			"url.original": {"URL"}, "host.name": {"DeviceName"}, "user_agent.original": {"UserAgent"}, "network.transport": {"Transport"},
		},
		words: []string{"Action", "ResolverDecision"}, times: []string{"Datetime"},
	},
	{
		name: "cloudflare_access", vendor: "Cloudflare", product: "Access", source: event.LogSource{Product: "cloudflare", Service: "access"}, category: authentication,
		all: []string{"AppDomain", "Allowed"},
		ecs: map[string][]string{
			"user.name": {"Email"}, "source.ip": {"IPAddress"}, "event.action": {"Action"}, "url.domain": {"AppDomain"},
		},
		words: []string{"Allowed"}, times: []string{"CreatedAt"},
	},
	{
		name: "box", vendor: "Box", product: "Box", source: event.LogSource{Product: "box"}, category: file,
		all: []string{"event_type", "created_by.login"},
		ecs: map[string][]string{
			"user.name": {"created_by.login", "created_by.name"}, "source.ip": {"ip_address"}, "event.action": {"event_type"}, "file.name": {"source.item_name", "source.name"}, "event.id": {"event_id"},
		},
		words: []string{"event_type"}, times: []string{"created_at"},
	},
	{
		name: "dropbox", vendor: "Dropbox", product: "Dropbox", source: event.LogSource{Product: "dropbox"}, category: file,
		all: []string{"event_category..tag", "timestamp"},
		ecs: map[string][]string{
			"user.name": {"actor.user.email", "actor.admin.email", "context.email"}, "source.ip": {"origin.geo_location.ip_address"}, "event.action": {"event_type..tag"},
		},
		words: []string{"event_type..tag"}, times: []string{"timestamp"},
	},
	{
		name: "securityhub", vendor: "AWS", product: "Security Hub", source: event.LogSource{Product: "aws", Service: "securityhub"}, category: "intrusion_detection",
		all: []string{"SchemaVersion", "ProductArn"},
		ecs: map[string][]string{
			"event.action": {"Title"}, "rule.name": {"Title", "GeneratorId"}, "source.ip": {"Network.SourceIpV4", "Network.SourceIpV6"}, "destination.ip": {"Network.DestinationIpV4"},
			"destination.port": {"Network.DestinationPort"}, "cloud.account.id": {"AwsAccountId"}, "host.name": {"Resources.Id"}, "event.severity": {"Severity.Label"},
		},
		times: []string{"UpdatedAt", "CreatedAt"},
	},
	{
		name: "proofpoint_tap", vendor: "Proofpoint", product: "TAP", source: event.LogSource{Product: "proofpoint"}, category: email,
		all: []string{"recipient"}, any: []string{"clickIP", "messageTime", "threatsInfoMap"},
		ecs: map[string][]string{
			"source.ip": {"clickIP", "senderIP"}, "email.from.address": {"sender", "fromAddress"}, "email.to.address": {"recipient"}, "user.name": {"recipient"}, "url.original": {"url"},
			"email.subject": {"subject"}, "event.action": {"classification"}, "user_agent.original": {"userAgent"}, "rule.name": {"threatsInfoMap.threat"},
		},
		words: []string{"quarantineFolder"}, times: []string{"clickTime", "messageTime", "threatTime"},
	},
	{
		name: "mimecast", vendor: "Mimecast", product: "Email Security", source: event.LogSource{Product: "mimecast"}, category: email,
		all: []string{"aCode"}, any: []string{"senderEnvelope", "senderIp", "accountId"},
		ecs: map[string][]string{
			"source.ip": {"senderIp", "sourceIp"}, "email.from.address": {"senderEnvelope", "senderHeader"}, "email.to.address": {"recipients"}, "email.subject": {"subject"},
			"event.action": {"action", "eventType", "type"}, "event.reason": {"rejectionInfo"},
		},
		words: []string{"action", "rejectionType"}, times: []string{"timestamp", "eventTime", "datetime"},
	},
	{
		name: "ocsf", source: event.LogSource{Product: "ocsf"},
		all: []string{"class_uid", "time"}, any: []string{"metadata.version", "metadata.product.", "type_uid", "category_uid"},
		ecs: map[string][]string{ // schema.ocsf.io, version 1
			"user.name": {"actor.user.email_addr", "actor.user.name", "user.email_addr", "user.name", "actor.user.uid", "user.uid"}, "host.name": {"device.hostname", "dst_endpoint.hostname", "device.name"},
			"user.target.name": {"user.name", "user.email_addr"}, "source.ip": {"src_endpoint.ip", "device.ip"}, "source.port": {"src_endpoint.port"}, "source.domain": {"src_endpoint.hostname"},
			"destination.ip": {"dst_endpoint.ip"}, "destination.port": {"dst_endpoint.port"}, "destination.domain": {"dst_endpoint.hostname"}, "event.action": {"api.operation", "activity_name", "type_name"},
			"event.code": {"class_uid"}, "observer.vendor": {"metadata.product.vendor_name"}, "observer.product": {"metadata.product.name"}, "network.transport": {"connection_info.protocol_name"},
			"dns.question.name": {"query.hostname"}, "process.executable": {"process.file.path"}, "process.command_line": {"process.cmd_line"}, "process.pid": {"process.pid"}, "process.name": {"process.name"},
			"file.path": {"file.path"}, "rule.name": {"finding_info.title", "finding.title"}, "event.severity": {"severity"}, "event.reason": {"status_detail", "status_code"}, "message": {"message"},
			"http.request.method": {"http_request.http_method"}, "url.original": {"http_request.url.url_string"}, "http.response.status_code": {"http_response.code"},
			"user_agent.original": {"http_request.user_agent"}, "cloud.account.id": {"cloud.account.uid"}, "cloud.region": {"cloud.region"},
			"Image": {"process.file.path"}, "CommandLine": {"process.cmd_line"}, "ParentImage": {"process.parent_process.file.path", "actor.process.file.path"},
		},
		words: []string{"status", "disposition", "class_name"}, times: []string{"time", "time_dt"},
	},
}
