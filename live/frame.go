package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
)

// A frame of the write-ahead log is one delivery as it came, so that everything that is made of it can be made again:
// a version, numbers as varints, texts with their length before them.
const frameVersion = 1

// errFrame is a frame that no version of this program has written.
var errFrame = errors.New("not a frame of deliveries")

// appendFrame encodes a delivery that arrived at some time, nanoseconds since 1970.
func appendFrame(dst []byte, d *source.Delivery, arrived int64) []byte {
	o := d.Block.Origin
	var flags uint64
	if d.Behind {
		flags = 1
	}
	var reference int64
	if !o.Reference.IsZero() {
		reference = o.Reference.UnixNano()
	}
	dst = append(dst, frameVersion)
	dst = binary.AppendUvarint(dst, flags)
	for _, n := range []int64{arrived, d.Since, reference, d.Block.Offset, d.Block.First} {
		dst = binary.AppendVarint(dst, n)
	}
	for _, s := range []string{d.Stream, d.Position, o.Path, o.Format, o.Sender, zoneName(o.Zone), d.Block.Header, d.Block.Data} {
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	return dst
}

// readFrame decodes what appendFrame has made; the delivery shares no memory with p.
func readFrame(p []byte) (d source.Delivery, arrived int64, err error) {
	if len(p) == 0 || p[0] != frameVersion {
		return d, 0, errFrame
	}
	text := string(p[1:]) // one copy for all strings
	at := 0
	next := func() uint64 {
		v, n := binary.Uvarint(p[1+at:])
		if n <= 0 {
			err, n = errFrame, 0
		}
		at += n
		return v
	}
	flags := next()
	var numbers [5]int64
	for i := range numbers {
		v := next()
		numbers[i] = int64(v>>1) ^ -int64(v&1)
	}
	var texts [8]string
	for i := range texts {
		n := next()
		if err != nil || n > uint64(len(text)-at) {
			return d, 0, fmt.Errorf("%w: it ends early", errFrame)
		}
		texts[i] = text[at : at+int(n)]
		at += int(n)
	}
	o := &event.Origin{Path: texts[2], Format: texts[3], Sender: texts[4], Zone: zoneOf(texts[5])}
	if numbers[2] != 0 {
		o.Reference = time.Unix(0, numbers[2]).UTC()
	}
	return source.Delivery{
		Stream: texts[0], Position: texts[1], Behind: flags&1 != 0, Since: numbers[1],
		Block: event.Block{Origin: o, Header: texts[6], Data: texts[7], Offset: numbers[3], First: numbers[4]},
	}, numbers[0], nil
}

// zoneName is a time zone as zoneOf reads it: its name, or the offset of one that has none.
func zoneName(z *time.Location) string {
	if z == nil {
		return ""
	}
	if name := z.String(); name != "" {
		return name
	}
	return time.Unix(0, 0).In(z).Format("-07:00")
}

func zoneOf(name string) *time.Location {
	if name == "" {
		return nil
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		return t.Location()
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil // of a machine that knows other zones: UTC
	}
	return z
}
