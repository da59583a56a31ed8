package source

import (
	"encoding/binary"
	"io"
	"strconv"

	"github.com/tocsin-sec/tocsin/event"
)

// eventLog is the format whose files are not written at their end alone, so that they are read whole: again when they
// have changed, but for the records that were read before.
const eventLog = "evtx"

// The chunks of an event log and their headers (libyal, "Windows XML Event Log (EVTX) format", 3).
const (
	chunkBytes   = 64 << 10
	chunkMagic   = "ElfChnk\x00"
	chunkHighest = 32 // the highest number of a record in it, 64 bits little endian
	chunksStart  = 4096
)

// newRecords returns what of a block of an event log was not read before: the chunks that hold records of a higher
// number, and in the header above which number they count. A log is written within its chunks, and from the start
// again when it is full.
func (w *wholeReading) newRecords(b event.Block) event.Block {
	low, high := -1, 0
	for at := 0; at < len(b.Data); at += chunkBytes {
		last, whole := highestOf([]byte(b.Data[at:min(at+chunkHighest+8, len(b.Data))]))
		if whole && last > w.from.Record || !whole && w.from.Record == 0 {
			if low < 0 {
				low = at
			}
			high = min(at+chunkBytes, len(b.Data))
		}
		if whole {
			w.record = max(w.record, last)
		}
	}
	if low < 0 {
		return event.Block{}
	}
	if w.from.Record > 0 {
		b.Header = "after " + strconv.FormatUint(w.from.Record, 10)
	}
	b.Data, b.Offset = b.Data[low:high], b.Offset+int64(low)
	return b
}

// highestOf returns the highest number of a record in the chunk that begins with head.
func highestOf(head []byte) (uint64, bool) {
	if len(head) < chunkHighest+8 || string(head[:len(chunkMagic)]) != chunkMagic {
		return 0, false
	}
	n := binary.LittleEndian.Uint64(head[chunkHighest:])
	return n, n < 1<<62 // an empty chunk says that its last record is -1
}

// highestRecord returns the highest number of a record in an event log of this size.
func highestRecord(in io.ReaderAt, size int64) uint64 {
	var top uint64
	head := make([]byte, chunkHighest+8)
	for at := int64(chunksStart); at < size; at += chunkBytes {
		if _, err := in.ReadAt(head, at); err != nil {
			break
		}
		if n, ok := highestOf(head); ok {
			top = max(top, n)
		}
	}
	return top
}
