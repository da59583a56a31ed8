package sigma

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzLiterals compares with one search for each literal.
func FuzzLiterals(f *testing.F) {
	f.Add("abc,^def,ghi$,=jkl,,a,abcdef,cdefg,bcdefgh", "xabcdefghi")
	f.Add("=,^,$", "")
	f.Add("powershell,\\powershell.exe$,aaaaa,aaaa,aaa", "c:\\powershell.exe aaaaaa")
	f.Fuzz(func(t *testing.T, list, text string) {
		var lits []literal
		for i, s := range strings.Split(list, ",") {
			l := literal{text: s, id: int32(i)}
			switch {
			case strings.HasPrefix(s, "="):
				l.text, l.anchor = s[1:], whole
			case strings.HasPrefix(s, "^"):
				l.text, l.anchor = s[1:], atStart
			case strings.HasSuffix(s, "$"):
				l.text, l.anchor = s[:len(s)-1], atEnd
			}
			lits = append(lits, l)
		}
		var want []int32
		for _, l := range lits {
			if [...]bool{strings.Contains(text, l.text), strings.HasPrefix(text, l.text), strings.HasSuffix(text, l.text), text == l.text}[l.anchor] {
				want = append(want, l.id)
			}
		}
		got := buildLiterals(lits).find([]byte(text), nil)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%q in %q: %v, want %v", list, text, got, want)
		}
	})
}

func BenchmarkLiterals(b *testing.B) {
	var lits []literal
	for i := range 3000 {
		lits = append(lits, literal{text: strings.ToLower(string([]byte{byte('a' + i%26), byte('a' + i/26%26), byte('a' + i/676), '-', byte('a' + i*7%26), 'x', 'y'})), id: int32(i)})
	}
	l := buildLiterals(lits)
	text := bytes.Repeat([]byte(`"c:\windows\system32\windowspowershell\v1.0\powershell.exe" -noprofile -file c:\users\public\start.ps1 `), 10)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var ids []int32
	for b.Loop() {
		ids = l.find(text, ids[:0])
	}
}
