package fill

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"text/template"
)

type thing struct {
	Name  string
	Count int64
	More  []string
	Map   map[string]int
	Sub   *thing
	Any   any
	On    bool
}

func example() *thing {
	return &thing{
		Name: `a "b" <c> & d`, Count: 3, More: []string{"x", "y", ""}, Map: map[string]int{"one": 1, "two": 2}, On: true, Any: 7,
		Sub: &thing{Name: "inner", Count: -1},
	}
}

func funcs() map[string]any {
	return map[string]any{
		"upper": strings.ToUpper,
		"cut":   func(n int, s string) string { return s[:min(max(n, 0), len(s))] },
		"fail":  func(string) (string, error) { return "", errors.New("it fails") },
	}
}

// alike are templates that text/template and this package fill with the same.
var alike = []string{
	`{{.Name}} {{.Count}} {{.On}} {{.Any}} {{.Sub.Name}} {{.Map.one}}`,
	`{{if .Name}}yes{{else}}no{{end}}{{if .Sub.Sub}}yes{{else if .On}}on{{end}}`,
	`{{with .Sub}}{{.Name}}{{$.Name}}{{end}}{{with .Sub.Sub}}no{{else}}none{{end}}`,
	`{{range $i, $e := .More}}{{if $i}},{{end}}{{$e}}{{end}}{{range .Sub.More}}x{{else}}empty{{end}}`,
	`{{range $k, $v := .Map}}{{$k}}={{$v}};{{end}}{{range .More}}{{if eq . "y"}}{{break}}{{end}}{{.}}{{continue}}no{{end}}`,
	`{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}{{with $y := .Name}}{{$y}}{{end}}`,
	`{{eq .Name "a" "inner"}}{{ne .Count 3}}{{lt .Count 4}}{{le 3 .Count}}{{gt 1.5 0.5}}{{ge "b" "a"}}`,
	`{{and .On .Name}}{{or .Sub.More "none"}}{{not .On}}{{len .More}}{{index .More 1}}{{printf "%05d|%s" .Count .Name}}{{print 1 2 "x"}}`,
	`{{.Name | cut 3 | upper}}{{upper (cut 1 .Name)}}{{(index .More 0) | upper}}`,
	`{{define "one"}}[{{.}}]{{end}}{{template "one" .Name}}{{template "one" .Sub.Count}}`,
	"a {{- .Count -}} b {{/* nothing */}}", `{{.Sub.Sub}}{{-0.}}`, `{{range $i := .More}}{{$i}}{{end}}`,
}

// refused are templates that are mistakes.
var refused = []string{
	`{{.Nothing}}`, `{{.Name.More}}`, `{{.Map.three}}`, `{{upper}}`, `{{upper 1}}`, `{{index .More 9}}`, `{{lt .Name 1}}`, `{{fail "x"}}`,
	`{{template "none"}}`, `{{block "r" .}}{{template "r"}}{{template "r"}}{{end}}`, `{{define "r"}}{{range .}}{{template "r" $}}{{end}}{{end}}{{template "r" .More}}`, `{{define "r"}}{{template "r" .}}{{end}}{{template "r" .}}`, `{{.Name.Len}}`, `{{range 3.5}}{{end}}`, `{{.Sub.Sub.Name}}`,
}

func fillText(text string, data any) (string, error) {
	t, err := Text("x", text, funcs())
	if err != nil {
		return "", err
	}
	t.most = 20_000
	var b bytes.Buffer
	err = t.Execute(&limit{&b, 1 << 16}, data)
	return b.String(), err
}

func TestText(t *testing.T) {
	for _, text := range alike {
		want := new(bytes.Buffer)
		if err := template.Must(template.New("x").Funcs(funcs()).Parse(text)).Execute(want, example()); err != nil {
			t.Fatalf("%s: text/template: %v", text, err)
		}
		got, err := fillText(text, example())
		if err != nil || got != want.String() {
			t.Errorf("%s: %q, %v; text/template has %q", text, got, err, want)
		}
	}
	for _, text := range refused {
		if got, err := fillText(text, example()); err == nil {
			t.Errorf("%s: %q, and no error", text, got)
		}
	}
}

func TestHTML(t *testing.T) {
	p := Must(HTML("x", `<p title="{{.Name}}">{{.Name}}{{style}}</p>`, map[string]any{"style": func() Raw { return "<b>" }}))
	var b bytes.Buffer
	if err := p.Execute(&b, example()); err != nil {
		t.Fatal(err)
	}
	const want = `<p title="a &#34;b&#34; &lt;c&gt; &amp; d">a &#34;b&#34; &lt;c&gt; &amp; d<b></p>`
	if b.String() != want {
		t.Errorf("%s\nis not\n%s", &b, want)
	}
}

// limit ends what writes for ever.
type limit struct {
	w    io.Writer
	room int
}

func (l *limit) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		return 0, io.ErrShortWrite
	}
	return l.w.Write(p)
}

// FuzzText: what both can fill, both fill with the same, and nothing panics.
func FuzzText(f *testing.F) {
	for _, text := range append(alike, refused...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "%") || strings.Contains(text, `\`) || strings.Contains(text, "define") {
			return // widths of printf; definitions within definitions
		}
		data := example() // the same for both: a pointer may be printed
		got, err := fillText(text, data)
		if err != nil {
			return
		}
		other, err := template.New("x").Funcs(funcs()).Parse(text)
		if err != nil {
			t.Fatalf("%q: %q, and text/template refuses it: %v", text, got, err)
		}
		var want bytes.Buffer
		if err := other.Execute(&limit{&want, 1 << 16}, data); err == nil && want.String() != got {
			t.Fatalf("%q: %q; text/template has %q", text, got, &want)
		}
	})
}
