package terminal

import (
	"io"
	"strings"
)

// Span is a piece of text in one style. Its text need not be safe: the screen makes it so. The styles are "" (plain), bold,
// dim, title, command, match (what made a rule hit: also marked with brackets where there is no colour), whole (the same,
// of a whole value), and the levels critical, high, medium, low and informational. An unknown style is plain.
type Span = struct{ Style, Text string }

// sgr are the parameters of SGR (ECMA-48, 8.3.117) for each style; of the sixteen colours, so that they suit any theme.
func sgr(style string) string {
	switch style {
	case "bold", "title":
		return "1"
	case "dim", "informational":
		return "2"
	case "command":
		return "36"
	case "match", "whole":
		return "1;93"
	case "critical":
		return "1;97;41"
	case "high":
		return "1;91"
	case "medium":
		return "33"
	case "low":
		return "36"
	}
	return ""
}

// Screen writes lines to a terminal, or to anything else. Its first error stays, and it writes nothing after it.
type Screen struct {
	w    io.Writer
	look Look
	line []byte
	err  error
}

// NewScreen makes a screen of that look.
func NewScreen(w io.Writer, look Look) *Screen { return &Screen{w: w, look: look} }

// Err returns the first error of writing.
func (s *Screen) Err() error { return s.err }

// glyph is a character with the marks that stand on it.
type glyph struct {
	text  string
	style string
	cells int
}

// Print writes a line, indented by that many columns. Where it is longer than the screen is wide it is wrapped, at spaces
// if there are any; what follows is indented by hang columns.
func (s *Screen) Print(indent, hang int, spans ...Span) {
	glyphs := s.glyphs(spans)
	for {
		room := len(glyphs)
		if s.look.Width > 0 {
			room = fit(glyphs, max(s.look.Width-indent, leastWidth/2))
		}
		s.write(indent, glyphs[:room])
		if glyphs = glyphs[room:]; len(glyphs) == 0 {
			return
		}
		for len(glyphs) > 1 && glyphs[0].text == " " {
			glyphs = glyphs[1:]
		}
		indent = hang
	}
}

func (s *Screen) glyphs(spans []Span) []glyph {
	var list []glyph
	for _, sp := range spans {
		text := Safe(sp.Text)
		if !s.look.Colour && sp.Style == "match" {
			text = "[" + text + "]"
		}
		for i, r := range text {
			n, w := len(string(r)), cells(r)
			if w == 0 && i > 0 {
				last := &list[len(list)-1]
				last.text = text[i-len(last.text) : i+n]
				continue
			}
			list = append(list, glyph{text[i : i+n], sp.Style, w})
		}
	}
	return list
}

// fit returns how many of the glyphs stand in one line of that many columns.
func fit(glyphs []glyph, columns int) int {
	used, space := 0, 0
	for i, g := range glyphs {
		if used += g.cells; used > columns {
			if space > 0 && space > i/2 {
				return space
			}
			return max(i, 1)
		}
		if g.text == " " {
			space = i + 1
		}
	}
	return len(glyphs)
}

// write writes one line of the screen.
func (s *Screen) write(indent int, glyphs []glyph) {
	if s.err != nil {
		return
	}
	for len(glyphs) > 0 && glyphs[len(glyphs)-1].text == " " {
		glyphs = glyphs[:len(glyphs)-1]
	}
	b := s.line[:0]
	if len(glyphs) > 0 {
		for range indent {
			b = append(b, ' ')
		}
	}
	now := ""
	for _, g := range glyphs {
		if code := sgr(g.style); s.look.Colour && code != now {
			b = append(b, "\x1b["...)
			if now != "" && code != "" {
				b = append(b, "0;"...)
			}
			b = append(append(b, code...), 'm')
			now = code
		}
		b = append(b, g.text...)
	}
	if now != "" {
		b = append(b, "\x1b[m"...)
	}
	s.line = append(b, '\n')
	_, s.err = s.w.Write(s.line)
}

const gap = 2 // columns between those of a table

// Table writes rows of cells as columns. Where they are wider than the screen, the column give is cut.
func (s *Screen) Table(indent, give int, rows [][]Span) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columnsOf(Safe(c.Text)))
		}
	}
	all := indent
	for _, w := range widths {
		all += w + gap
	}
	if over := all - gap - s.look.Width; s.look.Width > 0 && over > 0 && give < len(widths) {
		widths[give] = max(widths[give]-over, 8)
	}
	for _, row := range rows {
		var line []Span
		for i, c := range row {
			text := Safe(c.Text)
			if i == give {
				text = cut(text, widths[i])
			}
			line = append(line, Span{c.Style, text})
			if i < len(row)-1 {
				line = append(line, Span{"", strings.Repeat(" ", widths[i]-columnsOf(text)+gap)})
			}
		}
		s.Print(indent, indent, line...)
	}
}
