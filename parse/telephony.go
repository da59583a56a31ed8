package parse

import "github.com/tocsin-sec/tocsin/event"

// Telephone exchanges: Asterisk (chan_sip, res_pjsip and its security log) and FreeSWITCH. Both write files of their own
// and to syslog, with the part of the source that speaks before the text.
var (
	asteriskFormat    = &event.Format{Name: "asterisk", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	freeswitchFormat  = &event.Format{Name: "freeswitch", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	asteriskProgram   = newProgram(asteriskFormat, asteriskSentences)
	freeswitchProgram = newProgram(freeswitchFormat, freeswitchSentences)
)

var asteriskSentences = []sentence{
	{"Registration from '{?}<sip:{lazyuser}@{?}>' failed for '{peer}' - {reason}", "sip_register", authentication, failure, ""},
	{"Registration from '{?}' failed for '{peer}' - {reason}", "sip_register", authentication, failure, ""},
	{"Request '{?}' from '{?}<sip:{lazyuser}@{?}>' failed for '{peer}' (callid: {?}) - {reason}", "sip_request", authentication, failure, ""},
	{"Request '{?}' from '{?}' failed for '{peer}' (callid: {?}) - {reason}", "sip_request", authentication, failure, ""},
	{"Call from '{?}' ({peer}) to extension '{?}' rejected because {reason}", "sip_call", network, failure, ""},
	{"Host {addr} failed to authenticate as '{user}'", "iax_login", authentication, failure, ""},
	{"Host {addr} denied access to register peer '{user}'", "iax_login", authentication, failure, ""},
	{"No registration for peer '{lazyuser}' (from {addr})", "iax_login", authentication, failure, "no registration"},
	{"Failed to authenticate device {?}<sip:{lazyuser}@{addr}>{*}", "sip_register", authentication, failure, ""},
	{"Sending fake auth rejection for device {?}<sip:{lazyuser}@{addr}>{*}", "sip_register", authentication, failure, ""},
	{"SecurityEvent=\"SuccessfulAuth\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV4/{?}/{peer}\"{*}", "sip_register", authentication, success, ""},
	{"SecurityEvent=\"SuccessfulAuth\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV6/{?}/{peer}\"{*}", "sip_register", authentication, success, ""},
	{"SecurityEvent=\"{status}\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV4/{?}/{peer}\"{*}", "sip_register", authentication, failure, ""},
	{"SecurityEvent=\"{status}\",{?}AccountID=\"{lazyuser}\",{?}RemoteAddress=\"IPV6/{?}/{peer}\"{*}", "sip_register", authentication, failure, ""},
}

var freeswitchSentences = []sentence{
	{"SIP auth failure ({?}) on sofia profile '{?}' for [{lazyuser}] from ip {addr}", "sip_register", authentication, failure, ""},
	{"SIP auth challenge ({?}) on sofia profile '{?}' for [{lazyuser}] from ip {addr}", "sip_register", authentication, "", ""},
	{"Can't find user [{lazyuser}] from {addr}", "sip_register", authentication, failure, "no such user"},
}
