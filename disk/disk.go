// Package disk is what must hold of files whatever happens: one that is replaced is the old one or the new one as a whole, what
// was said to be kept is there after a loss of power, and it is known how much room is left. Files are made for their owner
// alone unless a mode is given; what could not be finished is removed. Spills are the temporary files of a run.
//
// Its functions may be called from any goroutine; two that replace the same file leave one of both. Spills belong to one.
package disk

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes path a file of these bytes, in one step and durably.
func Replace(path string, mode fs.FileMode, data []byte) error {
	return ReplaceFrom(path, mode, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// ReplaceFrom makes path a file of what write writes, in one step and durably. An error of write leaves what was there.
func ReplaceFrom(path string, mode fs.FileMode, write func(w io.Writer) error) error {
	return settle(filepath.Dir(path), mode, write, func() string { return path })
}

// Keep copies in into a folder under its SHA-256, for nobody to change or run, durably; it returns the hash, in hex, and how
// many bytes that were.
func Keep(folder string, in io.Reader) (sum string, size int64, err error) {
	h := sha256.New()
	err = settle(folder, 0o400, func(w io.Writer) (err error) {
		size, err = io.Copy(io.MultiWriter(w, h), in)
		return err
	}, func() string {
		sum = hex.EncodeToString(h.Sum(nil))
		return filepath.Join(folder, sum)
	})
	return sum, size, err
}

// Copy copies a file to where there is none, durably but for the name (see SyncFolder); it returns the SHA-256 in hex.
func Copy(to, from string, mode fs.FileMode) (sum string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), in)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, out.Sync(), out.Close())
}

// settle writes a file in a folder, and gives it its name when it is whole and durable.
func settle(folder string, mode fs.FileMode, write func(w io.Writer) error, name func() string) error {
	f, err := os.CreateTemp(folder, ".*.new")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name())
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncFolder(folder)
}
