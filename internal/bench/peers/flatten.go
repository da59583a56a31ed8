package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
)

// numberField holds the number of an event, sourcesField the numbers of the log sources that it is of.
const (
	numberField  = "n0"
	sourcesField = "n1"
)

// routes says which log sources of some rules an event is of, and what the rules of each call its fields. An engine
// that knows nothing of log sources gets both with the events, so that what is compared is the language alone.
type routes struct {
	sources []event.LogSource
	names   [][]string // fields that the rules of each name
	match   *sigma.Matcher
}

// newRoutes prepares the log sources of a set of rules.
func newRoutes(set []*sigma.Rule) (*routes, error) {
	r := &routes{}
	index := make(map[event.LogSource]int)
	var doc strings.Builder
	for _, rule := range set {
		if rule.Detection == nil {
			continue
		}
		i, ok := index[rule.LogSource]
		if !ok {
			i = len(r.sources)
			index[rule.LogSource] = i
			r.sources = append(r.sources, rule.LogSource)
			r.names = append(r.names, nil)
			source, err := json.Marshal(rule.LogSource)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&doc, "---\ntitle: any %d\nlogsource: %s\ndetection: {none: {no-such-field: no such value}, condition: not none}\n", i, source)
		}
		r.names[i] = appendFields(r.names[i], rule.Detection)
	}
	for i := range r.names {
		slices.Sort(r.names[i])
		r.names[i] = slices.Compact(r.names[i])
	}
	anything, diags := sigma.Load("any.yml", []byte(doc.String()), sigma.LoadOptions{})
	if len(anything) != len(r.sources) {
		return nil, fmt.Errorf("rules for any event: %v", diags)
	}
	r.match = sigma.Compile(anything, sigma.BuiltinLogSources()).NewMatcher()
	return r, nil
}

func appendFields(names []string, e *sigma.Expr) []string {
	if e.Test != nil {
		for _, n := range []string{e.Test.Field, e.Test.Ref} {
			if n != "" {
				names = append(names, n)
			}
		}
	}
	for _, k := range e.Kids {
		names = appendFields(names, k)
	}
	return names
}

// appendLine appends an event as a line of JSON: its fields, those that rules know by another name once more under that
// one, its number, and its log sources by number. With plain, the log sources stand there as words instead, as far as
// an event has one of a kind. An event that was a JSON object keeps its members as they were, nested ones too.
func (r *routes) appendLine(dst []byte, ev *event.Event, n int, plain bool) []byte {
	names := ev.Shape.Fields()
	seen := make(map[string]bool, len(names))
	from := len(dst)
	dst = append(dst, '{')
	asItCame := false
	if b, err := appendObject(dst, ev.Raw); err == nil {
		dst, asItCame = b, true
		for _, name := range names {
			seen[name] = true
		}
	}
	if len(dst) > from+1 {
		dst = append(dst, ',')
	}
	dst = append(dst, `"`+numberField+`":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	put := func(name string, v event.Value) {
		if seen[name] || v.Kind == event.Missing {
			return
		}
		seen[name] = true
		dst = append(event.AppendQuoted(append(dst, ','), name), ':')
		if strings.IndexByte(v.Raw, '\n') >= 0 && (v.Kind == event.List || v.Kind == event.Object) {
			var flat bytes.Buffer
			if json.Compact(&flat, []byte(v.Raw)) == nil {
				v.Raw = flat.String()
			}
		}
		dst = v.AppendJSON(dst)
	}
	for i, name := range names {
		put(name, ev.Values[i])
	}
	if !asItCame && ev.Raw != "" && ev.Raw[0] != '{' {
		put("message", event.Value{Raw: ev.Raw, Kind: event.Text})
	}
	of := r.match.Match(ev)
	for _, i := range of {
		for _, name := range r.names[i] {
			root, _, dotted := strings.Cut(name, ".")
			if !dotted || !seen[root] && !asItCame {
				put(name, r.match.Field(i, name))
			}
		}
	}
	if plain {
		dst = r.appendWords(dst, of)
	} else {
		dst = append(dst, `,"`+sourcesField+`":[`...)
		for k, i := range of {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(i), 10)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}', '\n')
}

// appendObject appends the members of an object of JSON, without the white space between them.
func appendObject(dst []byte, raw string) ([]byte, error) {
	if !strings.HasPrefix(raw, "{") {
		return dst, errors.New("no object")
	}
	var flat bytes.Buffer
	if err := json.Compact(&flat, []byte(strings.ToValidUTF8(raw, "\uFFFD"))); err != nil {
		return dst, err
	}
	in := flat.Bytes()
	return append(dst, in[1:len(in)-1]...), nil
}

// appendWords appends the product, service and category of an event where all its log sources agree in it.
func (r *routes) appendWords(dst []byte, of []int32) []byte {
	for _, part := range []struct {
		name string
		of   func(event.LogSource) string
	}{
		{"product", func(s event.LogSource) string { return s.Product }},
		{"service", func(s event.LogSource) string { return s.Service }},
		{"category", func(s event.LogSource) string { return s.Category }},
	} {
		word, one := "", true
		for _, i := range of {
			if w := part.of(r.sources[i]); w != "" {
				one = one && (word == "" || word == w)
				word = w
			}
		}
		if word == "" && len(of) > 0 {
			word = "none" // and so no rule of any other is for it
		}
		if one {
			dst = append(dst, `,"`+part.name+`":`...)
			dst = event.AppendQuoted(dst, word)
		}
	}
	return dst
}

// place is where an event stands.
type place struct {
	file   string
	record int64
}

// flatten writes the events of files as lines of JSON, numbered from 0, and returns where each one stands.
func (r *routes) flatten(ctx context.Context, files []string, name string, plain bool) ([]place, error) {
	out, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	var places []place
	var line []byte
	err = eachEvent(ctx, files, func(ev *event.Event) error {
		line = r.appendLine(line[:0], ev, len(places), plain)
		places = append(places, place{ev.Origin.Path, ev.Record})
		_, err := w.Write(line)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return places, out.Close()
}

// eachEvent reads files as a hunt does.
func eachEvent(ctx context.Context, files []string, do func(*event.Event) error) error {
	var env parse.Env
	formats := append([]*parse.Format{{
		Name: "evtx", Detect: evtx.Detect,
		NewSplitter: func() parse.Splitter { return evtx.NewSplitter() },
		NewParser:   func(env *parse.Env) parse.Parser { return evtx.NewParser(&env.Shapes) },
	}}, parse.Formats...)
	from, err := source.NewFiles(files, source.Options{Recognise: func(head string) (string, source.Splitter) {
		f := parse.Recognise(formats, head)
		if f == nil {
			return "", nil
		}
		return f.Name, f.NewSplitter()
	}})
	if err != nil {
		return err
	}
	parsers := make(map[string]parse.Parser)
	batch := new(event.Batch)
	var failed error
	err = from.Blocks(ctx, func(b event.Block, u *event.Unread) bool {
		if u != nil {
			return true
		}
		p := parsers[b.Origin.Format]
		for _, f := range formats {
			if p == nil && f.Name == b.Origin.Format {
				p = f.NewParser(&env)
				parsers[f.Name] = p
			}
		}
		p.Parse(b, batch)
		for i := range batch.Events {
			if failed = do(&batch.Events[i]); failed != nil {
				return false
			}
		}
		batch.Reset()
		return true
	})
	if failed != nil {
		return failed
	}
	return err
}

// loadRules loads rules as a hunt does.
func loadRules(places []string) (*rules.Loaded, error) {
	return rules.Load(places, rules.Options{})
}
