package source

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// allowed are the networks whose senders may send; none means that all may.
type allowed []netip.Prefix

// parseAllowed reads networks ("10.0.0.0/8") and single addresses.
func parseAllowed(list []string) (allowed, error) {
	var all allowed
	var wrong []error
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(s); err == nil {
				p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
			}
		}
		if err != nil || p.Addr().Zone() != "" {
			wrong = append(wrong, fmt.Errorf("allow: %q is neither a network such as 10.0.0.0/8 nor an address", s))
			continue
		}
		all = append(all, p.Masked())
	}
	return all, errors.Join(wrong...)
}

// contains tells whether a sender may send.
func (a allowed) contains(addr netip.Addr) bool {
	for _, p := range a {
		if p.Contains(addr) {
			return true
		}
	}
	return len(a) == 0
}

// place is where an input listens.
type place struct {
	scheme string // "udp", "tcp", "tls"
	addr   string // host:port
}

// parsePlace reads "udp://127.0.0.1:5514". The port may be left out where there is a usual one.
func parsePlace(s string, ports map[string]string) (place, error) {
	var p place
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return p, fmt.Errorf("listen: %q lacks what is listened for, as in udp://%s", s, s)
	}
	port, known := ports[scheme]
	if !known {
		return p, fmt.Errorf("listen: %q: %q is not spoken here", s, scheme)
	}
	rest = strings.TrimSuffix(rest, "/")
	host, given, err := net.SplitHostPort(rest)
	if err != nil {
		host, given = strings.Trim(rest, "[]"), port
	}
	if host == "" {
		return p, fmt.Errorf("listen: %q lacks an address; 0.0.0.0 and [::] are all of this machine's", s)
	}
	if _, err := net.LookupPort("tcp", given); err != nil {
		return p, fmt.Errorf("listen: %q: %q is no port", s, given)
	}
	return place{scheme, net.JoinHostPort(host, given)}, nil
}

func (p place) String() string { return p.scheme + "://" + p.addr }

// beyondLoopback tells whether other machines can reach a place.
func (p place) beyondLoopback() bool {
	host, _, err := net.SplitHostPort(p.addr)
	if err != nil {
		return true
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return !a.Unmap().IsLoopback()
	}
	return host != "localhost" && host != "localhost." && !strings.HasSuffix(host, ".localhost")
}

// exposure is what a configuration says about who may reach an input.
type exposure struct {
	allow    allowed
	insecure bool // in plain text over a network, on purpose
	certs    bool // senders show certificates that are verified
}

// check says why an input must not listen at p, nil if it may.
func (e exposure) check(p place) error {
	if !p.beyondLoopback() {
		return nil
	}
	if p.scheme == "tls" {
		if !e.certs && len(e.allow) == 0 {
			return fmt.Errorf("listen: %s can be reached by other machines: set client_ca, so that senders need certificates, or list them under allow", p)
		}
		return nil
	}
	switch {
	case len(e.allow) == 0:
		return fmt.Errorf("listen: %s can be reached by other machines and %s proves nothing: use tls://, or list the senders under allow and set insecure: true", p, p.scheme)
	case !e.insecure:
		return fmt.Errorf("listen: %s can be reached by other machines, and what they send over %s can be read, forged and suppressed on its way: use tls://, or set insecure: true", p, p.scheme)
	}
	return nil
}

// explainListen says what a person can do about an address that cannot be listened at.
func explainListen(p place, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen at %s: another program does already: %w", p, err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("listen at %s: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; use a port from 1024 on: %w", p, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("listen at %s: this machine has no such address: %w", p, err)
	}
	return fmt.Errorf("listen at %s: %w", p, err)
}
