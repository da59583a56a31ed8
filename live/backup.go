package live

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies what the line itself keeps (the log and the checkpoint) into a folder, and calls rest for what the store
// and the state keep. No frame that the copy needs is let go of meanwhile; the line goes on. A line that is opened on the
// copy adds to the store what that copy lacks.
func (l *Line) Backup(dir string, rest func() error) error {
	l.trimming.Lock()
	defer l.trimming.Unlock()
	text, err := os.ReadFile(l.checkpointPath())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(l.checkpointPath())), text, 0o600)
	}
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("copy the checkpoint: %w", err)
	}
	if err := rest(); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "wal"), segments{os.DirFS(filepath.Join(l.opt.Dir, "wal"))}); err != nil {
		return fmt.Errorf("copy the write-ahead log: %w", err)
	}
	return nil
}

// segments are the files of a log without the lock that says who has it open.
type segments struct{ fs.FS }

// ReadDir lists what is to be copied.
func (s segments) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(s.FS, name)
	kept := list[:0]
	for _, e := range list {
		if filepath.Ext(e.Name()) != ".lock" && e.Name() != "lock" {
			kept = append(kept, e)
		}
	}
	return kept, err
}
