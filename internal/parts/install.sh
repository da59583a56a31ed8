#!/usr/bin/env bash
# Installs what the tests need from Debian's packages: only what is missing, and no daemon is started.
set -euo pipefail
want=(postgresql rsyslog rsyslog-elasticsearch rsyslog-gnutls softflowd iproute2 openssl procps systemd-journal-remote logrotate
  openssh-server sshpass postfix sasl2-bin swaks slapd ldap-utils nftables conntrack fail2ban crowdsec-firewall-bouncer glewlwyd sqlite3 chromium)
command -v npm >/dev/null || want+=(nodejs npm) # they may be here from elsewhere, which Debian's would not like
missing=()
for p in "${want[@]}"; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "SKIPPED: no apt-get here; these parts are missing for the tests: ${missing[*]}" >&2
  exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  sudo=$(command -v sudo || true)
  if [ -z "$sudo" ]; then
    echo "SKIPPED: not root; these parts are missing for the tests: ${missing[*]}" >&2
    exit 0
  fi
fi
policy=/usr/sbin/policy-rc.d # says that no package may start its daemon
if [ ! -e $policy ]; then
  trap '$sudo rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >/dev/null
$sudo apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null
