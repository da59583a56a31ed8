package evtx

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// typesValues are the values of the template that has one of each type.
func typesValues() []val {
	return []val{
		str("grün 🔔\x00"), raw(typeAnsi, 'a', 0xe9, 0x80, 0), raw(typeInt8, 0xff), raw(typeUint8, 200), raw(typeInt16, 0, 0x80),
		raw(typeInt32, 0xfe, 0xff, 0xff, 0xff), raw(typeInt64, 1, 0, 0, 0, 0, 0, 0, 0x80), raw(typeReal32, 0, 0, 0xc0, 0x3f),
		raw(typeReal64, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf), raw(typeBool, 2, 0, 0, 0), raw(typeBool, 0, 0, 0, 0),
		raw(typeBinary, 0xde, 0xad, 0x0b), raw(typeSize, 0x10, 0x27, 0, 0, 0, 0, 0, 0),
		raw(typeSystemTime, 0xe8, 7, 2, 0, 4, 0, 29, 0, 23, 0, 59, 0, 58, 0, 0xe7, 3), raw(typeHex32, 0x10, 0x14, 0, 0),
		raw(typeString|typeArray, utf16le("one\x00two \"2\"\x00")...), raw(typeUint16|typeArray, 1, 0, 2, 0),
		{},
		raw(typeUint8, 9),
		str("x "),
	}
}

var systemFields = map[string]string{
	"Provider_Name": "Tocsin-Sample", "Provider_Guid": "{01020304-0506-0708-090a-0b0c0d0e0f10}", "Version": "2", "Level": "4",
	"Keywords": "0x8020000000000000", "Execution_ProcessID": "1234", "Execution_ThreadID": "4294967280", "Channel": "Sample",
	"Computer": "bell.example", "Security_UserID": "S-1-5-18",
}

func withSystem(id int, fields map[string]string) map[string]string {
	for name, v := range systemFields {
		fields[name] = v
	}
	fields["EventRecordID"] = fmt.Sprint(id)
	fields["TimeCreated"] = fmt.Sprintf("2024-05-06T07:08:%02d.1234567Z", 9+id)
	return fields
}

// inlineEvent is a record without a template, as collectors write them.
func inlineEvent(id string) elem {
	return elem{name: "Event", kids: []any{
		elem{name: "System", kids: []any{
			elem{name: "Provider", attrs: []attr{{"Name", []any{"Tocsin-Sample"}}}},
			elem{name: "EventID", kids: []any{"7"}},
			elem{name: "TimeCreated", attrs: []attr{{"SystemTime", []any{"2024-05-06T07:08:17.5Z"}}}},
			elem{name: "EventRecordID", kids: []any{id}},
		}},
		elem{name: "EventData", kids: []any{
			data("One", "1 ", entity("lt"), " 2"), data("Two", "two"), data("Three", ""),
			elem{name: "Data", kids: []any{"loose"}},
		}},
		elem{name: "RenderingInfo", kids: []any{
			elem{name: "Message", kids: []any{"It rings."}}, elem{name: "Level", kids: []any{"Information"}},
		}},
	}}
}

func TestRecords(t *testing.T) {
	cases := []struct {
		name  string
		write func(w *chunkWriter)
		want  map[string]string
	}{
		{"every type", func(w *chunkWriter) { w.event(1, 1, types, typesValues()...) }, withSystem(1, map[string]string{
			"EventID": "1", "Text": "grün 🔔", "Ansi": "aé€", "Int8": "-1", "Uint8": "200", "Int16": "-32768", "Int32": "-2",
			"Int64": "-9223372036854775807", "Real32": "1.5", "Real64": "-1.5", "True": "true", "False": "false",
			"Bytes": "DEAD0B", "Size": "0x2710", "Clock": "2024-02-29T23:59:58.999Z", "Hex32": "0x1410",
			"Words": `["one","two \"2\""]`, "Numbers": `["1","2"]`, "Void": "", "Fixed": "as it stands",
			"EventData_Level": "9", "Bare": "", "With blanks ": "x ",
		})},
		{"unnamed data", func(w *chunkWriter) {
			w.event(2, 2, classic, raw(typeString|typeArray, utf16le("one\x00two\x00")...), raw(typeBinary, 0xaa))
		}, withSystem(2, map[string]string{"EventID": "2", "Data": `["one","two"]`, "Binary": "AA"})},
		{
			"one unnamed data", func(w *chunkWriter) { w.event(3, 3, classic, str("one")) },
			withSystem(3, map[string]string{"EventID": "3", "Data": "one"}),
		},
		{"user data", func(w *chunkWriter) { w.event(4, 4, user, str("p"), num32(5)) }, withSystem(4, map[string]string{
			"EventID": "4", "Param1": "p", "Param2": "a&b é<c>", "Item_id": `["1","5"]`, "Item": `["one","two"]`, "Only_attr": "x5",
		})},
		{"no template", func(w *chunkWriter) {
			w.record(5, ticks, func() {
				w.byte(tokenFragment, 1, 1, 0)
				w.element(inlineEvent("77"), false)
			})
		}, map[string]string{
			"Provider_Name": "Tocsin-Sample", "EventID": "7", "TimeCreated": "2024-05-06T07:08:17.5Z", "EventRecordID": "77",
			"One": "1 < 2", "Two": "two", "Three": "", "Data": "loose", "Message": "It rings.", "RenderingInfo_Level": "Information",
		}},
		{"no template, dependency ids", func(w *chunkWriter) {
			w.record(6, ticks, func() {
				w.byte(tokenFragment, 1, 1, 0)
				w.element(elem{name: "Event", kids: []any{elem{name: "EventData", kids: []any{data("A", "b")}}}}, true)
			})
		}, map[string]string{"A": "b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newChunk()
			c.write(w)
			out := readAll(t, c.name, file(w.finish()), 1<<20)
			if len(out.Events) != 1 || len(out.Unread) > 0 {
				t.Fatalf("%d events, unread %v", len(out.Events), out.Unread)
			}
			got := ourFields(&out.Events[0])
			for name, w := range c.want {
				if got[name] != w {
					t.Errorf("%s is %q, want %q", name, got[name], w)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("fields %v, want %v", got, c.want)
			}
		})
	}
}

// The time and the number of an event are those that it states itself, and the record's where it states none.
func TestTimeAndNumber(t *testing.T) {
	w := newChunk()
	w.event(9, 1, logon, str("u"), str("192.0.2.7"), num32(3))
	w.record(10, ticks, func() {
		w.byte(tokenFragment, 1, 1, 0)
		w.element(elem{name: "Event", kids: []any{elem{name: "EventData", kids: []any{data("A", "b")}}}}, false)
	})
	w.record(11, ticks, func() {
		w.byte(tokenFragment, 1, 1, 0)
		w.element(inlineEvent("77"), false)
	})
	out := readAll(t, "time", file(w.finish()), 1<<20)
	var got []string
	for i := range out.Events {
		got = append(got, fmt.Sprint(out.Events[i].Record, " ", out.Events[i].When().Format("15:04:05.0000000")))
	}
	want := []string{"9 07:08:18.1234567", "10 07:08:09.1234567", "77 07:08:17.5000000"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A template is the same template in the next chunk, where all its names stand elsewhere: the shape is shared, and
// nothing is allocated for it.
func TestTemplatesAreKnownAgain(t *testing.T) {
	out := readAll(t, "sample", sample(2000), 1<<20)
	if len(out.Events) != 2000 || len(out.Unread) > 0 {
		t.Fatalf("%d events, unread %v", len(out.Events), out.Unread)
	}
	for i := range out.Events {
		e := &out.Events[i]
		if e.Shape != out.Events[0].Shape {
			t.Fatalf("record %d has another shape: %v", e.Record, e.Shape.Fields())
		}
		if got, want := e.Get("user.name").String(), fmt.Sprintf("user%d", i+1); got != want {
			t.Fatalf("record %d: user.name is %q, want %q", e.Record, got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	data := string(sample(500)[fileHeader:])
	parser, out := NewParser(&event.Shapes{}), &event.Batch{}
	block := event.Block{Origin: &event.Origin{}, Data: data}
	parser.Parse(block, out)
	if n := testing.AllocsPerRun(5, func() { out.Reset(); parser.Parse(block, out) }); n > 0 {
		t.Errorf("%v allocations for %d records, want none", n, len(out.Events))
	}
}

func TestDetect(t *testing.T) {
	log := string(sample(3))
	damaged := "\x00\x00" + log[2:]
	cases := []struct {
		name, head string
		want       int
	}{
		{"file", log, 100},
		{"magic alone", "ElfFile\x00", 100},
		{"chunk", log[fileHeader:], 90},
		{"chunk magic alone", "ElfChnk\x00", 90},
		{"damaged file header", damaged, 80},
		{"text", "ElfFile of a kind", 0},
		{"nothing", "", 0},
	}
	for _, c := range cases {
		if got := Detect(c.head); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// The events of a stream are the same however its bytes arrive.
func TestAnyStep(t *testing.T) {
	log := sample(1500)
	want := readAll(t, "whole", log, len(log))
	for _, step := range []int{1000, 65536, 65536 + 44, 100_000, 1 << 20} {
		got := readAll(t, "steps", log, step)
		if len(got.Events) != len(want.Events) || len(got.Unread) != len(want.Unread) {
			t.Errorf("step %d: %d events, %d unread, want %d, %d", step, len(got.Events), len(got.Unread), len(want.Events), len(want.Unread))
		}
	}
}

// recordAt returns where the n-th record of a chunk begins, from 0.
func recordAt(chunk []byte, n int) int {
	at := chunkHeader
	for range n {
		at += int(binary.LittleEndian.Uint32(chunk[at+4:]))
	}
	return at
}

// wholeBefore counts the records of a chunk that end before a place in it.
func wholeBefore(chunk []byte, place int) (n int) {
	for at := chunkHeader; string(chunk[at:at+4]) == recordMagic; n++ {
		if at += int(u32(string(chunk[at:at+8]), 4)); at > place {
			break
		}
	}
	return n
}

func TestDamage(t *testing.T) {
	const n = 300 // in two chunks
	const second = fileHeader + chunkSize
	intact := sample(n)
	first := wholeBefore(intact[fileHeader:], int(u32(string(intact[fileHeader:]), 48)))
	cases := []struct {
		name   string
		break_ func(log []byte) []byte
		events int
		unread string // within the first reason; "" for none
	}{
		{"nothing", func(b []byte) []byte { return b }, n, ""},
		{"file header zeroed", func(b []byte) []byte { clear(b[:fileHeader]); return b }, n, "file header"},
		{"file header lies about its size", func(b []byte) []byte { b[40], b[41] = 0, 2; return b }, n, ""},
		{"file header cut short", func(b []byte) []byte { return b[1000:] }, n, "file header"},
		{"no file header", func(b []byte) []byte { return b[fileHeader:] }, n, ""},
		{"file header only", func(b []byte) []byte { return b[:fileHeader] }, 0, ""},
		{"zeros behind", func(b []byte) []byte { return append(b, make([]byte, 3*chunkSize)...) }, n, ""},
		{"rubbish behind", func(b []byte) []byte { return append(b, []byte(strings.Repeat("x", 1000))...) }, n, "not a chunk"},
		{"rubbish between", func(b []byte) []byte {
			return append(append(append([]byte(nil), b[:second]...), strings.Repeat("x", 777)...), b[second:]...)
		}, n, "not a chunk"},
		{"chunk magic gone", func(b []byte) []byte { clear(b[second : second+8]); return b }, n, "header of a chunk"},
		{"checksums wrong", func(b []byte) []byte { b[fileHeader+124]++; b[124]++; b[fileHeader+52]++; return b }, n, ""},
		{
			"bytes lost in a chunk", func(b []byte) []byte { return append(b[:second-12_000], b[second:]...) },
			n - first + wholeBefore(intact[fileHeader:], chunkSize-12_000), "cut off",
		},
		{"cut short", func(b []byte) []byte { return b[:second+5000] }, first + wholeBefore(intact[second:], 5000), "cut off"},
		{"header not written at the end", func(b []byte) []byte {
			c := b[fileHeader:]
			at := recordAt(c, 10)
			le.PutUint32(c[48:], uint32(at))
			le.PutUint64(c[32:], 10)
			return b
		}, n, ""},
		{"record without a size", func(b []byte) []byte { clear(b[fileHeader+recordAt(b[fileHeader:], 5)+4:][:4]); return b }, n - 1, "record 6"},
		{"record with a huge size", func(b []byte) []byte {
			le.PutUint32(b[fileHeader+recordAt(b[fileHeader:], 5)+4:], 1<<31)
			return b
		}, n - 1, "record 6"},
		{"values beyond the record", func(b []byte) []byte {
			at := fileHeader + recordAt(b[fileHeader:], 5)
			le.PutUint16(b[at+24+4+10+4:], 60000)
			return b
		}, n - 1, "record 6: a value"},
		{"template elsewhere", func(b []byte) []byte {
			le.PutUint32(b[fileHeader+recordAt(b[fileHeader:], 5)+24+4+6:], 30000)
			return b
		}, n - 1, "record 6: a template"},
		{"names nowhere", func(b []byte) []byte {
			at := fileHeader + chunkHeader + recordHeader + 4 + 10 + 24 + 4 + 7
			le.PutUint32(b[at:], 1<<30)
			return b
		}, n - first, "name"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out := readAll(t, c.name, c.break_(sample(n)), 1<<20)
			if len(out.Events) != c.events {
				t.Errorf("%d events, want %d", len(out.Events), c.events)
			}
			switch {
			case c.unread == "" && len(out.Unread) > 0:
				t.Errorf("unread %v, want none", out.Unread)
			case c.unread != "" && (len(out.Unread) == 0 || !strings.Contains(out.Unread[0].Reason, c.unread)):
				t.Errorf("unread %v, want %q", out.Unread, c.unread)
			}
		})
	}
}

// Elements within elements and XML within values are read only to a depth.
func TestDepth(t *testing.T) {
	deep := elem{name: "x"}
	for range 2 * maxDepth {
		deep = elem{name: "x", kids: []any{deep}}
	}
	w := newChunk()
	w.record(1, ticks, func() { w.byte(tokenFragment, 1, 1, 0); w.element(deep, false) })
	box := tmpl{1, elem{name: "UserData", kids: []any{sub{0, typeXML}}}}
	var fill func(depth int) func()
	fill = func(depth int) func() {
		return func() {
			if depth < 2*maxNested {
				w.instance(box, fill(depth+1))
			} else {
				w.instance(logon, nil)
			}
		}
	}
	w.record(2, ticks, fill(0))
	out := readAll(t, "deep", file(w.finish()), 1<<20)
	if len(out.Events) != 0 || len(out.Unread) != 2 {
		t.Errorf("%d events, unread %v", len(out.Events), out.Unread)
	}
}

// XML that no parser of XML would take is noted, and so is what is cut off within a record.
func TestBrokenXML(t *testing.T) {
	cases := []struct {
		name   string
		root   elem
		want   string
		mangle func(xml []byte) []byte
	}{
		{"no name", elem{name: "Event", kids: []any{elem{name: ""}}}, "no name", nil},
		{"prefix without a name", elem{name: "Event", kids: []any{elem{name: "x:", kids: []any{"y"}}}}, "", nil},
		{"unknown token", elem{name: "Event"}, "unknown token", func(xml []byte) []byte { return []byte{0x1f} }},
		{"nothing", elem{name: "Event"}, "no XML", func(xml []byte) []byte { return nil }},
		{"ends early", inlineEvent("1"), "ends early", func(xml []byte) []byte { return xml[:len(xml)-9] }},
	}
	for _, c := range cases {
		w := newChunk()
		w.record(1, ticks, func() {
			start := len(w.buf)
			w.byte(tokenFragment, 1, 1, 0)
			w.element(c.root, false)
			if c.mangle != nil {
				w.buf = append(w.buf[:start], c.mangle(append([]byte(nil), w.buf[start:]...))...)
			}
		})
		out := readAll(t, c.name, file(w.finish()), 1<<20)
		switch {
		case c.want == "" && (len(out.Events) != 1 || len(out.Unread) != 0):
			t.Errorf("%s: %d events, unread %v", c.name, len(out.Events), out.Unread)
		case c.want != "" && (len(out.Events) != 0 || len(out.Unread) != 1 || !strings.Contains(out.Unread[0].Reason, c.want)):
			t.Errorf("%s: %d events, unread %v, want %q", c.name, len(out.Events), out.Unread, c.want)
		}
	}
}

// A few kilobytes whose templates and references would unfold to gigabytes are given up in time.
func TestBombs(t *testing.T) {
	repeat := func(n int, kid func(i int) any) (kids []any) {
		for i := range n {
			kids = append(kids, kid(i))
		}
		return kids
	}
	long := str(strings.Repeat("x", 10_000))
	cases := []struct {
		name  string
		write func(w *chunkWriter)
	}{
		{"many fields of many records", func(w *chunkWriter) {
			wide := tmpl{1, elem{name: "EventData", kids: repeat(1500, func(i int) any { return elem{name: fmt.Sprint("f", i%40, "_", i/40)} })}}
			for id := uint64(1); len(w.buf) < chunkSize-100; id++ {
				w.record(id, ticks, func() { w.instance(wide, nil) })
			}
		}},
		{"one value in many fields", func(w *chunkWriter) {
			w.record(1, ticks, func() {
				w.instance(tmpl{1, elem{name: "EventData", kids: repeat(900, func(int) any {
					return elem{name: "f", kids: []any{sub{0, typeString}, "-", sub{0, typeString}}}
				})}}, nil, long)
			})
		}},
		{"one value many times in a field", func(w *chunkWriter) {
			w.record(1, ticks, func() {
				w.instance(tmpl{1, elem{name: "EventData", kids: []any{
					elem{name: "f", kids: repeat(3000, func(int) any { return sub{0, typeString} })},
				}}}, nil, long)
			})
		}},
		{"one value in many fields of a name", func(w *chunkWriter) {
			w.record(1, ticks, func() {
				w.instance(tmpl{1, elem{name: "EventData", kids: repeat(1500, func(int) any {
					return elem{name: "f", kids: []any{sub{0, typeString}}}
				})}}, nil, long)
			})
		}},
		{"nested XML many times", func(w *chunkWriter) {
			fan := tmpl{1, elem{name: "UserData", kids: repeat(50, func(int) any {
				return elem{name: "e", kids: []any{" ", sub{0, typeXML}}}
			})}}
			var fill func(depth int) func()
			fill = func(depth int) func() {
				if depth == maxNested {
					return func() { w.instance(logon, nil) }
				}
				return func() { w.instance(fan, fill(depth+1)) }
			}
			w.record(1, ticks, fill(0))
		}},
		{"a long name many times", func(w *chunkWriter) {
			name := strings.Repeat("n", maxName)
			w.record(1, ticks, func() {
				w.instance(tmpl{1, elem{name: "EventData", kids: repeat(3000, func(int) any { return elem{name: name} })}}, nil)
			})
		}},
	}
	for _, c := range cases {
		w := newChunk()
		c.write(w)
		if len(w.buf) > chunkSize {
			t.Errorf("%s: the chunk has %d bytes", c.name, len(w.buf))
		}
		start := time.Now()
		out := readAll(t, c.name, file(w.finish()), 1<<20)
		size := 0
		for i := range out.Events {
			size += 24 * len(out.Events[i].Values)
		}
		if len(out.Unread) == 0 || size > 24*maxUnfold || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %d bytes of values in %v, unread %v", c.name, size, time.Since(start), out.Unread)
		}
	}
}
