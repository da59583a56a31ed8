package serve

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// maintained is a store that needs to be kept in order while it is used: see store.Embedded.
type maintained interface {
	Maintain(ctx context.Context) error
	Manifest() (entries int, head string)
}

// maintenance is the pause between two rounds.
const maintenance = time.Minute

// sealedFact is the head of the manifest that the audit trail knows.
const sealedFact = "sealed"

// maintain keeps a tenant's store in order until ctx is done: what is too old is removed, days that are over are sealed,
// and the head of their manifest is written into the audit trail, so that who can change the one cannot hide it in the
// other. It begins when what a crash has left in the log is in the store: what came later would count as new.
func (s *serve) maintain(ctx context.Context, t *tenant) {
	m, ok := t.store.(maintained)
	if !ok {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-t.line.Present():
	}
	noted, err := t.state.Fact(ctx, sealedFact)
	if err != nil {
		s.log.Warn("what was noted of sealed days cannot be read", "tenant", t.name, "error", err)
	}
	round := time.NewTicker(maintenance)
	defer round.Stop()
	for {
		if err := m.Maintain(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("the store could not be put in order", "tenant", t.name, "error", err)
		}
		if entries, head := m.Manifest(); entries > 0 && head != noted && s.note(ctx, t, entries, head) {
			noted = head
		}
		select {
		case <-ctx.Done():
			return
		case <-round.C:
		}
	}
}

// note writes the head of a manifest into the audit trail.
func (s *serve) note(ctx context.Context, t *tenant, entries int, head string) bool {
	detail, err := json.Marshal(map[string]any{"entries": entries, "head": head})
	if err == nil {
		_, err = t.state.Append(ctx, state.AuditEntry{Time: time.Now().UnixNano(), Actor: "tocsin", Action: "sealed", Target: "events", Detail: string(detail)})
	}
	if err == nil {
		err = t.state.SetFacts(context.WithoutCancel(ctx), map[string]string{sealedFact: head})
	}
	if err != nil {
		s.log.Error("the audit trail cannot be written", "tenant", t.name, "error", err)
	}
	return err == nil
}
