package query

import (
	"slices"
	"strings"
	"testing"
)

// TestReference has every example parse, and the ways to write it mean the same.
func TestReference(t *testing.T) {
	for _, topic := range Reference() {
		for _, e := range topic.Entries {
			q, err := Parse(e.Example)
			if err != nil {
				t.Errorf("%s: %v", e.Example, err)
				continue
			}
			for _, a := range e.Also {
				if o, err := Parse(a); err != nil || o.String() != q.String() {
					t.Errorf("%s is not %s: %v %v", a, e.Example, o, err)
				}
			}
			if e.Doc == "" || e.Form == "" || q.Explain() == "" {
				t.Errorf("%+v: something is missing", e)
			}
		}
	}
}

// TestReferenceIsWhole has every pipe and function in the reference.
func TestReferenceIsWhole(t *testing.T) {
	var text strings.Builder
	for _, topic := range Reference() {
		for _, e := range topic.Entries {
			text.WriteString(e.Form + " " + e.Doc + " " + e.Example + " " + strings.Join(e.Also, " ") + "\n")
		}
	}
	words := strings.FieldsFunc(text.String(), func(r rune) bool { return !isWord(r) })
	for name := range Funcs() {
		if !slices.Contains(words, name) {
			t.Errorf("function %s is not described", name)
		}
	}
	for _, name := range []string{"stats", "top", "rare", "sort", "head", "tail", "fields", "drop", "uniq", "timechart", "where"} {
		if !slices.Contains(words, name) {
			t.Errorf("pipe %s is not described", name)
		}
	}
}

func TestCaret(t *testing.T) {
	_, err := Parse("user:root and (x or | stats cout(y)")
	e, ok := err.(*Error)
	if !ok {
		t.Fatal(err)
	}
	want := "  user:root and (x or | stats cout(y)\n" +
		"                      ^ a condition is missing here\n"
	if got := e.Caret(); !strings.HasPrefix(got, want) || len(e.Mistakes) != 3 {
		t.Errorf("%d mistakes:\n%s", len(e.Mistakes), got)
	}
}

func TestExplain(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "every event",
		"failed user.name=root": `events where any field holds the word "failed" and user.name is "root" in any case`,
		"not (a or bytes>5)":    `events where not: (any field holds the word "a" or bytes is more than 5)`,
		"x | stats count by a | sort -count | head 5": `events where any field holds the word "x"; of them: how many, for each a; in the order of -count; the first 5`,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Explain(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}
