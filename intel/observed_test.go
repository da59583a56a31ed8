package intel

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxObserved bounds number_observed: no pattern can ask for more.
const maxObserved = maxRepeats

// readObservations reads observed data of STIX 2.0 (with its objects inside) or 2.1 (a bundle with the objects beside it).
func readObservations(data []byte) ([]Observation, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read observed data: %w", err)
	}
	list := []any{doc}
	if doc["type"] == "bundle" {
		list, _ = doc["objects"].([]any)
	}
	beside := make(Objects)
	for _, o := range list {
		if m, ok := o.(map[string]any); ok {
			if id, _ := m["id"].(string); id != "" {
				beside[id] = m
			}
		}
	}
	var out []Observation
	for _, o := range list {
		m, _ := o.(map[string]any)
		if m["type"] != "observed-data" {
			continue
		}
		ob, err := observed(m, beside)
		if err != nil {
			return nil, err
		}
		out = append(out, ob)
	}
	return out, nil
}

func observed(m map[string]any, beside Objects) (Observation, error) {
	ob := Observation{Count: 1, Objects: beside, Roots: []string{}}
	for _, b := range []struct {
		key string
		to  *int64
	}{{"first_observed", &ob.First}, {"last_observed", &ob.Last}} {
		text, _ := m[b.key].(string)
		t, err := stixTime(text)
		if err != nil {
			return ob, fmt.Errorf("%s: %w", b.key, err)
		}
		*b.to = t.UnixNano()
	}
	if n, ok := toNumber(m["number_observed"]); ok {
		if n.f < 1 {
			return ob, fmt.Errorf("number_observed: %v is below 1", m["number_observed"])
		}
		ob.Count = int(min(n.f, maxObserved))
	}
	if inside, _ := m["objects"].(map[string]any); len(inside) > 0 {
		ob.Objects = make(Objects, len(inside)+len(beside))
		for id, o := range beside {
			ob.Objects[id] = o
		}
		for key, o := range inside {
			if object, ok := o.(map[string]any); ok {
				ob.Objects[key] = object
				ob.Roots = append(ob.Roots, key)
			}
		}
	}
	refs, _ := m["object_refs"].([]any)
	for _, r := range refs {
		if id, _ := r.(string); ob.Objects[id] != nil {
			ob.Roots = append(ob.Roots, id)
		}
	}
	return ob, nil
}
