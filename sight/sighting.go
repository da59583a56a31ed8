package sight

import (
	"encoding/binary"
	"net/netip"

	"github.com/tocsin-sec/tocsin/pack"
)

// Kind says what a Sighting is of.
type Kind uint8

// The kinds of sightings. The numbers are kept in snapshots: a new kind is added at the end.
const (
	SawTally     Kind = iota // so many events of a source in one minute
	SawLogon                 // somebody logged on
	SawProgram               // a program was started
	SawGrant                 // an account was given rights: it was made a member of a group, or got a role or a policy
	SawFlow                  // a connection, as a firewall or a sensor saw it
	SawWeb                   // a request of a client to a web site, as a proxy or a sensor saw it
	SawDNS                   // a query for a name
	SawRead                  // somebody read a file, an object, a row
	SawPackage               // a package was installed or upgraded on a host
	SawIndicator             // something stands on a list of indicators
)

// Outcome says how what was seen ended.
type Outcome uint8

// The outcomes of what was seen.
const (
	Undecided Outcome = iota
	Succeeded         // of a flow: it was let through
	Failed            // of a flow: it was refused
)

// EventRef is the place of an event in the input.
type EventRef struct {
	File   string `json:"file"`
	Record int64  `json:"record"`
}

// Sighting is what detectors want to know of one event, or of the events of a minute (SawTally). It shares no memory
// with the event.
type Sighting struct {
	Kind    Kind
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

// A sighting is encoded as its texts: the first is of the numbers and addresses, and 7 strings follow. Its time and place
// stand beside it.
const MaxTexts = 8

// appendNumbers appends all of a sighting that is no string, in less than 128 bytes.
func (s *Sighting) appendNumbers(b []byte) []byte {
	b = append(b, byte(s.Kind), byte(s.Outcome), pack.Flag(s.Admin)|pack.Flag(s.Server)<<1)
	b = binary.AppendUvarint(b, uint64(s.Port))
	b = binary.AppendVarint(b, s.Bytes)
	b = binary.AppendVarint(b, s.Sent)
	b = binary.AppendVarint(b, s.Count)
	return pack.AppendAddress(pack.AppendAddress(b, s.Source), s.Destination)
}

// readNumbers reads what appendNumbers wrote, and tells whether it could.
func (s *Sighting) readNumbers(data []byte) bool {
	if len(data) < 3 {
		return false
	}
	s.Kind, s.Outcome, s.Admin, s.Server = Kind(data[0]), Outcome(data[1]), data[2]&1 != 0, data[2]&2 != 0
	r := pack.Reader{Data: data[3:]}
	s.Port = uint16(r.Number(1 << 16))
	s.Bytes, s.Sent, s.Count = r.Signed(), r.Signed(), r.Signed()
	s.Source, s.Destination = r.Address(), r.Address()
	return !r.Bad && len(r.Data) == 0
}

func (s *Sighting) strings() [MaxTexts - 1]string {
	return [...]string{s.User, s.Host, s.Program, s.Parent, s.Name, s.Type, s.Dataset}
}

func (s *Sighting) setStrings(f []string) {
	s.User, s.Host, s.Program, s.Parent, s.Name, s.Type, s.Dataset = f[0], f[1], f[2], f[3], f[4], f[5], f[6]
}

// Texts returns a sighting's texts.
func (s *Sighting) Texts() []string {
	f := s.strings()
	return append([]string{string(s.appendNumbers(make([]byte, 0, 96)))}, f[:]...)
}

// SetTexts takes a sighting out of what fields made of it.
func (s *Sighting) SetTexts(f []string) bool {
	*s = Sighting{}
	if len(f) != MaxTexts || !s.readNumbers([]byte(f[0])) {
		return false
	}
	s.setStrings(f[1:])
	return true
}

// Append appends a sighting but for its time and place. It ends with four lists of nothing, which snapshots have there.
func (s *Sighting) Append(dst []byte) []byte {
	dst = append(dst, MaxTexts, 0)
	at := len(dst)
	dst = s.appendNumbers(dst)
	dst[at-1] = byte(len(dst) - at)
	f := s.strings()
	for _, v := range f {
		v = pack.Shorten(v)
		dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
	}
	return append(dst, 0, 0, 0, 0)
}

// Decode reads what append wrote, and tells whether it could. Time and place are then none.
func (s *Sighting) Decode(data []byte, words *pack.Words) bool {
	*s = Sighting{}
	r := pack.Reader{Data: data}
	if n := r.Number(MaxTexts + 1); n != MaxTexts {
		return false
	}
	if !s.readNumbers(r.Window()) {
		return false
	}
	var f [MaxTexts - 1]string
	for i := range f {
		f[i] = words.Text(r.Window())
	}
	s.setStrings(f[:])
	return !r.Bad && string(r.Data) == "\x00\x00\x00\x00"
}
