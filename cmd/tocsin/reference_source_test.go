package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/source"
)

// messagesPage describes the lines of hunt --json by their Go types, with the comments of detect/message.go.
func messagesPage(root string) (page, error) {
	words, err := fieldComments(filepath.Join(root, "detect", "message.go"), filepath.Join(root, "event", "event.go"), filepath.Join(root, "event", "shape.go"))
	if err != nil {
		return page{}, err
	}
	var b strings.Builder
	b.WriteString("`tocsin hunt --json` writes one JSON object a line, in this order: for every rule that hits, one `rule` line before its\n" +
		"first `hit` line; at last one `summary` line. The same run twice gives the same bytes but for `seconds`. `tocsin show`\n" +
		"reads these lines again. A key that is empty may be left out where the table says *optional*.\n\n")
	queue := []reflect.Type{reflect.TypeFor[detect.RuleInfo](), reflect.TypeFor[detect.Hit](), reflect.TypeFor[detect.Summary]()}
	for i := 0; i < len(queue); i++ {
		t := queue[i]
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| key | type | meaning |\n|---|---|---|\n", t.Name(), words[t.Name()])
		for j := range t.NumField() {
			f := t.Field(j)
			key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			kind, inner := jsonKind(f.Type)
			if inner != nil {
				known := false
				for _, q := range queue {
					known = known || q == inner
				}
				if !known {
					queue = append(queue, inner)
				}
			}
			if strings.Contains(options, "omitempty") {
				kind += ", *optional*"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, kind, cell(words[t.Name()+"."+f.Name]))
		}
		b.WriteByte('\n')
	}
	return page{"messages", "The lines of --json", "each type of line, key by key", b.String()}, nil
}

// jsonKind says what a Go type is in JSON, and which struct of this program is in it.
func jsonKind(t reflect.Type) (kind string, inner reflect.Type) {
	switch {
	case t.PkgPath() == "time":
		return "time (RFC 3339)", nil
	case t.Name() == "RawMessage":
		return "object", nil
	}
	switch t.Kind() {
	case reflect.Slice:
		kind, inner := jsonKind(t.Elem())
		return "list of " + kind, inner
	case reflect.Struct:
		return fmt.Sprintf("[%s](#%s)", t.Name(), strings.ToLower(t.Name())), t
	case reflect.String:
		return "text", nil
	case reflect.Bool:
		return "true or false", nil
	}
	return "number", nil
}

// fieldComments reads the comments of structs and their fields: by "Type" and "Type.Field".
func fieldComments(files ...string) (map[string]string, error) {
	words := make(map[string]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the code: %w", err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				spec := s.(*ast.TypeSpec)
				st, ok := spec.Type.(*ast.StructType)
				if !ok {
					continue
				}
				words[spec.Name.Name] = oneParagraph(g.Doc.Text())
				for _, f := range st.Fields.List {
					for _, n := range f.Names {
						words[spec.Name.Name+"."+n.Name] = oneParagraph(f.Doc.Text() + " " + f.Comment.Text())
					}
				}
			}
		}
	}
	return words, nil
}

func oneParagraph(s string) string { return strings.Join(strings.Fields(s), " ") }

// bound is what names of constants that bound something look like.
var bound = regexp.MustCompile(`^([mM]ax[A-Z]\w*|KeepVersions|minToken|softMemory|fetchTimeout)$`)

// limitsPage lists the constants that bound what hostile input can do.
func limitsPage(root string) (page, error) {
	var b strings.Builder
	b.WriteString("What bounds the work and the memory that input can cause. Where a bound is reached, the result says so: under what\n" +
		"could not be read, in a note at the end, or as a mistake in a rule.\n")
	rooms, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		return page{}, err
	}
	for _, dir := range append(rooms, filepath.Join(root, "cmd", "tocsin")) {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return page{}, err
		}
		room, err := filepath.Rel(root, dir)
		if err != nil {
			return page{}, err
		}
		room = filepath.ToSlash(room)
		var rows strings.Builder
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			list, err := boundsOf(name)
			if err != nil {
				return page{}, err
			}
			for _, row := range list {
				rows.WriteString(row)
			}
		}
		if room == "source" {
			if err := describeLimits(&rows, root); err != nil {
				return page{}, err
			}
		}
		if rows.Len() > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| constant | value | what it bounds |\n|---|---|---|\n%s", room, rows.String())
		}
	}
	return page{"limits", "Limits", "what bounds work and memory", b.String()}, nil
}

// describeLimits adds the rows for what one input file may cost: the fields of source.Limits, whose comments state the
// values.
func describeLimits(rows *strings.Builder, root string) error {
	words, err := fieldComments(filepath.Join(root, "source", "source.go"))
	if err != nil {
		return err
	}
	given := reflect.TypeFor[source.Limits]()
	for i := range given.NumField() {
		name := given.Field(i).Name
		fmt.Fprintf(rows, "| `Limits.%s` | in parentheses | %s |\n", name, cell(words["Limits."+name]))
	}
	return nil
}

// boundsOf returns a row of the table for each bound of a file of code.
func boundsOf(name string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the code: %w", err)
	}
	var rows []string
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if len(v.Names) != 1 || len(v.Values) != 1 || !bound.MatchString(v.Names[0].Name) {
				continue
			}
			text := v.Doc.Text() + " " + v.Comment.Text()
			if !g.Lparen.IsValid() {
				text = g.Doc.Text() + " " + v.Comment.Text()
			}
			if strings.TrimSpace(text) == "" {
				text = g.Doc.Text()
			}
			words := strings.TrimPrefix(strings.TrimPrefix(oneParagraph(text), v.Names[0].Name+" "), "bounds ")
			if words == "" {
				continue // it is told where the bound is, and bounds nothing that input could grow
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", v.Names[0].Name, numberOf(v.Values[0]), cell(words)))
		}
	}
	return rows, nil
}

// numberOf returns the value of a constant for people, or its expression where it depends on others.
func numberOf(e ast.Expr) string {
	text := types.ExprString(e)
	tv, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
	if err != nil || tv.Value == nil {
		return codeCell(text)
	}
	n, exact := constant.Int64Val(constant.ToInt(tv.Value))
	if !exact {
		return tv.Value.String()
	}
	if n > int64(time.Hour) && n%int64(time.Second) == 0 {
		return time.Duration(n).String()
	}
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}} {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
