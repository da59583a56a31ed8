package detect

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// hashOf returns a hash of a list of texts, as 32 hexadecimal digits.
func hashOf(parts ...string) string {
	var room [256]byte
	text := room[:0]
	for _, p := range parts {
		text = append(binary.AppendUvarint(text, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
