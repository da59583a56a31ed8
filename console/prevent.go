package console

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

// WouldHide tries a silence on the hits of the last days.
func (t *Tenant) WouldHide(ctx context.Context, v *alert.Silence, days int, now time.Time) (*WouldHide, error) {
	tried := *v
	tried.Until, tried.Created = 0, 0
	return t.wouldHide(ctx, &tried, days, now)
}

// Except makes an exception, and tells the line of it.
func (t *Tenant) Except(ctx context.Context, v alert.Silence) (SilenceMessage, error) {
	if err := v.Check(); err != nil {
		return SilenceMessage{}, bad("%v", err)
	}
	v.ID = alert.SilenceID(&v)
	detail, err := json.Marshal(v)
	if err != nil {
		return SilenceMessage{}, err
	}
	trail := state.AuditEntry{Time: v.Created, Actor: v.Owner, Action: "silence.add", Target: v.ID, Detail: string(detail)}
	if err := t.State.PutSilence(ctx, v, trail); err != nil {
		return SilenceMessage{}, err
	}
	return silenceMessage(&v, v.Created), t.silenced(ctx)
}
