package parse

import "testing"

// TestFurtherVariants has lines as they are met in the wild, beyond those of the examples.
func TestFurtherVariants(t *testing.T) {
	checkVariants(t, []variant{
		{`Mar  3 09:12:44 esx1 Hostd: [Originator@6876 sub=Vimsvc.ha-eventmgr opID=x] Event 77 : Cannot login root@192.0.2.10`, `appliance 03-03T09:12:44 observer.product=ESXi host.name=esx1 source.ip=192.0.2.10 user.name=root event.action=login event.category=authentication event.outcome=failure`},
		{`2026-03-03T09:12:44.123Z esx1 Hostd: info hostd[123] [Originator@6876 sub=Vimsvc.ha-eventmgr opID=x] Event 77 : User root@192.0.2.10 logged in as pyvmomi`, `appliance 03-03T09:12:44 observer.product=ESXi host.name=esx1 source.ip=192.0.2.10 user.name=root event.action=login event.category=authentication event.outcome=success`},
		{`Mar  3 09:12:44 ns1 03/03/2026:08:12:44 GMT ns1 0-PPE-0 : default SSLVPN LOGIN 77 0 : Context anna@192.0.2.10 - SessionId: 1 - User anna - Client_ip 192.0.2.10 - Nat_ip "Mapped Ip" - Vserver 198.51.100.5:443`, `appliance 03-03T08:12:44 observer.product=NetScaler host.name=ns1 source.ip=192.0.2.10 destination.ip=198.51.100.5 destination.port=443 user.name=anna event.action=login event.category=authentication event.outcome=success`},
		{`Mar  3 09:12:44 ns1 03/03/2026:08:12:44 GMT ns1 0-PPE-0 : default AAA LOGIN_FAILED 77 0 :  User anna - Client_ip 192.0.2.10 - Failure_reason "External authentication server denied access" - Browser x`, `appliance 03-03T08:12:44 observer.product=NetScaler host.name=ns1 source.ip=192.0.2.10 user.name=anna event.action=login event.category=authentication event.outcome=failure`},
		{`2026-03-03 09:12:44 no host name found for IP address 192.0.2.10`, `exim 03-03T09:12:44 source.ip=192.0.2.10 event.action=smtp_connection event.category=network`},
		{`2026 Mar  3 09:12:44 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`<134>Mar  3 09:12:44 gate haproxy[123]: 192.0.2.10:51022 [03/Mar/2026:09:12:44.123] web web/srv1 0/0/1/2/3 200 5 - - ---- 1/1/0/0/0 0/0 {www.example.com} "GET / HTTP/1.1"`, `access 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 event.outcome=success url.original=/ url.path=/`},
		{`{"datetime":"2026-03-03T09:12:44Z","actor":{"email":"anna@example.com","ip_address":"192.0.2.10"},"type":"user.login.failed"}`, `json 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna@example.com`},
		{`{"eventType":"login","actor":{"email":"anna@example.com"},"ipAddress":"192.0.2.10","timestamp":1772529164}`, `json 03-03T09:12:44 source.ip=192.0.2.10 user.name=anna@example.com event.action=login`},
		{`2026/03/03 09:12:44 [warn] 1#1: *1 [client 192.0.2.10] ModSecurity: Access denied with code 403 (phase 2). Matched "Operator" [file "/x"] [line "1"] [id "949110"] [msg "Inbound"] [uri "/index.php"], client: 192.0.2.10, server: x, request: "GET /index.php?a=b HTTP/1.1", host: "www.example.com"`, `nginx 03-03T09:12:44 source.ip=192.0.2.10 event.action=waf_rule event.category=web event.outcome=failure url.original=/index.php?a=b url.domain=www.example.com rule.name=Inbound`},
		{`Mar  3 09:12:44 gw1 charon[1]: 05[IKE] <office|1> tried 1 shared key for '198.51.100.5' - 'anna', but MAC mismatched`, `ipsec 03-03T09:12:44 host.name=gw1 user.name=anna event.action=vpn_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gw1 kernel: [12345.678901] [WAN_IN-B-4001] DESCR="x" IN=eth8 OUT=br0 MAC=aa SRC=192.0.2.10 DST=198.51.100.5 LEN=1 PROTO=TCP SPT=1 DPT=2`, `netfilter 03-03T09:12:44 host.name=gw1 source.ip=192.0.2.10 source.port=1 destination.ip=198.51.100.5 destination.port=2 event.action=packet event.category=network event.outcome=failure network.transport=tcp rule.name=[WAN_IN-B-4001]_DESCR="x"`},
	})
}
