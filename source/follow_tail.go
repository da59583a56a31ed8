package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// tail is a file that is followed: a cursor, and what is open of it.
type tail struct {
	cursor
	path   string // where it was last found
	file   *os.File
	split  Splitter
	origin *event.Origin
	order  binary.ByteOrder // of UTF-16; nil for UTF-8
	header string
	first  string // the header that stands in the file's head
	headed bool   // first is settled

	head, recent []byte // of what was read: its first and its last bytes, up to fingerprintSize each

	size    int64     // when last looked at
	grew    time.Time // when size was last seen to change
	used    time.Time
	retry   int64     // with less than this size, a long record is still not whole
	aside   time.Time // since when another file has its name; zero while it has it
	begun   bool      // the format is known
	unknown int64     // the size at which no format was recognised; 0: not tried, or recognised
	moved   bool      // another series has taken it over
	skip    int64     // the size up to which it is not to be read, but for counting its lines
	resting bool      // no more is to be had of it: gone, or a whole file that was read
}

// reader of tails, and its memory.
type tailReader struct {
	env    Env
	forced string // the format that the configuration states
	block  int    // size of most blocks
	buf    []byte
	text   []byte // of UTF-16
	notice func(t *tail, offset int64, reason string)
}

// errReplaced says that a file is not any more the one that was read.
var errReplaced = errors.New("the file was truncated or replaced")

// open opens the file at a path, which is that of the tail, and makes ready to go on where its cursor is.
func (r *tailReader) open(t *tail, path string, file *os.File, info os.FileInfo) error {
	t.path, t.file, t.size, t.used = path, file, info.Size(), r.env.Now()
	t.grew = info.ModTime()
	t.of(info)
	t.origin = nil
	if t.Raw == 0 || t.begun {
		return nil
	}
	return r.resume(t)
}

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close()
		t.file = nil
	}
}

// recognise settles what a file is, once its first line is there. It returns false while that is not known.
func (r *tailReader) recognise(t *tail, last bool) (bool, error) {
	if t.unknown > 0 && (t.size < 2*t.unknown || t.unknown >= headSize) {
		return false, nil
	}
	raw, start, err := r.sample(t, headSize)
	if err != nil || len(raw) == 0 {
		return false, err
	}
	if packedBy(raw) != nil || isZip(raw) || isTar(raw) {
		t.Whole, t.begun = true, true
		return true, nil
	}
	text, mark := t.decodeHead(raw)
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, 0) < 0 && len(raw) < headSize && !last {
		return false, nil
	}
	if t.Format, t.split = r.formatOf(string(text)); t.split == nil {
		t.unknown = t.size
		r.notice(t, 0, "not a log that tocsin knows: "+looksLike(string(text)))
		return false, nil
	}
	t.unknown, t.begun, t.Sample = 0, true, len(raw)
	if t.Format == eventLog {
		t.Whole = true
		return true, nil
	}
	t.Raw, t.Line, t.Offset = start, 1, start
	t.head = make([]byte, min(start, fingerprintSize))
	t.passed(raw[:mark], 0)
	return true, r.skip(t)
}

// sample returns the first bytes of the file after the zero bytes that a log emptied under its writer begins with, and
// where they stand.
func (r *tailReader) sample(t *tail, n int) ([]byte, int64, error) {
	buf := r.room(n)
	for start := int64(0); ; {
		k, err := readAt(t.file, buf, start)
		if k == 0 || err != nil {
			return nil, start, err
		}
		zeros := len(buf[:k]) - len(bytes.TrimLeft(buf[:k], "\x00"))
		switch {
		case zeros < 4:
			return buf[:k], start, nil
		case zeros < k:
			start += int64(zeros)
			k, err = readAt(t.file, buf, start)
			return buf[:k], start, err
		}
		start += int64(k)
	}
}

// decodeHead returns the text of the raw head, and the size of the byte order mark before it.
func (t *tail) decodeHead(raw []byte) (text []byte, mark int) {
	t.order = nil
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return raw[3:], 3
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		t.order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		t.order = binary.BigEndian
	default:
		return raw, 0
	}
	text, _ = decodeUTF16(nil, raw[2:], t.order, false)
	return text, 2
}

func (r *tailReader) formatOf(head string) (string, Splitter) {
	if r.forced != "" {
		return r.forced, r.env.Splitter(r.forced)
	}
	return r.env.Recognise(head)
}

// resume makes the splitter and the header be as they were where the cursor is.
func (r *tailReader) resume(t *tail) error {
	t.head, t.recent = make([]byte, t.Head.Size), make([]byte, t.Tail.Size)
	_, _ = readAt(t.file, t.head, 0)
	_, _ = readAt(t.file, t.recent, t.Raw-int64(t.Tail.Size))
	if printOf(t.head) != t.Head || printOf(t.recent) != t.Tail {
		return errReplaced
	}
	raw, _, err := r.sample(t, max(min(t.Sample, headSize), 1))
	if err != nil {
		return err
	}
	text, _ := t.decodeHead(raw)
	name, split := r.formatOf(string(text))
	if split == nil && !t.marksNow() {
		return errReplaced
	}
	if split == nil {
		return fmt.Errorf("%s: %s is no longer recognised", t.path, t.Format)
	}
	t.Format, t.split, t.begun = name, split, true
	r.prime(t, text[:min(int64(len(text)), t.Offset)])
	if t.Header != "" {
		t.split.Split([]byte(t.Header), true)
		t.header = t.Header
	}
	if t.Rescan {
		return r.rescan(t)
	}
	return nil
}

// prime shows the splitter what it saw before the first block: the head of the file.
func (r *tailReader) prime(t *tail, text []byte) {
	for len(text) > 0 {
		cut := t.split.Split(text, false)
		if cut.Header != "" {
			t.header = cut.Header
		}
		if n := cut.Skip + cut.Size; cut.Size > 0 || n <= 0 || n > len(text) {
			break
		}
		text = text[cut.Skip:]
	}
	t.first, t.headed = t.header, true
}

// rescan reads the file anew up to the cursor, for its splitter and header alone.
func (r *tailReader) rescan(t *tail) error {
	again := &tail{path: t.path, file: t.file, size: t.Raw, cursor: cursor{Line: 1}}
	again.grew = t.grew
	quiet := *r
	quiet.notice = func(*tail, int64, string) {}
	if ok, err := quiet.recognise(again, true); !ok || err != nil {
		return err
	}
	for again.Raw < t.Raw {
		_, found, err := quiet.take(again, takeSettled)
		if err != nil {
			return err
		}
		if !found {
			break
		}
	}
	t.split, t.header, t.first = again.split, again.header, again.first
	return nil
}

// How take is to look at what stands at the end of the file.
type ending uint8

const (
	takeGrowing ending = iota // more may follow at once
	takeSettled               // nothing has followed for a while: whole lines are whole records
	takeLast                  // nothing will follow
)

// take returns the next block of a tail whose format is known. found is false where there is none yet.
func (r *tailReader) take(t *tail, end ending) (b event.Block, found bool, err error) {
	for want := r.block; ; {
		raw, data, eof, err := r.read(t, want)
		if err != nil || len(data) == 0 {
			return b, false, err
		}
		final := eof && end == takeLast
		if eof && end == takeSettled {
			data = data[:bytes.LastIndexByte(data, '\n')+1]
			final = len(data) > 0
		}
		cut := t.split.Split(data, final)
		cut.Skip = min(max(cut.Skip, 0), len(data))
		cut.Size = min(max(cut.Size, 0), len(data)-cut.Skip)
		if cut.Lost != "" {
			r.notice(t, t.Offset, cut.Lost)
		}
		if cut.Header != "" {
			t.header = cut.Header
		}
		t.pass(raw, data[:cut.Skip])
		if cut.Size > 0 {
			data = data[cut.Skip : cut.Skip+cut.Size]
			b = event.Block{Origin: r.originOf(t), Header: t.header, Data: string(data), Offset: t.Offset, First: t.Line}
			if !t.headed {
				t.first, t.headed = t.header, true
			}
			t.pass(raw[t.rawSize(r, cut.Skip):], data)
			return b, true, nil
		}
		switch {
		case cut.Skip > 0:
		case !eof && want < maxWanted:
			want = min(2*want, maxWanted)
		case !eof:
			r.drop(t)
		case end == takeLast:
			r.notice(t, t.Offset, fmt.Sprintf("the last %d bytes are no whole record", len(data)))
			t.pass(raw, data)
			return b, false, nil
		default:
			if n := int64(len(data)); n > 256<<10 {
				t.retry = t.Raw + n + n/4
			}
			return b, false, nil
		}
	}
}

// read returns up to n bytes of the file at the cursor, their text, and whether the file ends there.
func (r *tailReader) read(t *tail, n int) (raw, text []byte, eof bool, err error) {
	buf := r.room(n)
	if t.Raw+int64(n) > t.size { // what came since is read next time, so that a turn has an end
		buf = buf[:max(t.size-t.Raw, 0)]
	}
	k, err := readAt(t.file, buf, t.Raw)
	if err != nil {
		return nil, nil, false, err
	}
	if k < len(buf) {
		return nil, nil, false, errReplaced // it was longer just now
	}
	raw = buf
	eof = t.Raw+int64(k) >= t.size
	if len(t.head) > 0 && !t.marksNow() {
		return nil, nil, false, errReplaced
	}
	if t.order == nil {
		return raw, raw, eof, nil
	}
	r.text, _ = decodeUTF16(r.text[:0], raw, t.order, true)
	return raw, r.text, eof, nil
}

// marksNow tells whether the file still is the one that was read. It is asked after reading: what was read before the
// file changed is good, what was read after is not.
func (t *tail) marksNow() bool {
	var buf [fingerprintSize]byte
	n, _ := readAt(t.file, buf[:len(t.head)], 0)
	if !bytes.Equal(buf[:n], t.head) {
		return false
	}
	n, _ = readAt(t.file, buf[:len(t.recent)], t.Raw-int64(len(t.recent)))
	return bytes.Equal(buf[:n], t.recent)
}

// rawSize returns how many bytes of the file the first n bytes of the text that was read last are.
func (t *tail) rawSize(r *tailReader, n int) int {
	if t.order == nil {
		return n
	}
	return sizeUTF16(r.text[:n])
}

// pass moves the cursor on over text, which stands at the start of raw.
func (t *tail) pass(raw, text []byte) {
	if t.order != nil {
		raw = raw[:sizeUTF16(text)]
	} else {
		raw = raw[:len(text)]
	}
	t.Line += int64(bytes.Count(text, newline))
	t.passed(raw, len(text))
}

func (t *tail) passed(raw []byte, text int) {
	t.Raw += int64(len(raw))
	t.Offset += int64(text)
	if k := min(fingerprintSize-len(t.head), len(raw)); k > 0 && t.Raw-int64(len(raw)) == int64(len(t.head)) {
		t.head = append(t.head, raw[:k]...)
	}
	if len(raw) >= fingerprintSize {
		t.recent = append(t.recent[:0], raw[len(raw)-fingerprintSize:]...)
		return
	}
	if over := len(t.recent) + len(raw) - fingerprintSize; over > 0 {
		t.recent = t.recent[:copy(t.recent, t.recent[over:])]
	}
	t.recent = append(t.recent, raw...)
}

// seal brings what the cursor is known by up to date.
func (t *tail) seal() cursor {
	c := t.cursor
	if t.split != nil && !t.Whole { // else it stands as it was kept
		c.Head, c.Tail = printOf(t.head), printOf(t.recent)
		c.Header, c.Rescan = "", false
		if t.header != t.first {
			if c.Header = t.header; len(c.Header) > maxHeader {
				c.Header, c.Rescan = "", true
			}
		}
	}
	t.cursor = c
	return c
}

// drop gives up a record that is too long, up to the next line.
func (r *tailReader) drop(t *tail) {
	start, from := t.Offset, t.Raw
	for want := maxWanted; ; want = r.block {
		raw, data, eof, err := r.read(t, want)
		if err != nil || len(data) == 0 {
			break
		}
		skip := 0
		if from != t.Raw {
			skip = bytes.IndexByte(data, '\n') + 1
		}
		if skip > 0 {
			t.pass(raw, data[:skip])
			break
		}
		t.pass(raw, data)
		if eof {
			break
		}
	}
	r.notice(t, start, fmt.Sprintf("record longer than %d MiB; %d bytes up to the next line are not read", event.MaxRecord>>20, t.Offset-start))
}

// originOf returns the origin of the tail's blocks. Its reference follows the file's time, which settles the years of dates that
// state none.
func (r *tailReader) originOf(t *tail) *event.Origin {
	if mod := t.modified(); t.origin == nil || mod.Sub(t.origin.Reference).Abs() > time.Hour {
		t.origin = &event.Origin{Path: t.path, Format: t.Format, Reference: mod, Zone: r.env.Zone}
	}
	return t.origin
}

// skip moves the cursor to after the last whole line of what is not to be read, and counts the lines before it.
func (r *tailReader) skip(t *tail) error {
	for t.Raw < t.skip {
		raw, data, _, err := r.read(t, int(min(int64(r.block), t.skip-t.Raw)))
		if err != nil {
			return err
		}
		n := bytes.LastIndexByte(data, '\n') + 1
		if n == 0 && t.Raw+int64(len(raw)) < t.skip {
			n = len(data) // in the middle of a long line
		}
		if n == 0 {
			break
		}
		t.pass(raw, data[:n])
	}
	t.skip = 0
	return nil
}

// room returns n bytes of the reader's memory.
func (r *tailReader) room(n int) []byte {
	if keep := 2 * max(r.block, headSize); len(r.buf) < n || len(r.buf) > keep && n <= keep {
		r.buf = make([]byte, max(n, r.block, headSize))
		r.text = nil
	}
	return r.buf[:n]
}

// readAt is file.ReadAt, for which the end of the file is no error.
func readAt(file *os.File, p []byte, off int64) (int, error) {
	if off < 0 || len(p) == 0 {
		return 0, nil
	}
	n, err := file.ReadAt(p, off)
	if n > 0 || errors.Is(err, io.EOF) {
		return n, nil
	}
	return n, err
}

// decodeUTF16 appends raw as UTF-8. What is not whole at the end is left where more follows. Lone surrogates become U+FFFD.
func decodeUTF16(dst, raw []byte, order binary.ByteOrder, more bool) ([]byte, int) {
	i := 0
	for ; i+1 < len(raw); i += 2 {
		c := rune(order.Uint16(raw[i:]))
		if utf16.IsSurrogate(c) {
			low := rune(0)
			if i+3 < len(raw) {
				low = rune(order.Uint16(raw[i+2:]))
			} else if more {
				break
			}
			if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
				i += 2
			}
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst, i
}

// sizeUTF16 returns how many bytes text was in UTF-16.
func sizeUTF16(text []byte) int {
	n := 0
	for len(text) > 0 {
		c, k := utf8.DecodeRune(text)
		if n += 2; c > 0xffff {
			n += 2
		}
		text = text[k:]
	}
	return n
}
