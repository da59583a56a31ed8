// Package formats are all formats of logs that tocsin reads: those of parse, and those that have a room of their own. It tells
// what a stream is by how it begins, and has the splitter and the parser of each.
package formats

import (
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/netflow"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/source"
)

// All are all formats of logs that can be read.
var All = append([]*parse.Format{evtxFormat, netflowFormat}, parse.Formats...)

// netflowFormat is what routers and firewalls tell of flows, which has a room of its own.
var netflowFormat = &parse.Format{
	Name:        netflow.Name,
	Doc:         "Captured messages of NetFlow v5, v9 and IPFIX, one after the other (RFC 5655 for IPFIX).",
	Detect:      netflow.Detect,
	NewSplitter: func() parse.Splitter { return netflow.NewSplitter() },
	NewParser:   func(env *parse.Env) parse.Parser { return netflow.NewParser(&env.Shapes) },
}

// evtxFormat is the event log of Windows, which has a room of its own.
var evtxFormat = &parse.Format{
	Name:        "evtx",
	Doc:         "The event logs of Windows Vista and later, damaged and truncated ones too.",
	Detect:      evtx.Detect,
	NewSplitter: func() parse.Splitter { return evtx.NewSplitter() },
	NewParser:   func(env *parse.Env) parse.Parser { return evtx.NewParser(&env.Shapes) },
}

// Recognise tells a source what it reads.
func Recognise(head string) (string, source.Splitter) {
	f := parse.Recognise(All, head)
	if f == nil {
		return "", nil
	}
	return f.Name, f.NewSplitter()
}

// Parser returns a parser for streams of the format of that name.
func Parser(name string, env *parse.Env) parse.Parser {
	for _, f := range All {
		if f.Name == name {
			return f.NewParser(env)
		}
	}
	return nil
}

// Splitter returns a new splitter of the format of that name, nil where there is none.
func Splitter(name string) source.Splitter {
	for _, f := range All {
		if f.Name == name {
			return f.NewSplitter()
		}
	}
	return nil
}
