package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/store"
)

// How far back is looked for connections that a rule of the firewall lets through, and at how many kinds of them.
const (
	flowDays = 7
	maxFlows = 50_000
)

// seenFlows is what the logs tell of connections: tocsin's own of what the kernel tracks and drops, and those of other firewalls
// and of flows. What was dropped because its sender is blocked says nothing of what is needed.
func (t *tenant) seenFlows(ctx context.Context) (*respond.Seen, error) {
	seen := &respond.Seen{Days: flowDays}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this host: %w", err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				seen.Own = append(seen.Own, ip.Unmap())
			}
		}
	}
	q, err := parseSpan(fmt.Sprintf(`source.ip:* and destination.ip:* and not "tocsin block" | stats count() as n by source.ip, destination.ip, destination.port, network.transport | sort %d -n`, maxFlows), time.Now(), flowDays)
	if err != nil {
		return nil, err
	}
	err = t.store.Query(ctx, q, func(b *store.Block) error {
		column := func(name string) []string {
			if i := slices.Index(b.Names, name); i >= 0 {
				return b.Columns[i]
			}
			return make([]string, b.Rows)
		}
		from, to, port, proto, n := column("source.ip"), column("destination.ip"), column("destination.port"), column("network.transport"), column("n")
		for i := range b.Rows {
			f, err := flowOf(from[i], to[i], port[i], proto[i])
			if err != nil {
				continue // a value that is no address is none that a rule could let through
			}
			if f.Count, err = strconv.ParseUint(n[i], 10, 64); err != nil {
				return fmt.Errorf("count connections: %w", err)
			}
			seen.Events += f.Count
			seen.Flows = append(seen.Flows, f)
		}
		return nil
	})
	seen.Whole = len(seen.Flows) < maxFlows
	return seen, err
}

func flowOf(from, to, port, proto string) (f respond.Flow, err error) {
	var bad, worse error
	f.From, err = netip.ParseAddr(from)
	f.To, bad = netip.ParseAddr(to)
	if port != "" {
		var n uint64
		n, worse = strconv.ParseUint(port, 10, 16)
		f.Port = uint16(n)
	}
	f.Proto = strings.ToLower(proto)
	return f, errors.Join(err, bad, worse)
}
