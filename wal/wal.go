// Package wal keeps a log of frames that are durable when Append returns, and that are still there after kill -9, a power
// cut and a full disk. It knows nothing of what the frames hold.
//
// The log is a folder of segments. Each is named for the sequence number of its first frame and has a header of 32 bytes:
//
//	"TOCSWAL1" | first uint64 | salt uint64 | flags uint32 | crc32c uint32 of what stands before
//
// and then frames, all numbers little-endian:
//
//	length uint32, highest bit: the first frame of one Append | crc32c uint32 | sequence number uint64 | S2 block
//
// The one flag, 1, marks a segment that holds what was left of a damaged one: numbers may be missing in it and behind it.
// The checksum of a frame covers the segment's salt, the length, the sequence number and the block. The salt is random, so that
// nobody who can write log lines can make bytes that look like a frame to the search for what is left of a damaged segment.
//
// What a crash tore off is cut away when the log is opened: it was never acknowledged. Damage to what was acknowledged is
// an error that says where; with Options.Quarantine the damaged segment is set aside, the frames that are still whole are
// kept, and Repairs tells what is gone. Nothing is dropped in silence.
//
// A Log is safe for concurrent use; one process at a time may have it open. Frames handed in belong to the caller again
// when Append returns.
package wal

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/klauspost/compress/s2"
)

const (
	// MaxFrame bounds a frame as it is handed to Append, in bytes.
	MaxFrame = 64 << 20

	defaultSegment = 32 << 20
	keptBuffer     = 16 << 20 // a write buffer that grew larger is given back
)

var (
	// ErrFull is the error of an Append for which the disk has no room. Nothing of it stays behind, and later ones work
	// when there is room again.
	ErrFull = errors.New("no room on the disk")
	// ErrTooLarge is the error of an Append with a frame of more than MaxFrame bytes.
	ErrTooLarge = fmt.Errorf("frame of more than %d bytes", MaxFrame)
	// ErrBroken is the error of every Append after one whose sync failed. The kernel may have thrown away what it could
	// not write and report success the next time, so nothing may be acknowledged until the log is opened anew.
	ErrBroken = errors.New("an earlier write could not be made durable; the log must be opened anew")
	// ErrLocked is the error of Open while another process, or another Log of this one, has the log open.
	ErrLocked = errors.New("in use by another process")
)

// Options says how a Log is kept. The zero value is good.
type Options struct {
	SegmentBytes int64 // a segment that has reached this is closed; 0 means 32 MiB. One Append is never divided.
	MinFree      int64 // Append leaves at least so many bytes of the disk free, and else returns ErrFull; 0: no such bound
	Quarantine   bool  // sets damaged segments aside instead of refusing to open
}

// Log is a log that is open.
type Log struct {
	dir        string
	opt        Options
	lock       *os.File
	sync       func(*os.File) error // makes a file's content durable
	syncFolder func(string) error   // makes the names in a folder durable

	mu       sync.Mutex
	segments []segment // oldest first; the last is written to
	active   *os.File
	salt     uint64 // of the active segment
	next     uint64
	broken   error
	closed   bool
	buf      []byte
	pins     map[int]uint64 // where running Replays began
	pin      int
	repairs  []Damage
}

// segment is one file of the log.
type segment struct {
	first uint64
	bytes int64
}

// Open opens the log in dir, makes it if there is none, and heals what a crash tore. It reads and checks all of it.
// Its error is a *DamageError if frames that were acknowledged are damaged and opt.Quarantine is off, and ErrLocked if
// the log is open already.
func Open(dir string, opt Options) (*Log, error) {
	return openWith(&Log{sync: syncData, syncFolder: disk.SyncFolder}, dir, opt)
}

func openWith(l *Log, dir string, opt Options) (*Log, error) {
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = defaultSegment
	}
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("make folder of log %s: %w", dir, err)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock log %s: %w", dir, err)
	}
	l.dir, l.opt, l.lock, l.next, l.pins = dir, opt, lock, 1, make(map[int]uint64)
	if err := l.load(); err != nil {
		if l.active != nil {
			_ = l.active.Close()
		}
		_ = lock.Close()
		return nil, fmt.Errorf("open log %s: %w", dir, err)
	}
	return l, nil
}

// Append writes frames, which get the next sequence numbers, and returns the last one's when all are durable. They are
// written in one piece and synced once. After an error none of them is in the log. Without frames it does nothing.
func (l *Log) Append(frames ...[]byte) (last uint64, err error) {
	for _, f := range frames {
		if len(f) > MaxFrame {
			return 0, fmt.Errorf("append to log %s: %d bytes: %w", l.dir, len(f), ErrTooLarge)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(frames) == 0 {
		return l.next - 1, l.usable()
	}
	if err := l.append(frames); err != nil {
		return 0, fmt.Errorf("append to log %s: %w", l.dir, err)
	}
	return l.next - 1, nil
}

func (l *Log) append(frames [][]byte) error {
	if err := l.usable(); err != nil {
		return err
	}
	if s := l.segments[len(l.segments)-1]; s.bytes >= l.opt.SegmentBytes && l.next > s.first {
		if err := l.room(headerBytes); err != nil {
			return err
		}
		if err := l.roll(); err != nil {
			return err
		}
	}
	buf := l.buf[:0]
	for i, f := range frames {
		buf = appendFrame(buf, l.salt, frameHead{seq: l.next + uint64(i), begins: i == 0}, f)
	}
	if cap(buf) <= keptBuffer {
		l.buf = buf
	}
	if err := l.room(int64(len(buf))); err != nil {
		return err
	}
	s := &l.segments[len(l.segments)-1]
	if _, err := l.active.WriteAt(buf, s.bytes); err != nil {
		cut := l.active.Truncate(s.bytes)
		if cut == nil {
			cut = l.sync(l.active) // or a power cut could bring back what was refused
		}
		if cut != nil {
			return l.poison(cut)
		}
		return fullOr(err)
	}
	if err := l.sync(l.active); err != nil {
		// It is not acknowledged, so it had better not be there when the log is opened anew; if it is, that is no loss.
		_ = l.active.Truncate(s.bytes)
		return l.poison(err)
	}
	s.bytes += int64(len(buf))
	l.next += uint64(len(frames))
	return nil
}

// usable tells why nothing can be appended.
func (l *Log) usable() error {
	if l.closed {
		return os.ErrClosed
	}
	if l.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, l.broken)
	}
	return nil
}

func (l *Log) poison(err error) error {
	l.broken = err
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// room tells whether the disk has room for so many bytes more.
func (l *Log) room(bytes int64) error {
	if l.opt.MinFree <= 0 {
		return nil
	}
	_, free, err := disk.Space(l.dir)
	if err != nil {
		return err
	}
	if int64(min(free, math.MaxInt64))-bytes < l.opt.MinFree {
		return fmt.Errorf("%w: %d bytes are free, %d are to stay free", ErrFull, free, l.opt.MinFree)
	}
	return nil
}

// fullOr is ErrFull for a write that found no room, else the error itself.
func fullOr(err error) error {
	if err != nil && isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// roll begins a new segment at next.
func (l *Log) roll() error {
	f, salt, err := l.create(segmentName(l.next), l.next, 0)
	if err != nil {
		return err
	}
	if l.active != nil {
		if err := l.active.Close(); err != nil {
			_ = f.Close()
			return l.poison(err)
		}
	}
	l.active, l.salt = f, salt
	l.segments = append(l.segments, segment{first: l.next, bytes: headerBytes})
	return nil
}

// create makes a file with a segment's header, durable with its name. After an error there is none.
func (l *Log) create(name string, first uint64, flags uint32) (f *os.File, salt uint64, err error) {
	path := filepath.Join(l.dir, name)
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, 0, fullOr(err)
	}
	salt, header := newHeader(first, flags)
	_, err = f.WriteAt(header, 0)
	if err == nil {
		err = l.sync(f)
	}
	if err == nil {
		err = l.syncFolder(l.dir)
	}
	if err != nil {
		_ = f.Close()
		if remove := os.Remove(path); remove != nil {
			return nil, 0, l.poison(remove)
		}
		return nil, 0, fullOr(err)
	}
	return f, salt, nil
}

// Trim removes segments all of whose frames are below before. The segment that is written to stays, and so does what a
// Replay that is under way may still read; a later Trim removes it.
func (l *Log) Trim(before uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("trim log %s: %w", l.dir, os.ErrClosed)
	}
	for _, from := range l.pins {
		before = min(before, from)
	}
	for len(l.segments) > 1 && l.segments[1].first <= before {
		if err := os.Remove(filepath.Join(l.dir, segmentName(l.segments[0].first))); err != nil {
			return fmt.Errorf("trim log %s: %w", l.dir, err)
		}
		l.segments = l.segments[1:]
		// Each removal by itself, so that a power cut cannot leave a hole among the segments.
		if err := l.syncFolder(l.dir); err != nil {
			return fmt.Errorf("trim log %s: %w", l.dir, err)
		}
	}
	return nil
}

// First returns the sequence number from which on frames are kept: that of the oldest frame, or Next if there is none.
func (l *Log) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segments[0].first
}

// Next returns the sequence number that the next frame gets. The first frame of a new log has 1.
func (l *Log) Next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Bytes returns what the segments take on the disk.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int64
	for _, s := range l.segments {
		n += s.bytes
	}
	return n
}

// Repairs tells what Open cut away and set aside; empty if the log was whole.
func (l *Log) Repairs() []Damage { return l.repairs }

// Close lets go of the log. All that was acknowledged is durable already.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.active.Close()
	if unlock := l.lock.Close(); err == nil {
		err = unlock
	}
	if err != nil {
		return fmt.Errorf("close log %s: %w", l.dir, err)
	}
	return nil
}

// maxEncoded bounds a frame's block on the disk.
func maxEncoded() int { return s2.MaxEncodedLen(MaxFrame) }
