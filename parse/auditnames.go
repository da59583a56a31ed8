package parse

// Names of record types, architectures and system calls.
// Source: linux/audit.h, audit-userspace's msg_typetab.h, and the system call tables of the kernel.

var auditTypes = map[string]string{
	"1006": "LOGIN", "1100": "USER_AUTH", "1101": "USER_ACCT", "1102": "USER_MGMT", "1103": "CRED_ACQ",
	"1104": "CRED_DISP", "1105": "USER_START", "1106": "USER_END", "1107": "USER_AVC", "1108": "USER_CHAUTHTOK",
	"1109": "USER_ERR", "1110": "CRED_REFR", "1111": "USYS_CONFIG", "1112": "USER_LOGIN", "1113": "USER_LOGOUT",
	"1114": "ADD_USER", "1115": "DEL_USER", "1116": "ADD_GROUP", "1117": "DEL_GROUP", "1118": "DAC_CHECK",
	"1119": "CHGRP_ID", "1120": "TEST", "1121": "TRUSTED_APP", "1122": "USER_SELINUX_ERR", "1123": "USER_CMD",
	"1124": "USER_TTY", "1125": "CHUSER_ID", "1126": "GRP_AUTH", "1127": "SYSTEM_BOOT", "1128": "SYSTEM_SHUTDOWN",
	"1129": "SYSTEM_RUNLEVEL", "1130": "SERVICE_START", "1131": "SERVICE_STOP", "1132": "GRP_MGMT",
	"1133": "GRP_CHAUTHTOK", "1134": "MAC_CHECK", "1135": "ACCT_LOCK", "1136": "ACCT_UNLOCK", "1137": "USER_DEVICE",
	"1138": "SOFTWARE_UPDATE", "1200": "DAEMON_START", "1201": "DAEMON_END", "1202": "DAEMON_ABORT",
	"1203": "DAEMON_CONFIG", "1205": "DAEMON_ROTATE", "1300": "SYSCALL", "1302": "PATH", "1303": "IPC",
	"1304": "SOCKETCALL", "1305": "CONFIG_CHANGE", "1306": "SOCKADDR", "1307": "CWD", "1309": "EXECVE",
	"1311": "IPC_SET_PERM", "1312": "MQ_OPEN", "1313": "MQ_SENDRECV", "1316": "KERNEL_OTHER", "1317": "FD_PAIR",
	"1318": "OBJ_PID", "1319": "TTY", "1320": "EOE", "1321": "BPRM_FCAPS", "1322": "CAPSET", "1323": "MMAP",
	"1324": "NETFILTER_PKT", "1325": "NETFILTER_CFG", "1326": "SECCOMP", "1327": "PROCTITLE",
	"1328": "FEATURE_CHANGE", "1329": "REPLACE", "1330": "KERN_MODULE", "1331": "FANOTIFY",
	"1332": "TIME_INJOFFSET", "1333": "TIME_ADJNTPVAL", "1334": "BPF", "1335": "EVENT_LISTENER", "1336": "URINGOP",
	"1337": "OPENAT2", "1400": "AVC", "1401": "SELINUX_ERR", "1402": "AVC_PATH", "1403": "MAC_POLICY_LOAD",
	"1404": "MAC_STATUS", "1405": "MAC_CONFIG_CHANGE", "1500": "APPARMOR", "1501": "APPARMOR_AUDIT",
	"1502": "APPARMOR_ALLOWED", "1503": "APPARMOR_DENIED", "1504": "APPARMOR_HINT", "1505": "APPARMOR_STATUS",
	"1506": "APPARMOR_ERROR", "1700": "ANOM_PROMISCUOUS", "1701": "ANOM_ABEND", "1702": "ANOM_LINK",
	"1703": "ANOM_CREAT", "1800": "INTEGRITY_DATA", "1801": "INTEGRITY_METADATA", "1802": "INTEGRITY_STATUS",
	"1804": "INTEGRITY_PCR", "1805": "INTEGRITY_RULE", "1807": "INTEGRITY_POLICY_RULE", "2000": "KERNEL",
	"2100": "ANOM_LOGIN_FAILURES", "2101": "ANOM_LOGIN_TIME", "2102": "ANOM_LOGIN_SESSIONS", "2103": "ANOM_LOGIN_ACCT",
	"2104": "ANOM_LOGIN_LOCATION", "2105": "ANOM_MAX_DAC", "2107": "ANOM_AMTU_FAIL", "2108": "ANOM_RBAC_FAIL",
	"2110": "ANOM_CRYPTO_FAIL", "2111": "ANOM_EXEC", "2112": "ANOM_MK_EXEC", "2113": "ANOM_ACCESS_FS",
	"2114": "ANOM_DEL_ACCT", "2115": "ANOM_MOD_ACCT", "2116": "ANOM_ROOT_TRANS", "2200": "RESP_ANOMALY",
	"2300": "USER_ROLE_CHANGE", "2301": "ROLE_ASSIGN", "2302": "ROLE_REMOVE", "2303": "LABEL_OVERRIDE",
	"2304": "LABEL_LEVEL_CHANGE", "2307": "USER_MAC_POLICY_LOAD", "2308": "ROLE_MODIFY", "2400": "CRYPTO_TEST_USER",
	"2401": "CRYPTO_PARAM_CHANGE_USER", "2402": "CRYPTO_LOGIN", "2403": "CRYPTO_LOGOUT", "2404": "CRYPTO_KEY_USER",
	"2405": "CRYPTO_FAILURE_USER", "2406": "CRYPTO_REPLAY_USER", "2407": "CRYPTO_SESSION", "2408": "CRYPTO_IKE_SA",
	"2409": "CRYPTO_IPSEC_SA", "2500": "VIRT_CONTROL", "2501": "VIRT_RESOURCE", "2502": "VIRT_MACHINE_ID",
}

// auditTypeName returns the name of a type that is written as a number, as the kernel does: "1300" or "UNKNOWN[1334]".
func auditTypeName(s string) string {
	n := s
	if len(s) > 9 && s[:8] == "UNKNOWN[" && s[len(s)-1] == ']' {
		n = s[8 : len(s)-1]
	}
	if n[0]-'0' <= 9 {
		if t, ok := auditTypes[n]; ok {
			return t
		}
	}
	return s
}

var auditMeanings = map[string]auditMeaning{
	"USER_LOGIN": {"login", authentication}, "USER_LOGOUT": {"logout", authentication},
	"USER_AUTH": {"authentication", authentication}, "USER_ACCT": {"account_check", authentication},
	"CRED_ACQ": {"credentials_acquired", authentication}, "CRED_REFR": {"credentials_refreshed", authentication},
	"CRED_DISP": {"credentials_disposed", authentication}, "GRP_AUTH": {"group_authentication", authentication},
	"LOGIN":      {"login_id_set", authentication},
	"USER_START": {"session_opened", session}, "USER_END": {"session_closed", session},
	"USER_CMD": {"user_command", process}, "USER_TTY": {"terminal_input", process}, "TTY": {"terminal_input", process},
	"USER_ERR": {"user_error", authentication}, "USER_CHAUTHTOK": {"password_changed", iam},
	"USER_MGMT": {"user_changed", iam}, "USER_ROLE_CHANGE": {"role_changed", iam}, "ADD_USER": {"user_added", iam},
	"DEL_USER": {"user_deleted", iam}, "ADD_GROUP": {"group_added", iam}, "DEL_GROUP": {"group_deleted", iam},
	"GRP_MGMT": {"group_changed", iam}, "GRP_CHAUTHTOK": {"group_password_changed", iam}, "CHUSER_ID": {"user_changed", iam},
	"CHGRP_ID": {"group_changed", iam}, "ACCT_LOCK": {"account_locked", iam}, "ACCT_UNLOCK": {"account_unlocked", iam},
	"ROLE_ASSIGN": {"role_assigned", iam}, "ROLE_REMOVE": {"role_removed", iam},
	"SERVICE_START": {"service_started", process}, "SERVICE_STOP": {"service_stopped", process},
	"EXECVE": {"execve", process}, "PROCTITLE": {"process_title", process}, "ANOM_ABEND": {"process_crashed", process},
	"SECCOMP": {"seccomp_violation", process}, "BPRM_FCAPS": {"capabilities_by_file", process},
	"SYSTEM_BOOT": {"system_boot", host}, "SYSTEM_SHUTDOWN": {"system_shutdown", host},
	"SYSTEM_RUNLEVEL": {"runlevel_changed", host}, "TIME_INJOFFSET": {"time_changed", host},
	"TIME_ADJNTPVAL": {"time_changed", host}, "USYS_CONFIG": {"system_configured", configuration},
	"CONFIG_CHANGE": {"audit_configured", configuration}, "DAEMON_START": {"audit_started", process},
	"DAEMON_END": {"audit_stopped", process}, "DAEMON_ABORT": {"audit_stopped", process},
	"DAEMON_CONFIG": {"audit_configured", configuration}, "FEATURE_CHANGE": {"audit_configured", configuration},
	"NETFILTER_CFG": {"firewall_configured", configuration}, "MAC_STATUS": {"enforcement_changed", configuration},
	"MAC_POLICY_LOAD": {"policy_loaded", configuration}, "MAC_CONFIG_CHANGE": {"policy_configured", configuration},
	"SOFTWARE_UPDATE": {"software_updated", "package"}, "KERN_MODULE": {"module_loaded", driver},
	"ANOM_PROMISCUOUS": {"promiscuous_mode", network}, "CRYPTO_KEY_USER": {"crypto_key", process},
	"CRYPTO_SESSION": {"crypto_session", process}, "PATH": {"path", "file"}, "CWD": {"working_directory", process},
	"SOCKADDR": {"socket", network}, "AVC": {"access_decision", "file"}, "USER_AVC": {"access_decision", process},
	"ANOM_LOGIN_FAILURES": {"too_many_attempts", authentication}, "ANOM_LINK": {"link_refused", "file"},
	"BPF": {"bpf_program", process}, "VIRT_CONTROL": {"machine_controlled", host},
	"VIRT_RESOURCE": {"machine_resource", host}, "VIRT_MACHINE_ID": {"machine_identified", host},
}

// auditArch returns the name of an architecture (AUDIT_ARCH_…, the ELF machine with bits for 64-bit and little endian).
func auditArch(s string) string {
	switch s {
	case "c000003e":
		return "x86_64"
	case "40000003":
		return "i386"
	case "c00000b7":
		return "aarch64"
	case "40000028":
		return "arm"
	case "c0000015", "80000015":
		return "ppc64"
	case "80000016":
		return "s390x"
	case "c00000f3":
		return "riscv64"
	}
	return ""
}

// syscallName returns the name of a system call by its number on x86_64 and, for the ones that all newer architectures
// share, on aarch64 and riscv64.
func syscallName(arch, number string) string {
	n := 0
	for i := range len(number) {
		if number[i]-'0' > 9 || i > 3 {
			return ""
		}
		n = n*10 + int(number[i]-'0')
	}
	switch arch {
	case "c000003e", "x86_64":
		if n < len(syscalls64) {
			return syscalls64[n]
		}
		if n >= 424 && n-424 < len(syscallsNew) {
			return syscallsNew[n-424]
		}
	case "c00000b7", "aarch64", "c00000f3":
		if n >= 424 && n-424 < len(syscallsNew) {
			return syscallsNew[n-424]
		}
		return syscallsGeneric[n]
	case "40000003", "i386":
		return syscalls32[n]
	}
	return ""
}

func syscallCategory(name string) string {
	switch name {
	case "execve", "execveat", "fork", "vfork", "clone", "clone3", "kill", "tkill", "tgkill", "ptrace", "exit", "exit_group", "setuid",
		"setgid", "setreuid", "setregid", "setresuid", "setresgid", "prctl", "personality", "memfd_create",
		"process_vm_readv", "process_vm_writev", "bpf", "seccomp", "capset", "unshare", "setns":
		return process
	case "connect", "accept", "accept4", "bind", "listen", "socket", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg",
		"setsockopt", "socketcall":
		return network
	case "init_module", "finit_module", "delete_module", "create_module":
		return driver
	case "adjtimex", "settimeofday", "clock_settime", "clock_adjtime", "reboot", "sethostname", "setdomainname", "kexec_load", "swapon":
		return host
	case "open", "openat", "openat2", "creat", "truncate", "ftruncate", "rename", "renameat", "renameat2", "unlink", "unlinkat",
		"rmdir", "mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown",
		"lchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "mount",
		"umount2", "umount", "chroot", "pivot_root", "mknod", "mknodat", "utime", "utimes", "utimensat", "futimesat", "stat", "access",
		"faccessat", "readlink", "getxattr", "chdir":
		return "file"
	}
	return ""
}
