package parse

import "strings"

// Firewalls tell in sentences which address spoke to which. The sentences differ with every product and release, the
// words around the addresses do not: "from", "src", "to", "dst", "->", "user". So the words are read, not the sentences.

// role is whose address comes next.
type role uint8

const (
	roleAny role = iota
	roleSource
	roleTarget
	roleNone
	roleUser
)

// prose reads the addresses, the user and the transport that a sentence names.
func (d *device) prose(s string) {
	r := &d.record
	next := roleAny
	for at := 0; at < len(s); {
		if s[at] == ' ' || s[at] == ',' {
			at++
			continue
		}
		start := at
		if s[at] == '"' || s[at] == '\'' {
			if end := strings.IndexByte(s[at+1:], s[at]); end >= 0 {
				end += at + 1
				if next == roleUser {
					d.proseUser(s[at+1 : end])
					next = roleAny
				} else if e, ok := cutSide(s[at+1 : end]); ok && next == roleSource {
					r.sourceEnd(e)
					next = roleAny
				}
				at = end + 1
				continue
			}
		}
		for at < len(s) && s[at] != ' ' && s[at] != ',' {
			at++
		}
		next = d.proseWord(s[start:at], next)
	}
	if r.outbound {
		d.swapEnds()
	}
}

// proseWord reads one word after one that gave it a role, and returns the role of the word after it.
func (d *device) proseWord(w string, next role) role {
	r := &d.record
	if i := strings.Index(w, "->"); i >= 0 {
		if e, ok := cutSide(w[:i]); ok {
			r.sourceEnd(e)
		}
		if e, ok := cutSide(w[i+2:]); ok {
			r.destinationEnd(e)
			return roleAny
		}
		return roleTarget
	}
	if next == roleUser {
		switch w {
		case "=", ":", "is", "name":
			return roleUser
		case "from", "logged", "on", "at", "authentication", "IP":
			next = roleAny
		default:
			d.proseUser(w)
			return roleAny
		}
	}
	if c := w[len(w)-1]; c == '=' || c == ':' || c == '>' || w[0] == '[' || w[0] == '(' || w[0]|0x20 >= 'a' && w[0]|0x20 <= 'z' {
		if role, ok := d.proseKeyword(w, next); ok {
			return role
		}
	}
	if e, ok := cutSide(w); ok {
		switch {
		case next == roleNone, next == roleAny && r.source && w[0] == '(': // a translated address
		case next == roleTarget:
			r.destinationEnd(e)
		case next == roleSource || !r.source:
			r.sourceEnd(e)
		default:
			r.destinationEnd(e)
		}
		return roleAny
	}
	return next
}

// proseKeyword reads a word that says what comes next, alone or with its value after "=" or ":".
func (d *device) proseKeyword(w string, next role) (role, bool) {
	r := &d.record
	key, value := w, ""
	for key != "" && (key[0] == '[' || key[0] == '(' || key[0] == '<') {
		key = key[1:]
	}
	if i := keyEnd(key); i > 0 && i+1 <= len(key) {
		key, value = key[:i], strings.Trim(key[i+1:], "=:<>[]\"';)")
	}
	role, known := roleOf(key)
	if !known {
		if next == roleTarget || next == roleSource {
			if t := transportOf(strings.Trim(w, "()<>:")); t == "" {
				return next, false
			}
		}
		if r.proto == "" {
			if t := transportOf(strings.Trim(key, "()<>:")); t != "" && key[0]-'0' > 9 {
				r.proto = t
				return next, true
			}
		}
		return next, false
	}
	if value == "" {
		return role, true
	}
	switch role {
	case roleUser:
		d.proseUser(value)
	case roleSource:
		if e, ok := cutSide(value); ok {
			r.sourceEnd(e)
		}
	case roleTarget:
		if e, ok := cutSide(value); ok {
			r.destinationEnd(e)
		}
	case roleNone:
		if _, ok := cutSide(value); !ok {
			return next, false
		}
	default:
		return next, false
	}
	return roleAny, true
}

// keyEnd returns where "=", ":" or "<" stands, -1 where none does.
func keyEnd(s string) int {
	for i := range len(s) {
		if c := s[i]; c == '=' || c == ':' || c == '<' {
			return i
		}
	}
	return -1
}

// roleOf returns what a word says of the next.
func roleOf(w string) (role, bool) {
	switch w {
	case "from", "From", "src", "source", "Source", "faddr", "peer", "client", "SRC", "IP", "remote", "Remote":
		return roleSource, true
	case "to", "dst", "dest", "destination", "Destination", "laddr", "DST", "->", "server":
		return roleTarget, true
	case "gaddr", "local", "Local", "NAS":
		return roleNone, true
	case "user", "User", "username", "Username", "Uname", "uname", "account", "USER", "UserName", "userName", "user-name", "User-Name":
		return roleUser, true
	}
	return roleAny, false
}

func (d *device) proseUser(w string) {
	r := &d.record
	w = strings.Trim(w, "\"'<>[]();:,.")
	if w == "" || r.user || w == "*****" {
		return
	}
	r.user = true
	r.put("user.name", w)
}

// swapEnds exchanges the sides of a connection.
func (d *device) swapEnds() {
	r := &d.record
	for i, n := range r.names {
		switch n {
		case "source.ip":
			r.names[i] = "destination.ip"
		case "source.port":
			r.names[i] = "destination.port"
		case "destination.ip":
			r.names[i] = "source.ip"
		case "destination.port":
			r.names[i] = "source.port"
		case "observer.ingress.interface.name":
			r.names[i] = "observer.egress.interface.name"
		case "observer.egress.interface.name":
			r.names[i] = "observer.ingress.interface.name"
		}
	}
	r.source, r.target = r.target, r.source
}
