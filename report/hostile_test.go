package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/detect"
)

// blunt is a Safe for these tests: what is no printable ASCII becomes a question mark.
func blunt(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// What a spreadsheet would compute is text; the table reads back as it was.
func TestCSVComputesNothing(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"  =1", "'  =1"},
		{"|calc", "'|calc"},
		{`quo"te, comma`, `quo"te, comma`},
		{"two\r\nlines", "two??lines"},
		{"", ""},
		{"web-1", "web-1"},
	} {
		var b bytes.Buffer
		h := NewCSV(&b, Options{Safe: blunt})
		hit := hitOf(&noise, 0, 1)
		hit.Entities.Hosts = []string{c.host}
		if err := h.Hit(hit); err != nil {
			t.Fatal(err)
		}
		if err := h.Summary(&detect.Summary{}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%q: %d rows, %v", c.host, len(rows), err)
		}
		if got := rows[1][5]; got != c.want {
			t.Errorf("%q became %q, want %q", c.host, got, c.want)
		}
	}
}

// A run without hits still has its header.
func TestCSVOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := NewCSV(&b, Options{}).Summary(&detect.Summary{}); err != nil || b.String() != strings.Join(csvHeader, ",")+"\r\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// No line that a log makes up becomes a heading, a picture, a link or HTML: all of it stands within a fence.
func TestMarkdownBreaksOut(t *testing.T) {
	evil := "```\n# Owned <script>alert(1)</script> ![x](http://evil.example/) ````` @everyone | [a](javascript:b)"
	var b bytes.Buffer
	h := NewMarkdown(&b, Options{Safe: blunt})
	hit := shellHit(1, 1, "`"+evil, evil+" -enc ")
	hit.File = evil
	rule := shell
	rule.Title = evil
	rule.Description = "1. " + evil
	rule.FalsePositives = []string{"# " + evil}
	hit.Rule.Title = evil
	for _, err := range []error{h.Rule(&rule), h.Hit(hit), h.Summary(&detect.Summary{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fence := ""
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		switch bar := strings.TrimSuffix(line, "text"); {
		case fence == "" && strings.HasPrefix(line, "```") && strings.Trim(bar, "`") == "":
			fence = bar
		case fence != "" && line == fence:
			fence = ""
		case fence != "" && strings.HasPrefix(line, fence):
			t.Errorf("closes the fence: %q", line)
		case fence == "" && !strings.HasPrefix(line, "- Host") && (strings.Contains(line, "<script") || strings.Contains(strings.ReplaceAll(line, `\[`, ""), "[") || strings.Contains(line, " @everyone")):
			t.Errorf("breaks out: %q", line)
		}
	}
	if fence != "" || !strings.Contains(b.String(), "Owned") {
		t.Errorf("a fence %q is open, or nothing was told:\n%s", fence, b.String())
	}
	for in, want := range map[string]string{"a": "`a`", "`a": "`` `a ``", "a``b": "```a``b```", "": "` (blank) `", "|": "`|`"} {
		if got := (&markdown{o: Options{Safe: blunt}}).code(in); got != want {
			t.Errorf("code(%q) = %q, want %q", in, got, want)
		}
	}
}
