package source

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/tocsin-sec/tocsin/netflow"
)

// NetflowConfig says where flow records are listened for, and whom to. One entry is one listener.
type NetflowConfig struct {
	Listen     string   `yaml:"listen" doc:"udp:// with an address and a port, 2055 if left out" default:"udp://127.0.0.1:2055"`
	Allow      []string `yaml:"allow" doc:"networks and addresses that may send; empty: all that can reach the address"`
	Insecure   bool     `yaml:"insecure" doc:"beyond this machine: what is sent can be read and forged on its way"`
	MaxSenders int      `yaml:"max_senders" doc:"exporters that are known at a time" default:"2000"`
	MaxPending int      `yaml:"max_pending" doc:"bytes that may wait in memory" default:"67108864"`
	Receive    int      `yaml:"receive" doc:"bytes of the kernel's buffer, as far as it grants them" default:"33554432"`
}

// NetflowKind documents the input.
var NetflowKind = Kind{
	Name: "netflow",
	Doc: "Flow records of routers, switches, firewalls and hosts: NetFlow v5 and v9, and IPFIX, over UDP. " +
		"Records that come before the template that explains them wait for it.",
	Example: "- listen: udp://192.0.2.1:2055\n  allow: [192.0.2.0/24]\n  insecure: true\n",
	Config:  &NetflowConfig{},
}

// netflowPorts are the usual ports (of IPFIX it is 4739, RFC 7011 §10.1).
var netflowPorts = map[string]string{"udp": "2055"}

// netflowForget is after which time the templates of a silent exporter are forgotten.
const netflowForget = 24 * time.Hour

// netflowSkew is how far an exporter's clock may be off before it is told.
const netflowSkew = time.Hour

// flows is the input.
type flows struct {
	cfg   NetflowConfig
	env   Env
	place place
	allow allowed
}

// NewNetflow makes a listener for flow records. It checks the configuration, and opens nothing yet.
func NewNetflow(cfg NetflowConfig, env Env) (Input, error) {
	cfg.Listen = cmp.Or(cfg.Listen, "udp://127.0.0.1:2055")
	cfg.MaxSenders = cmp.Or(cfg.MaxSenders, 2000)
	cfg.MaxPending = cmp.Or(cfg.MaxPending, 64<<20)
	cfg.Receive = cmp.Or(cfg.Receive, 32<<20)
	f := &flows{cfg: cfg, env: env}
	var err error
	if f.place, err = parsePlace(cfg.Listen, netflowPorts); err != nil {
		return nil, err
	}
	if f.allow, err = parseAllowed(cfg.Allow); err != nil {
		return nil, err
	}
	switch {
	case cfg.MaxSenders < 1:
		return nil, errors.New("max_senders: at least 1")
	case cfg.MaxPending < 1<<20:
		return nil, errors.New("max_pending: at least 1 MiB")
	case cfg.Receive < 0:
		return nil, errors.New("receive: not negative")
	}
	return f, exposure{allow: f.allow, insecure: cfg.Insecure}.check(f.place)
}

// Name implements Input.
func (f *flows) Name() string { return "netflow " + f.place.scheme + " " + f.place.addr }

// Run implements Input.
func (f *flows) Run(ctx context.Context, to Intake) error {
	socket, err := listenDatagrams(ctx, f.place, f.cfg.Receive)
	if err != nil {
		return explainListen(f.place, err)
	}
	t := newTally(f.Name(), to)
	g := f.gather(t, to)
	r := &datagramReader{socket: socket, allow: f.allow, tally: t}
	return g.serve(ctx, to, func(ctx context.Context) error { return r.run(ctx, g.offer) })
}

func (f *flows) gather(t *tally, to Intake) *gather {
	g := newGather(f.env, t)
	g.path, g.add, g.forget = "netflow:"+f.cfg.Listen+"/", appendDatagram, netflowForget
	g.limit, g.share, g.most = f.cfg.MaxPending, f.cfg.MaxPending/4, f.cfg.MaxSenders
	g.shape = func(who peer, _ []byte) (string, shaper) {
		s := &flowShaper{exporter: netflow.NewExporter(), who: who, tally: t, now: g.now}
		s.recall(to.Position(g.path + who.String()))
		return netflow.Name, s
	}
	return g
}

// appendDatagram appends a datagram and, before it, its size.
func appendDatagram(dst, datagram []byte) []byte {
	if len(datagram) == 0 {
		return dst
	}
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(datagram))), datagram...)
}

// flowShaper makes blocks of one exporter's datagrams.
type flowShaper struct {
	exporter *netflow.Exporter
	who      peer
	tally    *tally
	now      func() time.Time

	kept   string // what of Exporter.Told is kept …
	keptAt time.Time
	offer  string // … and what was offered to be, with the block that next returned
}

// take implements shaper.
func (s *flowShaper) take(data []byte) {
	for len(data) >= 2 {
		n := int(binary.BigEndian.Uint16(data)) + 2
		s.exporter.Take(data[2:n])
		data = data[n:]
	}
	for _, p := range s.exporter.Problems() {
		s.tally.add(NoticeUnreadable, s.who.String(), p.Reason, p.Count)
	}
	if sent := s.exporter.Latest(); sent != 0 && s.now().Sub(time.Unix(0, sent)).Abs() > netflowSkew {
		s.tally.add(NoticeSkewed, s.who.String(), "the exporter's clock is more than an hour off", 1)
	}
}

// next implements shaper.
func (s *flowShaper) next() (b shaped, ok bool) {
	p, ok := s.exporter.Next()
	if !ok {
		return b, false
	}
	b = shaped{header: p.Header, text: p.Data, records: p.Messages}
	s.offer = s.exporter.Told(math.MaxInt)
	if s.offer != s.kept || s.offer != "" && s.now().Sub(s.keptAt) > toldAnew {
		b.position = encodeTold(s.exporter, s.now())
	}
	return b, true
}

// done implements shaper.
func (s *flowShaper) done() {
	if s.offer != s.kept || s.now().Sub(s.keptAt) > toldAnew {
		s.kept, s.keptAt = s.offer, s.now()
	}
	s.exporter.Pop()
}

// held implements shaper.
func (s *flowShaper) held() (soon bool, records int64) {
	return s.exporter.Size() > 0, s.exporter.Messages() + int64(s.exporter.Waiting())
}
