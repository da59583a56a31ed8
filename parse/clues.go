package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Most programs say nothing that a table foresees. What nearly all of them say in much the same words is who tried to
// log in, from where, and whether it worked. These clues are looked for in messages of no known sentence: the address
// that is most likely the other side's, and, where the message speaks of a login, the account and the outcome.

// clueNames are the fields that clues fill, ECS names.
var clueNames = []string{
	"event.action", "event.category", "event.outcome", "source.ip", "source.port", "user.name",
}

const (
	clueAction = iota
	clueCategory
	clueOutcome
	clueSource
	cluePort
	clueUser
)

// clueBytes is how far into a message clues are looked for.
const clueBytes = 1024

var cluedTextShape = event.NewShape(textFormat, append(append([]string{}, clueNames...), "message")...)

// readClues looks for clues in a message and, if there are any, makes out one of the program's clued kind.
func (p *program) readClues(message string, out *said) bool {
	if p.clued == nil || !readClues(message, out.values[:len(clueNames)]) {
		return false
	}
	out.kind = p.clued
	return true
}

// readClues fills v, which has a value for each of clueNames, and reports whether s holds any clue.
func readClues(s string, v []event.Value) bool {
	if len(s) > clueBytes {
		s = s[:clueBytes]
	}
	address, port, at := clueAddress(s)
	login := strings.Contains(s, "ogin") || strings.Contains(s, "uth") || strings.Contains(s, "assw")
	if address == "" && !login {
		return false
	}
	var words clueWords
	words.read(s)
	if address == "" && (!words.login || !words.failure && !words.success) {
		return false
	}
	clear(v)
	if address != "" {
		v[clueSource], _ = addressValues(address)
		v[cluePort] = numberValue(port)
	}
	if !words.login {
		return true
	}
	v[clueAction], v[clueCategory] = textValue("login"), textValue(authentication)
	switch {
	case words.failure:
		v[clueOutcome] = textValue(failure)
	case words.success:
		v[clueOutcome] = textValue(success)
	}
	if user := clueAccount(s, at); user != "" {
		v[clueUser] = textValue(user)
	}
	return true
}

// clueWords is what the words of a message are about.
type clueWords struct {
	login   bool // it speaks of a login
	failure bool
	success bool
}

// read goes through the beginnings of words, those within CamelCase too.
func (w *clueWords) read(s string) {
	before := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		begins := before|0x20 < 'a' || before|0x20 > 'z' || c < 'a' && before >= 'a'
		before = c
		if !begins {
			continue
		}
		switch rest := s[i:]; c | 0x20 {
		case 'a':
			w.login = w.login || startsFold(rest, "auth") && !startsFold(rest, "author")
			w.success = w.success || startsFold(rest, "accepted") || startsFold(rest, "authenticated")
			w.failure = w.failure || startsFold(rest, "authfail") || startsFold(rest, "auth_fail")
		case 'b':
			w.failure = w.failure || startsFold(rest, "bad ") || startsFold(rest, "brute")
		case 'c':
			w.login = w.login || startsFold(rest, "credential")
		case 'd':
			w.failure = w.failure || startsFold(rest, "denied")
		case 'f':
			w.failure = w.failure || startsFold(rest, "fail")
		case 'g':
			w.success = w.success || startsFold(rest, "granted")
		case 'i':
			w.failure = w.failure || startsFold(rest, "invalid") || startsFold(rest, "incorrect") || startsFold(rest, "illegal")
		case 'l':
			w.login = w.login || startsFold(rest, "login") || startsFold(rest, "logon") || startsFold(rest, "logged in")
			w.success = w.success || startsFold(rest, "logged in")
			w.failure = w.failure || startsFold(rest, "locked")
		case 'n':
			w.failure = w.failure || startsFold(rest, "no such user") || startsFold(rest, "not found") || startsFold(rest, "not allowed") ||
				startsFold(rest, "not exist")
		case 'p':
			w.login = w.login || startsFold(rest, "password")
		case 'r':
			w.failure = w.failure || startsFold(rest, "reject") || startsFold(rest, "refused")
		case 's':
			w.login = w.login || startsFold(rest, "sign in") || startsFold(rest, "sign-in") || startsFold(rest, "signin")
			w.success = w.success || startsFold(rest, "success") || startsFold(rest, "succeed")
		case 'u':
			w.login = w.login || startsFold(rest, "user denied")
			w.failure = w.failure || startsFold(rest, "unauthor") || startsFold(rest, "unsuccess") || startsFold(rest, "unknown user") ||
				startsFold(rest, "unable to auth")
		case 't':
			w.login = w.login || startsFold(rest, "totp") || startsFold(rest, "two-factor") || startsFold(rest, "two factor")
		case 'w':
			w.failure = w.failure || startsFold(rest, "wrong")
		case 'e':
			w.failure = w.failure || startsFold(rest, "error") && len(s) > i+5 && s[i+5] != ']'
		case '4':
			w.failure = w.failure || startsFold(rest, "401 ") || startsFold(rest, "403 ")
		}
	}
}

// startsFold tells whether s begins with a text in lower case, in any case of ASCII letters.
func startsFold(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := s[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// clueAddress returns the address in s that is most likely that of the other side, its port where one follows, and
// where it stands: the first behind a word like "from" or "client" or in brackets, else the first that is not behind
// a word like "to".
func clueAddress(s string) (address, port string, at int) {
	first, firstEnd := -1, 0
	for from, tries := 0, 0; tries < 8; tries++ {
		start, end := nextAddress(s, from)
		if start < 0 {
			break
		}
		from = end
		switch addressRole(s, start) {
		case clueTheirs:
			_, port = portAfter(s, end)
			return s[start:end], port, start
		case clueUnsure:
			if first < 0 {
				first, firstEnd = start, end
			}
		}
	}
	if first < 0 {
		return "", "", -1
	}
	_, port = portAfter(s, firstEnd)
	return s[first:firstEnd], port, first
}

// portAfter reads ":4711", "]:4711" or " port 4711" after an address.
func portAfter(s string, end int) (found bool, port string) {
	rest := s[end:]
	if rest != "" && rest[0] == ']' {
		rest = rest[1:]
	}
	switch {
	case strings.HasPrefix(rest, ":"):
		rest = rest[1:]
	case strings.HasPrefix(rest, " port "):
		rest = rest[6:]
	default:
		return false, ""
	}
	n := 0
	for n < len(rest) && n < 6 && rest[n]-'0' <= 9 {
		n++
	}
	if n > 5 {
		n = 0
	}
	return n > 0, rest[:n]
}

// nextAddress returns where the next IP address of s from a place on stands; -1 where there is none.
func nextAddress(s string, from int) (start, end int) {
	start, end = next4(s, from)
	limit := len(s)
	if start >= 0 {
		limit = start
	}
	if a, b := next6(s, from, limit); a >= 0 {
		return a, b
	}
	return start, end
}

// next4 looks for four numbers with dots between.
func next4(s string, from int) (start, end int) {
	for at := from; ; {
		i := strings.IndexByte(s[at:], '.')
		if i <= 0 {
			if i < 0 {
				return -1, 0
			}
			at++
			continue
		}
		i += at
		start, end = i, i
		for start > from && s[start-1]-'0' <= 9 {
			start--
		}
		dots := 0
		for end < len(s) && (s[end]-'0' <= 9 || s[end] == '.' && end+1 < len(s) && s[end+1]-'0' <= 9) {
			if s[end] == '.' {
				dots++
			}
			end++
		}
		if dots == 3 && start < i && isAddress(s[start:end]) && !versionNumber(s, start, end) && s[start] != '0' && s[start:end] != "255.255.255.255" &&
			(start == 0 || apart(s[start-1]) || s[start-1] == ':') && (end == len(s) || apart(s[end]) || s[end] == '.') {
			if start >= 7 && startsFold(s[start-7:], "::ffff:") {
				start -= 7
			}
			return start, end
		}
		at = max(end, i+1)
	}
}

// versionNumber tells whether four numbers are the version of a program: Debian's has a revision or an epoch around it
// ("1:1.2.3.4+dfsg-1", "1.2.3.4~deb12u1"), and a name of a product stands before it ("Chrome/1.2.3.4").
func versionNumber(s string, start, end int) bool {
	if end < len(s) && (s[end] == '+' || s[end] == '~') {
		return true
	}
	if start < 2 {
		return false
	}
	switch before := s[start-2]; s[start-1] {
	case ':': // an epoch
		return before-'0' <= 9 && (start == 2 || s[start-3] == ' ' || s[start-3] == '(' || s[start-3] == '=')
	case '/':
		i := start - 1
		for i > 0 && (s[i-1]|0x20-'a' < 26 || s[i-1]-'0' <= 9 || s[i-1] == '.' || s[i-1] == '-' || s[i-1] == '_') {
			i--
		}
		return i < start-1 && s[i]-'A' < 26 && (end == len(s) || s[end] != ':')
	}
	return false
}

// apart tells whether a byte may stand beside an address.
func apart(c byte) bool {
	return c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' && c != '.' && c < 0x80
}

// next6 looks for groups of hexadecimal digits with colons between, eight of them or fewer with two colons in a row.
func next6(s string, from, limit int) (start, end int) {
	for at := from; at < limit; {
		i := strings.IndexByte(s[at:limit], ':')
		if i < 0 {
			return -1, 0
		}
		i += at
		start, end = i, i
		for start > from && isHex(s[start-1]) {
			start--
		}
		colons, pair := 0, false
		for end < len(s) && (isHex(s[end]) || s[end] == ':') {
			if s[end] == ':' {
				colons++
				pair = pair || s[end-min(end, 1)] == ':' && end > start
			}
			end++
		}
		at = max(end, i+1)
		if colons < 2 || !pair && colons < 7 {
			continue
		}
		for end > start && s[end-1] == ':' && (end < 2 || s[end-2] != ':') {
			end--
		}
		if end-start >= 3 && end-start <= 45 && isAddress(s[start:end]) &&
			(start == 0 || apart(s[start-1])) && (end == len(s) || apart(s[end]) || s[end] == '.') {
			if end < len(s) && s[end] == '.' && end+1 < len(s) && s[end+1]-'0' <= 9 {
				continue // IPv4 behind it, which next4 takes whole
			}
			return start, end
		}
	}
	return -1, 0
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f' }

const (
	clueUnsure = iota
	clueTheirs
	clueOurs
)

// addressRole guesses from the word before an address whose it is.
func addressRole(s string, start int) int {
	i := start
	for i > 0 && strings.IndexByte(" \"'=:([<@\\", s[i-1]) >= 0 {
		i--
	}
	if i < start && s[start-1] == '[' {
		return clueTheirs
	}
	end := i
	for i > 0 && (s[i-1]|0x20 >= 'a' && s[i-1]|0x20 <= 'z' || s[i-1] == '_' || s[i-1] == '-') {
		i--
	}
	word := s[i:end]
	n := len(word) - 1
	for n >= 0 && word[n] != '_' && word[n] != '-' {
		n--
	}
	if n >= 0 && n+1 < len(word) {
		if clueRole(word[:n]) == clueOurs {
			return clueOurs
		}
		word = word[n+1:]
	}
	if role := clueRole(word); role != clueUnsure || i == 0 {
		return role
	}
	return clueUnsure
}

func clueRole(word string) int {
	switch len(word) {
	case 2:
		switch {
		case strings.EqualFold(word, "ip"), strings.EqualFold(word, "by"):
			return clueTheirs
		case strings.EqualFold(word, "to"), strings.EqualFold(word, "on"), strings.EqualFold(word, "at"):
			return clueOurs
		}
	case 3, 4, 5, 6:
		for _, w := range [...]string{"from", "addr", "src", "peer", "host", "rip", "rhost", "client", "remote", "source", "saddr"} {
			if len(word) == len(w) && strings.EqualFold(word, w) {
				return clueTheirs
			}
		}
		for _, w := range [...]string{"dst", "dest", "lip", "local", "server", "bind", "listen", "daddr", "into", "via", "mask"} {
			if len(word) == len(w) && strings.EqualFold(word, w) {
				return clueOurs
			}
		}
	default:
		if startsFold(word, "version") || startsFold(word, "release") || startsFold(word, "listening") || startsFold(word, "destination") {
			return clueOurs
		}
		if startsFold(word, "address") || startsFold(word, "ipaddr") || startsFold(word, "clientip") || startsFold(word, "connection") {
			return clueTheirs
		}
	}
	return clueUnsure
}

// clueAccount returns the account that a message about a login names: what follows "user", "username", "account" or
// "for", in quotes or not.
func clueAccount(s string, address int) string {
	forAt, saidAt, byAt := 0, 0, 0 // where a name may follow, in the order of how sure that is
	for i := range len(s) {
		if s[i] == ' ' {
			switch {
			case i < 4:
			case s[i-1] == 'r' && forAt == 0 && s[i-4:i] == " for":
				forAt = i
			case s[i-1] == ':' && saidAt == 0 && i > 5 && (s[i-5:i-1] == "iled" || s[i-5:i-1] == "nied"):
				saidAt = i
			case s[i-1] == 'y' && byAt == 0 && s[i-3:i] == " by":
				byAt = i
			}
			continue
		}
		c := s[i] | 0x20
		if c != 'u' && c != 'a' && c != 'e' || i > 0 && s[i-1]|0x20 >= 'a' && s[i-1]|0x20 <= 'z' && (s[i] >= 'a' || s[i-1] < 'a') {
			continue
		}
		if n := accountWord(s[i:], c); n > 0 {
			if rest := s[i+n:]; strings.HasPrefix(rest, "'s ") || s[i+n-1]|0x20 == 'd' && strings.Contains(rest, "sername=") {
				continue // "user's password", and a number where the name follows
			}
			if user := accountAfter(s[i+n:]); user != "" {
				return user
			}
		}
	}
	for _, at := range [...]int{forAt, saidAt, byAt} {
		if at > 0 && (address < 0 || at < address) {
			if user := accountAfter(s[at:]); user != "" && !isAddress(user) {
				if _, login, ok := strings.Cut(s[at:], " login:"); ok && strings.HasPrefix(user, "db:") { // Odoo
					return accountAfter(":" + login)
				}
				return user
			}
		}
	}
	return ""
}

// accountWord returns the size of a word for an account that s, which begins with c in either case, begins with; 0 if
// it is none.
func accountWord(s string, c byte) int {
	switch c {
	case 'u':
		if startsFold(s, "user") {
			if strings.HasPrefix(s[4:], "s:") {
				return 5
			}
			for _, w := range [...]string{"name", " name", "_name", " id", "id"} {
				if startsFold(s[4:], w) {
					return 4 + len(w)
				}
			}
			return 4
		}
		if startsFold(s, "uname") {
			return 5
		}
	case 'a':
		if startsFold(s, "account") {
			return 7
		}
		if startsFold(s, "acct") {
			return 4
		}
	case 'e':
		if startsFold(s, "email") {
			return 5
		}
	}
	return 0
}

// accountAfter reads a name after a separator, up to the quote or bracket that closes it where one opens it. Words that
// go on with the sentence are no names.
func accountAfter(s string) string {
	i := 0
	for i < len(s) && i < 5 && strings.IndexByte(" :='\"[(<`\\", s[i]) >= 0 {
		i++
	}
	if i == 0 || i == len(s) {
		return ""
	}
	closing := byte(0)
	switch s[i-1] {
	case '\'', '"':
		closing = s[i-1]
	case '`':
		closing = '\''
	case '[':
		closing = ']'
	case '<':
		closing = '>'
	}
	s = s[i:]
	end := 0
	for end < len(s) && end < 128 && s[end] != '"' && s[end] != '\t' {
		if c := s[end]; closing != 0 && (c == closing || c == '`') || closing == 0 && strings.IndexByte(" '`,;)]>|", c) >= 0 {
			break
		}
		end++
	}
	name := strings.TrimRight(s[:end], ":.\\ ")
	if stopWord(name) {
		return ""
	}
	return name
}

// stopWord tells whether a word after "user" or "for" goes on with the sentence.
func stopWord(w string) bool {
	switch len(w) {
	case 0, 1:
		return w == "" || strings.IndexByte("-?*\"{", w[0]) >= 0
	}
	if w[len(w)-1] == '=' {
		return true
	}
	for _, stop := range [...]string{
		"not", "is", "unknown", "does", "from", "failed", "name", "or", "and", "agent", "with", "has", "was", "logged", "authentication",
		"authenticated", "account", "login", "password", "in", "on", "at", "to", "the", "this", "an", "by", "of", "credentials", "id",
		"null", "none", "nil", "tried", "attempt", "attempted", "could", "can", "cannot", "--", "invalid", "ip", "user", "session",
		"disabled", "denied", "locked", "using", "via", "no", "service", "host", "client", "request", "found", "more", "details", "exists",
	} {
		if len(w) == len(stop) && strings.EqualFold(w, stop) {
			return true
		}
	}
	return false
}
