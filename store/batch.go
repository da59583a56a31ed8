package store

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Names of the columns that a Batch makes itself where a row is larger than can be kept.
const (
	More = "_more" // what has no column of its own: name=value, one after the other with a space between
	Cut  = "_cut"  // how many bytes of the row's names and values were not kept
)

// Limits of a row. What goes beyond is moved into the column More, or cut; it is marked in the row and counted.
const (
	MaxRowBytes  = 1_900_000 // names and values of one row; the engine takes 2 MiB
	MaxColumns   = 1_900     // columns of one row; the engine takes 2,000
	MaxNameBytes = 128       // bytes of a column's name

	easyValue = 64 << 10 // a value up to this size is never cut while the row has room
	maxNames  = 1 << 16  // names of one batch
	moreBytes = 200_000  // room kept for More and Cut
)

// Trimmed counts what the limits of a row did.
type Trimmed struct {
	Rows   int   // rows that it was done to
	Folded int   // fields that were moved into More: a name too long, twice in one row, or one column too many
	Cut    int64 // bytes that were not kept
}

// Batch is a run of encoded rows. Its bytes are one version byte and then, for each row, the time (zigzag varint of the
// difference to the row before), and fields: the number of the name plus 2, or 1 and the name itself where it is new in
// the batch, then the value; 0 ends the row. Lengths and numbers are varints as in encoding/binary.
//
// The zero value is an empty batch. Once it is warm, a row that has no new name costs no allocation.
type Batch struct {
	buf   []byte
	names []string // names by number
	rows  int
	last  int64 // time of the row begun last

	known   map[string]*column // what was named in this batch or one before it, kept over Reset
	order   []*column          // fields of the row before by their place: most rows are like the one before
	batch   uint32             // counts Reset
	open    bool               // a row is begun and not ended
	room    int                // bytes left in the open row
	fields  int                // fields of the open row
	more    []byte             // fields of the open row without a column
	cut     int64              // bytes cut from the open row
	folded  int
	trimmed Trimmed
	scratch []byte
}

// column says where a known name stands in a batch, and in which row it was used last.
type column struct {
	name   string
	batch  uint32
	number int
	row    int
}

const batchVersion = 1

// Row begins a row. Its time is in nanoseconds since 1970, UTC.
func (b *Batch) Row(time int64) {
	b.end()
	if len(b.buf) == 0 {
		b.buf = append(b.buf, batchVersion)
	}
	b.buf = binary.AppendVarint(b.buf, time-b.last)
	b.last = time
	b.rows++
	b.open = true
	b.room = MaxRowBytes - moreBytes
	b.fields = 0
	b.cut = 0
	b.folded = 0
	b.more = b.more[:0]
}

// Field adds a field to the row begun last; there must be one. An empty value is no field. A name that is the engine's or
// this package's own (_time, _id, _stream …) or empty gets an underscore at its end.
func (b *Batch) Field(name, value string) {
	if value == "" {
		return
	}
	if !b.column(name) {
		b.fold(name, value)
		return
	}
	value = b.fit(value)
	b.buf = binary.AppendUvarint(b.buf, uint64(len(value)))
	b.buf = append(b.buf, value...)
}

// AppendField adds a field to the row begun last, whose value is what f appends.
func (b *Batch) AppendField(name string, f func(dst []byte) []byte) {
	b.scratch = f(b.scratch[:0])
	b.Field(name, unsafe.String(unsafe.SliceData(b.scratch), len(b.scratch)))
}

func (t *Trimmed) add(o Trimmed) {
	t.Rows += o.Rows
	t.Folded += o.Folded
	t.Cut += o.Cut
}

// Len returns the number of rows.
func (b *Batch) Len() int { return b.rows }

// Size returns the number of bytes of the rows so far.
func (b *Batch) Size() int { return len(b.buf) }

// Trimmed returns what the limits of a row did to the rows written since the batch was reset.
func (b *Batch) Trimmed() Trimmed {
	b.end()
	return b.trimmed
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.buf = b.buf[:0]
	b.names = b.names[:0]
	b.rows, b.last = 0, 0
	b.open = false
	b.trimmed = Trimmed{}
	b.order = b.order[:0]
	b.batch++
	if len(b.known) > maxNames/8 {
		clear(b.known)
	}
}

// column writes the number of a name, and says whether the row can have it as a column.
func (b *Batch) column(name string) bool {
	if !b.open {
		panic("store: a field before the first row")
	}
	if owned(name) {
		name += "_"
	}
	if len(name) > MaxNameBytes || b.fields >= MaxColumns-2 || b.room < len(name)+2 {
		return false
	}
	c := b.find(name)
	switch {
	case c.batch == b.batch && c.row == b.rows:
		return false
	case c.batch == b.batch && c.row > 0:
		b.buf = binary.AppendUvarint(b.buf, uint64(c.number)+2)
	case len(b.names) >= maxNames-2: // two are kept for More and Cut
		return false
	default:
		c.batch, c.number = b.batch, b.number(c.name)
	}
	c.row = b.rows
	b.fields++
	b.room -= len(name) + 2
	return true
}

// find returns what is known of a name.
func (b *Batch) find(name string) *column {
	if b.fields < len(b.order) && b.order[b.fields].name == name {
		return b.order[b.fields]
	}
	c := b.known[name]
	if c == nil {
		if b.known == nil {
			b.known = make(map[string]*column)
		}
		c = &column{name: strings.Clone(name)}
		b.known[c.name] = c
	}
	if b.fields < len(b.order) {
		b.order[b.fields] = c
	} else {
		b.order = append(b.order, c)
	}
	return c
}

// number writes a name that is new in the batch, and returns its number.
func (b *Batch) number(name string) int {
	b.names = append(b.names, name)
	b.buf = append(b.buf, 1)
	b.buf = binary.AppendUvarint(b.buf, uint64(len(name)))
	b.buf = append(b.buf, name...)
	return len(b.names) - 1
}

// owned says whether a column name is not for fields: the engine's, or ours.
func owned(name string) bool {
	if name == "" {
		return true
	}
	if name[0] != '_' {
		return false
	}
	switch name {
	case Time, ID, More, Cut, "_stream", "_stream_id":
		return true
	}
	return false
}

// fit returns what the row keeps of a value: all of it where there is room; a large one takes half of the room at most, so
// that what follows has room too.
func (b *Batch) fit(value string) string {
	kept := clip(value, min(max(easyValue, b.room/2), b.room))
	b.room -= len(kept)
	b.cut += int64(len(value) - len(kept))
	return kept
}

// clip returns the beginning of a text, of at most n bytes, without half a character at its end.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:n]
}

// fold puts a field into the column More.
func (b *Batch) fold(name, value string) {
	b.folded++
	room := moreBytes - 1024 - len(b.more)
	if room < len(name)+2 {
		b.cut += int64(len(name) + len(value))
		return
	}
	if len(b.more) > 0 {
		b.more = append(b.more, ' ')
	}
	b.more = append(b.more, name...)
	b.more = append(b.more, '=')
	kept := clip(value, room-len(name)-2)
	b.cut += int64(len(value) - len(kept))
	b.more = append(b.more, kept...)
}

// end writes the end of the open row, with the columns that its trimming makes.
func (b *Batch) end() {
	if !b.open {
		return
	}
	if b.folded > 0 || b.cut > 0 {
		b.trimmed.Rows++
		b.trimmed.Folded += b.folded
		b.trimmed.Cut += b.cut
		b.own(More, unsafe.String(unsafe.SliceData(b.more), len(b.more)))
		if b.cut > 0 {
			b.scratch = strconv.AppendInt(b.scratch[:0], b.cut, 10)
			b.own(Cut, unsafe.String(unsafe.SliceData(b.scratch), len(b.scratch)))
		}
	}
	b.buf = append(b.buf, 0)
	b.open = false
}

// own writes a column of the package's own.
func (b *Batch) own(name, value string) {
	if value == "" {
		return
	}
	if i := slices.Index(b.names, name); i >= 0 {
		b.buf = binary.AppendUvarint(b.buf, uint64(i)+2)
	} else {
		b.number(name)
	}
	b.buf = binary.AppendUvarint(b.buf, uint64(len(value)))
	b.buf = append(b.buf, value...)
}
