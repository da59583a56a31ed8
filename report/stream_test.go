package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// shell is a rule that looks at events one by one, guess one that counts them, noise one of no weight.
var (
	shell = detect.RuleInfo{
		Type: "rule", ID: "11111111-0000-4000-8000-000000000001", Title: "Encoded | command *started*", Level: "high",
		Description: "A shell was given a command that nobody can read.\n", Tags: []string{"attack.execution", "attack.t1059.001"},
		FalsePositives: []string{"Software deployment", "Unknown"}, NextSteps: []string{"Decode the command", "Ask <the user>"},
		LogSource: event.LogSource{Category: "process_creation", Product: "windows"}, File: "builtin:shell.yml", Line: 1,
	}
	guess = detect.RuleInfo{
		Type: "rule", ID: "11111111-0000-4000-8000-000000000002", Title: "Passwords guessed", Level: "critical",
		Tags: []string{"attack.credential-access", "attack.t1110"}, File: "builtin:guess.yml", Line: 1,
	}
	noise = detect.RuleInfo{Type: "rule", ID: "3", Title: "Noise", Level: "low", Tags: []string{}, File: "noise.yml", Line: 4}
)

func hitOf(r *detect.RuleInfo, second int, record int64) *detect.Hit {
	return &detect.Hit{
		Type: "hit", Time: noon.Add(time.Duration(second) * time.Second), File: "logs/a.evtx", Record: record,
		Rule: detect.HitRule{ID: r.ID, Title: r.Title, Level: r.Level, Tags: r.Tags}, LogSource: r.LogSource,
	}
}

func shellHit(second int, record int64, host, command string) *detect.Hit {
	h := hitOf(&shell, second, record)
	h.Matched = []detect.Matched{
		{Field: "CommandLine", Value: command, By: "CommandLine|contains: ' -enc '"},
		{Field: "EventID", Value: "1", By: "EventID: 1"},
	}
	h.Entities = detect.Entities{Hosts: []string{host}, Users: []string{`CORP\eve`}}
	native, err := json.Marshal(map[string]any{"CommandLine": command, "Image": `C:\Windows\powershell.exe`, "User": `CORP\eve`, "EventID": 1})
	if err != nil {
		panic(err)
	}
	h.Event = native
	return h
}

// stream hands a small run to a handler.
func stream(t testing.TB, h Handler) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(h.Rule(&shell))
	check(h.Hit(shellHit(1, 7, "WS1", "powershell -nop -enc JAB4AD0A")))
	check(h.Hit(shellHit(2, 8, "WS1", "powershell -nop -enc JAB4AD0A")))
	check(h.Hit(shellHit(90, 9, "WS2", "pwsh -ENC SQBFAFgA")))
	check(h.Rule(&noise))
	for i := range 3 {
		check(h.Hit(hitOf(&noise, 30+i, int64(20+i))))
	}
	check(h.Rule(&guess))
	g := hitOf(&guess, 60, 99)
	g.File = "logs/auth.log"
	g.Matched = []detect.Matched{{Field: "source.ip", Value: "192.0.2.7", By: "group-by source.ip"}, {Value: "12", By: "event_count gte 10 in 5m"}}
	g.Entities = detect.Entities{Addresses: []string{"192.0.2.7"}}
	g.Events = []detect.EventRef{{File: "logs/auth.log", Record: 88}, {File: "logs/auth.log", Record: 99}}
	g.Count = 12
	check(h.Hit(g))
	check(h.Summary(&detect.Summary{
		Type: "summary", Files: 3, Bytes: 123456, Events: 4321, Rules: detect.RuleCounts{Loaded: 50, Refused: 1, From: []string{"builtin", "rules/x"}}, Hits: 7,
		First: noon.Add(-time.Hour), Last: noon.Add(time.Hour),
		Formats: []detect.FormatCount{{Format: "evtx", Files: 2, Events: 4000}, {Format: "syslog", Files: 1, Events: 321}},
		Unread: []event.Unread{
			{Path: "logs/b.gz", Offset: 12, Reason: "gzip: invalid header"},
			{Path: "logs/c.gz", Reason: "gzip: invalid header"},
			{Path: "logs/d.evtx", Offset: 4096, Reason: "chunk: checksum"},
		},
		UnreadTotal: 3, Notes: []string{"a bound was reached"}, Seconds: 0.5,
	}))
}

// paper is a screen without end; what matched stands in brackets.
type paper struct{ bytes.Buffer }

func (p *paper) Err() error { return nil }

func (p *paper) Print(indent, _ int, line ...Span) {
	var b strings.Builder
	for _, s := range line {
		if s.Style == "match" {
			s.Text = "[" + s.Text + "]"
		}
		b.WriteString(s.Text)
	}
	fmt.Fprintf(p, "%*s%s\n", indent, "", strings.TrimRight(b.String(), " "))
}

func (p *paper) Table(indent, _ int, rows [][]Span) {
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, c.Text)
		}
		p.Print(indent, 0, Span{"", strings.Join(cells, " | ")})
	}
}

// Each rendering of the same small run is what it was.
func TestGolden(t *testing.T) {
	for name, make := range map[string]func(*paper) Handler{
		"run.txt":   func(p *paper) Handler { return NewText(p, Options{Next: []string{"tocsin hunt again"}}) },
		"run.jsonl": func(p *paper) Handler { return NewJSON(p) },
		"run.csv":   func(p *paper) Handler { return NewCSV(p, Options{}) },
		"run.md":    func(p *paper) Handler { return NewMarkdown(p, Options{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var p paper
			stream(t, make(&p))
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, p.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(p.Bytes(), want) {
				t.Errorf("not as in %s (go test -update writes it anew):\n%s", file, p.String())
			}
		})
	}
}
