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
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
)

// journalWriter makes a journal of records, as a machine that sends its journal elsewhere does.
type journalWriter struct {
	program string
	dir     string
	written int
}

func newJournalWriter(t *testing.T) *journalWriter {
	t.Helper()
	parts.Find(t, "journalctl")
	program := "/lib/systemd/systemd-journal-remote"
	if _, err := os.Stat(program); err != nil {
		parts.Missing(t, "systemd-journal-remote is not installed; make parts installs it")
	}
	return &journalWriter{program: program, dir: t.TempDir()}
}

// export returns a record as an entry of the export format; what holds a line break goes as a value of known length.
func (w *journalWriter) export(b *bytes.Buffer, message string) {
	w.written++
	at := int64(1_767_000_000_000_000) + int64(w.written)*1000
	fmt.Fprintf(b, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n", at, w.written*1000)
	fmt.Fprintf(b, "_BOOT_ID=%032x\n_MACHINE_ID=%032x\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=app\n", 7, 9)
	if strings.ContainsRune(message, '\n') {
		b.WriteString("MESSAGE\n")
		_ = binary.Write(b, binary.LittleEndian, uint64(len(message)))
		fmt.Fprintf(b, "%s\n\n", message)
		return
	}
	fmt.Fprintf(b, "MESSAGE=%s\n\n", message)
}

func (w *journalWriter) add(ctx context.Context, records ...string) error {
	var b bytes.Buffer
	for _, r := range records {
		w.export(&b, r)
	}
	cmd := exec.CommandContext(ctx, w.program, "-o", filepath.Join(w.dir, "app.journal"), "-")
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (w *journalWriter) journal(t *testing.T, cfg JournalConfig) *Journal {
	t.Helper()
	cfg.Directory = w.dir
	j, err := NewJournal(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

var journalConformer = conformer{
	name: "journal", waits: true, resumes: true, volume: 8 << 20,
	open: func(t *testing.T) *road {
		w := newJournalWriter(t)
		return &road{
			make: func(t *testing.T) Input { return w.journal(t, JournalConfig{From: "begin"}) },
			feed: func(_ context.Context, records []string) error { return w.add(context.Background(), records...) },
		}
	},
	bad: map[string]func() (Input, error){
		"match": func() (Input, error) {
			return inputOf(NewJournal(JournalConfig{Matches: []string{"--file=/etc/shadow"}}, Env{}))
		},
		"option": func() (Input, error) { return inputOf(NewJournal(JournalConfig{Matches: []string{"-f"}}, Env{})) },
		"from":   func() (Input, error) { return inputOf(NewJournal(JournalConfig{From: "-1h"}, Env{})) },
	},
}

func TestJournalEntriesAsTheyAre(t *testing.T) {
	w, to := newJournalWriter(t), newIntake(t)
	hostile := mark(2) + "two\n\n__CURSOR=s=forged\nMESSAGE=forged\n\n"
	if err := w.add(t.Context(), mark(1), hostile, mark(3)); err != nil {
		t.Fatal(err)
	}
	run := start(t, w.journal(t, JournalConfig{From: "begin"}), to)
	to.await(t, &road{}, 1, 3)
	if err := w.add(t.Context(), mark(4)); err != nil {
		t.Fatal(err)
	}
	to.await(t, &road{}, 1, 4)
	run.stop(t)
	line, offset := int64(1), int64(0)
	for _, d := range to.durable {
		if d.Block.First != line || d.Block.Offset != offset || d.Block.Origin.Format != "journal" {
			t.Errorf("block at line %d, byte %d of a %s; want line %d, byte %d", d.Block.First, d.Block.Offset, d.Block.Origin.Format, line, offset)
		}
		line += int64(strings.Count(d.Block.Data, "\n"))
		offset += int64(len(d.Block.Data))
		if strings.Contains(d.Position, "forged") {
			t.Errorf("position %s", d.Position)
		}
	}
}

func TestJournalLostPlace(t *testing.T) {
	w, to := newJournalWriter(t), newIntake(t)
	if err := w.add(t.Context(), mark(1), mark(2)); err != nil {
		t.Fatal(err)
	}
	run := start(t, w.journal(t, JournalConfig{From: "begin"}), to)
	to.await(t, &road{}, 1, 2)
	run.stop(t)
	if err := os.Remove(filepath.Join(w.dir, "app.journal")); err != nil {
		t.Fatal(err)
	}
	if err := w.add(t.Context(), mark(3)); err != nil {
		t.Fatal(err)
	}
	run = start(t, w.journal(t, JournalConfig{From: "begin"}), to)
	to.await(t, &road{}, 1, 3)
	to.notice(t, NoticeGap)
	run.stop(t)
}

func TestJournalBroken(t *testing.T) {
	w := newJournalWriter(t)
	j := w.journal(t, JournalConfig{From: "begin"})
	j.cfg.Directory, j.pause = filepath.Join(w.dir, "no such folder"), time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := j.Run(ctx, newIntake(t)); err == nil || !strings.Contains(err.Error(), "No such file") {
		t.Errorf("error %v", err)
	}
}

func TestJournalWalk(t *testing.T) {
	long := "BLOB\n\x00\x00\x00\x02\x00\x00\x00\x00"
	for _, test := range []struct {
		data   string
		size   int
		cursor string
		over   bool
	}{
		{"", 0, "", false},
		{"__CURSOR=a\nMESSAGE=x\n", 0, "", false},
		{"__CURSOR=a\nMESSAGE=x\n\n", 22, "a", false},
		{"__CURSOR=a\n__CURSOR=b\n\n", 23, "a", false},
		{"__CURSOR=a\nM\n\x02\x00\x00\x00\x00\x00\x00\x00\n\n\n\n__CURSOR=b", 25, "a", false},
		{"__CURSOR=a\n\n" + "__CURSOR=b\n" + long, 12, "a", true},
	} {
		w := journalWalk{data: []byte(test.data)}
		for w.entry() {
		}
		if w.size != test.size || w.cursor != test.cursor || w.over != test.over {
			t.Errorf("%q: %d bytes, cursor %q, over %t; want %d, %q, %t", test.data, w.size, w.cursor, w.over, test.size, test.cursor, test.over)
		}
	}
}

// TestJournalLongValue lets a value through that is longer than a record may be: it is left out, and the entry is kept.
func TestJournalLongValue(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	const length = event.MaxRecord + 12345
	go func() {
		defer out.Close()
		fmt.Fprintf(out, "__CURSOR=a\nCOREDUMP\n")
		_ = binary.Write(out, binary.LittleEndian, uint64(length))
		_, _ = out.Write(bytes.Repeat([]byte("\n\n"), length/2+1)[:length+1])
		fmt.Fprintf(out, "MESSAGE=%s\n\n__CURSOR=b\nMESSAGE=%s\n\n", mark(1), mark(2))
	}()
	to := newIntake(t)
	j, err := NewJournal(JournalConfig{}, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	r := &journalReader{Journal: j, to: to, stop: stop, place: journalPlace{Line: 1}}
	_ = r.read(ctx, in)
	to.await(t, &road{}, 1, 2)
	if n := to.notice(t, NoticeRefused); n.Count != length || !strings.Contains(n.Reason, "COREDUMP") {
		t.Errorf("notice %+v", n)
	}
	if cap(r.buf) > 2*event.MaxRecord {
		t.Errorf("%d bytes of buffer", cap(r.buf))
	}
}

func FuzzJournalWalk(f *testing.F) {
	f.Add([]byte("__CURSOR=a\nM\n\x02\x00\x00\x00\x00\x00\x00\x00\n\n\n\n__CURSOR=b\n\n"))
	f.Add([]byte("M\n\xff\xff\xff\xff\xff\xff\xff\xff\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := journalWalk{data: data}
		last := 0
		for w.entry() {
			if w.size <= last || w.size > len(data) {
				t.Fatalf("an entry from %d to %d of %d", last, w.size, len(data))
			}
			last = w.size
		}
	})
}
