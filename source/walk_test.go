package source

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, p := range []string{"logs/b.log", "logs/a.log", "logs/deep/er/c.log", "logs/deep/d.txt", "logs/[x].log", "other/e.log"} {
		write(t, p, p+"\n")
	}
	for from, to := range map[string]string{
		"logs/up": "..", "logs/self": ".", "logs/other": "../other", "logs/again.log": "a.log", "logs/root": "/", "logs/gone": "nowhere",
	} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"logs/[x].log", "logs/a.log", "logs/b.log", "logs/deep/d.txt", "logs/deep/er/c.log", "logs/other/e.log"}
	tests := []struct {
		name  string
		paths []string
		want  []string
	}{
		{"folder", []string{"logs"}, all},
		{"folder and file in it", []string{"logs", "logs/b.log", "./logs/deep"}, all},
		{"file, then its folder", []string{"logs/b.log", "logs/deep", "logs"}, []string{
			"logs/b.log", "logs/deep/d.txt", "logs/deep/er/c.log", "logs/[x].log", "logs/a.log", "logs/other/e.log",
		}},
		{"link to a file", []string{"logs/again.log"}, []string{"logs/again.log"}},
		{"name with brackets", []string{"logs/[x].log"}, []string{"logs/[x].log"}},
		{"glob", []string{"logs/[ab].log"}, []string{"logs/a.log", "logs/b.log"}},
		{"deep glob", []string{"logs/**/*.log"}, []string{"logs/[x].log", "logs/a.log", "logs/b.log", "logs/deep/er/c.log"}},
		{"glob of everything", []string{"logs/deep/**"}, []string{"logs/deep/d.txt", "logs/deep/er/c.log"}},
		{"glob in the middle", []string{"*/**/er/*"}, []string{"logs/deep/er/c.log"}},
		{"absolute glob", []string{dir + "/l*/b*"}, []string{dir + "/logs/b.log"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := read(t, Options{}, tt.paths...)
			if !reflect.DeepEqual(r.order, tt.want) {
				t.Errorf("got  %q\nwant %q\n%s", r.order, tt.want, r.reasons())
			}
			for p, text := range r.text {
				if strings.Count(text, "\n") != 1 {
					t.Errorf("%s was read more than once: %q", p, text)
				}
			}
			if r.prog.Found != r.prog.Done || r.prog.Total != r.prog.Read || !r.prog.Measured {
				t.Errorf("progress %+v", r.prog)
			}
		})
	}
	r := read(t, Options{}, "logs")
	for _, want := range []string{"logs/up@0: a symbolic link that leads", "logs/root@0: a symbolic link", "logs/gone@0: "} {
		if !strings.Contains(r.reasons(), want) {
			t.Errorf("no %q in %s", want, r.reasons())
		}
	}
}

func TestNewFiles_nothing(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := NewFiles([]string{"no.log", "*.nothing", "[", "-"}, Options{})
	if err == nil || len(strings.Split(err.Error(), "\n")) < 3 {
		t.Errorf("error %v", err)
	}
}

func TestWalk_unreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.log", "a\n")
	write(t, dir+"/z.log", "z\n")
	socket, err := net.Listen("unix", dir+"/sock")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := os.Chmod(dir+"/a.log", 0); err != nil {
		t.Fatal(err)
	}
	r := read(t, Options{}, dir)
	if !strings.Contains(r.reasons(), "sock@0: a socket; only files are read") {
		t.Errorf("unread: %s", r.reasons())
	}
	if os.Getuid() == 0 {
		t.Log("as root, every file is readable")
		return
	}
	if !strings.Contains(r.reasons(), "a.log@0: open: permission denied") || len(r.order) != 1 {
		t.Errorf("unread: %s", r.reasons())
	}
}

func TestWalk_many(t *testing.T) {
	dir := t.TempDir()
	for i := range 10_000 {
		p := fmt.Sprintf("%s/%02d/%04d.log", dir, i/1000, i)
		if i%1000 == 0 {
			os.Mkdir(filepath.Dir(p), 0o755)
		}
		if err := os.WriteFile(p, []byte("a line\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := read(t, Options{}, dir)
	if len(r.order) != 10_000 || r.prog.Streams != 10_000 || r.prog.Bytes != 70_000 {
		t.Errorf("%d files, %+v", len(r.order), r.prog)
	}
}

func TestFiles_outputs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/in.log", "in\n")
	write(t, dir+"/out.json", "out\n")
	out, err := os.Stat(dir + "/out.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFiles([]string{dir}, Options{Recognise: recogniseText})
	if err != nil {
		t.Fatal(err)
	}
	f.Outputs(out)
	var got []string
	if err := f.Blocks(t.Context(), func(b event.Block, u *event.Unread) bool {
		if u != nil {
			got = append(got, filepath.Base(u.Path)+": "+u.Reason)
		} else {
			got = append(got, b.Data)
		}
		return true
	}); err != nil || !slices.Equal(got, []string{"in\n", "out.json: this run writes to it"}) {
		t.Errorf("%q, error %v", got, err)
	}
}
