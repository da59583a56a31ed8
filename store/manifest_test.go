//go:build linux

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sealedStore is a store of three days, of which two are sealed.
func sealedStore(t *testing.T) (dir string, open func() *Embedded) {
	dir = t.TempDir()
	fill(t, dir, 3)
	open = func() *Embedded {
		t.Helper()
		e := openTest(t, dir, Options{now: func() time.Time { return time.Unix(0, someTime).Add(4 * oneDay) }})
		e.quiet = 0
		return e
	}
	e := open()
	if err := e.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, open
}

func verify(t *testing.T, e *Embedded) Verification {
	t.Helper()
	v, err := e.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func kinds(t *testing.T, dir string) (out []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Day+" "+e.Kind+" "+fmt.Sprint(e.Rows))
	}
	return out
}

func TestSeal(t *testing.T) {
	ctx := context.Background()
	dir, open := sealedStore(t)
	want := []string{firstDay + " sealed 300", secondDay + " sealed 300"}
	if got := kinds(t, dir); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	if n := len(partsIn(t, dir, firstDay)); n != 1 {
		t.Errorf("the sealed day has %d parts", n)
	}
	e := open()
	if err := e.Maintain(ctx); err != nil || len(kinds(t, dir)) != 2 {
		t.Errorf("sealed twice: %v %v", kinds(t, dir), err)
	}
	v := verify(t, e)
	if v.Days != 2 || v.Rows != 600 || !slices.Equal(v.Open, []string{"20231116"}) || len(v.Findings) > 0 || v.Entries != 2 {
		t.Errorf("%+v", v)
	}
	if n, head := e.Manifest(); n != 2 || head != v.Head || len(head) != 64 {
		t.Error(n, head)
	}

	// The engine writes the same rows into other files.
	e.v.merge(firstDay)
	if v := verify(t, e); len(v.Findings) > 0 {
		t.Errorf("after a merge: %+v", v.Findings)
	}
	if err := e.Maintain(ctx); err != nil {
		t.Error(err)
	}
	want = append(want, firstDay+" rewritten 300")
	if got := kinds(t, dir); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}

	// Rows come late.
	add(t, e, 100, frameOf(100, someTime+int64(time.Hour)))
	if err := e.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, e); len(v.Findings) > 0 {
		t.Errorf("after late rows: %+v", v.Findings)
	}
	if err := e.Maintain(ctx); err != nil {
		t.Error(err)
	}
	want = append(want, firstDay+" grown 400")
	if got := kinds(t, dir); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	if v := verify(t, e); len(v.Findings) > 0 || v.Rows != 700 {
		t.Errorf("%+v", v)
	}
	// A copy elsewhere, in one part for each frame, has the same sum: it is of the rows alone.
	other := openTest(t, t.TempDir(), Options{})
	for _, seq := range []uint64{100, 7, 1, 4} {
		at := int64(someTime)
		if seq == 100 {
			at += int64(time.Hour)
		}
		add(t, other, seq, frameOf(seq, at))
		other.v.reveal()
	}
	got, err := digest(ctx, other, firstDay, idNumber(MaxSeq, 0))
	entry, _ := e.manifest.of(firstDay)
	if err != nil || got.sum != entry.Sum || got.rows != 400 {
		t.Errorf("%+v %v, want %s", got, err, entry.Sum)
	}
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	ctx := context.Background()
	inPart := func(t *testing.T, dir, name string) string {
		return filepath.Join(dir, partitionsDir, firstDay, dataDir, partsIn(t, dir, firstDay)[0], name)
	}
	lines := func(t *testing.T, dir string, change func(lines []string) []string) {
		t.Helper()
		path := filepath.Join(dir, manifestFile)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := change(strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n"))
		if err := os.WriteFile(path, []byte(strings.Join(got, "")+"\n"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(t *testing.T, dir string, e *Embedded)
		want   []string
	}{
		{"a byte of a row", func(t *testing.T, dir string, _ *Embedded) {
			path := inPart(t, dir, "values.bin0")
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p[len(p)/2] ^= 1
			if err := os.WriteFile(path, p, 0o640); err != nil {
				t.Fatal(err)
			}
		}, []string{firstDay + " the file was changed"}},
		{"a file", func(t *testing.T, dir string, _ *Embedded) {
			if err := os.Remove(inPart(t, dir, "metaindex.bin")); err != nil {
				t.Fatal(err)
			}
		}, []string{firstDay + " the file is gone"}},
		{"rows, with all files whole", func(t *testing.T, dir string, e *Embedded) {
			other := t.TempDir()
			o := openTest(t, other, Options{})
			for seq := uint64(1); seq <= 7; seq += 3 {
				b := frameOf(seq, someTime)
				if seq == 4 { // one row of 300 is another one
					b = &Batch{}
					for i, row := range frameOf(seq, someTime).Rows() {
						b.Row(row.Time)
						for n, v := range row.Fields() {
							if i == 50 && n == Message {
								v = "nothing happened"
							}
							b.Field(n, v)
						}
					}
				}
				add(t, o, seq, b)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			day := filepath.Join(dir, partitionsDir, firstDay)
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.RemoveAll(day), os.Rename(filepath.Join(other, partitionsDir, firstDay), day)); err != nil {
				t.Fatal(err)
			}
		}, []string{firstDay + " rows are not as they were when the day was sealed; there are 300, and there were 300"}},
		{"a day", func(t *testing.T, dir string, e *Embedded) {
			if err := errors.Join(e.Close(), os.RemoveAll(filepath.Join(dir, partitionsDir, firstDay))); err != nil {
				t.Fatal(err)
			}
		}, []string{firstDay + " the day is gone; it had 300 rows"}},
		{"a line of the manifest", func(t *testing.T, dir string, e *Embedded) {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			lines(t, dir, func(l []string) []string {
				return []string{strings.Replace(l[0], `"rows":300`, `"rows":299`, 1), l[1]}
			})
		}, []string{secondDay + " the chain is broken before line 2"}},
		{"a line is left out", func(t *testing.T, dir string, e *Embedded) {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			lines(t, dir, func(l []string) []string { return l[1:] })
		}, []string{secondDay + " the chain is broken before line 1"}},
		{"a line is no entry", func(t *testing.T, dir string, e *Embedded) {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			lines(t, dir, func(l []string) []string { return append(l, "\nx") })
		}, []string{" line 3 is no entry"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir, open := sealedStore(t)
			e := open()
			test.change(t, dir, e)
			if e.v == nil {
				e = open()
			}
			var got []string
			for _, f := range verify(t, e).Findings {
				got = append(got, f.Day+" "+f.What)
			}
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if strings.HasPrefix(test.name, "rows") {
				before := len(kinds(t, dir))
				if err := e.Maintain(ctx); !errors.Is(err, errChanged) {
					t.Errorf("sealed anew: %v", err)
				}
				if len(kinds(t, dir)) != before {
					t.Error("the change was sealed")
				}
			}
		})
	}
}

// A crash while an entry is written leaves a line without an end.
func TestManifestTornTail(t *testing.T) {
	dir, open := sealedStore(t)
	f, err := os.OpenFile(filepath.Join(dir, manifestFile), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"n":3,"day":"2023`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	e := open()
	if r := e.Repairs(); len(r) != 1 || r[0].Path != manifestFile {
		t.Errorf("%+v", r)
	}
	if v := verify(t, e); len(v.Findings) > 0 || v.Entries != 2 {
		t.Errorf("%+v", v)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	ctx := context.Background()
	dir, open := sealedStore(t)
	e := open()
	done := make(chan uint64)
	stop := make(chan bool)
	go func() {
		seq := uint64(1000)
		for {
			select {
			case <-stop:
				done <- seq
				return
			default:
			}
			seq++
			if _, err := e.Add(ctx, seq, frameOf(seq, someTime+int64(seq%3)*int64(oneDay))); err != nil {
				t.Error(err)
			}
		}
	}()
	for n := range 3 {
		time.Sleep(500 * time.Millisecond) // so that the engine has merged, and merges
		if n == 1 {
			if err := e.Sync(ctx); err != nil {
				t.Fatal(err)
			}
		}
		to := filepath.Join(t.TempDir(), "copy")
		before, err := e.Backup(ctx, to)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 && before < 1000 {
			t.Errorf("after Sync the backup goes up to frame %d", before)
		}
		c := openTest(t, to, Options{now: e.opt.now})
		if len(c.Repairs()) > 0 {
			t.Errorf("the copy had to be put right: %+v", c.Repairs())
		}
		if v := verify(t, c); len(v.Findings) > 0 || v.Days != 2 {
			t.Errorf("the copy: %+v", v)
		}
		if n := countOf(t, c, "_id:<"+IDOf(1000, 0)); n != 900 {
			t.Errorf("%d old rows", n)
		}
		if before > 1000 {
			want := int(before-1001) * 100
			if n := countOf(t, c, "_id:>="+IDOf(1001, 0)+" _id:<"+IDOf(before, 0)); n != want {
				t.Errorf("%d new rows, want %d", n, want)
			}
		}
		rows := queryRows(t, c, "* | stats count() n, count_uniq(_id) u")[0]
		var all, uniq int
		if _, err := fmt.Sscanf(rows, "n=%d u=%d", &all, &uniq); err != nil || all != uniq {
			t.Errorf("%s", rows)
		}
		if _, err := e.Backup(ctx, to); err == nil {
			t.Error("a backup into a directory that is not empty")
		}
		t.Logf("backup %d: frames below %d, %d rows", n, before, all)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	last := <-done
	if n := len(kinds(t, dir)); n != 2 {
		t.Errorf("%d entries", n)
	}
	left, err := filepath.Glob(filepath.Join(dir, staging+"*"))
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	t.Logf("%d frames", last-1000)
}

// To another file system it is copied.
func TestBackupElsewhere(t *testing.T) {
	dir, open := sealedStore(t)
	e := open()
	to := filepath.Join(smallDisk(t, "32m"), "a", "b")
	if _, err := e.Backup(context.Background(), to); err != nil {
		t.Fatal(err)
	}
	c := openTest(t, to, Options{now: e.opt.now})
	if v := verify(t, c); len(v.Findings) > 0 || v.Days != 2 {
		t.Errorf("%+v", v)
	}
	_ = dir
}
