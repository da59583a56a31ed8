package event

import (
	"strings"
	"sync"
)

// LogSource names a kind of log as Sigma does: any of the three may be empty.
// Source: Sigma rules specification 2.1, "LogSource".
type LogSource struct {
	Category string `json:"category,omitempty" yaml:"category"`
	Product  string `json:"product,omitempty" yaml:"product"`
	Service  string `json:"service,omitempty" yaml:"service"`
}

// Format is what is common to all events of one dialect, such as sshd's lines or Windows events. It is immutable.
type Format struct {
	Name      string              // lower case, e.g. "windows", "sshd", "cloudtrail"
	LogSource LogSource           // what all its events are, as far as the format alone tells
	ECS       map[string][]string // ECS name → native names; the first that has a value is meant
}

// Shape is a sequence of field names that many events share. It is immutable; two events with the same *Shape
// have the same fields at the same places.
type Shape struct {
	Format *Format
	// Transient is set on a shape that was made past the bound of its Shapes: it is not shared, so nothing should be cached for it.
	Transient bool

	fields []string
	exact  map[string]int // name → place; the first of equal names
	folded map[string]int // folded name → place
}

// NewShape makes a shape that no interner knows. Parsers of fixed formats make theirs once, as package variables;
// those of open formats (JSON, CSV, EVTX) use Shapes.Intern.
func NewShape(f *Format, fields ...string) *Shape {
	s := &Shape{Format: f, fields: fields, exact: make(map[string]int, len(fields)), folded: make(map[string]int, len(fields))}
	for i, n := range fields {
		if _, ok := s.exact[n]; !ok {
			s.exact[n] = i
		}
		if k := FoldName(n); !hasKey(s.folded, k) {
			s.folded[k] = i
		}
	}
	return s
}

func hasKey(m map[string]int, k string) bool { _, ok := m[k]; return ok }

// FoldName returns a field name as names are compared when they differ as written: lower case, without spaces
// (Sigma rules specification 2.1, "Field Usage").
func FoldName(n string) string {
	return strings.ToLower(strings.ReplaceAll(n, " ", ""))
}

// Fields returns the names in order. The caller must not change the slice.
func (s *Shape) Fields() []string { return s.fields }

// Slot says where the values of one field are found in all events of a shape.
type Slot struct {
	place int32    // 1 + index into Values; 0: the shape has no such field; inRaw: see there
	path  string   // the rest of a dotted name inside a List or Object value; "" for the value itself
	more  []string // ECS: further native names to try when the first has no value
}

// inRaw is the place of a field that is an object whose members are fields of the shape: it is read from Event.Raw.
const inRaw = -1

// Found tells whether events of the shape can have the field at all.
func (s Slot) Found() bool { return s.place != 0 }

// Value returns the field's value in e, the zero Value where it has none. A value inside of a JSON array of objects
// comes as a List.
func (s Slot) Value(e *Event) Value {
	switch s.place {
	case 0:
		return Value{}
	case inRaw:
		return Value{Raw: e.Raw, Kind: Object}.Path(s.path)
	}
	v := e.Values[s.place-1]
	if s.path != "" {
		v = v.Path(s.path)
	}
	if s.more != nil && v.blank() {
		for _, n := range s.more {
			if w := e.Shape.native(n).Value(e); !w.blank() {
				return w
			}
		}
	}
	return v
}

// blank tells whether v says nothing: it is not there, is empty, or is the "-" by which Windows and web servers say so.
func (v Value) blank() bool {
	return v.Kind <= Null || v.Raw == "" || v.Raw == "-" || v.Kind == UTF16 && v.Raw == "-\x00"
}

// Direct returns the index into Event.Values where the field's value is, if nothing more than that is needed to read it.
func (s Slot) Direct() (int, bool) {
	return int(s.place) - 1, s.place > 0 && s.path == "" && s.more == nil
}

// Slot finds a field: by its native name as written; else folded (see FoldName); else as a dotted name into a nested
// value; else as an ECS name of the shape's format.
func (s *Shape) Slot(name string) Slot {
	n := s.native(name)
	switch {
	case s.Format == nil:
		return n
	case !n.Found():
		return s.ecs(name)
	case n.path != "": // "user.name" into a field "user" that may be mere text
		n.more = s.Format.ECS[name]
	}
	return n
}

// ECS finds a field by its ECS name only: as the format maps it, or native where the source itself speaks ECS.
func (s *Shape) ECS(name string) Slot {
	if i, ok := s.exact[name]; ok {
		return Slot{place: int32(i) + 1}
	}
	if s.Format == nil {
		return Slot{}
	}
	return s.ecs(name)
}

func (s *Shape) ecs(name string) Slot {
	var first Slot
	for i, n := range s.Format.ECS[name] {
		if slot := s.native(n); slot.Found() {
			first = slot
			if rest := s.Format.ECS[name][i+1:]; len(rest) > 0 {
				first.more = rest
			}
			break
		}
	}
	return first
}

func (s *Shape) native(name string) Slot {
	if i, ok := s.exact[name]; ok {
		return Slot{place: int32(i) + 1}
	}
	if i, ok := s.folded[FoldName(name)]; ok {
		return Slot{place: int32(i) + 1}
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '.' {
			continue
		}
		if j, ok := s.exact[name[:i]]; ok {
			return Slot{place: int32(j) + 1, path: name[i+1:]}
		}
	}
	if s.object(name) {
		return Slot{place: inRaw, path: name}
	}
	return Slot{}
}

// object tells whether name is an object of which the shape has members.
func (s *Shape) object(name string) bool {
	for _, f := range s.fields {
		if len(f) > len(name) && f[len(name)] == '.' && f[:len(name)] == name {
			return true
		}
	}
	return false
}

// Shapes interns shapes, up to a bound, so that equal sequences of names share one Shape. It is safe for concurrent use.
type Shapes struct {
	mu   sync.RWMutex
	byID map[string]*Shape
	held int // fields of the shapes in byID
	size int // of their names, bytes
}

// MaxShapes bounds the shapes that one Shapes holds; past it Intern returns transient ones. Real logs have some
// hundreds; the bound is there for input that makes up a new field in every record.
const MaxShapes = 8192

// MaxShapeFields bounds the fields of all shapes that one Shapes holds, some 50 MB.
const MaxShapeFields = 1 << 18

// maxShapeBytes bounds the names of all shapes together, in the same way.
const maxShapeBytes = 32 << 20

// Intern returns the shape of these fields. It keeps a copy of the slice, not of the strings.
func (s *Shapes) Intern(f *Format, fields []string) *Shape {
	key := f.Name + "\x00" + strings.Join(fields, "\x00")
	s.mu.RLock()
	sh := s.byID[key]
	s.mu.RUnlock()
	if sh != nil {
		return sh
	}
	own := make([]string, len(fields))
	for i, n := range fields {
		own[i] = strings.Clone(n)
	}
	sh = NewShape(f, own...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byID[key]; old != nil {
		return old
	}
	if s.byID == nil {
		s.byID = make(map[string]*Shape)
	}
	if len(s.byID) >= MaxShapes || s.held+len(own) > MaxShapeFields || s.size+len(key) > maxShapeBytes {
		sh.Transient = true
		return sh
	}
	s.held += len(own)
	s.size += len(key)
	s.byID[key] = sh
	return sh
}
