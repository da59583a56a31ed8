package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/parse"
)

// conformingSyslog is what the suite for all inputs runs on.
func conformingSyslog(scheme string) conformer {
	return conformer{
		name: "syslog " + scheme, waits: scheme != "udp", heap: 12 << 20,
		open: func(t *testing.T) *road {
			cfg := SyslogConfig{Listen: fmt.Sprintf("%s://127.0.0.1:%d", scheme, parts.Port(t)), MaxPending: 4 << 20}
			var keys testKeys
			if scheme == "tls" {
				keys = makeKeys(t)
				cfg.Cert, cfg.Key, cfg.ClientCA = keys.file("server.pem"), keys.file("server.key"), keys.file("ca.pem")
			}
			return &road{
				make: func(t *testing.T) Input { return mustSyslog(t, cfg) },
				feed: func(ctx context.Context, records []string) error {
					if scheme == "udp" {
						return sendDatagrams(ctx, cfg.Listen, records)
					}
					c, err := dial(ctx, cfg.Listen, keys)
					if err != nil {
						return err
					}
					defer c.Close()
					stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
					defer stop()
					for part := range slices.Chunk(records, 50) {
						if _, err := io.WriteString(c, "<13>"+strings.Join(part, "\n<13>")+"\n"); err != nil && ctx.Err() == nil {
							return err
						}
					}
					return nil
				},
			}
		},
		bad: map[string]func() (Input, error){
			"place":    func() (Input, error) { return NewSyslog(SyslogConfig{Listen: "127.0.0.1:514"}, Env{}) },
			"exposure": func() (Input, error) { return NewSyslog(SyslogConfig{Listen: scheme + "://0.0.0.0:514"}, Env{}) },
		},
	}
}

func mustSyslog(t *testing.T, cfg SyslogConfig) Input {
	t.Helper()
	in, err := NewSyslog(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// dial connects, again and again until somebody listens or ctx is done.
func dial(ctx context.Context, listen string, keys testKeys) (net.Conn, error) {
	scheme, addr, _ := strings.Cut(listen, "://")
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil && scheme == "tls" {
			c, err = keys.client(c)
		}
		if err == nil || ctx.Err() != nil {
			return c, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// sendDatagrams sends a datagram for each record once somebody listens.
func sendDatagrams(ctx context.Context, listen string, records []string) error {
	_, addr, _ := strings.Cut(listen, "://")
	c, err := net.Dial("udp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for heard := 0; heard < 5 && ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
		if _, err := c.Write([]byte("\n")); err != nil {
			heard = 0 // the answer to the one before: nobody listens
		}
		heard++
	}
	for _, r := range records {
		if _, err := io.WriteString(c, "<13>"+r); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
	}
	return nil
}

// listening starts an input and waits until it answers.
func listening(t *testing.T, cfg SyslogConfig, keys testKeys) (*intake, *running) {
	t.Helper()
	to := newIntake(t)
	run := start(t, mustSyslog(t, cfg), to)
	if strings.HasPrefix(cfg.Listen, "udp") {
		if err := sendDatagrams(t.Context(), cfg.Listen, nil); err != nil {
			t.Fatal(err)
		}
		return to, run
	}
	c, err := dial(t.Context(), strings.Replace(cfg.Listen, "tls:", "tcp:", 1), keys)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return to, run
}

// lines waits for n lines and returns them with the blocks that they were in.
func (i *intake) lines(t *testing.T, n int) ([]string, []event.Block) {
	t.Helper()
	var all []string
	var blocks []event.Block
	i.until(t, fmt.Sprintf("%d lines", n), func() bool {
		all, blocks = nil, nil
		for _, d := range i.taken {
			blocks = append(blocks, d.Block)
			all = append(all, strings.Split(strings.TrimSuffix(d.Block.Data, "\n"), "\n")...)
		}
		return len(all) >= n
	})
	return all, blocks
}

func TestSyslogDatagrams(t *testing.T) {
	cfg := SyslogConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t))}
	to, run := listening(t, cfg, testKeys{})
	defer run.stop(t)
	if err := sendDatagrams(t.Context(), cfg.Listen, []string{
		"a", "first\n\tsecond\r\nthird\n", strings.Repeat("long", 10000), "1 2024-03-03T09:12:45Z gate app - - [x y=\"1\n2\"] b\x00",
	}); err != nil {
		t.Fatal(err)
	}
	got, blocks := to.lines(t, 4)
	want := []string{"<13>a", "<13>first#012\tsecond#012third", "<13>" + strings.Repeat("long", 10000), "<13>1 2024-03-03T09:12:45Z gate app - - [x y=\"1#0122\"] b"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	o := blocks[0].Origin
	if o.Path != "syslog:"+cfg.Listen+"/127.0.0.1" || o.Sender != "127.0.0.1" || o.Format != "syslog" || time.Since(o.Reference) > time.Minute {
		t.Errorf("origin %+v", o)
	}
}

// Each sender has blocks of its own, with its own numbers.
func TestSyslogSenders(t *testing.T) {
	for _, scheme := range []string{"udp", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			cfg := SyslogConfig{Listen: fmt.Sprintf("%s://127.0.0.1:%d", scheme, parts.Port(t))}
			to, run := listening(t, cfg, testKeys{})
			defer run.stop(t)
			const senders, each = 100, 20
			for range each {
				for n := range senders {
					from := net.IPv4(127, 0, 1, byte(n))
					d := net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}
					if scheme == "tcp" {
						d.LocalAddr = &net.TCPAddr{IP: from}
					}
					c, err := d.Dial(scheme, cfg.Listen[6:])
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(c, "<13>from %s\n", from)
					c.Close()
				}
			}
			_, blocks := to.lines(t, senders*each)
			type place struct{ offset, line int64 }
			next := map[string]place{}
			for _, b := range blocks {
				p, ok := next[b.Origin.Sender]
				if !ok {
					p = place{0, 1}
				}
				if b.Offset != p.offset || b.First != p.line || strings.Count(b.Data, "<13>from "+b.Origin.Sender+"\n") != strings.Count(b.Data, "\n") {
					t.Fatalf("of %s: %+v after %+v", b.Origin.Sender, b, p)
				}
				next[b.Origin.Sender] = place{p.offset + int64(len(b.Data)), p.line + int64(strings.Count(b.Data, "\n"))}
			}
			if len(next) != senders {
				t.Errorf("%d senders", len(next))
			}
		})
	}
}

// What one line of any format is, it is within syslog too, and beside other formats: the events are those of the format
// alone.
func TestSyslogCarries(t *testing.T) {
	cfg := SyslogConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t))}
	to, run := listening(t, cfg, testKeys{})
	defer run.stop(t)
	var env parse.Env
	for i, f := range parse.Formats {
		switch f.Name {
		case "zeek-tsv", "journal", "w3c", "csv": // they need what stands at the start of a file
			continue
		case "elb", "mysql", "coredns", "mongodb-text", "charon", "filezilla": // a time and a word, as syslog has: for TestSyslogRecognises
			continue
		case "apt_history", "mysql_audit", "windowsxml": // their events are of several lines
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			data, format := to.sent(t, cfg.Listen[6:], net.IPv4(127, 0, 2, byte(i)), f.Example)
			if format != "syslog" {
				t.Errorf("as %s", format)
			}
			sameEvents(t, &env, f, parse.Syslog, f.Example, data)
		})
	}
}

// With format: auto, a sender's format is recognised by what it sends first.
func TestSyslogRecognises(t *testing.T) {
	cfg := SyslogConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t)), Format: "auto"}
	to, run := listening(t, cfg, testKeys{})
	defer run.stop(t)
	var env parse.Env
	for i, f := range parse.Formats {
		switch f.Name {
		case "elb", "mysql", "coredns", "mongodb-text", "charon", "filezilla", "syslog", "cef", "json":
			t.Run(f.Name, func(t *testing.T) {
				data, format := to.sent(t, cfg.Listen[6:], net.IPv4(127, 0, 3, byte(i)), f.Example)
				if format != f.Name {
					t.Errorf("as %s", format)
				}
				sameEvents(t, &env, f, f, f.Example, data)
			})
		}
	}
}

// sent sends the lines of text from an address, a datagram each, and returns what comes of them.
func (i *intake) sent(t *testing.T, addr string, from net.IP, text string) (data, format string) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}
	c, err := d.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	text = strings.TrimSpace(text)
	for l := range strings.SplitSeq(text, "\n") {
		if _, err := io.WriteString(c, l); err != nil {
			t.Fatal(err)
		}
	}
	i.until(t, "what was sent", func() bool {
		data = ""
		for _, d := range i.taken {
			if d.Block.Origin.Sender == from.String() {
				data += d.Block.Data
				format = d.Block.Origin.Format
			}
		}
		return len(strings.TrimSpace(data)) >= len(text)
	})
	return data, format
}

// sameEvents tells where events that came over the network are of other formats than those of the text alone.
func sameEvents(t *testing.T, env *parse.Env, f, carrier *parse.Format, text, data string) {
	t.Helper()
	var alone, carried event.Batch
	f.NewParser(env).Parse(event.Block{Origin: &event.Origin{}, Data: text, First: 1}, &alone)
	carrier.NewParser(env).Parse(event.Block{Origin: &event.Origin{}, Data: data, First: 1}, &carried)
	if len(alone.Events) != len(carried.Events) {
		t.Fatalf("%d events, alone %d", len(carried.Events), len(alone.Events))
	}
	for i := range alone.Events {
		if a, c := alone.Events[i].Shape.Format.Name, carried.Events[i].Shape.Format.Name; a != c {
			t.Errorf("%q: as %s, alone as %s", alone.Events[i].Raw, c, a)
		}
	}
}
