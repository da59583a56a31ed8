package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// dialectCase is a record and what must be read of it.
type dialectCase struct {
	name   string
	in     string
	format string
	source event.LogSource
	time   string            // RFC 3339; "" is none
	get    map[string]string // names as rules use them → values
}

var windowsSource = event.LogSource{Product: "windows"}

func TestWindowsDialects(t *testing.T) {
	const at = "2024-03-03T09:12:44.12Z"
	logon := map[string]string{
		"EventID": "4624", "Channel": "Security", "Provider_Name": "Microsoft-Windows-Security-Auditing", "Computer": "dc1.example.com",
		"TargetUserName": "anna", "LogonType": "3", "host.name": "dc1.example.com", "user.name": "anna", "source.ip": "192.0.2.9",
	}
	checkDialects(t, []dialectCase{
		{
			name: "evtx_dump", format: "windows", source: windowsSource, time: at,
			in: `{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"EventData":{"TargetUserName":"anna","LogonType":3,"IpAddress":"192.0.2.9","Channel":"not it"},` +
				`"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing","Guid":"54849625-5478-4994-A5BA-3E3B0328C30D"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":4624},` +
				`"TimeCreated":{"#attributes":{"SystemTime":"2024-03-03T09:12:44.120Z"}},"EventRecordID":7,"Correlation":null,"Execution":{"#attributes":{"ProcessID":612,"ThreadID":700}},"Channel":"Security","Computer":"dc1.example.com","Security":{"#attributes":{"UserID":"S-1-5-18"}}}}}`,
			get: with(logon, "Provider_Guid", "54849625-5478-4994-A5BA-3E3B0328C30D", "EventID_Qualifiers", "0", "Execution_ProcessID", "612", "Execution_ThreadID", "700", "Security_UserID", "S-1-5-18", "EventRecordID", "7"),
		},
		{
			name: "XML converter", format: "windows", source: windowsSource, time: at,
			in: `{"Event":{"@xmlns":"x","System":{"Provider":{"@Name":"Microsoft-Windows-Security-Auditing"},"EventID":"4624","TimeCreated":{"@SystemTime":"2024-03-03T09:12:44.1200000Z"},"Channel":"Security","Computer":"dc1.example.com","Security":null},` +
				`"EventData":{"Data":[{"@Name":"TargetUserName","#text":"anna"},{"@Name":"LogonType","#text":"3"},{"@Name":"IpAddress","#text":"192.0.2.9"},{"@Name":"Empty"}]}}}`,
			get: with(logon, "Empty", ""),
		},
		{
			name: "one named datum", format: "windows", source: windowsSource, time: at,
			in:  `{"Event":{"System":{"Provider":{"@Name":"X"},"EventID":"1","TimeCreated":{"@SystemTime":"2024-03-03T09:12:44.12Z"}},"EventData":{"Data":{"@Name":"Who","#text":"anna"}}}}`,
			get: map[string]string{"Who": "anna", "EventID": "1"},
		},
		{
			name: "list of strings", format: "windows", source: windowsSource, time: at,
			in:  `{"Event":{"System":{"Provider":{"#attributes":{"Name":"X"}},"EventID":400,"TimeCreated":{"#attributes":{"SystemTime":"2024-03-03T09:12:44.12Z"}},"Channel":"Windows PowerShell"},"EventData":{"Data":["Available","None"],"Binary":null}}}`,
			get: map[string]string{"Data": `["Available","None"]`, "Channel": "Windows PowerShell"},
		},
		{
			name: "user data", format: "windows", source: windowsSource, time: at,
			in:  `{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":1102,"TimeCreated":{"#attributes":{"SystemTime":"2024-03-03T09:12:44.12Z"}},"Channel":"Security"},"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"y"},"SubjectUserName":"anna"}}}}`,
			get: map[string]string{"SubjectUserName": "anna", "EventID": "1102"},
		},
		{
			name: "without Event", format: "windows", source: windowsSource, time: at,
			in:  `{"System":{"Provider":{"Name":"Microsoft-Windows-Security-Auditing","Guid":"{1}"},"EventID":{"Value":4624},"TimeCreated":{"SystemTime":1709457164.12},"Channel":"Security","Computer":"dc1.example.com"},"EventData":{"TargetUserName":"anna","LogonType":3,"IpAddress":"192.0.2.9"}}`,
			get: logon,
		},
		{
			name: "tool's wrapper", format: "windows", source: windowsSource, time: at,
			in:  `{"group":"g","document":{"kind":"evtx","data":{"Event":{"System":{"Provider_attributes":{"Name":"Microsoft-Windows-Security-Auditing"},"EventID":4624,"TimeCreated_attributes":{"SystemTime":"2024-03-03T09:12:44.120Z"},"Channel":"Security","Computer":"dc1.example.com"},"EventData":{"TargetUserName":"anna","LogonType":3,"IpAddress":"192.0.2.9"}}}}}`,
			get: with(logon, "group", "g"),
		},
		{
			name: "Winlogbeat 8", format: "windows", source: windowsSource, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120Z","event":{"code":"4624","created":"2024-03-03T09:12:46Z","action":"logged-in"},"host":{"name":"dc1.example.com"},"winlog":{"channel":"Security","event_id":"4624","provider_name":"Microsoft-Windows-Security-Auditing","computer_name":"dc1.example.com","record_id":9,"process":{"pid":612,"thread":{"id":7}},"event_data":{"TargetUserName":"anna","LogonType":"3","IpAddress":"192.0.2.9"}},"ecs":{"version":"8.0.0"}}`,
			get: with(logon, "event.action", "logged-in", "EventRecordID", "9", "Execution_ProcessID", "612"),
		},
		{
			name: "Winlogbeat 6", format: "windows", source: windowsSource, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120Z","log_name":"Security","event_id":4624,"source_name":"Microsoft-Windows-Security-Auditing","computer_name":"dc1.example.com","event_data":{"TargetUserName":"anna","LogonType":"3","IpAddress":"192.0.2.9"}}`,
			get: logon,
		},
		{
			name: "NXLog with Sysmon's time", format: "windows", source: windowsSource, time: at,
			in:  `{"EventReceivedTime":"2024-03-03 04:12:50","EventTime":"2024-03-03 04:12:44","@timestamp":"2024-03-03T09:12:51Z","UtcTime":"2024-03-03 09:12:44.120","SourceName":"Microsoft-Windows-Sysmon","Hostname":"ws7","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\Windows\\System32\\cmd.exe","ExecutionProcessID":4}`,
			get: map[string]string{"Provider_Name": "Microsoft-Windows-Sysmon", "Computer": "ws7", "Image": `C:\Windows\System32\cmd.exe`, "process.executable": `C:\Windows\System32\cmd.exe`, "Execution_ProcessID": "4"},
		},
		{
			name: "NXLog with a local time", format: "windows", source: windowsSource, time: "2024-03-03T09:12:51Z",
			in: `{"EventTime":"2024-03-03 04:12:44","@timestamp":"2024-03-03T09:12:51Z","SourceName":"X","Hostname":"ws7","Channel":"Security","EventID":4688}`,
		},
		{
			name: "NXLog with a zone", format: "windows", source: windowsSource, time: at,
			in: `{"EventTime":"2024-03-03T10:12:44.120+01:00","@timestamp":"2024-03-03T09:12:51Z","SourceName":"X","Hostname":"ws7","Channel":"Security","EventID":4688}`,
		},
		{
			name: "Azure's SecurityEvent", format: "windows", source: windowsSource, time: at,
			in:  `{"TenantId":"t","TimeGenerated":"2024-03-03T09:12:44.120Z","EventSourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","EventID":4624,"Computer":"dc1.example.com","TargetUserName":"anna","LogonType":3,"IpAddress":"192.0.2.9"}`,
			get: logon,
		},
		{
			name: "PowerShell", format: "windows", source: windowsSource, time: at,
			in:  `{"Id":4624,"ProviderName":"Microsoft-Windows-Security-Auditing","LogName":"Security","ProcessId":612,"MachineName":"dc1.example.com","TimeCreated":"\/Date(1709457164120)\/","RecordId":5,"Message":"A logon"}`,
			get: map[string]string{"EventID": "4624", "Channel": "Security", "Computer": "dc1.example.com", "Execution_ProcessID": "612", "EventRecordID": "5", "message": "A logon"},
		},
		{
			name: "Wazuh", format: "windows", source: windowsSource, time: at,
			in:  `{"timestamp":"2024-03-03T09:12:45.000+0000","data":{"win":{"system":{"providerName":"Microsoft-Windows-Security-Auditing","eventID":"4624","systemTime":"2024-03-03T09:12:44.1200000Z","channel":"Security","computer":"dc1.example.com"},"eventdata":{"targetUserName":"anna","logonType":"3","ipAddress":"192.0.2.9"}}}}`,
			get: logon,
		},
		{
			name: "OpenTelemetry", format: "windows", source: windowsSource, time: at,
			in:  `{"channel":"Security","computer":"dc1.example.com","event_id":{"id":4624,"qualifiers":0},"provider":{"name":"Microsoft-Windows-Security-Auditing","guid":"{1}"},"system_time":"2024-03-03T09:12:44.120Z","event_data":{"TargetUserName":"anna","LogonType":"3","IpAddress":"192.0.2.9"}}`,
			get: logon,
		},
		{
			name: "nested data beside flat names", format: "windows", source: windowsSource, time: at,
			in:  `{"EventID":"4624","ProviderName":"Microsoft-Windows-Security-Auditing","TimeCreated":"2024-03-03 09:12:44.120","Computer":"dc1.example.com","Channel":"Security","ExtraEventData":{"TargetUserName":"anna","LogonType":3,"IpAddress":"192.0.2.9"}}`,
			get: logon,
		},
	})
}

func TestCloudDialects(t *testing.T) {
	const at = "2024-03-03T09:12:44Z"
	checkDialects(t, []dialectCase{
		{
			name: "CloudTrail", format: "cloudtrail", source: event.LogSource{Product: "aws", Service: "cloudtrail"}, time: at,
			in: `{"Records":[{"eventVersion":"1.09","eventTime":"2024-03-03T09:12:44Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli","userIdentity":{"type":"IAMUser","userName":"anna"},"requestParameters":{"userName":"eve"},"responseElements":null}]}`,
			get: map[string]string{
				"eventName": "CreateUser", "userIdentity.type": "IAMUser", "user.name": "anna", "source.ip": "203.0.113.7",
				"requestParameters": `{"userName":"eve"}`, "requestParameters.userName": "eve", "event.action": "CreateUser",
			},
		},
		{
			name: "EventBridge", format: "cloudtrail", source: event.LogSource{Product: "aws", Service: "cloudtrail"}, time: at,
			in:  `{"version":"0","detail-type":"AWS API Call via CloudTrail","time":"2024-03-03T09:12:50Z","detail":{"eventVersion":"1.09","eventTime":"2024-03-03T09:12:44Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","userIdentity":{"type":"Root"}}}`,
			get: map[string]string{"eventName": "CreateUser", "userIdentity.type": "Root"},
		},
		{
			name: "Kubernetes", format: "kubernetes", source: event.LogSource{Category: "application", Product: "kubernetes", Service: "audit"}, time: at,
			in: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[{"auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/secrets","verb":"list","user":{"username":"anna","groups":["a"]},"sourceIPs":["192.0.2.9"],"objectRef":{"resource":"secrets","namespace":"kube-system"},"responseStatus":{"code":200},"requestObject":{"spec":{"volumes":[{"hostPath":{"path":"/"}}]}},"requestReceivedTimestamp":"2024-03-03T09:12:44.000000Z"}]}`,
			get: map[string]string{
				"verb": "list", "objectRef.resource": "secrets", "user.name": "anna", "source.ip": "192.0.2.9", "responseStatus.code": "200",
				"hostPath": `[{"path":"/"}]`,
			},
		},
		{
			name: "Azure activity", format: "azure.activitylogs", source: event.LogSource{Product: "azure", Service: "activitylogs"}, time: at,
			in:  `{"records":[{"time":"2024-03-03T09:12:44.0000000Z","resourceId":"/SUBSCRIPTIONS/1","operationName":"MICROSOFT.NETWORK/VPNGATEWAYS/WRITE","category":"Administrative","resultType":"Success","callerIpAddress":"192.0.2.9","properties":{"eventCategory":"Administrative"}}]}`,
			get: map[string]string{"operationName": "MICROSOFT.NETWORK/VPNGATEWAYS/WRITE", "OperationNameValue": "MICROSOFT.NETWORK/VPNGATEWAYS/WRITE", "CategoryValue": "Administrative", "source.ip": "192.0.2.9"},
		},
		{
			name: "Azure activity by its interface", format: "azure.activitylogs", source: event.LogSource{Product: "azure", Service: "activitylogs"}, time: at,
			in:  `{"value":[{"eventTimestamp":"2024-03-03T09:12:44Z","subscriptionId":"1","caller":"anna@example.com","operationName":{"value":"Microsoft.Network/vpnGateways/write","localizedValue":"x"}}]}`,
			get: map[string]string{"operationName": "Microsoft.Network/vpnGateways/write", "user.name": "anna@example.com"},
		},
		{
			name: "Entra audit", format: "azure.auditlogs", source: event.LogSource{Product: "azure", Service: "auditlogs"}, time: at,
			in: `{"time":"2024-03-03T09:12:44Z","resourceId":"/tenants/1","operationName":"Add member to role","category":"RoleManagement","properties":{"activityDisplayName":"Add member to role","loggedByService":"Core Directory","result":"success","initiatedBy":{"user":{"userPrincipalName":"anna@example.com"}},"targetResources":[{"type":"User","modifiedProperties":[{"displayName":"Role","newValue":"Global Administrator"}]}]}}`,
			get: map[string]string{
				"properties.message": "Add member to role", "LoggedByService": "Core Directory", "Status": "success", "Category": "RoleManagement",
				"user.name": "anna@example.com", "TargetResources.modifiedProperties.newValue": `[["Global Administrator"]]`,
				"targetResources.type": `["User"]`, "OperationName": "Add member to role",
			},
		},
		{
			name: "Entra sign-in", format: "azure.signinlogs", source: event.LogSource{Product: "azure", Service: "signinlogs"}, time: at,
			in:  `{"createdDateTime":"2024-03-03T09:12:44Z","userPrincipalName":"anna@example.com","appDisplayName":"Portal","ipAddress":"192.0.2.9","clientAppUsed":"IMAP","status":{"errorCode":50053,"failureReason":"locked"},"deviceDetail":{"deviceId":"","isCompliant":false}}`,
			get: map[string]string{"ResultType": "50053", "ResultDescription": "locked", "DeviceDetail.isCompliant": "false", "ClientApp": "IMAP", "source.ip": "192.0.2.9"},
		},
		{
			name: "Entra risk", format: "azure.riskdetection", source: event.LogSource{Product: "azure", Service: "riskdetection"}, time: at,
			in:  `{"detectedDateTime":"2024-03-03T09:12:44Z","riskEventType":"impossibleTravel","userPrincipalName":"anna@example.com"}`,
			get: map[string]string{"riskEventType": "impossibleTravel"},
		},
		{
			name: "Okta", format: "okta", source: event.LogSource{Product: "okta", Service: "okta"}, time: at,
			in:  `{"uuid":"1","published":"2024-03-03T09:12:44.000Z","eventType":"user.session.start","displayMessage":"Log in","actor":{"alternateId":"anna@example.com"},"client":{"ipAddress":"192.0.2.9"},"outcome":{"result":"FAILURE"},"target":[{"displayName":"App"}]}`,
			get: map[string]string{"eventtype": "user.session.start", "user.name": "anna@example.com", "target.displayName": `["App"]`, "event.outcome": "failure"},
		},
		{
			name: "Google Cloud", format: "gcp.audit", source: event.LogSource{Product: "gcp", Service: "gcp.audit"}, time: at,
			in: `{"insertId":"1","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","timestamp":"2024-03-03T09:12:44Z","resource":{"type":"gcs_bucket","labels":{"project_id":"p"}},"protoPayload":{"@type":"x","methodName":"storage.buckets.delete","serviceName":"storage.googleapis.com","authenticationInfo":{"principalEmail":"anna@example.com"},"requestMetadata":{"callerIp":"192.0.2.9"},"authorizationInfo":[{"permission":"storage.buckets.delete","granted":true}]}}`,
			get: map[string]string{
				"gcp.audit.method_name": "storage.buckets.delete", "user.name": "anna@example.com", "data.protoPayload.resource.type": "gcs_bucket",
				"data.protoPayload.authorizationInfo.granted": "[true]", "eventService": "storage.googleapis.com",
			},
		},
		{
			name: "Google Cloud, routed", format: "gcp.audit", source: event.LogSource{Product: "gcp", Service: "gcp.audit"}, time: at,
			in:  `{"data":{"timestamp":"2024-03-03T09:12:44Z","protoPayload":{"methodName":"m","serviceName":"s"}}}`,
			get: map[string]string{"gcp.audit.method_name": "m", "data.protoPayload.methodName": "m"},
		},
		{
			name: "GitHub", format: "github", source: event.LogSource{Product: "github", Service: "audit"}, time: at,
			in:  `{"@timestamp":1709457164000,"action":"repo.destroy","actor":"anna","org":"example","created_at":1709457164000,"_document_id":"x"}`,
			get: map[string]string{"action": "repo.destroy", "user.name": "anna"},
		},
		{
			name: "Microsoft 365", format: "m365", source: event.LogSource{Product: "m365", Service: "audit"}, time: at,
			in:  `{"CreationTime":"2024-03-03T09:12:44","Id":"1","Operation":"UserLoggedIn","Workload":"AzureActiveDirectory","UserId":"anna@example.com","ClientIP":"192.0.2.9","ResultStatus":"Success"}`,
			get: map[string]string{"eventName": "UserLoggedIn", "status": "Success", "source.ip": "192.0.2.9"},
		},
		{
			name: "OneLogin", format: "onelogin", source: event.LogSource{Product: "onelogin", Service: "onelogin.events"},
			in:  `{"event_type_id":6,"actor_user_id":1,"actor_user_name":"anna","user_id":2}`,
			get: map[string]string{"event_type_id": "6", "user.name": "anna"},
		},
		{
			name: "Duo", format: "duo", source: event.LogSource{Product: "cisco", Service: "duo"}, time: at,
			in:  `{"isotimestamp":"2024-03-03T09:12:44+00:00","access_device":{"ip":"192.0.2.9"},"event_type":"authentication","reason":"user_marked_fraud","result":"fraud","user":{"name":"anna"}}`,
			get: map[string]string{"reason": "user_marked_fraud", "source.ip": "192.0.2.9", "user.name": "anna"},
		},
	})
}

func TestNetworkAndHostDialects(t *testing.T) {
	const at = "2024-03-03T09:12:44.12Z"
	zeek := func(service string) event.LogSource { return event.LogSource{Product: "zeek", Service: service} }
	checkDialects(t, []dialectCase{
		{
			name: "Suricata alert", format: "suricata", source: event.LogSource{Product: "suricata"}, time: at,
			in:  `{"timestamp":"2024-03-03T10:12:44.120000+0100","flow_id":1,"event_type":"alert","src_ip":"192.0.2.9","src_port":5,"dest_ip":"198.51.100.4","dest_port":80,"proto":"TCP","alert":{"action":"allowed","signature":"ET X","signature_id":7},"http":{"hostname":"h","url":"/a?b","http_user_agent":"curl"}}`,
			get: map[string]string{"alert.signature": "ET X", "source.ip": "192.0.2.9", "dst_port": "80", "c-useragent": "curl", "rule.name": "ET X"},
		},
		{
			name: "Zeek conn", source: zeek("conn"), time: at,
			in:  `{"ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","id.orig_p":5,"id.resp_h":"198.51.100.4","id.resp_p":80,"proto":"tcp","conn_state":"SF"}`,
			get: map[string]string{"id.orig_h": "192.0.2.9", "source.ip": "192.0.2.9", "dst_port": "80"},
		},
		{name: "Zeek dns", source: zeek("dns"), time: at, in: `{"ts":"2024-03-03T09:12:44.120Z","uid":"C1","id.orig_h":"192.0.2.9","proto":"udp","query":"example.com","qtype_name":"A","answers":["198.51.100.4"]}`, get: map[string]string{"dns.question.name": "example.com"}},
		{name: "Zeek http", source: zeek("http"), time: at, in: `{"ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","method":"GET","host":"h","uri":"/x","status_code":200}`, get: map[string]string{"c-uri": "/x"}},
		{name: "Zeek smb_files", source: zeek("smb_files"), time: at, in: `{"ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","action":"SMB::FILE_OPEN","path":"\\\\h\\IPC$","name":"svcctl","size":0}`, get: map[string]string{"path": `\\h\IPC$`}},
		{name: "Zeek dce_rpc", source: zeek("dce_rpc"), time: at, in: `{"ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","endpoint":"svcctl","operation":"CreateServiceW"}`},
		{name: "Zeek x509", source: zeek("x509"), time: at, in: `{"ts":1709457164.12,"id":"F1","certificate.serial":"01","certificate.subject":"CN=x"}`},
		{name: "Zeek kerberos", source: zeek("kerberos"), time: at, in: `{"ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","request_type":"TGS","cipher":"rc4-hmac"}`},
		{name: "Zeek with its path", format: "zeek", source: zeek(""), time: at, in: `{"_path":"rdp","ts":1709457164.12,"uid":"C1","id.orig_h":"192.0.2.9","cookie":"x"}`, get: map[string]string{"_path": "rdp"}},
		{
			name: "journald sshd", format: "sshd", source: event.LogSource{Product: "linux", Service: "sshd"}, time: at,
			in:  `{"__REALTIME_TIMESTAMP":"1709457164999999","_SOURCE_REALTIME_TIMESTAMP":"1709457164120000","_HOSTNAME":"gate","SYSLOG_IDENTIFIER":"sshd","_PID":"812","_COMM":"sshd","PRIORITY":"6","MESSAGE":"Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"}`,
			get: map[string]string{"host.name": "gate", "process.name": "sshd", "process.pid": "812", "user.name": "oracle", "source.ip": "203.0.113.7", "source.port": "50122", "event.outcome": "failure", "_COMM": "sshd"},
		},
		{
			name: "journald, a program without sentences", format: "journald", source: event.LogSource{Product: "linux", Service: "syslog"}, time: at,
			in:  `{"__REALTIME_TIMESTAMP":"1709457164120000","_HOSTNAME":"gate","_COMM":"mydaemon","_EXE":"/usr/bin/mydaemon","MESSAGE":"hello \"you\""}`,
			get: map[string]string{"process.name": "mydaemon", "message": `hello "you"`, "process.executable": "/usr/bin/mydaemon"},
		},
		{
			name: "Docker", format: "docker", time: at,
			in:  `{"log":"started\n","stream":"stdout","time":"2024-03-03T09:12:44.120000000Z"}`,
			get: map[string]string{"message": "started\n", "stream": "stdout"},
		},
		{
			name: "Docker, an access line", format: "access", source: event.LogSource{Category: "webserver"}, time: at,
			in:  `{"log":"192.0.2.9 - - [03/Mar/2024:09:12:44 +0000] \"GET /a?b=1 HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n","stream":"stdout","time":"2024-03-03T09:12:44.120000000Z"}`,
			get: map[string]string{"cs-uri-stem": "/a", "cs-uri-query": "b=1", "c-ip": "192.0.2.9", "sc-status": "200"},
		},
		{
			name: "Docker, JSON within", format: "json", time: at,
			in:  `{"log":"{\"level\":\"info\",\"msg\":\"hi\"}\n","stream":"stdout","time":"2024-03-03T09:12:44.120000000Z"}`,
			get: map[string]string{"msg": "hi", "level": "info"},
		},
		{
			name: "nginx", format: "access", source: event.LogSource{Category: "webserver"}, time: "2024-03-03T09:12:44Z",
			in:  `{"time_local":"03/Mar/2024:09:12:44 +0000","remote_addr":"192.0.2.9","remote_user":"anna","request":"GET /a%20b?c=1 HTTP/1.1","status":"404","body_bytes_sent":"5","http_referrer":"","http_user_agent":"curl/8"}`,
			get: map[string]string{"c-ip": "192.0.2.9", "cs-method": "GET", "cs-uri": "/a%20b?c=1", "cs-uri-stem": "/a%20b", "cs-uri-query": "c=1", "cs-version": "HTTP/1.1", "sc-status": "404", "cs-user-agent": "curl/8", "cs-username": "anna"},
		},
		{
			name: "Caddy", format: "access", source: event.LogSource{Category: "webserver"}, time: at,
			in:  `{"level":"info","ts":1709457164.12,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.9","remote_port":"5","proto":"HTTP/2.0","method":"POST","host":"example.com","uri":"/login?x=1","headers":{"User-Agent":["curl/8"]}},"user_id":"","duration":0.1,"size":5,"status":401}`,
			get: map[string]string{"c-ip": "192.0.2.9", "cs-method": "POST", "cs-uri-stem": "/login", "cs-uri-query": "x=1", "sc-status": "401", "cs-host": "example.com", "cs-user-agent": `["curl/8"]`},
		},
		{
			name: "Traefik", format: "access", source: event.LogSource{Category: "webserver"}, time: "2024-03-03T09:12:44Z",
			in:  `{"ClientAddr":"192.0.2.9:5","ClientHost":"192.0.2.9","DownstreamStatus":200,"RequestHost":"example.com","RequestMethod":"GET","RequestPath":"/a?b","time":"2024-03-03T09:12:44Z","request_User-Agent":"curl/8"}`,
			get: map[string]string{"c-ip": "192.0.2.9", "cs-method": "GET", "cs-uri-stem": "/a", "cs-uri-query": "b", "sc-status": "200", "cs-host": "example.com"},
		},
		{
			name: "ECS", format: "ecs", time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120Z","ecs":{"version":"8.11.0"},"event":{"kind":"event","action":"exec"},"process":{"executable":"/bin/sh","args":["sh","-c"]},"user":{"name":"anna"},"host":{"hostname":"gate"}}`,
			get: map[string]string{"process.executable": "/bin/sh", "user.name": "anna", "host.name": "gate", "Image": "/bin/sh", "event.action": "exec"},
		},
		{
			name: "any other", format: "json", time: at,
			in:  `{"when":"x","timestamp":1709457164120,"a":{"b":[1,{"c":2}],"e":{}},"k\u0065y":"v\u00e9","n":null}`,
			get: map[string]string{"a.b": `[1,{"c":2}]`, "a.b.c": "[2]", "a.e": "{}", "key": "vé", "n": ""},
		},
		{name: "a duration is no time", format: "json", in: `{"time":12,"ts":"soon"}`, get: map[string]string{"time": "12"}},
	})
}

func with(m map[string]string, pairs ...string) map[string]string {
	all := make(map[string]string, len(m)+len(pairs)/2)
	for k, v := range m {
		all[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

func checkDialects(t *testing.T, cases []dialectCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if s := JSON.Detect(c.in); s < 90 {
				t.Errorf("detected with %d%%", s)
			}
			events := jsonEvents(t, c.in)
			if len(events) != 1 {
				t.Fatalf("%d events", len(events))
			}
			e := &events[0]
			if c.format != "" && e.Shape.Format.Name != c.format {
				t.Errorf("format %q, want %q", e.Shape.Format.Name, c.format)
			}
			if e.Shape.Format.LogSource != c.source {
				t.Errorf("log source %+v, want %+v", e.Shape.Format.LogSource, c.source)
			}
			at := ""
			if e.Time != 0 {
				at = e.When().Format(time.RFC3339Nano)
			}
			if at != c.time {
				t.Errorf("time %s, want %s", at, c.time)
			}
			for name, want := range c.get {
				if v := e.Get(name); v.Kind == event.Missing || v.String() != want {
					t.Errorf("%s = %q (kind %d), want %q; fields %s", name, v.String(), v.Kind, want, strings.Join(e.Shape.Fields(), " "))
				}
			}
			if e.Record != 1 || e.Raw == "" {
				t.Errorf("record %d, raw %q", e.Record, e.Raw)
			}
		})
	}
}
