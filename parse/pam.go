package parse

import "github.com/tocsin-sec/tocsin/event"

var authFormat = &event.Format{Name: "auth", LogSource: event.LogSource{Product: "linux", Service: "auth"}}

// pamSentences are what the modules of PAM say in the name of any program.
var pamSentences = []sentence{
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr}  user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr} user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost=  user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost= user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr}", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={user} rhost=", "pam_authentication", authentication, failure, ""},
	{"pam_unix({?}:auth): check pass; user unknown", "pam_check", authentication, failure, "user unknown"},
	{"pam_unix({?}:auth): bad username [{user}]", "pam_check", authentication, failure, "bad username"},
	{"pam_unix({?}:auth): conversation failed", "pam_check", authentication, failure, "conversation failed"},
	{"pam_unix({?}:auth): auth could not identify password for [{user}]", "pam_check", authentication, failure, "no password"},
	{"pam_unix({?}:session): session opened for user {target}(uid={tgtid}) by {user}(uid={uid})", "session_opened", session, success, ""},
	{"pam_unix({?}:session): session opened for user {target}(uid={tgtid}) by (uid={uid})", "session_opened", session, success, ""},
	{"pam_unix({?}:session): session opened for user {target} by {user}(uid={uid})", "session_opened", session, success, ""},
	{"pam_unix({?}:session): session opened for user {target} by (uid={uid})", "session_opened", session, success, ""},
	{"pam_unix({?}:session): session closed for user {target}", "session_closed", session, "", ""},
	{"pam_unix({?}:chauthtok): password changed for {target}", "password_changed", iam, success, ""},
	{"pam_unix({?}:chauthtok): user \"{target}\" does not exist in {_}", "password_changed", iam, failure, "user unknown"},
	{"pam_unix({?}:chauthtok): authentication failure; {*}", "password_changed", iam, failure, ""},
	{"pam_unix({?}:account): account {user} has expired {reason}", "pam_account", authentication, failure, ""},
	{"pam_unix({?}:account): expired password for user {user} ({reason})", "pam_account", authentication, failure, ""},
	{"pam_tally2({?}): user {user} ({#}) tally {#}, deny {#}", "account_locked", authentication, failure, "too many attempts"},
	{"pam_tally({?}): user {user} ({#}) tally {#}, deny {#}", "account_locked", authentication, failure, "too many attempts"},
	{"pam_faillock({?}): Consecutive login failures for user {user} account temporarily locked", "account_locked", authentication, failure, "too many attempts"},
	{"pam_faillock({?}): User unknown", "pam_check", authentication, failure, "user unknown"},
	{"pam_sss({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr} user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_sss({?}:auth): authentication failure; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost= user={user}", "pam_authentication", authentication, failure, ""},
	{"pam_sss({?}:auth): authentication success; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr} user={user}", "pam_authentication", authentication, success, ""},
	{"pam_sss({?}:auth): authentication success; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost= user={user}", "pam_authentication", authentication, success, ""},
	{"pam_sss({?}:auth): received for user {user}: {#} ({reason})", "pam_check", authentication, failure, ""},
	{"pam_ldap({?}): error trying to bind as user \"{user}\" (Invalid credentials)", "pam_authentication", authentication, failure, "invalid credentials"},
	{"pam_krb5({?}:auth): authentication failure; logname={user} {*} rhost={addr}", "pam_authentication", authentication, failure, ""},
	{"pam_succeed_if({?}): requirement \"{reason}\" not met by user \"{user}\"", "pam_check", authentication, failure, ""},
	{"pam_listfile({?}:auth): Refused user {user} for service {service}", "pam_check", authentication, failure, "refused by list"},
	{"pam_access({?}:account): access denied for user `{user}' from `{addr}'", "pam_account", authentication, failure, "access denied"},
	{"pam_systemd({?}:session): Failed to create session: {reason}", "session_opened", session, failure, ""},
	{"pam_google_authenticator({?}:auth): Accepted google_authenticator code for {user}", "pam_second_factor", authentication, success, ""},
	{"pam_google_authenticator({?}:auth): Invalid verification code for {user}", "pam_second_factor", authentication, failure, "wrong code"},
	{"PAM {#} more authentication failure«s»; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr}  user={user}", "pam_more_failures", authentication, failure, "too many attempts"},
	{"PAM {#} more authentication failure«s»; logname={*} uid={#} euid={#} tty={ttys} ruser={?} rhost={addr}", "pam_more_failures", authentication, failure, "too many attempts"},
}

// authProgram is login and everything else that is known for nothing but its use of PAM.
var authProgram = newProgram(authFormat, pamSentences, loginSentences)

var loginSentences = []sentence{
	{"FAILED LOGIN ({#}) on '{ttys}' from '{addr}' FOR '{user}', {reason}", "login", authentication, failure, ""},
	{"FAILED LOGIN ({#}) on '{ttys}' FOR '{user}', {reason}", "login", authentication, failure, ""},
	{"FAILED LOGIN {#} FROM {addr} FOR {user}, {reason}", "login", authentication, failure, ""},
	{"FAILED LOGIN SESSION FROM {addr} FOR {user}, {reason}", "login", authentication, failure, ""},
	{"TOO MANY LOGIN TRIES ({#}) on '{ttys}'« from '{addr}'» FOR '{user}'«, {reason}»", "login", authentication, failure, "too many attempts"},
	{"ROOT LOGIN« ON {tty}»« FROM {addr}»", "login", authentication, success, "root"},
	{"ROOT LOGIN  on '{ttys}'« from '{addr}'»", "login", authentication, success, "root"},
	{"LOGIN ON {tty} BY {user}« FROM {addr}»", "login", authentication, success, ""},
	{"DIALUP AT {tty} BY {user}", "login", authentication, success, ""},
}
