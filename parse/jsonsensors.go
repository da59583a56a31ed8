package parse

import "github.com/tocsin-sec/tocsin/event"

// sensorLogs are the records of what watches hosts. Sources: CrowdStrike "Falcon Data Replicator" and "Alerts API",
// Microsoft Defender XDR "Advanced hunting schema" and "Alert resource type", SentinelOne "Threats" and "Cloud Funnel",
// VMware Carbon Black "Alerts API" and "Data Forwarder", osquery "Logging", Tetragon "Events", Palo Alto Networks "Cortex
// XDR alerts", Sophos Central "SIEM integration", Cisco Secure Endpoint "Events", Trend Micro "Vision One workbench alerts".
var sensorLogs = []vendorLog{
	{
		name: "crowdstrike_fdr", vendor: "CrowdStrike", product: "Falcon", source: event.LogSource{Product: "crowdstrike", Service: "fdr"}, category: process,
		all: []string{"event_simpleName", "aid"},
		ecs: map[string][]string{
			"host.name": {"ComputerName", "aid"}, "user.name": {"UserName", "UserPrincipal", "UserSid"}, "event.action": {"event_simpleName"},
			"process.executable": {"ImageFileName"}, "process.command_line": {"CommandLine"}, "process.pid": {"RawProcessId", "TargetProcessId"},
			"file.hash.sha256": {"SHA256HashData"}, "file.path": {"TargetFileName"}, "dns.question.name": {"DomainName"}, "Image": {"ImageFileName"},
			"ParentImage": {"ParentBaseFileName"}, "QueryName": {"DomainName"}, "event.id": {"id"}, "source.nat.ip": {"aip"},
		},
		words: []string{"event_simpleName"}, times: []string{"ContextTimeStamp", "ContextTimeStamp_decimal", "timestamp"},
		ends: &sensorEnds{ip: "LocalAddressIP4", port: "LocalPort", remoteIP: "RemoteAddressIP4", remotePort: "RemotePort", direction: "event_simpleName"},
	},
	{
		name: "crowdstrike_alert", vendor: "CrowdStrike", product: "Falcon", source: event.LogSource{Product: "crowdstrike", Service: "alerts"}, category: "malware",
		all: []string{"device.device_id"}, any: []string{"composite_id", "detection_id", "behaviors", "pattern_id"},
		ecs: map[string][]string{
			"host.name": {"device.hostname"}, "user.name": {"user_name", "behaviors.user_name"}, "event.action": {"display_name", "name", "behaviors.display_name", "scenario"},
			"rule.name": {"display_name", "name", "behaviors.display_name"}, "process.command_line": {"cmdline", "behaviors.cmdline"}, "process.name": {"filename", "behaviors.filename"},
			"process.executable": {"filepath", "behaviors.filepath"}, "file.hash.sha256": {"sha256", "behaviors.sha256"}, "source.ip": {"device.local_ip"}, "event.severity": {"severity_name", "severity"},
			"CommandLine": {"cmdline", "behaviors.cmdline"},
		},
		times: []string{"timestamp", "created_timestamp", "first_behavior", "created_time"},
	},
	{
		name: "defender_hunting", vendor: "Microsoft", product: "Defender XDR", source: event.LogSource{Product: "m365", Service: "advanced_hunting"}, category: process,
		all:   []string{"properties.ActionType", "properties.Timestamp"},
		adapt: func(l *layout) { l.strip("properties.") },
		ecs:   defenderECS, words: []string{"ActionType"}, times: []string{"Timestamp"}, ends: defenderEnds,
	},
	{
		name: "defender_hunting", vendor: "Microsoft", product: "Defender XDR", source: event.LogSource{Product: "m365", Service: "advanced_hunting"}, category: process,
		all: []string{"ActionType", "Timestamp"}, any: []string{"DeviceName", "DeviceId", "AccountUpn", "AccountObjectId", "ReportId"},
		ecs: defenderECS, words: []string{"ActionType"}, times: []string{"Timestamp"}, ends: defenderEnds,
	},
	{
		name: "defender_alert", vendor: "Microsoft", product: "Defender for Endpoint", source: event.LogSource{Product: "m365", Service: "alerts"}, category: "malware",
		all: []string{"title", "severity"}, any: []string{"computerDnsName", "alertCreationTime", "serviceSource", "detectionSource"},
		ecs: map[string][]string{
			"host.name": {"computerDnsName", "evidence.deviceDnsName", "devices.deviceDnsName"}, "user.name": {"relatedUser.userName", "loggedOnUsers.accountName", "evidence.accountName", "evidence.userPrincipalName"},
			"event.action": {"title"}, "rule.name": {"title"}, "event.severity": {"severity"}, "source.ip": {"evidence.ipAddress"}, "event.id": {"id", "alertId"},
			"threat.indicator.name": {"threatName", "threatFamilyName"}, "process.command_line": {"evidence.processCommandLine"}, "file.hash.sha256": {"evidence.sha256"},
		},
		times: []string{"alertCreationTime", "createdDateTime", "creationTime", "firstEventTime"},
	},
	{
		name: "sentinelone", vendor: "SentinelOne", product: "Singularity", source: event.LogSource{Product: "sentinelone", Service: "threats"}, category: "malware",
		all: []string{"threatInfo.", "agentRealtimeInfo."},
		ecs: map[string][]string{
			"host.name": {"agentRealtimeInfo.agentComputerName"}, "user.name": {"agentDetectionInfo.agentLastLoggedInUserName", "threatInfo.processUser"},
			"source.ip": {"agentDetectionInfo.agentIpV4"}, "event.action": {"threatInfo.mitigationStatus"}, "rule.name": {"threatInfo.classification"}, "event.reason": {"threatInfo.threatName"},
			"threat.indicator.name": {"threatInfo.threatName"}, "file.path": {"threatInfo.filePath"}, "file.hash.sha256": {"threatInfo.sha256"}, "process.command_line": {"threatInfo.maliciousProcessArguments"},
		},
		times: []string{"threatInfo.createdAt", "threatInfo.identifiedAt"},
	},
	{
		name: "sentinelone_activity", vendor: "SentinelOne", product: "Singularity", source: event.LogSource{Product: "sentinelone", Service: "activities"}, category: configuration,
		all: []string{"activityType", "primaryDescription"},
		ecs: map[string][]string{
			"user.name": {"data.username", "data.userName", "data.byUser"}, "host.name": {"data.computerName"}, "source.ip": {"data.ipAddress", "data.externalIp"}, "event.action": {"primaryDescription"},
			"event.code": {"activityType"},
		},
		words: []string{"primaryDescription"}, times: []string{"createdAt"},
	},
	{
		name: "sentinelone_funnel", vendor: "SentinelOne", product: "Singularity", source: event.LogSource{Product: "sentinelone", Service: "cloud_funnel"}, category: process,
		all: []string{"event.type", "endpoint.name"},
		ecs: map[string][]string{
			"host.name": {"endpoint.name"}, "user.name": {"event.login.userName", "src.process.user"}, "event.action": {"event.type"}, "event.code": {"meta.event.name"},
			"process.executable": {"tgt.process.image.path", "src.process.image.path"}, "process.command_line": {"tgt.process.cmdline", "src.process.cmdline"},
			"process.name": {"tgt.process.name", "src.process.name"}, "process.pid": {"tgt.process.pid", "src.process.pid"}, "file.path": {"tgt.file.path"}, "file.hash.sha256": {"tgt.file.sha256", "tgt.process.image.sha256"},
			"dns.question.name": {"event.dns.request"}, "url.original": {"event.url.action", "url.address"}, "Image": {"tgt.process.image.path", "src.process.image.path"},
			"CommandLine": {"tgt.process.cmdline", "src.process.cmdline"}, "ParentImage": {"src.process.image.path"}, "ParentCommandLine": {"src.process.cmdline"},
			"source.ip": {"src.ip.address", "event.login.srcMachineIp", "src.endpoint.ip.address"}, "source.port": {"src.port.number"}, "destination.ip": {"dst.ip.address"}, "destination.port": {"dst.port.number"},
		},
		words: []string{"event.login.loginIsSuccessful", "event.network.connectionStatus", "event.type"}, times: []string{"event.time", "meta.timestamp", "timestamp"},
	},
	{
		name: "carbonblack", vendor: "VMware", product: "Carbon Black Cloud", source: event.LogSource{Product: "carbonblack"}, category: "malware",
		all: []string{"device_name"}, any: []string{"org_key", "device_username", "device_external_ip", "process_guid"},
		ecs: map[string][]string{
			"host.name": {"device_name"}, "user.name": {"device_username", "process_username"}, "source.ip": {"netconn_local_ipv4", "local_ip", "device_internal_ip", "device_external_ip"},
			"destination.ip": {"netconn_remote_ipv4", "remote_ip"}, "destination.port": {"netconn_remote_port", "remote_port"}, "event.action": {"reason_code", "action", "type"},
			"event.reason": {"reason"}, "process.name": {"process_name"}, "process.executable": {"process_path"}, "process.command_line": {"process_cmdline"}, "file.hash.sha256": {"process_sha256", "threat_cause_actor_sha256"},
			"rule.name": {"report_name", "ioc_id", "type"}, "event.severity": {"severity"}, "Image": {"process_path"}, "CommandLine": {"process_cmdline"}, "ParentImage": {"parent_path"}, "ParentCommandLine": {"parent_cmdline"},
		},
		words: []string{"run_state", "sensor_action"}, times: []string{"create_time", "backend_timestamp", "device_timestamp", "first_event_timestamp"},
	},
	{
		name: "carbonblack_edr", vendor: "VMware", product: "Carbon Black EDR", source: event.LogSource{Product: "carbonblack"}, category: process,
		all: []string{"computer_name", "type"}, any: []string{"sensor_id", "cb_server", "process_guid"},
		ecs: map[string][]string{
			"host.name": {"computer_name", "hostname"}, "user.name": {"username"}, "source.ip": {"local_ip", "interface_ip"}, "source.port": {"local_port"}, "destination.ip": {"remote_ip"},
			"destination.port": {"remote_port"}, "event.action": {"type"}, "process.executable": {"path"}, "process.command_line": {"command_line"}, "process.pid": {"pid"}, "file.hash.md5": {"md5"},
			"Image": {"path"}, "CommandLine": {"command_line"}, "rule.name": {"watchlist_name"},
		},
		times: []string{"timestamp", "created_time", "event_timestamp"},
	},
	{
		name: "osquery", vendor: "osquery", product: "osquery", source: event.LogSource{Product: "linux", Service: "osquery"}, category: host,
		all: []string{"hostIdentifier"}, any: []string{"columns.", "columns", "snapshot", "diffResults", "unixTime"},
		ecs: map[string][]string{
			"host.name": {"decorations.hostname", "hostIdentifier"}, "user.name": {"columns.username", "columns.user", "decorations.username"}, "event.action": {"name"},
			"source.ip": {"columns.local_address", "columns.host"}, "source.port": {"columns.local_port"}, "destination.ip": {"columns.remote_address"}, "destination.port": {"columns.remote_port"},
			"process.name": {"columns.name"}, "process.executable": {"columns.path"}, "process.command_line": {"columns.cmdline"}, "process.pid": {"columns.pid"},
			"file.path": {"columns.target_path", "columns.path"}, "file.hash.sha256": {"columns.sha256"}, "Image": {"columns.path"}, "CommandLine": {"columns.cmdline"},
		},
		times: []string{"unixTime", "calendarTime"},
	},
	tetragonLog("process_exec"), tetragonLog("process_kprobe"), tetragonLog("process_exit"), tetragonLog("process_tracepoint"),
	{
		name: "cortex_xdr", vendor: "Palo Alto Networks", product: "Cortex XDR", source: event.LogSource{Product: "paloalto", Service: "cortex"}, category: "malware",
		all: []string{"alert_id", "host_name"}, any: []string{"detection_timestamp", "action_pretty", "endpoint_id"},
		ecs: map[string][]string{
			"host.name": {"host_name"}, "user.name": {"user_name", "events.user_name"}, "source.ip": {"action_local_ip", "host_ip"}, "destination.ip": {"action_remote_ip"}, "destination.port": {"action_remote_port"},
			"event.action": {"action_pretty", "action"}, "rule.name": {"name"}, "event.severity": {"severity"}, "process.command_line": {"action_process_image_command_line", "actor_process_command_line"},
			"file.hash.sha256": {"action_file_sha256", "action_process_image_sha256"}, "event.reason": {"description"},
		},
		words: []string{"action_pretty", "action"}, times: []string{"detection_timestamp", "event_timestamp"},
	},
	{
		name: "sophos_central", vendor: "Sophos", product: "Central", source: event.LogSource{Product: "sophos", Service: "central"}, category: "malware",
		all: []string{"type", "severity"}, any: []string{"endpoint_id", "customer_id"},
		ecs: map[string][]string{
			"host.name": {"location", "dhost", "data.endpoint_name"}, "user.name": {"source", "suser", "data.user_match_id"}, "source.ip": {"source_info.ip", "data.source_info.ip"}, "event.action": {"type"},
			"event.reason": {"name", "description"}, "rule.name": {"threat", "name"}, "event.severity": {"severity"}, "file.path": {"filePath"},
		},
		words: []string{"type"}, times: []string{"when", "created_at", "end", "rt"},
	},
	{
		name: "secure_endpoint", vendor: "Cisco", product: "Secure Endpoint", source: event.LogSource{Product: "cisco", Service: "amp"}, category: "malware",
		all: []string{"event_type", "connector_guid"},
		ecs: map[string][]string{
			"host.name": {"computer.hostname"}, "user.name": {"computer.user"}, "source.ip": {"computer.network_addresses.ip", "computer.external_ip"}, "event.action": {"event_type"},
			"rule.name": {"detection"}, "threat.indicator.name": {"detection"}, "file.path": {"file.file_path"}, "file.name": {"file.file_name"}, "file.hash.sha256": {"file.identity.sha256"},
		},
		words: []string{"event_type"}, times: []string{"timestamp", "date"},
	},
}

var (
	defenderECS = map[string][]string{
		"host.name": {"DeviceName", "DestinationDeviceName"}, "user.name": {"AccountUpn", "AccountName", "InitiatingProcessAccountName", "AccountDisplayName", "RecipientEmailAddress"},
		"event.action": {"ActionType"}, "process.executable": {"FolderPath", "InitiatingProcessFolderPath"}, "process.name": {"FileName", "InitiatingProcessFileName"},
		"process.command_line": {"ProcessCommandLine", "InitiatingProcessCommandLine"}, "process.pid": {"ProcessId", "InitiatingProcessId"}, "file.path": {"FolderPath"}, "file.name": {"FileName"},
		"file.hash.sha256": {"SHA256", "InitiatingProcessSHA256"}, "url.original": {"RemoteUrl"}, "registry.path": {"RegistryKey"}, "network.transport": {"Protocol"}, "event.reason": {"FailureReason"},
		"Image": {"FolderPath", "InitiatingProcessFolderPath"}, "CommandLine": {"ProcessCommandLine"}, "ParentImage": {"InitiatingProcessFolderPath"}, "ParentCommandLine": {"InitiatingProcessCommandLine"},
		"email.from.address": {"SenderFromAddress"}, "email.to.address": {"RecipientEmailAddress"}, "email.subject": {"Subject"}, "rule.name": {"Title"}, "user_agent.original": {"UserAgent"},
		"source.ip": {"IPAddress", "SenderIPv4", "SenderIPv6"},
	}
	defenderEnds = &sensorEnds{ip: "LocalIP", port: "LocalPort", remoteIP: "RemoteIP", remotePort: "RemotePort", direction: "ActionType"}
)

// tetragonLog is one kind of Tetragon's events, whose fields stand below its name.
func tetragonLog(kind string) vendorLog {
	p := kind + ".process."
	return vendorLog{
		name: "tetragon", vendor: "Cilium", product: "Tetragon", source: event.LogSource{Category: "process_creation", Product: "linux", Service: "tetragon"}, category: process,
		all: []string{p, "time"},
		ecs: map[string][]string{
			"host.name": {"node_name"}, "event.action": {kind + ".function_name", kind + ".policy_name", kind + ".action"}, "process.executable": {p + "binary"}, "process.command_line": {p + "arguments"},
			"process.pid": {p + "pid"}, "process.working_directory": {p + "cwd"}, "user.id": {p + "uid"}, "process.parent.executable": {kind + ".parent.binary"}, "container.id": {p + "docker"},
			"Image": {p + "binary"}, "CommandLine": {p + "arguments"}, "ParentImage": {kind + ".parent.binary"}, "ParentCommandLine": {kind + ".parent.arguments"},
			"source.ip": {kind + ".args.sock_arg.saddr"}, "destination.ip": {kind + ".args.sock_arg.daddr"}, "destination.port": {kind + ".args.sock_arg.dport"}, "rule.name": {kind + ".policy_name"},
		},
		times: []string{"time", p + "start_time"},
	}
}

// networkLogs are the records of what watches wires, and of Azure's network. Sources: Snort 3 "alert_json", Darktrace
// "Model breach alerts", Vectra "Syslog guide, JSON", Azure Monitor "AZFW* tables" and "Application Gateway logs".
var networkLogs = []vendorLog{
	{
		name: "snort", vendor: "Cisco", product: "Snort", source: event.LogSource{Product: "snort"}, category: "intrusion_detection",
		all: []string{"src_ap", "dst_ap"},
		ecs: map[string][]string{
			"rule.name": {"msg", "rule"}, "event.action": {"action"}, "network.transport": {"proto"}, "event.severity": {"priority"}, "rule.id": {"rule", "sid"}, "network.protocol": {"service"},
		},
		words: []string{"action"}, times: []string{"seconds"}, adapt: func(l *layout) { l.finish = finishSnort },
		ends: &sensorEnds{ip: "src_ap", port: "src_port", remoteIP: "dst_ap", remotePort: "dst_port"},
	},
	{
		name: "snort", vendor: "Cisco", product: "Snort", source: event.LogSource{Product: "snort"}, category: "intrusion_detection",
		all: []string{"src_addr", "dst_addr"}, any: []string{"rule", "sid", "gid"},
		ecs: map[string][]string{
			"rule.name": {"msg", "rule"}, "event.action": {"action"}, "network.transport": {"proto"}, "event.severity": {"priority"}, "rule.id": {"rule", "sid"}, "network.protocol": {"service"},
		},
		words: []string{"action"}, times: []string{"seconds"}, adapt: func(l *layout) { l.finish = finishSnort },
		ends: &sensorEnds{ip: "src_addr", port: "src_port", remoteIP: "dst_addr", remotePort: "dst_port"},
	},
	{
		name: "darktrace", vendor: "Darktrace", product: "Darktrace", source: event.LogSource{Product: "darktrace"}, category: "intrusion_detection",
		any: []string{"model.name", "model.then.name", "breachUrl"}, all: []string{"pbid"},
		ecs: map[string][]string{
			"source.ip": {"device.ip"}, "host.name": {"device.hostname"}, "rule.name": {"model.name", "model.then.name"}, "event.action": {"model.name", "model.then.name"}, "event.severity": {"score"},
		},
		times: []string{"time", "creationTime"},
	},
	{
		name: "azure.firewall", vendor: "Microsoft", product: "Azure Firewall", source: event.LogSource{Category: "firewall", Product: "azure", Service: "firewall"}, category: network,
		all: []string{"properties.SourceIp"}, any: []string{"properties.DestinationIp", "properties.Fqdn", "properties.QueryName"},
		adapt: func(l *layout) { l.strip("properties.") },
		ecs: map[string][]string{
			"source.ip": {"SourceIp"}, "source.port": {"SourcePort"}, "destination.ip": {"DestinationIp"}, "destination.port": {"DestinationPort"}, "destination.domain": {"Fqdn"},
			"event.action": {"Action", "operationName"}, "rule.name": {"Rule", "SignatureId"}, "network.transport": {"Protocol"}, "dns.question.name": {"QueryName"}, "url.original": {"TargetUrl"},
			"host.name": {"resourceId"},
		},
		words: []string{"Action"}, times: []string{"time"},
	},
	{
		name: "azure.gateway", vendor: "Microsoft", product: "Azure Application Gateway", source: event.LogSource{Category: "webserver", Product: "azure", Service: "gateway"}, category: web,
		any: []string{"properties.clientIP", "properties.clientIp"}, all: []string{"operationName", "category"},
		adapt: func(l *layout) { l.strip("properties.") },
		ecs: map[string][]string{
			"source.ip": {"clientIP", "clientIp"}, "source.port": {"clientPort"}, "http.request.method": {"httpMethod"}, "url.path": {"requestUri"}, "url.original": {"requestUri"}, "url.query": {"requestQuery"},
			"http.response.status_code": {"httpStatus", "httpStatusCode"}, "user_agent.original": {"userAgent"}, "url.domain": {"host", "hostName", "hostname"}, "event.action": {"action", "operationName"},
			"rule.name": {"ruleId", "ruleName"}, "event.reason": {"message", "Message"}, "host.name": {"instanceId"},
			"c-ip": {"clientIP", "clientIp"}, "cs-method": {"httpMethod"}, "cs-uri": {"requestUri"}, "cs-uri-stem": {"requestUri"}, "cs-uri-query": {"requestQuery"}, "sc-status": {"httpStatus", "httpStatusCode"},
			"cs-user-agent": {"userAgent"},
		},
		words: []string{"action"}, times: []string{"time", "timeStamp"},
	},
}
