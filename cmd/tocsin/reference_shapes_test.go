package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// shapesName is the file of the pages' source that says what the API's answers look like, from the repository's root.
var shapesName = filepath.Join("web", "src", "shapes.ts")

// shape is a schema of the document, as far as TypeScript can say it.
type shape struct {
	Type        string           `json:"type"`
	Ref         string           `json:"$ref"`
	Description string           `json:"description"`
	Enum        []string         `json:"enum"`
	Properties  map[string]shape `json:"properties"`
	Required    []string         `json:"required"`
	Items       *shape           `json:"items"`
	More        json.RawMessage  `json:"additionalProperties"` // false, true or a schema
}

// shapesText makes TypeScript of the schemas of an OpenAPI document. A schema that is a page of others is Page<T>.
func shapesText(api string) (string, error) {
	var doc struct {
		Components struct {
			Schemas map[string]shape `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal([]byte(api), &doc); err != nil {
		return "", fmt.Errorf("read %s: %w", apiName, err)
	}
	var b strings.Builder
	b.WriteString("// Made by `make docs` from docs/reference/" + apiName + ": what the API takes and answers. Do not edit.\n\n")
	b.WriteString("/** A part of a list; next is what after has to be for the page that follows. */\nexport interface Page<T> {\n  items: T[];\n  next?: string;\n}\n")
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		s := doc.Components.Schemas[name]
		if strings.HasPrefix(name, "Page") && slices.Equal(slices.Collect(maps.Keys(s.Properties)), []string{"items"}) {
			continue
		}
		body, err := s.object()
		if err != nil {
			return "", fmt.Errorf("the schema %s: %w", name, err)
		}
		b.WriteString("\nexport interface " + name + " {\n" + body + "}\n")
	}
	return b.String(), nil
}

// object is the inside of an interface, a property a line.
func (s *shape) object() (string, error) {
	if s.Type != "object" || len(s.Enum) > 0 {
		return "", fmt.Errorf("it is %q, and only objects have names", s.Type)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		text, err := p.text()
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if p.Description != "" {
			b.WriteString("  /** " + strings.ReplaceAll(p.Description, "*/", "* /") + " */\n")
		}
		if !slices.Contains(s.Required, name) {
			name += "?"
		}
		b.WriteString("  " + name + ": " + text + ";\n")
	}
	return b.String(), nil
}

// text is the schema as a type.
func (s *shape) text() (string, error) {
	if s.Ref != "" {
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:], nil
	}
	switch s.Type {
	case "":
		return "unknown", nil
	case "boolean":
		return s.Type, nil
	case "integer", "number":
		return "number", nil
	case "string":
		if len(s.Enum) == 0 {
			return s.Type, nil
		}
		return `"` + strings.Join(s.Enum, `" | "`) + `"`, nil
	case "array":
		item, err := s.Items.text()
		if strings.Contains(item, " ") {
			item = "(" + item + ")"
		}
		return item + "[]", err
	case "object":
		var value shape
		if len(s.Properties) > 0 || json.Unmarshal(s.More, &value) != nil {
			return "", fmt.Errorf("an object without a name that is no map: %.100s", s.More)
		}
		text, err := value.text()
		return "Record<string, " + text + ">", err
	}
	return "", fmt.Errorf("there is no type for %q", s.Type)
}
