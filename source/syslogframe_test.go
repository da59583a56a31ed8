package source

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frames cuts text that arrives in parts of some size.
func frames(f framer, text string, part int) (records, odd []string, fatal bool) {
	var buf []byte
	for rest := []byte(text); ; {
		n := min(part, len(rest))
		buf, rest = append(buf, rest[:n]...), rest[n:]
		eof := len(rest) == 0
		for len(buf) > 0 {
			fr, ok := f.next(buf, eof)
			if !ok {
				break
			}
			if fr.record != nil {
				records = append(records, string(fr.record))
			}
			if fr.odd != "" {
				odd = append(odd, fr.odd)
			}
			if fr.fatal {
				return records, odd, true
			}
			buf = buf[fr.size:]
		}
		if eof {
			return records, odd, false
		}
	}
}

func counted(s string) string { return fmt.Sprintf("%d %s", len(s), s) }

func TestFraming(t *testing.T) {
	long := "<13>" + strings.Repeat("y", 600)
	for name, c := range map[string]struct {
		text  string
		want  []string
		odd   []string
		fatal bool
	}{
		"lines":                       {"<13>a\n<14>b\r\n<15>c", []string{"<13>a", "<14>b\r", "<15>c"}, nil, false},
		"NUL":                         {"<13>a\x00<14>b\x00", []string{"<13>a", "<14>b"}, nil, false},
		"both ends":                   {"<13>a\n\x00<14>b\x00\n", []string{"<13>a", "<14>b"}, nil, false},
		"counted":                     {counted("<13>a b") + counted("<14>x\ny\n") + counted("<1>c"), []string{"<13>a b", "<14>x\ny\n", "<1>c"}, nil, false},
		"counted, line ends between":  {counted("<13>a") + "\n" + counted("<14>b") + "\r\n", []string{"<13>a", "<14>b"}, nil, false},
		"mixed":                       {"<13>a\n" + counted("<14>b") + "<15>c\n" + counted("<16>d"), []string{"<13>a", "<14>b", "<15>c", "<16>d"}, nil, false},
		"lines that begin with dates": {"2024-03-03T09:12:45Z gate app: a\n20240303 b\n12 monkeys\n", []string{"2024-03-03T09:12:45Z gate app: a", "20240303 b", "12 monkeys"}, nil, false},
		"counted without priority":    {counted("<13>a") + counted(`{"a":1}`) + counted("12 monkeys"), []string{"<13>a", `{"a":1}`, "12 monkeys"}, nil, false},
		"JSON lines":                  {"{\"a\":1}\n{\"b\":2}\n", []string{`{"a":1}`, `{"b":2}`}, nil, false},
		"long line":                   {long + "\n<13>b\n", []string{long[:500], "<13>b"}, []string{oddLong}, false},
		"long line without end":       {long, []string{long[:500]}, []string{oddLong}, false},
		"long counted":                {counted(long) + counted("<13>b"), []string{long[:500], "<13>b"}, []string{oddLong}, false},
		"counted, cut":                {counted("<13>a") + "100 <13>b", []string{"<13>a", "<13>b"}, []string{oddCut}, false},
		"count of characters":         {"6 <13>äöü" + counted("<14>b") + counted("<15>c"), []string{"<13>ä", "öü", "<14>b", "<15>c"}, []string{oddStray}, false},
		"count too great":             {"99999999 <13>a\n<13>b\n", nil, []string{oddLength}, true},
		"count with no end":           {strings.Repeat("9", 600) + "\n<13>a\n", []string{strings.Repeat("9", 500), "<13>a"}, []string{oddLong}, false},
		"count of nothing":            {"0 <13>a\n", []string{"0 <13>a"}, nil, false},
		"a number alone":              {"123", []string{"123"}, nil, false},
		"a number and a space":        {"123 ", []string{"123 "}, nil, false},
		"nothing but ends":            {"\n\n\x00\r\n", nil, nil, false},
		"stray bytes, then a line":    {counted("<13>a") + "stray\n<14>b\n", []string{"<13>a", "stray", "<14>b"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			for part := 1; part <= len(c.text); part++ {
				got, odd, fatal := frames(framer{max: 500}, c.text, part)
				if !slices.Equal(got, c.want) || fatal != c.fatal || !slices.Equal(slices.Compact(odd), c.odd) {
					t.Fatalf("in parts of %d: %q, %q, fatal %t", part, got, odd, fatal)
				}
			}
		})
	}
}

func TestAppendLine(t *testing.T) {
	for in, want := range map[string]string{
		"<13>a":              "<13>a\n",
		"<13>a\r\n":          "<13>a\n",
		"<13>a\n\x00\n":      "<13>a\n",
		"<13>a\r\n b\n\tc\n": "<13>a#012 b#012\tc\n",
		"<13>a\x00b":         "<13>a#000b\n",
		"a\rb\r":             "a\rb\n",
		"":                   "",
		" \t \r\n\x00":       "",
	} {
		if got := string(appendLine([]byte("x"), []byte(in))); got != "x"+want {
			t.Errorf("%q: %q, want %q", in, got[1:], want)
		}
	}
}

// Whatever comes, framing makes progress, ends, keeps to the limit, loses no byte of what is within it, and does not
// depend on how the bytes are cut.
func FuzzFraming(f *testing.F) {
	for _, s := range []string{
		"<13>a\n<14>b\n", counted("<13>a") + counted("<14>b"), "6 <13>äöü" + counted("<14>b"), "99999999 <13>a", "12 \n", strings.Repeat("1", 40), "5 <13>a\x00\n3 abc",
	} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, text string, part int) {
		part = min(max(part, 1), 64)
		const most = 48
		whole, _, _ := frames(framer{max: most}, text, max(len(text), 1))
		cut, _, _ := frames(framer{max: most}, text, part)
		if !slices.Equal(whole, cut) {
			t.Fatalf("%q\nat once %q\nin parts of %d %q", text, whole, part, cut)
		}
		for _, r := range whole {
			if len(r) > most {
				t.Errorf("a record of %d bytes", len(r))
			}
			if line := appendLine(nil, []byte(r)); bytes.Count(line, []byte("\n")) > 1 || len(line) > 0 && line[len(line)-1] != '\n' {
				t.Errorf("%q is no line", line)
			}
		}
	})
}

func BenchmarkFraming(b *testing.B) {
	line := "<86>1 2024-03-03T09:12:45.120Z gate sshd 913 - - Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"
	for name, one := range map[string]string{"lines": line + "\n", "counted": counted(line)} {
		b.Run(name, func(b *testing.B) {
			data := []byte(strings.Repeat(one, 1000))
			b.SetBytes(int64(len(one)))
			b.ReportAllocs()
			f, at := framer{max: 8192}, 0
			for b.Loop() {
				fr, ok := f.next(data[at:], false)
				if at += fr.size; !ok || at == len(data) {
					at = 0
				}
			}
		})
	}
}
