package main

import (
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/netflow"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/source"
)

// formats are all formats of logs that can be read.
var formats = append([]*parse.Format{evtxFormat, netflowFormat}, parse.Formats...)

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

// recognise tells a source what it reads.
func recognise(head string) (string, source.Splitter) {
	f := parse.Recognise(formats, head)
	if f == nil {
		return "", nil
	}
	return f.Name, f.NewSplitter()
}

// parserOf returns a parser for streams of the format of that name.
func parserOf(name string, env *parse.Env) parse.Parser {
	for _, f := range formats {
		if f.Name == name {
			return f.NewParser(env)
		}
	}
	return nil
}

// splitterOf returns a new splitter of the format of that name, nil where there is none.
func splitterOf(name string) source.Splitter {
	for _, f := range formats {
		if f.Name == name {
			return f.NewSplitter()
		}
	}
	return nil
}
