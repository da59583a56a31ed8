package serve

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/settings"
)

// Greeting is what a person should know when serve begins.
type Greeting struct {
	Took  time.Duration // from the start until all was ready
	Lines []Line
}

// Line is a line of a greeting. The label is "" where the line goes on with what the one above is about.
type Line struct{ Label, Text string }

// greeting says where things are and what is watched.
func (s *serve) greeting(ctx context.Context) *Greeting {
	g := &Greeting{Took: time.Since(s.started)}
	say := func(label, format string, args ...any) {
		g.Lines = append(g.Lines, Line{label, fmt.Sprintf(format, args...)})
	}
	say("keeps in", "%s", s.dir)
	say("rules", "%d in force%s", s.tenants[0].line.Status().Rules, refusedWords(s.rules.Refused))
	for _, t := range s.tenants {
		s.greetTenant(t, say)
	}
	s.greetConsole(ctx, say)
	folder := ""
	if s.Data != "" {
		folder = "  each with --data " + s.Data
	}
	say("ask it", "tocsin alerts · tocsin search 'failed password' · tocsin tail · tocsin status%s", folder)
	return g
}

// greetConsole says where the console is, and, where there is nobody yet, how the first administrator comes in.
func (s *serve) greetConsole(ctx context.Context, say func(label, format string, args ...any)) {
	f := s.front
	if f == nil {
		say("console", "not reached over the network (console.listen: off)")
		return
	}
	say("console", "%s", f.origin)
	if _, why := f.taken(); why != nil {
		say("", "not reached yet: %v", why)
	}
	if f.certs != nil && f.certs.own() {
		say("", "its certificate signs itself: %s", f.certs.words())
	}
	link, first, err := s.doors.FirstRun(ctx)
	if err != nil {
		s.log.Error("the link for the first administrator", "error", err)
	}
	if first {
		say("first run", "there is no user yet; this link makes the first administrator, once, for an hour:")
		say("", "%s", f.origin+identity.FirstPath+link)
		if f.listener != nil && identity.MayListenPlain(f.plan.Address) == nil {
			_, port, _ := net.SplitHostPort(f.listener.Addr().String())
			say("", "from another machine, lead its port here first: ssh -L %[1]s:127.0.0.1:%[1]s THIS-HOST", port)
		}
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
	label := "watches"
	var listening []string
	for _, in := range t.inputs {
		if strings.HasPrefix(in.Name(), "syslog") || strings.HasPrefix(in.Name(), "http") || strings.HasPrefix(in.Name(), "netflow") {
			listening = append(listening, in.Name())
			continue
		}
		if t.local == nil {
			say(label, "%s", in.Name())
			label = ""
		}
	}
	if t.local != nil {
		label = greetLocal(t, say)
	}
	if label == "" && t.local != nil {
		say("since", "%s", t.begin.Local().Format("2006-01-02 15:04:05 MST"))
	}
	label = "listens"
	for _, l := range listening {
		say(label, "%s", l)
		label = ""
	}
	if t.name == settings.MainTenant {
		say(label, "socket: %s", settings.SocketPath(s.dir))
	}
	if t.local != nil {
		label = "not seen"
		for _, d := range t.local.Denied {
			say(label, "%s (%s may read it)", d.Path, d.Need)
			label = ""
		}
		for _, n := range t.local.Notes {
			say("note", "%s", n)
		}
	}
	for _, n := range t.notes {
		say("note", "%s", n)
	}
}

// shownLogs is how many of this machine's logs are named at the start.
const shownLogs = 8

// greetLocal tells what this machine logs. It returns the label of the next line: "" where there was something to tell.
func greetLocal(t *tenant, say func(label, format string, args ...any)) string {
	label := "watches"
	tell := func(format string, args ...any) {
		say(label, format, args...)
		label = ""
	}
	if t.local.Journal != nil {
		tell("the journal of this machine")
	}
	logs := t.local.Logs
	for _, l := range logs[:min(len(logs), shownLogs)] {
		if l.Format == "" {
			tell("%s (still empty)", l.Path)
			continue
		}
		tell("%s (%s, %s)", l.Path, l.Format, report.Size(l.Size))
	}
	if more := len(logs) - shownLogs; more > 0 {
		tell("and %d more files in /var/log", more)
	}
	if label != "" && t.local.Files != nil {
		tell("%s, where nothing is logged yet", strings.Join(t.local.Files.Paths, ", "))
	}
	return label
}
