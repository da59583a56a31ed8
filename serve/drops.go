package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/source"
)

// feeder hands lines that the kernel has told to a tenant, as events like any other, about a second's at a time.
type feeder struct {
	log    *slog.Logger
	tenant *tenant
	input  string
	origin *event.Origin
	lines  strings.Builder
	first  int64 // number of the first line that waits
	count  int64
	since  time.Time
}

func (r *response) feeder(t *tenant, input, format string) *feeder {
	return &feeder{log: r.log, tenant: t, input: input, origin: &event.Origin{Path: "kernel:" + input, Format: format, Zone: time.UTC}, first: 1}
}

// add takes a line; "" only looks at the clock.
func (f *feeder) add(ctx context.Context, line string) {
	if line != "" {
		if f.lines.Len() == 0 {
			f.since = time.Now()
		}
		f.lines.WriteString(line)
		f.count++
	}
	if f.count >= 500 || f.count > 0 && time.Since(f.since) >= time.Second {
		f.flush(ctx)
	}
}

func (f *feeder) flush(ctx context.Context) {
	if f.count == 0 {
		return
	}
	d := source.Delivery{Block: event.Block{Origin: f.origin, Data: f.lines.String(), First: f.first}}
	if err := f.tenant.line.Send(ctx, d); err != nil && ctx.Err() == nil {
		f.log.Warn("what the kernel tells", "input", f.input, "error", err)
	}
	f.first += f.count
	f.count = 0
	f.lines.Reset()
}

func (f *feeder) lost() {
	f.tenant.line.Notice(source.Notice{Action: source.NoticeDropped, Input: f.input, Reason: "the kernel had no room for what it told"})
}

// drops makes events of what the firewall drops, until ctx is done.
func (r *response) drops(ctx context.Context, t *tenant) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	f := r.feeder(t, "firewall", "syslog")
	err = r.dropLog.Read(ctx, func(p *respond.Dropped) error {
		line := ""
		if p != nil {
			line = dropLine(host, p)
		}
		f.add(ctx, line)
		return nil
	}, f.lost)
	if err != nil && ctx.Err() == nil {
		r.log.Error("what the firewall drops", "error", err)
	}
}

// flows makes events of connections that end, until ctx is done.
func (r *response) flows(ctx context.Context, t *tenant) {
	f := r.feeder(t, "connections", "json")
	err := r.connections.Read(ctx, func(c *respond.Connection) error {
		line := ""
		if c != nil {
			line = flowLine(c)
		}
		f.add(ctx, line)
		return nil
	}, f.lost)
	if err != nil && ctx.Err() == nil {
		r.log.Error("connections", "error", err)
	}
}

// flowLine is a connection in the names of ECS.
func flowLine(c *respond.Connection) string {
	side := func(a netip.AddrPort, packets, bytes uint64) map[string]any {
		m := map[string]any{"ip": a.Addr().String(), "port": a.Port()}
		if packets > 0 {
			m["packets"], m["bytes"] = packets, bytes
		}
		return m
	}
	about := map[string]any{"kind": "event", "category": []string{"network"}, "type": []string{"connection", "end"}, "action": "connection-ended", "module": "tocsin", "dataset": "tocsin.connection"}
	if !c.Began.IsZero() {
		about["start"], about["duration"] = c.Began.UTC(), c.Ended.Sub(c.Began).Nanoseconds()
	}
	line, _ := json.Marshal(map[string]any{ // of such values it has no error
		"@timestamp": c.Ended.UTC(), "event": about, "network": map[string]any{"transport": c.Proto},
		"source": side(c.From, c.Packets, c.Bytes), "destination": side(c.To, c.BackPackets, c.BackBytes),
	})
	return string(line) + "\n"
}

// dropLine is a dropped packet as the kernel's own log writes one.
func dropLine(host string, p *respond.Dropped) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s kernel: %s: IN=%s OUT=%s SRC=%s DST=%s LEN=%d PROTO=%s", p.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), host, p.Prefix,
		p.In, p.Out, p.From.Addr(), p.To.Addr(), p.Length, strings.ToUpper(p.Proto))
	if p.From.Port() != 0 || p.To.Port() != 0 {
		fmt.Fprintf(&b, " SPT=%d DPT=%d", p.From.Port(), p.To.Port())
	}
	if p.Flags != "" {
		b.WriteString(" " + p.Flags)
	}
	b.WriteByte('\n')
	return b.String()
}
