package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/terminal"
)

// greet says where things are and what is watched.
func (s *serve) greet() {
	if s.quiet {
		return
	}
	out := terminal.NewScreen(s.std.out, terminal.Of(s.std.out))
	say := func(label, format string, args ...any) {
		out.Print(0, 12, terminal.Span{Text: fmt.Sprintf("%-10s  ", label), Style: "dim"}, terminal.Span{Text: fmt.Sprintf(format, args...)})
	}
	out.Print(0, 0, terminal.Span{Text: "tocsin " + versionText(), Style: "bold"}, terminal.Span{Text: fmt.Sprintf(", ready after %s", time.Since(s.started).Round(time.Millisecond))})
	say("keeps in", "%s", s.dir)
	say("rules", "%d in force%s", s.tenants[0].line.Status().Rules, refusedWords(s.rules.refused))
	for _, t := range s.tenants {
		s.greetTenant(t, say)
	}
	say("ask it", "tocsin alerts · tocsin search 'failed password' · tocsin tail · tocsin status")
	if err := out.Err(); err != nil {
		s.log.Warn("standard output cannot be written to", "error", err)
	}
}

func refusedWords(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d refused (tocsin rules check tells why)", n)
}

func (s *serve) greetTenant(t *tenant, say func(label, format string, args ...any)) {
	if len(s.tenants) > 1 {
		say("tenant", "%s", t.name)
	}
	var watched, listening []string
	for _, in := range t.inputs {
		if strings.HasPrefix(in.Name(), "syslog") || strings.HasPrefix(in.Name(), "http") || strings.HasPrefix(in.Name(), "netflow") {
			listening = append(listening, in.Name())
			continue
		}
		watched = append(watched, in.Name())
	}
	label := "watches"
	for _, w := range slices.Compact(watched) {
		say(label, "%s", w)
		label = ""
	}
	if len(watched) > 0 {
		say("since", "%s", t.begin.Local().Format("2006-01-02 15:04:05 MST"))
	}
	label = "listens"
	for _, l := range listening {
		say(label, "%s", l)
		label = ""
	}
	say(label, "console: %s", socketPath(s.dir))
	for _, n := range t.notes {
		say("note", "%s", n)
	}
}
