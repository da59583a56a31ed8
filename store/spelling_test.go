package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/query"
)

// What rows of mixed case are made of: words of every kind, and what stands between words, or does not part them.
var (
	caseWords = []string{
		"mimikatz", "powershell", "failed", "password", "svc01", "win32api", "x86", "a1b2c3d4", "user_name", "db", "k8s", "sessionkey", "stra\u00dfe",
		"\u017fecret", "\u212aelvin", "secret", "kelvin", "\u00e9cole", "i", "averyverylongwordthatisnotkeptatall", "0xabc", "nosuch", "for",
	}
	caseGaps = []string{" ", " ", " ", "-", ".", "/", "\t", "\u00e9", "\xff", "\u65e5", "\u00a0", "\u201c", "_", "=", ": ", "'", "\n", "\ufffd", "5 ", " 7"}
)

// anyCase returns a word in some case.
func anyCase(r *rand.Rand, w string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ToUpper(w)
	case 1:
		return strings.ToUpper(w[:1]) + w[1:]
	case 2, 3:
		return strings.Map(func(c rune) rune {
			if c < 0x80 && r.IntN(2) == 0 {
				return []rune(strings.ToUpper(string(c)))[0]
			}
			return c
		}, w)
	}
	return w
}

func caseText(r *rand.Rand, words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 || r.IntN(8) == 0 {
			b.WriteString(caseGaps[r.IntN(len(caseGaps))])
		}
		b.WriteString(anyCase(r, caseWords[r.IntN(len(caseWords))]))
	}
	return b.String()
}

// caseFrame makes a frame of rows of mixed case.
func caseFrame(r *rand.Rand, o *oracle, rows int) *Batch {
	b := &Batch{}
	for range rows {
		g := &generated{time: firstTime.UnixNano() + int64(len(o.rows))*1_000_000_007}
		g.add(Dataset, []string{"one", "two"}[r.IntN(2)])
		g.add(Message, caseText(r, 1+r.IntN(7)))
		g.add("user.name", caseText(r, 1))
		g.add("note", caseText(r, 1+r.IntN(2)))
		b.Row(g.time)
		for i, n := range g.names {
			b.Field(n, g.values[i])
		}
		o.add(g)
	}
	return b
}

// caseQuery makes a query of the same words.
func caseQuery(r *rand.Rand) string {
	word := func() string { return anyCase(r, caseWords[r.IntN(len(caseWords))]) }
	field := []string{"", "_msg:", "user.name:", "user.name=", "note:"}[r.IntN(5)]
	text := word()
	for range r.IntN(3) {
		text += []string{" ", " ", "-", ".", " 7"}[r.IntN(5)] + word()
	}
	switch r.IntN(8) {
	case 4: // what ends the expression may be the beginning of a word
		return "_msg:/(?i)[^a-z]" + strings.ReplaceAll(text, ".", `\.`) + " 7/"
	case 5:
		return "_msg:/[ .-]" + strings.ReplaceAll(text, ".", `\.`) + "/"
	case 0:
		return "_msg:/(?i)" + strings.ReplaceAll(text, ".", `\.`) + "/"
	case 1:
		return "_msg:/(?i)[a-z]+ " + text + " .*/"
	case 2:
		return field + `"` + text + `*"`
	case 3:
		return "not " + field + `"` + text + `" and (` + word() + " or " + word() + ")"
	}
	return field + `"` + text + `"`
}

// agree compares searches with what the matcher of live events says.
func (o *oracle) agree(t *testing.T, e *Embedded, r *rand.Rand, rounds int) {
	t.Helper()
	e.v.reveal()
	for range rounds {
		text := caseQuery(r)
		q, err := query.Parse(text)
		if err != nil {
			continue
		}
		if got, want := timesOf(t, e, q), o.matching(q); !slices.Equal(got, want) {
			t.Fatalf("%q: %s", text, o.difference(e, q, got, want))
		}
	}
}

func mustAdd(t *testing.T, e *Embedded, seq uint64, b *Batch, lacks []bool) {
	t.Helper()
	if added, err := e.AddSome(context.Background(), seq, b, lacks); err != nil || added.Kept != b.Len() {
		t.Fatal(added, err)
	}
}

func TestSpellings(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	o := &oracle{}
	e := openTest(t, t.TempDir(), Options{Future: -1})
	for seq := range uint64(6) {
		mustAdd(t, e, seq, caseFrame(r, o, 150), nil)
	}
	if e.spellings.doubt() != "" || len(e.spellings.entries) < 50 || e.spellings.forms("powershell", false) == nil && e.spellings.marks == 0 {
		t.Fatalf("%d spellings, %d marks, doubt %q", len(e.spellings.entries), e.spellings.marks, e.spellings.doubt())
	}
	o.agree(t, e, r, 600)
}

// TestSpellingsOverflow forgets all spellings in between, as when there are too many.
func TestSpellingsOverflow(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	o := &oracle{}
	dir := t.TempDir()
	e := openTest(t, dir, Options{Future: -1})
	for seq := range uint64(6) {
		if seq == 3 {
			e.spellings.marks = maxMarks
		}
		mustAdd(t, e, seq, caseFrame(r, o, 100), nil)
	}
	if e.spellings.from != 3 || e.spellings.doubt() != idBelow(3) {
		t.Fatal(e.spellings.from, e.spellings.doubt())
	}
	o.agree(t, e, r, 200)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, dir, Options{Future: -1})
	if e.spellings.from != 3 || e.spellings.to != 6 || len(e.spellings.entries) == 0 {
		t.Fatal(e.spellings.from, e.spellings.to)
	}
	o.agree(t, e, r, 200)
}

// TestSpellingsOfBefore opens a store that has rows and no spellings, and one whose file of them is damaged.
func TestSpellingsOfBefore(t *testing.T) {
	for _, damage := range []func(path string) error{
		os.Remove,
		func(path string) error { return os.Truncate(path, 80) },
		func(path string) error { return os.WriteFile(path, []byte("nothing of the kind"), 0o600) },
	} {
		r := rand.New(rand.NewPCG(15, 16))
		o := &oracle{}
		dir := t.TempDir()
		e := openTest(t, dir, Options{Future: -1})
		for seq := range uint64(3) {
			mustAdd(t, e, seq, caseFrame(r, o, 100), nil)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := damage(filepath.Join(dir, spellingName)); err != nil {
			t.Fatal(err)
		}
		e = openTest(t, dir, Options{Future: -1})
		if e.spellings.doubt() == "" {
			t.Fatal("words of rows whose spellings are not known are not in doubt")
		}
		o.agree(t, e, r, 100)
		mustAdd(t, e, 10, caseFrame(r, o, 100), nil)
		o.agree(t, e, r, 100)
		if e.spellings.from > 10 || e.spellings.to != 11 {
			t.Fatal(e.spellings.from, e.spellings.to)
		}
	}
}

// TestSpellingsAfterCrash opens a store whose file of spellings is older than its rows, as a crash leaves it.
func TestSpellingsAfterCrash(t *testing.T) {
	for _, replayed := range []bool{true, false} {
		r := rand.New(rand.NewPCG(17, 18))
		o := &oracle{}
		dir := t.TempDir()
		path := filepath.Join(dir, spellingName)
		e := openTest(t, dir, Options{Future: -1})
		var frames []*Batch
		var old []byte
		for seq := range uint64(6) {
			b := caseFrame(r, o, 100)
			frames = append(frames, b)
			mustAdd(t, e, seq, b, nil)
			if seq == 2 {
				if err := e.spellings.durable(3); err != nil {
					t.Fatal(err)
				}
				var err error
				if old, err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, old, 0o600); err != nil {
			t.Fatal(err)
		}
		e = openTest(t, dir, Options{Future: -1})
		if e.spellings.to != 3 || len(e.spellings.unnoted) != 3 {
			t.Fatal(e.spellings.to, e.spellings.unnoted)
		}
		o.agree(t, e, r, 100)
		if !replayed { // the caller has no log of them any more
			mustAdd(t, e, 6, caseFrame(r, o, 100), nil)
			if e.spellings.from != 6 {
				t.Fatal(e.spellings.from)
			}
			o.agree(t, e, r, 100)
			continue
		}
		for seq := uint64(1); seq < 6; seq++ {
			lacks, err := e.Lacks(context.Background(), seq, frames[seq])
			if err != nil || slices.Contains(lacks, true) {
				t.Fatal(lacks, err)
			}
			mustAdd(t, e, seq, frames[seq], lacks)
			o.agree(t, e, r, 30)
		}
		if e.spellings.from != 0 || e.spellings.doubt() != "" {
			t.Fatal(e.spellings.from, e.spellings.doubt())
		}
		o.agree(t, e, r, 100)
	}
}

// TestSpellingsBounded notes random text, as keys and tokens are.
func TestSpellingsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	s := newSpellings()
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	b := make([]byte, 43)
	for range 200_000 {
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		s.note(string(b))
		s.note("EncodedCommand and PowerShell")
	}
	if len(s.entries) > maxListed || s.marks > maxMarks || len(s.file.fresh) > 12<<20 {
		t.Fatal(len(s.entries), s.marks, len(s.file.fresh))
	}
	if got := s.forms("POWERSHELL", false); !slices.Contains(got, "PowerShell") || len(got) > 3+maxSpellings {
		t.Fatal(got)
	}
	t.Log(len(s.entries), "listed", s.marks, "marked")
}

// TestOddLetters keeps which letters beyond ASCII there are that are taken for letters of ASCII: only words with those letters
// are looked for by reading.
func TestOddLetters(t *testing.T) {
	for _, c := range []struct {
		text         string
		odd          oddLetters
		ask, tas, ti bool // whether the spellings of these words are known, to an expression
		plain        bool
	}{
		{"nothing odd but \u00e9 and \u00df", 0, true, true, true, true},
		{"\u017fecret", longS, false, false, true, true},
		{"\u212aelvin", kelvin, false, true, true, false},
		{"\u0130stanbul", dottedI, true, true, true, false},
		{"\u0130 \u017f \u212a", allOdd, false, false, true, false},
	} {
		dir := t.TempDir()
		e := openTest(t, dir, Options{Future: -1})
		b := &Batch{}
		b.Row(someTime)
		b.Field("note", c.text)
		mustAdd(t, e, 1, b, nil)
		for range 2 { // and as the file says it
			s := e.spellings
			if s.odd != c.odd || s.plain() != c.plain || (s.forms("ask", true) != nil) != c.ask || (s.forms("tas", true) != nil) != c.tas || (s.forms("ti", true) != nil) != c.ti {
				t.Errorf("%q: odd %b, plain %v, %q %q %q", c.text, s.odd, s.plain(), s.forms("ask", true), s.forms("tas", true), s.forms("ti", true))
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = openTest(t, dir, Options{Future: -1})
		}
	}
	s, old := newSpellings(), spellings{to: 1}
	head := old.appendHead(nil, flagOdd) // as an earlier version wrote it
	if _, err := s.read(head); err != nil || s.odd != allOdd {
		t.Errorf("odd %b, %v", s.odd, err)
	}
}

// FuzzSpellings notes any text, and asks whether each of its words is found in its spelling.
func FuzzSpellings(f *testing.F) {
	f.Add("Invoke-MimiKatz -EncodedCommand \u00e9PowerShell_X86 win32API")
	f.Add("a\xffBc \u017fEcret \u212aX")
	for _, v := range odd {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := newSpellings()
		s.note(text)
		for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !wordRune(r) }) {
			if forms := s.forms(w, false); isASCII(w) && forms != nil && !slices.Contains(forms, w) {
				t.Fatalf("%q stands in %q; noted are %q", w, text, forms)
			}
		}
	})
}

func BenchmarkNote(b *testing.B) {
	s := newSpellings()
	rng := rand.New(rand.NewPCG(1, 2))
	var rows [][]string
	size := 0
	for range 1000 {
		f := eventFields(rng)
		rows = append(rows, f)
		for i := 1; i < len(f); i += 2 {
			size += len(f[i])
		}
	}
	b.SetBytes(int64(size / len(rows)))
	b.ReportAllocs()
	for i := range b.N {
		f := rows[i%len(rows)]
		for k := 1; k < len(f); k += 2 {
			s.note(f[k])
		}
	}
}

func TestAddress4(t *testing.T) {
	for text, want := range map[string]bool{
		"0.0.0.0": true, "255.255.255.255": true, "10.2.200.77": true, "1.2.3": false, "1.2.3.4.5": false, "01.2.3.4": false,
		"256.1.1.1": false, "1.2.3.4 ": false, "1..2.3": false, "1.2.3.": false, "::1": false, "1.2.3.00": false, "a.b.c.d": false, "": false,
	} {
		a, ok := address4(text)
		if ok != want {
			t.Errorf("%q: %v", text, ok)
		}
		if ok && fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&255, a>>8&255, a&255) != text {
			t.Errorf("%q: %x", text, a)
		}
	}
}
