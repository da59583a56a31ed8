package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// hasty are pauses for tests.
var hasty = pauses{settle: 20 * time.Millisecond, rest: 80 * time.Millisecond, aside: time.Second, whole: 20 * time.Millisecond}

func hastyFollower(t *testing.T, cfg FilesConfig) *Follower {
	t.Helper()
	f := followerOf(t, cfg)
	f.pauses = hasty
	return f
}

// logger is a program that writes a log, and the logrotate that puts it aside.
type logger struct {
	t    *testing.T
	path string
	file *os.File
	next int // number of the next record
	gens int
}

func newLogger(t *testing.T) *logger {
	return &logger{t: t, path: filepath.Join(t.TempDir(), "app.log"), next: 1}
}

func (l *logger) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *logger) write(text string) {
	if l.file == nil {
		f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		l.must(err)
		l.file = f
	}
	_, err := l.file.WriteString(text)
	l.must(err)
}

func (l *logger) line() string {
	l.next++
	return fmt.Sprintf("2024-03-03T10:00:00Z host app[1]: %s\n", mark(l.next-1))
}

func (l *logger) lines(n int) {
	var b strings.Builder
	for range n {
		b.WriteString(l.line())
	}
	l.write(b.String())
}

// broken writes a line in two parts.
func (l *logger) broken(between func()) {
	line := l.line()
	l.write(line[:len(line)/2])
	between()
	l.write(line[len(line)/2:])
}

func (l *logger) reopen() {
	if l.file != nil {
		l.must(l.file.Close())
		l.file = nil
	}
}

// shift makes room for the name app.log.1.
func (l *logger) shift() {
	for n := l.gens; n > 0; n-- {
		for _, end := range []string{"", ".gz"} {
			from := fmt.Sprintf("%s.%d%s", l.path, n, end)
			if _, err := os.Stat(from); err == nil {
				l.must(os.Rename(from, fmt.Sprintf("%s.%d%s", l.path, n+1, end)))
			}
		}
	}
	l.gens++
}

// rename puts the log aside by its name. The program goes on with the old file until it is told to reopen it.
func (l *logger) rename() {
	if _, err := os.Stat(l.path); err != nil {
		return
	}
	l.shift()
	l.must(os.Rename(l.path, l.path+".1"))
}

func (l *logger) copyTruncate() {
	data, err := os.ReadFile(l.path)
	if err != nil {
		return
	}
	l.shift()
	l.must(os.WriteFile(l.path+".1", data, 0o644))
	l.must(os.Truncate(l.path, 0))
}

// compress packs the generation n, as gzip does: the new file takes the time of the old one.
func (l *logger) compress(n int) {
	path := fmt.Sprintf("%s.%d", l.path, n)
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	info, err := os.Stat(path)
	l.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(data)
	l.must(err)
	l.must(z.Close())
	l.must(os.WriteFile(path+".gz", b.Bytes(), 0o644))
	l.must(os.Chtimes(path+".gz", time.Time{}, info.ModTime()))
	l.must(os.Remove(path))
}

// TestFollowAnyHistory plays random histories of a log, of its rotation and of stops and kills, and expects each line
// once and in order.
func TestFollowAnyHistory(t *testing.T) {
	runs := 24
	if testing.Short() {
		runs = 6
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			playHistory(t, uint64(seed))
		})
	}
}

func playHistory(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	l, to := newLogger(t), newIntake(t)
	cfg := FilesConfig{Paths: []string{l.path}, From: "begin"}
	if seed%2 == 1 {
		cfg.Paths = []string{filepath.Dir(l.path)}
	}
	var story []string
	defer func() {
		if t.Failed() {
			t.Logf("history: %s\n%s", strings.Join(story, " "), l.survey(to))
		}
	}()
	run := start(t, hastyFollower(t, cfg), to)
	l.lines(1)
	to.await(t, &road{}, 1, 1) // from here on, the log is known
	copies := seed%3 == 0      // copytruncate throughout, or renames throughout
	for range 60 {
		op := rnd.IntN(11)
		story = append(story, fmt.Sprint(op))
		switch op {
		case 0, 1, 2, 3:
			l.lines(1 + rnd.IntN(20))
		case 4:
			l.broken(func() { time.Sleep(time.Duration(rnd.IntN(40)) * time.Millisecond) })
		case 5, 6:
			if copies {
				l.copyTruncate()
				break
			}
			l.rename()
			if rnd.IntN(2) == 0 {
				l.lines(rnd.IntN(4)) // the program has not been told yet
			}
			l.reopen()
		case 7:
			l.compress(2 + rnd.IntN(2))
		case 8:
			if run != nil {
				if rnd.IntN(2) == 0 {
					to.set(func() { to.held = true })
					l.lines(3)
					time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
					to.kill()
				}
				run.stop(t)
				to.set(func() { to.held, to.dead = false, false })
				to.until(t, "answers", func() bool { return to.acked == len(to.taken) }) // before another input asks for positions
				run = nil
			}
		case 9:
			if run == nil {
				run = start(t, hastyFollower(t, cfg), to)
			}
		case 10:
			time.Sleep(time.Duration(rnd.IntN(60)) * time.Millisecond)
		}
	}
	if run == nil {
		run = start(t, hastyFollower(t, cfg), to)
	}
	l.lines(1)
	to.await(t, &road{}, 1, l.next-1)
	run.stop(t)
	for _, n := range to.notices {
		t.Errorf("notice: %+v", n)
	}
}

// survey tells what lies where.
func (l *logger) survey(to *intake) string {
	var b strings.Builder
	for _, d := range to.durable {
		list := numbersOf(d.Block)
		fmt.Fprintf(&b, "durable %v-%v of %s at %d\n", list[0], list[len(list)-1], d.Block.Origin.Path, d.Block.Offset)
	}
	fmt.Fprintf(&b, "position %v\n", to.positions)
	names, _ := filepath.Glob(l.path + "*")
	for _, name := range names {
		data, _ := os.ReadFile(name)
		if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			data, _ = io.ReadAll(z)
		}
		info, _ := os.Stat(name)
		_, ino := identity(info)
		list := numbersOf(event.Block{Data: string(data)})
		if len(list) > 0 {
			list = []int{list[0], list[len(list)-1]}
		}
		fmt.Fprintf(&b, "%s: %d bytes, inode %d, %s, %v\n", filepath.Base(name), len(data), ino, info.ModTime().Format("05.000000"), list)
	}
	return b.String()
}
