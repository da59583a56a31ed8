package alert

// Actor returns whom the gravest of the incident's rules says it was: a host, a user, an address, as far as it says so.
func (i *Incident) Actor() []Entity {
	if list := i.ranked(); len(list) > 0 {
		return list[0].By
	}
	return nil
}
