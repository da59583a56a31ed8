package respond

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// HelperFD is the file descriptor at which a helper that was started finds its socket.
const HelperFD = 3

// Launch starts a helper: this program with some arguments, which inherits nothing but one end of a socketpair and stderr.
// The helper ends when the connection does.
func Launch(args ...string) (net.Conn, *exec.Cmd, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("start the helper: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "helper"), os.NewFile(uintptr(pair[1]), "helper")
	defer theirs.Close()
	defer ours.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("start the helper: %w", err)
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr, cmd.ExtraFiles, cmd.Dir = os.Stderr, []*os.File{theirs}, "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a ^C is for the process that talks to it
	conn, err := net.FileConn(ours)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("start the helper: %w", err)
	}
	return conn, cmd, nil
}

// helperCaps are the capabilities that a helper keeps: the firewall; to end processes; to write files of others.
func helperCaps() []int {
	return []int{
		unix.CAP_NET_ADMIN, unix.CAP_KILL, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_CHOWN, unix.CAP_FOWNER, unix.CAP_SYS_PTRACE,
	}
}

// Shed lets go of all capabilities that a helper does not need, for good, by running this program anew; it returns where that
// is done, or where this process is not root.
func Shed() error {
	const done = "TOCSIN_SHED=1"
	if os.Geteuid() != 0 || slices.Contains(os.Environ(), done) {
		return nil
	}
	runtime.LockOSThread() // what is shed is the thread's, and exec makes it the process's
	keep := helperCaps()
	for c := 0; c <= unix.CAP_LAST_CAP; c++ {
		if slices.Contains(keep, c) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("let go of capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new rights: %w", err)
	}
	return fmt.Errorf("run anew: %w", syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), done)))
}

// Become makes this process one of a user, for good, with all the groups that the user has.
func Become(name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return fmt.Errorf("become %s: %w", name, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	ids, err3 := u.GroupIds()
	if err := errors.Join(err, err2, err3); err != nil {
		return fmt.Errorf("become %s: %w", name, err)
	}
	if uid == 0 {
		return fmt.Errorf("become %s: that user is root", name)
	}
	groups := make([]int, 0, len(ids))
	for _, id := range ids {
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("become %s: %w", name, err)
		}
		groups = append(groups, n)
	}
	if err := errors.Join(syscall.Setgroups(groups), syscall.Setgid(gid), syscall.Setuid(uid)); err != nil {
		return fmt.Errorf("become %s: %w", name, err)
	}
	if syscall.Setuid(0) == nil {
		return fmt.Errorf("become %s: the way back is open", name)
	}
	return nil
}

// Landlock (landlock(7)) as the kernel's include/uapi/linux/landlock.h lays it out.
const (
	landlockVersion     = 1 // LANDLOCK_CREATE_RULESET_VERSION
	landlockPathBeneath = 1 // LANDLOCK_RULE_PATH_BENEATH

	landlockWrite  = 1<<1 | 1<<14   // WRITE_FILE, TRUNCATE
	landlockFolder = 0x1ff0 | 1<<13 // REMOVE_DIR to MAKE_SYM, REFER
	landlockSignal = 2              // SCOPE_SIGNAL
)

// landlockKnown is which rights to write each version of the kernel's Landlock knows.
func landlockKnown(version int) uint64 {
	known := uint64(landlockWrite | landlockFolder | 1<<15)
	for _, since := range []struct {
		version int
		right   uint64
	}{{2, 1 << 13}, {3, 1 << 14}, {5, 1 << 15}} {
		if version < since.version {
			known &^= since.right
		}
	}
	return known
}

// Confine takes from this process, for good, the right to write anywhere but in some folders and files, to end other
// processes, and to get new rights. It reads all that its user may. What is not there is left out. Where the kernel has no
// Landlock, only new rights are given up, and the result is false.
func Confine(write ...string) (bool, error) {
	switch _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); errno {
	case 0:
	case syscall.ENOTSUP: // a program with C in it cannot do a thing on all of its threads
		return false, nil
	default:
		return false, fmt.Errorf("give up new rights: %w", errno)
	}
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, landlockVersion)
	if errno != 0 || version < 1 {
		return false, nil
	}
	known := landlockKnown(int(version))
	attr := [3]uint64{known, 0, 0} // handled_access_fs, handled_access_net, scoped
	size := uintptr(8)
	if version >= 6 {
		attr[2], size = landlockSignal, 24
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return false, fmt.Errorf("confine: %w", errno)
	}
	defer unix.Close(int(fd))
	for _, path := range append([]string{"/dev/null", "/dev/tty"}, write...) {
		if err := landlockAllow(int(fd), path, known); err != nil {
			return false, fmt.Errorf("confine: let %s be written: %w", path, err)
		}
	}
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return false, fmt.Errorf("confine: %w", errno)
	}
	return true, nil
}

// landlockAllow lets what is at a path, and below, be written.
func landlockAllow(ruleset int, path string, known uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		known &^= landlockFolder
	}
	var attr [12]byte // struct landlock_path_beneath_attr, packed
	binary.NativeEndian.PutUint64(attr[:], known)
	binary.NativeEndian.PutUint32(attr[8:], uint32(fd))
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), landlockPathBeneath, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// Hand gives a folder and all in it to a user. Symbolic links are not followed.
func Hand(dir, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return fmt.Errorf("hand %s to %s: %w", dir, name, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("hand %s to %s: %w", dir, name, err)
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, uid, gid)
		}
		if err != nil {
			return fmt.Errorf("hand %s to %s: %w", dir, name, err)
		}
		return nil
	})
}
