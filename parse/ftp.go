package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// FTP servers: vsftpd and pure-ftpd by syslog or in files of their own, ProFTPD in both with the client before its text.
// Sources: vsftpd.conf(5), proftpd.org "Logging", pure-ftpd(8).
var (
	vsftpdFormat  = &event.Format{Name: "vsftpd", LogSource: event.LogSource{Product: "linux", Service: "vsftpd"}}
	proftpdFormat = &event.Format{Name: "proftpd", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	pureFormat    = &event.Format{Name: "pure-ftpd", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}

	vsftpdProgram  = newProgram(vsftpdFormat, vsftpdSentences, pamSentences)
	proftpdProgram = newProgram(proftpdFormat, proftpdSentences, pamSentences)
	pureProgram    = newProgram(pureFormat, pureSentences, pamSentences)
)

var vsftpdSentences = []sentence{
	{"[{user}] FAIL LOGIN: Client \"{addr}\"", "ftp_login", authentication, failure, ""},
	{"[{user}] FAIL LOGIN: Client \"{addr}\", \"{reason}\"", "ftp_login", authentication, failure, ""},
	{"[{user}] OK LOGIN: Client \"{addr}\"«, {*}»", "ftp_login", authentication, success, ""},
	{"[{user}] OK UPLOAD: Client \"{addr}\", \"{file}\"«, {*}»", "ftp_upload", file, success, ""},
	{"[{user}] FAIL UPLOAD: Client \"{addr}\", \"{file}\"«, {*}»", "ftp_upload", file, failure, ""},
	{"[{user}] OK DOWNLOAD: Client \"{addr}\", \"{file}\"«, {*}»", "ftp_download", file, success, ""},
	{"[{user}] FAIL DOWNLOAD: Client \"{addr}\", \"{file}\"«, {*}»", "ftp_download", file, failure, ""},
	{"[{user}] OK DELETE: Client \"{addr}\", \"{file}\"", "ftp_delete", file, success, ""},
	{"[{user}] OK MKDIR: Client \"{addr}\", \"{file}\"", "ftp_mkdir", file, success, ""},
	{"[{user}] OK RENAME: Client \"{addr}\", \"{file}\"", "ftp_rename", file, success, ""},
	{"[{user}] FTP command: Client \"{addr}\", \"{reason}\"", "ftp_command", network, "", ""},
	{"[{user}] FTP response: Client \"{addr}\", \"{reason}\"", "ftp_response", network, "", ""},
	{"[{user}] DEBUG: Client \"{addr}\", \"{reason}\"", "ftp_debug", network, "", ""},
	{"FTP command: Client \"{addr}\", \"{reason}\"", "ftp_command", network, "", ""},
	{"FTP response: Client \"{addr}\", \"{reason}\"", "ftp_response", network, "", ""},
	{"DEBUG: Client \"{addr}\", \"{reason}\"", "ftp_debug", network, "", ""},
	{"CONNECT: Client \"{addr}\"«, {*}»", "ftp_connection", network, "", ""},
}

var proftpdSentences = []sentence{
	{"{?} ({?}[{addr}]) - USER {user}: no such user found from {*}", "ftp_login", authentication, failure, "no such user"},
	{"{?} ({?}[{addr}])« -»: USER {user}: no such user found from {*}", "ftp_login", authentication, failure, "no such user"},
	{"{?} ({?}[{addr}]) - USER {user} (Login failed): {reason}", "ftp_login", authentication, failure, ""},
	{"{?} ({?}[{addr}]): USER {user} (Login failed): {reason}", "ftp_login", authentication, failure, ""},
	{"{?} ({?}[{addr}]) - USER {user}: Login successful«.»", "ftp_login", authentication, success, ""},
	{"{?} ({?}[{addr}]): USER {user}: Login successful«.»", "ftp_login", authentication, success, ""},
	{"{?} ({?}[{addr}]) - ANON {user}: Login successful.", "ftp_login", authentication, success, "anonymous"},
	{"{?} ({?}[{addr}]) - SECURITY VIOLATION: {user} login attempted.", "ftp_login", authentication, failure, "security violation"},
	{"{?} ({?}[{addr}])« -»: SECURITY VIOLATION: {user} login attempted«.»", "ftp_login", authentication, failure, "security violation"},
	{"{?} ({?}[{addr}]) - Maximum login attempts ({#}) exceeded«, {*}»", "ftp_too_many_attempts", authentication, failure, "too many attempts"},
	{"{?} ({?}[{addr}]): Maximum login attempts ({#}) exceeded«, {*}»", "ftp_too_many_attempts", authentication, failure, "too many attempts"},
	{"{?} ({?}[{addr}]) - FTP session opened.", "ftp_connection", network, "", ""},
	{"{?} ({?}[{addr}]): FTP session opened.", "ftp_connection", network, "", ""},
	{"{?} ({?}[{addr}]) - FTP session closed.", "ftp_disconnected", network, "", ""},
	{"{?} ({?}[{addr}]): FTP session closed.", "ftp_disconnected", network, "", ""},
	{"{?} ({?}[{addr}]) - {reason}", "ftp_message", network, "", ""},
	{"{?} ({?}[{addr}]): {reason}", "ftp_message", network, "", ""},
}

var pureSentences = []sentence{
	{"({?}@{addr}) [WARNING] Authentication failed for user [{user}]", "ftp_login", authentication, failure, ""},
	{"({?}@{addr}) [INFO] {user} is now logged in", "ftp_login", authentication, success, ""},
	{"({lazyuser}@{addr}) [INFO] New connection from {*}", "ftp_connection", network, "", ""},
	{"({lazyuser}@{addr}) [INFO] Logout.", "ftp_disconnected", network, "", ""},
	{"({lazyuser}@{addr}) [INFO] Timeout - {reason}", "ftp_timeout", network, failure, ""},
	{"({lazyuser}@{addr}) [NOTICE] {file} uploaded {*}", "ftp_upload", file, success, ""},
	{"({lazyuser}@{addr}) [NOTICE] {file} downloaded {*}", "ftp_download", file, success, ""},
	{"({lazyuser}@{addr}) [NOTICE] Deleted {file}", "ftp_delete", file, success, ""},
	{"({lazyuser}@{addr}) [{_}] {reason}", "ftp_message", network, "", ""},
}

// vsftpdLog is vsftpd.log: "Mon Jun  8 12:08:53 2020 [pid 7] [anna] OK LOGIN: Client "192.0.2.7"".
var vsftpdLog = ownLog{
	name: "vsftpd",
	doc:  "The log file of the FTP server vsftpd.",
	example: "Sun Mar  3 09:12:44 2024 [pid 2] CONNECT: Client \"203.0.113.7\"\n" +
		"Sun Mar  3 09:12:46 2024 [pid 1] [oracle] FAIL LOGIN: Client \"::ffff:203.0.113.7\"\n",
	begins: "[[",
	read: func(l *ownLine, out *said) bool {
		rest, ok := strings.CutPrefix(l.rest, "[pid ")
		if !ok || l.time == 0 {
			return false
		}
		pid, text, ok := strings.Cut(rest, "] ")
		if !ok || !l.of(vsftpdProgram, "vsftpd", text, out) {
			return false
		}
		l.pid = pid
		return true
	},
}

// proftpdLog is ProFTPD's SystemLog: "2024-03-03 09:12:44,120 gate proftpd[812] gate (192.0.2.9[192.0.2.9]): USER x …".
var proftpdLog = ownLog{
	name: "proftpd",
	doc:  "The system log file of the FTP server ProFTPD.",
	example: "2024-03-03 09:12:44,120 gate proftpd[812] gate (203.0.113.7[203.0.113.7]): USER oracle: no such user found from 203.0.113.7 [203.0.113.7] to 192.0.2.1:21\n" +
		"2024-03-03 09:12:49,120 gate proftpd[812] gate (203.0.113.7[203.0.113.7]): FTP session closed.\n",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		rest, ok := strings.CutPrefix(l.after, "proftpd[")
		if !ok {
			return false
		}
		host := l.first
		pid, text, ok := strings.Cut(rest, "] ")
		if !ok || !l.of(proftpdProgram, "proftpd", text, out) {
			return false
		}
		l.host, l.pid = host, pid
		return true
	},
}
