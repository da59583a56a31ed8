package intel

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Objects are cyber observable objects by their keys (STIX 2.0) or ids (2.1), as JSON gives them: numbers as json.Number,
// float64 or int.
type Objects map[string]map[string]any

// Observation is what was seen at once: objects, from First to Last (nanoseconds since 1970), Count times.
type Observation struct {
	First, Last int64
	Count       int      // at least 1
	Roots       []string // keys of the objects that were observed; nil is all
	Objects     Objects  // these, and what they refer to
}

// matches tells whether one object of the observation makes the expression true (§9.4: all comparisons of a pair of
// brackets speak of one object).
func (c *comparison) matches(o *Observation) (bool, error) {
	var failed error
	try := func(key string) bool {
		object := o.Objects[key]
		if object == nil {
			return false
		}
		ok, err := c.of(object, o.Objects)
		if err != nil && failed == nil {
			failed = err
		}
		return ok
	}
	if o.Roots != nil {
		for _, key := range o.Roots {
			if try(key) {
				return true, failed
			}
		}
		return false, failed
	}
	for key := range o.Objects {
		if try(key) {
			return true, failed
		}
	}
	return false, failed
}

func (c *comparison) of(object map[string]any, all Objects) (bool, error) {
	if c.test != nil {
		return c.test.of(object, all)
	}
	a, errA := c.left.of(object, all)
	if errA == nil && a == c.or {
		return a, nil
	}
	b, errB := c.right.of(object, all)
	if errA != nil || errB != nil {
		return false, firstError(errA, errB)
	}
	return b, nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (t *propTest) of(object map[string]any, all Objects) (bool, error) {
	if kind, _ := object["type"].(string); kind != t.path.object {
		return false, nil
	}
	values := []any{object}
	for _, s := range t.path.steps {
		if values = s.from(values, all); len(values) == 0 {
			break
		}
	}
	if t.op == testExists {
		return (len(values) > 0) != t.not, nil
	}
	var failed error
	for _, v := range values {
		ok, err := t.holds(v)
		if err != nil {
			failed = fmt.Errorf("%s: %w", t.path.text, err)
			continue
		}
		if ok {
			return true, nil
		}
	}
	return false, failed
}

// maxValues bounds what one path may lead to in one object.
const maxValues = 1 << 14

// from takes the step from each of the values.
func (s pathStep) from(values []any, all Objects) []any {
	var out []any
	for _, v := range values {
		if len(out) >= maxValues {
			break
		}
		switch s.index {
		case stepKey:
			m, _ := v.(map[string]any)
			child, ok := m[s.key]
			if !ok {
				continue
			}
			if child, ok = referred(s.key, child, all); ok {
				out = append(out, child)
			}
		case stepAll:
			list, _ := v.([]any)
			out = append(out, list...)
		default:
			if list, _ := v.([]any); s.index < len(list) {
				out = append(out, list[s.index])
			}
		}
	}
	return out
}

// referred is what the value of a property means by the end of its name: binary in hexadecimal or base64, a reference or a
// list of them (§9.7.2).
func referred(key string, v any, all Objects) (any, bool) {
	switch {
	case strings.HasSuffix(key, "_hex"):
		if text, is := v.(string); is {
			b, err := hex.DecodeString(text)
			return b, err == nil
		}
	case strings.HasSuffix(key, "_bin"):
		if text, is := v.(string); is {
			b, err := base64.StdEncoding.DecodeString(text)
			return b, err == nil
		}
	case strings.HasSuffix(key, "_ref"):
		id, _ := v.(string)
		object, ok := all[id]
		return any(object), ok
	case strings.HasSuffix(key, "_refs"):
		ids, ok := v.([]any)
		if !ok {
			return nil, false
		}
		var list []any
		for _, id := range ids {
			text, _ := id.(string)
			if object, ok := all[text]; ok {
				list = append(list, object)
			}
		}
		return list, len(list) > 0
	}
	return v, true
}
