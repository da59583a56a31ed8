package pack

import "hash/maphash"

// Words remembers strings that were made lately, as the same users, hosts and addresses come again and again.
type Words struct {
	seed   maphash.Seed
	made   bool
	recent [4096]string
}

// Text returns the bytes as a string.
func (t *Words) Text(b []byte) string {
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
