package identity

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Session is a log-in that lasts.
type Session struct {
	ID      string    `json:"id"` // names it; opens nothing
	User    string    `json:"user"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"` // to the minute
	Ends    time.Time `json:"ends"`
	Proven  time.Time `json:"proven"` // when it was last proven who it is
	Agent   string    `json:"agent"`  // the class of the browser
	Address string    `json:"address"`
	Method  string    `json:"method"`
	Current bool      `json:"current,omitempty"` // as it is answered
}

// Visit is where a request comes from.
type Visit struct {
	Address string
	Agent   string // the class of the browser: see agentClass
}

const seenStep = time.Minute

// open makes a session and returns the secret for its cookie.
func (g *Gate) open(ctx context.Context, a *account, v Visit, method string) (*Entry, error) {
	text, key := secret()
	now := g.now().UTC()
	s := Session{
		ID: key[:16], User: a.Name, Created: now, Seen: now, Ends: now.Add(g.opt.Absolute), Proven: now,
		Agent: v.Agent, Address: v.Address, Method: method,
	}
	r, err := record(Record{Kind: kindSession, Key: key, Owner: a.Name, Ends: s.Ends.UnixNano()}, &s)
	if err != nil {
		return nil, err
	}
	e := &Entry{Cookie: text, Session: s}
	place := network(v.Address)
	return e, g.alter(ctx, a.Name, func(a *account, d *deed) error {
		if a.Disabled {
			return ErrRefused
		}
		_, known := a.Known[place]
		n := Notice{
			Action: DidLogin, User: a.Name, Actor: a.Name, Address: v.Address, Agent: v.Agent, Method: method, Roles: roleWords(a.Roles),
			New: a.administrator() && !known && len(a.Known) > 0,
		}
		a.remember(place, now)
		a.LastLogin = now
		e.User = a.shown()
		d.also.Put = append(d.also.Put, r)
		d.notices = append(d.notices, n)
		return nil
	})
}

// remember notes a network that the user has come from; the one longest ago is forgotten.
func (a *account) remember(place string, now time.Time) {
	known := map[string]int64{place: now.UnixNano()}
	for k, at := range a.Known {
		if k != place {
			known[k] = at
		}
	}
	for len(known) > mostKnown {
		oldest := ""
		for k, at := range known {
			if oldest == "" || at < known[oldest] {
				oldest = k
			}
		}
		delete(known, oldest)
	}
	a.Known = known
}

// BySession returns who has a session's secret. The error is ErrNobody if nobody has. A session that is used from another
// kind of browser than the one it was made in is ended: its cookie was taken along.
func (g *Gate) BySession(ctx context.Context, cookie string, v Visit) (*Subject, error) {
	if len(cookie) != 43 { // of 32 bytes in base64
		return nil, ErrNobody
	}
	var s Session
	r, err := g.load(ctx, kindSession, hashed(cookie), &s)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, err
	}
	now := g.now()
	end := func(why string) error {
		_, err := g.change(ctx, Change{Drop: []Record{r}}, Notice{Action: DidEndSession, User: s.User, Actor: s.User, Address: v.Address, Agent: v.Agent, Reason: why})
		return errors.Join(ErrNobody, err)
	}
	switch {
	case now.Sub(s.Seen) > g.opt.Idle:
		return nil, end("it was not used for " + g.opt.Idle.String())
	case s.Agent != v.Agent:
		return nil, end("it was used from another browser: " + v.Agent + ", not " + s.Agent)
	}
	a, _, err := g.account(ctx, s.User)
	if errors.Is(err, ErrNotFound) || err == nil && a.Disabled {
		return nil, end("the user may not come in any more")
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(s.Seen) > seenStep {
		s.Seen, s.Address = now.UTC(), v.Address
		if _, err := g.put(ctx, r, &s); err != nil { // who was quicker has noted it, too
			return nil, err
		}
	}
	return &Subject{Name: a.Name, Roles: a.Roles, Session: r.Key, Recent: now.Sub(s.Proven) <= g.opt.Recent, Address: v.Address}, nil
}

// Sessions returns a user's sessions.
func (g *Gate) Sessions(ctx context.Context, s *Subject) ([]Session, error) {
	records, err := g.keep.Identities(ctx, kindSession, s.Name)
	if err != nil {
		return nil, err
	}
	list := []Session{}
	for _, r := range records {
		var one Session
		if _, err := g.load(ctx, kindSession, r.Key, &one); errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if g.now().Sub(one.Seen) > g.opt.Idle {
			continue
		}
		one.Current = r.Key == s.Session
		list = append(list, one)
	}
	return list, nil
}

// EndSession ends one of a user's own sessions, by its id; with "" all but the one that asks.
func (g *Gate) EndSession(ctx context.Context, s *Subject, id string) error {
	records, err := g.keep.Identities(ctx, kindSession, s.Name)
	if err != nil {
		return err
	}
	var c Change
	for _, r := range records {
		if id != "" && r.Key[:16] == id || id == "" && r.Key != s.Session {
			c.Drop = append(c.Drop, r)
		}
	}
	if len(c.Drop) == 0 {
		if id == "" {
			return nil
		}
		return ErrNotFound
	}
	n := Notice{Action: DidEndSession, User: s.Name, Actor: s.Actor(), Address: s.Address, Reason: "revoked"}
	_, err = g.change(ctx, c, n)
	return err
}

// Logout ends the session that asks.
func (g *Gate) Logout(ctx context.Context, s *Subject) error {
	_, err := g.change(ctx, Change{Drop: []Record{{Kind: kindSession, Key: s.Session}}},
		Notice{Action: DidLogout, User: s.Name, Actor: s.Name, Address: s.Address})
	return err
}

// proven notes that a session has proven anew who it is.
func (g *Gate) proven(ctx context.Context, s *Subject, method string) error {
	for range 50 {
		var one Session
		r, err := g.load(ctx, kindSession, s.Session, &one)
		if err != nil {
			return err
		}
		one.Proven = g.now().UTC()
		n := Notice{Action: DidStepUp, User: s.Name, Actor: s.Name, Address: s.Address, Method: method}
		if ok, err := g.put(ctx, r, &one, n); ok || err != nil {
			return err
		}
	}
	return errConflict
}

// agentClass is what a session is bound to of a User-Agent header: the browser's family and the system, without versions,
// which change under a session.
func agentClass(header string) string {
	header = cut(header)
	pick := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(header, pairs[i]) {
				return pairs[i+1]
			}
		}
		return "other"
	}
	browser := pick("Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari",
		"curl/", "curl", "Go-http-client", "Go")
	system := pick("Android", "Android", "iPhone", "iOS", "iPad", "iOS", "CrOS", "ChromeOS", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	return browser + " on " + system
}
