package parse

import "strings"

// redisLog is "812:M 03 Mar 2024 09:12:44.120 * text".
var redisLog = ownLog{
	name: "redis",
	doc:  "Log files of Redis and Valkey.",
	example: "812:M 03 Mar 2024 09:12:44.120 # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from 203.0.113.7:50122 aborted.\n" +
		"812:M 03 Mar 2024 09:12:45.120 * Ready to accept connections\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		s := l.line
		n := 0
		for n < len(s) && n < 10 && s[n]-'0' <= 9 {
			n++
		}
		if n == 0 || len(s) < n+30 || s[n] != ':' || s[n+2] != ' ' {
			return false
		}
		t := s[n+3:]
		if t[2] != ' ' || t[6] != ' ' || t[11] != ' ' || t[14] != ':' {
			return false
		}
		c := clock{
			day: digits2(t, 0), month: monthOf(t[3:]), year: digits4(t, 7),
			hour: digits2(t, 12), minute: digits2(t, 15), second: digits2(t, 18),
		}
		if c.day|c.year|c.hour|c.minute|c.second < 0 {
			return false
		}
		var at int
		c.nanos, at = fraction(t, 20)
		ns, ok := c.unixNanos(l.zone)
		if !ok || len(t) < at+4 {
			return false
		}
		text := strings.TrimLeft(t[at:], " ")
		if text == "" || strings.IndexByte("*#-.", text[0]) < 0 {
			return false
		}
		text = trimSpace(text[1:])
		if text == "" {
			return false
		}
		if !redisProgram.read(text, out) {
			redisProgram.readClues(text, out)
		}
		l.time, l.program, l.pid, l.rest = ns, "redis", s[:n], text
		return true
	},
}
