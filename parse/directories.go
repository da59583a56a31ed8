package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Those who keep accounts for others: OpenLDAP, the KDC of Kerberos, FreeRADIUS.
// Sources: slapd(8) "stats", MIT Kerberos documentation "kdc.conf", FreeRADIUS radiusd.conf "log".
var (
	slapdProgram    = newProgram(&event.Format{Name: "openldap", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}, slapdSentences)
	kerberosProgram = newProgram(&event.Format{Name: "kerberos", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}, kerberosSentences)
	radiusFormat    = &event.Format{Name: "radius", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	radiusProgram   = newProgram(radiusFormat, radiusSentences)
)

var slapdSentences = []sentence{
	{"conn={session} fd={#} ACCEPT from IP={peer} (IP={*}", "ldap_connection", network, "", ""},
	{"conn={session} fd={#} ACCEPT from PATH={*}", "ldap_connection", network, "", ""},
	{"conn={session} fd={#} closed«{*}»", "ldap_disconnected", network, "", ""},
	{"conn={session} op={#} BIND dn=\"{user}\" method={#}", "ldap_bind", authentication, "", ""},
	{"conn={session} op={#} BIND dn=\"{user}\" mech={*}", "ldap_bind", authentication, success, ""},
	{"conn={session} op={#} RESULT tag=97 err=0 {*}", "ldap_bind_result", authentication, success, ""},
	{"conn={session} op={#} RESULT tag=97 err=49 {*}", "ldap_bind_result", authentication, failure, "invalid credentials"},
	{"conn={session} op={#} RESULT tag=97 err={reason}", "ldap_bind_result", authentication, failure, ""},
	{"conn={session} op={#} UNBIND", "ldap_unbind", session, "", ""},
	{"conn={session} op={#} SRCH base=\"{lazyreason}\" scope={*}", "ldap_search", iam, "", ""},
	{"conn={session} op={#} MOD dn=\"{target}\"", "ldap_modify", iam, "", ""},
	{"conn={session} op={#} ADD dn=\"{target}\"", "ldap_add", iam, "", ""},
	{"conn={session} op={#} DEL dn=\"{target}\"", "ldap_delete", iam, "", ""},
	{"conn={session} op={#} SEARCH RESULT {*}", "ldap_search_result", iam, "", ""},
	{"conn={session} op={#} RESULT {*}", "ldap_result", iam, "", ""},
}

var kerberosSentences = []sentence{
	{"AS_REQ ({?}) {addr}: ISSUE: authtime {?}, etypes {?}, {userword} for {*}", "kerberos_login", authentication, success, ""},
	{"AS_REQ ({?}) {addr}: NEEDED_PREAUTH: {userword} for {?}, {reason}", "kerberos_preauthentication", authentication, "", ""},
	{"AS_REQ ({?}) {addr}: PREAUTH_FAILED: {userword} for {?}, {reason}", "kerberos_login", authentication, failure, ""},
	{"AS_REQ ({?}) {addr}: CLIENT_NOT_FOUND: {userword} for {?}, {reason}", "kerberos_login", authentication, failure, ""},
	{"AS_REQ ({?}) {addr}: {status}: {userword} for {?}, {*}", "kerberos_login", authentication, failure, ""},
	{"TGS_REQ ({?}) {addr}: ISSUE: authtime {?}, etypes {?}, {userword} for {service}", "kerberos_ticket", authentication, success, ""},
	{"TGS_REQ ({?}) {addr}: {status}: authtime {?}, {userword} for {?}, {*}", "kerberos_ticket", authentication, failure, ""},
	{"Request: {?}, {?}, {reason}, client={userword}, service={?}, addr={addr}", "kerberos_administration", iam, "", ""},
	{"preauth ({_}) verify failure: {reason}", "kerberos_preauthentication", authentication, failure, ""},
}

var radiusSentences = []sentence{
	{"«({#}) »Login OK: [{lazyuser}/{?}] (from client {hostword} port {_} cli {addr})«{*}»", "radius_login", authentication, success, ""},
	{"«({#}) »Login OK: [{lazyuser}] (from client {hostword} port {_} cli {addr})«{*}»", "radius_login", authentication, success, ""},
	{"«({#}) »Login OK: [{lazyuser}«/{?}»] (from client {hostword} {*}", "radius_login", authentication, success, ""},
	{"«({#}) »Login incorrect ({lazyreason}): [{lazyuser}«/{?}»] (from client {hostword} port {_} cli {addr})«{*}»", "radius_login", authentication, failure, ""},
	{"«({#}) »Login incorrect ({lazyreason}): [{lazyuser}«/{?}»] (from client {hostword} {*}", "radius_login", authentication, failure, ""},
	{"«({#}) »Login incorrect: [{lazyuser}«/{?}»] (from client {hostword} port {_} cli {addr})«{*}»", "radius_login", authentication, failure, ""},
	{"«({#}) »Login incorrect: [{lazyuser}«/{?}»] (from client {hostword} {*}", "radius_login", authentication, failure, ""},
	{"«({#}) »Invalid user«{?}»: [{lazyuser}«/{?}»] (from client {hostword} {*}", "radius_login", authentication, failure, "no such user"},
	{"Ignoring request to {?} from unknown client {addr} port {port}{*}", "radius_request", network, failure, "unknown client"},
}

// radiusLog is radius.log: "Sun Mar  3 09:12:44 2024 : Auth: (7) Login incorrect: [eve] (from client nas port 0 cli …)".
var radiusLog = ownLog{
	name: "radius",
	doc:  "Log files of FreeRADIUS.",
	example: "Sun Mar  3 09:12:44 2024 : Auth: (7) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [eve] (from client nas1 port 0 cli 203.0.113.7)\n" +
		"Sun Mar  3 09:12:45 2024 : Auth: (8) Login OK: [anna] (from client nas1 port 0 cli 00-00-5E-00-53-01)\n",
	begins: "::AAEEII",
	read: func(l *ownLine, out *said) bool {
		s := strings.TrimPrefix(l.rest, ": ")
		kind, text, ok := strings.Cut(s, ": ")
		if l.time == 0 || !ok || kind != "Auth" && kind != "Error" && kind != "Info" {
			return false
		}
		return l.of(radiusProgram, "radiusd", text, out)
	},
}
