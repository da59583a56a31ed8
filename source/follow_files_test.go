//go:build unix

package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestFollowLogrotate has the real logrotate put a log aside, in its two ways, with a program that goes on writing.
func TestFollowLogrotate(t *testing.T) {
	program := parts.Find(t, "logrotate")
	for _, way := range []string{"create", "copytruncate", "create\n  compress", "create\n  dateext\n  dateformat -%Y%m%d-%s"} {
		t.Run(strings.ReplaceAll(way, "\n ", ""), func(t *testing.T) {
			l, to := newLogger(t), newIntake(t)
			conf := filepath.Join(t.TempDir(), "logrotate.conf")
			text := fmt.Sprintf("%s {\n  rotate 20\n  %s\n}\n", l.path, way)
			l.must(os.WriteFile(conf, []byte(text), 0o600))
			run := start(t, hastyFollower(t, FilesConfig{Paths: []string{filepath.Dir(l.path)}, From: "begin"}), to)
			for round := range 4 {
				l.lines(50)
				to.await(t, &road{}, 1, l.next-1)
				if round == 2 {
					run.stop(t) // it happens while nobody looks
				}
				l.lines(50)
				out, err := exec.CommandContext(t.Context(), program, "-f", "-s", conf+".state", conf).CombinedOutput()
				if err != nil {
					t.Fatalf("logrotate: %v: %s", err, out)
				}
				if strings.Contains(way, "compress") && round == 2 {
					l.reopen() // what is written to the old file now is in no file at all
				}
				if way != "copytruncate" {
					l.lines(2)
					l.reopen()
				}
				l.lines(1)
				if round == 2 {
					run = start(t, hastyFollower(t, FilesConfig{Paths: []string{filepath.Dir(l.path)}, From: "begin"}), to)
				}
				if strings.Contains(way, "dateext") {
					time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1050 * time.Millisecond))) // its names tell seconds
				}
			}
			to.await(t, &road{}, 1, l.next-1)
			run.stop(t)
			if len(to.notices) > 0 {
				t.Errorf("notices %+v", to.notices)
			}
		})
	}
}

// TestFollowManyFiles follows a thousand files in one folder, which cost one watch and a bounded number of descriptors.
func TestFollowManyFiles(t *testing.T) {
	const files = 1000
	dir, to := t.TempDir(), newIntake(t)
	run := start(t, hastyFollower(t, FilesConfig{Paths: []string{dir + "/**/*.log"}, From: "begin"}), to)
	per := map[string][]int{}
	for round := range 3 {
		for n := range files {
			if err := appendTo(filepath.Join(dir, fmt.Sprintf("app-%c%d.log", 'a'+n%26, n)), "app: "+mark(round)+"x"); err != nil {
				t.Fatal(err)
			}
		}
		to.until(t, "all files", func() bool {
			total := 0
			for _, d := range to.durable {
				total += len(numbersOf(d.Block))
			}
			return total >= (round+1)*files
		})
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil && len(fds) > maxOpen+200 {
		t.Errorf("%d descriptors", len(fds))
	}
	run.stop(t)
	for _, d := range to.durable {
		per[d.Block.Origin.Path] = append(per[d.Block.Origin.Path], numbersOf(d.Block)...)
	}
	for path, list := range per {
		if fmt.Sprint(list) != "[0 1 2]" {
			t.Errorf("%s: %v", path, list)
		}
	}
	if len(per) != files || len(to.notices) > 0 {
		t.Errorf("%d files, notices %+v", len(per), to.notices)
	}
}

// TestFollowPlaces compares what is followed in pieces, with restarts between, with what hunt reads of the whole file:
// the same records with the same line numbers, offsets and headers.
func TestFollowPlaces(t *testing.T) {
	zeek := "#separator \\x09\n#set_separator\t,\n#path\tconn\n#fields\tts\tuid\tid.orig_h\n#types\ttime\tstring\taddr\n" +
		strings.Repeat("1709456364.120000\tC1\t203.0.113.7\n", 5) +
		"#close\t2024-03-03\n#path\tconn\n#fields\tts\tuid\tid.resp_h\n#types\ttime\tstring\taddr\n" + strings.Repeat("1709456365.120000\tC2\t203.0.113.8\n", 5)
	wide := "time,user,address,outcome," + strings.Repeat("column,", 400) + "last\n" + strings.Repeat("2024-03-03T10:00:00Z,root,203.0.113.7,failure,"+strings.Repeat("x,", 400)+"y\n", 6)
	for name, text := range map[string]string{
		"lines": strings.Repeat(authLine, 12),
		"csv":   "time,user,address,outcome\n" + strings.Repeat("2024-03-03T10:00:00Z,root,203.0.113.7,failure\n2024-03-03T10:00:01Z,\"a\nb\",203.0.113.7,success\n", 6),
		"wide":  wide,
		"zeek":  zeek,
		"json":  strings.Repeat("{\"time\":\"2024-03-03T10:00:00Z\",\"event_type\":\"alert\",\"src_ip\":\"203.0.113.7\"}\n", 12),
		"mark":  "\xef\xbb\xbf" + strings.Repeat(authLine, 12),
		"utf16": wideText(strings.Repeat("Mar  3 10:00:00 gate app[7]: größer 𝄞 weit\n", 12)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole := filepath.Join(dir, "whole.log")
			if err := os.WriteFile(whole, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			want := flatten(huntBlocks(t, whole))
			path, to := filepath.Join(dir, "app.log"), newIntake(t)
			run := start(t, hastyFollower(t, FilesConfig{Paths: []string{path}, From: "begin"}), to)
			for at, step := 0, max(len(text)/7, 1); at < len(text); at += step {
				if err := appendText(path, text[at:min(at+step, len(text))]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Millisecond)
				if at/step == 3 {
					run.stop(t)
					run = start(t, hastyFollower(t, FilesConfig{Paths: []string{path}, From: "begin"}), to)
				}
			}
			to.until(t, "the whole file", func() bool {
				n := 0
				for _, d := range to.durable {
					n += len(d.Block.Data)
				}
				return n >= len(joined(want))
			})
			run.stop(t)
			var got []event.Block
			for _, d := range to.durable {
				got = append(got, d.Block)
			}
			if g := flatten(got); strings.Join(g, "\n") != strings.Join(want, "\n") {
				t.Errorf("followed\n%.3000s\nread at once\n%.3000s", strings.Join(g, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func wideText(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return string(b)
}

func huntBlocks(t *testing.T, path string) []event.Block {
	t.Helper()
	files, err := NewFiles([]string{path}, Options{Recognise: testEnv(t).Recognise})
	if err != nil {
		t.Fatal(err)
	}
	var list []event.Block
	err = files.Blocks(t.Context(), func(b event.Block, u *event.Unread) bool {
		if u != nil {
			t.Errorf("unread %+v", u)
			return true
		}
		list = append(list, b)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// flatten writes blocks down line by line, each with its place and its header, so that it does not matter where they
// were cut.
func flatten(blocks []event.Block) []string {
	var list []string
	for _, b := range blocks {
		number, offset := b.First, b.Offset
		for line := range strings.Lines(b.Data) {
			list = append(list, fmt.Sprintf("%d %d %s %08x %s", number, offset, b.Origin.Format, printOf([]byte(b.Header)).Hash, strings.TrimSpace(line)))
			number++
			offset += int64(len(line))
		}
	}
	return list
}

func joined(flat []string) string {
	var b strings.Builder
	for _, line := range flat {
		fields := strings.SplitN(line, " ", 5)
		b.WriteString(fields[4])
	}
	return b.String()
}

// BenchmarkFollow is a line on its way from the file to the intake, with all that follows a file costs.
func BenchmarkFollow(b *testing.B) {
	path := filepath.Join(b.TempDir(), "auth.log")
	const lines = 100_000
	if err := os.WriteFile(path, []byte(strings.Repeat(authLine, lines)), 0o644); err != nil {
		b.Fatal(err)
	}
	env := Env{Recognise: func(string) (string, Splitter) { return "lines", lineCuts{} }}
	b.SetBytes(int64(lines * len(authLine)))
	b.ReportAllocs()
	b.ResetTimer()
	begun := cpuNanos(b)
	for b.Loop() {
		f, err := NewFollower(FilesConfig{Paths: []string{path}, From: "begin"}, env)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		if err := f.Run(ctx, &countingIntake{left: lines, enough: cancel}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuNanos(b)-begun)/float64(b.N*lines), "cpu-ns/line")
}

// lineCuts cuts after the last newline.
type lineCuts struct{}

func (lineCuts) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	return event.Cut{Size: bytes.LastIndexByte(data, '\n') + 1}
}

// countingIntake counts lines, and calls enough when they are all there.
type countingIntake struct {
	left   int
	enough func()
}

func (c *countingIntake) Send(_ context.Context, d Delivery) error {
	if c.left -= strings.Count(d.Block.Data, "\n"); c.left <= 0 {
		c.enough()
	}
	d.Done(nil)
	return nil
}
func (c *countingIntake) Position(string) string { return "" }
func (c *countingIntake) Notice(Notice)          {}

// cpuNanos is the processor time that this process has used, which others on the machine do not distort.
func cpuNanos(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
