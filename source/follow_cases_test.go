package source

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func aged(t *testing.T, path string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// linesOf returns lines with the marks from to to.
func linesOf(from, to int) string { return strings.Join(records(from, to, 10), "\n") + "\n" }

// TestFollowFrom begins where the configuration says.
func TestFollowFrom(t *testing.T) {
	for _, test := range []struct {
		from  string
		want  []int // of the file, of its generation of an hour ago, of that of a month ago
		since bool
	}{
		{"begin", []int{1, 2, 3, 4, 5, 6, 7}, false},
		{"24h", []int{3, 4, 5, 6, 7}, true},
		{"60d", []int{1, 2, 3, 4, 5, 6, 7}, true},
		{"end", []int{7}, false},
	} {
		t.Run(test.from, func(t *testing.T) {
			dir, to := t.TempDir(), newIntake(t)
			path := filepath.Join(dir, "app.log")
			writeFile(t, path+".2", linesOf(1, 2))
			aged(t, path+".2", 30*24*time.Hour)
			writeFile(t, path+".1", linesOf(3, 4))
			aged(t, path+".1", time.Hour)
			writeFile(t, path, linesOf(5, 6))
			begun := time.Now()
			run := start(t, hastyFollower(t, FilesConfig{Paths: []string{dir}, From: test.from}), to)
			if len(test.want) > 1 {
				to.until(t, "what is there", func() bool { return len(all(to)) >= len(test.want)-1 })
			} else {
				pause()
			}
			if err := appendTo(path, records(7, 7, 10)...); err != nil {
				t.Fatal(err)
			}
			to.until(t, "what comes", func() bool { return len(all(to)) >= len(test.want) })
			run.stop(t)
			if got := all(to); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
			for _, d := range to.durable {
				if (d.Since != 0) != test.since || test.since && d.Since > begun.Add(time.Minute).UnixNano() {
					t.Errorf("since %d", d.Since)
				}
				if d.Block.First != 1 && test.from == "end" && d.Block.First != 3 {
					t.Errorf("line %d", d.Block.First)
				}
			}
		})
	}
}

// all returns the marks that are durable. The caller holds the intake's lock, or its input has stopped.
func all(to *intake) []int {
	var list []int
	for _, d := range to.durable {
		list = append(list, numbersOf(d.Block)...)
	}
	return list
}

// TestFollowOldFileGrows: what was too old to be read is followed from its end, with its line numbers.
func TestFollowOldFileGrows(t *testing.T) {
	dir, to := t.TempDir(), newIntake(t)
	path := filepath.Join(dir, "app.log")
	writeFile(t, path, linesOf(1, 500))
	aged(t, path, 48*time.Hour)
	run := start(t, hastyFollower(t, FilesConfig{Paths: []string{dir}}), to)
	pause()
	if err := appendTo(path, records(501, 503, 10)...); err != nil {
		t.Fatal(err)
	}
	to.await(t, &road{}, 501, 503)
	run.stop(t)
	if b := to.durable[0].Block; b.First != 501 || b.Offset != int64(len(linesOf(1, 500))) {
		t.Errorf("line %d, byte %d", b.First, b.Offset)
	}
}

// TestFollowLosses: what is gone is told, and what follows is read.
func TestFollowLosses(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 0) },
		"replaced": func(path string) error {
			if err := os.WriteFile(path+"x", nil, 0o644); err != nil {
				return err
			}
			return os.Rename(path+"x", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, to := filepath.Join(t.TempDir(), "app.log"), newIntake(t)
			writeFile(t, path, linesOf(1, 10))
			cfg := FilesConfig{Paths: []string{path}}
			run := start(t, hastyFollower(t, cfg), to)
			to.await(t, &road{}, 1, 10)
			run.stop(t)
			if err := lose(path); err != nil {
				t.Fatal(err)
			}
			run = start(t, hastyFollower(t, cfg), to)
			to.notice(t, NoticeGap)
			if err := appendTo(path, records(11, 12, 10)...); err != nil {
				t.Fatal(err)
			}
			to.await(t, &road{}, 1, 12)
			run.stop(t)
		})
	}
}

// TestFollowForeign: what is no log is told once and left; what is no file too.
func TestFollowForeign(t *testing.T) {
	dir, to := t.TempDir(), newIntake(t)
	writeFile(t, filepath.Join(dir, "wtmp"), strings.Repeat("\x02\x00\x00\x00\x35\x00\x00\x00~\x00\x00\x00", 100))
	writeFile(t, filepath.Join(dir, "app.debug.log"), linesOf(100, 101))
	writeFile(t, filepath.Join(dir, "app.log"), linesOf(1, 2))
	cfg := FilesConfig{Paths: []string{dir}, Exclude: []string{"*.debug.log"}, Poll: 20 * time.Millisecond}
	run := start(t, hastyFollower(t, cfg), to)
	to.await(t, &road{}, 1, 2)
	if err := appendTo(filepath.Join(dir, "app.log"), records(3, 3, 10)...); err != nil {
		t.Fatal(err)
	}
	to.await(t, &road{}, 1, 3)
	pause()
	run.stop(t)
	if len(to.notices) != 1 || !strings.Contains(to.notices[0].Reason, "wtmp") || to.notices[0].Action != NoticeUnreadable {
		t.Errorf("notices %+v", to.notices)
	}
}

// TestFollowByTheClock: without a word from the system, files are looked at by the clock.
func TestFollowByTheClock(t *testing.T) {
	path, to := filepath.Join(t.TempDir(), "sub", "app.log"), newIntake(t)
	f := hastyFollower(t, FilesConfig{Paths: []string{filepath.Dir(filepath.Dir(path))}, From: "begin", Poll: 20 * time.Millisecond})
	f.deaf = true
	run := start(t, f, to)
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		if err := appendTo(path, records(n, n, 10)...); err != nil {
			t.Fatal(err)
		}
		to.await(t, &road{}, 1, n)
	}
	run.stop(t)
}

// TestFollowRenamed: a file that gets a name which says nothing goes on under it.
func TestFollowRenamed(t *testing.T) {
	dir, to := t.TempDir(), newIntake(t)
	path := filepath.Join(dir, "app.log")
	writeFile(t, path, linesOf(1, 5))
	cfg := FilesConfig{Paths: []string{dir}, From: "begin"}
	run := start(t, hastyFollower(t, cfg), to)
	to.await(t, &road{}, 1, 5)
	if err := os.Rename(path, filepath.Join(dir, "other.log")); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(filepath.Join(dir, "other.log"), records(6, 7, 10)...); err != nil {
		t.Fatal(err)
	}
	to.await(t, &road{}, 1, 7)
	run.stop(t)
	writeFile(t, path, linesOf(8, 9))
	run = start(t, hastyFollower(t, cfg), to)
	to.await(t, &road{}, 1, 9)
	run.stop(t)
}

// TestFollowBehind: all but the last block of what waits is told to be behind.
func TestFollowBehind(t *testing.T) {
	path, to := filepath.Join(t.TempDir(), "app.log"), newIntake(t)
	writeFile(t, path, linesOf(1, 60_000))
	run := start(t, hastyFollower(t, FilesConfig{Paths: []string{path}, From: "begin"}), to)
	to.await(t, &road{}, 1, 60_000)
	run.stop(t)
	for i, d := range to.durable {
		if last := i >= len(to.durable)-2; d.Behind == last && i != len(to.durable)-2 {
			t.Errorf("block %d of %d: behind %t", i+1, len(to.durable), d.Behind)
		}
	}
}

// TestFollowWhole reads what is compressed once, and what is added to it later.
func TestFollowWhole(t *testing.T) {
	dir, to := t.TempDir(), newIntake(t)
	path := filepath.Join(dir, "dump.log.gz")
	add := func(from, to int) {
		var packed strings.Builder
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte(linesOf(from, to)))
		if err := errors.Join(z.Close(), appendText(path, packed.String())); err != nil {
			t.Fatal(err)
		}
	}
	cfg := FilesConfig{Paths: []string{dir}, From: "begin"}
	add(1, 10)
	run := start(t, hastyFollower(t, cfg), to)
	to.await(t, &road{}, 1, 10)
	run.stop(t)
	run = start(t, hastyFollower(t, cfg), to)
	pause()
	add(11, 20)
	to.await(t, &road{}, 1, 20)
	run.stop(t)
	if b := to.durable[len(to.durable)-1].Block; b.First != 11 || b.Offset != int64(len(linesOf(1, 10))) {
		t.Errorf("line %d, byte %d", b.First, b.Offset)
	}
	if to.durable[len(to.durable)-1].Behind { // or all correlations would wait for more of it
		t.Error("the last block says that more waits")
	}
}

// TestFollowEventLog reads a Windows event log as it grows: each record once.
func TestFollowEventLog(t *testing.T) {
	data := eventLogOf(t)
	want := eventRecords([]event.Block{{Origin: &event.Origin{}, Data: string(data[chunksStart:])}})
	path, to := filepath.Join(t.TempDir(), "live.evtx"), newIntake(t)
	cfg := FilesConfig{Paths: []string{path}, From: "begin"}
	run := start(t, hastyFollower(t, cfg), to)
	writeFile(t, path, string(data[:chunksStart]))
	for n := 1; chunksStart+n*chunkBytes <= len(data); n++ {
		part := data[:chunksStart+n*chunkBytes]
		if err := appendText(path, string(part[len(part)-chunkBytes:])); err != nil { // written anew, it would be empty for a moment
			t.Fatal(err)
		}
		count := len(eventRecords([]event.Block{{Origin: &event.Origin{}, Data: string(part[chunksStart:])}}))
		to.until(t, "its records", func() bool { return len(eventRecords(blocksOf(to))) >= count })
		run.stop(t)
		run = start(t, hastyFollower(t, cfg), to)
	}
	pause()
	run.stop(t)
	if got := eventRecords(blocksOf(to)); !slices.Equal(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	last, _ := highestOf(data[chunksStart:])
	some := event.Block{Origin: &event.Origin{}, Data: string(data[chunksStart : chunksStart+chunkBytes]), Header: fmt.Sprintf("after %d", last-2)}
	if got := eventRecords([]event.Block{some}); len(got) != 2 {
		t.Errorf("%d records after all but two of a chunk", len(got))
	}
}

func blocksOf(to *intake) []event.Block {
	var list []event.Block
	for _, d := range to.durable {
		list = append(list, d.Block)
	}
	return list
}

func eventRecords(blocks []event.Block) []int64 {
	p := evtx.NewParser(&event.Shapes{})
	var batch event.Batch
	for _, b := range blocks {
		p.Parse(b, &batch)
	}
	var list []int64
	for i := range batch.Events {
		list = append(list, batch.Events[i].Record)
	}
	return list
}

// eventLogOf returns the used chunks of an event log of the reference data that has several.
func eventLogOf(t *testing.T) []byte {
	t.Helper()
	var best []byte
	_ = filepath.WalkDir(refdata.Path(t, "evtx-to-mitre"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".evtx") || len(best) > 8*chunkBytes {
			return err
		}
		data, err := os.ReadFile(path)
		used := chunksStart
		for used+chunkBytes <= len(data) {
			if _, ok := highestOf(data[used:]); !ok {
				break
			}
			used += chunkBytes
		}
		if used > len(best) && len(data) >= used {
			best = data[:used]
		}
		return err
	})
	if len(best) < chunksStart+2*chunkBytes {
		t.Fatal("the reference data has no event log of several chunks")
	}
	return best
}

func TestParseRotated(t *testing.T) {
	for name, want := range map[string]string{
		"app.log":                             "app.log 0",
		"app.log.1":                           "app.log 1",
		"app.log.12.gz":                       "app.log 1",
		"app.1.log":                           "app.log 1",
		"app.log-20261122":                    "app.log 2",
		"app.log-20261122-1795338411.zst":     "app.log 2",
		"app.log.2026-11-22":                  "app.log 2",
		"app-2026-11-22T08-00-00.000.log.gz":  "app.log 2",
		"0.log.20261122-080000":               "0.log 2",
		"app.log.old":                         "app.log 3",
		"app.log~":                            "app.log 3",
		"app.log.gz":                          "app.log 3",
		"Security.evtx":                       "Security.evtx 0",
		"10.0.0.1.log":                        "10.0.0.log 1",
		".1":                                  ".1 0",
		"localhost_access_log.2026-11-22.txt": "localhost_access_log.txt 2",
		"conn.08:00:00-09:00:00.log":          "conn.08:00:00-09:00:00.log 0",
		"postgresql-2026-11-22_000000.log":    "postgresql.log 2",
		"catalina.2026-11-22.log.xz":          "catalina.log 2",
	} {
		r := parseRotated(name)
		if got := fmt.Sprintf("%s %d", r.base, r.scheme); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzPosition(f *testing.F) {
	text, err := encodePosition([]cursor{{Ino: 5, Raw: 10, Head: printOf([]byte("x"))}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(`{"v":1,"files":[{"raw":-1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := decodePosition(text)
		if err != nil || len(list) == 0 {
			return
		}
		again, err := encodePosition(list)
		if err != nil {
			return
		}
		if len(again) > MaxPosition {
			t.Fatalf("%d bytes", len(again))
		}
	})
}
