package terminal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain ASCII":                "plain ASCII",
		"Zürich 東京":                  "Zürich 東京",
		"a\x1b[31mred\x1b[0m":        `a\x1b[31mred\x1b[0m`,
		"two\r\n\t lines\tof":        "two↵ lines of",
		"back\rover":                 `back\x0dover`,
		"bell\a nul\x00 del\x7f":     `bell\x07 nul\x00 del\x7f`,
		"c1 \u009b31m":               `c1 \x9b31m`,
		"raw c1 \x9b31m":             `raw c1 \x9b31m`,
		"exe.\u202Egpj":              `exe.\u202egpj`,
		"zero\u200bwidth\ufeff":      `zero\u200bwidth\ufeff`,
		"line\u2028separator":        `line\u2028separator`,
		"tag\U000E0041":              `tag\U000e0041`,
		"isolate \u2066x\u2069":      `isolate \u2066x\u2069`,
		"blank \u3164 letter":        `blank \u3164 letter`,
		"a replacement \uFFFD stays": "a replacement \uFFFD stays",
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"a\x1b]0;title\a", "\x9b2J", "\u202e\u2066", "é\xff\xfe", "\U000E0001", "\r\n \r", "東京 \u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Safe(s)
		if !utf8.ValidString(got) {
			t.Errorf("Safe(%q) = %q: not UTF-8", s, got)
		}
		for _, r := range got {
			if !shown(r) {
				t.Errorf("Safe(%q) = %q: passes %U on", s, got, r)
			}
		}
		for _, look := range []Look{{}, {Width: leastWidth}, {Width: leastWidth, Colour: true}} {
			var b bytes.Buffer
			NewScreen(&b, look).Print(2, 4, Span{"bold", s}, Span{"match", s})
			for line := range strings.Lines(b.String()) {
				for _, code := range []string{"\x1b[0;1;93m", "\x1b[1;93m", "\x1b[1m", "\x1b[m"} {
					line = strings.ReplaceAll(line, code, "")
				}
				line = strings.TrimSuffix(line, "\n")
				if strings.ContainsAny(line, "\x1b\n\r") {
					t.Errorf("%q printed to %+v: a control character in %q", s, look, line)
				}
				if look.Width > 0 && columnsOf(line) > look.Width {
					t.Errorf("%q printed to %+v: %q is too wide", s, look, line)
				}
			}
		}
	})
}

func TestColumnsOf(t *testing.T) {
	for in, want := range map[string]int{"": 0, "abc": 3, "東京": 4, "e\u0301": 1, "…": 1} {
		if got := columnsOf(in); got != want {
			t.Errorf("columnsOf(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"short", 5, "short"}, {"longer", 5, "long…"}, {"東京東京", 5, "東京…"}, {"", 1, ""}} {
		if got := cut(c.in, c.n); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestPrintWrapsAtSpaces(t *testing.T) {
	var b bytes.Buffer
	NewScreen(&b, Look{Width: 40}).Print(2, 4, Span{"", "what is too long for one line goes on in the next, further in"})
	want := "  what is too long for one line goes on\n    in the next, further in\n"
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestNothingIsCutWithoutAWidth(t *testing.T) {
	var b bytes.Buffer
	s := NewScreen(&b, Look{})
	long := strings.Repeat("word ", 1000) + "end"
	s.Print(0, 0, Span{"", long})
	s.Table(0, 0, [][]Span{{{"", long}, {"", "next"}}})
	if got, want := b.String(), long+"\n"+long+"  next\n"; got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

func TestManyMarksOnOneCharacter(t *testing.T) {
	long := "a" + strings.Repeat("\u0301", 1<<20)
	var b bytes.Buffer
	start := time.Now()
	NewScreen(&b, Look{Width: 40}).Print(0, 0, Span{"", long}, Span{"", "\u0301b"})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("one line took %v", took)
	}
	if got := b.String(); got != long+"\u0301b\n" {
		t.Errorf("%d bytes, want %d", len(got), len(long)+4)
	}
}

func TestColourAndItsAbsence(t *testing.T) {
	for _, c := range []struct {
		look Look
		want string
	}{
		{Look{}, "plain [marked] whole\n"},
		{Look{Colour: true}, "plain \x1b[1;93mmarked\x1b[m \x1b[1;93mwhole\x1b[m\n"},
	} {
		var b bytes.Buffer
		NewScreen(&b, c.look).Print(0, 0, Span{"", "plain "}, Span{"match", "marked"}, Span{"", " "}, Span{"whole", "whole"})
		if b.String() != c.want {
			t.Errorf("%+v: %q, want %q", c.look, b.String(), c.want)
		}
	}
}

func TestTableGivesWayInOneColumn(t *testing.T) {
	var b bytes.Buffer
	NewScreen(&b, Look{Width: 40}).Table(2, 1, [][]Span{
		{{"", "critical"}, {"", "SSH login succeeded after 412 failures"}, {"", "413"}},
		{{"", "low"}, {"", "Scan"}, {"", "9"}},
	})
	want := "  critical  SSH login succeeded af…  413\n  low       Scan                     9\n"
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

// broken is a writer that breaks after some lines.
type broken struct{ left int }

var errBroken = errors.New("broken pipe")

func (b *broken) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestTheFirstErrorStays(t *testing.T) {
	w := &broken{left: 1}
	s := NewScreen(w, Look{})
	for range 3 {
		s.Print(0, 0, Span{"", "line"})
	}
	if !errors.Is(s.Err(), errBroken) || w.left != -1 {
		t.Errorf("error %v after %d more writes", s.Err(), -1-w.left)
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if l := Of(f); l != (Look{}) || Person(f) {
		t.Errorf("a file is taken for a terminal: %+v", l)
	}
	stop := Watch(f, func(time.Time) string { return "progress" })
	time.Sleep(2 * redraw)
	stop()
	stop()
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("progress was written to a file: %v, %v", info, err)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  string
	}{{0, "░░░░"}, {0.5, "██░░"}, {1, "████"}, {7, "████"}, {-1, "░░░░"}} {
		if got := Bar(c.share, 4); got != c.want {
			t.Errorf("Bar(%v, 4) = %q, want %q", c.share, got, c.want)
		}
	}
}
