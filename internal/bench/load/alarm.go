package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/console"
)

// Alarms are how long it takes from the writing of a line to what a person learns of it.
type Alarms struct {
	Count  int
	State  []time.Duration // until tocsin alerts tells the incident, sorted
	Mail   []time.Duration // until the mail server has the whole mail, sorted
	Server string          // what the mail server is
}

// Share returns the time within which a share, 0 to 1, of sorted times lies.
func Share(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[min(int(share*float64(len(list))), len(list)-1)]
}

// alarmRules are so many rules, each of a word of its own.
const alarmRules = 10

// Alarm writes lines one after the other into a file that tocsin serve follows, each about another host, and measures when
// the alert of each is known, and when a mail about it has arrived.
func Alarm(ctx context.Context, tocsin, dir string, count int) (a Alarms, err error) {
	mails, err := newMailbox()
	if err != nil {
		return a, err
	}
	defer func() { _ = mails.listener.Close() }()
	a.Server = "a server in memory"
	path, socket, config := filepath.Join(dir, "app.log"), filepath.Join(dir, "data", "tocsin.sock"), filepath.Join(dir, "tocsin.yml")
	if err := writeAlarmSite(dir, path, config, mails.listener.Addr().String()); err != nil {
		return a, err
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return a, err
	}
	defer log.Close()
	p, err := start(ctx, filepath.Join(dir, "log"), tocsin, "serve", "-q", "--config", config)
	if err != nil {
		return a, err
	}
	defer func() {
		if stopped := p.Stop(); err == nil {
			err = stopped
		}
	}()
	var client *console.Client
	err = p.until(ctx, 30*time.Second, "it to answer", func() bool {
		client, err = console.Dial(ctx, socket)
		return err == nil
	})
	for n := 0; err == nil && n <= count; n++ {
		err = a.one(ctx, p, client, mails, log, n)
	}
	slices.Sort(a.State)
	slices.Sort(a.Mail)
	return a, err
}

// one measures one line; the first is not counted, for it comes before all is warm.
func (a *Alarms) one(ctx context.Context, p *Process, client *console.Client, mails *mailbox, log *os.File, n int) error {
	host := fmt.Sprintf("host%d", n)
	begun := time.Now()
	if _, err := fmt.Fprintf(log, "%s %s app[1]: teapot%d\n", begun.UTC().Format(time.RFC3339Nano), host, n%alarmRules); err != nil {
		return err
	}
	var known, mailed time.Duration
	for known == 0 || mailed == 0 {
		if known == 0 {
			err := client.Lines(ctx, "incidents", url.Values{"entity": {host}}, func([]byte) error { known = time.Since(begun); return nil })
			if err != nil {
				return err
			}
		}
		if at := mails.about(host); mailed == 0 && !at.IsZero() {
			mailed = at.Sub(begun)
		}
		if err := p.alive(); err != nil {
			return err
		}
		if time.Since(begun) > time.Minute {
			return fmt.Errorf("a minute after its line nobody was told of %s", host)
		}
		time.Sleep(2 * time.Millisecond)
	}
	if n > 0 {
		a.Count++
		a.State, a.Mail = append(a.State, known), append(a.Mail, mailed)
	}
	return nil
}

// writeAlarmSite writes the configuration and the rules.
func writeAlarmSite(dir, path, config, server string) error {
	folder := filepath.Join(dir, "rules")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for n := range alarmRules {
		text := fmt.Sprintf("title: Teapot number %d was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7%02d\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - teapot%d\n  condition: keywords\nlevel: high\n", n, n, n)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("teapot%d.yml", n)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("data: %q\nrules: [builtin, %q]\ninputs:\n  files: {paths: [%q], from: begin}\nnotify:\n  ways:\n    ops: {max: 1000, mail: {server: 'smtp://%s', from: tocsin@example.com, to: [ops@example.com]}}\n  routes:\n    - {to: [ops]}\n",
		filepath.Join(dir, "data"), folder, path, server)
	return os.WriteFile(config, []byte(text), 0o644)
}

// mailbox is a mail server (RFC 5321) that keeps nothing but when a mail came.
type mailbox struct {
	listener net.Listener
	mu       sync.Mutex
	came     map[string]time.Time // by the host that stands in it
}

func newMailbox() (*mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &mailbox{listener: l, came: make(map[string]time.Time)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(c)
		}
	}()
	return b, nil
}

func (b *mailbox) about(host string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.came[host]
}

// serve speaks with one client.
func (b *mailbox) serve(c net.Conn) {
	defer c.Close()
	lines := bufio.NewScanner(c)
	say := func(text string) { _, _ = c.Write([]byte(text + "\r\n")) }
	say("220 mailbox")
	body, inside := "", false
	for lines.Scan() {
		line := lines.Text()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case inside && line == ".":
			inside = false
			b.take(body)
			body = ""
			say("250 taken")
		case inside:
			body += line + "\n"
		case verb == "DATA":
			inside = true
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 mailbox")
		}
	}
}

func (b *mailbox) take(body string) {
	at := time.Now()
	_, rest, _ := strings.Cut(body, "On host")
	number, _, _ := strings.Cut(rest, ":")
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.came["host"+number]; !there {
		b.came["host"+number] = at
	}
}
