package source

import (
	"context"
	"sync/atomic"
)

// unanswered counts the deliveries that an input has sent and that are not answered.
type unanswered struct {
	n      atomic.Int64
	landed chan struct{} // holds one word when the last was answered
}

func newUnanswered() *unanswered { return &unanswered{landed: make(chan struct{}, 1)} }

// settle waits for the answers to what an earlier run has sent: only then are the positions those to go on from. It
// returns false when ctx is done.
func (f *unanswered) settle(ctx context.Context) bool {
	for f.n.Load() > 0 {
		select {
		case <-f.landed:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// send sends a delivery; refused is called if it will never be durable, so that the run ends: what follows would leave
// a hole.
func (f *unanswered) send(ctx context.Context, to Intake, d Delivery, refused func(error)) error {
	f.n.Add(1)
	d.Done = func(err error) {
		f.answer()
		if err != nil {
			refused(err)
		}
	}
	err := to.Send(ctx, d)
	if err != nil {
		f.answer()
	}
	return err
}

func (f *unanswered) answer() {
	if f.n.Add(-1) == 0 {
		select {
		case f.landed <- struct{}{}:
		default:
		}
	}
}
