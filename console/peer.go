package console

import (
	"context"
	"fmt"
	"net"
	"os/user"
	"strconv"

	"github.com/tocsin-sec/tocsin/identity"
)

// peerKey is where the context of a request says who is at the other end of the socket.
type peerKey struct{}

// Actor names who asks, for the audit trail: the subject of a request; else "anna (uid 1000)" by what the system says of the
// process at the other end of the socket; "socket" where it says nothing.
func Actor(ctx context.Context) string {
	if s := identity.SubjectOf(ctx); s != nil {
		return s.Actor()
	}
	if a, ok := ctx.Value(peerKey{}).(string); ok {
		return a
	}
	return "socket"
}

// WithActor returns a context for a call that somebody else makes, such as a signal.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, peerKey{}, name)
}

// withPeer notes who is at the other end of a connection.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	uid, ok := peerOf(c)
	if !ok {
		return ctx
	}
	return WithActor(ctx, userWords(uid))
}

// userWords is a user's name and number, or the number alone where it has no name.
func userWords(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil && u.Username != "" {
		return fmt.Sprintf("%s (uid %s)", u.Username, id)
	}
	return "uid " + id
}
