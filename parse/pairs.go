package parse

import "strings"

// Most equipment writes "key=value" with values in quotes where they hold spaces, or unquoted with spaces, so that a
// value ends where the next key begins. One scanner reads all of them.

// mark is a set of fields by which products tell themselves apart.
type mark uint64

const (
	markForti         mark = 1 << iota // devid, device_id
	markLogID                          // logid, log_id
	markDevName                        // devname
	markSN                             // sn
	markM                              // m
	markFW                             // fw
	markID                             // id
	markCheck                          // loguid
	markOrigin                         // origin
	markSub                            // sub
	markSys                            // sys
	markLogType                        // log_type
	markLogPart                        // log_component
	markMsgID                          // msg_id
	markIfDir                          // ifdir
	markType                           // type
	markSourceAddress                  // source-address
	markNote                           // note
	markDevID                          // devID
	markVendor                         // vendor
	markProduct                        // product
	markRule                           // policy-name
	markLevel                          // level
)

// keyBytes are those of which keys are made.
var keyBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/' || c == '@'
	}
	return t
}()

// keySize returns how long the key is that s begins with, where "=" follows it; 0 where none does.
func keySize(s string) int {
	for i := range len(s) {
		c := s[i]
		if c == '=' {
			return i
		}
		if i > 64 || !keyBytes[c] {
			return 0
		}
	}
	return 0
}

// pairStyle is how values end.
type pairStyle uint8

const (
	pairsSpaced pairStyle = iota // at a space; a value of words goes on to the next key
	pairsCEF                     // always at the next key
	pairsBar                     // at "|"
	pairsTab                     // at the delimiter of LEEF
)

// pairs reads the pairs of s and returns how many they were, and how many words belonged to none.
func (d *device) pairs(s string, style pairStyle, delimiter byte) (n, stray int) {
	for at := 0; at < len(s); {
		if c := s[at]; c == ' ' || c == ',' || c == ';' || c == '|' || c == '\t' || c == delimiter {
			at++
			continue
		}
		k := keySize(s[at:])
		if k == 0 {
			stray++
			for at < len(s) && s[at] != ' ' && s[at] != '|' && s[at] != '\t' && s[at] != delimiter {
				at++
			}
			continue
		}
		key := s[at : at+k]
		at += k + 1
		end, value := pairValue(s, at, style, delimiter)
		at = end
		d.pair(key, value)
		n++
	}
	return n, stray
}

// pairValue returns the value at s[at:] and where it ends.
func pairValue(s string, at int, style pairStyle, delimiter byte) (end int, value string) {
	if at < len(s) && (s[at] == '"' || s[at] == '\'') && style != pairsCEF {
		quote := s[at]
		for i := at + 1; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == quote {
				return i + 1, s[at+1 : i]
			}
		}
	}
	end = at
	switch style {
	case pairsBar, pairsTab:
		if delimiter == '|' { // a bar may stand in a value: only one before a key ends it
			for end < len(s) && (s[end] != '|' || end+1 < len(s) && s[end+1] != '|' && keySize(s[end+1:]) == 0) {
				end++
			}
		} else {
			for end < len(s) && s[end] != delimiter {
				end++
			}
		}
		return end, strings.Trim(s[at:end], " ")
	}
	for end < len(s) && s[end] != ' ' && s[end] != '\t' {
		if style == pairsSpaced && (s[end] == ',' || s[end] == ';') && keySize(s[end+1:]) > 0 {
			return end, s[at:end]
		}
		end++
	}
	if style == pairsSpaced {
		w := s[at:end]
		if c := len(w); c > 0 && w[c-1] == ',' {
			return end, w[:c-1]
		}
		if w == "" || w[0]-'0' <= 9 || isAddress(w) {
			return end, w
		}
	}
	for next := end; next < len(s); {
		for next < len(s) && (s[next] == ' ' || s[next] == '\t') {
			next++
		}
		if next == len(s) || keySize(s[next:]) > 0 {
			break
		}
		for next < len(s) && s[next] != ' ' && s[next] != '\t' {
			next++
		}
		end = next
	}
	return end, strings.Trim(s[at:end], "\"")
}

// pair adds a field as it is named, and notes what it says.
func (d *device) pair(key, value string) {
	r := &d.record
	if value == "" || value == "-" || value == "N/A" {
		return
	}
	if key == "userId" && value == "0" { // Grafana has it of whoever is not known yet
		return
	}
	if c := value[0]; c-'0' <= 9 {
		r.count(key, value)
	} else {
		r.put(key, value)
	}
	switch key {
	case "action", "act", "Action", "actionTaken", "fw_action", "AccessControlRuleAction", "utmaction", "disposition", "ACTION":
		if r.action == "" {
			r.action = value
		}
	case "status", "outcome", "Status", "auth_status", "EventStatus", "Disposition", "success":
		if r.status == "" {
			r.status = value
		}
	case "proto", "protocol", "Protocol", "protocol-id", "ip_protocol", "IPProtocol", "transport", "protocol_name":
		if r.proto == "" || transportOf(r.proto) == "" {
			r.proto = value
		}
	case "src", "srcip", "src_ip", "SrcIP", "source-address", "sourceAddress", "src-ip", "source_ip", "c-ip", "client_ip", "remip", "Source", "sourceip", "source":
		d.sidePair(value, false)
	case "dst", "dstip", "dst_ip", "DstIP", "destination-address", "destinationAddress", "dst-ip", "destination_ip", "dest_ip", "Destination", "destinationip", "destination":
		d.sidePair(value, true)
	case "client", "remote", "peer", "rhost", "client_address", "client-ip", "clientAddress", "client_addr", "addr", "remoteip", "clientip":
		if e, ok := cutSide(value); ok {
			r.sourceEnd(e)
		}
	case "userId":
		r.user = true
	case "user", "usrName", "suser", "duser", "username", "user_name", "User", "usr", "administrator", "admin", "UserID", "userName":
		r.user = true
	case "msg", "logdesc", "operation", "subject", "name", "cat", "eventName", "EventType", "event_type":
		if !r.login && loginWords(value) {
			r.login = true
		}
		if key == "msg" || key == "logdesc" {
			r.reason = value
		}
	default:
		r.marks |= markOf(key)
	}
}

func markOf(key string) mark {
	switch key {
	case "devid", "device_id":
		return markForti
	case "logid", "log_id":
		return markLogID
	case "devname":
		return markDevName
	case "sn":
		return markSN
	case "m":
		return markM
	case "fw":
		return markFW
	case "id":
		return markID
	case "loguid":
		return markCheck
	case "origin":
		return markOrigin
	case "sub":
		return markSub
	case "sys":
		return markSys
	case "log_type":
		return markLogType
	case "log_component":
		return markLogPart
	case "msg_id":
		return markMsgID
	case "ifdir":
		return markIfDir
	case "type":
		return markType
	case "note":
		return markNote
	case "devID":
		return markDevID
	case "vendor":
		return markVendor
	case "product":
		return markProduct
	case "level", "lvl":
		return markLevel
	}
	return 0
}

// sidePair notes an address that a pair holds; one with a port or an interface is taken apart.
func (d *device) sidePair(value string, target bool) {
	r := &d.record
	if isAddress(value) {
		if target {
			r.target = true
		} else {
			r.source = true
		}
		return
	}
	if e, ok := cutSide(value); ok {
		if target {
			r.destinationEnd(e)
		} else {
			r.sourceEnd(e)
		}
	}
}
