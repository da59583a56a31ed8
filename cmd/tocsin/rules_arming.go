package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesArm is the commands `tocsin rules arm` and `tocsin rules disarm`.
type rulesArm struct {
	std   streams
	place place
	why   string
	json  bool
}

func newRulesArm(std streams) *cobra.Command {
	r := &rulesArm{std: std}
	cmd := &cobra.Command{
		Use:   "arm [flags] FILE|FOLDER…",
		Short: "Put rules in force at the running serve, if their tests pass",
		Long: `Put rules in force at the running serve, at once and in all tenants: all of those named, or none. The tests that lie beside a rule, as
NAME.test.yml beside NAME.yml, must pass, and one must expect a hit. serve keeps the rules in the folder "rules" where it keeps
everything. A rule with the id of one that is shipped or configured stands in for it, until it is taken back.

Exit status: 0 done, 2 failed: a rule that cannot be used, a test that did not pass.`,
		Example: `  tocsin rules arm web_upload.yml --why 'seen twice this week'
  tocsin rules disarm web_upload`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.arm(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&r.why, "why", "", "the `reason`, for the audit trail")
	f.BoolVar(&r.json, "json", false, "one JSON object a line")
	r.place.define(cmd)
	return cmd
}

func newRulesDisarm(std streams) *cobra.Command {
	r := &rulesArm{std: std}
	cmd := &cobra.Command{
		Use:   "disarm [flags] RULE",
		Short: "Take back a rule that was armed",
		Long: `Take back a rule that was armed, named by its id or the beginning of one, its title, or its file. A shipped rule that it stood in
for is in force again. tocsin prevent --list lists those that are armed.`,
		Example: `  tocsin rules disarm 5b2f90d1`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.disarm(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&r.json, "json", false, "one JSON object a line")
	r.place.define(cmd)
	return cmd
}

func (r *rulesArm) arm(ctx context.Context, places []string) error {
	var ask serve.SaveAsk
	ask.Body.Why = r.why
	for _, p := range places {
		files, err := ruleFiles(p)
		if err != nil {
			return err
		}
		ask.Body.Files = append(ask.Body.Files, files...)
	}
	c, err := r.place.running(ctx)
	if err != nil {
		return err
	}
	var out serve.Saved
	if err := c.Post(ctx, "rules/arm", nil, &ask.Body, &out); err != nil {
		return err
	}
	for _, n := range out.Notes {
		fmt.Fprintln(r.std.err, "tocsin: note: "+terminal.Safe(terminal.OneLine(n)))
	}
	return (&preventCommand{std: r.std, json: r.json}).tellArmed(out.Items, "armed")
}

// ruleFiles reads a rule file, or those of a folder, with their tests.
func ruleFiles(place string) ([]serve.SaveFile, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("arm: %w", err)
	}
	if info.IsDir() {
		ask, err := readDraft(place)
		if err != nil {
			return nil, errors.New(strings.Replace(err.Error(), "prevent:", "arm:", 1))
		}
		var out []serve.SaveFile
		for _, f := range ask.Files {
			out = append(out, serve.SaveFile(f))
		}
		return out, nil
	}
	text, err := os.ReadFile(place)
	if err != nil {
		return nil, fmt.Errorf("arm: %w", err)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(place, ".yaml"), ".yml")
	f := serve.SaveFile{Name: filepath.Base(name), Rule: string(text)}
	if !serve.NamesArmed(f.Name) {
		f.Name = "" // serve finds one
	}
	if tests, err := os.ReadFile(name + ".test.yml"); err == nil {
		f.Tests = string(tests)
	}
	return []serve.SaveFile{f}, nil
}

func (r *rulesArm) disarm(ctx context.Context, name string) error {
	c, err := r.place.running(ctx)
	if err != nil {
		return err
	}
	var a serve.ArmedRule
	if err := c.Post(ctx, "rules/"+url.PathEscape(name)+"/disarm", nil, nil, &a); err != nil {
		return err
	}
	if r.json {
		return json.NewEncoder(r.std.out).Encode(&a)
	}
	return (&preventCommand{std: r.std}).tellArmed([]serve.ArmedRule{a}, "taken back")
}
