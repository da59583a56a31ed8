package parse

import "github.com/tocsin-sec/tocsin/event"

// Postfix names its parts behind a slash: postfix/smtpd, postfix/submission/smtpd, postfix/qmgr. All speak from one table.
// Source: the Postfix documentation and the messages of its daemons, smtpd(8), cleanup(8), qmgr(8), smtp(8).
var (
	postfixFormat  = &event.Format{Name: "postfix", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	postfixProgram = newProgram(postfixFormat, postfixSentences)
)

var postfixSentences = []sentence{
	{"connect from {?}[{addr}]«:{port}»", "smtp_connection", network, "", ""},
	{"disconnect from {?}[{addr}]«:{port}»« {*}»", "smtp_disconnected", network, "", ""},
	{"lost connection after {lazyreason} from {?}[{addr}]«:{port}»", "smtp_connection_lost", network, failure, ""},
	{"timeout after {lazyreason} from {?}[{addr}]«:{port}»", "smtp_timeout", network, failure, ""},
	{"too many errors after {lazyreason} from {?}[{addr}]«:{port}»", "smtp_too_many_errors", network, failure, ""},
	{"improper command pipelining after {lazyreason} from {?}[{addr}]«:{port}»: {*}", "smtp_protocol_error", network, failure, ""},
	{"warning: non-SMTP command from {?}[{addr}]«:{port}»: {reason}", "smtp_protocol_error", network, failure, ""},
	{"warning: {?}[{addr}]«:{port}»: SASL {sasl} authentication failed: {lazyreason}, sasl_username={user}", "smtp_auth", authentication, failure, ""},
	{"warning: {?}[{addr}]«:{port}»: SASL {sasl} authentication failed: {reason}", "smtp_auth", authentication, failure, ""},
	{"warning: {?}[{addr}]«:{port}»: SASL {sasl} authentication failed", "smtp_auth", authentication, failure, ""},
	{"warning: {?}[{addr}]«:{port}»: {reason}", "smtp_warning", email, "", ""},
	{"warning: hostname {?} does not resolve to address {addr}: {reason}", "smtp_reverse_mapping", network, failure, ""},
	{"warning: hostname {?} does not resolve to address {addr}", "smtp_reverse_mapping", network, failure, ""},
	{"warning: Connection rate limit exceeded: {#} from {?}[{addr}]«:{port}» for service {*}", "smtp_rate_limit", network, failure, "too many connections"},
	{"warning: Connection concurrency limit exceeded: {#} from {?}[{addr}]«:{port}» for service {*}", "smtp_rate_limit", network, failure, "too many connections"},
	{"SSL_accept error from {?}[{addr}]«:{port}»: {reason}", "smtp_tls", network, failure, ""},
	{"Anonymous TLS connection established from {?}[{addr}]«:{port}»: {*}", "smtp_tls", network, success, ""},
	{"Trusted TLS connection established from {?}[{addr}]«:{port}»: {*}", "smtp_tls", network, success, ""},
	{"Untrusted TLS connection established from {?}[{addr}]«:{port}»: {*}", "smtp_tls", network, success, ""},

	{"{queue}: reject: {_} from {?}[{addr}]«:{port}»: {lazyreason}; from=<{from}> to=<{to}> proto={_} helo=<{helo}>", "mail_rejected", email, failure, ""},
	{"{queue}: reject: {_} from {?}[{addr}]«:{port}»: {lazyreason}; from=<{from}> proto={_} helo=<{helo}>", "mail_rejected", email, failure, ""},
	{"{queue}: reject: {_} from {?}[{addr}]«:{port}»: {lazyreason}; {*}", "mail_rejected", email, failure, ""},
	{"{queue}: reject: {_} from {?}[{addr}]«:{port}»: {reason}", "mail_rejected", email, failure, ""},
	{"{queue}: milter-reject: {?} from {?}[{addr}]«:{port}»: {lazyreason}; from=<{from}> to=<{to}> {*}", "mail_rejected", email, failure, ""},
	{"{queue}: milter-reject: {?} from {?}[{addr}]«:{port}»: {reason}", "mail_rejected", email, failure, ""},
	{"{queue}: filter: {?} from {?}[{addr}]«:{port}»: {lazyreason}; from=<{from}> to=<{to}> {*}", "mail_filtered", email, "", ""},
	{"{queue}: reject_warning: {_} from {?}[{addr}]«:{port}»: {reason}", "mail_rejected", email, "", ""},
	{"{queue}: client={?}[{addr}]«:{port}», sasl_method={sasl} sasl_username={user}", "smtp_auth", authentication, success, ""},
	{"{queue}: client={?}[{addr}]«:{port}», sasl_method={sasl}, sasl_username={user}", "smtp_auth", authentication, success, ""},
	{"{queue}: client={?}[{addr}]«:{port}»«, {*}»", "mail_received", email, "", ""},
	{"{queue}: message-id=<{msgid}>", "mail_message", email, "", ""},
	{"{queue}: message-id={msgid}", "mail_message", email, "", ""},
	{"{queue}: from=<{from}>, size={#}, nrcpt={#} (queue active)", "mail_queued", email, "", ""},
	{"{queue}: from=<{from}>, status=expired, returned to sender", "mail_returned", email, failure, "expired"},
	{"{queue}: removed", "mail_removed", email, "", ""},
	{"{queue}: uid={uid} from=<{from}>", "mail_submitted", email, "", ""},
	{"{queue}: to=<{to}>, {?}relay={?}[{daddr}]:{dport}, {?}status=sent ({reason})", "mail_sent", email, success, ""},
	{"{queue}: to=<{to}>, {?}relay={?}[{daddr}]:{dport}, {?}status=bounced ({reason})", "mail_bounced", email, failure, ""},
	{"{queue}: to=<{to}>, {?}relay={?}[{daddr}]:{dport}, {?}status=deferred ({reason})", "mail_deferred", email, failure, ""},
	{"{queue}: to=<{to}>, {?}status=sent ({reason})", "mail_sent", email, success, ""},
	{"{queue}: to=<{to}>, {?}status=bounced ({reason})", "mail_bounced", email, failure, ""},
	{"{queue}: to=<{to}>, {?}status=deferred ({reason})", "mail_deferred", email, failure, ""},
	{"{queue}: to=<{to}>, {?}status=expired ({reason})", "mail_expired", email, failure, ""},
	{"connect to {?}[{daddr}]:{dport}: {reason}", "smtp_client_connection", network, failure, ""},

	{"CONNECT from [{addr}]:{port} to [{daddr}]:{dport}", "smtp_connection", network, "", ""},
	{"DISCONNECT [{addr}]:{port}", "smtp_disconnected", network, "", ""},
	{"DNSBL rank {#} for [{addr}]:{port}", "smtp_blocklisted", network, failure, "listed"},
	{"PREGREET {#} after {_} from [{addr}]:{port}: {reason}", "smtp_protocol_error", network, failure, ""},
	{"HANGUP after {_} from [{addr}]:{port} {*}", "smtp_connection_lost", network, failure, ""},
	{"PASS {_} [{addr}]:{port}", "smtp_admitted", network, success, ""},
	{"BLACKLISTED [{addr}]:{port}", "smtp_blocked", network, failure, "listed"},
	{"DENYLISTED [{addr}]:{port}", "smtp_blocked", network, failure, "listed"},
	{"NOQUEUE: reject: CONNECT from [{addr}]:{port}: {reason}", "mail_rejected", email, failure, ""},
	{"NOQUEUE: reject: RCPT from [{addr}]:{port}: {lazyreason}; from=<{from}>, to=<{to}>, proto={_}, helo=<{helo}>", "mail_rejected", email, failure, ""},
	{"addr {addr} listed by domain {?} as {*}", "smtp_blocklisted", network, failure, "listed"},
	{"COMMAND {?} from [{addr}]:{port} after {reason}", "smtp_protocol_error", network, failure, ""},
	{"daemon started -- version {*}", "service_started", process, success, ""},
	{"terminating on signal {#}", "service_stopped", process, "", ""},
}
