package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestValuesComeBack has the engine keep values of every kind that it knows, and such as are nearly of that kind.
func TestValuesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	kinds := []func() string{
		func() string { return fmt.Sprintf("%d.%03d", r.IntN(3), r.IntN(1000)) },
		func() string { return fmt.Sprintf("%d.%d", r.IntN(30), r.IntN(30)) },
		func() string { return fmt.Sprintf("-%d.%d", r.IntN(30), r.IntN(3000)) },
		func() string { return fmt.Sprintf("%d_%03d", 1+r.IntN(30), r.IntN(1000)) },
		func() string { return fmt.Sprintf("%05d", r.IntN(1000)) },
		func() string { return fmt.Sprintf("-%d", r.IntN(10)) },
		func() string { return fmt.Sprintf("-%03d", r.IntN(1000)) },
		func() string { return fmt.Sprintf("+%d", r.IntN(1000)) },
		func() string { return fmt.Sprintf("%d.%d.%d.%d", r.IntN(300), r.IntN(256), r.IntN(256), r.IntN(256)) },
		func() string { return fmt.Sprintf("%d.%d.%d.%d", r.IntN(10), r.IntN(10), r.IntN(256), r.IntN(256)) },
		func() string {
			return fmt.Sprintf("%03d.%d.%d.%02d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
		},
		func() string {
			return fmt.Sprintf("2026-02-%02dT%02d:00:%02d.%03dZ", 1+r.IntN(31), r.IntN(25), r.IntN(61), r.IntN(1000))
		},
		func() string { return fmt.Sprintf("%d-02-01T10:00:00.000Z", r.IntN(10000)) },
		func() string { return fmt.Sprintf("2026-01-01T00:00:00.%06dZ", r.IntN(1000000)) },
		func() string { return fmt.Sprintf("%d%d", r.Uint64(), r.IntN(10)) },
		func() string { return fmt.Sprintf("-%d", r.Uint64()) },
		func() string { return fmt.Sprintf("%d.%d", r.Uint64()>>r.IntN(60), r.Uint64()>>r.IntN(60)) },
		func() string { return fmt.Sprintf("%d.0%d", r.IntN(3), r.IntN(100)) },
		func() string { return fmt.Sprintf("1e%d", r.IntN(400)) },
		func() string { return fmt.Sprintf("0x%x", r.IntN(400)) },
		func() string { return fmt.Sprintf("%dms", r.IntN(400)) },
		func() string { return fmt.Sprintf("x\x1f%d\x1f", r.IntN(400)) },
		func() string { return fmt.Sprintf("%d.10\x1f\x1f", r.IntN(400)) },
	}
	e, err := Open(t.TempDir(), Options{Future: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &Batch{}
	want := make([][]string, len(kinds))
	for i := range 500 {
		b.Row(firstTime.UnixNano() + int64(i)*1000)
		b.Field(Dataset, "d")
		for k, f := range kinds {
			v := f()
			want[k] = append(want[k], v)
			b.Field(fmt.Sprintf("k%d", k), v)
		}
	}
	if _, err := e.Add(context.Background(), 1, b); err != nil {
		t.Fatal(err)
	}
	e.v.reveal()
	rows := 0
	if err := e.Query(context.Background(), parsed(t, "*"), func(b *Block) error {
		for k := range kinds {
			for i, v := range columnOf(b, fmt.Sprintf("k%d", k)) {
				if v != want[k][rows+i] {
					t.Errorf("%q comes back as %q", want[k][rows+i], v)
				}
			}
		}
		rows += b.Rows
		return nil
	}); err != nil || rows != 500 {
		t.Error(err, rows)
	}
}
