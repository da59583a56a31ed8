package parse

// System calls by number.
// Source: arch/x86/entry/syscalls/syscall_64.tbl, syscall_32.tbl and include/uapi/asm-generic/unistd.h of the kernel.

// syscalls64 are those of x86_64, from 0.
var syscalls64 = [...]string{
	"read", "write", "open", "close", "stat", "fstat", "lstat", "poll", "lseek", "mmap", "mprotect", "munmap", "brk",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "ioctl", "pread64", "pwrite64", "readv", "writev", "access",
	"pipe", "select", "sched_yield", "mremap", "msync", "mincore", "madvise", "shmget", "shmat", "shmctl", "dup",
	"dup2", "pause", "nanosleep", "getitimer", "alarm", "setitimer", "getpid", "sendfile", "socket", "connect",
	"accept", "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown", "bind", "listen", "getsockname", "getpeername",
	"socketpair", "setsockopt", "getsockopt", "clone", "fork", "vfork", "execve", "exit", "wait4", "kill", "uname",
	"semget", "semop", "semctl", "shmdt", "msgget", "msgsnd", "msgrcv", "msgctl", "fcntl", "flock", "fsync",
	"fdatasync", "truncate", "ftruncate", "getdents", "getcwd", "chdir", "fchdir", "rename", "mkdir", "rmdir",
	"creat", "link", "unlink", "symlink", "readlink", "chmod", "fchmod", "chown", "fchown", "lchown", "umask",
	"gettimeofday", "getrlimit", "getrusage", "sysinfo", "times", "ptrace", "getuid", "syslog", "getgid", "setuid",
	"setgid", "geteuid", "getegid", "setpgid", "getppid", "getpgrp", "setsid", "setreuid", "setregid", "getgroups",
	"setgroups", "setresuid", "getresuid", "setresgid", "getresgid", "getpgid", "setfsuid", "setfsgid", "getsid",
	"capget", "capset", "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "rt_sigsuspend", "sigaltstack",
	"utime", "mknod", "uselib", "personality", "ustat", "statfs", "fstatfs", "sysfs", "getpriority", "setpriority",
	"sched_setparam", "sched_getparam", "sched_setscheduler", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min", "sched_rr_get_interval", "mlock", "munlock", "mlockall", "munlockall", "vhangup",
	"modify_ldt", "pivot_root", "_sysctl", "prctl", "arch_prctl", "adjtimex", "setrlimit", "chroot", "sync", "acct",
	"settimeofday", "mount", "umount2", "swapon", "swapoff", "reboot", "sethostname", "setdomainname", "iopl",
	"ioperm", "create_module", "init_module", "delete_module", "get_kernel_syms", "query_module", "quotactl",
	"nfsservctl", "getpmsg", "putpmsg", "afs_syscall", "tuxcall", "security", "gettid", "readahead", "setxattr",
	"lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
	"removexattr", "lremovexattr", "fremovexattr", "tkill", "time", "futex", "sched_setaffinity", "sched_getaffinity",
	"set_thread_area", "io_setup", "io_destroy", "io_getevents", "io_submit", "io_cancel", "get_thread_area",
	"lookup_dcookie", "epoll_create", "epoll_ctl_old", "epoll_wait_old", "remap_file_pages", "getdents64",
	"set_tid_address", "restart_syscall", "semtimedop", "fadvise64", "timer_create", "timer_settime", "timer_gettime",
	"timer_getoverrun", "timer_delete", "clock_settime", "clock_gettime", "clock_getres", "clock_nanosleep",
	"exit_group", "epoll_wait", "epoll_ctl", "tgkill", "utimes", "vserver", "mbind", "set_mempolicy", "get_mempolicy",
	"mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr", "kexec_load", "waitid",
	"add_key", "request_key", "keyctl", "ioprio_set", "ioprio_get", "inotify_init", "inotify_add_watch",
	"inotify_rm_watch", "migrate_pages", "openat", "mkdirat", "mknodat", "fchownat", "futimesat", "newfstatat",
	"unlinkat", "renameat", "linkat", "symlinkat", "readlinkat", "fchmodat", "faccessat", "pselect6", "ppoll",
	"unshare", "set_robust_list", "get_robust_list", "splice", "tee", "sync_file_range", "vmsplice", "move_pages",
	"utimensat", "epoll_pwait", "signalfd", "timerfd_create", "eventfd", "fallocate", "timerfd_settime",
	"timerfd_gettime", "accept4", "signalfd4", "eventfd2", "epoll_create1", "dup3", "pipe2", "inotify_init1",
	"preadv", "pwritev", "rt_tgsigqueueinfo", "perf_event_open", "recvmmsg", "fanotify_init", "fanotify_mark",
	"prlimit64", "name_to_handle_at", "open_by_handle_at", "clock_adjtime", "syncfs", "sendmmsg", "setns", "getcpu",
	"process_vm_readv", "process_vm_writev", "kcmp", "finit_module", "sched_setattr", "sched_getattr", "renameat2",
	"seccomp", "getrandom", "memfd_create", "kexec_file_load", "bpf", "execveat", "userfaultfd", "membarrier",
	"mlock2", "copy_file_range", "preadv2", "pwritev2", "pkey_mprotect", "pkey_alloc", "pkey_free", "statx",
	"io_pgetevents", "rseq",
}

// syscallsNew have the same numbers everywhere, from 424.
var syscallsNew = [...]string{
	"pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register", "open_tree", "move_mount", "fsopen",
	"fsconfig", "fsmount", "fspick", "pidfd_open", "clone3", "close_range", "openat2", "pidfd_getfd", "faccessat2",
	"process_madvise", "epoll_pwait2", "mount_setattr", "quotactl_fd", "landlock_create_ruleset", "landlock_add_rule",
	"landlock_restrict_self", "memfd_secret", "process_mrelease", "futex_waitv", "set_mempolicy_home_node",
	"cachestat", "fchmodat2",
}

// syscallsGeneric are those of aarch64 and riscv64 that audit rules watch.
var syscallsGeneric = map[int]string{
	5: "setxattr", 6: "lsetxattr", 7: "fsetxattr", 14: "removexattr", 33: "mknodat", 34: "mkdirat", 35: "unlinkat",
	36: "symlinkat", 37: "linkat", 38: "renameat", 39: "umount2", 40: "mount", 41: "pivot_root", 45: "truncate",
	46: "ftruncate", 48: "faccessat", 49: "chdir", 51: "chroot", 52: "fchmod", 53: "fchmodat", 54: "fchownat",
	55: "fchown", 56: "openat", 57: "close", 59: "pipe2", 62: "lseek", 63: "read", 64: "write", 78: "readlinkat",
	79: "newfstatat", 80: "fstat", 88: "utimensat", 90: "capget", 91: "capset", 92: "personality", 93: "exit",
	94: "exit_group", 97: "unshare", 104: "kexec_load", 105: "init_module", 106: "delete_module",
	112: "clock_settime", 117: "ptrace", 129: "kill", 130: "tkill", 131: "tgkill", 142: "reboot", 144: "setgid",
	145: "setreuid", 146: "setuid", 147: "setresuid", 149: "setresgid", 161: "sethostname", 162: "setdomainname",
	167: "prctl", 170: "settimeofday", 171: "adjtimex", 198: "socket", 200: "bind", 201: "listen", 202: "accept",
	203: "connect", 206: "sendto", 207: "recvfrom", 208: "setsockopt", 211: "sendmsg", 212: "recvmsg", 220: "clone",
	221: "execve", 224: "swapon", 242: "accept4", 264: "name_to_handle_at", 265: "open_by_handle_at", 268: "setns",
	270: "process_vm_readv", 271: "process_vm_writev", 273: "finit_module", 276: "renameat2", 277: "seccomp",
	279: "memfd_create", 280: "bpf", 281: "execveat", 291: "statx", 294: "kexec_file_load",
}

// syscalls32 are those of i386 that audit rules watch.
var syscalls32 = map[int]string{
	1: "exit", 2: "fork", 3: "read", 4: "write", 5: "open", 6: "close", 8: "creat", 9: "link", 10: "unlink",
	11: "execve", 12: "chdir", 14: "mknod", 15: "chmod", 16: "lchown", 21: "mount", 22: "umount", 23: "setuid",
	25: "stime", 26: "ptrace", 30: "utime", 33: "access", 37: "kill", 38: "rename", 39: "mkdir", 40: "rmdir",
	46: "setgid", 52: "umount2", 54: "ioctl", 61: "chroot", 70: "setreuid", 74: "sethostname", 79: "settimeofday",
	83: "symlink", 88: "reboot", 92: "truncate", 93: "ftruncate", 94: "fchmod", 95: "fchown", 102: "socketcall",
	120: "clone", 121: "setdomainname", 124: "adjtimex", 128: "init_module", 129: "delete_module", 136: "personality",
	164: "setresuid", 172: "prctl", 182: "chown", 190: "vfork", 203: "setreuid", 208: "setresuid", 212: "chown",
	213: "setuid", 226: "setxattr", 264: "clock_settime", 295: "openat", 296: "mkdirat", 301: "unlinkat",
	302: "renameat", 306: "fchmodat", 350: "finit_module", 353: "renameat2", 356: "memfd_create", 357: "bpf",
	358: "execveat", 359: "socket", 361: "bind", 362: "connect", 363: "listen", 364: "accept4",
}
