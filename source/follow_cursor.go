package source

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"time"
)

// fingerprintSize is how much of a file's head and of what was last read a file is known by, in bytes.
const fingerprintSize = 1 << 10

// cursor is how far a file has been read, and what the file is known by wherever it is found again: its inode, what it
// begins with, and what stands before the place.
type cursor struct {
	Dev  uint64 `json:"dev,omitempty"`
	Ino  uint64 `json:"ino,omitempty"`
	Head print  `json:"head"`
	Tail print  `json:"tail"`

	Raw    int64  `json:"raw"`            // the place on disk, in bytes
	Offset int64  `json:"off"`            // the place in the text: without a byte order mark, as UTF-8, decompressed
	Line   int64  `json:"line"`           // number of the line there, from 1; 0 where lines were not counted
	Mod    int64  `json:"mod"`            // when the file was last written, as far as is known; nanoseconds since 1970
	Since  int64  `json:"since,omitzero"` // Delivery.Since of its records
	Sample int    `json:"sample"`         // how much of its head the format was recognised by
	Format string `json:"format"`
	Header string `json:"header,omitempty"` // Block.Header where it is not that of the file's head
	Rescan bool   `json:"rescan,omitempty"` // it is too long for a position: the file is to be read from its start for it

	// Of files that are read whole: archives, compressed files, event logs.
	Whole  bool   `json:"whole,omitempty"`
	Size   int64  `json:"size,omitempty"`   // of the file when it was read
	Member string `json:"member,omitempty"` // that Offset is of
	Record uint64 `json:"record,omitempty"` // the highest number of a record that was read
	Done   bool   `json:"done,omitempty"`   // it was read to its end
}

// print is a fingerprint of a run of bytes.
type print struct {
	Size int    `json:"n"`
	Hash uint64 `json:"h"`
}

func printOf(p []byte) print {
	h := fnv.New64a()
	_, _ = h.Write(p)
	return print{len(p), h.Sum64()}
}

// at tells whether the bytes of in before end, or after 0 where end is, are those of the fingerprint.
func (p print) at(in io.ReaderAt, off int64) bool {
	if p.Size == 0 {
		return true
	}
	if off < 0 || p.Size < 0 || p.Size > fingerprintSize {
		return false
	}
	buf := make([]byte, p.Size)
	n, _ := in.ReadAt(buf, off)
	return n == p.Size && printOf(buf) == p
}

// marks tells whether in is the file of the cursor: it begins alike, and what was last read stands where it stood.
func (c *cursor) marks(in io.ReaderAt) bool {
	return c.Head.at(in, 0) && c.Tail.at(in, c.Raw-int64(c.Tail.Size))
}

// sameFile tells whether the cursor is of the inode.
func (c *cursor) sameFile(info os.FileInfo) bool {
	dev, ino := identity(info)
	return ino != 0 && c.Ino == ino && c.Dev == dev
}

func (c *cursor) of(info os.FileInfo) {
	c.Dev, c.Ino = identity(info)
	c.Mod = info.ModTime().UnixNano()
}

// position is Delivery.Position of a followed file: the files that were last found under its name, oldest first.
type position struct {
	Version int      `json:"v"`
	Files   []cursor `json:"files"`
}

const (
	positionVersion = 1
	maxGenerations  = 4 // that a position tells of
	maxHeader       = 1500
)

// encodePosition returns the position of the cursors. It drops the oldest while it would be too long.
func encodePosition(list []cursor) (string, error) {
	list = list[max(0, len(list)-maxGenerations):]
	for {
		text, err := json.Marshal(position{positionVersion, list})
		if err != nil {
			return "", err
		}
		if len(text) <= MaxPosition {
			return string(text), nil
		}
		if len(list) == 1 {
			return "", errors.New("the position of a file is too long to be kept")
		}
		list = list[1:]
	}
}

// decodePosition returns the cursors of a position, none where there is none or it cannot be read.
func decodePosition(text string) ([]cursor, error) {
	if text == "" {
		return nil, nil
	}
	var p position
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, err
	}
	if p.Version != positionVersion {
		return nil, errors.New("it is of another version of tocsin")
	}
	for _, c := range p.Files {
		if c.Raw < 0 || c.Offset < 0 || c.Line < 0 || c.Sample < 0 {
			return nil, errors.New("it holds a negative place")
		}
	}
	return p.Files, nil
}

// modified returns when the file was last written.
func (c *cursor) modified() time.Time { return time.Unix(0, c.Mod) }
