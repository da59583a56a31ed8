package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// SyslogConfig says where syslog is listened for, and whom to. One entry is one listener.
type SyslogConfig struct {
	Listen string `yaml:"listen" doc:"udp://, tcp:// or tls:// with an address and a port, 514 and 6514 if left out" default:"udp://127.0.0.1:5514"`

	Cert        string   `yaml:"cert" path:"true" doc:"PEM file of the certificate, for tls; read again when it changes"`
	Key         string   `yaml:"key" path:"true" doc:"PEM file of the certificate's private key"`
	ClientCA    string   `yaml:"client_ca" path:"true" doc:"PEM file of who certifies senders; they then need a certificate"`
	AllowNoCert bool     `yaml:"allow_no_cert" doc:"senders without a certificate may send too"`
	Names       []string `yaml:"names" doc:"names in certificates that may send, *.example.org for all below; empty: all that client_ca has certified"`

	Allow    []string `yaml:"allow" doc:"networks and addresses that may send; empty: all that can reach the address"`
	Insecure bool     `yaml:"insecure" doc:"udp and tcp beyond this machine: what is sent can be read and forged on its way"`

	Format string `yaml:"format" doc:"format of the records; auto recognises it for each sender by what it sends first" default:"syslog"`
	Zone   string `yaml:"zone" doc:"time zone of times that state none, such as Europe/Berlin; empty: as everywhere"`

	MaxMessage     int           `yaml:"max_message" doc:"bytes of one record; the rest is cut off" default:"262144"`
	MaxSenders     int           `yaml:"max_senders" doc:"senders that are known at a time" default:"20000"`
	MaxConnections int           `yaml:"max_connections" doc:"connections at a time, for tcp and tls" default:"10000"`
	MaxPending     int           `yaml:"max_pending" doc:"bytes that may wait in memory" default:"67108864"`
	Idle           time.Duration `yaml:"idle" doc:"a connection on which nothing comes for so long is closed" default:"24h"`
	Receive        int           `yaml:"receive" doc:"bytes of the kernel's buffer, for udp, as far as it grants them" default:"33554432"`
}

// SyslogKind documents the input.
var SyslogKind = Kind{
	Name: "syslog",
	Doc: "Syslog of other programs and machines (RFC 3164, RFC 5424) over UDP, TCP (octet counting and lines) or TLS with client certificates. " +
		"Firewalls' and other equipment's messages within syslog are taken apart too.",
	Example: "- listen: tls://0.0.0.0:6514\n  cert: /etc/tocsin/server.pem\n  key: /etc/tocsin/server.key\n  client_ca: /etc/tocsin/senders.pem\n" +
		"- listen: udp://192.0.2.1:514\n  allow: [192.0.2.0/24]\n  insecure: true\n",
	Config: &SyslogConfig{},
}

// syslogPorts are the usual ports (RFC 5426 §3.3, RFC 6587 §3.2, RFC 5425 §4.1).
var syslogPorts = map[string]string{"udp": "514", "tcp": "514", "tls": "6514"}

// syslog is the input.
type syslog struct {
	cfg   SyslogConfig
	env   Env
	place place
	allow allowed
	keys  *keyPair // for tls

	frameTime time.Duration
}

// NewSyslog makes a listener for syslog. It checks the configuration and reads the certificates, and opens nothing yet.
func NewSyslog(cfg SyslogConfig, env Env) (Input, error) {
	s := &syslog{cfg: cfg.withDefaults(), env: env, frameTime: frameTime}
	var err error
	if s.place, err = parsePlace(s.cfg.Listen, syslogPorts); err != nil {
		return nil, err
	}
	if s.allow, err = parseAllowed(cfg.Allow); err != nil {
		return nil, err
	}
	if cfg.Zone != "" {
		if s.env.Zone, err = time.LoadLocation(cfg.Zone); err != nil {
			return nil, fmt.Errorf("zone: %w", err)
		}
	}
	if cfg.Format != "" && cfg.Format != "auto" && env.Splitter != nil && env.Splitter(cfg.Format) == nil {
		return nil, fmt.Errorf("format: there is no format %q", cfg.Format)
	}
	if err := s.checkLimits(); err != nil {
		return nil, err
	}
	if s.place.scheme == "tls" {
		if s.keys, err = newKeyPair(HTTPConfig{Cert: cfg.Cert, Key: cfg.Key, ClientCA: cfg.ClientCA}, !cfg.AllowNoCert); err != nil {
			return nil, err
		}
		if s.keys == nil {
			return nil, errors.New("tls needs cert and key, the PEM files of a certificate and of its private key")
		}
		if len(cfg.Names) > 0 && (cfg.ClientCA == "" || cfg.AllowNoCert) {
			return nil, errors.New("names: they are known only where every sender must show a certificate: set client_ca, without allow_no_cert")
		}
	} else if cfg.Cert != "" || cfg.Key != "" || cfg.ClientCA != "" || len(cfg.Names) > 0 {
		return nil, fmt.Errorf("listen: %s is not encrypted, and cert, key, client_ca and names are for tls://", s.place)
	}
	return s, exposure{s.allow, cfg.Insecure, cfg.ClientCA != "" && !cfg.AllowNoCert}.check(s.place)
}

func (c SyslogConfig) withDefaults() SyslogConfig {
	c.Listen = cmp.Or(c.Listen, "udp://127.0.0.1:5514")
	c.Format = cmp.Or(c.Format, "syslog")
	c.MaxMessage = cmp.Or(c.MaxMessage, 256<<10)
	c.MaxSenders = cmp.Or(c.MaxSenders, 20_000)
	c.MaxConnections = cmp.Or(c.MaxConnections, 10_000)
	c.MaxPending = cmp.Or(c.MaxPending, 64<<20)
	c.Idle = cmp.Or(c.Idle, 24*time.Hour)
	c.Receive = cmp.Or(c.Receive, 32<<20)
	return c
}

func (s *syslog) checkLimits() error {
	c := &s.cfg
	switch {
	case c.MaxMessage < 480 || c.MaxMessage > maxCounted:
		return errors.New("max_message: from 480 bytes, which RFC 5424 asks for, to 16 MiB")
	case c.MaxPending < 4*c.MaxMessage:
		return errors.New("max_pending: at least four times max_message")
	case c.MaxSenders < 1 || c.MaxConnections < 1:
		return errors.New("max_senders and max_connections: at least 1")
	case c.Idle < time.Second:
		return errors.New("idle: at least 1s")
	case c.Receive < 0:
		return errors.New("receive: not negative")
	}
	return nil
}

// Name implements Input.
func (s *syslog) Name() string { return "syslog " + s.place.scheme + " " + s.place.addr }

// Run implements Input.
func (s *syslog) Run(ctx context.Context, to Intake) error {
	g := s.gather(newTally(s.Name(), to))
	listen := s.listenTCP
	if s.place.scheme == "udp" {
		listen = s.listenUDP
	}
	serve, err := listen(ctx, g)
	if err != nil {
		return explainListen(s.place, err)
	}
	return g.serve(ctx, to, serve)
}

func (s *syslog) gather(t *tally) *gather {
	g := newGather(s.env, t)
	g.path = "syslog:" + s.cfg.Listen + "/"
	g.limit, g.share, g.most = s.cfg.MaxPending, s.cfg.MaxPending/4, s.cfg.MaxSenders
	g.shape = func(who peer, data []byte) (string, shaper) {
		format, split := s.split(data)
		return format, &lineShaper{split: split, unread: func(reason string) { t.add(NoticeUnreadable, who.String(), reason, 1) }}
	}
	return g
}

// split returns the format of what a sender sends, and a splitter for it.
func (s *syslog) split(data []byte) (format string, split Splitter) {
	format = s.cfg.Format
	if format == "auto" {
		if format, split = s.env.Recognise(string(data[:min(len(data), headSize)])); split == nil {
			format = "syslog"
		}
	}
	if split == nil && s.env.Splitter != nil {
		split = s.env.Splitter(format)
	}
	if split == nil {
		split = wholeLines{}
	}
	return format, split
}

// listenUDP opens the socket for datagrams.
func (s *syslog) listenUDP(ctx context.Context, g *gather) (func(context.Context) error, error) {
	d, err := listenDatagrams(ctx, s.place, s.cfg.Receive)
	if err != nil {
		return nil, err
	}
	r := &datagramReader{socket: d, allow: s.allow, tally: g.tally}
	return func(ctx context.Context) error {
		return r.run(ctx, func(from peer, data []byte) bool {
			if len(data) > s.cfg.MaxMessage {
				g.tally.add(NoticeUnreadable, from.String(), oddLong, 1)
				data = data[:s.cfg.MaxMessage]
			}
			return g.offer(from, data)
		})
	}, nil
}

// listenTCP opens the socket for connections, of TLS too.
func (s *syslog) listenTCP(ctx context.Context, g *gather) (func(context.Context) error, error) {
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
	l, err := lc.Listen(ctx, "tcp", s.place.addr)
	if err != nil {
		return nil, err
	}
	a := &acceptor{syslog: s, gather: g, tally: g.tally, listener: l}
	return a.run, nil
}
