package identity

import (
	"context"
	"errors"
	"time"
)

// link is a way in for one use.
type link struct {
	Purpose string `json:"purpose"` // first-run, or password
	User    string `json:"user,omitempty"`
	Actor   string `json:"actor"`
}

const (
	linkFirst    = "first-run"
	linkPassword = "password"
	linkLife     = time.Hour
)

// FirstRun makes the link by which the first administrator is made, and returns its secret, for the terminal; good for an
// hour and for one use. There is none, and it reports false, once there is a user. A link that was made before is void.
func (g *Gate) FirstRun(ctx context.Context) (text string, ok bool, err error) {
	users, err := g.keep.Identities(ctx, kindUser, "")
	if err != nil || len(users) > 0 {
		return "", false, err
	}
	old, err := g.keep.Identities(ctx, kindLink, linkFirst)
	if err != nil {
		return "", false, err
	}
	text, err = g.makeLink(ctx, link{Purpose: linkFirst, Actor: "tocsin"}, linkFirst, Change{Drop: old})
	return text, err == nil, err
}

// PasswordLink makes a link by which a user sets a password; for whoever is new, or has forgotten it.
func (g *Gate) PasswordLink(ctx context.Context, by *Subject, name string) (string, error) {
	a, _, err := g.account(ctx, name)
	if err != nil {
		return "", err
	}
	if err := mayChange(by, a); err != nil {
		return "", err
	}
	if a.Source != local {
		return "", invalid("name", "%s logs in by %s; its password is not kept here", a.Name, a.Source)
	}
	old, err := g.keep.Identities(ctx, kindLink, a.Name)
	if err != nil {
		return "", err
	}
	return g.makeLink(ctx, link{Purpose: linkPassword, User: a.Name, Actor: by.Actor()}, a.Name, Change{Drop: old},
		Notice{Action: DidMakeLink, User: a.Name, Actor: by.Actor(), Address: by.Address})
}

func (g *Gate) makeLink(ctx context.Context, l link, owner string, c Change, n ...Notice) (string, error) {
	text, key := secret()
	r, err := record(Record{Kind: kindLink, Key: key, Owner: owner, Ends: g.now().Add(linkLife).UnixNano()}, &l)
	if err != nil {
		return "", err
	}
	c.Put = append(c.Put, r)
	_, err = g.change(ctx, c, n...)
	return text, err
}

// Where the console's pages take a link's secret, which browsers send to nobody, because it stands behind a #.
const (
	FirstPath = "/first#" // the first administrator's
	LinkPath  = "/link#"  // of who sets a password
)

// linkURL is a link as a person opens it; "" where the console's address is not known.
func (g *Gate) linkURL(path, text string) string {
	if g.opt.Origin == "" {
		return ""
	}
	return g.opt.Origin + path + text
}

// FirstUser is what the first administrator says of himself.
type FirstUser struct {
	Name, FullName, Password string
}

// UseLink uses a link: makes the first administrator and logs him in, or sets the password of whom the link is for. The error
// is ErrRefused if the link is not good, or not any more; a mistake in what is asked for leaves it good.
func (g *Gate) UseLink(ctx context.Context, text string, u FirstUser, v Visit) (*Entry, error) {
	if _, err := g.tries.enter("link", v.Address, false); err != nil {
		return nil, err
	}
	var l link
	r, err := g.load(ctx, kindLink, hashed(text), &l)
	if errors.Is(err, ErrNotFound) {
		g.refused("link", v, "link", ErrRefused)
		return nil, ErrRefused
	}
	if err != nil {
		return nil, err
	}
	by := &Subject{Name: u.Name, Recent: true, Address: v.Address}
	if l.Purpose == linkFirst {
		users, err := g.keep.Identities(ctx, kindUser, "")
		if err != nil {
			return nil, err
		}
		if len(users) > 0 {
			return nil, ErrRefused
		}
		if u.Password == "" {
			return nil, invalid("password", "it is missing")
		}
		by.Name, _ = canonical(u.Name)
		// The link is put before it is dropped, so that of two that use it at once one only succeeds.
		made, err := g.add(ctx, by, NewUser{Name: u.Name, FullName: u.FullName, Password: u.Password, Roles: map[string]Role{AllTenants: Administrator}}, r)
		if err != nil {
			return nil, err
		}
		return g.open(ctx, &account{User: made}, v, "link")
	}
	by.Name = l.User
	err = g.alter(ctx, l.User, func(a *account, d *deed) error {
		d.also.Put, d.also.Drop = append(d.also.Put, r), append(d.also.Drop, r)
		return g.replacePassword(ctx, a, d, u.Password, by)
	})
	if errors.Is(err, errConflict) {
		err = ErrRefused
	}
	return &Entry{Next: []string{"login"}}, err
}
