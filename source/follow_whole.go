package source

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// changed tells whether a whole file is not as it was when it was read.
func (t *tail) changed(info os.FileInfo) bool {
	return !t.Whole || t.Size != info.Size() || t.Mod != info.ModTime().UnixNano()
}

// wholeTurn has a whole file read once nobody writes to it any more.
func (f *following) wholeTurn(s *series, t *tail, info os.FileInfo) (verdict, error) {
	if t.Done && !t.changed(info) {
		t.close()
		t.resting = true
		return verdict{again: true}, nil
	}
	if end := info.ModTime().Add(f.pauses.whole); f.now().Before(end) {
		return verdict{due: end}, nil
	}
	head := make([]byte, fingerprintSize)
	n, err := readAt(t.file, head, 0)
	if err != nil {
		f.deny(s, err)
		return verdict{}, nil
	}
	if t.Format == eventLog { // its head changes with each record, and its inode stays
		n = 0
		if highestRecord(t.file, info.Size()) < t.Record {
			t.Record = 0 // it was cleared
		}
	}
	t.Head, t.Tail, t.Raw = printOf(head[:n]), print{}, 0
	t.of(info)
	t.Size, t.Done = info.Size(), false
	s.busy = true
	f.whole = append(f.whole, s)
	return verdict{}, nil
}

// maxWholeNotices bounds the notices about the parts of one file.
const maxWholeNotices = 10

// wholeReading is one reading of a whole file.
type wholeReading struct {
	f       *following
	s       *series
	t       *tail
	from    cursor // where to go on; its Member is "" at the start
	held    *event.Block
	unread  int
	record  uint64 // the highest number of a record of what is held
	failure error
}

// readWhole reads a whole file from where its cursor is. It runs beside the others, and alone has the series meanwhile.
func (f *following) readWhole(ctx context.Context, s *series) error {
	t := s.last()
	w := &wholeReading{f: f, s: s, t: t, from: t.cursor}
	files := &Files{opt: Options{
		Recognise: f.reader.formatOf, Zone: f.reader.env.Zone, BlockSize: f.reader.block, TempDir: f.reader.env.TempDir,
		Limits: Limits{}.withDefaults(),
	}}
	r := &reader{Files: files, ctx: ctx, yield: w.block}
	r.meter = meter{limits: &files.opt.Limits, read: &files.read, size: t.Size}
	in := io.NewSectionReader(t.file, 0, t.Size) // whatever its name is by now
	r.open(layer{path: t.path, in: r.meter.disk(in), mod: t.modified(), file: t.file, size: t.Size})
	t.close()
	if err := context.Cause(ctx); w.failure != nil || err != nil {
		return errors.Join(w.failure, err)
	}
	if w.held == nil {
		t.Done = true
		return nil
	}
	return w.flush(true)
}

// block takes a block, and sends the one before it: the last is sent with the word that it is the last.
func (w *wholeReading) block(b event.Block, u *event.Unread) bool {
	if u != nil {
		if w.unread++; w.unread <= maxWholeNotices {
			w.f.tell(NoticeUnreadable, w.s.stream, 0, u.Path+": "+u.Reason)
		}
		return true
	}
	if b.Origin.Format == eventLog {
		if b = w.newRecords(b); b.Data == "" {
			return true
		}
	} else if b = w.rest(b); b.Data == "" {
		return true
	}
	if w.held != nil {
		if w.failure = w.flush(false); w.failure != nil {
			return false
		}
	}
	w.held = &b
	return true
}

// rest returns what of a block was not read before.
func (w *wholeReading) rest(b event.Block) event.Block {
	if w.from.Member == "" {
		return b
	}
	if b.Origin.Path != w.from.Member {
		if w.from.Size < 0 {
			return b // a member after that one
		}
		return event.Block{}
	}
	w.from.Size = -1
	if over := w.from.Offset - b.Offset; over > 0 {
		over = min(over, int64(len(b.Data)))
		b.First += int64(strings.Count(b.Data[:over], "\n"))
		b.Data, b.Offset = b.Data[over:], b.Offset+over
	}
	return b
}

func (w *wholeReading) flush(last bool) error {
	b, t := w.held, w.t
	w.held = nil
	t.Member, t.Offset, t.Done = b.Origin.Path, b.Offset+int64(len(b.Data)), last
	t.Line = b.First + int64(strings.Count(b.Data, "\n"))
	t.Format = b.Origin.Format
	t.Record = max(t.Record, w.record)
	return w.f.send(w.s, t, *b, !last || t != w.s.last())
}
