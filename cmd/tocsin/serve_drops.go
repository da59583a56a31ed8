package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/source"
)

// dropInput is the name of the input that the firewall's log is.
const dropInput = "firewall"

// drops hands what the firewall drops to a tenant, as events like any other, until ctx is done. They come a second at a
// time; where the kernel had no room for some, that is told.
func (r *response) drops(ctx context.Context, t *tenant) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	origin := &event.Origin{Path: "firewall:" + dropInput, Format: "syslog", Zone: time.UTC}
	var lines strings.Builder
	var first int64 = 1
	var count int64
	flush := func() {
		if lines.Len() == 0 {
			return
		}
		d := source.Delivery{Block: event.Block{Origin: origin, Data: lines.String(), First: first}}
		if err := t.line.Send(ctx, d); err != nil && ctx.Err() == nil {
			r.log.Warn("what the firewall drops", "error", err)
		}
		first += count
		count = 0
		lines.Reset()
	}
	last := time.Now()
	err = r.dropLog.Read(ctx, func(p *respond.Dropped) error {
		if p == nil {
			if time.Since(last) >= time.Second {
				flush()
			}
			return nil
		}
		if lines.Len() == 0 {
			last = time.Now()
		}
		lines.WriteString(dropLine(host, p))
		if count++; count >= 500 || time.Since(last) >= time.Second {
			flush()
		}
		return nil
	}, func() {
		t.line.Notice(source.Notice{Action: source.NoticeDropped, Input: dropInput, Reason: "the kernel had no room for what the firewall told of dropped packets"})
	})
	flush()
	if err != nil && ctx.Err() == nil {
		r.log.Error("what the firewall drops", "error", err)
	}
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
