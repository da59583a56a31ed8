package parse

import "testing"

// TestFramingVariants has lines as they are met in the wild, beyond those of the examples.
func TestFramingVariants(t *testing.T) {
	checkVariants(t, []variant{
		{`Mar  3 09:12:44 CET gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T08:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`2026 Mar  3 09:12:44 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`2026-03-03 09:12:44 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`2026-03-03 09:12:44.123 +0100 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T08:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`101 <38>1 2026-03-03T09:12:44.123456+01:00 gate sshd 1 - - Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T08:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`1 2026-03-03T09:12:44.123456+01:00 gate sshd 1 - - Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T08:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 01-01T00:00:00 source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 198.51.100.1 Mar  3 09:12:43 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:43 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 relay1 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gate auth.info sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gate auth|security:info sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gate authpriv.warn dropbear[1]: Bad password attempt for 'root' from 192.0.2.10:51022`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gate sshd[1]: [ID 800047 auth.info] Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`2026-03-03T09:12:44.123Z [198.51.100.1] gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`[2026-03-03 09:12:44] gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Tue Mar  3 09:12:44 2026 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Tue Mar  3 09:12:44 2026 authpriv.warn dropbear[1]: Bad password attempt for 'root' from 192.0.2.10:51022`, `sshd 03-03T09:12:44 source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 2026 gate sshd[1]: Failed password for root from 192.0.2.10 port 51022 ssh2`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 source.port=51022 user.name=root event.action=ssh_login event.category=authentication event.outcome=failure`},
		{`Mar  3 09:12:44 gate sshd(pam_unix)[1]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=192.0.2.10  user=root`, `sshd 03-03T09:12:44 host.name=gate source.ip=192.0.2.10 user.name=root event.action=login event.category=authentication event.outcome=failure`},
	})
}
