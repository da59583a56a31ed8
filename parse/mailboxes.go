package parse

import "github.com/tocsin-sec/tocsin/event"

// Mailbox servers beside Dovecot: Cyrus IMAP and Courier. Sources: Cyrus IMAP documentation "Operations", courier-imap.
var (
	mailboxFormat  = &event.Format{Name: "mailbox", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	cyrusProgram   = newProgram(mailboxFormat, cyrusSentences)
	courierProgram = newProgram(mailboxFormat, courierSentences, cyrusSentences)
)

var cyrusSentences = []sentence{
	{"badlogin: {?} [{addr}] {_} {userword} SASL({reason}", "mail_auth", authentication, failure, ""},
	{"badlogin: {?} [{addr}] {_} [SASL({reason}", "mail_auth", authentication, failure, ""},
	{"badlogin: [{addr}] {_} [SASL({reason}", "mail_auth", authentication, failure, ""},
	{"badlogin: {?} [{addr}] {_} {reason}", "mail_auth", authentication, failure, ""},
	{"login: {?} [{addr}] {userword} {_} User logged in«{*}»", "mail_auth", authentication, success, ""},
	{"login: [{addr}] {userword} {_} User logged in«{*}»", "mail_auth", authentication, success, ""},
	{"client id sessionid={*}", "mail_session", session, "", ""},
}

var courierSentences = []sentence{
	{"LOGIN FAILED, user={lazyuser}, ip=[{addr}]«, port=[{port}]»", "mail_auth", authentication, failure, ""},
	{"LOGIN FAILED, method={_}, ip=[{addr}]«, port=[{port}]»", "mail_auth", authentication, failure, ""},
	{"LOGIN, user={lazyuser}, ip=[{addr}], port=[{port}], {*}", "mail_auth", authentication, success, ""},
	{"LOGIN, user={lazyuser}, ip=[{addr}], protocol={*}", "mail_auth", authentication, success, ""},
	{"LOGOUT, user={lazyuser}, ip=[{addr}]{*}", "mail_session_ended", session, "", ""},
	{"DISCONNECTED, user={lazyuser}, ip=[{addr}]{*}", "mail_session_ended", session, "", ""},
	{"Connection, ip=[{addr}]", "mail_connection", network, "", ""},
	{"«imapd-ssl: »«pop3d-ssl: »«imapd: »«pop3d: »LOGIN FAILED, user={lazyuser}, ip=[{addr}]", "mail_auth", authentication, failure, ""},
}
