package detect

import "hash/maphash"

// interned remembers strings that were made lately, as the same users, hosts and addresses come again and again.
type interned struct {
	seed   maphash.Seed
	made   bool
	recent [4096]string
}

func (t *interned) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if !t.made {
		t.seed, t.made = maphash.MakeSeed(), true
	}
	at := &t.recent[maphash.Bytes(t.seed, b)%uint64(len(t.recent))]
	if *at != string(b) {
		*at = string(b)
	}
	return *at
}
