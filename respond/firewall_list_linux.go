package respond

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// List returns what the kernel holds: each entry with its end and what it has dropped or let through. Where there is no
// table it is empty.
func (f *Firewall) List() ([]Held, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, err := f.list()
	if err != nil {
		return nil, fmt.Errorf("firewall: list: %w", err)
	}
	return joined(list), nil
}

// joined makes one of the two entries, one in each family, that a port for any address is.
func joined(list []Held) []Held {
	out := list[:0]
	for _, h := range list {
		i := -1
		if h.everywhere() {
			i = slices.IndexFunc(out, func(o Held) bool { return o.id() == h.id() })
		}
		if i < 0 {
			out = append(out, h)
			continue
		}
		out[i].Packets, out[i].Bytes = out[i].Packets+h.Packets, out[i].Bytes+h.Bytes
	}
	return out
}

func (f *Firewall) list() ([]Held, error) {
	var all []Held
	for i := range f.specs {
		held, err := f.listSet(&f.specs[i])
		if errors.Is(err, unix.ENOENT) {
			continue // the table is not there, or older
		}
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", f.specs[i].name, err)
		}
		all = append(all, held...)
	}
	return all, nil
}

// bound is an element as the kernel lists it: a key, or one end of an interval.
type bound struct {
	key, to []byte
	end     bool
	held    Held
}

func (f *Firewall) listSet(s *setSpec) (list []Held, err error) {
	for range 5 {
		if list, err = f.readSet(s); !errors.Is(err, errAgain) {
			return list, err
		}
	}
	return nil, err
}

func (f *Firewall) readSet(s *setSpec) ([]Held, error) {
	m := &message{}
	m.begin(unix.NFT_MSG_GETSETELEM, unix.NLM_F_DUMP)
	m.text(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
	m.text(unix.NFTA_SET_ELEM_LIST_SET, s.name)
	now := f.now().UnixNano()
	var bounds []bound
	err := f.nl.dump(m, func(body []byte) error {
		return s.parse(body, now, func(b bound) { bounds = append(bounds, b) })
	})
	if err != nil {
		return nil, err
	}
	if s.kind == network {
		slices.SortFunc(bounds, func(a, b bound) int {
			if c := slices.Compare(a.key, b.key); c != 0 {
				return c
			}
			return map[bool]int{true: -1, false: 1}[a.end]
		})
	}
	var list []Held
	for i := range bounds {
		b := &bounds[i]
		if b.end {
			continue
		}
		if s.kind == network && i+1 < len(bounds) && bounds[i+1].end {
			b.to = bounds[i+1].key
		}
		if s.block(b) {
			list = append(list, b.held)
		}
	}
	return list, nil
}

// one reads a single element; nil where it is not there any more.
func (f *Firewall) one(s *setSpec, b *Block) (*Held, error) {
	m := &message{}
	m.begin(unix.NFT_MSG_GETSETELEM, 0)
	m.text(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
	m.text(unix.NFTA_SET_ELEM_LIST_SET, s.name)
	m.nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	s.putElement(m, unix.NFT_MSG_GETSETELEM, &element{Block: *b})
	m.unnest()
	var found *Held
	err := f.nl.get(m, func(body []byte) error {
		return s.parse(body, f.now().UnixNano(), func(got bound) {
			if s.block(&got) {
				found = &got.held
			}
		})
	})
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return found, err
}

// standing returns what the comment of the table says; "" where there is none.
func (f *Firewall) standing() (string, error) {
	m := &message{}
	m.begin(unix.NFT_MSG_GETTABLE, 0)
	m.text(unix.NFTA_TABLE_NAME, tableName)
	comment := ""
	err := f.nl.get(m, func(body []byte) error {
		return attributes(body, func(typ uint16, data []byte) error {
			if typ == tableUserdata && len(data) > 2 {
				comment = strings.TrimRight(string(data[2:]), "\x00")
			}
			return nil
		})
	})
	if errors.Is(err, unix.ENOENT) {
		return "", nil
	}
	return comment, err
}

// parse reads a message of elements.
func (s *setSpec) parse(body []byte, now int64, yield func(bound)) error {
	return attributes(body, func(typ uint16, data []byte) error {
		if typ != unix.NFTA_SET_ELEM_LIST_ELEMENTS {
			return nil
		}
		return attributes(data, func(_ uint16, data []byte) error {
			var b bound
			if err := attributes(data, func(typ uint16, data []byte) error { return b.attribute(typ, data, now) }); err != nil {
				return err
			}
			yield(b)
			return nil
		})
	})
}

func (b *bound) attribute(typ uint16, data []byte, now int64) error {
	copied := func(to *[]byte) error {
		return attributes(data, func(typ uint16, data []byte) error {
			if typ == unix.NFTA_DATA_VALUE {
				*to = slices.Clone(data)
			}
			return nil
		})
	}
	switch typ {
	case unix.NFTA_SET_ELEM_KEY:
		return copied(&b.key)
	case setElemKeyEnd:
		return copied(&b.to)
	case unix.NFTA_SET_ELEM_FLAGS:
		b.end = len(data) == 4 && binary.BigEndian.Uint32(data)&unix.NFT_SET_ELEM_INTERVAL_END != 0
	case unix.NFTA_SET_ELEM_EXPIRATION:
		if len(data) == 8 {
			b.held.Until = now + int64(binary.BigEndian.Uint64(data))*int64(time.Millisecond)
		}
	case unix.NFTA_SET_ELEM_EXPR:
		return b.expression(data)
	case elemExprs:
		return attributes(data, func(_ uint16, data []byte) error { return b.expression(data) })
	}
	return nil
}

// expression reads what an element counts, or its limit.
func (b *bound) expression(data []byte) error {
	name := ""
	return attributes(data, func(typ uint16, data []byte) error {
		switch {
		case typ == unix.NFTA_EXPR_NAME:
			name = strings.TrimRight(string(data), "\x00")
		case typ == unix.NFTA_EXPR_DATA && name == "counter":
			b.held.Packets, b.held.Bytes = counterOf(data)
		case typ == unix.NFTA_EXPR_DATA && name == "limit":
			return attributes(data, func(typ uint16, data []byte) error {
				if typ == unix.NFTA_LIMIT_RATE && len(data) == 8 {
					b.held.Rate = uint32(binary.BigEndian.Uint64(data))
				}
				return nil
			})
		}
		return nil
	})
}

func counterOf(data []byte) (packets, bytes uint64) {
	_ = attributes(data, func(typ uint16, data []byte) error { // as far as it can be read
		switch {
		case typ == unix.NFTA_COUNTER_BYTES && len(data) == 8:
			bytes = binary.BigEndian.Uint64(data)
		case typ == unix.NFTA_COUNTER_PACKETS && len(data) == 8:
			packets = binary.BigEndian.Uint64(data)
		}
		return nil
	})
	return packets, bytes
}

// block fills in what entry an element is; false where this program could not have put it there.
func (s *setSpec) block(b *bound) bool {
	size := s.addressLen()
	if len(b.key) < size {
		return false
	}
	first, _ := netip.AddrFromSlice(b.key[:size]) // it has the length of an address
	h := &b.held
	h.Verdict, h.Dir = s.verdict, s.dir
	bits := first.BitLen()
	switch s.kind {
	case network:
		if bits = bitsTo(first, b.to); bits < 0 {
			return false
		}
	case ported:
		if len(b.key) != size+8 || len(b.to) != size+8 {
			return false
		}
		last, _ := netip.AddrFromSlice(b.to[:size])
		next := last.Next()
		if bits = bitsTo(first, next.AsSlice()); bits < 0 {
			return false
		}
		for name, number := range protocols() {
			if number == b.key[size] {
				h.Proto = name
			}
		}
		h.Port = binary.BigEndian.Uint16(b.key[size+4:])
	}
	h.Prefix = netip.PrefixFrom(first, bits)
	return true
}

// bitsTo is how many bits the network has that begins at first and ends before next (empty: behind the last address); -1 if
// that is none.
func bitsTo(first netip.Addr, next []byte) int {
	for bits := 0; bits <= first.BitLen(); bits++ {
		p := netip.PrefixFrom(first, bits)
		if p.Masked() != p {
			continue
		}
		after := lastOf(p).Next()
		if slices.Equal(after.AsSlice(), next) {
			return bits
		}
	}
	return -1
}

// Used returns the rules of the policy and what each has met.
func (f *Firewall) Used() ([]Used, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, err := f.used()
	if err != nil {
		return nil, fmt.Errorf("firewall: list rules: %w", err)
	}
	return list, nil
}

// used lists the rules that have a comment.
func (f *Firewall) used() (list []Used, err error) {
	for range 5 {
		list = nil
		m := &message{}
		m.begin(unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP)
		m.text(unix.NFTA_RULE_TABLE, tableName)
		err = f.nl.dump(m, func(body []byte) error {
			u, table, err := parseRule(body)
			if u.Rule != "" && table == tableName {
				list = append(list, u)
			}
			return err
		})
		if !errors.Is(err, errAgain) {
			break
		}
	}
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return list, err
}

func parseRule(body []byte) (u Used, table string, err error) {
	err = attributes(body, func(typ uint16, data []byte) error {
		switch typ {
		case unix.NFTA_RULE_TABLE:
			table = strings.TrimRight(string(data), "\x00")
		case unix.NFTA_RULE_CHAIN:
			u.Chain = strings.TrimRight(string(data), "\x00")
		case unix.NFTA_RULE_USERDATA:
			if len(data) > 2 && data[0] == 0 {
				u.Rule = strings.TrimRight(string(data[2:]), "\x00")
			}
		case unix.NFTA_RULE_EXPRESSIONS:
			return attributes(data, func(_ uint16, data []byte) error {
				var b bound
				err := b.expression(data)
				if b.held.Packets > 0 {
					u.Packets, u.Bytes = b.held.Packets, b.held.Bytes
				}
				return err
			})
		}
		return nil
	})
	return u, table, err
}

// Read returns what the kernel holds, and what its rules have met.
func (f *Firewall) Read() (Standing, error) {
	held, err := f.List()
	if err != nil {
		return Standing{}, err
	}
	used, err := f.Used()
	return Standing{held, used}, err
}
