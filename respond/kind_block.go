package respond

import (
	"errors"
	"fmt"
	"strconv"
)

var blockKind = Kind{
	Name: "block", Doc: "Drop packets from or to an address, a network or a port.", Example: "203.0.113.7 out tcp/443", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		b, err := ParseBlock(target)
		if err == nil {
			err = noParams(params)
		}
		if err != nil {
			return "", err
		}
		return b.Target(), b.check()
	},
}

var allowKind = Kind{
	Name: "allow", Doc: "Let packets from an address or network pass, whatever blocks say.", Example: "192.0.2.0/24", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		b, err := entry(allowName, target, params)
		return b.Target(), err
	},
}

var limitKind = Kind{
	Name: "rate-limit", Doc: "Drop what an address sends above a rate (param rate: packets in a second).", Example: "203.0.113.7", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		b, err := entry(limitName, target, params)
		return b.Target(), err
	},
}

// isolateTarget is the one target of isolation.
const isolateTarget = "host"

var isolateKind = Kind{
	Name: "isolate", Doc: "Cut this host off from all but its operators and what is never blocked.", Example: isolateTarget, Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		if target != isolateTarget {
			return "", errors.New("isolate: the target is host: this one")
		}
		return target, noParams(params)
	},
}

const (
	blockName   = "block"
	allowName   = "allow"
	limitName   = "rate-limit"
	isolateName = "isolate"
)

// entry is the entry of the firewall that an action is.
func entry(kind, target string, params map[string]string) (Block, error) {
	b, err := ParseBlock(target)
	if err != nil {
		return b, err
	}
	switch kind {
	case blockName:
		err = noParams(params)
	case allowName:
		b.Verdict = Allow
		err = noParams(params)
	case limitName:
		b.Verdict = Limit
		if err = noParams(params, "rate"); err == nil {
			rate, bad := strconv.ParseUint(params["rate"], 10, 32)
			if bad != nil || rate == 0 || rate > maxRate {
				return b, fmt.Errorf("rate-limit %s: rate %.20q is no number of packets a second from 1 to %d", b.Target(), params["rate"], maxRate)
			}
			b.Rate = uint32(rate)
		}
	default:
		err = fmt.Errorf("%.40q is no entry of the firewall", kind)
	}
	if err != nil {
		return b, err
	}
	return b, b.check()
}
