package sigma

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
)

// writtenSource is an entry of a table of log sources, as it is written.
type writtenSource struct {
	LogSource event.LogSource `yaml:"logsource"`
	Events    []writtenEvents `yaml:"events"`
}

type writtenEvents struct {
	From   event.LogSource   `yaml:"from"`
	When   map[string]any    `yaml:"when"`
	Fields map[string]string `yaml:"fields"`
}

// plainLogSources reads a table that is written in plain YAML, in a part of the time that the library takes. It is false
// for one with a mistake, of which the library shall tell, and where the library might understand something else.
func plainLogSources(data []byte) ([]writtenSource, bool) {
	roots := readPlainYAML(data)
	if len(roots) != 1 || roots[0].Kind != yaml.SequenceNode {
		return nil, false
	}
	list := make([]writtenSource, len(roots[0].Content))
	for i, n := range roots[0].Content {
		x := &list[i]
		ok := eachPair(n, func(key string, v *yaml.Node) bool {
			switch key {
			case "logsource":
				return plainSource(v, &x.LogSource)
			case "events":
				x.Events = make([]writtenEvents, len(v.Content))
				for k, w := range v.Content {
					if v.Kind != yaml.SequenceNode || !plainEvents(w, &x.Events[k]) {
						return false
					}
				}
				return true
			}
			return false
		})
		if !ok {
			return nil, false
		}
	}
	return list, true
}

// eachPair calls yield for the keys of a map; false where that is, where a key is none or comes again, or n is no map.
func eachPair(n *yaml.Node, yield func(key string, v *yaml.Node) bool) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Tag != "!!str" || !yield(k.Value, n.Content[i+1]) {
			return false
		}
		for j := 0; j < i; j += 2 {
			if n.Content[j].Value == k.Value {
				return false
			}
		}
	}
	return true
}

func plainSource(n *yaml.Node, s *event.LogSource) bool {
	return eachPair(n, func(key string, v *yaml.Node) bool {
		switch key {
		case "category":
			return plainString(v, &s.Category)
		case "product":
			return plainString(v, &s.Product)
		case "service":
			return plainString(v, &s.Service)
		}
		return false
	})
}

func plainEvents(n *yaml.Node, w *writtenEvents) bool {
	return eachPair(n, func(key string, v *yaml.Node) bool {
		switch key {
		case "from":
			return plainSource(v, &w.From)
		case "when":
			w.When = make(map[string]any, len(v.Content)/2)
			return eachPair(v, func(field string, v *yaml.Node) bool {
				value, ok := plainValues(v)
				w.When[field] = value
				return ok
			})
		case "fields":
			w.Fields = make(map[string]string, len(v.Content)/2)
			return eachPair(v, func(field string, v *yaml.Node) bool {
				var s string
				ok := plainString(v, &s)
				w.Fields[field] = s
				return ok
			})
		}
		return false
	})
}

func plainString(n *yaml.Node, s *string) bool {
	*s = n.Value
	return n.Kind == yaml.ScalarNode && n.Tag == "!!str"
}

// plainValues returns a text, a whole number, or a list of them.
func plainValues(n *yaml.Node) (any, bool) {
	switch {
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			v, ok := plainValues(e)
			if !ok || e.Kind != yaml.ScalarNode {
				return nil, false
			}
			list[i] = v
		}
		return list, true
	case n.Tag == "!!int":
		v, err := strconv.Atoi(n.Value)
		return v, err == nil
	}
	return n.Value, n.Kind == yaml.ScalarNode && n.Tag == "!!str"
}
