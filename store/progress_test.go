package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/query"
)

// TestTelling asks the same with and without being told how far it is: the answers are the same, and the shares only rise.
func TestTelling(t *testing.T) {
	e, err := Open(filepath.Join(t.TempDir(), "events"), Options{MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const rows, batch = 3 * toldRows, 1 << 16
	begin := time.Now().Add(-20 * 24 * time.Hour).Truncate(time.Hour)
	for from := 0; from < rows; from += batch {
		b := &Batch{}
		for i := from; i < from+batch; i++ {
			b.Row(begin.Add(time.Duration(i) * 2 * time.Second).UnixNano())
			b.Field("n", fmt.Sprint(i%7))
		}
		if _, err := e.Add(t.Context(), uint64(from/batch+1), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Reveal(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"* | stats count", "n:3 | timechart 1d", "* | stats count, min(n), max(n) by n | sort n", "n:5 | tail 10", "* | top 3 n", "n:>=2 | stats count by n | sort n"} {
		q, err := query.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(told bool) (out [][]string) {
			ctx, last := t.Context(), 0.0
			calls := 0
			if told {
				ctx = Telling(ctx, func(share float64) {
					if calls++; share < last || share > 1 {
						t.Errorf("%s: after %v comes %v", text, last, share)
					}
					last = share
				})
			}
			if err := e.Query(ctx, q, func(b *Block) error {
				for i := range b.Rows {
					row := slices.Clone(b.Names)
					for c := range b.Columns {
						row = append(row, b.Columns[c][i])
					}
					out = append(out, row)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if told && calls == 0 {
				t.Errorf("%s: nothing was told", text)
			}
			return out
		}
		if with, without := ask(true), ask(false); len(without) == 0 || fmt.Sprint(with) != fmt.Sprint(without) {
			t.Errorf("%s: told %v, else %v", text, with, without)
		}
	}
}
