package detect

import (
	"encoding/binary"
	"net/netip"
)

// Sight says what a Sighting is of.
type Sight uint8

// The kinds of sightings. The numbers are kept in snapshots: a new kind is added at the end.
const (
	SawTally     Sight = iota // so many events of a source in one minute
	SawLogon                  // somebody logged on
	SawProgram                // a program was started
	SawGrant                  // an account was given rights: it was made a member of a group, or got a role or a policy
	SawFlow                   // a connection, as a firewall or a sensor saw it
	SawWeb                    // a request of a client to a web site, as a proxy or a sensor saw it
	SawDNS                    // a query for a name
	SawRead                   // somebody read a file, an object, a row
	SawPackage                // a package was installed or upgraded on a host
	SawIndicator              // something stands on a list of indicators
)

// Outcome says how what was seen ended.
type Outcome uint8

// The outcomes of what was seen.
const (
	Undecided Outcome = iota
	Succeeded         // of a flow: it was let through
	Failed            // of a flow: it was refused
)

// Sighting is what detectors want to know of one event, or of the events of a minute (SawTally). It shares no memory
// with the event.
type Sighting struct {
	Kind    Sight
	Outcome Outcome
	Admin   bool   // SawGrant: what was given makes an administrator; SawLogon: with all rights
	Server  bool   // the host is known to be a server
	Port    uint16 // of the destination; 0 where it is not known
	Time    int64  // of the event, nanoseconds since 1970; of a tally: the beginning of its minute; never 0
	Ref     EventRef
	Bytes   int64 // SawFlow and SawWeb: in both directions; SawDNS: of the answer; SawRead: that were read
	Sent    int64 // SawFlow and SawWeb: from the source
	Count   int64 // SawTally, SawRead: how many; at least 1

	User    string // who: in small letters where the system does not tell letters apart
	Host    string // where: the machine that it happened on, else the device that tells it
	Program string // SawProgram: the program's path; SawTally: the service; SawFlow: the process, where it is known
	Parent  string // SawProgram: what started it
	Name    string // SawGrant: the group or role; SawWeb: the site's host name; SawDNS: the name asked for; SawRead: what; SawPackage: its name
	Type    string // SawLogon: how; SawFlow: the transport, "tcp"; SawDNS: the type of the record; SawGrant: who gave it
	Dataset string // the format of the event

	Source      netip.Addr // the zero Addr where it is not known
	Destination netip.Addr
}

// fields encodes all of a sighting but its time and place, as the fields of an Observation.
func (s *Sighting) fields(dst []string) []string {
	b := make([]byte, 0, 96)
	b = append(b, byte(s.Kind), byte(s.Outcome), flag(s.Admin)|flag(s.Server)<<1)
	b = binary.AppendUvarint(b, uint64(s.Port))
	b = binary.AppendVarint(b, s.Bytes)
	b = binary.AppendVarint(b, s.Sent)
	b = binary.AppendVarint(b, s.Count)
	b = appendAddress(appendAddress(b, s.Source), s.Destination)
	return append(dst[:0], string(b), s.User, s.Host, s.Program, s.Parent, s.Name, s.Type, s.Dataset)
}

const sightingFields = 8

// of takes a sighting out of what fields made of it.
func (s *Sighting) of(o *Observation) bool {
	f := o.Fields
	if len(f) != sightingFields || len(f[0]) < 3 {
		return false
	}
	*s = Sighting{
		Time: o.Time, Ref: o.Ref, User: f[1], Host: f[2], Program: f[3], Parent: f[4], Name: f[5], Type: f[6], Dataset: f[7],
		Kind: Sight(f[0][0]), Outcome: Outcome(f[0][1]), Admin: f[0][2]&1 != 0, Server: f[0][2]&2 != 0,
	}
	r := reader{data: []byte(f[0][3:])}
	s.Port = uint16(r.number(1 << 16))
	s.Bytes, s.Sent, s.Count = r.signed(), r.signed(), r.signed()
	s.Source, s.Destination = r.address(), r.address()
	return !r.bad && len(r.data) == 0
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// appendAddress writes an address as the number of its bytes and these.
func appendAddress(dst []byte, a netip.Addr) []byte {
	b := a.AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

func (r *reader) address() netip.Addr {
	n := r.number(17)
	if r.bad || n > len(r.data) {
		r.bad = true
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(r.data[:n])
	r.data = r.data[n:]
	return a
}
