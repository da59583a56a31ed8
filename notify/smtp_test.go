package notify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// open makes a sender of a configuration.
func open(t testing.TB, c opener) Sender {
	t.Helper()
	s, err := c.open(Env{Host: "h.example.com", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// alarm is a message as the planner makes it.
func alarm(at time.Time) Message {
	c := composer{link: "https://tocsin.example.com/incidents/{key}", zone: time.UTC}
	i := incident()
	i.Key, i.Title, i.Sentence = "4f2a", "a password of root was guessed", "203.0.113.9 guessed the password of root on web1 after 4,120 wrong ones"
	i.Level, i.Score, i.Sure, i.Count = Critical, 93, "certain", 4121
	i.Entities = []Entity{{"user", "root"}, {"host", "web1"}, {"address", "203.0.113.9"}}
	i.Next = []string{"Lock the account: tocsin respond lock root", "See what was done since: tocsin who root"}
	m := c.message(at, Firing, "it is new", i)
	m.ID, m.First = hash("id", at.String()), true
	return m
}

// bodies takes a mail's parts apart, by type.
func bodies(t *testing.T, head mail.Header, body string) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s: %v", head.Get("Content-Type"), err)
	}
	found := make(map[string]string)
	for r := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		found[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

// The real Postfix takes mails in every way that it offers, and refuses as it does.
func TestPostfix(t *testing.T) {
	server := parts.Postfix(t)
	t.Setenv("MAIL_PASSWORD", server.Pass)
	t.Setenv("WRONG_PASSWORD", "wrong")
	to := []string{"Ops <ops@example.com>"}
	count := 0
	for _, c := range []struct {
		name   string
		config MailConfig
		class  string // of the refusal; "" is: taken
		words  string
	}{
		{"plain, on the loopback", MailConfig{Server: "smtp://" + server.Plain}, "", ""},
		{"starttls", MailConfig{Server: "smtp://" + server.Plain, CA: server.CA}, "", ""},
		{"tls", MailConfig{Server: "smtps://" + server.TLS, CA: server.CA}, "", ""},
		{"tls of an unknown authority", MailConfig{Server: "smtps://" + server.TLS}, Broken, "certificate"},
		{"tls where it is not", MailConfig{Server: "smtps://" + server.Plain, CA: server.CA}, Broken, "TLS"},
		{"login, strongest", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:MAIL_PASSWORD"}, "", ""},
		{"login by plain", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:MAIL_PASSWORD", Login: "plain"}, "", ""},
		{"login by login", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:MAIL_PASSWORD", Login: "login"}, "", ""},
		{"login by cram-md5", MailConfig{Server: "smtp://" + server.Closed, User: server.User, Password: "env:MAIL_PASSWORD", Login: "cram-md5"}, "", ""},
		{"login by scram-sha-1", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:MAIL_PASSWORD", Login: "scram-sha-1"}, "", ""},
		{"login by scram-sha-256", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:MAIL_PASSWORD", Login: "scram-sha-256"}, "", ""},
		{"no login", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA}, Broken, "554"},
		{"a wrong password", MailConfig{Server: "smtp://" + server.Closed, CA: server.CA, User: server.User, Password: "env:WRONG_PASSWORD"}, Broken, "535"},
		{"nobody of that name", MailConfig{Server: "smtp://" + server.Plain, To: []string{"nobody@example.com"}}, Broken, "550"},
		{"somebody elsewhere", MailConfig{Server: "smtp://" + server.Plain, To: []string{"a@elsewhere.example"}}, Broken, "554"},
		{"later", MailConfig{Server: "smtp://" + server.Plain, To: []string{"later@example.com"}}, Later, "451"},
		{"one of two is unknown", MailConfig{Server: "smtp://" + server.Plain, To: []string{"nobody@example.com", "ops@example.com"}}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.config.To == nil {
				c.config.To = to
			}
			c.config.From = "tocsin <tocsin@example.com>"
			m := alarm(time.Now().Add(time.Duration(count) * time.Second))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := open(t, &c.config).Send(ctx, &m)
			if c.class != "" {
				var r *Refusal
				if !errors.As(err, &r) || r.Class != c.class || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), server.Pass) || r.Unsure {
					t.Fatalf("%+v (%v)", r, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			count++
			head, _ := server.Mail(t, count)
			if head.Get("Message-Id") != "<tocsin."+m.ID+"@example.com>" {
				t.Errorf("%v", head)
			}
			if tls := strings.Contains(strings.Join(head["Received"], " "), "SMTPS"); tls != (c.config.CA != "") {
				t.Errorf("TLS: %v", head["Received"])
			}
		})
	}
	t.Run("one of two comes later", func(t *testing.T) {
		s := open(t, &MailConfig{Server: "smtp://" + server.Plain, From: "tocsin@example.com", To: []string{"ops@example.com", "later@example.com"}})
		m := alarm(time.Now().Add(time.Hour))
		var r *Refusal
		if _, err := s.Send(t.Context(), &m); !errors.As(err, &r) || r.Class != Later || len(r.Left) != 1 || r.Left[0] != "later@example.com" {
			t.Fatalf("%+v", r)
		}
		count++
		server.Mail(t, count)
		m.Left = r.Left
		if _, err := s.Send(t.Context(), &m); !errors.As(err, &r) || len(server.Mails(t)) != count {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("what stands in it", func(t *testing.T) { testMailContent(t, server, &count) })
	t.Run("hostile", func(t *testing.T) { testMailHostile(t, server, &count) })
	t.Run("within a second", func(t *testing.T) { testMailSpeed(t, server) })
}

func testMailContent(t *testing.T, server *parts.Mailer, count *int) {
	s := open(t, &MailConfig{Server: "smtp://" + server.Plain, From: "tocsin <tocsin@example.com>", To: []string{"ops@example.com"}})
	m := alarm(time.Now().Add(2 * time.Hour))
	if _, err := s.Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	*count++
	head, body := server.Mail(t, *count)
	for key, want := range map[string]string{
		"Subject": "[tocsin] critical: a password of root was guessed", "Auto-Submitted": "auto-generated", "To": "<ops@example.com>",
		"From": `"tocsin" <tocsin@example.com>`, "X-Tocsin-Severity": "critical", "X-Tocsin-Incident": "4f2a", "In-Reply-To": "", "Importance": "high",
	} {
		if got := head.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	thread := head.Get("References")
	found := bodies(t, head, body)
	lines := strings.Split(found["text/plain"], "\n")
	if lines[0] != "203.0.113.9 guessed the password of root on web1 after 4,120 wrong ones" ||
		!strings.HasPrefix(lines[1], "user root, host web1, address 203.0.113.9 · tenant main · certain · score 93 of 100 · 4,121 events · 2026-07-15 11:59:00 to 12:00:00 UTC") {
		t.Errorf("text:\n%s", found["text/plain"])
	}
	for _, want := range []string{"https://tocsin.example.com/incidents/4f2a", "tocsin show 4f2a", "Lock the account"} {
		if !strings.Contains(found["text/plain"], want) || !strings.Contains(found["text/html"], want) {
			t.Errorf("%q is missing in\n%s\n%s", want, found["text/plain"], found["text/html"])
		}
	}
	m = alarm(time.Now().Add(3 * time.Hour))
	m.Kind, m.First = Resolved, false
	if _, err := s.Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	*count++
	head, _ = server.Mail(t, *count)
	if thread == "" || head.Get("References") != thread || head.Get("In-Reply-To") != thread || head.Get("Subject") != "[tocsin] Closed: critical: a password of root was guessed" {
		t.Errorf("the second mail of the thread %s: %v", thread, head)
	}
}

// evil is what an attacker may write into a log.
const evil = "x\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script><b>@everyone</b> <!channel> <@U1> *bold* `code` [a](https://evil.example) {{DATE(2020-01-01)}} =1 |x| \\ \x00\x1b[31m\u202egpj.exe {noformat} \"q\" 'q'"

func evilAlarm(at time.Time) Message {
	c := composer{zone: time.UTC}
	i := incident()
	i.Key, i.Title, i.Sentence, i.Sure, i.Owner, i.Note, i.Tenant = evil, evil, evil, evil, evil, evil, evil
	i.Entities = []Entity{{evil, evil}, {"host", evil}, {"address", evil}, {"user", evil}}
	i.Tactics, i.Next, i.Rules, i.Tags = []string{evil}, []string{evil, evil}, []string{evil}, []string{evil}
	m := c.message(at, Worse, evil, i)
	m.ID = hash(at.String())
	m.Items = []Item{c.item(at, i)}
	m.Sections = []Section{section("s", "n", []string{evil})}
	return m
}

func testMailHostile(t *testing.T, server *parts.Mailer, count *int) {
	s := open(t, &MailConfig{Server: "smtp://" + server.Plain, From: "tocsin@example.com", To: []string{"ops@example.com"}})
	m := evilAlarm(time.Now().Add(4 * time.Hour))
	if _, err := s.Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	*count++
	head, body := server.Mail(t, *count)
	if head.Get("Bcc") != "" || len(head["To"]) != 1 || len(head["Subject"]) != 1 {
		t.Errorf("a text became a header: %v", head)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
	if err != nil || !strings.Contains(subject, "x Bcc: victim@example.org <script>") {
		t.Errorf("%q, %v", subject, err)
	}
	found := bodies(t, head, body)
	if html := found["text/html"]; strings.Contains(html, "<script") || strings.Contains(html, "<b>") || !strings.Contains(html, "&lt;script&gt;") {
		t.Errorf("%s", html)
	}
	if strings.ContainsAny(found["text/plain"], "\x00\x1b\u202e") {
		t.Errorf("%q", found["text/plain"])
	}
}

// From the moment at which an incident is known to the mail in the mailbox.
func testMailSpeed(t *testing.T, server *parts.Mailer) {
	c := Config{
		Ways:   map[string]WayConfig{"mail": {Max: 1000, Mail: &MailConfig{Server: "smtp://" + server.Plain, From: "tocsin@example.com", To: []string{"ops@example.com"}}}},
		Routes: []RouteConfig{{To: []string{"mail"}}},
	}
	d := directoryOf(t, c)
	desk, outbox := &desk{}, newMemoryOutbox()
	n := New(Options{Directory: d, Outbox: outbox, Incidents: desk, Log: discard()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	before := len(server.Mails(t))
	var times []time.Duration
	for i := range 20 {
		begun := time.Now()
		desk.put(newIncident(fmt.Sprint("fast", i), High))
		n.Wake()
		parts.Wait(t, 20*time.Second, "a mail", func() bool { return len(server.Mails(t)) > before+i })
		times = append(times, time.Since(begun))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	t.Logf("from incident to mailbox: %v", times)
}

// A server that hangs, or says no, at any point of the conversation: the end is told in time, and what is not known is said
// to be not known.
func TestHostileServer(t *testing.T) {
	for _, c := range []struct {
		name   string
		serve  func(c net.Conn, in *bufio.Reader)
		class  string
		unsure bool
	}{
		{"hangs at once", func(_ net.Conn, in *bufio.Reader) { _, _ = io.Copy(io.Discard, in) }, Later, false},
		{"closes at once", func(net.Conn, *bufio.Reader) {}, Later, false},
		{"421", say("421 too busy"), Later, false},
		{"no SMTP", say("SSH-2.0-OpenSSH_9.2"), Later, false},
		{"endless greeting", func(c net.Conn, _ *bufio.Reader) {
			for range 1 << 20 {
				if _, err := io.WriteString(c, "220-x\r\n"); err != nil {
					return
				}
			}
		}, Later, false},
		{"4xx to the sender", say("220 x", "250 x", "451 later"), Later, false},
		{"4xx to the recipient", say("220 x", "250 x", "250 x", "450 greylisted"), Later, false},
		{"5xx to the recipient", say("220 x", "250 x", "250 x", "550 nobody"), Broken, false},
		{"4xx at the end", say("220 x", "250 x", "250 x", "250 x", "354 go on", "*", "451 disk full"), Later, false},
		{"5xx at the end", say("220 x", "250 x", "250 x", "250 x", "354 go on", "*", "554 spam"), Never, false},
		{"hangs at the end", say("220 x", "250 x", "250 x", "250 x", "354 go on", "*", "hang"), Later, true},
		{"closes at the end", say("220 x", "250 x", "250 x", "250 x", "354 go on", "*"), Later, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					c.serve(conn, bufio.NewReader(conn))
					_ = conn.Close()
				}
			}()
			s := open(t, &MailConfig{Server: "smtp://" + l.Addr().String(), From: "a@example.com", To: []string{"b@example.com"}})
			m := alarm(noon)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begun := time.Now()
			_, err = s.Send(ctx, &m)
			r := refusalOf(err)
			if err == nil || r.Class != c.class || r.Unsure != c.unsure {
				t.Errorf("%v: %+v", err, r)
			}
			if d := time.Since(begun); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// say answers each line with the next answer; "*" reads on to the end of a mail.
func say(answers ...string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, in *bufio.Reader) {
		for i, a := range answers {
			switch a {
			case "hang":
				_, _ = io.Copy(io.Discard, in) // until the client goes
				return
			case "*":
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					if line == ".\r\n" {
						break
					}
				}
				continue
			}
			if i > 0 && answers[i-1] != "*" {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := io.WriteString(c, a+"\r\n"); err != nil {
				return
			}
		}
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, in)
	}
}
