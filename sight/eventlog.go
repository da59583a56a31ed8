package sight

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// windows reads events of Windows' own logs and of Sysmon, by their number. Source: Microsoft, "Appendix L: Events to
// Monitor", and Sysmon's documentation.
func (w *sights) windows(p *sightPlan, ev *event.Event) {
	code := w.number(p, slotCode, ev)
	if !p.full {
		switch code {
		case 4624, 4688, 1, 4728, 4732, 4756, 4663, 5145, 3, 5156, 22:
			p.findWindows(ev.Shape)
		default:
			return
		}
	}
	switch code {
	case 4624:
		w.windowsLogon(p, ev)
	case 4688, 1:
		w.program(p, ev, w.words.stable(p.value(slotProgram, ev)))
	case 4728, 4732, 4756:
		w.windowsMember(p, ev)
	case 4663, 5145:
		w.read(p, ev, w.low(p, slotUser, ev))
	case 3, 5156:
		if p.slot[slotDestination].Found() {
			w.flow(p, ev)
		}
	case 22:
		if p.slot[slotQuestion].Found() {
			w.dns(p, ev)
		}
	}
}

func (w *sights) windowsLogon(p *sightPlan, ev *event.Event) {
	how := ""
	switch w.number(p, slotLogon, ev) {
	case 2, 11:
		how = "console"
	case 3, 8:
		how = "network"
	case 10, 12:
		how = "remote desktop"
	default:
		return // services, tasks, unlocking
	}
	w.logon(p, ev, w.low(p, slotUser, ev), how)
}

func (w *sights) windowsMember(p *sightPlan, ev *event.Event) {
	member := w.text(p, slotMember, ev)
	if name, ok := strings.CutPrefix(member, "CN="); ok {
		member, _, _ = strings.Cut(name, ",")
	}
	group, id := w.text(p, slotGroup, ev), w.text(p, slotName, ev)
	if member == "" {
		return
	}
	w.grant(p, ev, member, group, w.text(p, slotBy, ev))
	if n := len(w.out); n > 0 && w.out[n-1].Kind == SawGrant {
		w.out[n-1].Admin = w.out[n-1].Admin || isAdminGroup(id)
	}
}

// stablePath takes from the path of a program what differs from one run, one user or one version to the next: names of
// users' folders, versions, numbers, also in its name. Windows' paths are put into small letters.
func stablePath(file string) string {
	sep := "/"
	if strings.Contains(file, `\`) {
		file, sep = strings.ToLower(file), `\`
	}
	parts := strings.Split(file, sep)
	for i, part := range parts[:len(parts)-1] {
		digits := 0
		for _, c := range part {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		user := i > 0 && (parts[i-1] == "users" || parts[i-1] == "home")
		if user || digits >= 3 || strings.HasPrefix(part, "{") || strings.HasSuffix(part, ".tmp") {
			parts[i] = "*"
		}
	}
	parts[len(parts)-1] = unnumbered(parts[len(parts)-1])
	return strings.Join(parts, sep)
}

// unnumbered writes * for numbers of three digits and more: of versions, builds and downloads.
func unnumbered(name string) string {
	var b []byte
	for i := 0; i < len(name); {
		end := i
		for end < len(name) && name[end] >= '0' && name[end] <= '9' {
			end++
		}
		switch {
		case end-i >= 3:
			b = append(b, '*')
		case end == i:
			end++
			fallthrough
		default:
			b = append(b, name[i:end]...)
		}
		i = end
	}
	return string(b)
}

// read adds to what somebody reads in a minute.
func (w *sights) read(p *sightPlan, ev *event.Event, user string) {
	if !IsUser(user) {
		return
	}
	s := w.merge(SawRead, p, ev, mergeKey{dataset: p.dataset, a: user, minute: ev.Time / oneMinute})
	s.User = user
	s.Bytes += w.number(p, slotBytes, ev)
}
