package console

import (
	"context"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
)

// WouldHide tries a silence on the hits of the last days.
func (t *Tenant) WouldHide(ctx context.Context, v *alert.Silence, days int, now time.Time) (*WouldHide, error) {
	tried := *v
	tried.Until, tried.Created = 0, 0
	return t.wouldHide(ctx, &tried, days, now)
}

// Except makes an exception, and tells the line of it.
func (t *Tenant) Except(ctx context.Context, v alert.Silence) (*SilenceMessage, error) {
	if err := v.Check(); err != nil {
		return nil, bad("", "%v", err)
	}
	return t.putSilence(ctx, v)
}
