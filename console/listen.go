package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Listen makes the socket at a path, for the user of the process and, where one is named, for a group. A socket that a
// process has left there which is no more is replaced.
func Listen(ctx context.Context, path, group string) (net.Listener, error) {
	if _, err := Dial(ctx, path); err == nil {
		return nil, fmt.Errorf("listen at %s: another tocsin serve answers there", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace the socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	if err := allow(path, group); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// admit lets a group go through the folder of the socket, and not list it.
func admit(dir string, group int) error {
	if err := os.Chown(dir, -1, group); err != nil {
		return err
	}
	return os.Chmod(dir, 0o710)
}

// allow lets the group use the socket.
func allow(path, group string) error {
	mode := fs.FileMode(0o600)
	if group != "" {
		mode = 0o660
		g, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("give the socket to group %s: %w", group, err)
		}
		id, err := strconv.Atoi(g.Gid)
		if err == nil {
			err = os.Chown(path, -1, id)
		}
		if err == nil {
			err = admit(filepath.Dir(path), id)
		}
		if err != nil {
			return fmt.Errorf("give the socket to group %s: %w", group, err)
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("protect the socket: %w", err)
	}
	return nil
}
