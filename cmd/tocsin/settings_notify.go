package main

import (
	"cmp"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/notify"
)

// notifyEnv is what ways are given by a program of that version.
func notifyEnv(version string, log *slog.Logger) notify.Env {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return notify.Env{Host: host, Version: version, Log: log}
}

// gapLines say which severities reach nobody, and when.
func gapLines(set *settings, d *notify.Directory) []string {
	if len(d.Routes) == 0 {
		return []string{"no severity reaches anybody: tocsin.yml names no route below notify.routes"}
	}
	tenants := []string{mainTenant}
	for name := range set.Tenants {
		tenants = append(tenants, name)
	}
	slices.SortFunc(tenants, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == mainTenant:
			return -1
		case b == mainTenant:
			return 1
		}
		return cmp.Compare(a, b)
	})
	var lines []string
	for _, g := range d.Gaps(time.Now(), tenants) {
		lines = append(lines, g.String())
	}
	return lines
}

// checkNotify places the mistakes of notify in the document, and returns what to tell where there is none.
func checkNotify(set *settings, doc *config.Document) []string {
	d, err := notify.Compile(set.notifying(), notifyEnv("", nil))
	var mistakes notify.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			doc.Fail("notify."+m.Path, m.Hint, "%s", m.Text)
		}
		return nil
	}
	if err != nil {
		doc.Fail("notify", "", "%v", err)
		return nil
	}
	return gapLines(set, d)
}

// notifying is how people are told: where no address for links is named, they lead to the console, if that has one.
func (s *settings) notifying() *notify.Config {
	c := s.Notify
	p, err := s.Console.plan()
	if c.Link != "" || err != nil || p.address == "" {
		return &c
	}
	var names []string
	if s.Console.Cert != "" {
		if cert, _, err := identity.Certificate("", s.Console.Cert, s.Console.Key, nil, time.Now()); err == nil {
			names = cert.Leaf.DNSNames
		}
	}
	_, port, _ := net.SplitHostPort(p.address)
	if origin, public := s.Console.origin(&p, port, names); public {
		c.Link = origin + "/queue/{key}"
		if len(s.Tenants) > 0 { // a browser remembers which one it has looked at
			c.Link += "?tenant={tenant}"
		}
	}
	return &c
}
