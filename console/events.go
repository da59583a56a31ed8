package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// Bounds of what is told as it changes.
const (
	maxListeners  = 256                    // of a tenant
	maxTold       = 1024                   // changes that are kept for who comes back
	maxDirtyKeys  = 1000                   // changed at once; above that everything is to be asked for anew
	gatherChanges = 250 * time.Millisecond // changes within this are told together
	statusEvery   = 5 * time.Second
)

// told is one event of the stream.
type told struct {
	id         int64 // grows; nanoseconds since 1970 or more
	name, data string
	may        identity.Permission
}

// hub is what has changed of a tenant, for those who listen. Nothing runs where nobody listens: a listener that wakes reads
// what was written, for all of them.
type hub struct {
	state *state.State

	mu        sync.Mutex
	watching  bool
	listeners map[chan struct{}]bool
	dirty     map[string][]string // keys, by state's kinds
	many      bool                // more than maxDirtyKeys
	from      int64               // what came after this is in list
	list      []told

	statusAt time.Time
	status   string
}

// enter adds a listener; it is woken through the channel.
func (h *hub) enter() (chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= maxListeners {
		return nil, &Problem{Status: http.StatusServiceUnavailable, Title: "too many listen already", Wait: 30}
	}
	if !h.watching {
		h.watching, h.from = true, time.Now().UnixNano()
		h.listeners, h.dirty = make(map[chan struct{}]bool), make(map[string][]string)
		h.state.Watch(h.wrote)
	}
	wake := make(chan struct{}, 1)
	h.listeners[wake] = true
	return wake, nil
}

func (h *hub) leave(wake chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, wake)
}

// wrote notes what was written.
func (h *hub) wrote(kind string, keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range keys {
		if len(h.dirty[kind]) >= maxDirtyKeys {
			h.many = true
			break
		}
		if !slices.Contains(h.dirty[kind], k) {
			h.dirty[kind] = append(h.dirty[kind], k)
		}
	}
	for wake := range h.listeners {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// since returns what was told after an event, and the last; lost says that some of that is not known any more.
func (h *hub) since(ctx context.Context, after int64) (list []told, last int64, lost bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.read(ctx); err != nil {
		return nil, after, false, err
	}
	last = max(after, h.from)
	if n := len(h.list); n > 0 {
		last = h.list[n-1].id
	}
	if after < h.from {
		return nil, last, true, nil
	}
	at := slices.IndexFunc(h.list, func(t told) bool { return t.id > after })
	if at >= 0 {
		list = slices.Clone(h.list[at:])
	}
	return list, last, false, nil
}

// incidentChange and actionChange are what is told.
type incidentChange struct {
	Key     string    `json:"key"`
	Status  string    `json:"status"` // "merged" where it is a part of another now
	Level   string    `json:"level"`
	Updated time.Time `json:"updated"`
}

type actionChange struct {
	Key    string `json:"key"`
	State  string `json:"state"`
	Kind   string `json:"kind"`
	Target string `json:"target"`
}

// read makes events of what was written. The caller holds mu.
func (h *hub) read(ctx context.Context) error {
	if h.many {
		h.many, h.list, h.from = false, nil, time.Now().UnixNano()
		clear(h.dirty)
		return nil
	}
	incidents, err := h.state.Incidents(ctx, h.dirty[state.WroteIncidents])
	if err != nil {
		return err
	}
	for _, i := range incidents {
		h.add(state.WroteIncidents, identity.IncidentRead, incidentChange{i.Key, i.Status, alert.LevelName(i.Level), alert.When(max(i.Updated, i.Decided))})
	}
	for _, key := range h.dirty[state.WroteActions] {
		a, err := h.state.Action(ctx, key)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		h.add(state.WroteActions, identity.ActionRead, actionChange{a.Key, a.State, a.Kind, a.Target})
	}
	clear(h.dirty)
	if over := len(h.list) - maxTold; over > 0 {
		h.from = h.list[over-1].id
		h.list = slices.Delete(h.list, 0, over)
	}
	return nil
}

func (h *hub) add(name string, may identity.Permission, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // texts and times only
	}
	id := max(time.Now().UnixNano(), h.from+1)
	if n := len(h.list); n > 0 {
		id = max(id, h.list[n-1].id+1)
	}
	h.list = append(h.list, told{id, name, string(data), may})
}

// statusNow is the status of the tenant, at most statusEvery old.
func (h *hub) statusNow(s *Server, tenant string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.statusAt) < statusEvery-time.Second {
		return h.status, nil
	}
	for _, t := range s.Status().Tenants {
		if t.Name != tenant {
			continue
		}
		data, err := json.Marshal(t)
		if err != nil {
			return "", err
		}
		h.status, h.statusAt = string(data), time.Now()
	}
	return h.status, nil
}

// EventsAsk says from where on the stream is asked for.
type EventsAsk struct {
	Last  string `header:"Last-Event-ID" maxLength:"30" doc:"The id of the last event that was seen: what has changed since comes first."`
	After string `query:"after" maxLength:"30" doc:"The same, for who cannot send the header, as a browser's first request; the header counts where both are."`
}

func (s *Server) registerEvents(a *API) {
	Raw(a, Operation{
		Method: http.MethodGet, Path: "/events", Permission: identity.IncidentRead, Tag: "status",
		Summary: "Tells of what changes as it does: incident, action, status (every 5 s); resync where some of it is not known any more",
	}, "text/event-stream", s.events)
}

// events tells of changes as the HTML standard has it (9.2, server-sent events) until who listens is gone.
func (s *Server) events(ctx context.Context, t *Tenant, in *EventsAsk, w http.ResponseWriter, _ *http.Request) error {
	h := s.hubOf(t)
	wake, err := h.enter()
	if err != nil {
		return err
	}
	defer h.leave(wake)
	l := &listener{server: s, hub: h, tenant: t.Name, subject: identity.SubjectOf(ctx), w: w, out: http.NewResponseController(w)}
	if err := l.begin(ctx, cmp.Or(in.Last, in.After)); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not gather it
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(gatherChanges):
			}
			err = l.changes(ctx)
		case <-l.tick.C:
			err = l.beat()
		}
	}
	l.tick.Stop()
	return nil // who is gone needs no answer; else it comes back
}

// listener is one who listens.
type listener struct {
	server  *Server
	hub     *hub
	tenant  string
	subject *identity.Subject
	w       http.ResponseWriter
	out     *http.ResponseController
	last    int64
	tick    *time.Ticker
}

// begin tells what was missed since an event, and how tocsin does.
func (l *listener) begin(ctx context.Context, last string) error {
	missed, err := strconv.ParseInt(last, 10, 64)
	if last != "" && err != nil {
		return bad("Last-Event-ID", "%.30q is no id of an event", last)
	}
	if last == "" {
		if _, missed, _, err = l.hub.since(ctx, 0); err != nil {
			return err
		}
	}
	l.last = missed
	l.tick = time.NewTicker(statusEvery)
	if err := errors.Join(l.changes(ctx), l.beat()); err != nil {
		l.tick.Stop()
		return err
	}
	return nil
}

// changes tells what has changed.
func (l *listener) changes(ctx context.Context) error {
	list, last, lost, err := l.hub.since(ctx, l.last)
	if err != nil {
		return err
	}
	if lost {
		list = append([]told{{last, "resync", "{}", identity.IncidentRead}}, list...)
	}
	for _, e := range list {
		if identity.Allowed(l.subject, l.tenant, e.may) != nil {
			continue
		}
		if _, err := fmt.Fprintf(l.w, "id: %d\nevent: %s\ndata: %s\n\n", e.id, e.name, e.data); err != nil {
			return err
		}
	}
	l.last = last
	return l.out.Flush()
}

// beat tells how tocsin does; where that must not be known, only that it is there.
func (l *listener) beat() error {
	text := ": here\n\n"
	if l.server.Status != nil && identity.Allowed(l.subject, l.tenant, identity.StatusRead) == nil {
		data, err := l.hub.statusNow(l.server, l.tenant)
		if err != nil {
			return err
		}
		text = "event: status\ndata: " + data + "\n\n"
	}
	if _, err := l.w.Write([]byte(text)); err != nil {
		return err
	}
	return l.out.Flush()
}
