package evtx

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// A fragment of binary XML refers to its names by their place in the chunk, where it may or may not hold the name
// itself; the same template therefore has other bytes in every chunk. Flattening turns it into bytes that depend on
// nothing around them and are equal wherever the fragment says the same: the key by which its plan is known again.
//
// The flat form is a sequence of
//
//	flatOpen  name     an element begins
//	flatAttr  name     an attribute begins, its value follows
//	flatBody           the attributes are over
//	flatClose          the element is over
//	flatText  text     literal text
//	flatSub   index    the value of a substitution, as uint16
//
// with name and text as a uint16 length and UTF-8.
const (
	flatOpen = iota + 1
	flatAttr
	flatBody
	flatClose
	flatText
	flatSub
)

// The tokens of binary XML (MS-EVEN6 §2.2.12); 0x40 is set on some where more follows.
const (
	tokenEnd          = 0x00
	tokenOpen         = 0x01
	tokenCloseStart   = 0x02
	tokenCloseEmpty   = 0x03
	tokenCloseElement = 0x04
	tokenValue        = 0x05
	tokenAttribute    = 0x06
	tokenCDATA        = 0x07
	tokenCharRef      = 0x08
	tokenEntityRef    = 0x09
	tokenPITarget     = 0x0a
	tokenPIData       = 0x0b
	tokenTemplate     = 0x0c
	tokenSub          = 0x0d
	tokenOptionalSub  = 0x0e
	tokenFragment     = 0x0f
	tokenMore         = 0x40
)

const (
	maxDepth   = 64        // of elements within elements
	maxName    = 1024      // UTF-16 units
	maxFlat    = 128 << 10 // bytes of one flat fragment: twice a chunk, which no honest one reaches
	maxLiteral = 1<<16 - 1
)

var (
	errEnds     = errors.New("binary XML ends early")
	errToken    = errors.New("unknown token of binary XML")
	errName     = errors.New("a name lies outside of its chunk or is too long")
	errUnnamed  = errors.New("an element has no name")
	errDepth    = errors.New("elements are nested too deeply")
	errSize     = errors.New("a template is larger than a chunk can hold")
	errTemplate = errors.New("a template is not where the record says")
	errValues   = errors.New("a value lies outside of its record")
	errEmpty    = errors.New("the record holds no XML")
)

// flattener turns fragments of one chunk into the flat form.
type flattener struct {
	chunk string
	pos   int
	end   int
	flat  []byte

	// lift is set for XML that stands in a record without a template: its text then becomes values, as if it had been
	// substituted, so that all such records of one structure are flat alike. Only what names a field stays literal.
	lift   bool
	lifted []event.Value

	depID   bool // elements begin with a dependency identifier, as they do in templates
	depth   int
	inStart bool // between an element's name and the end of its attributes
	naming  bool // in the attribute that names a field
	pending bool // an attribute's value was begun and holds nothing yet
}

// run flattens the fragment at chunk[pos:end] and returns where it ends.
func (f *flattener) run(chunk string, pos, end int, lift bool) (int, error) {
	*f = flattener{chunk: chunk, pos: pos, end: min(end, len(chunk)), flat: f.flat[:0], lifted: f.lifted[:0], lift: lift, depID: !lift}
	for f.pos < f.end {
		token := f.chunk[f.pos]
		f.pos++
		if token == tokenEnd {
			break
		}
		if err := f.token(token&^tokenMore, token&tokenMore != 0); err != nil {
			return f.pos, err
		}
		if len(f.flat) > maxFlat {
			return f.pos, errSize
		}
		if f.depth == 0 && len(f.flat) > 0 && lift {
			break // one element is all; what follows in the record is padding
		}
	}
	if f.depth > 0 {
		return f.pos, errEnds
	}
	return f.pos, nil
}

func (f *flattener) token(token byte, more bool) error {
	switch token {
	case tokenOpen:
		return f.open(more)
	case tokenCloseStart:
		f.startOver()
		return nil
	case tokenCloseEmpty:
		f.startOver()
		return f.close()
	case tokenCloseElement:
		return f.close()
	case tokenAttribute:
		return f.attribute()
	case tokenValue:
		return f.value()
	case tokenCDATA:
		return f.counted(true)
	case tokenCharRef:
		if !f.has(2) {
			return errEnds
		}
		f.text(string(rune(u16(f.chunk, f.pos))))
		f.pos += 2
		return nil
	case tokenEntityRef:
		return f.entity()
	case tokenPITarget:
		_, err := f.name()
		return err
	case tokenPIData:
		return f.counted(false)
	case tokenSub, tokenOptionalSub:
		return f.substitution()
	case tokenFragment:
		if !f.has(3) {
			return errEnds
		}
		f.pos += 3
		return nil
	}
	return errToken
}

func (f *flattener) has(n int) bool { return n <= f.end-f.pos }

// open reads the start of an element: [dependency id], size, name, [size of the attributes]. Writers differ in where
// they leave out the dependency id; the layout whose name makes sense is the right one.
func (f *flattener) open(attributes bool) error {
	if f.depth >= maxDepth {
		return errDepth
	}
	if !f.layout(f.depID) {
		if !f.layout(!f.depID) {
			return errName
		}
		f.depID = !f.depID
	}
	f.pos += 4
	if f.depID {
		f.pos += 2
	}
	if f.inStart {
		f.startOver()
	}
	name, err := f.name()
	if err != nil {
		return err
	}
	if name == "" {
		return errUnnamed
	}
	if attributes {
		if !f.has(4) {
			return errEnds
		}
		f.pos += 4
	}
	f.depth++
	f.putUTF16(flatOpen, name)
	f.inStart = true
	return nil
}

// layout tells whether an element's start makes sense with or without a dependency id.
func (f *flattener) layout(depID bool) bool {
	at := f.pos + 4
	if depID {
		at += 2
	}
	if at+4 > f.end {
		return false
	}
	name := int64(u32(f.chunk, at))
	if name == int64(at+4) {
		return true
	}
	if name < chunkHeader || name+10 > int64(len(f.chunk)) {
		return false
	}
	over := name + 8 + 2*int64(u16(f.chunk, int(name)+6))
	return over+2 <= int64(len(f.chunk)) && u16(f.chunk, int(over)) == 0
}

// name reads the place of a name, and the name itself where it stands here, and returns it in UTF-16.
func (f *flattener) name() (string, error) {
	if !f.has(4) {
		return "", errEnds
	}
	at := int(u32(f.chunk, f.pos))
	f.pos += 4
	if at < 0 || at > len(f.chunk)-8 {
		return "", errName
	}
	n := u16(f.chunk, at+6)
	if n > maxName || at+8+2*n > len(f.chunk) {
		return "", errName
	}
	if at == f.pos {
		if f.pos += 10 + 2*n; f.pos > f.end {
			return "", errEnds
		}
	}
	return f.chunk[at+8 : at+8+2*n], nil
}

// putUTF16 appends a name or text that comes in UTF-16.
func (f *flattener) putUTF16(kind byte, text string) {
	f.flat = append(f.flat, kind, 0, 0)
	start := len(f.flat)
	f.flat = appendUTF8(f.flat, text)
	f.flat = f.flat[:min(len(f.flat), start+maxLiteral)]
	binary.LittleEndian.PutUint16(f.flat[start-2:], uint16(len(f.flat)-start))
}

func (f *flattener) put(kind byte, text []byte) {
	text = text[:min(len(text), maxLiteral)]
	f.flat = append(f.flat, kind)
	f.flat = binary.LittleEndian.AppendUint16(f.flat, uint16(len(text)))
	f.flat = append(f.flat, text...)
}

// startOver ends the attributes of the element that was opened last.
func (f *flattener) startOver() {
	f.emptyAttribute()
	if f.inStart {
		f.flat = append(f.flat, flatBody)
	}
	f.inStart, f.naming = false, false
}

// emptyAttribute gives an attribute without any value in lifted XML an empty one, so that it is not taken for absent.
func (f *flattener) emptyAttribute() {
	if f.pending {
		f.put(flatText, nil)
	}
	f.pending = false
}

func (f *flattener) close() error {
	if f.depth == 0 {
		return errToken
	}
	f.startOver()
	f.depth--
	f.flat = append(f.flat, flatClose)
	return nil
}

func (f *flattener) attribute() error {
	if !f.inStart {
		return errToken
	}
	f.emptyAttribute()
	name, err := f.name()
	if err != nil {
		return err
	}
	f.putUTF16(flatAttr, name)
	f.naming = name == "N\x00a\x00m\x00e\x00"
	f.pending = true
	return nil
}

// value reads a literal value. It is a string as a rule; other types have a fixed size.
func (f *flattener) value() error {
	if !f.has(1) {
		return errEnds
	}
	kind := f.chunk[f.pos]
	f.pos++
	if kind == typeString {
		return f.counted(true)
	}
	n := fixedSize[kind]
	if n == 0 {
		return errToken
	}
	if !f.has(n) {
		return errEnds
	}
	f.literal(decode(kind, f.chunk[f.pos:f.pos+n]))
	f.pos += n
	return nil
}

// counted reads UTF-16 text with its length before it, and keeps it or not.
func (f *flattener) counted(keep bool) error {
	if !f.has(2) {
		return errEnds
	}
	n := 2 * u16(f.chunk, f.pos)
	f.pos += 2
	if !f.has(n) {
		return errEnds
	}
	if keep {
		f.literal(decode(typeString, f.chunk[f.pos:f.pos+n]))
	}
	f.pos += n
	return nil
}

func (f *flattener) literal(v event.Value) {
	if !f.lift || f.inStart && f.naming || len(f.lifted) >= maxLiteral {
		f.pending = false
		if v.Kind == event.UTF16 {
			f.putUTF16(flatText, v.Raw)
		} else {
			f.put(flatText, v.Append(nil))
		}
		return
	}
	f.sub(len(f.lifted))
	f.lifted = append(f.lifted, v)
}

func (f *flattener) text(s string) {
	f.pending = false
	f.put(flatText, []byte(s))
}

func (f *flattener) entity() error {
	name, err := f.name()
	if err != nil {
		return err
	}
	text := string(appendUTF8(nil, name))
	switch text {
	case "amp":
		f.text("&")
	case "lt":
		f.text("<")
	case "gt":
		f.text(">")
	case "quot":
		f.text(`"`)
	case "apos":
		f.text("'")
	default:
		f.text("&" + text + ";")
	}
	return nil
}

func (f *flattener) substitution() error {
	if !f.has(3) {
		return errEnds
	}
	if !f.lift { // XML without a template has nothing to substitute
		f.sub(u16(f.chunk, f.pos))
	}
	f.pos += 3
	return nil
}

func (f *flattener) sub(index int) {
	f.pending = false
	f.flat = binary.LittleEndian.AppendUint16(append(f.flat, flatSub), uint16(index))
}

// appendUTF8 appends UTF-16LE text in UTF-8.
func appendUTF8(dst []byte, s string) []byte {
	for i := 0; i+1 < len(s); i += 2 {
		r := rune(u16(s, i))
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
			continue
		}
		if utf16.IsSurrogate(r) && i+3 < len(s) {
			if d := utf16.DecodeRune(r, rune(u16(s, i+2))); d != utf8.RuneError {
				r, i = d, i+2
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
