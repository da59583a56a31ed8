package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

// preventCommand is the command `tocsin prevent`.
type preventCommand struct {
	std   streams
	place place

	dir                            string
	days                           int
	json, arm, disarm, list, again bool
	exception, force               bool
}

func newPrevent(std streams) *cobra.Command {
	p := &preventCommand{std: std}
	cmd := &cobra.Command{
		Use:   "prevent [flags] CASE|INCIDENT|ALERT",
		Short: "Make that it does not happen again: draft a rule from what happened, try it, arm it; or the exception for a false alarm",
		Long: `Make that it does not happen again. From the events of a case, an incident or an alert it drafts, into a folder to be read and
edited: the narrowest rules that cover them (saying what was done, never to whom or when), their tests, made of these events and of
near misses from what is kept, and a playbook that watches what would be blocked. The rules are tried on the last 30 days at once.

--arm runs the tests of what is in the folder, as it is then, and puts the rules in force; --disarm takes one back; --list lists them.
Armed rules are in the folder "rules" where serve keeps everything, and serve reads them beside those that are configured.

For what was closed as a false alarm or expected (else with --exception) it drafts the narrowest exception instead, with what that would
have hidden.

Exit status: 0 done, 1 it would have hidden something malicious (then nothing is done without --force), 2 failed.`,
		Example: `  tocsin prevent c01d77aa
  tocsin prevent c01d77aa --arm
  tocsin prevent --disarm 5b2f90d1
  tocsin prevent --exception 88e0c2ab --arm`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&p.dir, "dir", "", "the `folder` of the draft (default prevent-KEY)")
	f.IntVar(&p.days, "days", 30, "look back so many `days`")
	f.BoolVar(&p.arm, "arm", false, "put in force what is in the folder, if its tests pass")
	f.BoolVar(&p.disarm, "disarm", false, "take back the rule with this id, title or name")
	f.BoolVar(&p.list, "list", false, "list the rules that were armed")
	f.BoolVar(&p.again, "again", false, "draft anew over what is in the folder")
	f.BoolVar(&p.exception, "exception", false, "draft an exception, whatever the verdict is")
	f.BoolVar(&p.force, "force", false, "make an exception also if it would have hidden something malicious")
	f.BoolVar(&p.json, "json", false, "as JSON; writes no files")
	p.place.define(cmd)
	return cmd
}

func (p *preventCommand) run(ctx context.Context, args []string) error {
	switch {
	case p.list:
		return p.listArmed(ctx)
	case len(args) == 0:
		return terminal.WithHint(errors.New("prevent: what is it about?"), "name a case, an incident or an alert by its key: tocsin alerts, tocsin case list")
	case p.disarm:
		return p.takeBack(ctx, args[0])
	case p.arm:
		return p.putInForce(ctx, args[0])
	}
	c, release, err := p.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var d serve.PreventDraft
	if err := c.Post(ctx, "prevent/"+url.PathEscape(args[0]), p.args(), nil, &d); err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.std.out).Encode(&d)
	}
	if len(d.Exceptions) > 0 {
		return p.tellExceptions(&d)
	}
	dir := p.folder(d.Key)
	if err := p.write(dir, &d); err != nil {
		return err
	}
	return p.tell(ctx, c, dir, &d)
}

func (p *preventCommand) args() url.Values {
	return url.Values{"days": {strconv.Itoa(p.days)}, "exception": {strconv.FormatBool(p.exception)}}
}

func (p *preventCommand) folder(key string) string {
	return cmp.Or(p.dir, "prevent-"+key[:min(len(key), alert.ShortKey)])
}

const playbookFile = "playbook.yaml.draft"

// write writes the draft into its folder. What a person may have edited is not written over.
func (p *preventCommand) write(dir string, d *serve.PreventDraft) error {
	if len(d.Rules) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("prevent: %w", err)
	}
	files := make(map[string]string)
	for _, r := range d.Rules {
		files[r.Name+".yml"], files[r.Name+".test.yml"] = r.Text, r.Tests
	}
	if d.Playbook != "" {
		files[playbookFile] = d.Playbook
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.Base(name))
		was, err := os.ReadFile(path)
		if err == nil && string(was) != text && !p.again {
			return terminal.WithHint(fmt.Errorf("prevent: %s is there already, and is not what would be drafted now", path), "arm it with --arm, draft over it with --again, or name another folder with --dir")
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o640); err != nil {
			return fmt.Errorf("prevent: %w", err)
		}
	}
	return nil
}

func (p *preventCommand) tell(ctx context.Context, c *console.Client, dir string, d *serve.PreventDraft) error {
	screen := terminal.NewScreen(p.std.out, terminal.Of(p.std.out))
	say := func(indent int, format string, args ...any) {
		screen.Print(indent, indent+2, terminal.Span{Text: terminal.Safe(fmt.Sprintf(format, args...))})
	}
	verdict := "not judged yet"
	if d.Verdict != "" {
		verdict = "closed as " + d.Verdict
	}
	say(0, "%s %s: %s (%s); %s, %s at hand", d.Kind, d.Key[:min(len(d.Key), alert.ShortKey)], terminal.OneLine(d.Title), verdict, counted(d.Hits, "hit"), counted(d.Events, "event"))
	for i := range d.Rules {
		p.tellRule(screen, dir, &d.Rules[i])
	}
	if b := d.Backtest; b != nil {
		screen.Print(0, 0)
		say(0, "tried on the last %d days: %d of %d kept events looked at", d.Days, b.Events, b.Kept)
		for i := range b.Rules {
			printOutcome(screen, &b.Rules[i])
		}
		for _, n := range b.Notes {
			say(0, "note: %s", terminal.OneLine(n))
		}
	}
	for _, n := range d.Notes {
		say(0, "note: %s", terminal.OneLine(n))
	}
	if err := screen.Err(); err != nil || len(d.Rules) == 0 {
		return err
	}
	p.tellBlocks(ctx, c, d, dir, say)
	key := d.Key[:min(len(d.Key), alert.ShortKey)]
	if p.dir != "" {
		key += " --dir " + shellQuoted(p.dir)
	}
	say(0, "edit:      the files in %s; tocsin rules test %s", dir, shellQuoted(dir))
	say(0, "arm:       tocsin prevent %s --arm", key)
	say(0, "take back: tocsin prevent --disarm %s", d.Rules[0].ID[:alert.ShortKey])
	return screen.Err()
}

func (p *preventCommand) tellRule(screen *terminal.Screen, dir string, r *prevent.Rule) {
	screen.Print(0, 0)
	screen.Print(0, 2, terminal.Span{Style: "bold", Text: terminal.Safe(filepath.Join(dir, r.Name+".yml"))})
	screen.Print(2, 4, terminal.Span{Text: fmt.Sprintf("covers %d of %d events; describes %d of %d others of the same kinds", r.Covered, r.Events, r.Remain, r.Near)})
	for _, section := range [...]string{"correlation:\n", "detection:\n"} {
		_, text, _ := strings.Cut(r.Text, "\n"+section)
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, " ") {
				break
			}
			screen.Print(2, 6, terminal.Span{Style: "dim", Text: terminal.Safe(cut(strings.TrimRight(line, "\n")))})
		}
	}
	for _, n := range r.Notes {
		screen.Print(2, 4, terminal.Span{Text: "note: " + terminal.Safe(terminal.OneLine(n))})
	}
}

// tellBlocks says what to block, and what that would have met.
func (p *preventCommand) tellBlocks(ctx context.Context, c *console.Client, d *serve.PreventDraft, dir string, say func(int, string, ...any)) {
	const most = 3
	if d.Playbook != "" {
		say(0, "playbook:  %s blocks where it comes from, and only watches: name it in respond.playbooks once it is called .yml", filepath.Join(dir, playbookFile))
	}
	for _, a := range d.Addresses[:min(len(d.Addresses), most)] {
		out, err := askAction(ctx, c, &serve.ActionAsk{Kind: "block", Target: a, For: "24h"}, true)
		switch {
		case err != nil:
			say(0, "block:     %s: %v", a, err)
		case len(out.Would[0].Forbidden) > 0:
			say(0, "block:     %s is not to be blocked: %s", a, strings.Join(out.Would[0].Forbidden, "; "))
		default:
			say(0, "block:     tocsin block %s --for 24h (with --dry-run: what it would have met)", a)
		}
	}
}

func (p *preventCommand) tellExceptions(d *serve.PreventDraft) error {
	for _, x := range d.Exceptions {
		if _, err := fmt.Fprintf(p.std.out, "exception: %s\n  (%s)\n", terminal.Safe(terminal.OneLine(strings.Join(x.Matchers, " and "))), terminal.Safe(terminal.OneLine(x.Rule))); err != nil {
			return err
		}
		fmt.Fprintf(p.std.out, "  would have hidden %s of %s, %s malicious, in the last %d days\n", alert.Amount(x.Would.Hits), alert.Amount(x.Would.Of), alert.Amount(x.Would.Malicious), x.Would.Days)
		if x.Made != "" {
			fmt.Fprintf(p.std.out, "  made: tocsin silence end %s takes it back\n", x.Made)
		}
	}
	if d.Exceptions[0].Made != "" {
		return nil
	}
	_, err := fmt.Fprintf(p.std.out, "arm:       tocsin prevent --exception %s --arm\nedit:      tocsin silence --exception TEST… --reason WHY\n", d.Key[:min(len(d.Key), alert.ShortKey)])
	return err
}

// putInForce arms what is in the folder; the exception, where the draft is one.
func (p *preventCommand) putInForce(ctx context.Context, key string) error {
	c, err := p.place.running(ctx)
	if err != nil {
		return err
	}
	dir := p.folder(key)
	body, err := readDraft(dir)
	if p.exception || errors.Is(err, fs.ErrNotExist) {
		args := url.Values{"days": {strconv.Itoa(p.days)}, "exception": {"true"}, "force": {strconv.FormatBool(p.force)}}
		if !p.exception {
			return terminal.WithHint(fmt.Errorf("prevent: there is no draft in %s", dir), "draft it first: tocsin prevent %s; for an exception: tocsin prevent --exception %s --arm", key, key)
		}
		var out serve.ArmAnswer
		if err := c.Post(ctx, "prevent/"+url.PathEscape(key)+"/arm", args, nil, &out); err != nil {
			return err
		}
		d := out.Draft
		if p.json {
			return json.NewEncoder(p.std.out).Encode(d)
		}
		if len(d.Exceptions) == 0 {
			return errors.New("prevent: " + strings.Join(d.Notes, "; "))
		}
		return p.tellExceptions(d)
	}
	if err != nil {
		return err
	}
	var out serve.ArmAnswer
	if err := c.Post(ctx, "prevent/"+url.PathEscape(key)+"/arm", nil, body, &out); err != nil {
		return err
	}
	return p.tellArmed(out.Items, "armed")
}

// readDraft reads the rule files of a folder with their tests.
func readDraft(dir string) (*serve.ArmRequest, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("prevent: %w", err)
	}
	ask := &serve.ArmRequest{}
	for _, f := range files {
		if f.Type().IsRegular() && rules.NamesRules(f.Name()) {
			ask.Files = append(ask.Files, serve.ReadRule(dir, strings.TrimSuffix(f.Name(), ".yml")))
		}
	}
	if len(ask.Files) == 0 {
		return nil, fmt.Errorf("prevent: there is no rule in %s", dir)
	}
	return ask, nil
}

func (p *preventCommand) takeBack(ctx context.Context, name string) error {
	c, err := p.place.running(ctx)
	if err != nil {
		return err
	}
	var a serve.ArmedRule
	if err := c.Post(ctx, "prevent/"+url.PathEscape(name)+"/disarm", nil, nil, &a); err != nil {
		return err
	}
	return p.tellArmed([]serve.ArmedRule{a}, "taken back")
}

func (p *preventCommand) listArmed(ctx context.Context) error {
	c, release, err := p.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var list console.Page[serve.ArmedRule]
	if err := c.Get(ctx, "prevent", nil, &list); err != nil {
		return err
	}
	if len(list.Items) == 0 && !p.json {
		fmt.Fprintln(p.std.err, "tocsin: no rule was armed")
		return nil
	}
	return p.tellArmed(list.Items, "")
}

func (p *preventCommand) tellArmed(list []serve.ArmedRule, what string) error {
	for i := range list {
		a := &list[i]
		if p.json {
			if err := json.NewEncoder(p.std.out).Encode(a); err != nil {
				return err
			}
			continue
		}
		if what != "" {
			what += ": "
		}
		id := strings.Join(a.IDs, ", ")
		if _, err := fmt.Fprintf(p.std.out, "%s%s  %s\n", what, terminal.Safe(id), terminal.Safe(terminal.OneLine(strings.Join(a.Titles, "; ")))); err != nil {
			return err
		}
		what = strings.TrimSuffix(what, ": ")
	}
	return nil
}
