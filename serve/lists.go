package serve

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// How often the alias of another firewall is looked at: soon where blocks have changed, and now and then where not, because
// others may change it.
const (
	aliasSoon  = 2 * time.Second
	aliasAgain = 5 * time.Minute
)

// pushAlias keeps the alias of another firewall equal to what is blocked, until ctx is done.
func (r *response) pushAlias(ctx context.Context, name string, a respond.Alias) {
	tick := time.NewTicker(aliasSoon)
	defer tick.Stop()
	last, again, told := "", time.Time{}, ""
	for wait := time.Duration(0); ; {
		text, err := r.lists.Plain(ctx)
		if err == nil && (text != last || time.Now().After(again)) {
			var added, removed int
			var more bool
			if added, removed, more, err = r.lists.Push(ctx, a); err == nil {
				wait = 0
				if added+removed > 0 {
					r.log.Info("alias of another firewall", "alias", name, "added", added, "removed", removed)
				}
				if !more {
					last, again = text, time.Now().Add(aliasAgain)
				}
			} else {
				wait = min(max(2*wait, aliasSoon), aliasAgain)
			}
		}
		if err != nil && ctx.Err() == nil && err.Error() != told { // once, not each time
			r.log.Error("alias of another firewall", "alias", name, "error", err)
			told = err.Error()
		} else if err == nil {
			told = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if wait > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

// tracker makes tickets by a way of notify that leads to Jira.
type tracker struct {
	mu  sync.Mutex // a way is asked by one at a time
	way *notify.Way
}

// trackersOf are the ways that lead to a tracker, by their names; mistakes in them are told where notify is checked.
func trackersOf(s *settings.File, version string) map[string]respond.Tracker {
	ways := maps.Clone(s.Notify.Ways)
	maps.DeleteFunc(ways, func(_ string, w notify.WayConfig) bool { return w.Jira == nil })
	if len(ways) == 0 {
		return nil
	}
	d, err := notify.Compile(&notify.Config{Ways: ways}, settings.NotifyEnv(version, nil))
	if err != nil {
		return nil
	}
	out := make(map[string]respond.Tracker)
	for name := range ways {
		out[name] = &tracker{way: d.Way(name)}
	}
	return out
}

// message is a ticket as notify tells it.
func (t *tracker) message(k *respond.Ticket, kind string) *notify.Message {
	m := &notify.Message{
		ID: k.Thread + "-" + kind, Thread: k.Thread, First: kind == notify.Firing, Kind: kind, Severity: k.Level, Title: terminal.OneLine(k.Title), What: terminal.OneLine(k.Title),
		At: time.Now(), Receipt: k.Key,
	}
	var lines []string
	for _, l := range k.Lines {
		lines = append(lines, terminal.OneLine(l))
	}
	if len(lines) > 0 {
		m.Sections = []notify.Section{{Title: "About it", Lines: lines}}
	}
	return m
}

// Open implements respond.Tracker.
func (t *tracker) Open(ctx context.Context, k *respond.Ticket) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.way.Send(ctx, t.message(k, notify.Firing))
}

// Close implements respond.Tracker.
func (t *tracker) Close(ctx context.Context, k *respond.Ticket) error {
	m := t.message(k, notify.Resolved)
	m.Why = "it was taken back"
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := t.way.Send(ctx, m)
	return err
}
