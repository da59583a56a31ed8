package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// filesConformer feeds a file line by line, and in the middle it is put aside as logrotate does.
var filesConformer = conformer{
	name: "files", waits: true, resumes: true,
	open: func(t *testing.T) *road {
		path := filepath.Join(t.TempDir(), "app.log")
		return &road{
			make: func(t *testing.T) Input { return newFollower(t, path) },
			feed: func(_ context.Context, records []string) error {
				for part := range slices.Chunk(records, 1000) {
					if err := appendTo(path, strings.Join(part, "\n")+"\n"); err != nil {
						return err
					}
				}
				return nil
			},
		}
	},
	bad: map[string]func() (Input, error){
		"no paths": func() (Input, error) { return inputOf(NewFollower(FilesConfig{}, Env{})) },
		"from": func() (Input, error) {
			return inputOf(NewFollower(FilesConfig{Paths: []string{"/x"}, From: "yesterday"}, Env{}))
		},
		"pattern": func() (Input, error) { return inputOf(NewFollower(FilesConfig{Paths: []string{"/x/[a"}}, Env{})) },
		"exclude": func() (Input, error) {
			return inputOf(NewFollower(FilesConfig{Paths: []string{"/x"}, Exclude: []string{"[a"}}, Env{}))
		},
		"format": func() (Input, error) {
			return inputOf(NewFollower(FilesConfig{Paths: []string{"/x"}, Format: "no such"}, Env{}))
		},
		"poll": func() (Input, error) {
			return inputOf(NewFollower(FilesConfig{Paths: []string{"/x"}, Poll: time.Microsecond}, Env{}))
		},
	},
}

func inputOf[T Input](in T, err error) (Input, error) { return in, err }

func newFollower(t *testing.T, paths ...string) *Follower {
	t.Helper()
	return followerOf(t, FilesConfig{Paths: paths})
}

func followerOf(t *testing.T, cfg FilesConfig) *Follower {
	t.Helper()
	f, err := NewFollower(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
