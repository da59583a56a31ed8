package load

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a server that runs and is measured.
type Process struct {
	cmd   *exec.Cmd
	ended chan error
	log   string // its standard error
}

// start starts a command, in a group of its own.
func start(ctx context.Context, log string, args ...string) (*Process, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stderr, cmd.Stdout = f, f
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	p := &Process{cmd: cmd, ended: make(chan error, 1), log: log}
	go func() { p.ended <- cmd.Wait() }()
	return p, nil
}

// Stop ends the process as a person would.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s did not end within 30 s", p.cmd.Args[0])
	}
}

// alive tells why the process has ended; nil while it runs.
func (p *Process) alive() error {
	select {
	case err := <-p.ended:
		p.ended <- err
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s ended: %v: %s", p.cmd.Args[0], err, text)
	default:
		return nil
	}
}

// Usage is what a process has taken so far.
type Usage struct {
	CPU        time.Duration
	Memory     int64 // resident, bytes
	Peak       int64 // most that was resident
	WriteAhead int64 // bytes of the write-ahead log, where it has one
	Since      time.Duration
	KeptBehind int64 // events sent and not yet kept
}

// Usage reads what the kernel counts.
func (p *Process) Usage() (u Usage, err error) {
	pid := p.cmd.Process.Pid
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	for _, s := range f[11:13] { // utime and stime, in hundredths of a second (proc(5))
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return u, err
		}
		u.CPU += time.Duration(n) * 10 * time.Millisecond
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	u.Memory, u.Peak = kilobytes(string(status), "VmRSS:"), kilobytes(string(status), "VmHWM:")
	return u, nil
}

// kilobytes reads one line of /proc/PID/status, as bytes.
func kilobytes(status, name string) int64 {
	_, rest, _ := strings.Cut(status, name)
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(f[0], 10, 64) // 0 where the kernel tells none
	return n << 10
}

// freePort returns an address of the loopback on which nothing listens.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// FolderSize returns the bytes of the files below a folder.
func FolderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreGone(err)
		}
		n += info.Size()
		return nil
	})
	return n, err
}

// ignoreGone makes nothing of a file that was removed meanwhile.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// until asks again and again until the answer is yes.
func (p *Process) until(ctx context.Context, long time.Duration, what string, ok func() bool) error {
	for end := time.Now().Add(long); !ok(); {
		if err := p.alive(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: waited %s for %s", p.cmd.Args[0], long, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
