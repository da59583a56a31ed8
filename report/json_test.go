package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// setAll sets every field of a struct to something that is not its zero value.
func setAll(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		setAll(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon.Add(123456789)))
			return
		}
		for i := range v.NumField() {
			setAll(v.Field(i))
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(`{"a":[1,"\u00e9"]}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		setAll(v.Index(0))
		setAll(v.Index(1))
	case reflect.String:
		v.SetString("a \"quoted\" \\ text\twith\n\x01\x7f\u2028<é>" + v.Type().Name())
	case reflect.Int, reflect.Int64:
		v.SetInt(-1234567890123)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		setAll(key)
		setAll(value)
		v.SetMapIndex(key, value)
	case reflect.Float64:
		v.SetFloat(0.081082054)
	default:
		panic("no value for " + v.Kind().String())
	}
}

// The encoder writes what encoding/json would, of every field that the messages have.
func TestJSONIsWhatTheTypesSay(t *testing.T) {
	for _, filled := range []bool{true, false} {
		rule, hit, sum := &detect.RuleInfo{Tags: []string{}}, &detect.Hit{Matched: []detect.Matched{}}, &detect.Summary{}
		hit.Rule.Tags = []string{}
		if filled {
			for _, m := range []any{rule, hit, sum} {
				setAll(reflect.ValueOf(m))
			}
		} else {
			sum.Formats, sum.Unread = []detect.FormatCount{}, sum.Unread[:0:0]
			if err := json.Unmarshal([]byte(`{"unread":[]}`), sum); err != nil {
				t.Fatal(err)
			}
		}
		var got, want bytes.Buffer
		j, e := NewJSON(&got), json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		for _, err := range []error{j.Rule(rule), j.Hit(hit), j.Summary(sum), e.Encode(rule), e.Encode(hit), e.Encode(sum)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want.String() {
			t.Errorf("got\n%s\nwant\n%s", got.String(), want.String())
		}
	}
}

// A saved run that is read and written again is the same, whatever stands in it.
func TestReadAgain(t *testing.T) {
	var first, second bytes.Buffer
	h := NewJSON(&first)
	odd := shellHit(5, 1, "\xff\xfe bad \u202e", "a\x00b\u2028\U0001F600\xc3 -enc ")
	odd.Time = time.Time{}
	if err := errors.Join(h.Rule(&detect.RuleInfo{Type: "rule", ID: "\xff"}), h.Hit(odd)); err != nil {
		t.Fatal(err)
	}
	stream(t, h)
	if err := Read(bytes.NewReader(first.Bytes()), "run", NewJSON(&second)); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("got\n%s\nwant\n%s", second.String(), first.String())
	}
}

func TestReadMistakes(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		run, want string
		out       Handler
	}{
		{"{\"type\":\"hit\"}\n\nnonsense\n", "run:3: ", nil},
		{`{"type":"hat"}`, `run:1: no line of a saved run: its type is "hat"`, nil},
		{`{"type":"hit","time":7}`, "run:1: no line", nil},
		{`{"type":"hit"}`, ErrNoSummary.Error(), nil},
		{"", ErrNoSummary.Error(), nil},
		{`{"type":"summary"}`, full.Error(), NewJSON(failing{full})},
	} {
		if c.out == nil {
			c.out = NewJSON(io.Discard)
		}
		err := Read(strings.NewReader(c.run), "run", c.out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Read(%q): %v, want %q", c.run, err, c.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzRead reads any text as a saved run: it must be refused or be written so that it reads the same.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	stream(f, NewJSON(&b))
	f.Add(b.String())
	f.Add(`{"type":"summary","first":"0001-01-01T00:00:00Z"}`)
	f.Add("{\"type\":\"hit\",\"event\":{\"a\":\"\xff\"}}\n{\"type\":\"summary\"}")
	f.Fuzz(func(t *testing.T, run string) {
		var first, second bytes.Buffer
		if Read(strings.NewReader(run), "run", NewJSON(&first)) != nil {
			return
		}
		if err := Read(bytes.NewReader(first.Bytes()), "again", NewJSON(&second)); err != nil {
			t.Fatalf("%v\n%s", err, first.String())
		}
		if first.String() != second.String() {
			t.Errorf("got\n%s\nwant\n%s", second.String(), first.String())
		}
	})
}

func BenchmarkJSONHit(b *testing.B) {
	h := shellHit(1, 7, "WS1", "powershell -nop -enc "+strings.Repeat("JAB4AD0A", 100))
	j := NewJSON(io.Discard)
	var line bytes.Buffer
	if err := NewJSON(&line).Hit(h); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(line.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Hit(h); err != nil {
			b.Fatal(err)
		}
	}
}
