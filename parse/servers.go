package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// serverPrograms are servers whose sentences are known, by the tag of their lines or what stands before a slash in it.
var serverPrograms = map[string]*program{
	"postfix": postfixProgram, "postscreen": postfixProgram,
	"dovecot": dovecotProgram, "imap-login": newDovecot("imap-login"), "pop3-login": newDovecot("pop3-login"),
	"managesieve-login": newDovecot("managesieve-login"), "submission-login": newDovecot("submission-login"), "auth": newDovecot("auth"),
	"auth-worker": newDovecot("auth-worker"),
	"exim":        eximProgram, "exim4": eximProgram,
	"vsftpd": vsftpdProgram, "proftpd": proftpdProgram, "pure-ftpd": pureProgram,
	"openvpn": openvpnProgram, "charon": ipsecProgram, "ipsec": ipsecProgram, "charon-systemd": ipsecProgram,
	"named": bindProgram, "named-sdb": bindProgram, "bind": bindProgram, "dnsmasq": dnsmasqProgram, "pihole-FTL": dnsmasqProgram,
	"dnsmasq-dhcp": dhcpProgram, "unbound": unboundProgram, "dhcpd": dhcpProgram, "dhclient": dhcpProgram, "kea-dhcp4": dhcpProgram,
	"smbd": sambaProgram, "smb": sambaProgram, "smbd_audit": sambaProgram, "samba": sambaProgram, "nmbd": sambaProgram, "winbindd": sambaProgram,
	"mysqld": mysqlProgram, "mariadbd": mysqlProgram, "mysql": mysqlProgram, "mariadb": mysqlProgram,
	"mysql-server_auditing": newServerAudit(), "mariadb-server_auditing": newServerAudit(), "server_audit": newServerAudit(),
	"postgres": postgresProgram, "postgresql": postgresProgram, "redis": redisProgram, "redis-server": redisProgram, "valkey": redisProgram,
	"haproxy": haproxyProgram, "asterisk": asteriskProgram, "freeswitch": freeswitchProgram,
	"pvedaemon": proxmoxProgram, "pveproxy": proxmoxProgram, "proxmox-backup-proxy": proxmoxProgram, "proxmox-backup-api": proxmoxProgram,
	"lfd": lfdProgram, "clamd": clamProgram, "clamav-daemon": clamProgram, "freshclam": clamProgram, "amavis": amavisProgram,
	"fail2ban": fail2banProgram, "fail2ban.actions": fail2banProgram, "fail2ban.filter": fail2banProgram, "fail2ban-server": fail2banProgram,
	"sendmail": sendmailProgram, "sm-mta": sendmailProgram, "sm-msp-queue": sendmailProgram, "sm-acceptingconnections": sendmailProgram,
	"cyrus": cyrusProgram, "imaps": cyrusProgram, "pop3s": cyrusProgram, "imapd": courierProgram, "pop3d": courierProgram,
	"courier": courierProgram, "imapd-ssl": courierProgram, "pop3d-ssl": courierProgram, "imaplogin": courierProgram, "pop3login": courierProgram,
	"pdns": pdnsProgram, "pdns_server": pdnsProgram, "pdns_recursor": pdnsProgram, "coredns": corednsProgram,
	"slapd": slapdProgram, "krb5kdc": kerberosProgram, "kadmind": kerberosProgram, "radiusd": radiusProgram, "freeradius": radiusProgram,
	"ocserv": ocservProgram, "pppd": pppProgram, "xl2tpd": pppProgram, "pluto": plutoProgram, "xrdp-sesman": xrdpProgram, "xrdp": xrdpProgram,
	"Connection": synologyProgram, "System": synologyProgram, "WebDAV": synologyProgram, "FTP": synologyProgram, "SFTP": synologyProgram,
	"snort": snortProgram, "suricata": snortProgram, "barnyard2": snortProgram,
	"phpMyAdmin": phpMyAdminProgram, "phpmyadmin": phpMyAdminProgram,
	"webmin": webminProgram, "perl": webminProgram, "cockpit-session": authProgram, "dropbear": dropbearProgram,
}

// serverOf finds a program by the part of a tag before a slash, a bracket or an at sign: postfix/smtpd, openvpn@office,
// ovpn-server; nil where it is not known.
func serverOf(tag string) *program {
	if p := serverPrograms[tag]; p != nil {
		return p
	}
	for i := range len(tag) {
		switch tag[i] {
		case '/', '(', '@', '[':
			if i == 0 {
				return serverPrograms[tag[strings.LastIndexByte(tag, '/')+1:]]
			}
			return serverPrograms[tag[:i]]
		case '-':
			if tag[:i] == "ovpn" || tag[:i] == "openvpn" {
				return openvpnProgram
			}
			if tag[:i] == "postfix" {
				return postfixProgram
			}
		}
	}
	return nil
}

var (
	applicationFormat = &event.Format{Name: "application", LogSource: event.LogSource{Product: "linux", Service: "syslog"}}
	clamFormat        = &event.Format{Name: "clamav", LogSource: event.LogSource{Product: "linux", Service: "clamav"}}

	proxmoxProgram  = newProgram(applicationFormat, proxmoxSentences, pamSentences)
	lfdProgram      = newProgram(applicationFormat, lfdSentences)
	clamProgram     = newProgram(clamFormat, clamSentences)
	amavisProgram   = newProgram(applicationFormat, amavisSentences)
	webminProgram   = newProgram(applicationFormat, webminSentences, pamSentences)
	dropbearProgram = newProgram(sshdFormat, dropbearSentences, pamSentences)

	phpMyAdminProgram = newProgram(applicationFormat, []sentence{
		{"user denied: {user} ({reason}) from {addr}", "web_login", authentication, failure, ""},
		{"user authenticated: {user} from {addr}", "web_login", authentication, success, ""},
		{"user authenticated: {user}", "web_login", authentication, success, ""},
	})
)

var proxmoxSentences = []sentence{
	{"authentication failure; rhost={addr} user={lazyuser} msg={reason}", "web_login", authentication, failure, ""},
	{"authentication failure; rhost={peer} user={lazyuser} msg={reason}", "web_login", authentication, failure, ""},
	{"<{userword}> successful auth for user '{*}'", "web_login", authentication, success, ""},
	{"<{userword}> starting task {service}", "task_started", process, "", ""},
	{"<{userword}> end task {service} {reason}", "task_ended", process, "", ""},
}

var lfdSentences = []sentence{
	{"({service}) Failed {?} login from {addr} ({?}): {reason}", "address_blocked", authentication, failure, ""},
	{"({service}) {lazyreason} from {addr} ({?}): {*}", "address_blocked", network, failure, ""},
	{"*{?}* {lazyreason} from {addr} ({?}): {*}", "address_blocked", network, failure, ""},
}

var clamSentences = []sentence{
	{"{file}: {device} FOUND", "malware_found", "malware", "", ""},
	{"-> {file}: {device} FOUND", "malware_found", "malware", "", ""},
}

var amavisSentences = []sentence{
	{"({_}) Blocked {lazyreason} {?}, [{addr}]:{port} [{?}] <{from}> -> <{to}>{*}", "mail_blocked", email, failure, ""},
	{"({_}) Blocked {lazyreason} {?}, [{addr}] [{?}] <{from}> -> <{to}>{*}", "mail_blocked", email, failure, ""},
	{"({_}) Passed {lazyreason} {?}, [{addr}]:{port} [{?}] <{from}> -> <{to}>{*}", "mail_passed", email, success, ""},
	{"({_}) Passed {lazyreason} {?}, [{addr}] [{?}] <{from}> -> <{to}>{*}", "mail_passed", email, success, ""},
}

var webminSentences = []sentence{
	{"Invalid login as {user} from {addr}", "web_login", authentication, failure, ""},
	{"Non-existent login as {user} from {addr}", "web_login", authentication, failure, "no such user"},
	{"Successful login as {user} from {addr}", "web_login", authentication, success, ""},
	{"Security alert: Host {addr} blocked after {#} failed logins for user {user}", "account_locked", authentication, failure, "too many attempts"},
	{"Timeout of session for {user}", "session_closed", session, "", "timeout"},
	{"Logout by {user} from {addr}", "session_closed", session, "", ""},
}

var dropbearSentences = []sentence{
	{"Bad password attempt for '{user}' from {peer}", "ssh_login", authentication, failure, "wrong password"},
	{"Login attempt for nonexistent user from {peer}", "ssh_login", authentication, failure, "no such user"},
	{"Login attempt for nonexistent user '{user}' from {peer}", "ssh_login", authentication, failure, "no such user"},
	{"Password auth succeeded for '{user}' from {peer}", "ssh_login", authentication, success, ""},
	{"Pubkey auth succeeded for '{user}' with {?} key {?} from {peer}", "ssh_login", authentication, success, ""},
	{"Pubkey auth succeeded for '{user}' with key {?} from {peer}", "ssh_login", authentication, success, ""},
	{"Max auth tries reached - user '{user}' from {peer}", "ssh_too_many_attempts", authentication, failure, "too many attempts"},
	{"Max auth tries reached - user 'is invalid' from {peer}", "ssh_too_many_attempts", authentication, failure, "too many attempts"},
	{"Exit before auth from <{peer}>: {reason}", "ssh_disconnected", network, failure, ""},
	{"Exit before auth (user '{lazyuser}', {#} fails): {reason}", "ssh_disconnected", network, failure, ""},
	{"Exit ({userword}) from <{peer}>: {reason}", "ssh_disconnected", network, "", ""},
	{"Child connection from {peer}", "ssh_connection", network, "", ""},
}
