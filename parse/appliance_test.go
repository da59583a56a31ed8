package parse

import (
	"strings"
	"testing"
)

// TestAppliances checks what lines of network equipment are taken to say: the format, the time, fields. "-" is none.
func TestAppliances(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"<166>Nov 22 2026 06:00:01 asa1 : %ASA-6-302013: Built outbound TCP connection 8811 for outside:203.0.113.7/443 (203.0.113.7/443) to inside:192.0.2.9/50122 (198.51.100.1/50122)", "cisco_asa 2026-11-22T06:00:01Z source.ip=192.0.2.9 source.port=50122 destination.ip=203.0.113.7 destination.port=443 network.transport=tcp event.outcome=success event.action=connection_built host.name=asa1 observer.product=asa"},
		{"%ASA-6-302013: Built inbound TCP connection 1 for outside:203.0.113.7/50122 (203.0.113.7/50122) to dmz:192.0.2.1/22 (198.51.100.1/22) (LOCAL\\anna)", "cisco_asa - source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=22"},
		{"<166>Nov 22 06:00:01 asa1 %ASA-6-302014: Teardown TCP connection 1 for outside:203.0.113.7/443 to inside:192.0.2.9/50122 duration 0:00:01 bytes 5120 TCP FINs", "cisco_asa 2023-11-22T06:00:01Z event.action=connection_torn_down event.outcome=- destination.ip=192.0.2.9"},
		{"<164>Nov 22 2026 06:00:01 CEST: %ASA-4-106023: Deny tcp src outside:203.0.113.7/50122 dst inside:192.0.2.1/22 by access-group \"outside_in\" [0x0, 0x0]", "cisco_asa 2026-11-22T04:00:01Z source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=22 event.outcome=failure rule.name=outside_in network.transport=tcp blocked=true host.name=-"},
		{"<162>Nov 22 06:00:01 asa1 : %ASA-2-106001: Inbound TCP connection denied from 203.0.113.7/50122 to 192.0.2.1/23 flags SYN  on interface outside", "cisco_asa 2023-11-22T06:00:01Z source.ip=203.0.113.7 destination.port=23 event.outcome=failure"},
		{"%ASA-2-106006: Deny inbound UDP from 203.0.113.7/53 to 192.0.2.1/53 on interface outside", "cisco_asa - network.transport=udp source.port=53 event.outcome=failure"},
		{"%ASA-2-106016: Deny IP spoof from (203.0.113.7) to 192.0.2.1 on interface outside", "cisco_asa - source.ip=203.0.113.7 destination.ip=192.0.2.1"},
		{"%ASA-6-106015: Deny TCP (no connection) from 203.0.113.7/443 to 192.0.2.1/50122 flags RST  on interface outside", "cisco_asa - source.ip=203.0.113.7 destination.port=50122 network.transport=tcp"},
		{"%ASA-6-106100: access-list outside_in permitted tcp outside/203.0.113.7(50122) -> inside/192.0.2.1(443) hit-cnt 1 first hit [0x0, 0x0]", "cisco_asa - source.ip=203.0.113.7 source.port=50122 destination.ip=192.0.2.1 destination.port=443 event.outcome=success rule.name=outside_in network.transport=tcp"},
		{"%ASA-6-302020: Built inbound ICMP connection for faddr 203.0.113.7/0 gaddr 198.51.100.1/0 laddr 192.0.2.1/0", "cisco_asa - source.ip=203.0.113.7 destination.ip=192.0.2.1 network.transport=icmp"},
		{"%ASA-3-313001: Denied ICMP type=8, code=0 from 203.0.113.7 on interface outside", "cisco_asa - source.ip=203.0.113.7 network.transport=icmp event.outcome=failure"},
		{"%ASA-6-605005: Login permitted from 192.0.2.9/50122 to inside:192.0.2.254/ssh for user \"anna\"", "cisco_asa - source.ip=192.0.2.9 user.name=anna event.outcome=success event.category=authentication event.action=login"},
		{"%ASA-6-605004: Login denied from 203.0.113.7/50122 to outside:192.0.2.254/ssh for user \"root\"", "cisco_asa - source.ip=203.0.113.7 user.name=root event.outcome=failure"},
		{"%ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 192.0.2.5 : user = eve : user IP = 203.0.113.7", "cisco_asa - user.name=eve source.ip=203.0.113.7 event.outcome=failure"},
		{"%ASA-4-113019: Group = staff, Username = anna, IP = 203.0.113.7, Session disconnected. Session Type: SSL, Duration: 0h:01m:00s", "cisco_asa - user.name=anna source.ip=203.0.113.7 event.action=vpn_session_ended"},
		{"%ASA-6-716001: Group <staff> User <anna> IP <203.0.113.7> WebVPN session started.", "cisco_asa - user.name=anna source.ip=203.0.113.7 event.outcome=success"},
		{"%ASA-5-111008: User 'anna' executed the 'no logging enable' command.", "cisco_asa - user.name=anna process.command_line=no_logging_enable event.category=configuration"},
		{"%ASA-3-003164: TCP access denied by ACL from 203.0.113.7/3624 to outside:192.0.2.1/23", "cisco_asa - source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=23 event.outcome=failure"},
		{"2026-11-22T06:00:01Z fw1 : %FTD-6-430003: EventPriority: Low, AccessControlRuleAction: Block, SrcIP: 203.0.113.7, DstIP: 192.0.2.1, SrcPort: 50122, DstPort: 22, Protocol: tcp, AccessControlRuleName: no ssh, User: No Authentication Required", "cisco_ftd 2026-11-22T06:00:01Z source.ip=203.0.113.7 source.port=50122 destination.port=22 event.outcome=failure rule.name=no_ssh user.name=- network.transport=tcp event.action=connection_finished"},

		{"<189>4711: gate: Nov 22 2026 06:00:01.120 UTC: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: eve] [Source: 203.0.113.7] [localport: 22] [Reason: Login Authentication Failed] at 06:00:01 UTC Sun Nov 22 2026", "cisco_aaa 2026-11-22T06:00:01.12Z host.name=gate user.name=eve source.ip=203.0.113.7 event.outcome=failure event.action=login"},
		{"*Mar  1 00:01:02.120: %SYS-5-CONFIG_I: Configured from console by anna on vty0 (192.0.2.9)", "cisco_aaa 2024-03-01T00:01:02.12Z user.name=anna source.ip=192.0.2.9 event.category=configuration"},
		{"<189>123: sw1: 000124: Nov 22 06:00:01: %PARSER-5-CFGLOG_LOGGEDCMD: User:anna  logged command:no logging host 192.0.2.5", "cisco_aaa 2023-11-22T06:00:01Z host.name=sw1 user.name=anna process.command_line=no_logging_host_192.0.2.5"},
		{"<190>Nov 22 06:00:01 sw1 55: %SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.7(50122) -> 192.0.2.1(23), 1 packet", "cisco 2023-11-22T06:00:01Z source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=23 event.outcome=failure network.transport=tcp rule.name=101 host.name=sw1"},
		{"<187>Nov 22 06:00:01 nx1 %AUTHPRIV-3-SYSTEM_MSG: pam_aaa:Authentication failed for user eve from 203.0.113.7 - dcos_sshd[812]", "cisco 2023-11-22T06:00:01Z source.ip=203.0.113.7 user.name=eve observer.vendor=Cisco"},
		{"<187>: 2026 Nov 22 06:00:01 UTC: %DAEMON-3-SYSTEM_MSG: error: PAM: Authentication failure for illegal user eve from 203.0.113.7", "cisco 2026-11-22T06:00:01Z user.name=eve source.ip=203.0.113.7"},

		{"<189>123: xr1 RP/0/RSP0/CPU0:Nov 22 2026 06:00:01.120 UTC: SSHD_[65805]: %SECURITY-SSHD-4-INFO_FAILURE : Failed authentication attempt by user 'eve' from '203.0.113.7' on vty0", "cisco 2026-11-22T06:00:01.12Z host.name=xr1 user.name=eve source.ip=203.0.113.7"},
		{"<166>1 2026-11-22T06:00:01Z asa1 ASA - - - %ASA-6-302016: Teardown UDP connection 1 for outside:203.0.113.7/53 to inside:192.0.2.9/50122 duration 0:00:01 bytes 99", "cisco_asa 2026-11-22T06:00:01Z host.name=asa1 source.ip=203.0.113.7 network.transport=udp"},
		{"<30>device_name=\"SFW\" timestamp=\"2026-11-22T06:00:01+0100\" device_model=\"XGS\" device_serial_id=\"X1\" log_id=\"062009617502\" log_type=\"Event\" log_component=\"GUI\" log_subtype=\"Admin\" log_version=1 user_name=\"admin\" src_ip=\"203.0.113.7\" message=\"User 'admin' failed to login from '203.0.113.7' using ssh because of wrong credentials\" status=\"Failed\"", "sophos 2026-11-22T05:00:01Z user.name=admin source.ip=203.0.113.7 event.outcome=failure event.category=authentication"},
		{"<189>logver=700 timestamp=1795327201 tz=\"UTC+0:00\" devname=\"fg1\" devid=\"FGT1\" vd=\"root\" date=2026-11-22 time=06:00:01 logid=\"0101039426\" type=\"event\" subtype=\"vpn\" level=\"alert\" logdesc=\"SSL VPN login fail\" action=\"ssl-login-fail\" tunneltype=\"ssl-web\" remip=203.0.113.7 user=\"eve\" reason=\"sslvpn_login_permission_denied\" msg=\"SSL user failed to logged in\"", "fortigate 2026-11-22T06:00:01Z source.ip=203.0.113.7 user.name=eve event.outcome=failure event.category=authentication"},
		{"<14>Nov 22 06:00:01 h CEF:0|Fortinet|Fortigate|v7.0|00013|traffic:forward close|3|deviceExternalId=FGT1 FTNTFGTlogid=0000000013 src=192.0.2.9 spt=50122 dst=203.0.113.7 dpt=443 proto=6 act=close FTNTFGTpolicyid=1", "cef_fortinet 2023-11-22T06:00:01Z event.outcome=success destination.port=443 event.action=close"},
		{strings.SplitN(FortiGate.Example, "\n", 2)[0], "fortigate 2026-11-22T06:00:01.12Z source.ip=203.0.113.7 source.port=50122 destination.ip=192.0.2.1 destination.port=22 event.action=deny event.outcome=failure network.transport=tcp observer.vendor=Fortinet observer.product=FortiGate host.name=fg1"},
		{strings.Split(FortiGate.Example, "\n")[1], "fortigate 2026-11-22T06:00:02Z source.ip=203.0.113.7 user.name=admin event.outcome=failure event.category=authentication event.action=login"},
		{"date=2026-11-22,time=06:00:03,devname=fg1,devid=FGT60E1,logid=0000000013,type=traffic,subtype=forward,srcip=192.0.2.9,srcport=50122,dstip=203.0.113.7,dstport=443,proto=17,action=accept", "fortigate 2026-11-22T06:00:03Z source.ip=192.0.2.9 destination.port=443 network.transport=udp event.outcome=success"},
		{"date=2026-11-22 time=06:00:02 devname=\"fg1\" devid=\"FGT60E1\" logid=\"0100044547\" type=\"event\" subtype=\"system\" user=\"admin\" action=\"Add\" cfgpath=\"system.admin\" cfgobj=\"eve\" msg=\"Add system.admin eve\"", "fortigate 2026-11-22T06:00:02Z action=Add cfgpath=system.admin event.category=configuration user.name=admin"},
		{"<14>Nov 22 06:00:01 pa1 1,2026/11/22 06:00:01,001122334455,THREAT,url,2049,2026/11/22 06:00:00,192.0.2.9,203.0.113.7,198.51.100.1,203.0.113.7,out,ex\\anna,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,siem,2026/11/22 06:00:00,4711,1,50122,443,0,0,0x19,tcp,block-url,\"bad.example/a,b\",(9999),malware,informational,client-to-server", "paloalto 2026-11-22T06:00:00Z user.name=ex\\anna misc=bad.example/a,b category=malware event.outcome=failure destination.port=443 rule.name=out"},
		{"Nov 22 06:00:01 pa1 1,2026/11/22 06:00:01,001122334455,SYSTEM,auth,0,2026/11/22 06:00:00,,auth-fail,,0,0,general,medium,\"failed authentication for user 'eve'. Reason: Invalid username/password. From: 203.0.113.7.\",1,0x0", "paloalto 2026-11-22T06:00:00Z event.outcome=failure event.category=authentication user.name=eve source.ip=203.0.113.7"},
		{"Nov 22 06:00:01 pa1 1,2026/11/22 06:00:01,001122334455,GLOBALPROTECT,0,2305,2026/11/22 06:00:00,vsys1,portal-auth,login,LDAP,,eve,DE,pc7,203.0.113.7,0.0.0.0,0.0.0.0,0.0.0.0,,,5.2,Windows,\"Windows 10\",1,,,,failure,,0,,0,portal", "paloalto 2026-11-22T06:00:00Z user.name=eve source.ip=203.0.113.7 event.outcome=failure"},
		{"Nov 22 06:00:01 pa1 1,2026/11/22 06:00:01,001122334455,CONFIG,0,2049,2026/11/22 06:00:00,192.0.2.9,,set,anna,Web,Succeeded,config shared,1,0x0", "paloalto 2026-11-22T06:00:00Z user.name=anna source.ip=192.0.2.9 event.outcome=success event.category=configuration"},
		{strings.Split(CheckPoint.Example, "\n")[0], "checkpoint 2026-11-22T06:00:01Z source.ip=203.0.113.7 source.port=50122 destination.port=22 event.outcome=failure rule.name=Cleanup"},
		{strings.Split(CheckPoint.Example, "\n")[1], "checkpoint 2026-11-22T06:00:02Z source.port=50123 rule.name=4 event.outcome=success host.name=gw1"},
		{SonicWall.Example, "sonicwall 2026-11-22T06:00:01Z source.ip=203.0.113.7 source.port=50122 destination.ip=192.0.2.1 destination.port=22 event.outcome=failure network.transport=tcp"},
		{"id=firewall sn=0017C5000001 time=\"2026-11-22 06:00:02\" fw=192.0.2.254 pri=1 c=16 m=30 msg=\"Administrator login denied due to bad credentials\" n=1 usr=\"admin\" src=203.0.113.7:50122:X1 dst=192.0.2.254:443:X1 proto=tcp/https", "sonicwall 2026-11-22T06:00:02Z user.name=admin event.outcome=failure event.category=authentication network.protocol=https"},
		{strings.Split(MikroTik.Example, "\n")[0], "mikrotik 2023-11-22T06:00:01Z source.ip=203.0.113.7 destination.port=22 network.transport=tcp tcp_flags=SYN"},
		{"firewall,info DROP-IN input: in:ether1 out:(unknown 0), proto UDP, 203.0.113.7:50122->192.0.2.1:53, len 60", "mikrotik - event.outcome=failure rule.name=DROP-IN network.transport=udp destination.port=53"},
		{"<30>system,info,account user anna logged in from 192.0.2.9 via winbox", "mikrotik - user.name=anna source.ip=192.0.2.9 event.outcome=success event.category=authentication"},
		{"Nov 22 06:00:02 rb1 system,error,critical: login failure for user admin from 203.0.113.7 via ssh", "mikrotik 2023-11-22T06:00:02Z user.name=admin source.ip=203.0.113.7 event.outcome=failure"},
		{strings.Split(Juniper.Example, "\n")[0], "juniper 2026-11-22T06:00:01.12Z source.ip=203.0.113.7 destination.port=22 event.outcome=failure rule.name=deny-all"},
		{strings.Split(Juniper.Example, "\n")[1], "juniper 2023-11-22T06:00:02Z source.ip=203.0.113.7 destination.port=443 rule.name=web network.transport=tcp"},
		{"Nov 22 06:00:02 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied 203.0.113.7/50122->192.0.2.1/22 0x0 junos-ssh 6(0) deny-all untrust trust UNKNOWN UNKNOWN N/A(N/A) ge-0/0/0.0 UNKNOWN policy deny", "juniper 2023-11-22T06:00:02Z event.outcome=failure rule.name=deny-all observer.ingress.zone=untrust"},
		{"Nov 22 06:00:02 srx1 sshd[812]: SSHD_LOGIN_FAILED: Login failed for user 'root' from host '203.0.113.7'", "juniper 2023-11-22T06:00:02Z user.name=root source.ip=203.0.113.7 event.outcome=failure"},
		{"<134>ns1: NetScreen device_id=ns1  [Root]system-notification-00257(traffic): start_time=\"2026-11-22 06:00:01\" duration=0 policy_id=1 service=ssh proto=6 src zone=Untrust dst zone=Trust action=Deny sent=0 rcvd=0 src=203.0.113.7 dst=192.0.2.1 src_port=50122 dst_port=22", "juniper - source.ip=203.0.113.7 destination.port=22 event.outcome=failure"},
		{strings.Split(Sophos.Example, "\n")[0], "sophos 2026-11-22T06:00:01Z source.ip=203.0.113.7 event.outcome=failure destination.port=22 rule.name=4"},
		{strings.Split(Sophos.Example, "\n")[1], "sophos 2023-11-22T06:00:02Z source.ip=203.0.113.7 event.outcome=failure destination.port=22 observer.product=UTM"},
		{WatchGuard.Example, "watchguard 2023-11-22T06:00:01Z source.ip=203.0.113.7 destination.ip=192.0.2.1 destination.port=22 event.outcome=failure"},
		{strings.Split(Filterlog.Example, "\n")[1], "filterlog 2023-11-22T06:00:02Z source.ip=2001:db8::1 destination.port=53 network.transport=udp event.outcome=success"},
		{"<134>1 2026-11-22T06:00:01+01:00 opn1 filterlog 812 - [meta sequenceId=\"1\"] 4,,,0,em0,match,block,in,4,0x0,,64,420,0,DF,17,udp,60,203.0.113.7,192.0.2.1,50122,53,40", "filterlog 2026-11-22T05:00:01Z source.ip=203.0.113.7 destination.port=53 event.outcome=failure"},
		{Huawei.Example, "huawei 2026-11-22T06:00:01Z host.name=sw1 source.ip=203.0.113.7 user.name=eve event.outcome=failure event.category=authentication"},
		{"<189>Nov 22 2026 06:00:01 sw1 %%10SHELL/6/SHELL_CMD: -Line=vty0-IPAddr=192.0.2.9-User=anna; Command is undo info-center enable", "huawei 2026-11-22T06:00:01Z process.command_line=undo_info-center_enable event.action=command"},
		{Meraki.Example, "meraki 2026-11-22T06:00:01.12Z host.name=mx1 source.ip=203.0.113.7 destination.port=22 event.outcome=failure network.transport=tcp rule.name=deny_all"},
		{"<134>1 1795327201.120000000 mx1 urls src=192.0.2.9:50122 dst=203.0.113.7:443 mac=00:00:5E:00:53:01 request: UNKNOWN https://bad.example/x", "meraki 2026-11-22T06:00:01.12Z source.ip=192.0.2.9 source.port=50122 destination.port=443 url.original=https://bad.example/x"},
		{CEF.Example, "cef 2026-11-22T06:00:01Z source.ip=203.0.113.7 event.outcome=failure observer.product=Gate_Keeper event.action=drop"},
		{"CEF:0|Check Point|VPN-1 & FireWall-1|Check Point|Log|Drop|Unknown|act=Drop src=203.0.113.7 dst=192.0.2.1 dpt=22 proto=6 cs2Label=Rule Name cs2=Cleanup rule rt=1795327201000", "cef_checkpoint 2026-11-22T06:00:01Z event.outcome=failure cs2=Cleanup_rule network.transport=tcp"},
		{LEEF.Example, "leef - source.ip=203.0.113.7 destination.port=22 user.name=anna event.outcome=failure"},
		{"<13>Nov 22 06:00:01 h LEEF:1.0|Example|Door|1|login-failed|usrName=eve\tsrc=203.0.113.7\tsev=5", "leef 2023-11-22T06:00:01Z user.name=eve source.ip=203.0.113.7 event.outcome=failure"},
		{KeyValue.Example, "keyvalue 2026-11-22T06:00:01Z user.name=anna event.outcome=failure"},
		{"<134>src=\"203.0.113.7:50122\" dst=\"192.0.2.1:22\" msg=\"Match default rule, DROP\" note=\"ACCESS BLOCK\" user=\"unknown\" devID=\"00005e005301\" cat=\"Security Policy Control\"", "zyxel - source.ip=203.0.113.7 destination.port=22 event.outcome=failure"},
	} {
		events := parseAll(Syslog, strings.TrimSpace(c.line))
		if len(events) != 1 {
			t.Errorf("%d events of %q", len(events), c.line)
			continue
		}
		e := &events[0]
		words := strings.Fields(c.want)
		when := "-"
		if e.Time != 0 {
			when = e.When().Format("2006-01-02T15:04:05.999999999Z07:00")
		}
		if e.Shape.Format.Name != words[0] || when != words[1] {
			t.Errorf("%s at %s, want %s at %s, of %s", e.Shape.Format.Name, when, words[0], words[1], c.line)
		}
		for _, field := range words[2:] {
			name, want, _ := strings.Cut(field, "=")
			got := strings.ReplaceAll(e.Get(name).String(), " ", "_")
			if want == "-" {
				want = ""
			}
			if got != want {
				t.Errorf("%s is %q, want %q, in %s", name, got, want, c.line)
			}
		}
	}
}
