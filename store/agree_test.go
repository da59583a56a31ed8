package store

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestEnginesAgree asks both kinds of store the same, and wants the same answers.
func TestEnginesAgree(t *testing.T) {
	near := openTest(t, t.TempDir(), Options{Future: -1})
	far := serverStore(t, RemoteOptions{Future: -1})
	const rows = 4000
	addGenerated(t, near, rows, 9, nil)
	near.v.reveal()
	addGenerated(t, far, rows, 9, nil)
	parts.Wait(t, 20*time.Second, "the server to show all rows", func() bool {
		got := lines(t, far, "* | stats count")
		return len(got) == 2 && got[1] == "4000"
	})
	pipes := []string{
		"* | stats count by dataset", "* | stats count by user.name, dataset", "failed | stats count, dc(source.ip), min(_time), max(_time) by user.name", "* | top 10 source.ip", "* | rare 5 rule",
		"bytes:>100 | stats sum(bytes), avg(bytes), max(bytes) by host.name", "* | timechart 1h by dataset", "_msg:*AIL* | timechart 6h", "* | uniq level", "bytes:* | sort 20 -bytes, host.name | fields bytes, host.name",
		"* | tail 50", "failed | tail 7", "mimikatz | head 3", "* | head 2500 | stats count by dataset", "* | stats values(level)", "* | top 3 user.name, host.name", "source.ip:10.1.0.0/16 | stats count by destination.port",
	}
	for _, text := range slices.Concat(searches, pipes) {
		a, b := lines(t, near, text), lines(t, far, text)
		if !slices.Equal(a, b) {
			for i := range max(len(a), len(b)) {
				if i >= len(a) || i >= len(b) || a[i] != b[i] {
					t.Errorf("%s: %d lines and %d; line %d:\n%.400q\n%.400q", text, len(a), len(b), i, a[min(i, len(a)):min(i+1, len(a))], b[min(i, len(b)):min(i+1, len(b))])
					break
				}
			}
		}
	}
	for _, text := range []string{"*", "failed", "_msg:*AIL*"} {
		q := parsed(t, text)
		for _, ask := range []func(finderOf) ([]Count, error){
			func(f finderOf) ([]Count, error) { return f.Fields(context.Background(), q) },
			func(f finderOf) ([]Count, error) { return f.Values(context.Background(), q, "user.name", 20) },
		} {
			a, errA := ask(near)
			b, errB := ask(far)
			if errA != nil || errB != nil || len(a) == 0 || !slices.Equal(a, b) {
				t.Errorf("%s: %v %v\n%v\n%v", text, errA, errB, a, b)
			}
		}
	}
}
