package respond

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endSessionKind ends the sessions of sshd that come from an address, or of a user.
var endSessionKind = Kind{
	Name: "end-session", Doc: "End the SSH sessions of a user, or from an address.", Example: "from 203.0.113.7",
	Check: func(target string, params map[string]string) (string, error) {
		what, who, _ := strings.Cut(target, " ")
		switch what {
		case "from":
			p, err := ParsePrefix(who)
			if err == nil && !p.IsSingleIP() {
				err = fmt.Errorf("%q is no single address", who)
			}
			if err != nil {
				return "", fmt.Errorf("end-session: %w", err)
			}
			return "from " + p.Addr().String(), noParams(params)
		case "user":
			if err := checkAccount(who); err != nil {
				return "", fmt.Errorf("end-session: %w", err)
			}
			return "user " + who, noParams(params)
		}
		return "", fmt.Errorf("end-session %.80q: write from ADDRESS, or user NAME", target)
	},
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		what, who, _ := strings.Cut(d.Target, " ")
		if what == "from" {
			return endFrom(ctx, h, who)
		}
		return endOf(ctx, who)
	},
}

// endFrom ends the processes of sshd that hold a connection from an address. That of an operator is spared.
func endFrom(ctx context.Context, h *Hands, from string) (Outcome, error) {
	addr, err := netip.ParseAddr(from)
	if err != nil {
		return Outcome{}, err
	}
	for _, n := range h.Guard.Never {
		if p, err := ParsePrefix(n); err == nil && p.Contains(addr) {
			return Outcome{}, fmt.Errorf("%w: %s is never to be cut off", ErrForbidden, addr)
		}
	}
	sockets := make(map[string]bool)
	for _, file := range []string{"tcp", "tcp6"} {
		for _, c := range connections("/proc/thread-self/net/" + file) {
			if c.remote.Addr().Unmap() == addr {
				sockets[c.inode] = true
			}
		}
	}
	var pids []int
	for _, p := range processes() {
		if strings.HasPrefix(p.name, "sshd") && holds(p.pid, sockets) {
			pids = append(pids, p.pid)
		}
	}
	return endAll(ctx, pids, "session")
}

// endOf ends the processes of sshd that run for a user: their titles say so ("sshd: anna [priv]", "sshd: anna@pts/1").
func endOf(ctx context.Context, user string) (Outcome, error) {
	var pids []int
	for _, p := range processes() {
		rest, ok := strings.CutPrefix(p.title, "sshd: ")
		if !ok {
			if rest, ok = strings.CutPrefix(p.title, "sshd-session: "); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(rest, " ")
		name, _, _ = strings.Cut(name, "@")
		if name == user && strings.HasPrefix(p.name, "sshd") {
			pids = append(pids, p.pid)
		}
	}
	return endAll(ctx, pids, "session")
}

// process is one that runs.
type process struct {
	pid, parent int
	name        string // as the kernel knows it: at most 15 bytes
	title       string // its command line, as it shows it
	start       string // when it began, in the kernel's ticks; with the pid it tells one from another
}

// processes are those of this host.
func processes() (list []process) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, err := processOf(pid); err == nil {
				list = append(list, p)
			}
		}
	}
	return list
}

func processOf(pid int) (process, error) {
	p := process{pid: pid}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return p, err
	}
	// The name may hold anything, also parentheses: the last one ends it (proc_pid_stat(5)).
	open, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	if open < 0 || end < open {
		return p, fmt.Errorf("process %d: cannot be read", pid)
	}
	p.name = string(stat[open+1 : end])
	f := strings.Fields(string(stat[end+1:]))
	if len(f) < 20 {
		return p, fmt.Errorf("process %d: cannot be read", pid)
	}
	p.parent, _ = strconv.Atoi(f[1]) // the kernel writes a number
	p.start = f[19]
	title, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return p, err
	}
	p.title = strings.TrimRight(strings.ReplaceAll(string(title), "\x00", " "), " ")
	return p, nil
}

// holds tells whether a process has one of these sockets open.
func holds(pid int, sockets map[string]bool) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, fd := range fds {
		link, err := os.Readlink(filepath.Join(dir, fd.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); ok && err == nil && sockets[strings.TrimSuffix(inode, "]")] {
			return true
		}
	}
	return false
}

// endAll asks processes to end, and makes those that have not done so after some seconds.
func endAll(ctx context.Context, pids []int, what string) (Outcome, error) {
	if len(pids) == 0 {
		return Outcome{Result: "there was no such " + what}, nil
	}
	var errs []error
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("end process %d: %w", pid, err))
		}
	}
	left := waitGone(ctx, pids, 3*time.Second)
	for _, pid := range left {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("kill process %d: %w", pid, err))
		}
	}
	if left = waitGone(ctx, left, 3*time.Second); len(left) > 0 {
		errs = append(errs, fmt.Errorf("processes %v have not ended", left))
	}
	return Outcome{Result: fmt.Sprintf("ended processes %v", pids)}, errors.Join(errs...)
}

// waitGone waits for processes to end, and returns those that have not; one that nobody has asked for its end has.
func waitGone(ctx context.Context, pids []int, long time.Duration) []int {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(long)
	defer end.Stop()
	for {
		var left []int
		for _, pid := range pids {
			if alive(pid) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return left
		case <-end.C:
			return left
		case <-tick.C:
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	rest := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return !strings.HasPrefix(rest, " Z") && !strings.HasPrefix(rest, " X")
}
