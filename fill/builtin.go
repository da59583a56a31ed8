package fill

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
)

// builtins are the functions that every template has: those of text/template, but for what nobody needs here (html, js, urlquery,
// slice, call).
func builtins() map[string]any {
	order := func(ok func(int) bool) func(a, b any) (bool, error) {
		return func(a, b any) (bool, error) {
			c, err := compare(a, b)
			return err == nil && ok(c), err
		}
	}
	return map[string]any{
		"and": func(first any, more ...any) any {
			for _, v := range more {
				if !truth(reflect.ValueOf(first)) {
					break
				}
				first = v
			}
			return first
		},
		"or": func(first any, more ...any) any {
			for _, v := range more {
				if truth(reflect.ValueOf(first)) {
					break
				}
				first = v
			}
			return first
		},
		"not": func(v any) bool { return !truth(reflect.ValueOf(v)) },
		"eq": func(a any, list ...any) (bool, error) {
			for _, b := range list {
				if c, err := compare(a, b); err != nil || c == 0 {
					return err == nil, err
				}
			}
			return false, nil
		},
		"ne":     order(func(c int) bool { return c != 0 }),
		"lt":     order(func(c int) bool { return c < 0 }),
		"le":     order(func(c int) bool { return c <= 0 }),
		"gt":     order(func(c int) bool { return c > 0 }),
		"ge":     order(func(c int) bool { return c >= 0 }),
		"len":    length,
		"index":  index,
		"print":  fmt.Sprint,
		"printf": fmt.Sprintf,
	}
}

// compare puts two numbers, two texts or two truths in order.
func compare(a, b any) (int, error) {
	x, y := inside(reflect.ValueOf(a)), inside(reflect.ValueOf(b))
	switch {
	case x.CanInt() && y.CanInt():
		return cmp.Compare(x.Int(), y.Int()), nil
	case x.CanUint() && y.CanUint():
		return cmp.Compare(x.Uint(), y.Uint()), nil
	case x.CanFloat() && y.CanFloat():
		return cmp.Compare(x.Float(), y.Float()), nil
	case x.Kind() == reflect.String && y.Kind() == reflect.String:
		return cmp.Compare(x.String(), y.String()), nil
	case x.Kind() == reflect.Bool && y.Kind() == reflect.Bool:
		if x.Bool() == y.Bool() {
			return 0, nil
		}
		return 1, nil
	}
	return 0, fmt.Errorf("%T and %T cannot be compared", a, b)
}

func length(v any) (int, error) {
	switch x := inside(reflect.ValueOf(v)); x.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.String:
		return x.Len(), nil
	}
	return 0, fmt.Errorf("%T has no length", v)
}

func index(list any, i int) (any, error) {
	x := inside(reflect.ValueOf(list))
	switch x.Kind() {
	case reflect.Slice, reflect.Array:
		if i < 0 || i >= x.Len() {
			return nil, fmt.Errorf("there is no item %d of %d", i, x.Len())
		}
		return x.Index(i).Interface(), nil
	}
	return nil, errors.New("it is no list")
}
