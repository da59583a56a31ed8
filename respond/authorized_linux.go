package respond

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// lineFingerprint is the fingerprint of the key in a line of authorized_keys (sshd(8)): options, type, key in base64,
// comment; "" where there is none. Only the key's own bytes decide.
func lineFingerprint(line string) string {
	for _, word := range strings.Fields(line) {
		if !strings.HasPrefix(word, "AAAA") { // the length of the name of the type, below 2^16
			continue
		}
		if b, err := base64.StdEncoding.DecodeString(word); err == nil {
			sum := sha256.Sum256(b)
			return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
		}
	}
	return ""
}

const maxKeys = 1 << 20

// keys rewrites an account's authorized_keys in one step. No symbolic link is followed on the way to it: the folder is the
// account's, and what stands there might be its trick.
func (t *Tools) keys(account string, change func(lines []string) []string) error {
	home, uid, gid, err := t.home(account)
	if err != nil {
		return err
	}
	base, err := os.OpenRoot(filepath.Join("/", t.Root, home))
	if err != nil {
		return err
	}
	defer base.Close()
	info, err := base.Lstat(".ssh")
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New(".ssh is no folder")
	}
	dir, err := base.OpenRoot(".ssh")
	if err != nil {
		return err
	}
	defer dir.Close()
	if info, err = dir.Lstat("authorized_keys"); err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeys {
		return errors.New("authorized_keys is no plain file, or too long")
	}
	f, err := dir.Open("authorized_keys")
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeys))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	old := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	fresh := strings.Join(change(old), "\n") + "\n"
	if fresh == string(data) {
		return nil
	}
	const name = "authorized_keys.tocsin"
	_ = dir.Remove(name) // left there by one that was killed
	out, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = out.WriteString(fresh)
	if os.Geteuid() == 0 {
		err = errors.Join(err, out.Chown(uid, gid))
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return dir.Rename(name, "authorized_keys")
}
