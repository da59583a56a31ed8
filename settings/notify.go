package settings

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

// NotifyEnv is what ways are given by a program of that version.
func NotifyEnv(version string, log *slog.Logger) notify.Env {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return notify.Env{Host: host, Version: version, Log: log}
}

// GapLines say which severities reach nobody, and when.
func GapLines(set *File, d *notify.Directory) []string {
	if len(d.Routes) == 0 {
		return []string{"no severity reaches anybody: tocsin.yml names no route below notify.routes"}
	}
	tenants := []string{MainTenant}
	for name := range set.Tenants {
		tenants = append(tenants, name)
	}
	slices.SortFunc(tenants, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == MainTenant:
			return -1
		case b == MainTenant:
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

// CheckNotify places the mistakes of notify in the document, and returns what to tell where there is none.
func CheckNotify(set *File, doc *config.Document) []string {
	d, err := notify.Compile(set.Notifying(), NotifyEnv("", nil))
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
	return GapLines(set, d)
}

// Notifying is how people are told: where no address for links is named, they lead to the console, if that has one.
func (s *File) Notifying() *notify.Config {
	c := s.Notify
	p, err := s.Console.Plan()
	if c.Link != "" || err != nil || p.Address == "" {
		return &c
	}
	var names []string
	if s.Console.Cert != "" {
		if cert, _, err := identity.Certificate("", s.Console.Cert, s.Console.Key, nil, time.Now()); err == nil {
			names = cert.Leaf.DNSNames
		}
	}
	_, port, _ := net.SplitHostPort(p.Address)
	if origin, public := s.Console.OriginAt(&p, port, names); public {
		c.Link = origin + "/queue/{key}"
		if len(s.Tenants) > 0 { // a browser remembers which one it has looked at
			c.Link += "?tenant={tenant}"
		}
	}
	return &c
}
