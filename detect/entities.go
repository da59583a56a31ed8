package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sight"
)

// The ECS names of fields that name a host, a person or an address.
var (
	hostFields    = []string{"host.name"}
	userFields    = []string{"user.name", "source.user.name", "user.target.name", "user.effective.name"}
	addressFields = []string{"source.ip", "destination.ip"}
	targetFields  = []string{"destination.ip"}
)

// telling is what is worked out once to tell of the events of one shape: where they name entities, and each name of a
// field as a member of a JSON object, with the comma before it.
type telling struct {
	hosts, users, addresses, targets []event.Slot

	keys []string
}

// maxTellings bounds the shapes for which a telling is kept, and maxTellingFields their fields.
const (
	maxTellings      = 4 * event.MaxShapes
	maxTellingFields = event.MaxShapeFields
)

// telling returns the telling of a shape.
func (w *Worker) telling(shape *event.Shape) *telling {
	t := w.tellings[shape]
	if t == nil {
		t = &telling{hosts: slotsOf(shape, hostFields), users: slotsOf(shape, userFields), addresses: slotsOf(shape, addressFields), targets: slotsOf(shape, targetFields)}
		fields := shape.Fields()
		t.keys = make([]string, len(fields))
		for i, name := range fields {
			w.buf = append(event.AppendQuoted(append(w.buf[:0], ','), name), ':')
			t.keys[i] = string(w.buf)
		}
		if len(w.tellings) < maxTellings && w.tellingFields+len(fields) <= maxTellingFields && !shape.Transient {
			w.tellings[shape] = t
			w.tellingFields += len(fields)
		}
	}
	return t
}

// entitiesOf returns who and what an event is about. Hits of the event share it, so it is never appended to in place.
func (w *Worker) entitiesOf(ev *event.Event) Entities {
	t := w.telling(ev.Shape)
	return Entities{
		Hosts:     w.named(ev, t.hosts, isHost),
		Users:     w.named(ev, t.users, sight.IsUser),
		Addresses: w.named(ev, t.addresses, isAddress),
		Targets:   w.named(ev, t.targets, isAddress),
	}
}

func slotsOf(s *event.Shape, names []string) []event.Slot {
	var slots []event.Slot
	for _, n := range names {
		if slot := s.ECS(n); slot.Found() {
			slots = append(slots, slot)
		}
	}
	return slots
}

// maxEventEntities bounds the entities of one kind that one event names.
const maxEventEntities = 16

func (w *Worker) named(ev *event.Event, slots []event.Slot, fits func(string) bool) []string {
	var list []string
	for _, slot := range slots {
		for v := range slot.Value(ev).Elements() {
			s := strings.TrimSpace(v.String())
			switch {
			case len(s) > 256 || len(list) == maxEventEntities || slices.Contains(list, s) || !fits(s):
			case list == nil:
				list = w.lately.one(s)
			default:
				list = append(slices.Clip(list), w.lately.text(s))
			}
		}
	}
	if len(list) > 1 { // else it is shared
		slices.Sort(list)
	}
	return slices.Clip(list)
}

func isHost(s string) bool { return s != "" && s != "-" }

func isAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && !a.IsLoopback() && !a.IsUnspecified()
}
