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
		{`{"activity_name":"Logon","class_name":"Authentication","class_uid":3002,"category_uid":3,"type_uid":300201,"time":1772525564120,"status":"Failure","user":{"name":"anna"},"src_endpoint":{"ip":"203.0.113.7","port":50122},"dst_endpoint":{"hostname":"srv1","ip":"192.0.2.3"},"metadata":{"version":"1.1.0","product":{"name":"Gate","vendor_name":"Example"}}}`, `ocsf 03-03T08:12:44 source.ip=203.0.113.7 source.port=50122 user.name=anna host.name=srv1 event.action=Logon event.outcome=failure event.category=authentication observer.vendor=Example`},
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

// TestGearVariants has lines of equipment that its first words tell, and of servers' own files.
func TestGearVariants(t *testing.T) {
	checkVariants(t, []variant{
		{`<181>Mar  3 09:12:45 ise1 CISE_Failed_Attempts 0000014855 1 0 2026-03-03 09:12:44.120 +01:00 0000104321 5400 NOTICE Failed-Attempt: Authentication failed, Device IP Address=192.0.2.1, UserName=eve, Calling-Station-ID=203.0.113.7, FailureReason=22056 Subject not found`, `appliance 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
		{`<182>date=2026-03-03 time=08:12:44.120 device_id=FE100 log_id=0003006000 type=event subtype=smtp pri=information user=eve ui=mail action=login status=failure msg="User eve login failed from 203.0.113.7"`, `fortinet 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure observer.product=FortiMail`},
		{`Mar  3 08:12:44 gw1 Action="drop" rule="5" src="203.0.113.7" s_port="50122" dst="192.0.2.1" service="22" proto="tcp" product="VPN-1 & FireWall-1"`, `checkpoint 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.1 observer.vendor=Check_Point event.outcome=failure`},
		{`Mar  3 08:12:44 ns1 NetScreen device_id=ns1  [Root]system-notification-00257(traffic): start_time="2026-03-03 08:12:43" policy_id=3 service=ssh proto=6 src zone=Untrust dst zone=Trust action=Deny src=203.0.113.7 dst=192.0.2.1 src_port=50122 dst_port=22`, `juniper 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=22 observer.vendor=Juniper event.outcome=failure`},
		{`<134>Mar  3 08:12:44 lb1 ASM:unit_hostname="lb1",management_ip_address="192.0.2.2",request_status="blocked",response_code="0",ip_client="203.0.113.7",method="GET",uri="/x",src_port="50122",dest_port="80",dest_ip="192.0.2.3"`, `appliance 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3 event.outcome=failure observer.vendor=F5`},
		{`<134>Mar  3 08:12:44 lb1 notice tmm1[812]: 01490500:5: /Common/vpn:Common:1a2b: New session from client IP 203.0.113.7 (ST=/CC=/C=) at VIP 192.0.2.3 Listener /Common/vpn`, `appliance 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.3 event.code=01490500 observer.vendor=F5`},
		{`<134>Mar  3 08:12:44 lb1 notice apmd[812]: 01490010:5: /Common/vpn:Common:1a2b: Username 'eve'`, `appliance 03-03T08:12:44 user.name=eve event.code=01490010`},
		{`<134> 03/03/2026:08:12:44 GMT ns1 0-PPE-0 : default CLI CMD_EXECUTED 12 0 : User nsroot - ADM_User NONE - Remote_ip 203.0.113.7 - Command "show" - Status "ERROR: Not authorized"`, `appliance 03-03T08:12:44 host.name=ns1 source.ip=203.0.113.7 user.name=nsroot event.outcome=failure`},
		{"2026-03-03 08:12:44\treason=Allowed\tprotocol=HTTPS\taction=Allowed\tserverip=192.0.2.3\tClientIP=203.0.113.7\tuser=anna@example.com\turl=shop.example/\tvendor=Zscaler", `proxy_pairs 03-03T08:12:44 user.name=anna@example.com event.outcome=success observer.vendor=Zscaler`},
		{`<14>1 2026-03-03T09:12:45+01:00 sn1 asqd - - - id=firewall time="2026-03-03 09:12:44" fw="sn1" tz=+0100 startime="2026-03-03 09:12:43" ipproto=tcp proto=ssh src=203.0.113.7 srcport=50122 dst=192.0.2.1 dstport=22 action=block logtype="filter"`, `stormshield 03-03T08:12:44 source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=22 network.transport=tcp event.outcome=failure observer.vendor=Stormshield`},
		{`id=firewall time="2026-03-03 09:12:44" fw="sn1" tz=+0100 startime="2026-03-03 09:12:44" user="eve" src=203.0.113.7 error=4 msg="Authentication request invalid" logtype="auth"`, `stormshield 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure event.category=authentication`},
		{`Mar  3 08:12:44 2026 aruba1 authmgr[812]: <522008> <NOTI> <WARN> |authmgr|  User Authentication Successful: username=eve MAC=00:00:5e:00:53:01 IP=192.0.2.9 role=guest`, `appliance 03-03T08:12:44 user.name=eve source.ip=192.0.2.9 event.outcome=success observer.vendor=Aruba`},
		{`<134>Mar  3 08:12:44 idrac-1 USR0031: Unable to log in for root from 203.0.113.7 using GUI.`, `appliance 03-03T08:12:44 host.name=idrac-1 user.name=root source.ip=203.0.113.7 event.outcome=failure observer.product=iDRAC`},
		{`Mar  3 08:12:44 idrac-1 Severity: Informational, Category: Audit, MessageID: USR0030, Message: Successfully logged in using root, from 203.0.113.7 and GUI.`, `appliance 03-03T08:12:44 user.name=root source.ip=203.0.113.7 event.outcome=success`},
		{`Mar  3 08:12:44 eos1 Aaa: %AAA-5-LOGIN_FAILED: user admin failed to login [from: 203.0.113.7] [service: sshd] [reason: Authentication failed]`, `cisco_aaa 03-03T08:12:44 user.name=admin source.ip=203.0.113.7 observer.vendor=Arista`},
		{`2026-03-03T08:12:44.120Z esx1 dfwpktlogs: 50047 INET match DROP domain-c8/1002 IN 60 TCP 192.0.2.5/50122->203.0.113.7/443 S`, `vmware_firewall 03-03T08:12:44 source.ip=192.0.2.5 destination.ip=203.0.113.7 destination.port=443 event.outcome=failure`},
		{`<29>Mar  3 08:12:45 ib1 httpd: 2026-03-03 08:12:44.120Z [admin]: Login_Denied - - to=AdminConnector ip=203.0.113.7 info=Local apparently_via=GUI`, `appliance 03-03T08:12:44 user.name=admin source.ip=203.0.113.7 event.outcome=failure observer.vendor=Infoblox`},
		{`<30>Mar  3 08:12:44 ib1 named[812]: 03-Mar-2026 08:12:44.120 client 192.0.2.5#50122: UDP: query: shop.example IN A response: NOERROR +A shop.example. 300 IN A 192.0.2.1;`, `bind 03-03T08:12:44 source.ip=192.0.2.5 dns.question.name=shop.example`},
		{`<134>Mar  3 08:12:44 vpn1 PulseSecure: 2026-03-03 08:12:44 - vpn1 - [203.0.113.7] eve(Users)[] - Login failed using auth server LDAP (LDAP Server).  Reason: Failed`, `appliance 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure event.category=authentication`},
		{`<54>Mar  3 08:12:44 sep1 SymantecServer: ws7,Event Description: [SID: 1] Attack: X attack blocked,Local Host IP: 192.0.2.9,Remote Host IP: 203.0.113.7,Inbound,TCP,Begin: 2026-03-03 08:12:44,User Name: anna,Local Port: 445,Remote Port: 50122`, `appliance 03-03T08:12:44 host.name=ws7 user.name=anna source.ip=203.0.113.7 destination.ip=192.0.2.9 destination.port=445 event.outcome=failure`},
		{`CEF:0|Cyber-Ark|Vault|12.6|4|Failure: Authentication Failure|7|act="Authentication Failure" suser=eve shost=203.0.113.7 rt=Mar 03 2026 08:12:44`, `cef 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
		{`<13>Mar  3 08:12:44 udm CEF:0|Ubiquiti|UniFi Network|9.0|544|Admin Accessed UniFi Network|1|UNIFIcategory=System UNIFIhost=udm UNIFIadmin=Admin src=203.0.113.7 msg=x`, `cef 03-03T08:12:44 source.ip=203.0.113.7 user.name=Admin`},
		{`Mar  3 08:12:44 db1 journal: LENGTH : '160' ACTION :[7] 'CONNECT' DATABASE USER:[5] 'SCOTT' CLIENT USER:[4] 'anna' STATUS:[4] '1017' CLIENT ADDRESS: (ADDRESS=(PROTOCOL=tcp)(HOST=203.0.113.7)(PORT=50122))`, `appliance 03-03T08:12:44 source.ip=203.0.113.7 user.name=SCOTT event.outcome=failure event.category=authentication`},
		{`Mar  3 08:12:44 fw1 openvpn[812]: user 'eve' could not authenticate.`, `openvpn 03-03T08:12:44 user.name=eve event.outcome=failure`},
		{`Tue Mar  3 08:12:44 2026 1 203.0.113.7 120 /home/a b.txt b _ i r anna ftp 0 * c`, `xferlog 03-03T08:12:44 source.ip=203.0.113.7 user.name=anna file.path=/home/a_b.txt event.action=ftp_upload event.outcome=success`},
		{`(000123) 3/3/2026 8:12:44 AM - (not logged in) (203.0.113.7)> 530 Login or password incorrect!`, `filezilla 03-03T08:12:44 source.ip=203.0.113.7 event.outcome=failure`},
		{`2026-03-03T08:12:44.120Z !! [FTP Session 12 203.0.113.7 eve] 530 Login incorrect.`, `filezilla 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
		{`203.0.113.7, anna, 3/3/2026, 8:12:44, W3SVC1, WEB1, 192.0.2.3, 4502, 163, 3223, 404, 0, GET, /x.htm, -,`, `iis_native 03-03T08:12:44 host.name=WEB1 source.ip=203.0.113.7 user.name=anna event.outcome=failure url.path=/x.htm`},
		{`[2026-03-03T08:12:44.120Z] "GET /x HTTP/1.1" 403 - "-" 0 12 3 - "203.0.113.7" "curl" "id" "shop.example" "192.0.2.10:80"`, `envoy 03-03T08:12:44 source.ip=203.0.113.7 event.outcome=failure http.response.status_code=403`},
		{`[2026-03-03T08:12:44.120Z] "GET /x HTTP/2" 200 - via_upstream - "-" 0 120 3 2 "-" "curl" "id" "shop.example" "192.0.2.10:80" outbound|80||shop 192.0.2.4:4711 192.0.2.10:80 203.0.113.7:50122 - default`, `envoy 03-03T08:12:44 source.ip=203.0.113.7 event.outcome=success`},
		{`tls 2.0 2026-03-03T08:12:44 net/shop/c6 g3 203.0.113.7:51341 192.0.2.9:443 5 2 98 246 - arn:x - E tlsv12 - shop.example - - - 2026-03-03T08:12:43`, `nlb 03-03T08:12:44 source.ip=203.0.113.7 source.port=51341 destination.ip=192.0.2.9 destination.port=443 destination.domain=shop.example`},
		{`2026-03-03 08:12:44,120 4711 INFO odoo odoo.addons.base.models.res_users: Login failed for db:prod login:eve from 203.0.113.7`, `text 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
		{"[2026-03-03 08:12:44,120] [INFO] [paperless.auth] Login failed for user `eve` from IP `203.0.113.7`.", `text 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
		{`Mar  3 08:12:44 nas1 qulogd[1]: conn log: Users: eve, Source IP: 203.0.113.7, Computer name: ---, Connection type: HTTP, Action: Login Fail`, `syslog 03-03T08:12:44 source.ip=203.0.113.7 user.name=eve event.outcome=failure`},
	})
}

// TestRareTimes has times as people write them.
func TestRareTimes(t *testing.T) {
	for _, stamp := range [...]string{
		"22.11.2023 17:00:01", "Nov 22, 2023 5:00:01 PM", "Wednesday, November 22, 2023 5:00:01 PM", "20231122T170001Z", "20231122170001",
		"22 Nov 2023 17:00:01", "20231122 17:00:01.000", "Wed Nov 22 17:00:01 UTC 2023", "Wed Nov 22 18:00:01 CET 2023", "11/22/23 5:00:01 PM", "22/11/2023 17:00:01",
	} {
		e := parseAll(Text, stamp+" login failed for anna from 203.0.113.7")[0]
		if got := e.When().UTC().Format(time.RFC3339); got != "2023-11-22T17:00:01Z" {
			t.Errorf("%s is %s", stamp, got)
		}
	}
	for _, line := range [...]string{"12 monkeys at 10:00:01 in 2023", "May I come in at 10:00:01?", "20231399170001 x", "Sun is out", "31.12.2023 99:00:01 x"} {
		if e := parseAll(Text, line)[0]; e.Time != 0 {
			t.Errorf("%q has the time %s", line, e.When())
		}
	}
}
