package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // RFC 6238 and every app have it
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// One-time codes by time (RFC 6238): SHA-1, six figures, 30 seconds, as all apps take them.
const (
	totpStep   = 30 // seconds
	totpDrift  = 1  // steps that a clock may be wrong by, each way
	totpSecret = 20 // bytes
)

// totp is a user's key of one-time codes.
type totp struct {
	Key  string `json:"key"`  // sealed, or in base32
	Step int64  `json:"step"` // the last that was used; that one and those before are refused
}

// totpCode is the code of a step (RFC 4226, 5.3).
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(step))
	mac.Write(b[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// totpMatch returns the step of a code that is valid at a time and whose step is after the last used one.
func totpMatch(key []byte, code string, last int64, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(code, " ", "")
	at := now.Unix() / totpStep
	for s := at - totpDrift; s <= at+totpDrift; s++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(key, s)), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpURI is what an app reads from a picture (Key Uri Format of Google Authenticator).
func totpURI(user string, key []byte) string {
	q := url.Values{"secret": {b32.EncodeToString(key)}, "issuer": {"tocsin"}}
	return "otpauth://totp/" + url.PathEscape("tocsin:"+user) + "?" + q.Encode()
}

// seal makes the text that is kept of a key; bound to the user, so that it cannot be given to another.
func (g *Gate) seal(user string, key []byte) (string, error) {
	if g.opt.Key == nil {
		return "plain:" + b32.EncodeToString(key), nil
	}
	aead, err := newSeal(g.opt.Key)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return "aes:" + base64.RawStdEncoding.EncodeToString(aead.Seal(nonce, nonce, key, []byte("totp "+user))), nil
}

var errSealed = errors.New("the key of one-time codes cannot be read: it was sealed with another key")

func (g *Gate) unseal(user, text string) ([]byte, error) {
	if plain, ok := strings.CutPrefix(text, "plain:"); ok {
		return b32.DecodeString(plain)
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(text, "aes:"))
	if err != nil || g.opt.Key == nil {
		return nil, errSealed
	}
	aead, err := newSeal(g.opt.Key)
	if err != nil {
		return nil, err
	}
	if len(data) < aead.NonceSize() {
		return nil, errSealed
	}
	key, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], []byte("totp "+user))
	if err != nil {
		return nil, errSealed
	}
	return key, nil
}

func newSeal(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Recovery codes are for who has lost the phone: 80 bits each, for one use.
const recoveryCodes = 10

// newRecovery makes codes, and what is kept of them.
func newRecovery() (codes, kept []string) {
	for range recoveryCodes {
		b := make([]byte, 10)
		_, _ = rand.Read(b)
		s := strings.ToLower(b32.EncodeToString(b))
		codes = append(codes, s[:4]+"-"+s[4:8]+"-"+s[8:12]+"-"+s[12:])
		kept = append(kept, hashed(s))
	}
	return codes, kept
}

// useRecovery takes a code out of what is kept.
func useRecovery(kept []string, code string) ([]string, bool) {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	i := slices.Index(kept, hashed(code))
	if i < 0 {
		return kept, false
	}
	return slices.Delete(slices.Clone(kept), i, i+1), true
}
