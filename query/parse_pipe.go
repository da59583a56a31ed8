package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// pipeNames are the pipes, by all the names that people know them by.
var pipeNames = map[string]func(*parser, *Query, string){
	"stats": (*parser).stats, "aggregate": (*parser).stats, "summarize": (*parser).stats,
	"count": (*parser).statsFunc, "dc": (*parser).statsFunc, "min": (*parser).statsFunc, "max": (*parser).statsFunc,
	"sum": (*parser).statsFunc, "avg": (*parser).statsFunc, "values": (*parser).statsFunc,
	"top": (*parser).top, "rare": (*parser).top,
	"sort": (*parser).sort, "order": (*parser).sort,
	"head": (*parser).head, "limit": (*parser).head, "first": (*parser).head, "take": (*parser).head,
	"tail": (*parser).head, "last": (*parser).head,
	"fields": (*parser).fields, "table": (*parser).fields, "keep": (*parser).fields, "project": (*parser).fields,
	"drop": (*parser).fields, "delete": (*parser).fields,
	"uniq": (*parser).uniq, "distinct": (*parser).uniq, "dedup": (*parser).uniq,
	"timechart": (*parser).timechart, "histogram": (*parser).timechart, "hits": (*parser).timechart,
	"where": (*parser).filter, "filter": (*parser).filter, "search": (*parser).filter,
}

func (p *parser) pipe(q *Query) {
	p.space()
	start := p.pos
	name := strings.ToLower(p.word())
	if f := pipeNames[name]; f != nil {
		f(p, q, name)
	} else {
		if name == "" {
			p.mistake(start, 0, `a pipe is missing after "|"`, pipeHint(""))
		} else {
			p.mistake(start, len(name), fmt.Sprintf("there is no pipe %q", name), pipeHint(name))
		}
		p.skipPipe()
	}
	p.space()
	if p.pos < len(p.src) && !p.at("|") && !p.at(")") {
		rest := p.pos
		p.skipPipe()
		p.mistake(rest, len(strings.TrimRightFunc(p.src[rest:p.pos], unicode.IsSpace)), "this is not understood here", "")
	}
}

// pipeHint names the pipe that was meant, or all of them.
func pipeHint(name string) string {
	if near := nearest(name, pipeNames); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "pipes are stats, top, rare, sort, head, tail, fields, uniq, timechart, where"
}

// nearest returns the key that differs from name by a letter or two; the first of them in order.
func nearest[V any](name string, known map[string]V) string {
	best, at := "", 3
	for k := range known {
		if d := distance(name, k); (d < at || d == at && d < 3 && k < best) && d < len(k)-1 {
			best, at = k, d
		}
	}
	return best
}

// distance is how many letters have to be put in, left out or changed to make b of a.
func distance(a, b string) int {
	if len(a) > 32 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			up := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, up+1, diagonal+cost)
			diagonal = up
		}
	}
	return row[len(b)]
}

func (p *parser) skipPipe() {
	for p.pos < len(p.src) && !p.at("|") {
		if p.at(`"`) || p.at(`'`) {
			if i := strings.IndexByte(p.src[p.pos+1:], p.src[p.pos]); i >= 0 {
				p.pos += i + 1
			}
		}
		p.pos++
	}
	p.pos = min(p.pos, len(p.src))
}

// word takes a run of letters and underscores, perhaps with digits after them.
func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.src) && isWordByte(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

// name takes the name of a field, in quotes or not.
func (p *parser) name() (string, bool) {
	p.space()
	if p.at(`"`) || p.at(`'`) || p.at("`") {
		t, ok := p.quoted()
		return t.literal(), ok && t.raw != ""
	}
	start := p.pos
	for p.pos < len(p.src) {
		r, n := utf8.DecodeRuneInString(p.src[p.pos:])
		if !nameRune(r) {
			break
		}
		p.pos += n
	}
	return p.src[start:p.pos], p.pos > start
}

// names takes names of fields, with commas or spaces between them, perhaps in parentheses. It stops before a word that
// is one of the stops.
func (p *parser) names(stops ...string) []string {
	open := p.pos
	p.space()
	paren := p.take("(")
	var list []string
	for {
		p.space()
		if p.pos >= len(p.src) || p.at("|") || p.at(")") || p.peekKeyword(stops...) {
			break
		}
		n, ok := p.name()
		if !ok {
			p.mistake(p.pos, 1, "the name of a field is expected here", "")
			p.skipPipe()
			return list
		}
		list = append(list, n)
		p.space()
		p.take(",")
	}
	if paren {
		p.closeParen(open)
	}
	return list
}

// number takes a whole number from 1 to MaxRows.
func (p *parser) number() (int, bool) {
	p.space()
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		p.pos++
	}
	if start == p.pos {
		return 0, false
	}
	if p.pos < len(p.src) && nameRune(rune(p.src[p.pos])) { // a field that begins with a digit
		p.pos = start
		return 0, false
	}
	n, err := strconv.Atoi(p.src[start:p.pos])
	if err != nil || n < 1 || n > MaxRows {
		p.mistake(start, p.pos-start, fmt.Sprintf("a number from 1 to %d is expected here", MaxRows), "")
		n = 1
	}
	return n, true
}

// option takes "name=", as Splunk writes options.
func (p *parser) option(name string) bool {
	p.space()
	rest := p.src[p.pos:]
	if len(rest) > len(name) && strings.EqualFold(rest[:len(name)], name) && rest[len(name)] == '=' {
		p.pos += len(name) + 1
		return true
	}
	return false
}

func (p *parser) head(q *Query, name string) {
	p.option("limit")
	n, ok := p.number()
	if !ok {
		n = 10
	}
	if name == "tail" || name == "last" {
		q.Pipes = append(q.Pipes, &Tail{n})
	} else {
		q.Pipes = append(q.Pipes, &Head{n})
	}
}

func (p *parser) fields(q *Query, name string) {
	p.space()
	f := &Fields{Drop: name == "drop" || name == "delete"}
	if p.take("-") {
		f.Drop = true
	} else {
		p.take("+")
	}
	start := p.pos
	if f.Names = p.names(); len(f.Names) == 0 {
		p.mistake(start, 0, "names of fields are missing here", "")
	}
	q.Pipes = append(q.Pipes, f)
}

func (p *parser) uniq(q *Query, _ string) {
	p.keyword("by")
	start := p.pos
	u := &Uniq{By: p.names()}
	if len(u.By) == 0 {
		p.mistake(start, 0, "names of fields are missing here", "")
	}
	q.Pipes = append(q.Pipes, u)
}

func (p *parser) top(q *Query, name string) {
	start := p.pos
	p.option("limit")
	n, ok := p.number()
	if !ok {
		n = 10
	}
	p.keyword("by", "of")
	t := &Top{N: n, By: p.names("by"), Rare: name == "rare"}
	if p.keyword("by") { // Splunk: top x by y
		t.By = append(t.By, p.names()...)
	}
	if len(t.By) > 0 {
		q.Pipes = append(q.Pipes, t)
		return
	}
	if len(q.Pipes) > 0 {
		if s, ok := q.Pipes[len(q.Pipes)-1].(*Stats); ok && len(s.By) > 0 { // the groups with the most
			q.Pipes = append(q.Pipes, &Sort{Keys: []Key{{s.Funcs[0].As, !t.Rare}}, N: n})
			return
		}
	}
	p.mistake(start, 0, "the name of a field is missing here", fmt.Sprintf("for example: %s 10 source.ip", name))
}

func (p *parser) sort(q *Query, _ string) {
	s := &Sort{}
	start := p.pos
	p.option("limit")
	s.N, _ = p.number()
	p.keyword("by")
	p.space()
	open := p.pos
	paren := p.take("(")
	for {
		p.space()
		if p.pos >= len(p.src) || p.at("|") || p.at(")") || p.peekKeyword("limit") {
			break
		}
		down := p.take("-")
		if !down {
			p.take("+")
		}
		n, ok := p.name()
		if !ok {
			p.mistake(p.pos, 1, "the name of a field is expected here", "for example: sort -count, user.name")
			p.skipPipe()
			break
		}
		if p.keyword("desc", "d") {
			down = true
		} else if p.keyword("asc", "a") {
			down = false
		}
		s.Keys = append(s.Keys, Key{n, down})
		p.space()
		p.take(",")
	}
	if paren {
		p.closeParen(open)
	}
	if p.keyword("desc") && len(s.Keys) > 0 {
		for i := range s.Keys {
			s.Keys[i].Down = !s.Keys[i].Down
		}
	}
	if p.keyword("limit") {
		s.N, _ = p.number()
	}
	if len(s.Keys) == 0 {
		p.mistake(start, 0, "the name of a field is missing here", "for example: sort -count")
	}
	q.Pipes = append(q.Pipes, s)
}

// filter joins what must hold to the condition of the search, where no other pipe stands between.
func (p *parser) filter(q *Query, _ string) {
	p.space()
	if p.pos >= len(p.src) || p.at("|") {
		p.mistake(p.pos, 0, "a condition is missing here", "")
		return
	}
	e := simplify(p.or())
	switch {
	case e == nil:
	case len(q.Pipes) > 0:
		q.Pipes = append(q.Pipes, &Filter{e})
	case q.Where == nil:
		q.Where = e
	default:
		q.Where = simplify(&And{[]Expr{q.Where, e}})
	}
}

func (p *parser) timechart(q *Query, name string) {
	t := &Timechart{Func: Func{Name: "count", As: "count"}}
	start := p.pos
	if !p.option("span") {
		p.option("step")
	}
	t.Step = p.step()
	if f, ok := p.oneFunc(); ok {
		t.Func = f
	}
	if !p.option("span") {
		p.option("step")
	}
	if s := p.step(); s != 0 {
		t.Step = s
	}
	if p.keyword("by") {
		t.By = p.names("span")
		if len(t.By) == 0 {
			p.mistake(p.pos, 0, "names of fields are missing here", "")
		}
		t.By = slices.DeleteFunc(t.By, func(n string) bool { return n == Time })
	}
	if t.Step == 0 {
		p.mistake(start, 0, "the step of time is missing here", fmt.Sprintf("for example: %s 1h by dataset", name))
	}
	q.Pipes = append(q.Pipes, t)
}

// units of time; minutes are m, as in Go and in Splunk's spans.
var units = map[string]time.Duration{
	"ns": 1, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute,
	"h": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// step takes a span of time such as 5m or 1h; 0 if there is none.
func (p *parser) step() int64 {
	p.space()
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		p.pos++
	}
	digits := p.src[start:p.pos]
	unit := units[strings.TrimSuffix(strings.ToLower(p.word()), "s")]
	if u, ok := units[strings.ToLower(p.src[start+len(digits):p.pos])]; ok {
		unit = u
	}
	if digits == "" || unit == 0 {
		p.pos = start
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > int64(100*365*24*time.Hour/unit) {
		p.mistake(start, p.pos-start, "this step of time is too small or too large", "for example: 5m, 1h, 1d")
		return int64(time.Hour)
	}
	return n * int64(unit)
}
