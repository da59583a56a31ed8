package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// everyday is what logs come to in which nothing much happens, or what happens to everybody.
type everyday struct {
	Title     string
	Events    int
	Alerts    [len(alert.LevelNames)]int64 // by level
	Attacks   int                          // incidents that a person is told of
	Others    int                          // of attempts on everybody, and of what means little
	Command   string
	Incidents []string // titles of the attacks
}

// PerMillion returns the alerts of a level for each million events.
func (e *everyday) PerMillion(level int) string {
	return fmt.Sprintf("%.0f", float64(e.Alerts[level])*1e6/float64(max(e.Events, 1)))
}

// everydayRules are what people run all day: the rules for hunting by hand are left out.
var everydayRules = []string{"sigma/rules", "sigma/rules-emerging-threats"}

// everydays hunts everyday logs.
func (b *bench) everydays() ([]*everyday, error) {
	if err := os.MkdirAll(b.place.Work, 0o755); err != nil {
		return nil, err
	}
	log, err := b.bastionLog()
	if err != nil {
		return nil, err
	}
	examples := filepath.Join(b.place.Data, "elastic-examples")
	inputs := []struct{ title, path string }{
		{"web servers, Apache and nginx, on the internet", filepath.Join(examples, "Common Data Formats")},
		{"sshd and sudo of a server on the internet", filepath.Join(examples, "Machine Learning")},
		{"event logs of Windows machines", filepath.Join(b.place.Data, "omerbenamram-evtx")},
		{"a busy bastion on the internet, guessed at all day, now and then with success", log},
	}
	if journal := b.journal(); journal != "" {
		inputs = append(inputs, struct{ title, path string }{"the journal of the machine that measures", journal})
	}
	var out []*everyday
	for _, in := range inputs {
		e, err := b.everyday(in.path)
		if err != nil {
			return nil, err
		}
		e.Title = in.title
		fmt.Printf("everyday: %s: %d events; alerts %v; %d incidents, and %d of little: %s\n", e.Title, e.Events, e.Alerts, e.Attacks, e.Others, strings.Join(e.Incidents, "; "))
		out = append(out, e)
	}
	return out, nil
}

// journal writes what the journal of this machine holds into a file; "" where there is none.
func (b *bench) journal() string {
	name := filepath.Join(b.place.Work, "journal.json")
	out, err := exec.CommandContext(b.ctx, "journalctl", "-o", "json", "-n", "1000000", "--no-pager", "-q").Output()
	if err != nil || len(out) == 0 || os.WriteFile(name, out, 0o600) != nil {
		return ""
	}
	return name
}

func (b *bench) everyday(path string) (*everyday, error) {
	args := []string{b.tocsin, "hunt", "-q", "--json", "--rules", "builtin"}
	short := "bin/tocsin hunt -q --json --rules builtin"
	for _, r := range everydayRules {
		args = append(args, "--rules", filepath.Join(b.place.Data, filepath.FromSlash(r)))
		short += " --rules DATA/" + r
	}
	last := &lane.LastLine{}
	cmd := lane.Command{Args: append(args, path), Stdout: last}
	if _, err := cmd.Run(b.ctx, 1); err != nil {
		return nil, err
	}
	var sum struct {
		Events    int
		Incidents []alert.Message
	}
	if err := json.Unmarshal([]byte(last.Line()), &sum); err != nil {
		return nil, fmt.Errorf("the summary of %s: %w", path, err)
	}
	e := &everyday{Events: sum.Events, Command: strings.NewReplacer(b.place.Data, "DATA", b.place.Work, "WORK").Replace(short + " " + path)}
	for _, i := range sum.Incidents {
		if i.Kind == "attack" {
			e.Attacks++
			e.Incidents = append(e.Incidents, i.Level+" "+i.Title)
		} else {
			e.Others++
		}
		for _, r := range i.Rules {
			for level, name := range alert.LevelNames {
				if name == r.Level {
					e.Alerts[level] += r.Alerts
				}
			}
		}
	}
	return e, nil
}
