package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// What can be done about a message that was not taken.
const (
	Later  = "later"  // it may be taken when it is tried again: no connection, too many, out of order
	Broken = "broken" // the way does not work until a person mends it, and then it may be taken: login, address
	Never  = "never"  // this message will never be taken: it is against the rules of the other side
)

// Refusal says why a message was not taken.
type Refusal struct {
	Class  string        // Later, Broken, Never
	After  time.Duration // how long the other side asks to wait; 0 where it does not say
	Unsure bool          // it may have been taken all the same
	Left   []string      // the recipients who have not got it, where others have; nil for all
	Hint   string        // what a person can do; ""
	Err    error
}

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the error as it came.
func (r *Refusal) Unwrap() error { return r.Err }

// refusalOf says what is known of an error of a Sender.
func refusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	r = &Refusal{Class: Later, Err: err}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		r.Hint = "is the name of the server right, and can this machine look it up?"
	case errors.As(err, &op) && op.Op == "dial":
		r.Hint = "does the server run, and does no firewall stand before it?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		r.Unsure = true
	case errors.As(err, &op):
		r.Unsure = true
	}
	return r
}

// attempt sends a message once, within the time that the way gives it. A sender that panics on what it is given has
// refused it.
func attempt(ctx context.Context, w *Way, m *Message) (receipt string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &Refusal{Class: Never, Err: fmt.Errorf("%s: cannot be made into a message: %v", w.Name, p)}
		}
	}()
	receipt, err = w.sender.Send(ctx, m)
	if err != nil {
		r := *refusalOf(err)
		r.Err = fmt.Errorf("%s (%s): %w", w.Name, w.Kind, err)
		return "", &r
	}
	return cut(receipt, maxReceipt), nil
}

const maxReceipt = 200 // characters of what Sender.Send returns

// How long it takes until what was not taken is tried again.
const (
	firstWait = 5 * time.Second
	lastWait  = 15 * time.Minute // for a letter that is refused while others are taken
	wayWait   = 2 * time.Minute  // the most that a way rests for all its letters, unless the other side asks for more
	maxAfter  = time.Hour        // the most that the other side can ask for
)

// backOff is how long to wait after so many attempts: twice as long each time, and by chance (0 to 1) a fifth more or less,
// so that many do not come back at once.
func backOff(tries int, chance float64) time.Duration {
	wait := lastWait
	if tries < 10 {
		wait = min(firstWait<<max(tries-1, 0), lastWait)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*chance))
}
