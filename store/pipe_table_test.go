package store

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestKeyTable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	table, want := newKeyTable(), make(map[string]int32)
	for range 200_000 {
		key := strings.Repeat(string(rune('a'+r.IntN(3))), r.IntN(4)) + strings.Repeat("x\x00", r.IntN(10)) + string(rune('0'+r.IntN(9))) + strings.Repeat("é", r.IntN(12))
		if r.IntN(3) == 0 {
			key = strings.Repeat("\x00", r.IntN(20))
		}
		id := table.find(key)
		if known, ok := want[key]; ok && known != id || !ok && int(id) != len(want) {
			t.Fatalf("%q has number %d, want %d of %d", key, id, known, len(want))
		}
		want[key] = id
		if table.keys[id] != key {
			t.Fatalf("number %d is %q, want %q", id, table.keys[id], key)
		}
	}
}
