package event

import (
	"encoding/binary"
	"testing"
)

// A FILETIME is shown as it is, also where it is no time of an event: never set, or beyond what nanoseconds can count.
func TestFileTimeText(t *testing.T) {
	cases := []struct {
		ft   uint64
		want string
	}{
		{0, "1601-01-01T00:00:00.0000000Z"},
		{1, "1601-01-01T00:00:00.0000001Z"},
		{116444736000000000, "1970-01-01T00:00:00.0000000Z"},
		{133594528891234567, "2024-05-06T07:08:09.1234567Z"},
		{219500086670311432, "2296-07-27T00:37:47.0311432Z"},
	}
	for _, c := range cases {
		v := Value{Raw: string(binary.LittleEndian.AppendUint64(nil, c.ft)), Kind: FileTime}
		if got := v.String(); got != c.want {
			t.Errorf("%d: %s, want %s", c.ft, got, c.want)
		}
	}
}
