package source

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// plain returns in without a byte order mark, as UTF-8 where the mark says that it is UTF-16 (Unicode 16.0 §23.8).
func plain(w *window) io.Reader {
	head, _ := w.Peek(3)
	if len(head) == 3 && string(head) == "\xef\xbb\xbf" {
		w.Discard(3)
		return w
	}
	if len(head) < 2 {
		return w
	}
	switch string(head[:2]) {
	case "\xff\xfe":
		w.Discard(2)
		return &utf16Reader{in: w, order: binary.LittleEndian}
	case "\xfe\xff":
		w.Discard(2)
		return &utf16Reader{in: w, order: binary.BigEndian}
	}
	return w
}

// utf16Reader turns UTF-16 into UTF-8. Lone surrogates, and an odd byte at the end, become U+FFFD.
type utf16Reader struct {
	in    io.Reader
	order binary.ByteOrder
	raw   [32 << 10]byte
	n     int // bytes of raw in use
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(p) < 2*utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}
	for {
		if k := u.decode(p); k > 0 {
			return k, nil
		}
		if u.err != nil {
			return 0, u.err
		}
		var k int
		k, u.err = u.in.Read(u.raw[u.n:])
		u.n += k
	}
}

// decode turns as much of raw as p has room for and moves the rest to its front.
func (u *utf16Reader) decode(p []byte) int {
	i, k := 0, 0
	for ; i+1 < u.n && k+utf8.UTFMax <= len(p); i += 2 {
		c := rune(u.order.Uint16(u.raw[i:]))
		if c < utf8.RuneSelf {
			p[k] = byte(c)
			k++
			continue
		}
		if utf16.IsSurrogate(c) {
			if i+3 >= u.n && u.err == nil {
				break // its other half is still to be read
			}
			low := rune(0)
			if i+3 < u.n {
				low = rune(u.order.Uint16(u.raw[i+2:]))
			}
			if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
				i += 2
			}
		}
		k += utf8.EncodeRune(p[k:], c)
	}
	if u.err != nil && i+1 == u.n && k+utf8.UTFMax <= len(p) {
		k += utf8.EncodeRune(p[k:], utf8.RuneError)
		i++
	}
	copy(u.raw[:], u.raw[i:u.n])
	u.n -= i
	return k
}
