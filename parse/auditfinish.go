package parse

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// execve reads the record of a command's arguments: "argc=2 a0="x" a1=…", where a long argument is cut into
// "a1_len=9000 a1[0]=… a1[1]=…".
func (a *auditEvent) execve(s string) {
	for s != "" {
		name, value, quote, rest := nextPair(s)
		s = rest
		if len(name) < 2 || name[0] != 'a' || name[1]-'0' > 9 {
			if name != "" {
				a.add(name, value, numberKind(value))
			}
			continue
		}
		if strings.HasSuffix(name, "_len") {
			continue
		}
		if quote == 0 {
			value = a.unhex(value, false)
		}
		base, _, part := strings.Cut(name, "[")
		if part && base != a.long {
			a.endLong()
			a.long = base
		}
		if part {
			a.parts = append(a.parts, value...)
			continue
		}
		a.endLong()
		a.args = append(a.args, value)
		a.add(base, value, event.Text)
	}
	a.endLong()
}

// endLong adds the argument whose parts were gathered.
func (a *auditEvent) endLong() {
	if a.long == "" {
		return
	}
	value := string(a.parts)
	a.args = append(a.args, value)
	a.add(a.long, value, event.Text)
	a.long, a.parts = "", a.parts[:0]
}

// finish adds what the records say together.
func (a *auditEvent) finish(r *auditRecord) {
	if r.node != "" {
		a.add("node", r.node, event.Text)
	}
	_, sequence, _ := strings.Cut(r.id, ":")
	a.add("sequence", sequence, numberKind(sequence))
	switch {
	case len(a.args) > 0:
		a.add("process.command_line", a.join(a.args, " "), event.Text)
	case a.get("cmd") != "":
		a.add("process.command_line", a.get("cmd"), event.Text)
	case a.get("proctitle") != "":
		a.add("process.command_line", a.get("proctitle"), event.Text)
	}
	if addr := a.get("addr"); isAddress(addr) {
		a.add("source.ip", addr, event.Text)
	}
	if u := a.user(); u != "" {
		a.add("user.name", u, event.Text)
	}
	if o := a.outcome(); o != "" {
		a.add("event.outcome", o, event.Text)
	}
	m := a.meaning()
	if m.action != "" {
		a.add("event.action", m.action, event.Text)
	}
	if m.category != "" {
		a.add("event.category", m.category, event.Text)
	}
	a.values[0].one = a.types[0]
	for _, t := range a.types[1:] {
		if t != a.types[0] {
			a.values[0].one, a.values[0].kind = a.typeList(), event.List
			return
		}
	}
}

// user returns who the event is about: the account that is named, or who logged in first, or who acts.
func (a *auditEvent) user() string {
	for _, n := range [...]string{"acct", "AUID", "UID"} {
		if u := a.get(n); u != "" && u != "unset" && u != "(null)" && u != "?" {
			return u
		}
	}
	return ""
}

func (a *auditEvent) outcome() string {
	for _, n := range [...]string{"success", "res", "result"} {
		switch a.get(n) {
		case "yes", "1", "success":
			return success
		case "no", "0", "failed", "fail":
			return failure
		}
	}
	return ""
}

// auditMeaning is what a type of record or a system call is in the words of ECS.
type auditMeaning struct{ action, category string }

// meaning takes that of the system call, else that of the first record.
func (a *auditEvent) meaning() auditMeaning {
	for _, t := range a.types {
		if t == "SYSCALL" {
			if n := a.get("SYSCALL"); n != "" {
				return auditMeaning{n, syscallCategory(n)}
			}
		}
	}
	m := auditMeanings[a.types[0]]
	if m.action == "" {
		m.action = a.types[0]
	}
	return m
}

func (a *auditEvent) join(parts []string, by string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	a.buf = a.buf[:0]
	for i, s := range parts {
		if i > 0 {
			a.buf = append(a.buf, by...)
		}
		a.buf = append(a.buf, s...)
	}
	return string(a.buf)
}

// typeList returns the distinct types as a JSON array. Few combinations occur, so they are made once.
func (a *auditEvent) typeList() string {
	a.buf = a.buf[:0]
	for i, t := range a.types {
		if contains(a.types[:i], t) {
			continue
		}
		a.buf = event.AppendQuoted(append(a.buf, ','), t)
	}
	a.buf[0] = '['
	a.buf = append(a.buf, ']')
	if s, ok := a.joined[string(a.buf)]; ok {
		return s
	}
	if a.joined == nil || len(a.joined) > 1024 {
		a.joined = make(map[string]string)
	}
	s := string(a.buf)
	a.joined[s] = s
	return s
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// render turns the gathered values into those of the event, in the order of a.names.
func (a *auditEvent) render() []event.Value {
	a.out = a.out[:0]
	for i := range a.values {
		v := &a.values[i]
		if v.more == nil {
			a.out = append(a.out, event.Value{Raw: v.one, Kind: v.kind})
			continue
		}
		a.buf = a.buf[:0]
		for _, m := range v.more {
			a.buf = event.AppendQuoted(append(a.buf, ','), m)
		}
		a.buf[0] = '['
		a.out = append(a.out, event.Value{Raw: string(append(a.buf, ']')), Kind: event.List})
	}
	return a.out
}

// socket takes a socket address in hexadecimal apart (struct sockaddr; the family is in the byte order of the host,
// which is little endian on what Linux runs on today; ports and addresses are in that of the network).
func (a *auditEvent) socket(s string) {
	var raw [128]byte
	n := min(len(s)/2, len(raw))
	for i := range n {
		h, l := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if h > 15 || l > 15 {
			return
		}
		raw[i] = h<<4 | l
	}
	if n < 2 {
		return
	}
	const local, inet, inet6, netlink = 1, 2, 10, 16
	switch family := int(raw[0]) | int(raw[1])<<8; {
	case family == local:
		a.add("saddr_fam", "local", event.Text)
		path := raw[2:n]
		for len(path) > 0 && path[0] == 0 { // abstract
			path = path[1:]
		}
		for i, c := range path {
			if c == 0 {
				path = path[:i]
				break
			}
		}
		if len(path) > 0 {
			a.add("path", string(path), event.Text)
		}
	case family == inet && n >= 8:
		a.add("saddr_fam", "inet", event.Text)
		a.address(netip4(raw[4:8]), int(raw[2])<<8|int(raw[3]))
	case family == inet6 && n >= 24:
		a.add("saddr_fam", "inet6", event.Text)
		a.address(netip16(raw[8:24]), int(raw[2])<<8|int(raw[3]))
	case family == netlink:
		a.add("saddr_fam", "netlink", event.Text)
	}
}

// address adds where a socket leads. ECS's destination is read from these.
func (a *auditEvent) address(ip string, port int) {
	a.add("laddr", ip, event.Text)
	a.add("lport", strconv.Itoa(port), event.Number)
}

func netip4(b []byte) string { return netip.AddrFrom4([4]byte(b)).String() }

func netip16(b []byte) string { return netip.AddrFrom16([16]byte(b)).String() }
