package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Tunnels: OpenVPN, WireGuard as the kernel tells of it (dynamic debug of its module), strongSwan and L2TP.
// Sources: openvpn(8) "--verb", the module's messages, strongSwan documentation "Logger configuration".
var (
	openvpnFormat   = &event.Format{Name: "openvpn", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	wireguardFormat = &event.Format{Name: "wireguard", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	ipsecFormat     = &event.Format{Name: "ipsec", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}

	openvpnProgram   = newProgram(openvpnFormat, openvpnSentences)
	wireguardProgram = newProgram(wireguardFormat, wireguardSentences)
	ipsecProgram     = newIPsec()
)

var openvpnSentences = []sentence{
	{"{peer} [{userword}] Peer Connection Initiated with {*}", "vpn_connection", network, success, ""},
	{"[{userword}] Peer Connection Initiated with [AF_INET]{peer}", "vpn_connection", network, success, ""},
	{"{peer} TLS Auth Error: Auth Username/Password verification failed for peer", "vpn_login", authentication, failure, "wrong password"},
	{"{peer} TLS: Username/Password authentication succeeded for username '{user}'« {*}»", "vpn_login", authentication, success, ""},
	{"{peer} TLS: Username/Password authentication deferred for username '{user}'« {*}»", "vpn_login", authentication, "", ""},
	{"user '{user}' could not authenticate.", "vpn_login", authentication, failure, ""},
	{"user '{user}' authenticated", "vpn_login", authentication, success, ""},
	{"openvpn server '{_}' user '{user}' address '{addr}' - connected", "vpn_connection", network, success, ""},
	{"openvpn server '{_}' user '{user}' address '{addr}' - disconnected", "vpn_disconnected", network, success, ""},
	{"{peer} TLS Error: TLS handshake failed", "vpn_handshake", network, failure, "TLS handshake failed"},
	{"{peer} TLS Error: {reason}", "vpn_handshake", network, failure, ""},
	{"TLS Error: {lazyreason} from [AF_INET]{peer}", "vpn_handshake", network, failure, ""},
	{"TLS Error: {lazyreason} from [AF_INET]{peer} {*}", "vpn_handshake", network, failure, ""},
	{"{peer} TLS: Initial packet from {*}", "vpn_handshake", network, "", ""},
	{"{peer} VERIFY OK: {reason}", "vpn_certificate", authentication, success, ""},
	{"{peer} VERIFY ERROR: {reason}", "vpn_certificate", authentication, failure, ""},
	{"{peer} VERIFY SCRIPT ERROR: {reason}", "vpn_certificate", authentication, failure, ""},
	{"{userword}/{peer} MULTI: Learn: {_} -> {*}", "vpn_address", network, "", ""},
	{"{userword}/{peer} MULTI_sva: pool returned IPv4={daddr}, {*}", "vpn_address", network, "", ""},
	{"{userword}/{peer} SENT CONTROL [{*}", "vpn_control", network, "", ""},
	{"{userword}/{peer} SIGTERM[soft,{reason}] received, client-instance exiting", "vpn_disconnected", network, "", ""},
	{"{userword}/{peer} SIGUSR1[soft,{reason}] received, client-instance restarting", "vpn_disconnected", network, "", ""},
	{"{peer} SIGUSR1[soft,{reason}] received, client-instance restarting", "vpn_disconnected", network, failure, ""},
	{"{peer} Connection reset, restarting [{#}]", "vpn_disconnected", network, "", "reset"},
	{"MULTI: multi_create_instance called", "vpn_instance", network, "", ""},
	{"Initialization Sequence Completed", "service_started", process, success, ""},
	{"AUTH: Received control message: AUTH_FAILED«{reason}»", "vpn_login", authentication, failure, ""},
	{"TCP connection established with [AF_INET]{peer}", "vpn_connection", network, "", ""},
	{"{userword}/{peer} [{?}] Inactivity timeout (--ping-restart), restarting", "vpn_disconnected", network, "", "timeout"},
	{"{peer} PLUGIN_CALL: {*} status=1", "vpn_login", authentication, failure, ""},
	{"{peer} peer info: {*}", "vpn_peer_info", network, "", ""},
	{"{peer} WARNING: {reason}", "vpn_handshake", network, failure, ""},
	{"{peer} [{userword}] Inactivity timeout {*}", "vpn_disconnected", network, "", "timeout"},
	{"TLS Error: {lazyreason} from [AF_INET6]{peer}", "vpn_handshake", network, failure, ""},
	{"Authenticate/Decrypt packet error: {reason}", "vpn_packet_error", network, failure, ""},
}

var wireguardSentences = []sentence{
	{"wireguard: {iface}: Handshake for peer {#} ({peer}) did not complete after {*}", "vpn_handshake", network, failure, "timeout"},
	{"wireguard: {iface}: Receiving handshake initiation from peer {#} ({peer})", "vpn_handshake", network, "", ""},
	{"wireguard: {iface}: Sending handshake initiation to peer {#} ({dpeer})", "vpn_handshake", network, "", ""},
	{"wireguard: {iface}: Sending handshake response to peer {#} ({dpeer})", "vpn_handshake", network, "", ""},
	{"wireguard: {iface}: Receiving keepalive packet from peer {#} ({peer})", "vpn_keepalive", network, "", ""},
	{"wireguard: {iface}: Keypair {#} created for peer {#}", "vpn_connection", network, success, ""},
	{"wireguard: {iface}: Invalid handshake initiation from {peer}", "vpn_handshake", network, failure, "invalid"},
	{"wireguard: {iface}: Invalid MAC of handshake, dropping packet from {peer}", "vpn_handshake", network, failure, "invalid MAC"},
	{"wireguard: {iface}: Packet has unallowed src IP ({addr}) from peer {#} ({dpeer})", "vpn_packet_error", network, failure, "address not allowed"},
	{"wireguard: {iface}: Peer {#} ({peer}) created", "vpn_peer_added", configuration, success, ""},
	{"wireguard: {iface}: Peer {#} ({peer}) destroyed", "vpn_peer_removed", configuration, success, ""},
}

var ipsecSentences = []sentence{
	{"EAP method {sasl} failed for peer {userword}", "vpn_login", authentication, failure, ""},
	{"EAP method {sasl} succeeded, no MSK established", "vpn_login", authentication, success, ""},
	{"EAP method {sasl} succeeded, MSK established", "vpn_login", authentication, success, ""},
	{"XAuth authentication of '{user}' successful", "vpn_login", authentication, success, ""},
	{"XAuth authentication of '{user}' failed", "vpn_login", authentication, failure, ""},
	{"{addr} is initiating a« {?}» IKE_SA«{?}»", "vpn_handshake", network, "", ""},
	{"{addr} is initiating an IKE_SA", "vpn_handshake", network, "", ""},
	{"initiating IKE_SA {?} to {daddr}", "vpn_handshake", network, "", ""},
	{"IKE_SA {?} established between {daddr}[{?}]...{addr}[{user}]", "vpn_connection", network, success, ""},
	{"CHILD_SA {?} established with SPIs {*}", "vpn_connection", network, success, ""},
	{"deleting IKE_SA {?} between {daddr}[{?}]...{addr}[{user}]", "vpn_disconnected", network, "", ""},
	{"authentication of '{user}' with {?} successful", "vpn_login", authentication, success, ""},
	{"authentication of '{user}' with {?} failed", "vpn_login", authentication, failure, ""},
	{"assigning virtual IP {daddr} to peer '{user}'", "vpn_address", network, success, ""},
	{"received packet: from {addr}[{port}] to {daddr}[{dport}] ({*})", "vpn_packet", network, "", ""},
	{"sending packet: from {addr}[{port}] to {daddr}[{dport}] ({*})", "vpn_packet", network, "", ""},
	{"no IKE config found for {daddr}...{addr}, sending NO_PROPOSAL_CHOSEN", "vpn_handshake", network, failure, "no configuration"},
	{"looking for peer configs matching {daddr}[{?}]...{addr}[{user}]", "vpn_handshake", network, "", ""},
	{"no matching peer config found", "vpn_login", authentication, failure, "no matching configuration"},
	{"no shared key found for {reason}", "vpn_login", authentication, failure, "no shared key"},
	{"no trusted {?} public key found for '{user}'", "vpn_login", authentication, failure, "no trusted key"},
	{"received AUTHENTICATION_FAILED notify error", "vpn_login", authentication, failure, ""},
	{"tried {#} shared key{?} for '{?}' - '{user}', but MAC mismatched", "vpn_login", authentication, failure, "wrong key"},
	{"peer requested EAP, config unacceptable", "vpn_login", authentication, failure, "EAP"},
}

// newIPsec makes the program that charon is: its messages have the thread with its group and the name of the
// connection before them, "05[IKE] <office|7> …".
func newIPsec() *program {
	p := newProgram(ipsecFormat, ipsecSentences, pamSentences)
	p.custom = func(message string, out *said) bool {
		body := charonBody(message)
		return len(body) > 0 && len(body) < len(message) && p.find(body, out)
	}
	return p
}

func charonBody(s string) string {
	if i := strings.IndexByte(s[:min(len(s), 10)], ']'); i > 3 && s[0]-'0' <= 9 && i+2 < len(s) {
		s = s[i+2:]
	}
	if strings.HasPrefix(s, "<") {
		if _, rest, ok := strings.Cut(s, "> "); ok {
			s = rest
		}
	}
	return s
}

// charonLog is a file of charon's own: "2024-03-03T09:12:44 05[IKE] <office|7> …", or with the date of syslog.
var charonLog = ownLog{
	name:    "charon",
	doc:     "Log files of strongSwan's charon.",
	example: "2024-03-03T09:12:44 05[IKE] <office|7> IKE_SA office[7] established between 192.0.2.1[vpn.shop.example]...203.0.113.7[anna]\n",
	begins:  "09",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if l.time == 0 || len(s) < 12 || s[2] != '[' || s[6] != ']' {
			return false
		}
		return l.of(ipsecProgram, "charon", s, out)
	},
}

// openvpnLog is the file of --log: a time of either style, then who it is about.
var openvpnLog = ownLog{
	name: "openvpn",
	doc:  "Log files of OpenVPN servers.",
	example: "Sun Mar  3 09:12:44 2024 203.0.113.7:50122 TLS Auth Error: Auth Username/Password verification failed for peer\n" +
		"2024-03-03 09:12:45 198.51.100.4:1194 [anna] Peer Connection Initiated with [AF_INET]198.51.100.4:1194\n",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		s, w := l.rest, l.first
		if strings.HasPrefix(w, "us=") {
			s = l.after
			w, _ = nextWord(s)
		}
		if _, port := splitEndpoint(w); port == "" && !strings.HasPrefix(s, "TLS ") && !strings.HasPrefix(s, "AUTH: ") &&
			!strings.Contains(w, "/") && !strings.HasPrefix(s, "TCP connection") && !strings.HasPrefix(s, "Initialization Seq") {
			return false
		}
		return l.of(openvpnProgram, "openvpn", s, out)
	},
}
