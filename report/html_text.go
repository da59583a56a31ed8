package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/detect"
)

// maxText bounds any text of a log or a rule on the page, in bytes.
const maxText = 1500

// visible returns s as text in which every character is seen where it stands: those that steer a terminal, are invisible
// or change the direction of writing (Unicode UAX #9) become their number, e.g. ‹U+202E›; line breaks and tabs stay. It
// says how much it cuts off.
func visible(s string) string { return visibleTo(s, maxText) }

func visibleTo(s string, limit int) string {
	rest := ""
	if len(s) > limit {
		at := runeStart(s, limit)
		rest = fmt.Sprintf(" … (%s more)", Size(int64(len(s)-at)))
		s = s[:at]
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "‹0x%02X›", s[i])
		case r == '\r' && i+1 < len(s) && s[i+1] == '\n':
		case r == '\n' || r == '\t' || r == 0xa0 || unicode.IsPrint(r):
			b.WriteString(s[i : i+n])
		default:
			fmt.Fprintf(&b, "‹U+%04X›", r)
		}
		i += n
	}
	return b.String() + rest
}

// piece is a part of a value; Hit says that it is what matched.
type piece struct {
	Text string
	Hit  bool
}

// pieces cuts a value at its marks. Of a long value it keeps what stands around the first mark.
func pieces(r *reason) []piece {
	if len(r.marks) == 0 || r.whole() {
		return []piece{{visible(r.value), len(r.marks) > 0}}
	}
	from, to := 0, len(r.value)
	if to > maxText {
		from = runeStart(r.value, max(0, r.marks[0].from-maxText/2))
		to = runeStart(r.value, min(to, from+maxText))
	}
	var list []piece
	add := func(s string, hit bool) {
		if s != "" {
			list = append(list, piece{visibleTo(s, len(s)), hit})
		}
	}
	if from > 0 {
		add("… ", false)
	}
	at := from
	for _, m := range r.marks {
		a, b := min(max(m.from, at), to), min(max(m.to, at), to)
		add(r.value[at:a], false)
		add(r.value[a:b], true)
		at = b
	}
	add(r.value[at:to], false)
	if n := len(r.value) - to; n > 0 {
		add(fmt.Sprintf(" … (%s more)", Size(int64(n))), false)
	}
	return list
}

// why says in words what a test asks of a field: "contains 'kali'" for "userAgent|contains: 'kali'". Where the rule calls
// the field by another name, that stands in front.
func why(field, by string) string {
	test, want, ok := strings.Cut(by, ": ")
	if !ok || strings.ContainsAny(test, " '") {
		return together(by)
	}
	name, modifiers, _ := strings.Cut(test, "|")
	words := strings.ReplaceAll(modifiers, "|", ", ")
	switch modifiers {
	case "":
		words = "is"
	case "contains|all":
		words = "contains all of"
	case "startswith":
		words = "starts with"
	case "endswith":
		words = "ends with"
	case "re":
		words = "matches the pattern"
	case "cidr":
		words = "lies in"
	case "exists":
		words = "exists:"
	}
	if name != field && name != "" {
		words = name + " " + words
	}
	return words + " " + want
}

// together says in words what a correlation asks of its events: "at least 5, within 10m" for "event_count gte 5 in 10m".
// What it does not know stays as it is.
func together(by string) string {
	if by2, ok := strings.CutPrefix(by, "group-by "); ok {
		return "all have the same " + by2
	}
	at := strings.LastIndex(by, " in ")
	word := strings.Fields(by)
	if at < 0 || len(word) < 4 {
		return by
	}
	within, what := ", within "+by[at+len(" in "):], ""
	switch kind, rest, _ := strings.Cut(by[:at], " "); kind {
	case "temporal":
		return "all of " + strings.TrimPrefix(rest, "of ") + within
	case "temporal_ordered":
		return "one after the other: " + strings.TrimPrefix(rest, "of ") + within
	case "value_count":
		what = " different values of " + word[2]
	case "event_count":
		what = " events"
	default:
		return by
	}
	test := strings.Fields(by[:at])
	relation, known := map[string]string{"gte": "at least ", "gt": "more than ", "lte": "at most ", "lt": "less than ", "eq": "exactly "}[test[len(test)-2]]
	if !known {
		return by
	}
	return relation + test[len(test)-1] + what + within
}

// eventFields returns the fields of a hit's event but those that matched, in their order, within the bounds of a page.
func eventFields(h *detect.Hit) []field {
	d := json.NewDecoder(bytes.NewReader(h.Event))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var list []field
	more := 0
	for d.More() {
		name, err := d.Token()
		var raw json.RawMessage
		if err != nil || d.Decode(&raw) != nil {
			break
		}
		value := plainValue(raw)
		if value == "" || value == "-" {
			continue
		}
		if len(list) == maxEventFields {
			more++
			continue
		}
		key, _ := name.(string)
		list = append(list, field{strings.Clone(cutTo(key, 200)), strings.Clone(cutTo(value, maxEventValue))})
	}
	if more > 0 {
		list = append(list, field{"…", many(int64(more), "further field")})
	}
	return list
}

// cutTo shortens a text to n bytes and says how much is left out.
func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	at := runeStart(s, n)
	return s[:at] + fmt.Sprintf(" … (%s more)", Size(int64(len(s)-at)))
}
