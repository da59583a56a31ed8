package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-sec/tocsin/disk"
)

// staging is the prefix of directories in which a backup is put together.
const staging = ".staging-"

// Backup writes a copy of the store into a directory, which must be empty or not be there; Open opens it. Add and
// searches go on meanwhile. It holds all rows of frames below the number that it returns, and some of the later ones:
// either keep those frames with it (the caller's own log), or call Sync before.
//
// On the same file system the copy shares its files with the store, so that it is made in a moment; it protects from what
// happens to the store, and not from what happens to the disk.
func (e *Embedded) Backup(ctx context.Context, dir string) (before uint64, err error) {
	e.keeping.Lock()
	defer e.keeping.Unlock()
	if before, err = e.DurableBefore(ctx); err != nil {
		return 0, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("backup: %s is not empty, or not to be read: %w", dir, errors.Join(err, fs.ErrExist))
	}
	stage, err := os.MkdirTemp(e.dir, staging)
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	err = e.freeze(stage)
	if err == nil {
		err = settleCopy(ctx, stage, dir)
	}
	if err = errors.Join(err, os.RemoveAll(stage)); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return before, nil
}

// freeze links what the store holds now into a directory beside it.
func (e *Embedded) freeze(stage string) error {
	if _, err := e.enter(); err != nil { // no day is removed meanwhile
		return err
	}
	defer e.leave()
	days, err := e.Days()
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(stage, partitionsDir), 0o750); err != nil {
		return err
	}
	for _, d := range days {
		from, to := filepath.Join(e.dir, partitionsDir, d), filepath.Join(stage, partitionsDir, d)
		// The streams of rows are in the index before the rows are, so it is taken after them.
		for _, sub := range []string{dataDir, indexDir} {
			if err := freezeParts(filepath.Join(from, sub), filepath.Join(to, sub)); err != nil {
				return fmt.Errorf("day %s: %w", d, err)
			}
		}
	}
	e.adding.Lock()
	err = e.spellings.copyTo(filepath.Join(stage, spellingName)) // after the rows
	e.adding.Unlock()
	if err != nil {
		return err
	}
	e.manifest.mu.Lock()
	defer e.manifest.mu.Unlock()
	_, err = disk.Copy(filepath.Join(stage, manifestFile), filepath.Join(e.dir, manifestFile), 0o640)
	return err
}

// freezeParts links a list of parts and the parts. Parts never change, but the engine merges them at any time and removes
// those that are merged; then it is tried again with the new list.
func freezeParts(from, to string) error {
	for range 20 {
		names, err := readParts(filepath.Join(from, partsFile))
		if errors.Is(err, fs.ErrNotExist) {
			return os.MkdirAll(to, 0o750) // nothing was written yet
		}
		if err != nil {
			return err
		}
		err = linkParts(from, to, names)
		if err == nil {
			return writeParts(filepath.Join(to, partsFile), names)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
	return errors.New("the engine does not leave its files alone")
}

func linkParts(from, to string, names []string) error {
	if err := os.MkdirAll(to, 0o750); err != nil {
		return err
	}
	for _, n := range names {
		entries, err := os.ReadDir(filepath.Join(from, n))
		if err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(to, n), 0o750); err != nil {
			return err
		}
		for _, d := range entries {
			if err := linkOrCopy(filepath.Join(from, n, d.Name()), filepath.Join(to, n, d.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkOrCopy links a file, and copies it where the file system has no links.
func linkOrCopy(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = disk.Copy(to, from, 0o640)
	return err
}

// settleCopy moves what was put together to its place; to another file system it is copied.
func settleCopy(ctx context.Context, stage, dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	if err := os.Rename(stage, dir); err == nil {
		return disk.SyncFolder(filepath.Dir(dir))
	}
	return filepath.WalkDir(stage, func(path string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(stage, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, rel), 0o750)
		}
		_, err = disk.Copy(filepath.Join(dir, rel), path, 0o640)
		return err
	})
}
