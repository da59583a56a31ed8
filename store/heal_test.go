package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fill makes a store of some days, with some parts each, and closes it. Each frame has a hundred rows, each day three.
func fill(t testing.TB, dir string, days int) {
	t.Helper()
	seq := uint64(0)
	for range 3 {
		e, err := Open(dir, Options{flush: time.Second, MinFree: 1})
		if err != nil {
			t.Fatal(err)
		}
		for d := range days {
			seq++
			if _, err := e.Add(context.Background(), seq, frameOf(seq, someTime+int64(d)*int64(24*time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func frameOf(seq uint64, at int64) *Batch {
	b := &Batch{}
	for i := range 100 {
		write(b, plain{at + int64(i)*int64(time.Second), []string{Dataset, "d" + fmt.Sprint(i%2), Message, fmt.Sprintf("row %d of frame %d", i, seq)}})
	}
	return b
}

// partsIn returns the parts of the rows of a day.
func partsIn(t testing.TB, dir, day string) []string {
	t.Helper()
	names, err := readParts(filepath.Join(dir, partitionsDir, day, dataDir, partsFile))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

const firstDay, secondDay = "20231114", "20231115"

func TestHeal(t *testing.T) {
	remove := func(path string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(path))); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(path, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(path)), []byte(text), 0o640); err != nil {
				t.Fatal(err)
			}
		}
	}
	inPart := func(name string, change func(p []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, partitionsDir, firstDay, dataDir, partsIn(t, dir, firstDay)[0], name)
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(p), 0o640); err != nil {
				t.Fatal(err)
			}
		}
	}
	shorter := func(p []byte) []byte { return p[:len(p)/2] }
	day, data := "partitions/"+firstDay, "partitions/"+firstDay+"/datadb"
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
		rows   int // of the first day
		want   []string
	}{
		{"nothing", func(*testing.T, string) {}, 300, nil},
		{"a part is gone", func(t *testing.T, dir string) {
			remove(data+"/"+partsIn(t, dir, firstDay)[1])(t, dir)
		}, 200, []string{"dropped from parts.json: it is listed and not there"}},
		{"parts.json is garbled", put(data+"/parts.json", "\x00\x00\x00"), 300, []string{"made anew from the parts that are there: list of parts: invalid character"}},
		{"parts.json leads elsewhere", put(data+"/parts.json", `["../../../../etc"]`), 300, []string{"made anew"}},
		{"parts.json is gone", remove(data + "/parts.json"), 300, []string{"made anew"}},
		{"the index is gone", remove(day + "/indexdb"), 300, []string{"made anew; searches by _stream"}},
		{"the list of the index is garbled", put(day+"/indexdb/parts.json", "{"), 300, []string{"made anew"}},
		{"the rows are gone", remove(data), 0, nil},
		{"the day is empty", func(t *testing.T, dir string) { remove(data)(t, dir); remove(day+"/indexdb")(t, dir) }, 0, nil},
		{"a file of a part is cut short", inPart("values.bin0", shorter), 200, []string{"moved aside: its files have"}},
		{"metadata is garbled", inPart("metadata.json", shorter), 200, []string{"moved aside: metadata.json:"}},
		{"a stray file", put("partitions/notes.txt", "x"), 300, []string{"moved aside: it is no day"}},
		{"a removal that was cut short", func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, day), filepath.Join(dir, removing+firstDay)); err != nil {
				t.Fatal(err)
			}
		}, 0, nil},
		{"it died of a part twice", func(t *testing.T, dir string) {
			part := partsIn(t, dir, firstDay)[2]
			put(diedFile, strings.Repeat("2026-01-01T00:00:00Z\t"+firstDay+"/datadb/"+part+"/index.bin\tFATAL: cannot\n", 2))(t, dir)
		}, 200, []string{"moved aside: the engine ended over it 2 times: FATAL: cannot"}},
		{"it died of a part once", func(t *testing.T, dir string) {
			part := partsIn(t, dir, firstDay)[2]
			put(diedFile, "2026-01-01T00:00:00Z\t"+firstDay+"/datadb/"+part+"/index.bin\tFATAL: cannot\n")(t, dir)
		}, 300, nil},
		{"it died of a day twice", put(diedFile, strings.Repeat("x\t"+firstDay+"\tFATAL\n", 2)), 0, []string{"moved aside: the engine ended over it 2 times"}},
	}
	template := t.TempDir()
	fill(t, template, 2)
	if n := len(partsIn(t, template, firstDay)); n != 3 {
		t.Fatalf("the store under test has %d parts a day", n)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
				t.Fatal(err)
			}
			test.damage(t, dir)
			for again := range 2 { // a store that was put right needs it no more
				e, err := Open(dir, Options{flush: time.Second, MinFree: 1})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, r := range e.Repairs() {
					got = append(got, r.Action+": "+r.Reason)
					if r.Moved != "" {
						if _, err := os.Stat(filepath.Join(dir, r.Moved)); err != nil {
							t.Error(err)
						}
					}
				}
				want := test.want
				if again > 0 {
					want = nil
				}
				if !slices.EqualFunc(got, want, strings.HasPrefix) {
					t.Errorf("repairs %q, want %q", got, want)
				}
				if n := countOf(t, e, timeSpan(time.Date(2023, 11, 14, 0, 0, 0, 0, time.UTC), 1440)); n != test.rows {
					t.Errorf("%d rows of the first day, want %d", n, test.rows)
				}
				if n := countOf(t, e, timeSpan(time.Date(2023, 11, 15, 0, 0, 0, 0, time.UTC), 1440)); n != 300 {
					t.Errorf("%d rows of the second day", n)
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A program that is older than the store leaves it alone.
func TestNewerStore(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1)
	part := partsIn(t, dir, firstDay)[0]
	path := filepath.Join(dir, partitionsDir, firstDay, dataDir, part, metaFile)
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(p), `"FormatVersion":3`, `"FormatVersion":9`, 1)
	if err := os.WriteFile(path, []byte(newer), 0o640); err != nil {
		t.Fatal(err)
	}
	if e, err := Open(dir, Options{}); err == nil {
		t.Error("it opens")
		_ = e.Close()
	} else if !errors.Is(err, errNewer) {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != newer {
		t.Error("the part was touched")
	}
}

// Where the list of parts is lost, parts may be there that were merged into others and not yet removed.
func TestHealDoesNotDoubleRows(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1)
	old := filepath.Join(t.TempDir(), "before")
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	e := openTest(t, dir, Options{})
	e.v.merge(firstDay)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(partsIn(t, dir, firstDay)); n != 1 {
		t.Fatalf("%d parts after the merge", n)
	}
	data := filepath.Join(partitionsDir, firstDay, dataDir)
	for _, p := range partsIn(t, old, firstDay)[:2] {
		if err := os.CopyFS(filepath.Join(dir, data, p), os.DirFS(filepath.Join(old, data, p))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, data, partsFile), []byte("garbled"), 0o640); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, dir, Options{})
	if got := queryRows(t, e, "* | stats count() n, count_uniq(_id) u")[0]; got != "n=300 u=300" {
		t.Errorf("%s; %+v", got, e.Repairs())
	}
	if len(e.Repairs()) != 3 {
		t.Errorf("%+v", e.Repairs())
	}
}

func TestLastWords(t *testing.T) {
	dir := t.TempDir()
	var l lastWords
	l.open(dir)
	part := filepath.Join(dir, "partitions", "20231114", "datadb", "18982A3B4C5D6E7F")
	now := time.Unix(1_700_000_000, 0)
	l.keep(`FATAL: cannot unmarshal "`+filepath.Join(part, "index.bin")+`": x`+"\n\ty", now)
	l.keep(`FATAL: cannot write to "`+part+`": no space left on device`, now)
	l.keep("FATAL: cannot merge ["+part+"]: bad", now)
	l.keep("FATAL: something else", now)
	l.close(dir)
	l.keep("FATAL: cannot merge ["+part+"]: bad", now)
	got, err := os.ReadFile(filepath.Join(dir, diedFile))
	if err != nil {
		t.Fatal(err)
	}
	rel := "20231114/datadb/18982A3B4C5D6E7F"
	want := "2023-11-14T22:13:20Z\t" + rel + "/index.bin\tFATAL: cannot unmarshal \"" + filepath.Join(part, "index.bin") + "\": x  y\n" +
		"2023-11-14T22:13:20Z\t" + rel + "\tFATAL: cannot merge [" + part + "]: bad\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for path, want := range map[string]string{
		rel + "/index.bin": rel, rel: rel, "20231114/x": "20231114", "20231114": "20231114", "": "", "2023/x": "", "../20231114": "",
	} {
		if got := partOf(path); got != want {
			t.Errorf("part of %q: %q, want %q", path, got, want)
		}
	}
}

func TestTwoProcessesDoNotShareAStore(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir, Options{})
	if e, err := Open(dir, Options{}); err == nil {
		t.Error("a store is open twice")
		_ = e.Close()
	} else if !strings.Contains(err.Error(), "lock") {
		t.Error(err)
	}
}
