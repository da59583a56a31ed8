package main

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// bastion makes the log of an SSH bastion. Who takes part acts again and again; who is next acts next.
type bastion struct {
	rand   *rand.Rand
	clock  time.Time
	actors actors
	lines  []string // of the clock's time, to be written before anybody acts
	pid    int
	sess   int
}

// actor is somebody who connects.
type actor struct {
	next  time.Time // when
	act   func(b *bastion, a *actor)
	pace  time.Duration // mean between two connections
	ip    string
	user  string // of people and machines, and of whom a guesser will find
	key   string
	left  int // guesses until the password is found; 0 is never
	order int // among equal times
}

// actors is a heap by the time of the next action.
type actors []*actor

func (h actors) Len() int { return len(h) }
func (h actors) Less(i, j int) bool {
	return h[i].next.Before(h[j].next) || h[i].next.Equal(h[j].next) && h[i].order < h[j].order
}
func (h actors) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *actors) Push(x any)   { *h = append(*h, x.(*actor)) }
func (h *actors) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// Names that guessers try, the commonest first.
var guessed = []string{
	"root", "admin", "ubuntu", "test", "user", "oracle", "postgres", "git", "deploy", "pi", "ftp", "mysql", "hadoop", "nagios", "jenkins",
	"support", "guest", "minecraft", "www-data", "backup", "es", "steam", "tomcat", "vagrant", "ansible", "zabbix", "dev", "web", "odoo", "server",
}

// existing are those of them that have an account.
var existing = map[string]bool{"root": true, "git": true, "deploy": true, "postgres": true, "www-data": true, "backup": true}

var staff = []string{"anna", "ben", "clara", "david", "elif", "farid", "greta", "hugo", "ines", "jonas", "katja", "luca"}

// newBastion makes the log's cast for so many lines within a span.
func newBastion(seed uint64, lines int64, begin time.Time, span time.Duration) *bastion {
	b := &bastion{rand: rand.New(rand.NewPCG(seed, 0x7463736e)), clock: begin.UTC(), pid: 1000}
	guessers := int(min(max(lines/250, 20), 6000))
	perGuess := 4.95 // lines
	total := float64(lines) * 0.94 / perGuess
	weights := make([]float64, guessers)
	sum := 0.0
	for i := range weights { // a few do most of the work
		weights[i] = 1 / float64(i+8)
		sum += weights[i]
	}
	for i, w := range weights {
		count := max(total*w/sum, 1)
		a := &actor{act: guess, ip: fmt.Sprintf("198.%d.%d.%d", 18+i%2, i/2%250, 1+b.rand.IntN(250)), pace: time.Duration(float64(span) / count)}
		if i%701 == 350 { // these get in
			a.left, a.user = int(min(count/2+5, 400)), []string{"deploy", "backup", "git"}[i%3]
		}
		b.add(a)
	}
	rest := float64(lines) * 0.06 / 5
	for i, name := range staff {
		b.add(&actor{act: work, user: name, ip: fmt.Sprintf("192.0.2.%d", 10+i), key: b.fingerprint(), pace: time.Duration(float64(span) / max(rest/2/float64(len(staff)), 1))})
	}
	for i, name := range []string{"deploy", "backup", "monitor"} {
		b.add(&actor{act: work, user: name, ip: fmt.Sprintf("203.0.113.%d", 200+i), key: b.fingerprint(), pace: time.Duration(float64(span) / max(rest/2/3, 1))})
	}
	return b
}

func (b *bastion) add(a *actor) {
	a.order = len(b.actors)
	a.next = b.clock.Add(time.Duration(b.rand.Float64() * float64(min(a.pace, 20*time.Hour))))
	heap.Push(&b.actors, a)
}

func (b *bastion) fingerprint() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	key := make([]byte, 43)
	for i := range key {
		key[i] = letters[b.rand.IntN(len(letters))]
	}
	return string(key)
}

// line appends the next line.
func (b *bastion) line(dst []byte) []byte {
	for len(b.lines) == 0 {
		a := heap.Pop(&b.actors).(*actor)
		if a.next.After(b.clock) {
			b.clock = a.next
		}
		a.act(b, a)
		a.next = b.clock.Add(time.Duration((0.2 + b.rand.ExpFloat64()) * float64(a.pace) / 1.2))
		heap.Push(&b.actors, a)
	}
	dst = b.clock.AppendFormat(dst, time.Stamp)
	dst = append(dst, " bastion1 "...)
	dst = append(dst, b.lines[0]...)
	b.lines = b.lines[1:]
	return append(dst, '\n')
}

// say adds a line of sshd's.
func (b *bastion) say(format string, args ...any) {
	b.lines = append(b.lines, fmt.Sprintf("sshd[%d]: ", b.pid)+fmt.Sprintf(format, args...))
}

// connect begins a connection: a process and a port of the other side.
func (b *bastion) connect() (port int) {
	b.pid += 1 + b.rand.IntN(5)
	if b.pid > 4_000_000 {
		b.pid = 1000
	}
	return 32768 + b.rand.IntN(28000)
}

// guess is one connection of somebody who guesses passwords.
func guess(b *bastion, a *actor) {
	port := b.connect()
	if a.left == 1 {
		a.left = 0
		b.say("Accepted password for %s from %s port %d ssh2", a.user, a.ip, port)
		b.session(a.user, a.ip, port)
		return
	}
	name := guessed[min(int(b.rand.ExpFloat64()*6), len(guessed)-1)]
	if a.left > 1 {
		a.left--
		name = a.user
	}
	switch roll := b.rand.IntN(100); {
	case roll < 3:
		b.say("Unable to negotiate with %s port %d: no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]", a.ip, port)
		return
	case roll < 5:
		b.say("banner exchange: Connection from %s port %d: invalid format", a.ip, port)
		return
	}
	invalid := ""
	if !existing[name] {
		invalid = "invalid user "
		b.say("Invalid user %s from %s port %d", name, a.ip, port)
		b.say("pam_unix(sshd:auth): check pass; user unknown")
		b.say("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s ", a.ip)
	} else {
		b.say("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s  user=%s", a.ip, name)
	}
	b.say("Failed password for %s%s from %s port %d ssh2", invalid, name, a.ip, port)
	for b.rand.IntN(10) == 0 {
		b.say("Failed password for %s%s from %s port %d ssh2", invalid, name, a.ip, port)
	}
	who := "authenticating user"
	if invalid != "" {
		who = "invalid user"
	}
	if b.rand.IntN(3) == 0 {
		b.say("Connection closed by %s %s %s port %d [preauth]", who, name, a.ip, port)
		return
	}
	b.say("Received disconnect from %s port %d:11: Bye Bye [preauth]", a.ip, port)
	b.say("Disconnected from %s %s %s port %d [preauth]", who, name, a.ip, port)
}

// work is one connection of somebody who belongs there.
func work(b *bastion, a *actor) {
	port := b.connect()
	b.say("Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%s", a.user, a.ip, port, a.key)
	b.session(a.user, a.ip, port)
}

// session opens and closes a session.
func (b *bastion) session(user, ip string, port int) {
	b.sess++
	b.say("pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)", user, 1000+len(user))
	b.lines = append(b.lines, fmt.Sprintf("systemd-logind[612]: New session %d of user %s.", b.sess, user))
	b.say("Disconnected from user %s %s port %d", user, ip, port)
	b.say("pam_unix(sshd:session): session closed for user %s", user)
}
