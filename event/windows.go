package event

// WindowsFormat is the dialect of Windows events, whatever they were carried in: EVTX files, or JSON as exported or
// shipped. Its events have the names that Windows gives its fields and that Sigma rules use: those of the System
// element as Element or Element_Attribute ("Channel", "Provider_Name"), those of EventData and UserData as they are.
//
// A native name is listed under an ECS name (Elastic Common Schema 8) in the order in which a person who asks for the
// latter would want it: the account that a logon is about before the one that asked for it, Sysmon's name before
// Security's where an event could hold both.
var WindowsFormat = &Format{
	Name:      "windows",
	LogSource: LogSource{Product: "windows"},
	ECS: map[string][]string{
		"event.code":       {"EventID"},
		"event.provider":   {"Provider_Name", "SourceName", "ProviderName"},
		"event.created":    {"TimeCreated", "EventTime", "UtcTime"},
		"log.level":        {"Level", "Severity"},
		"winlog.channel":   {"Channel", "LogName"},
		"winlog.record_id": {"EventRecordID", "RecordNumber"},
		"winlog.task":      {"Task"},
		"winlog.opcode":    {"Opcode"},
		"winlog.keywords":  {"Keywords"},
		"winlog.logon.id":  {"TargetLogonId", "LogonId", "SubjectLogonId"},
		"logon.type":       {"LogonType"},

		"host.name":     {"Computer", "Hostname", "host", "MachineName"},
		"host.hostname": {"Computer", "Hostname", "host", "MachineName"},

		"user.name": {
			"TargetUserName", "User", "SubjectUserName", "SourceUser", "AccountName", "UserName", "SamAccountName",
			"SubjectAccountName", "Detection User", "ParentUser",
		},
		"user.domain":           {"TargetDomainName", "SubjectDomainName", "Domain", "DomainName"},
		"user.id":               {"TargetUserSid", "TargetSid", "SubjectUserSid", "Security_UserID", "UserID", "UserSid"},
		"user.target.name":      {"TargetUserName", "NewTargetUserName", "TargetUser", "MemberName"},
		"user.target.domain":    {"TargetDomainName"},
		"user.target.id":        {"TargetUserSid", "TargetSid", "MemberSid"},
		"user.effective.name":   {"TargetUserName", "TargetOutboundUserName", "User"},
		"source.user.name":      {"SubjectUserName", "SourceUser", "User"},
		"destination.user.name": {"TargetUserName", "TargetUser"},
		"group.name":            {"GroupName"},

		"source.ip": {
			"IpAddress", "SourceIp", "SourceAddress", "ClientAddress", "ClientIP", "Client Address", "SourceIPAddress",
			"RemoteAddress", "Address", "Source_Network_Address", "IPString",
		},
		"source.port":         {"IpPort", "SourcePort", "ClientPort"},
		"source.domain":       {"SourceHostname", "WorkstationName", "Workstation", "ClientName"},
		"destination.ip":      {"DestinationIp", "DestAddress", "ServerAddress", "DestinationAddress"},
		"destination.port":    {"DestinationPort", "DestPort"},
		"destination.domain":  {"DestinationHostname", "TargetServerName", "ServerName"},
		"network.transport":   {"Protocol"},
		"network.direction":   {"Direction"},
		"dns.question.name":   {"QueryName", "QNAME"},
		"dns.question.type":   {"QueryType", "QTYPE"},
		"dns.answers":         {"QueryResults"},
		"dns.response_code":   {"QueryStatus", "RCODE"},
		"url.full":            {"RemoteName", "url", "PackageSourceUri"},
		"user_agent.original": {"UserAgent"},

		"process.executable": {
			"Image", "NewProcessName", "SourceImage", "ProcessName", "Process Name", "CallerProcessName", "Application",
			"processPath",
		},
		"process.name": {
			"Image", "NewProcessName", "SourceImage", "ProcessName", "Process Name", "CallerProcessName", "Application",
		},
		"process.command_line":      {"CommandLine", "ProcessCommandLine", "HostApplication"},
		"process.args":              {"CommandLine", "ProcessCommandLine"},
		"process.pid":               {"NewProcessId", "ProcessId", "SourceProcessId", "ClientProcessId", "ProcessID"},
		"process.entity_id":         {"ProcessGuid", "SourceProcessGUID", "SourceProcessGuid"},
		"process.thread.id":         {"SourceThreadId", "Execution_ThreadID", "ThreadID"},
		"process.working_directory": {"CurrentDirectory"},
		"process.hash":              {"Hashes"},
		"process.pe.original_file_name": {
			"OriginalFileName",
		},
		"process.pe.company":          {"Company"},
		"process.pe.description":      {"Description"},
		"process.pe.product":          {"Product"},
		"process.pe.file_version":     {"FileVersion"},
		"process.parent.executable":   {"ParentImage", "ParentProcessName", "SourceParentImage"},
		"process.parent.name":         {"ParentImage", "ParentProcessName", "SourceParentImage"},
		"process.parent.command_line": {"ParentCommandLine"},
		"process.parent.pid":          {"ParentProcessId"},
		"process.parent.entity_id":    {"ParentProcessGuid"},
		"process.parent.user.name":    {"ParentUser"},
		"process.target.executable":   {"TargetImage"},
		"process.Ext.token.integrity": {"IntegrityLevel", "MandatoryLabel"},
		"powershell.file.script_block_text": {
			"ScriptBlockText", "Payload",
		},

		"file.path": {
			"TargetFilename", "RelativeTargetName", "ObjectName", "ImageLoaded", "FileName", "Path", "LocalName",
		},
		"file.name": {"TargetFilename", "RelativeTargetName", "ObjectName", "ImageLoaded", "FileName"},
		"file.hash": {"Hashes", "Hash"},
		"file.code_signature.signed": {
			"Signed",
		},
		"file.code_signature.subject_name": {"Signature"},
		"file.code_signature.status":       {"SignatureStatus"},
		"dll.path":                         {"ImageLoaded"},
		"file.share":                       {"ShareName"},
		"pipe.name":                        {"PipeName"},
		"registry.path":                    {"TargetObject", "ObjectName"},
		"registry.value":                   {"ObjectValueName"},
		"registry.data.strings":            {"Details", "NewValue"},
		"service.name":                     {"ServiceName"},
		"service.executable":               {"ImagePath", "ServiceFileName"},
		"task.name":                        {"TaskName"},
		"error.code":                       {"Status", "ErrorCode"},
		"rule.name":                        {"RuleName"},
		"threat.indicator.name":            {"ThreatName", "Threat Name"},
		"message":                          {"Message", "Data"},
	},
}
