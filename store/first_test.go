package store

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestFirst(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	e, err := Open(dir, Options{flush: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	now := time.Now().UnixNano()
	for i := range 1000 {
		b.Row(now + int64(i))
		b.Field("dataset", "sshd")
		b.Field("_msg", fmt.Sprintf("Failed password for root %d", i))
		b.Field("n", fmt.Sprint(i))
	}
	a, err := e.Add(ctx, 7, &b)
	t.Log(a, err)
	s := time.Now()
	t.Log(e.Sync(ctx), time.Since(s), e.DurableBefore())
	n := 0
	err = e.scan(ctx, `dataset:="sshd" n:>5 | fields _time, _id, n`, func(w int, b *Block) { n += b.Rows; t.Log(b.Names, b.Columns[0][0], b.Columns[1][0], b.Rows) })
	t.Log(n, err)
	err = e.scan(ctx, `* | limit 1`, func(w int, b *Block) { t.Log(b.Names, b.Columns) })
	l, err := e.Lacks(ctx, 7, &b)
	t.Log(len(l), l[0], l[999], err)
	t.Log(e.Stats(ctx))
	t.Log(e.Close())
}
