package intel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// stixIndicator is an indicator object (STIX 2.1 §4.7; 2.0 part 2 §2.5).
type stixIndicator struct {
	Type           string   `json:"type"`
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	Pattern        string   `json:"pattern"`
	PatternType    string   `json:"pattern_type"`
	ValidFrom      string   `json:"valid_from"`
	ValidUntil     string   `json:"valid_until"`
	Modified       string   `json:"modified"`
	Revoked        bool     `json:"revoked"`
	Confidence     *int     `json:"confidence"`
	Labels         []string `json:"labels"`
	IndicatorTypes []string `json:"indicator_types"`
	References     []struct {
		URL string `json:"url"`
	} `json:"external_references"`
}

// Page is what a TAXII server answers beside the objects (TAXII 2.1 §3.7).
type Page struct {
	More bool   `json:"more"`
	Next string `json:"next"`
}

// ReadPage reads what the answer of a TAXII server says of the next one. The objects are Load's to read.
func ReadPage(data []byte) (Page, error) {
	var p Page
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("read a page of a TAXII collection: %w", err)
	}
	return p, nil
}

// stix reads a bundle, an envelope of TAXII, a list of objects, a single object, or several of these after each other.
func (l *loader) stix(data []byte) error {
	latest := make(map[string]*stixIndicator)
	var order []string
	take := func(o *stixIndicator, n int) {
		if o.Type != "indicator" {
			return
		}
		key := o.ID
		if key == "" {
			key = fmt.Sprintf("object %d", n)
		}
		if old := latest[key]; old == nil {
			order = append(order, key)
		} else if stixTimeOf(o.Modified).Before(stixTimeOf(old.Modified)) {
			return
		}
		latest[key] = o
	}
	err := eachObject(data, take, func(n int, reason string) { l.problem(fmt.Sprintf("object %d", n), "%s", reason) })
	for _, key := range order {
		if l.stop() {
			break
		}
		l.stixIndicator(key, latest[key])
	}
	if err != nil && len(order) > 0 {
		l.problem("the end", "%v", err)
		return nil
	}
	return err
}

// eachObject calls take with every object, wherever they stand. Only one is held in memory at a time.
func eachObject(data []byte, take func(*stixIndicator, int), broken func(int, string)) error {
	d := json.NewDecoder(bytes.NewReader(data))
	n := 0
	one := func() error {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		n++
		var o stixIndicator
		if err := json.Unmarshal(raw, &o); err != nil {
			if !bytes.Contains(raw, []byte(`"indicator"`)) { // what is no indicator may be as it likes
				return nil
			}
			broken(n, err.Error())
			return nil
		}
		take(&o, n)
		return nil
	}
	array := func() error {
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return errors.Join(err, ifNot(t == json.Delim('['), "objects is no list"))
		}
		for d.More() {
			if err := one(); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	}
	for {
		rest := bytes.TrimLeft(data[d.InputOffset():], " \t\r\n,")
		switch {
		case len(rest) == 0:
			return nil
		case rest[0] == '[':
			if err := array(); err != nil {
				return fmt.Errorf("read STIX at byte %d: %w", d.InputOffset(), err)
			}
		default:
			if err := topObject(d, rest, one, array); err != nil {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return fmt.Errorf("read STIX at byte %d: %w", d.InputOffset(), err)
			}
		}
	}
}

func ifNot(ok bool, reason string) error {
	if ok {
		return nil
	}
	return errors.New(reason)
}

// topObject reads an object that holds objects, or is one.
func topObject(d *json.Decoder, rest []byte, one, array func() error) error {
	if !holdsObjects(rest) {
		return one()
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key == "objects" {
			if err := array(); err != nil {
				return err
			}
			continue
		}
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// holdsObjects tells whether the members of an object include a list of objects, without reading that.
func holdsObjects(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return false
		}
		if key == "objects" {
			t, err := d.Token()
			return err == nil && t == json.Delim('[')
		}
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return false
		}
	}
	return false
}

func stixTimeOf(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

func (l *loader) stixIndicator(place string, o *stixIndicator) {
	if o.Revoked {
		l.ignore("revoked")
		return
	}
	if o.PatternType != "" && o.PatternType != "stix" {
		l.ignore("patterns in " + clip(o.PatternType))
		return
	}
	p, err := ParsePattern(strings.TrimSpace(o.Pattern), AnyVersion)
	if err != nil {
		l.problem(place, "pattern: %v", err)
		return
	}
	in := item{place: place}
	in.Description = o.Name
	if o.Description != "" && o.Description != o.Name {
		in.Description = strings.TrimPrefix(o.Name+": "+o.Description, ": ")
	}
	in.Tags = append(append(in.Tags, o.IndicatorTypes...), o.Labels...)
	in.Reference = o.ID
	for _, r := range o.References {
		if r.URL != "" {
			in.Reference = r.URL
			break
		}
	}
	if o.Confidence != nil {
		in.Confidence, in.confident = min(max(*o.Confidence, 0), 100), true
	}
	for _, b := range []struct {
		text string
		to   *int64
	}{{o.ValidFrom, &in.From}, {o.ValidUntil, &in.Until}, {o.Modified, &in.seen}} {
		if b.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, b.text)
		if err != nil {
			l.problem(place, "%q is no time", clip(b.text))
			return
		}
		*b.to = max(t.Unix(), 1)
	}
	plain, rest := p.split()
	for _, v := range plain {
		next := in
		next.Kind, next.Value = v.kind, v.value
		l.add(&next)
	}
	if rest != nil {
		l.addPattern(&in, rest)
	}
}
