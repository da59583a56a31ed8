// Package fill fills templates: the language of text/template, read by the standard library's parser, without the methods of
// values. text/template can call any method by a name that is known only when it runs; so the linker must keep every
// exported method of every type of a program that uses it, a tenth of this one.
//
// It promises what text/template promises of fields, variables, pipelines, if, with, range, define and template; functions
// are those of New and and, or, not, eq, ne, lt, le, gt, ge, len, index, print, printf. What is not there is a mistake that
// New or Execute tells, never an empty text. Of HTML, all that an action writes is escaped for where it may stand: text
// and attributes in double quotes, and nowhere else; Raw is written as it is.
//
// A Template may be used by many goroutines at a time.
package fill

import (
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"reflect"
	"text/template/parse"
)

// Raw is text that is written as it is.
type Raw string

// Template is a text with actions in it.
type Template struct {
	trees  map[string]*parse.Tree
	name   string
	funcs  map[string]reflect.Value
	escape func(string) string
	most   int // calls
}

// Text reads a template of any text. Functions return one value, or one and an error.
func Text(name, text string, funcs map[string]any) (*Template, error) {
	return read(name, text, funcs, func(s string) string { return s })
}

// HTML reads a template of HTML.
func HTML(name, text string, funcs map[string]any) (*Template, error) {
	return read(name, text, funcs, html.EscapeString)
}

func read(name, text string, funcs map[string]any, escape func(string) string) (*Template, error) {
	all := builtins()
	maps.Copy(all, funcs)
	t := &Template{name: name, funcs: make(map[string]reflect.Value, len(all)), escape: escape, most: maxCalls}
	for name, f := range all {
		t.funcs[name] = reflect.ValueOf(f)
	}
	var err error
	if t.trees, err = parse.Parse(name, text, "", "", all); err != nil {
		return nil, err
	}
	return t, nil
}

// Must is for templates of one's own, which are right.
func Must(t *Template, err error) *Template {
	if err != nil {
		panic(err)
	}
	return t
}

// Execute writes the template with what data is. After an error a part of it has been written.
func (t *Template) Execute(w io.Writer, data any) error {
	root, ok := t.trees[t.name]
	if !ok {
		return nil // nothing stands outside of definitions
	}
	s := state{Template: t, w: w, calls: new(int)}
	return s.run(root, reflect.ValueOf(data), 0)
}

// Bounds of templates that call themselves.
const (
	maxDepth = 1000
	maxCalls = 10_000_000 // in all: one that calls itself twice needs no great depth to go on for ever
)

// state is a template that is being filled.
type state struct {
	*Template
	w     io.Writer
	vars  []variable
	depth int
	calls *int // so far, of all
}

type variable struct {
	name  string
	value reflect.Value
}

func (s *state) run(tree *parse.Tree, dot reflect.Value, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("template %s calls itself more than %d times", tree.Name, maxDepth)
	}
	if *s.calls++; *s.calls > s.most {
		return fmt.Errorf("templates call each other more than %d times", s.most)
	}
	inner := state{Template: s.Template, w: s.w, vars: []variable{{"$", dot}}, depth: depth, calls: s.calls}
	return inner.walk(tree.Root, dot)
}

// errBreak and errContinue end a turn of range.
var (
	errBreak    = errors.New("break outside of range")
	errContinue = errors.New("continue outside of range")
)

// walk writes what a node says.
func (s *state) walk(node parse.Node, dot reflect.Value) error {
	switch n := node.(type) {
	case *parse.ListNode:
		for _, one := range n.Nodes {
			if err := s.walk(one, dot); err != nil {
				return err
			}
		}
	case *parse.TextNode:
		_, err := s.w.Write(n.Text)
		return err
	case *parse.ActionNode:
		v, err := s.pipeline(n.Pipe, dot)
		if err != nil || len(n.Pipe.Decl) > 0 {
			return err
		}
		return s.print(v)
	case *parse.IfNode:
		return s.branch(&n.BranchNode, dot, false)
	case *parse.WithNode:
		return s.branch(&n.BranchNode, dot, true)
	case *parse.RangeNode:
		return s.each(n, dot)
	case *parse.TemplateNode:
		return s.call(n, dot)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	case *parse.CommentNode:
	default:
		return fmt.Errorf("%s: not possible here", node)
	}
	return nil
}

// branch is if, and with.
func (s *state) branch(n *parse.BranchNode, dot reflect.Value, with bool) error {
	defer s.forget(len(s.vars))
	v, err := s.pipeline(n.Pipe, dot)
	switch {
	case err != nil:
		return err
	case truth(v) && with:
		return s.walk(n.List, v)
	case truth(v):
		return s.walk(n.List, dot)
	case n.ElseList != nil:
		return s.walk(n.ElseList, dot)
	}
	return nil
}

func (s *state) forget(to int) { s.vars = s.vars[:to] }

// each is range over a list, or a map in the order of its keys.
func (s *state) each(n *parse.RangeNode, dot reflect.Value) error {
	defer s.forget(len(s.vars))
	v, err := s.pipeline(n.Pipe, dot)
	if err != nil {
		return err
	}
	mark := len(s.vars)
	found := false
	turn := func(key, value reflect.Value) (more bool, err error) {
		found = true
		decl := n.Pipe.Decl
		if len(decl) > 0 {
			s.set(decl[len(decl)-1], value, n.Pipe.IsAssign)
		}
		if len(decl) > 1 {
			s.set(decl[0], key, n.Pipe.IsAssign)
		}
		err = s.walk(n.List, value)
		s.forget(mark)
		switch {
		case errors.Is(err, errBreak):
			return false, nil
		case errors.Is(err, errContinue):
			return true, nil
		}
		return err == nil, err
	}
	if err := items(v, turn); err != nil {
		return err
	}
	if !found && n.ElseList != nil {
		return s.walk(n.ElseList, dot)
	}
	return nil
}

// call is template.
func (s *state) call(n *parse.TemplateNode, dot reflect.Value) error {
	tree, ok := s.trees[n.Name]
	if !ok {
		return fmt.Errorf("there is no template %q", n.Name)
	}
	v := reflect.Value{}
	if n.Pipe != nil {
		var err error
		if v, err = s.pipeline(n.Pipe, dot); err != nil {
			return err
		}
	}
	return s.run(tree, v, s.depth+1)
}

// print writes a value; of a pointer that leads nowhere what fmt has for it.
func (s *state) print(v reflect.Value) error {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	text := "<no value>"
	if v.Kind() == reflect.Pointer {
		text = "<nil>"
	}
	if v = inside(v); v.IsValid() {
		if raw, ok := v.Interface().(Raw); ok {
			_, err := io.WriteString(s.w, string(raw))
			return err
		}
		text = fmt.Sprint(v.Interface())
	}
	_, err := io.WriteString(s.w, s.escape(text))
	return err
}

// pipeline returns what the last of some commands comes to.
func (s *state) pipeline(p *parse.PipeNode, dot reflect.Value) (v reflect.Value, err error) {
	for i, c := range p.Cmds {
		if v, err = s.command(c, dot, v, i > 0); err != nil {
			return v, err
		}
	}
	ranged := len(p.Decl) > 0 && isRange(p)
	for _, d := range p.Decl {
		if !ranged {
			s.set(d, v, p.IsAssign)
		}
	}
	return v, nil
}

// isRange tells pipelines of range, whose variables are set at each turn, by their two variables. One of range with one
// variable is set to the whole list first, which nobody sees.
func isRange(p *parse.PipeNode) bool { return len(p.Decl) > 1 }

func (s *state) set(n *parse.VariableNode, v reflect.Value, assign bool) {
	if assign {
		for i := len(s.vars) - 1; i >= 0; i-- {
			if s.vars[i].name == n.Ident[0] {
				s.vars[i].value = v
				return
			}
		}
	}
	s.vars = append(s.vars, variable{n.Ident[0], v})
}
