package fill

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
)

// command returns what a command of a pipeline comes to; last is what the one before it came to, if there is one.
func (s *state) command(c *parse.CommandNode, dot, last reflect.Value, piped bool) (reflect.Value, error) {
	if id, ok := c.Args[0].(*parse.IdentifierNode); ok {
		var args []reflect.Value
		for _, a := range c.Args[1:] {
			v, err := s.operand(a, dot)
			if err != nil {
				return v, err
			}
			args = append(args, v)
		}
		if piped {
			args = append(args, last)
		}
		return s.apply(id.Ident, args)
	}
	if len(c.Args) > 1 || piped {
		return reflect.Value{}, fmt.Errorf("%s is no function: it takes nothing", c.Args[0])
	}
	return s.operand(c.Args[0], dot)
}

// operand returns what a part of a command is.
func (s *state) operand(node parse.Node, dot reflect.Value) (reflect.Value, error) {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.NilNode:
		return reflect.Value{}, nil
	case *parse.FieldNode:
		return fields(dot, n.Ident)
	case *parse.VariableNode:
		for i := len(s.vars) - 1; i >= 0; i-- {
			if s.vars[i].name == n.Ident[0] {
				return fields(s.vars[i].value, n.Ident[1:])
			}
		}
		return reflect.Value{}, fmt.Errorf("there is no variable %s", n.Ident[0])
	case *parse.ChainNode:
		v, err := s.operand(n.Node, dot)
		if err != nil {
			return v, err
		}
		return fields(v, n.Field)
	case *parse.PipeNode:
		return s.pipeline(n, dot)
	case *parse.IdentifierNode:
		return s.apply(n.Ident, nil)
	case *parse.BoolNode:
		return reflect.ValueOf(n.True), nil
	case *parse.StringNode:
		return reflect.ValueOf(n.Text), nil
	case *parse.NumberNode:
		switch {
		case n.IsComplex:
		case n.IsInt && !strings.Contains(n.Text, "."):
			return reflect.ValueOf(int(n.Int64)), nil
		case n.IsFloat:
			return reflect.ValueOf(n.Float64), nil
		}
	}
	return reflect.Value{}, fmt.Errorf("%s: not possible here", node)
}

// inside returns what interfaces and pointers lead to; the zero Value where they lead to nothing.
func inside(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// fields follows names of fields, or keys of maps.
func fields(v reflect.Value, names []string) (reflect.Value, error) {
	for _, name := range names {
		v = inside(v)
		switch v.Kind() {
		case reflect.Struct:
			f, ok := v.Type().FieldByName(name)
			if !ok || !f.IsExported() {
				return v, fmt.Errorf("there is no field .%s", name)
			}
			var err error
			if v, err = v.FieldByIndexErr(f.Index); err != nil {
				return v, err
			}
		case reflect.Map:
			if v.Type().Key().Kind() != reflect.String {
				return v, fmt.Errorf("the keys of .%s are no texts", name)
			}
			if v = v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())); !v.IsValid() {
				return v, fmt.Errorf("there is no .%s", name)
			}
		default:
			return v, fmt.Errorf(".%s: what stands before it has no fields", name)
		}
	}
	return v, nil
}

// items calls turn with each of what can be ranged over, until it wants no more.
func items(v reflect.Value, turn func(key, value reflect.Value) (more bool, err error)) error {
	v = inside(v)
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if more, err := turn(reflect.ValueOf(i), v.Index(i)); !more {
				return err
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			if more, err := turn(k, v.MapIndex(k)); !more {
				return err
			}
		}
	case reflect.Invalid:
	default:
		return fmt.Errorf("range: %s is no list", v.Type())
	}
	return nil
}

// truth tells whether a value is anything but nothing: see text/template.IsTrue.
func truth(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Interface, reflect.Pointer:
		return !v.IsNil() && (v.Kind() == reflect.Pointer || truth(v.Elem()))
	case reflect.Slice, reflect.Array, reflect.Map, reflect.String:
		return v.Len() > 0
	case reflect.Struct:
		return true
	}
	return !v.IsZero()
}

// apply calls a function.
func (s *state) apply(name string, args []reflect.Value) (reflect.Value, error) {
	f := s.funcs[name]
	t := f.Type()
	least := t.NumIn()
	if t.IsVariadic() {
		least--
	}
	if len(args) < least || len(args) > least && !t.IsVariadic() {
		return f, fmt.Errorf("%s takes %d arguments, and there are %d", name, least, len(args))
	}
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		want := t.In(min(i, t.NumIn()-1))
		if t.IsVariadic() && i >= least {
			want = want.Elem()
		}
		var err error
		if in[i], err = as(a, want); err != nil {
			return f, fmt.Errorf("%s: argument %d: %w", name, i+1, err)
		}
	}
	out := f.Call(in)
	if len(out) > 1 && !out[1].IsNil() {
		return out[0], fmt.Errorf("%s: %w", name, out[1].Interface().(error)) // what Text says of functions
	}
	return out[0], nil
}

// as makes of a value one of the type that is wanted: whole numbers of any size are alike, and texts of any name.
func as(v reflect.Value, want reflect.Type) (reflect.Value, error) {
	if v.IsValid() && v.Type().AssignableTo(want) {
		return v, nil
	}
	v = inside(v)
	switch {
	case !v.IsValid() && want.Kind() == reflect.Interface:
		return reflect.Zero(want), nil
	case !v.IsValid():
		return v, fmt.Errorf("it is nothing, where a %s is wanted", want)
	case v.Type().AssignableTo(want):
		return v, nil
	case v.CanInt() && reflect.Zero(want).CanInt() && !reflect.Zero(want).OverflowInt(v.Int()), v.Kind() == reflect.String && want.Kind() == reflect.String:
		return v.Convert(want), nil
	}
	return v, fmt.Errorf("it is a %s, where a %s is wanted", v.Type(), want)
}
