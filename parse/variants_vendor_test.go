package parse

import (
	"testing"
	"time"
)

// TestVendorRecords has a record of each service and sensor that is told by its names.
func TestVendorRecords(t *testing.T) {
	checkVariants(t, []variant{
		{`{"initiated_by":{"id":"1","type":"user","username":"anna"},"event_type":"sso_auth","success":false,"service":"sso","organization":"1","client_ip":"203.0.113.7","error_message":"bad","timestamp":"2026-03-03T08:12:44.120Z"}`, `jumpcloud 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna event.action=sso_auth event.outcome=failure event.category=authentication observer.vendor=JumpCloud`},
		{`{"id":"0123","date_create":1772525564,"action":"user_login_failed","actor":{"type":"user","user":{"id":"W1","name":"Anna","email":"anna@example.com"}},"entity":{"type":"user"},"context":{"ua":"curl","ip_address":"203.0.113.7"}}`, `slack 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.action=user_login_failed event.outcome=failure event.category=authentication`},
		{`{"uuid":"A1","session_uuid":"B","timestamp":"2026-03-03T08:12:44Z","country":"DE","category":"credentials_failed","type":"password_secret_bad","target_user":{"uuid":"C","email":"anna@example.com"},"client":{"app_name":"Browser","ip_address":"203.0.113.7"}}`, `1password 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.outcome=failure event.category=authentication`},
		{`{"email":"anna@example.com","time":"2026-03-03T08:12:44Z","type":"Sign in","ip_address":"203.0.113.7","client_type":"Browser","version":"5.9"}`, `zoom 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.category=authentication`},
		{`{"object":"event","type":1001,"actingUserId":"u1","date":"2026-03-03T08:12:44.1Z","ipAddress":"203.0.113.7"}`, `bitwarden 03-03T08:12:44 source.ip=203.0.113.7 user.name=u1 event.code=1001`},
		{`{"audit_event":"login_failure","remote_address":"203.0.113.7","username":"anna@example.com","timestamp":"2026-03-03T08:12:44Z","category":"login"}`, `keeper 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.outcome=failure event.category=authentication`},
		{`{"addr.remote":"203.0.113.7:50122","cluster_name":"c","code":"T1000W","ei":0,"error":"bad password","event":"user.login","method":"local","success":false,"time":"2026-03-03T08:12:44Z","uid":"x","user":"anna"}`, `teleport 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 user.name=anna event.action=user.login event.outcome=failure event.category=authentication`},
		{`{"time":"2026-03-03T08:12:44.1Z","type":"response","auth":{"display_name":"anna","token_type":"service"},"request":{"id":"1","operation":"read","path":"secret/data/x","remote_address":"203.0.113.7","remote_port":50122},"error":"permission denied"}`, `vault 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 user.name=anna event.outcome=failure`},
		{`{"log_id":"1","data":{"date":"2026-03-03T08:12:44.1Z","type":"fp","description":"Wrong password, failed login","ip":"203.0.113.7","user_name":"anna@example.com"}}`, `auth0 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.outcome=failure event.code=fp`},
		{`{"id":"1","author":{"displayName":"anna@example.com"},"category":"user management","created":"2026-03-03T08:12:44.120+0000","remoteAddress":"203.0.113.7","summary":"User added to group","objectItem":{"name":"admins"}}`, `jira 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com user.target.name=admins`},
		{`{"EVENT_TYPE":"Login","TIMESTAMP":"20260303081244.120","USER_ID":"005","LOGIN_STATUS":"LOGIN_ERROR_INVALID_PASSWORD","SOURCE_IP":"203.0.113.7","USER_NAME":"anna@example.com","TIMESTAMP_DERIVED":"2026-03-03T08:12:44.120Z"}`, `salesforce 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.outcome=failure event.category=authentication`},
		{`{"EVENT_ID":1,"EVENT_TIMESTAMP":"2026-03-03 09:12:44.120 +0100","EVENT_TYPE":"LOGIN","USER_NAME":"ANNA","CLIENT_IP":"203.0.113.7","REPORTED_CLIENT_TYPE":"JDBC_DRIVER","IS_SUCCESS":"NO","ERROR_CODE":390100,"ERROR_MESSAGE":"INCORRECT_USERNAME_PASSWORD"}`, `snowflake 03-03T08:12:44 source.ip=203.0.113.7 user.name=ANNA event.outcome=failure event.category=authentication`},
		{`{"_id":"1","access_method":"Client","action":"block","activity":"Download","alert_type":"DLP","app":"Box","srcip":"203.0.113.7","dstip":"192.0.2.9","user":"anna@example.com","timestamp":1772525564,"hostname":"ws7"}`, `netskope 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.9 user.name=anna@example.com host.name=ws7 event.outcome=failure observer.vendor=Netskope`},
		{`{"sourcetype":"zscalernss-web","event":{"datetime":"Tue Mar 03 08:12:44 2026","reason":"Allowed","protocol":"HTTPS","action":"Allowed","ClientIP":"203.0.113.7","serverip":"192.0.2.3","requestmethod":"GET","user":"anna@example.com","url":"example.com/","department":"IT"}}`, `zscaler 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3 user.name=anna@example.com event.outcome=success observer.product=ZIA`},
		{`{"LogTimestamp":"Tue Mar  3 08:12:44 2026","Customer":"x","SessionID":"1","ConnectionID":"1,2","ConnectionStatus":"active","Username":"anna@example.com","ClientPublicIP":"203.0.113.7","ServerIP":"192.0.2.3","ServerPort":443}`, `zscaler_zpa 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3 destination.port=443 user.name=anna@example.com`},
		{`{"ActionResult":true,"ActionType":"login","ActorEmail":"anna@example.com","ActorIP":"203.0.113.7","ActorType":"user","ID":"1","When":"2026-03-03T08:12:44Z"}`, `cloudflare_audit 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna@example.com event.action=login event.outcome=success event.category=authentication`},
		{`{"Action":"block","ClientIP":"203.0.113.7","ClientRequestHost":"shop.example","ClientRequestMethod":"GET","ClientRequestPath":"/x","Datetime":"2026-03-03T08:12:44Z","EdgeResponseStatus":403,"RuleID":"1","Source":"waf"}`, `cloudflare_firewall 03-03T08:12:44 source.ip=203.0.113.7 event.action=block event.outcome=failure url.path=/x`},
		{`{"ClientIP":"203.0.113.7","ClientRequestHost":"shop.example","ClientRequestMethod":"GET","ClientRequestURI":"/x","EdgeResponseStatus":403,"EdgeStartTimestamp":1772525564120000000}`, `access 03-03T08:12:44 source.ip=203.0.113.7 event.outcome=failure`},
		{`{"SchemaVersion":"2018-10-08","ProductArn":"arn:x","AwsAccountId":"1","UpdatedAt":"2026-03-03T08:12:44.1Z","Title":"x","Network":{"SourceIpV4":"203.0.113.7","DestinationIpV4":"192.0.2.3"},"Resources":[{"Id":"i-1"}]}`, `securityhub 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3`},
		{`{"clickIP":"203.0.113.7","clickTime":"2026-03-03T08:12:44.000Z","recipient":"anna@example.com","sender":"x@example.org","url":"http://x.example/","userAgent":"curl"}`, `proofpoint_tap 03-03T08:12:44 source.ip=203.0.113.7 email.from.address=x@example.org user.name=anna@example.com`},
		{`{"event_simpleName":"NetworkConnectIP4","aid":"a1","LocalAddressIP4":"192.0.2.9","LocalPort":"50122","RemoteAddressIP4":"203.0.113.7","RemotePort":"443","ContextTimeStamp":"1772525564.120","timestamp":"1772525569120"}`, `crowdstrike_fdr 03-03T08:12:44 source.ip=192.0.2.9 source.port=50122 destination.ip=203.0.113.7 destination.port=443 host.name=a1 observer.vendor=CrowdStrike`},
		{`{"event_simpleName":"NetworkReceiveAcceptIP4","aid":"a1","LocalAddressIP4":"192.0.2.9","LocalPort":"22","RemoteAddressIP4":"203.0.113.7","RemotePort":"50122","ContextTimeStamp":"1772525564.120"}`, `crowdstrike_fdr 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.9 destination.port=22`},
		{`{"time":"2026-03-03T08:13:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceLogonEvents","properties":{"Timestamp":"2026-03-03T08:12:44.120Z","DeviceName":"ws7","ActionType":"LogonFailed","RemoteIP":"203.0.113.7","AccountName":"anna","LogonType":"Network"}}`, `defender_hunting 03-03T08:12:44 source.ip=203.0.113.7 host.name=ws7 user.name=anna event.outcome=failure event.category=authentication`},
		{`{"id":"1","severity":"High","detectionSource":"WindowsDefenderAtp","title":"x","alertCreationTime":"2026-03-03T08:12:44.12Z","computerDnsName":"ws7","relatedUser":{"userName":"anna"}}`, `defender_alert 03-03T08:12:44 host.name=ws7 user.name=anna rule.name=x`},
		{`{"agentDetectionInfo":{"agentIpV4":"192.0.2.9","agentLastLoggedInUserName":"anna"},"agentRealtimeInfo":{"agentComputerName":"ws7"},"threatInfo":{"classification":"Malware","threatName":"x.exe","sha256":"aa","createdAt":"2026-03-03T08:12:44.120Z","mitigationStatus":"mitigated"}}`, `sentinelone 03-03T08:12:44 host.name=ws7 user.name=anna source.ip=192.0.2.9 rule.name=Malware`},
		{`{"event.type":"IP Connect","endpoint.name":"ws7","src.ip.address":"192.0.2.9","src.port.number":50122,"dst.ip.address":"203.0.113.7","dst.port.number":443,"event.time":1772525564120,"src.process.user":"CORP\\anna"}`, `sentinelone_funnel 03-03T08:12:44 host.name=ws7 source.ip=192.0.2.9 destination.ip=203.0.113.7 destination.port=443`},
		{`{"type":"CB_ANALYTICS","id":"1","device_name":"ws7","device_username":"anna","device_internal_ip":"192.0.2.9","severity":5,"create_time":"2026-03-03T08:12:44.120Z","process_name":"x.exe","org_key":"A"}`, `carbonblack 03-03T08:12:44 host.name=ws7 user.name=anna source.ip=192.0.2.9 process.name=x.exe`},
		{`{"name":"pack_x_users","hostIdentifier":"ws7","calendarTime":"Tue Mar  3 08:12:44 2026 UTC","unixTime":1772525564,"columns":{"username":"root","uid":"0"},"action":"added"}`, `osquery 03-03T08:12:44 host.name=ws7 user.name=root event.action=pack_x_users`},
		{`{"process_exec":{"process":{"exec_id":"a","pid":12,"uid":0,"cwd":"/","binary":"/usr/bin/curl","arguments":"http://x"},"parent":{"pid":1,"binary":"/bin/sh"}},"node_name":"h1","time":"2026-03-03T08:12:44.120Z"}`, `tetragon 03-03T08:12:44 host.name=h1 process.executable=/usr/bin/curl process.command_line=http://x process.parent.executable=/bin/sh`},
		{`{"timestamp":"26/03/03-08:12:44.120000","pkt_num":1,"proto":"TCP","src_ap":"203.0.113.7:50122","dst_ap":"192.0.2.3:80","rule":"1:1000001:1","action":"drop"}`, `snort 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 destination.ip=192.0.2.3 destination.port=80 event.outcome=failure rule.id=1:1000001:1`},
		{`{"category":"AZFWNetworkRule","time":"2026-03-03T08:12:44.120Z","resourceId":"/SUB","properties":{"Protocol":"TCP","SourceIp":"192.0.2.9","SourcePort":50122,"DestinationIp":"203.0.113.7","DestinationPort":443,"Action":"Deny"}}`, `azure.firewall 03-03T08:12:44 source.ip=192.0.2.9 destination.ip=203.0.113.7 destination.port=443 event.outcome=failure`},
		{`{"category":"AzureFirewallApplicationRule","time":"2026-03-03T08:12:44.120Z","resourceId":"/SUB","operationName":"AzureFirewallApplicationRuleLog","properties":{"msg":"HTTPS request from 192.0.2.9:50122 to shop.example:443. Action: Deny. No rule matched."}}`, `azure.firewall 03-03T08:12:44 source.ip=192.0.2.9 source.port=50122 destination.domain=shop.example destination.port=443 event.outcome=failure network.transport=tcp`},
		{`{"timeStamp":"2026-03-03T08:12:44Z","resourceId":"/SUB","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"gw_0","clientIP":"203.0.113.7","clientPort":50122,"httpMethod":"GET","requestUri":"/x","httpStatus":404}}`, `azure.gateway 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 http.response.status_code=404 url.path=/x`},
		{`03/03-08:12:44.120000  [**] [1:1000001:3] LOCAL odd request [**] [Classification: Misc activity] [Priority: 2] {TCP} 203.0.113.7:50122 -> 192.0.2.3:80`, `snort_alert 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 destination.ip=192.0.2.3 destination.port=80 rule.name=LOCAL_odd_request rule.id=1:1000001:3 network.transport=tcp`},
		{`03/03/2026-08:12:44.120000  [Drop] [**] [1:1000001:3] LOCAL odd [**] [Classification: (null)] [Priority: 3] {ICMP} 203.0.113.7 -> 192.0.2.3`, `snort_alert 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3 event.outcome=failure`},
		{`Mar  3 08:12:44 fw1 snort[812]: [1:1000001:3] LOCAL odd [Classification: Misc activity] [Priority: 3] {UDP} [2001:db8::7]:50122 -> [2001:db8::3]:53`, `snort_alert 03-03T08:12:44 host.name=fw1 source.ip=2001:db8::7 destination.ip=2001:db8::3 destination.port=53`},
		{`1772525564,203.0.113.7,192.0.2.10,50122,22,T,I,A,B,,,,`, `azure_flow 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.10 destination.port=22 event.outcome=success network.direction=inbound`},
	})
}

// TestFlowTuples checks that each tuple of a record is an event with its rule.
func TestFlowTuples(t *testing.T) {
	got := parseAll(JSON, `{"records":[{"time":"2026-03-03T08:13:00Z","category":"FlowLogFlowEvent","operationName":"FlowLogFlowEvent","flowLogVersion":4,"flowRecords":{"flows":[{"aclID":"1","flowGroups":[`+
		`{"rule":"DenyAll","flowTuples":["1772525564120,203.0.113.7,192.0.2.10,50122,22,6,I,D,NX,0,0,0,0","1772525565120,203.0.113.8,192.0.2.10,50123,23,6,I,D,NX,0,0,0,0"]},`+
		`{"rule":"AllowOut","flowTuples":["1772525566120,192.0.2.10,203.0.113.9,50124,53,17,O,B,NX,0,0,0,0"]}]}]}}]}`)
	if len(got) != 3 {
		t.Fatalf("%d events, want 3", len(got))
	}
	for i, want := range [...][4]string{{"203.0.113.7", "failure", "DenyAll", "08:12:44"}, {"203.0.113.8", "failure", "DenyAll", "08:12:45"}, {"192.0.2.10", "success", "AllowOut", "08:12:46"}} {
		e := &got[i]
		if have := [4]string{e.Get("source.ip").String(), e.Get("event.outcome").String(), e.Get("rule.name").String(), e.When().UTC().Format(time.TimeOnly)}; have != want {
			t.Errorf("event %d is %v, want %v", i, have, want)
		}
		again := parseAll(JSON, e.Raw)
		if len(again) != 1 || again[0].Get("destination.port").String() != e.Get("destination.port").String() || again[0].Time != e.Time {
			t.Errorf("%q alone is not the same event", e.Raw)
		}
	}
}
