package query

import (
	"fmt"
	"strconv"
	"strings"
)

// statsFunc reads a pipe that is a function itself: | count by x.
func (p *parser) statsFunc(q *Query, name string) {
	p.pos -= len(name)
	p.stats(q, name)
}

func (p *parser) stats(q *Query, _ string) {
	s := &Stats{}
	start := p.pos
	if p.by() { // LogsQL: stats by (x) count()
		s.By = p.groups("count", "dc")
	}
	for {
		f, ok := p.oneFunc()
		if !ok {
			break
		}
		s.Funcs = append(s.Funcs, f)
		p.space()
		p.take(",")
	}
	if len(s.Funcs) == 0 {
		if len(s.By) == 0 && !p.peekBy() {
			p.mistake(start, 0, "what to work out is missing here", "for example: stats count by source.ip")
		}
		s.Funcs = []Func{{Name: "count", As: "count"}}
	}
	if p.by() {
		s.By = append(s.By, p.groups()...)
	}
	p.distinctColumns(s, start)
	q.Pipes = append(q.Pipes, s)
}

// distinctColumns tells of columns of one name.
func (p *parser) distinctColumns(s *Stats, start int) {
	seen := make(map[string]bool)
	for _, g := range s.By {
		if seen[g.Field] {
			p.mistake(start, p.pos-start, fmt.Sprintf("two columns have the name %q", g.Field), "")
			return
		}
		seen[g.Field] = true
	}
	for _, f := range s.Funcs {
		if seen[f.As] {
			p.mistake(start, p.pos-start, fmt.Sprintf("two columns have the name %q", f.As), `give one another name: count as n`)
			return
		}
		seen[f.As] = true
	}
}

func (p *parser) peekBy() bool {
	save := p.pos
	ok := p.by()
	p.pos = save
	return ok
}

func (p *parser) by() bool {
	if p.keyword("group") {
		p.keyword("by")
		return true
	}
	return p.keyword("by")
}

// oneFunc reads name, name(field) or name() and "as column"; false where no function stands here.
func (p *parser) oneFunc() (Func, bool) {
	p.space()
	start := p.pos
	typed := p.word()
	name := funcName(typed)
	if typed == "" || strings.EqualFold(typed, "by") || strings.EqualFold(typed, "group") {
		p.pos = start
		return Func{}, false
	}
	paren := p.at("(")
	if name == "" {
		if !paren {
			p.pos = start
			return Func{}, false
		}
		hint := "functions are count, dc, min, max, sum, avg, values"
		if near := nearest(strings.ToLower(typed), Funcs()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		p.mistake(start, len(typed), fmt.Sprintf("there is no function %q", typed), hint)
		name = "count"
	}
	f := Func{Name: name}
	if paren {
		open := p.pos
		p.pos++
		p.space()
		p.take("*")
		if !p.at(")") {
			f.Field, _ = p.name()
		}
		p.closeParen(open)
	}
	if f.Field == "" && name != "count" {
		p.mistake(start, p.pos-start, fmt.Sprintf("%s needs a field", name), fmt.Sprintf("for example: %s(user.name)", name))
	}
	f.As = funcColumn(f)
	p.alias(&f)
	return f, true
}

// alias reads the name of the column: "as name", or only the name after parentheses, as LogsQL has it.
func (p *parser) alias(f *Func) {
	if p.keyword("as") {
		n, ok := p.name()
		if !ok {
			p.mistake(p.pos, 0, `the name of a column is missing after "as"`, "")
			return
		}
		f.As = n
		return
	}
	save := p.pos
	p.space()
	if save == p.pos || p.pos == 0 || p.src[save-1] != ')' || p.peekBy() || p.pos >= len(p.src) {
		p.pos = save
		return
	}
	n, ok := p.name()
	if funcName(n) != "" && (p.at("(") || !ok) || !ok || p.at("=") || digitFirst(n) {
		p.pos = save
		return
	}
	f.As = n
}

func digitFirst(s string) bool { return s[0] >= '0' && s[0] <= '9' }

func funcName(typed string) string {
	typed = strings.ToLower(typed)
	for name, others := range Funcs() {
		if typed == name {
			return name
		}
		for _, o := range others {
			if typed == o {
				return name
			}
		}
	}
	return ""
}

// funcColumn is the name of the column that a function makes if none is given.
func funcColumn(f Func) string {
	if f.Field == "" {
		return f.Name
	}
	return f.Name + "(" + f.Field + ")"
}

// groups reads what rows are told apart by: names, each perhaps with a step: _time:1h, bytes:1000.
func (p *parser) groups(stops ...string) []Group {
	p.space()
	open := p.pos
	paren := p.take("(")
	var list []Group
	for {
		p.space()
		if p.pos >= len(p.src) || p.at("|") || p.at(")") || !paren && p.stopsHere(stops) {
			break
		}
		if p.option("span") {
			if s := p.step(); s != 0 {
				p.timeGroup(list, s)
				continue
			}
		}
		n, ok := p.name()
		if !ok {
			p.mistake(p.pos, 1, "the name of a field is expected here", "for example: stats count by source.ip")
			p.skipPipe()
			return list
		}
		g := Group{Field: n}
		if p.take(":") {
			g.Step = p.groupStep(n)
		}
		list = append(list, g)
		p.space()
		p.take(",")
	}
	if paren {
		p.closeParen(open)
	}
	if len(list) == 0 {
		p.mistake(p.pos, 0, "names of fields are missing here", "for example: stats count by source.ip")
	}
	return list
}

func (p *parser) timeGroup(list []Group, step int64) {
	for i := range list {
		if list[i].Field == Time {
			list[i].Step = step
		}
	}
}

func (p *parser) stopsHere(stops []string) bool {
	save := p.pos
	word := strings.ToLower(p.word())
	paren := p.at("(")
	p.pos = save
	if paren && funcName(word) != "" {
		return true
	}
	for _, s := range stops {
		if s == word {
			return true
		}
	}
	return false
}

func (p *parser) groupStep(field string) int64 {
	start := p.pos
	if field == Time {
		if s := p.step(); s != 0 {
			return s
		}
	} else {
		for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			p.pos++
		}
		if n, err := strconv.ParseInt(p.src[start:p.pos], 10, 64); err == nil && n > 0 {
			return n
		}
	}
	p.mistake(start, max(1, p.pos-start), "a step is expected here", "for example: _time:1h, or bytes:1000")
	return 0
}
