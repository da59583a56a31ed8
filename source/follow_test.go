package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
				return appendTo(path, records...)
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

// appendTo appends lines to a file.
func appendTo(path string, lines ...string) error {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line)
		text.WriteByte('\n')
	}
	return appendText(path, text.String())
}

func appendText(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
