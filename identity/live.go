package identity

import (
	"context"
	"errors"
	"maps"
)

// LiveSessions returns the sessions of all users that are good now: whoever blocks addresses must not block those.
func (g *Gate) LiveSessions(ctx context.Context) ([]Session, error) {
	records, err := g.keep.Identities(ctx, kindSession, "")
	if err != nil {
		return nil, err
	}
	list := make([]Session, 0, len(records))
	for _, r := range records {
		var one Session
		switch err := g.read(r, &one); {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		case g.now().Sub(one.Seen) <= g.opt.Idle:
			list = append(list, one)
		}
	}
	return list, nil
}

// StillGood tells whether a subject may go on: its session or token was not ended since, its user not disabled, and the
// user's roles are what they were. What answers for long, such as a stream, asks now and then.
func (g *Gate) StillGood(ctx context.Context, s *Subject) (bool, error) {
	if s == nil || s.Session == "" && s.Token == "" {
		return s != nil, nil // of who may use the socket, the file system decides
	}
	var err error
	if s.Session != "" {
		_, err = g.load(ctx, kindSession, s.Session, new(Session))
	} else {
		_, err = g.load(ctx, kindToken, s.Token, new(keptToken))
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a, _, err := g.account(ctx, s.Name)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !a.Disabled && maps.Equal(a.Roles, s.Roles), err
}
