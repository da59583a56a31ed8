package respond

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-sec/tocsin/disk"

	"golang.org/x/sys/unix"
)

// quarantineKind moves a file where nobody runs it. The copy is named for its hash; beside it stands what it was, once for each
// place that the same content was found at.
var quarantineKind = Kind{
	Name: "quarantine", Doc: "Move a file where nobody runs it; undoing puts it back as it was.", Example: "/srv/upload/invoice.exe", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		if len(target) > 4096 || !filepath.IsAbs(target) || filepath.Clean(target) != target || strings.ContainsAny(target, "\x00\n") || target == "/" {
			return "", fmt.Errorf("quarantine %.100q: write a whole path, in its shortest form", target)
		}
		for _, p := range []string{"/proc/", "/sys/", "/dev/"} {
			if strings.HasPrefix(target, p) {
				return "", fmt.Errorf("quarantine %.100q: nothing below %s is a file", target, p)
			}
		}
		return target, noParams(params)
	},
	Look: lookAtFile,
	Do: func(_ context.Context, h *Hands, d *Deed) (Outcome, error) {
		if h.Tools.Quarantine == "" {
			return Outcome{}, fmt.Errorf("quarantine: there is no folder for it: %w", errFinal)
		}
		return quarantine(h.Tools.Quarantine, d.Target)
	},
	Undo: func(_ context.Context, h *Hands, d *Deed) error {
		return restore(h.Tools.Quarantine, d.Target, d.Undo["sha256"])
	},
}

// lookAtFile says what of a file a person should know before it is moved away.
func lookAtFile(path string) []string {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []string{"there is no such file now"}
	case err != nil:
		return []string{err.Error()}
	case !info.Mode().IsRegular():
		return []string{"it is no plain file: it would fail"}
	}
	list := []string{fmt.Sprintf("it has %d bytes and was changed at %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339))}
	for _, p := range []string{"/bin/", "/boot/", "/etc/", "/lib", "/sbin/", "/usr/"} {
		if strings.HasPrefix(path, p) {
			return append(list, "it belongs to the system: without it this host may not start, or nobody may log in")
		}
	}
	return list
}

// quarantined is what stands beside a file in quarantine.
type quarantined struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Mode   uint32 `json:"mode"`
	UID    uint32 `json:"uid"`
	GID    uint32 `json:"gid"`
	MTime  int64  `json:"mtime"` // ns since 1970
}

// openPlain opens a path without following a symbolic link anywhere on the way (openat2(2)).
func openPlain(path string, flags int) (*os.File, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: uint64(flags | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK), Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// noteName is the file that says what a file in quarantine was.
func noteName(folder, sum, path string) string {
	place := sha256.Sum256([]byte(path))
	return filepath.Join(folder, sum+"-"+hex.EncodeToString(place[:8])+".json")
}

// holdFolder keeps others from putting the same content into quarantine, or taking it out, until release.
func holdFolder(folder string) (release func(), err error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", folder, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func quarantine(folder, path string) (Outcome, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Outcome{}, err
	}
	release, err := holdFolder(folder)
	if err != nil {
		return Outcome{}, err
	}
	defer release()
	dir, err := openPlain(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return Outcome{}, final(err)
	}
	defer dir.Close()
	f, err := openPlain(path, unix.O_RDONLY)
	if err != nil {
		return Outcome{}, final(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Outcome{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || !ok {
		return Outcome{}, fmt.Errorf("quarantine %s: it is no plain file: %w", path, errFinal)
	}
	q := quarantined{Path: path, Mode: uint32(info.Mode().Perm()), UID: st.Uid, GID: st.Gid, MTime: info.ModTime().UnixNano()}
	if q.SHA256, q.Size, err = disk.Keep(folder, f); err != nil {
		return Outcome{}, err
	}
	note, err := json.Marshal(&q)
	if err == nil {
		err = os.WriteFile(noteName(folder, q.SHA256, path), note, 0o600)
	}
	if err != nil {
		return Outcome{}, err
	}
	// The name may have been given to another file meanwhile: only the one that was copied goes.
	var now unix.Stat_t
	name := filepath.Base(path)
	if err := unix.Fstatat(int(dir.Fd()), name, &now, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return Outcome{}, fmt.Errorf("quarantine %s: %w", path, err)
	}
	if now.Ino != st.Ino || now.Dev != st.Dev {
		return Outcome{}, fmt.Errorf("quarantine %s: it was exchanged for another file meanwhile", path)
	}
	if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil {
		return Outcome{}, fmt.Errorf("quarantine %s: %w", path, err)
	}
	return Outcome{Result: fmt.Sprintf("%d bytes, SHA-256 %s", q.Size, q.SHA256), Undo: map[string]string{"sha256": q.SHA256}}, nil
}

// final marks an error that trying again does not help.
func final(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ELOOP) {
		return fmt.Errorf("%w: %w", err, errFinal)
	}
	return err
}

// restore puts a file back; what stands at its place meanwhile is left alone.
func restore(folder, path, sum string) error {
	if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" {
		return fmt.Errorf("restore %s: %.80q is no hash", path, sum)
	}
	release, err := holdFolder(folder)
	if err != nil {
		return err
	}
	defer release()
	name := noteName(folder, sum, path)
	note, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) { // as it was named before the same content could come from several places
		name = filepath.Join(folder, sum+".json")
		note, err = os.ReadFile(name)
	}
	if err != nil {
		return err
	}
	var q quarantined
	if err := json.Unmarshal(note, &q); err != nil {
		return fmt.Errorf("restore %s: read %s: %w", path, name, err)
	}
	if q.Path != path || q.SHA256 != sum {
		return fmt.Errorf("restore %s: what stands beside %s in quarantine is about another file, %s", path, sum, q.Path)
	}
	in, err := os.Open(filepath.Join(folder, sum))
	if err != nil {
		return err
	}
	defer in.Close()
	dir, err := openPlain(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := putBack(int(dir.Fd()), in, &q); err != nil {
		return fmt.Errorf("restore %s: %w", path, err)
	}
	if err := os.Remove(name); err != nil {
		return err
	}
	if others, err := filepath.Glob(filepath.Join(folder, sum+"*.json")); err != nil || len(others) > 0 {
		return err // the same content was found elsewhere, too
	}
	return os.Remove(filepath.Join(folder, sum))
}

// putBack writes a file beside its place, and then moves it there, unless something is there.
func putBack(dir int, in io.Reader, q *quarantined) error {
	part := "." + q.SHA256[:16] + ".tocsin"
	_ = unix.Unlinkat(dir, part, 0) // of one that was killed
	fd, err := unix.Openat(dir, part, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	out := os.NewFile(uintptr(fd), part)
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	if err == nil && hex.EncodeToString(hash.Sum(nil)) != q.SHA256 {
		err = errors.New("the copy in quarantine was changed")
	}
	if err == nil && os.Geteuid() == 0 {
		err = out.Chown(int(q.UID), int(q.GID))
	}
	if err == nil {
		err = out.Chmod(fs.FileMode(q.Mode))
	}
	if err == nil {
		tv := []unix.Timeval{unix.NsecToTimeval(q.MTime), unix.NsecToTimeval(q.MTime)}
		err = unix.Futimes(fd, tv)
	}
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = unix.Renameat2(dir, part, dir, filepath.Base(q.Path), unix.RENAME_NOREPLACE)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, part, 0)
	}
	return err
}
