package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Hashing is the cost of a password (RFC 9106). The zero value is its second recommendation, for where memory is not
// without bounds: 64 MiB, 3 passes, 4 lanes.
type Hashing struct {
	Memory   uint32 // KiB
	Passes   uint32
	Lanes    uint8
	Together int // hashes at once, so that log-ins cannot use up the memory; default 2
	Waiting  int // who waits for that; more are refused with ErrBusy; default 32
}

const (
	saltBytes = 16
	tagBytes  = 32
	// The most that is read from a record: more was not written by us, and would be a way to exhaust the machine.
	maxMemory = 1 << 20 // KiB
	maxPasses = 64
	maxLanes  = 64
)

// hasher makes and checks hashes of passwords, a few at once.
type hasher struct {
	cost    Hashing
	places  chan struct{}
	waiting atomic.Int64
	nobody  string // the hash of no password: checked where there is no user, so that it takes as long
}

func newHasher(cost Hashing) (*hasher, error) {
	if cost.Memory == 0 {
		cost.Memory = 64 << 10
	}
	if cost.Passes == 0 {
		cost.Passes = 3
	}
	if cost.Lanes == 0 {
		cost.Lanes = 4
	}
	if cost.Together == 0 {
		cost.Together = 2
	}
	if cost.Waiting == 0 {
		cost.Waiting = 32
	}
	if cost.Memory > maxMemory || cost.Passes > maxPasses || cost.Lanes > maxLanes || cost.Together < 0 || cost.Waiting < 0 {
		return nil, errors.New("the cost of passwords is out of bounds")
	}
	h := &hasher{cost: cost, places: make(chan struct{}, cost.Together)}
	h.nobody = encodeHash(&cost, make([]byte, saltBytes), make([]byte, tagBytes))
	return h, nil
}

// enter waits for a place. The error is ErrBusy if too many wait.
func (h *hasher) enter(ctx context.Context) error {
	if h.waiting.Add(1) > int64(h.cost.Waiting+h.cost.Together) {
		h.waiting.Add(-1)
		return ErrBusy
	}
	select {
	case h.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		h.waiting.Add(-1)
		return ctx.Err()
	}
}

func (h *hasher) leave() {
	<-h.places
	h.waiting.Add(-1)
}

// prepared is a password in the one form that Unicode has for it, so that it is the same from every keyboard (NIST SP
// 800-63B, 5.1.1.2).
func prepared(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

// hash makes the text that is kept of a password: the form that the reference implementation of Argon2 writes.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return encodeHash(&h.cost, salt, argon2.IDKey(prepared(password), salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, tagBytes)), nil
}

// check says whether a password is the one of a hash, and whether the hash should be made anew because the cost has changed.
// Without a hash it takes as long, and it is not.
func (h *hasher) check(ctx context.Context, kept, password string) (ok, renew bool, err error) {
	given := kept != ""
	if !given {
		kept = h.nobody
	}
	cost, salt, tag, err := decodeHash(kept)
	if err != nil {
		return false, false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	sum := argon2.IDKey(prepared(password), salt, cost.Passes, cost.Memory, cost.Lanes, uint32(len(tag)))
	ok = subtle.ConstantTimeCompare(sum, tag) == 1 && given
	return ok, ok && (cost.Memory != h.cost.Memory || cost.Passes != h.cost.Passes || cost.Lanes != h.cost.Lanes), nil
}

func encodeHash(c *Hashing, salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, b64.EncodeToString(salt), b64.EncodeToString(tag))
}

var errHash = errors.New("the hash of a password is damaged")

// decodeHash reads what encodeHash writes.
func decodeHash(text string) (cost Hashing, salt, tag []byte, err error) {
	parts := strings.Split(text, "$")
	if len(text) > 300 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return cost, nil, nil, errHash
	}
	numbers := strings.Split(parts[3], ",")
	if len(numbers) != 3 {
		return cost, nil, nil, errHash
	}
	read := func(i int, prefix string, most uint64) uint64 {
		digits, ok := strings.CutPrefix(numbers[i], prefix)
		n, wrong := strconv.ParseUint(digits, 10, 32)
		if !ok || wrong != nil || n == 0 || n > most {
			err = errHash
		}
		return n
	}
	cost.Memory, cost.Passes, cost.Lanes = uint32(read(0, "m=", maxMemory)), uint32(read(1, "t=", maxPasses)), uint8(read(2, "p=", maxLanes))
	if err != nil {
		return cost, nil, nil, err
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err1 := b64.DecodeString(parts[4])
	tag, err2 := b64.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(tag) < 16 {
		return cost, nil, nil, errHash
	}
	return cost, salt, tag, nil
}
