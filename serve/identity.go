package serve

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
)

// doors is who may come in: users and what they have are kept in the state of the main tenant; what happens there becomes
// events of it.
type doors struct {
	*identity.Gate
	web     *identity.Web // nil where the console is not reached over the network
	log     *slog.Logger
	notices chan identity.Notice
}

// openIdentity makes s.doors; none where the main tenant is not open.
func (s *serve) openIdentity() error {
	main := s.tenants[0]
	if main.name != settings.MainTenant {
		return nil
	}
	key, err := identity.SealingKey(s.dir)
	if err != nil {
		return err
	}
	d := &doors{log: s.log, notices: make(chan identity.Notice, 4096)}
	tenants := []string{settings.MainTenant}
	for name := range s.settings.Tenants {
		tenants = append(tenants, name)
	}
	slices.Sort(tenants)
	opt := identity.Options{Tenants: tenants, Key: key, Notice: d.notice}
	if s.front != nil {
		if err := s.frontOptions(&opt); err != nil {
			return err
		}
	}
	if d.Gate, err = identity.Open(main.state, opt); err != nil {
		return err
	}
	if s.front != nil {
		if d.web, err = identity.NewWeb(d.Gate, identity.WebOptions{Proxies: s.front.plan.Proxies}); err != nil {
			return err
		}
	}
	s.doors = d
	return nil
}

// frontOptions are those that concern who comes in over the network.
func (s *serve) frontOptions(opt *identity.Options) (err error) {
	set := &s.settings.Console
	opt.Origin, opt.Absolute, opt.Idle, opt.Recent = s.front.origin, set.Sessions.Life, set.Sessions.Idle, set.Sessions.Recent
	if err := set.Sessions.Check(); err != nil {
		return fmt.Errorf("console: sessions: %w", err)
	}
	if opt.LDAP, err = set.Directory(); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	if opt.OIDC, err = set.Providers(); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// notice takes a notice for run, without waiting. Where more come than can be told, the audit trail has what was changed all
// the same.
func (d *doors) notice(n identity.Notice) {
	select {
	case d.notices <- n:
	default:
	}
}

// run makes events of notices until ctx is done.
func (d *doors) run(ctx context.Context, s *serve) {
	origin := &event.Origin{Path: "tocsin:console", Format: "json", Zone: time.UTC}
	var count int64
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-d.notices:
			count++
			block := event.Block{Origin: origin, Data: n.JSON() + "\n", First: count}
			if err := s.tenants[0].line.Send(ctx, source.Delivery{Block: block}); err != nil && ctx.Err() == nil {
				s.log.Warn("who comes in", "error", fmt.Errorf("tell: %w", err))
			}
		}
	}
}
