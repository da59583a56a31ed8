package detect

// firstSeen tells of what was never seen before of somebody.
type firstSeen struct {
	senses *Senses
	admins map[string]int64 // who was given which rights where → when last
}

// newFirstSeen makes a detector that has seen nothing.
func newFirstSeen(s *Senses) sense {
	f := &firstSeen{senses: s, admins: make(map[string]int64)}
	return sense{
		name: "first seen", see: f.see, advance: func(int64) {}, finish: func() {}, save: f.save, load: f.load,
		notes: func() []string { return nil },
	}
}

func (f *firstSeen) see(s *Sighting) {
	if s.Kind != SawGrant || !s.Admin || s.Outcome == Failed {
		return
	}
	key := s.Host + "\x00" + s.User + "\x00" + s.Name
	_, known := f.admins[key]
	f.admins[key] = s.Time
	if known {
		return
	}
	f.senses.say(&Finding{
		Key: FindingKey("new-admin", key), Action: "new-admin", Time: s.Time,
		Text:   s.User + " was given the rights of " + s.Name,
		Fields: []Field{{"user.name", s.User}, {"host.name", s.Host}, {"group.name", s.Name}},
		Refs:   []EventRef{s.Ref}, Count: 1,
	})
}

func (f *firstSeen) save(w *packer) {
	w.number(len(f.admins))
	for k, t := range f.admins {
		w.text(k)
		w.signed(t)
	}
}

func (f *firstSeen) load(u *unpacker) {
	for n := u.count(2); n > 0 && !u.bad; n-- {
		k := u.text()
		f.admins[k] = u.signed()
	}
}
