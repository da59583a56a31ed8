package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newNotify(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "See and try by which ways people are told",
		Long: `See by which ways people are told of incidents, and try them. What is told to whom stands in tocsin.yml, below notify;
tocsin check says which severities reach nobody.`,
	}
	cmd.AddCommand(newNotifyTest(std), newNotifyList(std))
	return cmd
}

// loadDirectory reads who is told of what.
func loadDirectory(path string) (*notify.Directory, error) {
	set, err := settings.Load(path)
	if err != nil {
		return nil, err
	}
	return notify.Compile(set.Notifying(), settings.NotifyEnv(versionText(), nil))
}

// tried is what came of trying one way.
type tried struct {
	Way   string `json:"way"`
	Kind  string `json:"kind"`
	Sent  bool   `json:"sent"`
	Took  string `json:"took,omitempty"`
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

func newNotifyTest(std streams) *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test [flags] [ROUTE|WAY]",
		Short: "Send a test message by each way, and tell which work",
		Long: `Send a message that says that it is a test: by every way, or by those of one route, or by one. Each is sent at once, past
the outbox, and what the other side answers is told with what can be done about it.

Exit status: 0 all were taken, 2 one was not.`,
		Example: `  tocsin notify test
  tocsin notify test pager`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := loadDirectory(path)
			if err != nil {
				return err
			}
			ways, name, err := waysToTry(d, strings.Join(args, ""))
			if err != nil {
				return err
			}
			return tryWays(cmd.Context(), std.out, d, ways, name, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one object a line")
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	return cmd
}

// waysToTry are the ways that a name means: those of a route, one, or all.
func waysToTry(d *notify.Directory, name string) (ways []string, title string, err error) {
	if name == "" {
		if ways = d.WayNames(); len(ways) == 0 {
			return nil, "", terminal.WithHint(errors.New("notify: there is no way to tell anybody"), "name some below notify.ways in tocsin.yml; docs/reference/notify.md has an example of each kind")
		}
		return ways, "all ways", nil
	}
	var names []string
	for _, r := range d.Routes {
		if r.Name == name {
			return d.WaysOf(time.Now(), r), "route " + name, nil
		}
		names = append(names, r.Name)
	}
	if d.Way(name) != nil {
		return []string{name}, "way " + name, nil
	}
	return nil, "", terminal.WithHint(fmt.Errorf("notify: there is no route and no way %q", name), "there are: %s", strings.Join(append(names, d.WayNames()...), ", "))
}

// tryWays sends a test message by each way.
func tryWays(ctx context.Context, out io.Writer, d *notify.Directory, ways []string, title string, asJSON bool) error {
	failed := 0
	for _, name := range ways {
		w := d.Way(name)
		m := notify.TestMessage(time.Now(), settings.NotifyEnv(versionText(), nil).Host, title)
		begun := time.Now()
		_, err := w.Send(ctx, &m)
		t := tried{Way: name, Kind: w.Kind, Sent: err == nil, Took: time.Since(begun).Round(time.Millisecond).String()}
		if err != nil {
			failed++
			t.Error = err.Error()
			var r *notify.Refusal
			if errors.As(err, &r) {
				t.Hint = r.Hint
			}
		}
		if asJSON {
			if err := json.NewEncoder(out).Encode(t); err != nil {
				return err
			}
			continue
		}
		if t.Sent {
			fmt.Fprintf(out, "%s (%s): sent in %s\n", name, w.Kind, t.Took)
			continue
		}
		fmt.Fprintf(out, "%s\n", terminal.Safe("FAILED "+t.Error))
		if t.Hint != "" {
			fmt.Fprintf(out, "  = %s\n", terminal.Safe(t.Hint))
		}
	}
	if failed > 0 {
		return fmt.Errorf("notify: %d of %d ways did not work", failed, len(ways))
	}
	return nil
}

// listed is a route as it is listed.
type listed struct {
	Route string   `json:"route"`
	What  string   `json:"what"`
	To    []string `json:"to"`
	Ways  []string `json:"ways"`
}

func newNotifyList(std streams) *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List who is told of what, and by which ways, now",
		Long: `List the routes in their order: what each tells, whom (of a roster, who is on duty now), and by which ways. Below stands
which severities reach nobody.

Exit status: 0 listed, 2 failed.`,
		Example: `  tocsin notify list`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := settings.Load(path)
			if err != nil {
				return err
			}
			d, err := notify.Compile(set.Notifying(), settings.NotifyEnv(versionText(), nil))
			if err != nil {
				return err
			}
			return listRoutes(std.out, set, d, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one object a line")
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	return cmd
}

func listRoutes(w io.Writer, set *settings.File, d *notify.Directory, asJSON bool) error {
	now := time.Now()
	var rows [][]terminal.Span
	for _, r := range d.Routes {
		l := listed{Route: r.Name, What: r.Describe(), To: d.OnDuty(now, r), Ways: d.WaysOf(now, r)}
		if asJSON {
			if err := json.NewEncoder(w).Encode(l); err != nil {
				return err
			}
			continue
		}
		var ways []string
		for _, name := range l.Ways {
			ways = append(ways, name+" ("+d.Way(name).Kind+")")
		}
		rows = append(rows, []terminal.Span{{Text: l.Route, Style: "bold"}, {Text: l.What}, {Text: strings.Join(l.To, ", ")}, {Text: strings.Join(ways, ", "), Style: "dim"}})
	}
	if asJSON {
		return nil
	}
	out := terminal.NewScreen(w, terminal.Of(w))
	out.Table(0, 1, rows)
	for _, line := range settings.GapLines(set, d) {
		out.Print(0, 0, terminal.Span{Text: line})
	}
	return out.Err()
}
