package parse

import "strings"

// MikroTik is the log of RouterOS. Source: MikroTik RouterOS documentation, "Log".
var MikroTik = applianceFormat(appliance{
	name: "mikrotik",
	doc:  "MikroTik's RouterOS: packets that the firewall logs, logins, and what other topics say.",
	example: "Nov 22 06:00:01 rb1 firewall,info input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:00:5e:00:53:01, proto TCP (SYN), 203.0.113.7:50122->192.0.2.1:22, len 60\n" +
		"Nov 22 06:00:02 rb1 system,error,critical login failure for user admin from 203.0.113.7 via ssh\n",
}, mikroTikFormat)

var mikroTikFormat = deviceFormat("mikrotik", "firewall", "mikrotik", "")

// mikroTikTopics are those with which a line may begin.
var mikroTikTopics = [...]string{
	"firewall,", "system,", "account,", "critical,", "dhcp,", "wireless,", "interface,", "ipsec,", "l2tp,", "pptp,", "ppp,", "ovpn,", "sstp,", "hotspot,",
	"script,", "info,", "error,", "warning,", "manager,", "route,", "bgp,", "ospf,", "wireguard,", "dns,", "caps,", "web-proxy,", "radius,",
}

// readMikroTik reads a line that begins with topics, or with the name of a chain and interfaces.
func (d *device) readMikroTik(s string) bool {
	topics := d.head.tag
	text := d.head.text
	if !mikroTikTopic(topics) {
		topics, text = nextWord(s)
		if topics == ":" { // RouterOS 7 with the header of BSD
			topics, text = nextWord(text)
		}
		if topics != "" && topics[len(topics)-1] == ':' {
			topics = topics[:len(topics)-1]
		}
		if !mikroTikTopic(topics) {
			topics = ""
			i := strings.Index(s[:min(len(s), 68)], " in:")
			if i < 0 || !strings.Contains(s[i:min(len(s), i+96)], " out:") || !strings.Contains(s, "proto ") {
				return false
			}
			text = s
		}
	}
	r := &d.record
	d.format = mikroTikFormat
	d.vendor("MikroTik", "RouterOS")
	r.put("mikrotik.topics", topics)
	if i := strings.Index(text, " in:"); i >= 0 && strings.Contains(text, "proto ") {
		d.mikroTikPacket(text, i)
		return true
	}
	return d.mikroTikText(topics, text)
}

// mikroTikText reads what any other topic says.
func (d *device) mikroTikText(topics, text string) bool {
	r := &d.record
	switch {
	case strings.HasPrefix(text, "login failure for user "):
		r.put("event.action", "login")
		r.login, r.verdict = true, -1
		text = text[len("login failure for "):]
	case strings.Contains(text, " logged in, "): // "anna logged in, 10.0.0.7 from 192.0.2.1" of a tunnel
		r.put("event.action", "login")
		r.login, r.verdict = true, 1
		name, rest, _ := strings.Cut(text, " logged in, ")
		name = strings.TrimPrefix(name[strings.LastIndexByte(name, ':')+1:], "<")
		d.proseUser(trimSpace(name))
		assigned, from, _ := strings.Cut(rest, " from ")
		r.sourceText(from)
		r.destinationText(assigned)
		return true
	case strings.Contains(text, " logged in"):
		r.put("event.action", "login")
		r.login, r.verdict = true, 1
	case strings.Contains(text, " logged out"):
		r.put("event.action", "logout")
		r.category = session
	case strings.Contains(text, "authentication failed"), strings.Contains(text, "auth failed"):
		if from, _, ok := strings.Cut(text, ">: "); ok { // "<192.0.2.1>: user anna authentication failed"
			r.sourceText(strings.TrimPrefix(from, "<"))
		}
		r.put("event.action", "login")
		r.login, r.verdict = true, -1
	case strings.Contains(text, "negotiation failed"):
		r.put("event.action", "vpn_connection")
		r.category, r.verdict = session, -1
		if left, right, ok := strings.Cut(text, "<=>"); ok { // "… 198.51.100.1[500]<=>192.0.2.1[500] …"
			right, _ = nextWord(right)
			right, _, _ = strings.Cut(right, "[")
			left, _, _ = strings.Cut(left[strings.LastIndexByte(left, ' ')+1:], "[")
			r.sourceText(right)
			r.destinationText(left)
			return true
		}
	case strings.HasPrefix(topics, "dhcp,") && strings.Contains(text, "assigned "):
		r.put("event.action", "dhcp_"+dhcpVerb(text))
		r.category = network
		_, rest, _ := strings.Cut(text, "assigned ")
		ip, rest := nextWord(rest)
		r.sourceText(ip)
		_, rest = nextWord(rest) // "to", "for" or "from"
		mac, name := nextWord(rest)
		r.put("mac", mac)
		r.put("source.domain", strings.TrimSpace(name))
		return true
	case strings.Contains(text, " by "):
		r.category = configuration
		r.put("event.action", "configuration_changed")
		_, by, _ := strings.Cut(text, " by ")
		if name, _ := nextWord(by); name != "" {
			if i := strings.LastIndexByte(name, ':'); i >= 0 {
				name = name[i+1:]
			}
			d.proseUser(name)
		}
		return true
	}
	if _, via, ok := strings.Cut(text, " via "); ok {
		r.put("network.protocol", strings.TrimSpace(via))
	}
	d.prose(text)
	return true
}

// dhcpVerb tells whether a lease was given or taken back.
func dhcpVerb(text string) string {
	if strings.Contains(text, "deassigned ") {
		return "released"
	}
	return "assigned"
}

func mikroTikTopic(s string) bool {
	i := strings.IndexByte(s, ',')
	if i < 2 || i > 12 {
		return false
	}
	for _, t := range mikroTikTopics {
		if len(s) > len(t) && s[:len(t)] == t {
			return true
		}
	}
	return false
}

// mikroTikPacket reads "PREFIX chain: in:ether1 out:…, … proto TCP (SYN), A:1->B:2, len 60".
func (d *device) mikroTikPacket(text string, in int) {
	r := &d.record
	r.category = network
	r.put("event.action", "packet")
	chain := strings.TrimRight(text[:in], ": ")
	if i := strings.LastIndexByte(chain, ' '); i >= 0 {
		r.put("rule.name", strings.TrimRight(chain[:i], ": "))
		chain = chain[i+1:]
	}
	r.put("mikrotik.chain", chain)
	if a := packetVerdict(text[:in]); a != "" {
		r.action = a
		r.put("action", a)
	}
	rest := text[in+4:]
	if end := strings.IndexByte(rest, ' '); end > 0 {
		r.put("in_interface", rest[:end])
	}
	if _, out, ok := strings.Cut(rest, " out:"); ok {
		if end := strings.IndexAny(out, " ,"); end > 0 && out[0] != '(' {
			r.put("out_interface", out[:end])
		}
	}
	if _, mac, ok := strings.Cut(rest, "src-mac "); ok {
		if end := strings.IndexAny(mac, " ,"); end > 0 {
			r.put("mac", mac[:end])
		}
	}
	if _, proto, ok := strings.Cut(rest, "proto "); ok {
		if end := strings.IndexAny(proto, " ,"); end > 0 {
			r.proto = proto[:end]
		}
		if _, flags, ok := strings.Cut(proto, " ("); ok && strings.HasPrefix(proto, "TCP (") {
			if end := strings.IndexByte(flags, ')'); end > 0 {
				r.put("tcp_flags", flags[:end])
			}
		}
		if i := strings.Index(proto, "), "); i >= 0 && i < 32 { // "ICMP (type 8, code 0), …"
			proto = proto[i+1:]
		}
		if i := strings.Index(proto, ", "); i >= 0 {
			ends, _, _ := strings.Cut(proto[i+2:], ",")
			left, right, ok := strings.Cut(ends, "->")
			if e, is := cutSide(left); ok && is {
				r.sourceEnd(e)
			}
			if e, is := cutSide(right); ok && is {
				r.destinationEnd(e)
			}
		}
	}
}
