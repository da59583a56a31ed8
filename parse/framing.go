package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Senders, relays and those who copy logs have put headers before messages that no RFC knows: a zone or a year behind
// the time, the header of the sender behind that of the relay, the facility as a word, times of other styles. Whatever
// stands before it, "sshd[812]: " says who speaks.

// afterStamp reads a zone ("CET") or a year ("2024") behind the time of a header, of which s follows the time, and returns what follows.
func (h *syslogHeader) afterStamp(line, s string, years *yearless) string {
	if s[1] == '2' {
		if len(s) < 7 || s[2] != '0' || s[3]-'0' > 9 || s[4]-'0' > 9 || s[5] != ' ' {
			return s
		}
		of := yearless{zone: years.zone, top: digits4(s, 1), limit: 1<<63 - 1, key: -1}
		stamp := line[len(line)-len(s)-15 : len(line)-len(s)]
		if ns, _, ok := cutBSD(strings.TrimLeft(stamp, " >"), &of); ok && ns != 0 {
			h.time, h.full = ns, true
			return s[5:]
		}
		return s
	}
	offset, size := zoneWord(s)
	if size < 4 || size >= len(s) || s[size] != ' ' || h.full {
		return s
	}
	h.time = years.inZone(h.time, offset)
	return s[size:]
}

// behindWord looks, where a message has no tag, whether it has one behind a word: the facility and severity, as a
// relay writes them, the host behind the relay's, or the whole header of the sender behind that of the relay.
func (h *syslogHeader) behindWord(years *yearless) {
	s := h.text
	if len(s) > 24 && (monthOf(s) != 0 && s[3] == ' ' || s[4] == '-' && s[10] == 'T') {
		if ns, rest, ok := cutStamp(s, years); ok && rest != "" && rest[0] == ' ' {
			host, body := nextWord(trimSpace(rest))
			if host != "" && taggedWord(body) > 0 {
				h.host, h.full = host, s[4] == '-'
				if ns != 0 {
					h.time = ns
				}
				h.readTag(body)
			}
		}
		return
	}
	word, rest := nextWord(s)
	if word == "" || len(word) > 64 || word[0]|0x20 < 'a' && word[0]-'0' > 9 || taggedWord(rest) == 0 {
		return
	}
	if !priorityWord(word) {
		h.host = word
	}
	h.readTag(rest)
}

// taggedWord returns the size of "program[812]: " at the start of s, where the program is known; 0 where there is none.
func taggedWord(s string) int {
	limit := s[:min(len(s), 80)]
	open := strings.IndexByte(limit, '[')
	if open < 2 || strings.IndexByte(limit[:open], ' ') >= 0 {
		return 0
	}
	end := strings.Index(limit[open:], "]:")
	if end < 2 || !number.holds(limit[open+1:open+end]) || programOf(limit[:open]) == otherProgram {
		return 0
	}
	return open + end + 2
}

// priorityWord tells whether a word is a facility with a severity ("auth.info", "auth|security:info") or one alone.
func priorityWord(s string) bool {
	if i := strings.LastIndexAny(s, ".:"); i > 0 {
		s = s[i+1:]
	}
	for _, name := range severities {
		if s == name {
			return true
		}
	}
	return s == "warn" || s == "error" || s == "emergency" || s == "critical"
}

// looseBytes is how far into a line a program is looked for.
const looseBytes = 96

// looseLine makes an event of a line that is the message of a known program behind any other beginning: "2024-03-03
// 09:12:44 gate sshd[812]: …", "Sun Mar  3 09:12:44 2024 authpriv.info dropbear[812]: …", "sshd[812]: …".
func (p *lineParser) looseLine(line string, out *event.Batch) bool {
	end := strings.IndexByte(line[:min(len(line), looseBytes)], ']')
	for end > 0 && (!strings.HasPrefix(line[end:], "]: ") || line[end-1]-'0' > 9) { // "[198.51.100.1] gate sshd[812]: "
		next := strings.IndexByte(line[end+1:min(len(line), looseBytes)], ']')
		if next < 0 {
			return false
		}
		end += 1 + next
	}
	if end < 3 {
		return false
	}
	start := strings.LastIndexByte(line[:end], ' ') + 1
	if taggedWord(line[start:]) == 0 || strings.ContainsAny(line[:start], "\"'={") {
		return false
	}
	h := syslogHeader{facility: -1, severity: -1}
	if start > 0 {
		if h.time, _ = cutOwnTime(line, &p.years); h.time == 0 {
			h.time = leadingTime(line, &p.years)
		}
		if h.time == 0 {
			return false
		}
		before := strings.TrimRight(line[:start], " ")
		word := before[strings.LastIndexByte(before, ' ')+1:]
		if word != "" && !priorityWord(word) && word[0] != '[' && word[len(word)-1] != ']' && strings.IndexByte(word, ':') < 0 &&
			(word[0]-'0' > 9 || isAddress(word)) {
			h.host = word
		}
	}
	h.readTag(line[start:])
	p.syslogMessage(line, &h, out)
	return true
}
