package event

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// texts are strings whose JSON is easily got wrong.
var texts = []string{
	"", "plain", `C:\Windows\System32`, `"quoted"`, "a\nb\r\tc", "\x00\x01\x1f\x7f", "grüße", "日本", "😀 and after",
	"\u2028\u2029", "end\\", "\"", "é", "a\xffb", "\xed\xa0\x80", "\ufffd", "\u202f", "\u0080",
}

// same checks one JSON string against what encoding/json reads from it.
func same(t *testing.T, got []byte, want string) {
	t.Helper()
	var back string
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if back != want {
		t.Errorf("%s means %q, not %q", got, back, want)
	}
	if !json.Valid(got) || bytes.ContainsAny(got, "\n\r\u2028\u2029\x00\x7f") {
		t.Errorf("%q holds what belongs escaped", got)
	}
}

// toUTF16 is s as Windows writes it.
func toUTF16(units []uint16) string {
	var b []byte
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestQuote(t *testing.T) {
	for _, s := range texts {
		want := string([]rune(s)) // invalid bytes become U+FFFD
		same(t, AppendQuoted(nil, s), want)
		units := utf16.Encode([]rune(s))
		v := Value{toUTF16(units), UTF16}
		same(t, v.AppendJSON(nil), want)
		if v.String() != want {
			t.Errorf("%q as UTF-16 is read as %q", s, v.String())
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		same(t, AppendQuoted([]byte("x"), s)[1:], string([]rune(s)))
		v := Value{s, UTF16} // odd lengths and halves of pairs too
		units := make([]uint16, len(s)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16([]byte(s[2*i : 2*i+2]))
		}
		want := string(utf16.Decode(units))
		same(t, v.AppendJSON(nil), want)
		if v.String() != want {
			t.Errorf("%q as UTF-16 is read as %q, not %q", s, v.String(), want)
		}
	})
}

func TestFileTimeDigits(t *testing.T) {
	for _, s := range []string{"1601-01-01T00:00:00.0000000Z", "2026-02-03T04:05:06.0000001Z", "9999-12-31T23:59:59.9999999Z", "10000-01-01T00:00:00.0000000Z", "30000-01-01T00:00:00.1234567Z"} {
		at, err := time.Parse("2006-01-02T15:04:05.0000000Z", s)
		if s[4] != '-' {
			year := int(s[0]-'0') * 10000
			at, err = time.Date(year, 1, 1, 0, 0, 0, map[byte]int{'0': 0, '1': 123456700}[s[21]], time.UTC), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		units := uint64(at.Unix()+11644473600)*1e7 + uint64(at.Nanosecond()/100)
		v := Value{string(binary.LittleEndian.AppendUint64(nil, units)), FileTime}
		if got := v.String(); got != s {
			t.Errorf("%d is %s, not %s", units, got, s)
		}
		same(t, v.AppendJSON(nil), s)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	path := `"C:\Program Files\Ledger\ledger.exe" --book D:\Books\2026.ldg --print`
	for _, v := range []struct {
		name string
		Value
	}{
		{"text", Value{path, Text}},
		{"utf16", Value{toUTF16(utf16.Encode([]rune(path))), UTF16}},
		{"time", Value{"\x00\x80\x3e\xd5\xde\xb1\x9d\x01", FileTime}},
	} {
		b.Run(v.name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = v.AppendJSON(buf[:0])
			}
		})
	}
}

// Whatever stood in the input, a value is one line of valid JSON.
func TestAppendJSONIsOneValidLine(t *testing.T) {
	for _, c := range []struct {
		value Value
		want  string
	}{
		{Value{"[\n  \"a b\",\r\n\t{\"c\": 1}\n]", List}, `["a b",{"c":1}]`},
		{Value{`{"a": {"b": "x  y"}}`, Object}, `{"a":{"b":"x  y"}}`},
		{Value{"[\"a\xff\"]", List}, "[\"a\ufffd\"]"},
		{Value{`[01]`, List}, `"[01]"`},
		{Value{`[nulll, "\x"]`, List}, `"[nulll, \"\\x\"]"`},
		{Value{`12.50`, Number}, `12.50`},
		{Value{`01`, Number}, `"01"`},
		{Value{`NaN`, Number}, `"NaN"`},
		{Value{`true`, Bool}, `true`},
		{Value{`a\tb`, Escaped}, `"a\tb"`},
		{Value{`a\qb`, Escaped}, `"aqb"`},
		{Value{"a\xffb\\n", Escaped}, "\"a\ufffdb\\n\""},
		{Value{"a\x01\\n", Escaped}, `"a\u0001\n"`},
	} {
		got := string(c.value.AppendJSON([]byte("before")))
		if got != "before"+c.want {
			t.Errorf("%q becomes %s, want %s", c.value.Raw, got, c.want)
		}
		if !json.Valid([]byte(got[6:])) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

// FuzzCompact compares with encoding/json.
func FuzzCompact(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5e3, -0, true , null],"b":{ } ,"c":[ ]}`, `["\u00e9\n\"x\\", "\q"]`, `{"a":1,}`, `[1 2]`, "[\"a\x01\"]", `{"a" :"012345678"}`, `[[[[01]]]]`, "[\"\xff\"]", ` [] `, `{"a":nul}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []Kind{List, Escaped, Number} {
			got := Value{s, kind}.AppendJSON([]byte("x"))[1:]
			want := appendJSONPlainly(Value{s, kind})
			if string(got) != string(want) {
				t.Errorf("%q as %d becomes %s, want %s", s, kind, got, want)
			}
		}
	})
}

// appendJSONPlainly is AppendJSON by means of encoding/json.
func appendJSONPlainly(v Value) []byte {
	switch v.Kind {
	case Number:
		if json.Valid([]byte(v.Raw)) {
			return []byte(v.Raw)
		}
		return AppendQuoted(nil, v.Raw)
	case Escaped:
		if in := `"` + v.Raw + `"`; utf8.ValidString(in) && json.Valid([]byte(in)) {
			return []byte(in)
		}
		return AppendQuoted(nil, v.String())
	}
	var out bytes.Buffer
	if json.Compact(&out, []byte(strings.ToValidUTF8(v.Raw, "\uFFFD"))) != nil {
		return AppendQuoted(nil, v.Raw)
	}
	return out.Bytes()
}
