package sigma

import (
	"reflect"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestPlainLogSources: the table that tocsin ships is plain, and means what the library reads; what is not plain, or
// wrong, is left to the library.
func TestPlainLogSources(t *testing.T) {
	var want []writtenSource
	if err := yaml.Load(builtinLogSources, &want, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if got, ok := plainLogSources(builtinLogSources); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("plain: %v; %d entries, want %d", ok, len(got), len(want))
	}
	for _, text := range []string{
		"- logsource: {product: a, product: b}\n",
		"- logsource: {product: a, color: b}\n",
		"- logsource: {product: 1}\n",
		"- logsource: a\n",
		"- logsource: {product: a}\n  events: {when: b}\n",
		"- logsource: {product: a}\n  events:\n    - when: {b: [[c]]}\n",
		"- logsource: {product: a}\n  events:\n    - when: {b: true}\n",
		"- logsource: {product: a}\n  event:\n    - when: {b: c}\n",
		"logsource: {product: a}\n",
		"- a\n---\n- b\n",
	} {
		if got, ok := plainLogSources([]byte(text)); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
