package config

import (
	"encoding/json"
	"reflect"
)

// Schema returns the JSON Schema (draft 2020-12) of the files that Load reads into such a struct, with the `doc:"…"`
// tags as descriptions, so that an editor can complete and check a file as it is written.
func Schema(v any, title string) []byte {
	s := schemaOf(reflect.Indirect(reflect.ValueOf(v)).Type())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = title
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // maps of strings always have a JSON form
	}
	return append(text, '\n')
}

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == durationType:
		return map[string]any{"type": "string", "pattern": `^[0-9.]+(ns|us|ms|s|m|h|d|w)([0-9.]+(ms|s|m|h))*$`}
	case t.Kind() == reflect.Pointer:
		s := schemaOf(t.Elem())
		if s["type"] == "object" {
			s["type"] = []string{"object", "null"}
		}
		return s
	case t.Kind() == reflect.Struct:
		properties := make(map[string]any)
		for _, f := range fieldsOf(reflect.New(t).Elem()) {
			p := schemaOf(f.Type)
			if doc := f.Tag.Get("doc"); doc != "" {
				p["description"] = doc
			}
			if d := f.Tag.Get("default"); d != "" {
				p["default"] = d
			}
			if f.Tag.Get("secret") == "true" {
				p["pattern"] = "^(env|file):"
			}
			properties[f.key] = p
		}
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case t.Kind() == reflect.Slice:
		item := schemaOf(t.Elem())
		return map[string]any{"anyOf": []any{map[string]any{"type": "array", "items": item}, item}}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		return map[string]any{"type": "number"}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	}
	return map[string]any{"type": "integer"}
}
