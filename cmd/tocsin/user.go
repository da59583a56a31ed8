package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/terminal"
)

// users are the commands about who may come in.
type users struct {
	std   streams
	place place
	wish  userWish
	json  bool
}

// userWish is what is said of a user or a token.
type userWish struct {
	name, fullName, tenant string
	role                   string
	password               string
	reason                 string // what a token is for
	scope                  []string
	days                   int
	token                  string // its id
}

func newUser(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Say who may come in: users, roles, tokens",
		Long: `Say who may come in. A user has a role, viewer, analyst, responder or administrator, in a tenant or in all of them. Whoever may
use the socket in the data folder may do all this; what is done is in the audit trail.

Passwords are read from the terminal or from standard input, never from the command line, which others can see.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin user add anna --role responder
  tocsin user list
  tocsin user token anna --for 'chat bot' --may incident.read`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	command := func(use, short, example string, args cobra.PositionalArgs, run func(u *users, cmd *cobra.Command, args []string) error) (*users, *cobra.Command) {
		u := &users{std: std}
		sub := &cobra.Command{
			Use: use, Short: short, Long: short + ".\n\nExit status: 0 done, 2 failed.", Example: "  tocsin user " + example, Args: args,
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					u.wish.name = args[0]
				}
				return run(u, cmd, args)
			},
		}
		f := sub.Flags()
		u.place.defineWhere(sub)
		f.BoolVar(&u.json, "json", false, "one object a line")
		cmd.AddCommand(sub)
		return u, sub
	}
	one := cobra.ExactArgs(1)
	u, sub := command("add [flags] NAME", "Add a user", "add anna --role responder", one, (*users).add)
	u.roleFlags(sub)
	sub.Flags().StringVar(&u.wish.fullName, "full-name", "", "the person's `name`")
	command("list", "List users, their roles and second factors", "list", cobra.NoArgs, (*users).list)
	u, sub = command("role [flags] NAME", "Give a user a role; without --role, take it away", "role anna --role analyst --in acme", one, ofUser("role", "changed", func(w *userWish) any { return map[string]string{"tenant": w.roleIn(), "role": w.role} }))
	u.roleFlags(sub)
	command("password NAME", "Set a user's password; all that is logged in ends", "password anna", one, (*users).password)
	command("link [NAME]", "Make a link by which a user sets a password, or, where there is nobody yet, the first administrator comes in; good for an hour", "link anna", cobra.MaximumNArgs(1), (*users).link)
	command("disable NAME", "Keep a user out", "disable anna", one, ofUser("disabled", "disabled", func(*userWish) any { return map[string]bool{"disabled": true} }))
	command("enable NAME", "Let a user in again", "enable anna", one, ofUser("disabled", "enabled", func(*userWish) any { return map[string]bool{"disabled": false} }))
	command("reset-mfa NAME", "Take all second factors from a user who has lost them", "reset-mfa anna", one, func(u *users, cmd *cobra.Command, _ []string) error {
		var did json.RawMessage
		return u.tell("without a second factor now", &did, u.ask(cmd.Context(), func(c *console.Client) error {
			return c.Delete(cmd.Context(), "users/"+url.PathEscape(u.wish.name)+"/mfa", &did)
		}))
	})
	u, sub = command("token [flags] NAME", "Make a token for a program, with the roles of a user", "token anna --for 'chat bot' --may incident.read --days 30", one, (*users).token)
	f := sub.Flags()
	f.StringVar(&u.wish.reason, "for", "", "what it is `for`")
	f.StringSliceVar(&u.wish.scope, "may", nil, "what it may do: `permissions`, such as incident.read")
	f.StringVar(&u.wish.tenant, "in", "", "the only `tenant` that it is for")
	f.IntVar(&u.wish.days, "days", 90, "how many `days` it lives, 366 at most")
	command("tokens [NAME]", "List tokens", "tokens", cobra.MaximumNArgs(1), (*users).tokens)
	command("revoke ID", "End a token", "revoke k3jx5m2a", one, func(u *users, cmd *cobra.Command, args []string) error {
		u.wish.token, u.wish.name = args[0], ""
		var did json.RawMessage
		return u.tell("revoked", &did, u.ask(cmd.Context(), func(c *console.Client) error {
			return c.Delete(cmd.Context(), "tokens/"+url.PathEscape(u.wish.token), &did)
		}))
	})
	return cmd
}

func (u *users) roleFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&u.wish.role, "role", "", "the `role`: viewer, analyst, responder or administrator")
	cmd.Flags().StringVar(&u.wish.tenant, "in", "", "the `tenant` (default all of them)")
}

// ask asks the process that serves, or what it has left.
func (u *users) ask(ctx context.Context, what func(*console.Client) error) error {
	c, release, err := u.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	return what(c)
}

// post asks for something to be done, and for what came of it.
func (u *users) post(ctx context.Context, path string, what, into any) error {
	return u.ask(ctx, func(c *console.Client) error { return c.Post(ctx, path, nil, what, into) })
}

// roleIn is where a role is given.
func (w *userWish) roleIn() string {
	if w.tenant == "" {
		return identity.AllTenants
	}
	return w.tenant
}

// ofUser makes a command that asks for one thing of a user and says that it is done.
func ofUser(verb, did string, what func(*userWish) any) func(*users, *cobra.Command, []string) error {
	return func(u *users, cmd *cobra.Command, _ []string) error {
		var answer json.RawMessage
		err := u.post(cmd.Context(), "users/"+url.PathEscape(u.wish.name)+"/"+verb, what(&u.wish), &answer)
		return u.tell(did, &answer, err)
	}
}

// tell says that something is done.
func (u *users) tell(did string, answer *json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(answer)
	}
	_, err = fmt.Fprintf(u.std.out, "%s  %s\n", terminal.Safe(u.wish.name+u.wish.token), did)
	return err
}

func (u *users) add(cmd *cobra.Command, _ []string) (err error) {
	if u.wish.role == "" {
		return terminal.WithHint(errors.New("user add: --role is missing"), "one of viewer, analyst, responder, administrator")
	}
	if u.wish.password, err = u.secret(); err != nil {
		return err
	}
	var answer json.RawMessage
	err = u.post(cmd.Context(), "users", map[string]any{
		"name": u.wish.name, "full_name": u.wish.fullName, "password": u.wish.password, "roles": map[string]string{u.wish.roleIn(): u.wish.role},
	}, &answer)
	return u.tell("added as "+u.wish.role, &answer, err)
}

func (u *users) password(cmd *cobra.Command, _ []string) (err error) {
	if u.wish.password, err = u.secret(); err != nil {
		return err
	}
	return ofUser("password", "has a new password; what was logged in has ended", func(w *userWish) any {
		return map[string]string{"password": w.password}
	})(u, cmd, nil)
}

// secret reads a password: twice without showing it where a person types, else a line of standard input.
func (u *users) secret() (string, error) {
	if in, ok := u.std.in.(*os.File); ok && terminal.Of(in).Width > 0 {
		first, err := u.typed(in, "Password: ")
		if err != nil {
			return "", err
		}
		again, err := u.typed(in, "Again: ")
		if err == nil && first != again {
			err = errors.New("the two are not the same")
		}
		return first, err
	}
	line, err := bufio.NewReader(io.LimitReader(u.std.in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (u *users) typed(in *os.File, prompt string) (string, error) {
	fmt.Fprint(u.std.err, prompt)
	text, _, err := terminal.ReadSecret(in)
	fmt.Fprintln(u.std.err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return text, nil
}

func (u *users) link(cmd *cobra.Command, args []string) error {
	path, page := "users/first-link", identity.FirstPath
	if len(args) > 0 {
		path, page = "users/"+url.PathEscape(u.wish.name)+"/link", identity.LinkPath
	}
	var a identity.LinkAnswer
	if err := u.post(cmd.Context(), path, nil, &a); err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(&a)
	}
	_, err := fmt.Fprintln(u.std.out, cmp.Or(a.URL, page+a.Link)) // while serve does not run, the console's address is not known
	return err
}

func (u *users) token(cmd *cobra.Command, _ []string) error {
	var a struct {
		Secret string `json:"secret"`
		identity.Token
	}
	what := map[string]any{"user": u.wish.name, "name": u.wish.reason, "scope": u.wish.scope, "days": u.wish.days}
	if u.wish.tenant != "" {
		what["tenants"] = []string{u.wish.tenant}
	}
	if err := u.post(cmd.Context(), "tokens", what, &a); err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(&a)
	}
	fmt.Fprintln(u.std.out, a.Secret)
	fmt.Fprintf(u.std.err, "tocsin: it is shown this once; it ends %s; end it before with: tocsin user revoke %s\n", clock(a.Ends), a.ID)
	return nil
}

// listUsers writes a list of users or tokens, a row each.
func listUsers[T any](cmd *cobra.Command, u *users, ask console.ListAsk, row func(*T) []terminal.Span, nothing string) error {
	var rows [][]terminal.Span
	count := 0
	err := u.ask(cmd.Context(), func(c *console.Client) (err error) {
		count, err = listEach(cmd.Context(), c, ask, u.std, u.json, func(x *T) error {
			rows = append(rows, row(x))
			return nil
		})
		return err
	})
	if err != nil || u.json {
		return err
	}
	if count == 0 {
		fmt.Fprintln(u.std.err, "tocsin: "+nothing)
		return nil
	}
	screen := terminal.NewScreen(u.std.out, terminal.Of(u.std.out))
	screen.Table(0, 3, rows)
	return screen.Err()
}

func (u *users) list(cmd *cobra.Command, _ []string) error {
	return listUsers(cmd, u, console.ListAsk{Path: "users"}, userRow, "there is nobody yet; add somebody with: tocsin user add NAME --role administrator")
}

func userRow(x *identity.User) []terminal.Span {
	var roles []string
	for _, t := range slices.Sorted(maps.Keys(x.Roles)) {
		where := t
		if t == identity.AllTenants {
			where = "all"
		}
		roles = append(roles, string(x.Roles[t])+" in "+where)
	}
	state := "never logged in"
	switch {
	case x.Disabled:
		state = "disabled"
	case !x.LastLogin.IsZero():
		state = "last " + clock(x.LastLogin)
	}
	mfa := strings.Join(x.MFA, ", ")
	if mfa == "" {
		mfa = "no second factor"
	}
	return []terminal.Span{
		{Text: terminal.Safe(x.Name), Style: "bold"},
		{Text: terminal.Safe(x.FullName)},
		{Text: terminal.Safe(strings.Join(roles, ", "))},
		{Text: terminal.Safe(x.Source), Style: "dim"},
		{Text: mfa},
		{Text: state},
	}
}

func (u *users) tokens(cmd *cobra.Command, _ []string) error {
	return listUsers(cmd, u, console.ListAsk{Path: "tokens", Args: url.Values{"user": {u.wish.name}}}, tokenRow, "there are no tokens")
}

func tokenRow(t *identity.Token) []terminal.Span {
	used := "never used"
	if !t.Used.IsZero() {
		used = "used " + clock(t.Used)
	}
	return []terminal.Span{
		{Text: t.ID, Style: "dim"},
		{Text: terminal.Safe(t.User), Style: "bold"},
		{Text: terminal.Safe(t.Name)},
		{Text: strings.Trim(fmt.Sprint(t.Scope), "[]")},
		{Text: "ends " + clock(t.Ends)},
		{Text: used},
	}
}
