package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Logs of transfers: xferlog of vsftpd, ProFTPD and wu-ftpd, and FileZilla Server's, old and new.
// Sources: xferlog(5), FileZilla Server's options "Logging".

var (
	transferKind = newKind(&event.Format{Name: "xferlog", LogSource: event.LogSource{Product: "linux", Service: "ftp"}}, []string{
		"event.action", "event.category", "event.outcome", "source.ip", "user.name", "file.path", "file.size",
	}, nil)
	fileZillaKind = newKind(&event.Format{Name: "filezilla", LogSource: event.LogSource{Product: "filezilla"}}, []string{
		"event.action", "event.category", "event.outcome", "source.ip", "user.name", "session.id",
	}, nil)
)

var xferLog = ownLog{
	name: "xferlog",
	doc:  "The log of transfers of FTP servers (xferlog).",
	example: "Sun Mar  3 09:12:44 2024 1 203.0.113.7 5120 /home/anna/plan.pdf b _ o r anna ftp 0 * c\n" +
		"Sun Mar  3 09:12:45 2024 3 203.0.113.7 120 /srv/in/a_b.txt a _ i a anonymous@ ftp 0 * i\n",
	begins: "09",
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 || !number.holds(l.first) || len(l.first) > 8 {
			return false
		}
		remote, rest := nextWord(l.after)
		ip, _ := addressValues(remote)
		size, rest := nextWord(rest)
		if ip.Kind == event.Missing || size == "" || !number.holds(size) {
			return false
		}
		// from the end, for names of files may hold spaces: type, flag, direction, mode, user, service, method, id, status
		var w [9]string
		for i := len(w) - 1; i >= 0; i-- {
			at := strings.LastIndexByte(rest, ' ')
			if at < 0 {
				return false
			}
			w[i], rest = rest[at+1:], rest[:at]
		}
		if len(w[2]) != 1 || len(w[3]) != 1 || len(w[8]) != 1 || len(w[0]) != 1 {
			return false
		}
		action := "ftp_download"
		switch w[2] {
		case "i":
			action = "ftp_upload"
		case "d":
			action = "ftp_delete"
		case "o":
		default:
			return false
		}
		outcome := success
		if w[8] == "i" {
			outcome = failure
		}
		out.kind = transferKind
		v := out.values[:len(transferKind.names)]
		v[0], v[1], v[2], v[3] = textValue(action), textValue(file), textValue(outcome), ip
		v[4], v[5], v[6] = textValue(w[4]), textValue(rest), numberValue(size)
		l.program = "ftpd"
		return true
	},
}

var fileZillaLog = ownLog{
	name: "filezilla",
	doc:  "The log of FileZilla Server, before version 1 and since.",
	example: "(000123) 3/3/2024 9:12:44 AM - (not logged in) (203.0.113.7)> 530 Login or password incorrect!\n" +
		"2024-03-03T09:12:45.120Z !! [FTP Session 12 203.0.113.7 anna] 230 Login successful.\n",
	begins: "((!!<<>>==",
	read: func(l *ownLine, out *said) bool {
		s := l.rest
		if s[0] == '(' {
			return l.time == 0 && l.oldFileZilla(s, out)
		}
		_, s = nextWord(s)
		inner, text, ok := strings.Cut(s, "] ")
		inner, is := strings.CutPrefix(inner, "[FTP Session ")
		if !ok || !is || l.time == 0 {
			return false
		}
		id, rest := nextWord(inner)
		address, user := nextWord(rest)
		return l.fileZilla(out, id, address, trimSpace(user), text)
	},
}

// oldFileZilla reads "(000123) 3/3/2024 9:12:44 AM - (not logged in) (203.0.113.7)> 530 …".
func (l *ownLine) oldFileZilla(s string, out *said) bool {
	id, rest, ok := strings.Cut(s[1:], ") ")
	if !ok || !number.holds(id) {
		return false
	}
	stamp, rest, ok := strings.Cut(rest, " - (")
	if !ok {
		return false
	}
	user, rest, ok := strings.Cut(rest, ") (")
	address, text, has := strings.Cut(rest, ")> ")
	if !ok || !has {
		return false
	}
	if user == "not logged in" {
		user = ""
	}
	if !l.fileZilla(out, id, address, user, text) {
		return false
	}
	l.time, _ = parseTime(stamp, l.zone)
	return true
}

// fileZilla fills what one line of a session says: a command of the client, or an answer with its number.
func (l *ownLine) fileZilla(out *said, id, address, user, text string) bool {
	ip, _ := addressValues(address)
	if ip.Kind == event.Missing {
		return false
	}
	action, category, outcome := "ftp_message", network, ""
	switch code, _ := nextWord(text); code {
	case "530":
		action, category, outcome = "ftp_login", authentication, failure
	case "230":
		action, category, outcome = "ftp_login", authentication, success
	case "226":
		action, category, outcome = "ftp_transfer", file, success
	case "USER":
		action = "ftp_command"
		if user == "" {
			_, user = nextWord(text)
		}
	}
	out.kind = fileZillaKind
	v := out.values[:len(fileZillaKind.names)]
	clear(v)
	v[0], v[1], v[3], v[5] = textValue(action), textValue(category), ip, textValue(id)
	if outcome != "" {
		v[2] = textValue(outcome)
	}
	if user != "" {
		v[4] = textValue(user)
	}
	l.program, l.rest = "filezilla", text
	return true
}
