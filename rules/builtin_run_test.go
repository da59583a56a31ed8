package rules

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/ruletest"
	"github.com/tocsin-sec/tocsin/sigma"
)

// readLines parses the lines of a test as hunt would parse a file of them.
func readLines(format, lines string, out *event.Batch) error {
	formats := parse.Formats
	if format != "" {
		i := slices.IndexFunc(formats, func(f *parse.Format) bool { return f.Name == format })
		if i < 0 {
			return fmt.Errorf("no format is called %q", format)
		}
		formats = formats[i : i+1]
	}
	f := parse.Recognise(formats, lines)
	if f == nil {
		return fmt.Errorf("the lines are not %s", format)
	}
	origin := &event.Origin{Path: "test.log", Format: f.Name, Reference: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	split, parser := f.NewSplitter(), f.NewParser(&parse.Env{})
	for len(lines) > 0 {
		c := split.Split([]byte(lines), true)
		if c.Size == 0 {
			return nil
		}
		parser.Parse(event.Block{Origin: origin, Header: c.Header, Data: lines[c.Skip : c.Skip+c.Size], First: 1}, out)
		lines = lines[c.Skip+c.Size:]
	}
	return nil
}

// Every rule that tocsin ships finds what it is there to find, and leaves alone what only looks like it.
func TestBuiltinRules(t *testing.T) {
	collection, diags := sigma.Collect(builtin(t))
	for _, d := range diags {
		t.Error(d.Format())
	}
	bench := &ruletest.Bench{Rules: collection, Sources: sigma.BuiltinLogSources(), Read: readLines}
	err := fs.WalkDir(Builtin, ".", func(p string, d fs.DirEntry, err error) error {
		base, isTest := strings.CutSuffix(p, ".test.yml")
		if err != nil || !isTest {
			return err
		}
		data, err := fs.ReadFile(Builtin, p)
		if err != nil {
			return err
		}
		t.Run(base, func(t *testing.T) {
			runCases(t, bench, BuiltinPath+":"+base+".yml", data)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runCases(t *testing.T, bench *ruletest.Bench, rule string, data []byte) {
	t.Helper()
	cases, diags := ruletest.Parse(rule, data)
	for _, d := range diags {
		t.Error(d.Format())
	}
	found, spared := false, false
	for _, c := range cases {
		target, err := bench.Target(rule, &c)
		if err != nil {
			t.Error(err)
			continue
		}
		res, err := bench.Run(target, &c)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if !res.Passed {
			t.Errorf("%s: %d hits, want %s\n%s", c.Name, res.Hits, c.Want(), strings.Join(res.Why, "\n"))
		}
		found, spared = found || c.Hits > 0, spared || c.Hits == 0
	}
	if !found || !spared {
		t.Error("a rule needs a case that it hits and one that it does not")
	}
}
