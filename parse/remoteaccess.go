package parse

import "github.com/tocsin-sec/tocsin/event"

// Those who let people in from afar beside OpenVPN and strongSwan: ocserv, pppd, Libreswan's pluto, xrdp; and what a
// Synology NAS says of its users. Sources: ocserv(8), pppd(8), pluto(8), xrdp-sesman(8), Synology DSM "Log Center".
var (
	remoteFormat    = &event.Format{Name: "remote_access", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	ocservProgram   = newProgram(remoteFormat, ocservSentences, pamSentences)
	pppProgram      = newProgram(remoteFormat, pppSentences)
	plutoProgram    = newProgram(ipsecFormat, plutoSentences)
	xrdpProgram     = newProgram(remoteFormat, xrdpSentences, pamSentences)
	synologyProgram = newProgram(syslogFormat, synologySentences)
)

var ocservSentences = []sentence{
	{"worker[{lazyuser}]: {addr} {_} failed authentication for '{*}'", "vpn_login", authentication, failure, ""},
	{"worker: {addr} {_} failed authentication for '{user}'", "vpn_login", authentication, failure, ""},
	{"worker[{lazyuser}]: {addr} {reason}", "vpn_message", network, "", ""},
	{"main[{lazyuser}]:{peer} new user session", "vpn_connection", session, success, ""},
	{"main[{lazyuser}]:{peer} user logged in«{*}»", "vpn_login", authentication, success, ""},
	{"main[{lazyuser}]:{peer} user disconnected (reason: {reason}", "vpn_disconnected", session, "", ""},
	{"main: added {#} points (total {#}) for IP '{addr}' to ban list", "vpn_login", authentication, failure, "points"},
	{"main: {addr}:{port} {reason}", "vpn_message", network, "", ""},
	{"sec-mod: failed authentication for user '{lazyuser}'«{*}»", "vpn_login", authentication, failure, ""},
	{"sec-mod: using '{_}' authentication to authenticate user {*}", "vpn_handshake", authentication, "", ""},
}

var pppSentences = []sentence{
	{"{_} peer authentication succeeded for {user}", "vpn_login", authentication, success, ""},
	{"peer from calling number {addr} authorized", "vpn_connection", network, success, ""},
	{"Peer {user} failed {_} authentication", "vpn_login", authentication, failure, ""},
	{"{_} authentication failure for {user}", "vpn_login", authentication, failure, ""},
	{"remote IP address {addr}", "vpn_address", network, "", ""},
	{"Connection established to {peer}, {*}", "vpn_connection", network, success, ""},
	{"Connection {#} closed to {addr}, {*}", "vpn_disconnected", network, "", ""},
}

var plutoSentences = []sentence{
	{"\"{?}\"«[{#}]» {addr} #{#}: «{_} »IKE«v2»«v1» SA established{*}", "vpn_connection", network, success, ""},
	{"\"{?}\"«[{#}]» {addr} #{#}: responding to Main Mode {*}", "vpn_handshake", network, "", ""},
	{"\"{?}\"«[{#}]» {addr} #{#}: «XAUTH: »User {userword}: Authentication Failed{*}", "vpn_login", authentication, failure, ""},
	{"\"{?}\"«[{#}]» {addr} #{#}: XAUTH: User {userword}: Authentication Successful{*}", "vpn_login", authentication, success, ""},
	{"\"{?}\"«[{#}]» {addr} #{#}: deleting connection {*}", "vpn_disconnected", network, "", ""},
	{"packet from {peer}: {reason}", "vpn_handshake", network, failure, ""},
}

var xrdpSentences = []sentence{
	{"«[{?}] »AUTHFAIL: user={lazyuser} ip={addr} time={*}", "rdp_login", authentication, failure, ""},
	{"«[{?}] »Access permitted for user: {user}", "rdp_login", authentication, success, ""},
	{"«[{?}] »++ created session (access granted): username {lazyuser}, ip {peer}«, {*}»", "rdp_login", authentication, success, ""},
	{"«[{?}] »Socket {#}: connection accepted from AF_INET«6» {addr} port {port}", "rdp_connection", network, "", ""},
}

var synologySentences = []sentence{
	{"User [{lazyuser}] from [{?}({addr})] failed to {?} via [{service}] due to {reason}", "login", authentication, failure, ""},
	{"User [{lazyuser}] from [{addr}] failed to {?} via [{service}] due to {reason}", "login", authentication, failure, ""},
	{"User [{lazyuser}] from [{addr}] signed in to [{?}] successfully via [{service}]{*}", "login", authentication, success, ""},
	{"User [{lazyuser}] from [{addr}] logged in successfully via [{_}]«.»", "login", authentication, success, ""},
	{"User [{lazyuser}] from [{?}({addr})] via [{service} accessed shared folder [{file}].", "share_accessed", file, success, ""},
	{"User [{lazyuser}] from [{addr}] via [{service} accessed shared folder [{file}].", "share_accessed", file, success, ""},
	{"User [{lazyuser}] from [{?}({addr})] via [{service} left shared folder {*}", "share_left", file, "", ""},
	{"User [{lazyuser}] logged out the server via [{service}] with totally {*}", "logout", session, "", ""},
	{"Host [{addr}] was blocked via [{service}].", "address_blocked", "intrusion_detection", success, ""},
	{"Host [{addr}] has been blocked via [{service}]«.»", "address_blocked", "intrusion_detection", success, ""},
}
