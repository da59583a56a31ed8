package sigma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// FuzzLiterals compares with one search for each literal.
func FuzzLiterals(f *testing.F) {
	f.Add("abc,^def,ghi$,=jkl,,a,abcdef,cdefg,bcdefgh", "xabcdefghi")
	f.Add("dpapi::masterkey,sekurlsa::logon", "xxsekurlsa::logonpasswords")
	f.Add("longliteral,another-one", "and another-one is longliteral")
	f.Add("sevenab,seven-c", "xx seven-c")
	f.Add("stanbul,kelvins", "\u0130stanbul \u212aelvins ®kelvinsé")
	f.Add("straße-é,été-en-", "die straße-é l'été-en-x")
	f.Add("=,^,$", "")
	f.Add(`\cmd.exe$,^c:\win,=0x10,n$,/$,"b"$,a$,?.exe$`, `c:\win\cmd.exe`)
	f.Add("abc$,\n$,/$,=/", "xx\\\nabc/")
	f.Add("ab,abc,a,abcd,bc,µ,=é,^é,é$", "éabcdé")
	f.Add("powershell,\\powershell.exe$,aaaaa,aaaa,aaa", "c:\\powershell.exe aaaaaa")
	f.Fuzz(func(t *testing.T, list, text string) {
		text = fold(text)
		var lits []literal
		for i, s := range strings.Split(fold(list), ",") {
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
		l := buildLiterals(lits)
		got := l.find([]byte(text), nil)
		if len(got) > 0 {
			for _, v := range dressed(text) {
				if !l.mayHold(v) {
					t.Errorf("%q holds some of %q: kind %d is said not to", text, list, v.Kind)
				}
			}
		}
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

// dressed returns values whose folded text is text.
func dressed(text string) []event.Value {
	var wide []byte
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	plain, _ := json.Marshal(strings.ToUpper(text))
	values := []event.Value{{Raw: text, Kind: event.Text}}
	if utf8.ValidString(text) && fold(text) == text {
		values = append(values, event.Value{Raw: string(wide), Kind: event.UTF16})
		if fold(strings.ToUpper(text)) == text {
			values = append(values, event.Literal(string(plain)), event.Literal(strings.ReplaceAll(string(plain), "/", `\/`)))
			values = append(values, event.Literal(`"`+escaped(text)+`"`))
		}
	}
	return values
}

// escaped writes every third character of s as JSON can write any.
func escaped(s string) string {
	var b strings.Builder
	for i, r := range []rune(s) {
		switch {
		case i%3 == 1 && r < 0x10000 || r < ' ' || r == '"' || r == '\\':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
