package parse

import "github.com/tocsin-sec/tocsin/event"

// Databases: MySQL and MariaDB, PostgreSQL, Redis. Sources: MySQL Reference Manual "The Error Log" and "The General
// Query Log", PostgreSQL documentation "Error Reporting and Logging", redis.conf.
var (
	databaseECS      = map[string][]string{"server_instance_principal_name": {"user.name"}, "statement": {"database.statement"}}
	mysqlFormat      = &event.Format{Name: "mysql", LogSource: event.LogSource{Product: "mysql"}, ECS: databaseECS}
	postgresqlFormat = &event.Format{Name: "postgresql", LogSource: event.LogSource{Product: "postgresql"}, ECS: databaseECS}
	redisFormat      = &event.Format{Name: "redis", LogSource: event.LogSource{Product: "redis"}}

	mysqlProgram    = newMySQL()
	postgresProgram = newPostgres()
	redisProgram    = newProgram(redisFormat, redisSentences)
)

var mysqlSentences = []sentence{
	{"Access denied for user '{user}'@'{addr}' (using password: {_})", "db_login", authentication, failure, ""},
	{"Access denied for user '{user}'@'{addr}' to database '{db}'", "db_access", database, failure, ""},
	{"Access denied for user '{user}'@'{addr}'", "db_login", authentication, failure, ""},
	{"Aborted connection {#} to db: '{db}' user: '{user}' host: '{addr}' ({reason})", "db_connection_aborted", network, failure, ""},
	{"Aborted connection {#} to db: '{db}' user: '{user}' host: '{addr}'", "db_connection_aborted", network, failure, ""},
	{"Host '{addr}' is blocked because of many connection errors{*}", "db_blocked", network, failure, "too many errors"},
	{"Host '{addr}' is not allowed to connect to this {*}", "db_login", authentication, failure, "host not allowed"},
	{"IP address '{addr}' could not be resolved: {reason}", "db_reverse_mapping", network, failure, ""},
	{"Connect\t{userword}@{addr} on {db} using {*}", "db_login", authentication, "", ""},
	{"Connect\t{userword}@{addr} on« {*}»", "db_login", authentication, "", ""},
	{"Connect\tAccess denied for user '{user}'@'{addr}' (using password: {_})", "db_login", authentication, failure, ""},
	{"Query\t{statement}", "db_query", database, "", ""},
	{"Execute\t{statement}", "db_query", database, "", ""},
	{"Prepare\t{statement}", "db_prepare", database, "", ""},
	{"Init DB\t{db}", "db_use", database, "", ""},
	{"Quit\t", "db_disconnected", network, "", ""},
	{"Quit", "db_disconnected", network, "", ""},
}

var postgresSentences = []sentence{
	{"FATAL:  password authentication failed for user \"{user}\"", "db_login", authentication, failure, "wrong password"},
	{"FATAL:  Ident authentication failed for user \"{user}\"", "db_login", authentication, failure, "Ident"},
	{"FATAL:  Peer authentication failed for user \"{user}\"", "db_login", authentication, failure, "Peer"},
	{"FATAL:  LDAP authentication failed for user \"{user}\"", "db_login", authentication, failure, "LDAP"},
	{"FATAL:  GSSAPI authentication failed for user \"{user}\"", "db_login", authentication, failure, "GSSAPI"},
	{"FATAL:  SSPI authentication failed for user \"{user}\"", "db_login", authentication, failure, "SSPI"},
	{"FATAL:  PAM authentication failed for user \"{user}\"", "db_login", authentication, failure, "PAM"},
	{"FATAL:  BSD authentication failed for user \"{user}\"", "db_login", authentication, failure, "BSD"},
	{"FATAL:  RADIUS authentication failed for user \"{user}\"", "db_login", authentication, failure, "RADIUS"},
	{"FATAL:  certificate authentication failed for user \"{user}\"", "db_login", authentication, failure, "certificate"},
	{"FATAL:  SCRAM authentication failed for user \"{user}\"", "db_login", authentication, failure, "SCRAM"},
	{"FATAL:  OAuth authentication failed for user \"{user}\"", "db_login", authentication, failure, "OAuth"},
	{"FATAL:  role \"{user}\" does not exist", "db_login", authentication, failure, "no such role"},
	{"FATAL:  database \"{db}\" does not exist", "db_login", authentication, failure, "no such database"},
	{"FATAL:  no pg_hba.conf entry for host \"{addr}\", user \"{lazyuser}\", database \"{db}\"«, {*}»", "db_login", authentication, failure, "no entry in pg_hba.conf"},
	{"FATAL:  pg_hba.conf rejects connection for host \"{addr}\", user \"{lazyuser}\", database \"{db}\"«, {*}»", "db_login", authentication, failure, "rejected by pg_hba.conf"},
	{"FATAL:  permission denied for database \"{db}\"", "db_access", database, failure, "permission denied"},
	{"FATAL:  no PostgreSQL user name specified in startup packet", "db_login", authentication, failure, "no user"},
	{"FATAL:  unsupported frontend protocol {reason}", "db_protocol_error", network, failure, ""},
	{"ERROR:  permission denied for {reason}", "db_access", database, failure, ""},
	{"LOG:  connection received: host={addr} port={port}", "db_connection", network, "", ""},
	{"LOG:  connection received: host={addr}", "db_connection", network, "", ""},
	{"LOG:  connection authenticated: identity=\"{user}\" method={*}", "db_login", authentication, success, ""},
	{"LOG:  connection authorized: user={lazyuser} database={db}« {*}»", "db_login", authentication, success, ""},
	{"LOG:  disconnection: session time: {_} user={lazyuser} database={db} host={addr}« port={port}»", "db_disconnected", network, "", ""},
	{"LOG:  replication connection authorized: user={lazyuser}« {*}»", "db_login", authentication, success, "replication"},
	{"LOG:  statement: {statement}", "db_query", database, "", ""},
	{"LOG:  duration: {_} ms  statement: {statement}", "db_query", database, "", ""},
	{"LOG:  execute {?}: {statement}", "db_query", database, "", ""},
	{"LOG:  AUDIT: {statement}", "db_audit", database, "", ""},
	{"LOG:  invalid length of startup packet", "db_protocol_error", network, failure, ""},
	{"LOG:  could not receive data from client: {reason}", "db_protocol_error", network, failure, ""},
	{"LOG:  database system is ready to accept connections", "service_started", process, success, ""},
	{"LOG:  received fast shutdown request", "service_stopped", process, "", ""},
	{"STATEMENT:  {statement}", "db_query", database, "", ""},
	{"DETAIL:  {reason}", "db_detail", database, "", ""},
	{"ERROR:  {reason}", "db_error", database, failure, ""},
	{"FATAL:  {reason}", "db_error", database, failure, ""},
	{"LOG:  {reason}", "db_message", database, "", ""},
}

var redisSentences = []sentence{
	{"Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. {*} Connection from {peer} aborted.", "db_protocol_error", network, failure, "security attack"},
	{"Possible SECURITY ATTACK detected. {*} Connection from {peer} aborted.", "db_protocol_error", network, failure, "security attack"},
	{"Accepted {peer}", "db_connection", network, "", ""},
	{"Client closed connection{*}", "db_disconnected", network, "", ""},
	{"Server initialized", "service_started", process, success, ""},
	{"Ready to accept connections«{*}»", "service_started", process, success, ""},
	{"MASTER MODE enabled (user request from '{*} addr={peer} {*}')", "db_replication", configuration, success, "master"},
	{"REPLICAOF {reason} enabled (user request from '{*} addr={peer} {*}')", "db_replication", configuration, success, ""},
	{"Connecting to MASTER {dpeer}", "db_replication", network, "", ""},
}
