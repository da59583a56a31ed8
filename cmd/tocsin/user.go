package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	wish  console.UserWish
	json  bool
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
					u.wish.Name = args[0]
				}
				return run(u, cmd, args)
			},
		}
		f := sub.Flags()
		f.StringVar(&u.place.data, "data", "", "the `folder` in which serve keeps everything (default /var/lib/tocsin as root, else in the user's state folder)")
		f.StringVar(&u.place.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
		f.BoolVar(&u.json, "json", false, "as one object")
		cmd.AddCommand(sub)
		return u, sub
	}
	one := cobra.ExactArgs(1)
	u, sub := command("add [flags] NAME", "Add a user", "add anna --role responder", one, (*users).add)
	u.roleFlags(sub)
	sub.Flags().StringVar(&u.wish.FullName, "full-name", "", "the person's `name`")
	command("list", "List users, their roles and second factors", "list", cobra.NoArgs, (*users).list)
	u, sub = command("role [flags] NAME", "Give a user a role; without --role, take it away", "role anna --role analyst --in acme", one, send("role", "changed"))
	u.roleFlags(sub)
	command("password NAME", "Set a user's password; all that is logged in ends", "password anna", one, (*users).password)
	command("link NAME", "Make a link by which a user sets a password, good for an hour", "link anna", one, (*users).link)
	command("disable NAME", "Keep a user out", "disable anna", one, func(u *users, cmd *cobra.Command, _ []string) error {
		u.wish.Disabled = true
		return send("disable", "disabled")(u, cmd, nil)
	})
	command("enable NAME", "Let a user in again", "enable anna", one, send("disable", "enabled"))
	command("reset-mfa NAME", "Take all second factors from a user who has lost them", "reset-mfa anna", one, send("mfa", "without a second factor now"))
	u, sub = command("token [flags] NAME", "Make a token for a program, with the roles of a user", "token anna --for 'chat bot' --may incident.read --days 30", one, (*users).token)
	f := sub.Flags()
	f.StringVar(&u.wish.For, "for", "", "what it is `for`")
	f.StringSliceVar(&u.wish.Scope, "may", nil, "what it may do: `permissions`, such as incident.read")
	f.StringVar(&u.wish.Tenant, "in", "", "the only `tenant` that it is for")
	f.IntVar(&u.wish.Days, "days", 90, "how many `days` it lives, 366 at most")
	command("tokens [NAME]", "List tokens", "tokens", cobra.MaximumNArgs(1), (*users).tokens)
	command("revoke ID", "End a token", "revoke k3jx5m2a", one, func(u *users, cmd *cobra.Command, args []string) error {
		u.wish.Token, u.wish.Name = args[0], ""
		return send("revoke", "revoked")(u, cmd, args)
	})
	return cmd
}

func (u *users) roleFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar((*string)(&u.wish.Role), "role", "", "the `role`: viewer, analyst, responder or administrator")
	cmd.Flags().StringVar(&u.wish.Tenant, "in", "", "the `tenant` (default all of them)")
}

// ask asks for something to be done.
func (u *users) ask(ctx context.Context, verb string) (*console.UserAnswer, error) {
	c, release, err := u.place.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	a := new(console.UserAnswer)
	if verb == "" {
		return a, c.Get(ctx, "users", nil, a)
	}
	body, err := json.Marshal(&u.wish)
	if err != nil {
		return nil, err
	}
	return a, c.Send(ctx, "users/"+verb, nil, bytes.NewReader(body), a)
}

// send makes a command that asks for one thing and says that it is done.
func send(verb, did string) func(*users, *cobra.Command, []string) error {
	return func(u *users, cmd *cobra.Command, _ []string) error {
		a, err := u.ask(cmd.Context(), verb)
		if err != nil {
			return err
		}
		if u.json {
			return json.NewEncoder(u.std.out).Encode(a)
		}
		fmt.Fprintf(u.std.out, "%s  %s\n", terminal.Safe(u.wish.Name+u.wish.Token), did)
		return nil
	}
}

func (u *users) add(cmd *cobra.Command, _ []string) (err error) {
	if u.wish.Role == "" {
		return withHint(errors.New("user add: --role is missing"), "one of viewer, analyst, responder, administrator")
	}
	if u.wish.Password, err = u.secret(); err != nil {
		return err
	}
	return send("add", "added as "+string(u.wish.Role))(u, cmd, nil)
}

func (u *users) password(cmd *cobra.Command, _ []string) (err error) {
	if u.wish.Password, err = u.secret(); err != nil {
		return err
	}
	return send("password", "has a new password; what was logged in has ended")(u, cmd, nil)
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

func (u *users) link(cmd *cobra.Command, _ []string) error {
	a, err := u.ask(cmd.Context(), "link")
	if err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(a)
	}
	fmt.Fprintf(u.std.out, "/login/link#%s\n", a.Secret)
	return nil
}

func (u *users) token(cmd *cobra.Command, _ []string) error {
	a, err := u.ask(cmd.Context(), "token")
	if err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(a)
	}
	fmt.Fprintln(u.std.out, a.Secret)
	fmt.Fprintf(u.std.err, "tocsin: it is shown this once; it ends %s; end it before with: tocsin user revoke %s\n", clock(a.Token.Ends), a.Token.ID)
	return nil
}

func (u *users) list(cmd *cobra.Command, _ []string) error {
	a, err := u.ask(cmd.Context(), "")
	if err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(a)
	}
	if len(a.Users) == 0 {
		fmt.Fprintln(u.std.err, "tocsin: there is nobody yet; add somebody with: tocsin user add NAME --role administrator")
		return nil
	}
	var rows [][]terminal.Span
	for i := range a.Users {
		rows = append(rows, userRow(&a.Users[i]))
	}
	screen := terminal.NewScreen(u.std.out, terminal.Of(u.std.out))
	screen.Table(0, 2, rows)
	return screen.Err()
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
	a, err := u.ask(cmd.Context(), "tokens")
	if err != nil {
		return err
	}
	if u.json {
		return json.NewEncoder(u.std.out).Encode(a)
	}
	var rows [][]terminal.Span
	for _, t := range a.Tokens {
		used := "never used"
		if !t.Used.IsZero() {
			used = "used " + clock(t.Used)
		}
		rows = append(rows, []terminal.Span{
			{Text: t.ID, Style: "dim"},
			{Text: terminal.Safe(t.User), Style: "bold"},
			{Text: terminal.Safe(t.Name)},
			{Text: strings.Trim(fmt.Sprint(t.Scope), "[]")},
			{Text: "ends " + clock(t.Ends)},
			{Text: used},
		})
	}
	screen := terminal.NewScreen(u.std.out, terminal.Of(u.std.out))
	screen.Table(0, 3, rows)
	return screen.Err()
}
