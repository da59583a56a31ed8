package detect

import "github.com/tocsin-sec/tocsin/event"

// newSightPlan works out what detectors want of the events of a shape.
func newSightPlan(s *event.Shape) *sightPlan {
	p := &sightPlan{}
	if s.Format == nil {
		return p
	}
	p.dataset = s.Format.Name
	if s.Format.LogSource.Product == "tocsin" {
		return p
	}
	p.tally = true
	for slot, name := range [sightSlots]string{
		slotHost: "host.name", slotUser: "user.name", slotSource: "source.ip", slotDestination: "destination.ip",
		slotPort: "destination.port", slotAction: "event.action", slotOutcome: "event.outcome", slotGroup: "group.name",
		slotTarget: "user.target.name", slotProgram: "process.executable", slotParent: "process.parent.executable",
	} {
		p.slot[slot] = s.ECS(name)
	}
	if s.Format.LogSource.Product == "linux" && p.slot[slotAction].Found() {
		p.read = (*sights).linux
	}
	return p
}

// linux reads what programs say of users and groups.
func (w *sights) linux(p *sightPlan, ev *event.Event) {
	switch w.text(p, slotAction, ev) {
	case "group_member_added":
		s := w.add(SawGrant, p, ev)
		s.User, s.Host, s.Name, s.Type = w.text(p, slotTarget, ev), w.text(p, slotHost, ev), w.text(p, slotGroup, ev), w.text(p, slotUser, ev)
		s.Outcome, s.Admin = Succeeded, s.Name == "sudo" || s.Name == "wheel" || s.Name == "root" || s.Name == "adm"
	}
}
