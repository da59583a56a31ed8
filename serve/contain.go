package serve

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// judgeStep says what would become of a step about something on some hosts. Actions are the main tenant's.
func (s *serve) judgeStep(ctx context.Context, tenant string, step *console.StepAction, hosts []string) (*console.StepJudged, error) {
	kinds := s.settings.Respond.Kinds
	switch {
	case s.response == nil, tenant != settings.MainTenant, len(kinds) > 0 && !slices.Contains(kinds, step.Kind):
		return &console.StepJudged{}, nil
	}
	ground, err := respond.LookAround()
	if err != nil {
		return nil, fmt.Errorf("look around: %w", err)
	}
	out := &console.StepJudged{Possible: true, Target: step.Target}
	if !s.stepHere(step, hosts, ground, out) {
		return &console.StepJudged{}, nil
	}
	req := respond.Request{Kind: step.Kind, Target: step.Target, Params: step.Params, By: console.Actor(ctx), Person: true}
	if step.For != "" {
		req.For, _ = query.ParseAgo(step.For)
	}
	j, err := s.response.Judge(ctx, req, false)
	if err != nil {
		out.Forbidden = append(out.Forbidden, err.Error())
		return out, nil
	}
	out.Target, out.Needs = j.Action.Target, j.Needs
	out.Target = cmp.Or(out.Target, step.Target)
	out.Forbidden, out.Warnings = j.Forbidden, j.Warnings
	if k, err := respond.KindOf(step.Kind); err == nil {
		out.Undo = k.Lasts
		if canonical, err := k.Check(step.Target, step.Params); err == nil {
			out.Target = canonical
		}
	}
	if old, err := s.response.Get(ctx, respond.KeyOf(step.Kind, out.Target)); err == nil && !old.State.Ended() {
		out.Standing = string(old.State)
		if step.Kind == "end-session" {
			out.Standing = "" // it ends those that are open now
		}
	}
	if step.Kind == "block" {
		s.judgeBlock(step.Target, ground, j, out)
	}
	return out, nil
}

// stepHere tells whether this host is where a step is to be done, and there is something to do it to.
func (s *serve) stepHere(step *console.StepAction, hosts []string, ground *respond.Ground, out *console.StepJudged) bool {
	switch step.Kind {
	case "end-session":
		open := 0
		from, _ := netip.ParseAddr(strings.TrimPrefix(step.Target, "from "))
		for _, x := range ground.Sessions {
			if x.Address == from {
				open++
			}
		}
		out.Note = fmt.Sprintf("%d %s open.", open, terminal.Plural(int64(open), "session"))
		return open > 0
	case "lock-account":
		_, err := user.Lookup(step.Target)
		return err == nil && thisHost(hosts, ground)
	case "lock-directory-account":
		return s.settings.Respond.Directory.URL != ""
	case "quarantine":
		info, err := os.Lstat(step.Target)
		return err == nil && info.Mode().IsRegular() && thisHost(hosts, ground)
	case "isolate":
		return thisHost(hosts, ground)
	}
	return true
}

// thisHost tells whether one of the hosts is this one, by its name or an address.
func thisHost(hosts []string, ground *respond.Ground) bool {
	name, err := os.Hostname()
	if err != nil {
		return false
	}
	self := alert.Entity{Kind: alert.KindHost, Name: name}.Short()
	return slices.ContainsFunc(hosts, func(h string) bool {
		if a, err := netip.ParseAddr(h); err == nil {
			return slices.Contains(ground.Own, a.Unmap())
		}
		return alert.Entity{Kind: alert.KindHost, Name: h}.Short() == self
	})
}

// judgeBlock adds what a block of some addresses needs to be known of it.
func (s *serve) judgeBlock(target string, ground *respond.Ground, j *respond.Judgement, out *console.StepJudged) {
	b, err := respond.ParseBlock(target)
	if err != nil {
		return
	}
	guard := &s.settings.Respond.Guard
	for _, n := range guard.Known {
		if p, err := respond.ParsePrefix(n); err == nil && p.Overlaps(b.Prefix) {
			out.Known = append(out.Known, n)
		}
	}
	if len(j.Forbidden) == 0 {
		return
	}
	calm := *ground // as it is when the SSH sessions from there have ended
	calm.Sessions = slices.DeleteFunc(slices.Clone(ground.Sessions), func(x respond.Session) bool {
		return x.What == "ssh" && b.Prefix.Contains(x.Address.Unmap().WithZone(""))
	})
	calm.Sessions = append(calm.Sessions, s.doors.consoleSessions(context.Background())...)
	forbidden, _ := guard.Judge(&b, &calm)
	denied := slices.ContainsFunc(j.Forbidden, func(f string) bool { return strings.Contains(f, respond.ErrDenied.Error()) })
	out.Session = len(forbidden) == 0 && !denied
}
