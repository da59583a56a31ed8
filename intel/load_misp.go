package intel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// loose reads what JSON writes as text, number or truth alike: MISP's exports differ.
type loose string

// UnmarshalJSON takes any value; a list or an object as nothing.
func (l *loose) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
	case len(b) > 0 && (b[0] == '{' || b[0] == '[') || string(b) == "null":
		*l = ""
	default:
		*l = loose(b)
	}
	return nil
}

func (l loose) yes() bool { return l == "1" || l == "true" || l == "True" }

func (l loose) when() int64 { return parseWhen(string(l)) }

type mispTag struct {
	Name loose `json:"name"`
}

// mispAttribute is an attribute of a MISP event (the MISP core format, draft-00 §2.4).
type mispAttribute struct {
	Type      loose           `json:"type"`
	Value     loose           `json:"value"`
	UUID      loose           `json:"uuid"`
	Category  loose           `json:"category"`
	Comment   loose           `json:"comment"`
	ToIDs     loose           `json:"to_ids"`
	Deleted   loose           `json:"deleted"`
	Decayed   loose           `json:"decayed"`
	Timestamp loose           `json:"timestamp"`
	LastSeen  loose           `json:"last_seen"`
	Warnings  json.RawMessage `json:"warnings"`
	Tag       []mispTag       `json:"Tag"`
	Event     *mispEvent      `json:"Event"`
}

type mispObject struct {
	Name      loose           `json:"name"`
	Deleted   loose           `json:"deleted"`
	Attribute []mispAttribute `json:"Attribute"`
}

type mispEvent struct {
	ID        loose           `json:"id"`
	UUID      loose           `json:"uuid"`
	Info      loose           `json:"info"`
	Timestamp loose           `json:"timestamp"`
	Attribute []mispAttribute `json:"Attribute"`
	Object    []mispObject    `json:"Object"`
	Tag       []mispTag       `json:"Tag"`
}

// mispDocument is any of the forms in which events and attributes come.
type mispDocument struct {
	mispEvent
	Event    *mispEvent      `json:"Event"`
	Response json.RawMessage `json:"response"`
	Type     loose           `json:"type"`
	Value    loose           `json:"value"`
}

// maxMISPDepth bounds how deep answers stand within answers.
const maxMISPDepth = 4

// misp reads events, lists of them, attributes, and what a search answers.
func (l *loader) misp(data []byte) error { return l.mispPart("the document", data, 0) }

func (l *loader) mispPart(place string, data []byte, depth int) error {
	data = bytes.TrimSpace(data)
	if depth > maxMISPDepth || len(data) == 0 {
		return nil
	}
	if data[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return fmt.Errorf("read MISP: %w", err)
		}
		for i, part := range list {
			if l.stop() {
				break
			}
			where := fmt.Sprintf("element %d", i+1)
			if err := l.mispPart(where, part, depth+1); err != nil {
				l.problem(where, "%v", err)
			}
		}
		return nil
	}
	var d mispDocument
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("read MISP: %w", err)
	}
	switch {
	case len(d.Response) > 0:
		return l.mispPart(place, d.Response, depth+1)
	case d.Event != nil && d.Value == "":
		l.mispEvent(d.Event)
	case len(d.Attribute)+len(d.Object) > 0:
		l.mispEvent(&d.mispEvent)
	case d.Type != "" && d.Value != "":
		var a mispAttribute
		if err := json.Unmarshal(data, &a); err != nil {
			return fmt.Errorf("read MISP: %w", err)
		}
		l.mispAttribute(&a, a.Event)
	case d.UUID == "" && d.Info == "":
		l.problem(place, "holds neither an event nor attributes of MISP")
	}
	return nil
}

func (l *loader) mispEvent(e *mispEvent) {
	for i := range e.Attribute {
		l.mispAttribute(&e.Attribute[i], e)
	}
	for i := range e.Object {
		o := &e.Object[i]
		if o.Deleted.yes() {
			l.report.Ignored["deleted"] += len(o.Attribute)
			continue
		}
		for j := range o.Attribute {
			l.mispAttribute(&o.Attribute[j], e)
		}
	}
}

func (l *loader) mispAttribute(a *mispAttribute, e *mispEvent) {
	if l.stop() {
		return
	}
	switch {
	case a.Deleted.yes():
		l.ignore("deleted")
		return
	case !a.ToIDs.yes():
		l.ignore("not for detection")
		return
	case a.Decayed.yes():
		l.ignore("decayed")
		return
	case len(a.Warnings) > 4: // neither null nor []
		l.ignore("on a list of warnings")
		return
	}
	if e == nil {
		e = a.Event
	}
	in := item{place: "attribute " + string(a.UUID)}
	in.Value = string(a.Value)
	in.Description = string(a.Comment)
	tags := a.Tag
	in.seen = max(a.LastSeen.when(), a.Timestamp.when())
	if e != nil {
		in.Description = strings.TrimSuffix(string(e.Info)+": "+in.Description, ": ")
		tags = append(tags[:len(tags):len(tags)], e.Tag...)
		if in.seen == 0 {
			in.seen = e.Timestamp.when()
		}
		in.Reference = string(e.UUID)
	}
	for _, t := range tags {
		in.Tags = append(in.Tags, string(t.Name))
		if c, ok := mispConfidence[string(t.Name)]; ok {
			in.Confidence, in.confident = c, true
		}
	}
	l.typed(&in, string(a.Type))
}

// mispConfidence is what the tags of two taxonomies say in percent.
var mispConfidence = map[string]int{
	`misp:confidence-level="completely-confident"`:                   100,
	`misp:confidence-level="usually-confident"`:                      75,
	`misp:confidence-level="fairly-confident"`:                       50,
	`misp:confidence-level="rarely-confident"`:                       25,
	`misp:confidence-level="unconfident"`:                            5,
	`misp:confidence-level="confidence-cannot-be-evaluated"`:         50,
	`estimative-language:confidence-in-analytic-judgment="high"`:     85,
	`estimative-language:confidence-in-analytic-judgment="moderate"`: 50,
	`estimative-language:confidence-in-analytic-judgment="low"`:      25,
}

// ManifestEntry is an event of a MISP feed: the file UUID.json beside the manifest.
type ManifestEntry struct {
	UUID      string
	Timestamp int64 // when it was changed last, seconds since 1970
}

// ReadManifest reads the manifest.json of a MISP feed, what was changed last first. Names that are no UUIDs are left out, for files are named after them.
func ReadManifest(data []byte) ([]ManifestEntry, error) {
	var m map[string]struct {
		Timestamp loose `json:"timestamp"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("read the manifest of a MISP feed: %w", err)
	}
	var list []ManifestEntry
	for uuid, e := range m {
		if !isUUID(uuid) {
			continue
		}
		when, _ := strconv.ParseInt(string(e.Timestamp), 10, 64)
		list = append(list, ManifestEntry{uuid, when})
	}
	slices.SortFunc(list, func(a, b ManifestEntry) int {
		return cmp.Or(cmp.Compare(b.Timestamp, a.Timestamp), strings.Compare(a.UUID, b.UUID))
	})
	return list, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if _, ok := nibble(s[i]); !ok {
			return false
		}
	}
	return true
}
