# A bastion of a test's own: in namespaces of mounts, names and processes, with copies of /etc and /dev, so that the
# machine keeps its accounts. A real rsyslogd takes what a real sshd, PAM and useradd log. Arguments: a folder, and the
# address at which sshd listens; the log is FOLDER/logs/auth.log.
set -eu
dir=$1 address=$2 box=$1/box
hostname bastion
mount --make-rprivate /
mkdir -p "$box"
mount -t tmpfs tmpfs "$box"
mkdir "$box/up" "$box/work" "$box/dev"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$box/up,workdir=$box/work" /etc
mount -t tmpfs tmpfs "$box/dev"
for n in null zero full random urandom tty; do
	touch "$box/dev/$n"
	mount --bind "/dev/$n" "$box/dev/$n"
done
mkdir "$box/dev/pts"
mount -t devpts devpts "$box/dev/pts" -o newinstance,ptmxmode=0666,mode=620
ln -s pts/ptmx "$box/dev/ptmx"
ln -s /proc/self/fd "$box/dev/fd"
mount --rbind "$box/dev" /dev
for d in /home /root /run /var/log /var/mail; do mount -t tmpfs tmpfs "$d"; done
mkdir -p /run/sshd
chmod 755 /run/sshd
for kind in auth account session password; do echo "$kind required pam_unix.so"; done >/etc/pam.d/sshd
echo 'root:summer2026' | chpasswd
cat >/etc/rsyslog-of-the-test.conf <<END
module(load="imuxsock" SysSock.RateLimit.Interval="0")
*.* action(type="omfile" file="$dir/logs/auth.log" template="RSYSLOG_FileFormat")
END
rsyslogd -n -i /run/rsyslog.pid -f /etc/rsyslog-of-the-test.conf &
for _ in $(seq 200); do
	test -S /dev/log && break
	sleep 0.05
done
ssh-keygen -q -t ed25519 -N '' -f /run/host
exec "$(command -v sshd || echo /usr/sbin/sshd)" -D -f /dev/null -o Port=22 -o "ListenAddress=$address" -o HostKey=/run/host \
	-o UsePAM=yes -o PermitRootLogin=yes -o PasswordAuthentication=yes -o KbdInteractiveAuthentication=no -o PidFile=none \
	-o LogLevel=VERBOSE
