package serve

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/settings"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/state"
)

// cause is an alert as playbooks see it.
func (t *tenant) cause(ctx context.Context, a *alert.Alert) *respond.Cause {
	c := &respond.Cause{Alert: a.Key, RuleID: a.RuleID, Title: a.RuleTitle, Tags: a.Tags, Level: a.Level, Sources: a.Sources, Users: a.Users, Hosts: a.Hosts}
	for _, x := range a.Addresses {
		if !slices.Contains(a.Sources, x) {
			c.Targets = append(c.Targets, x)
		}
	}
	c.Field = func(name string) []string {
		var out []string
		for _, key := range a.Samples {
			h, err := t.state.Hit(ctx, key)
			if err != nil {
				continue // it was forgotten, which is no reason to do nothing else
			}
			var d detect.Hit
			var fields map[string]any
			if json.Unmarshal([]byte(h.JSON), &d) == nil && json.Unmarshal(d.Event, &fields) == nil {
				out = append(out, fieldTexts(fields, name)...)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return c
}

// fieldTexts are the values of a field by its name, or by the path that its dots make.
func fieldTexts(fields map[string]any, name string) []string {
	if v, ok := fields[name]; ok {
		switch v := v.(type) {
		case string:
			return []string{v}
		case []any:
			var out []string
			for _, x := range v {
				if s, ok := x.(string); ok {
					out = append(out, s)
				}
			}
			return out
		}
		return nil
	}
	first, rest, ok := strings.Cut(name, ".")
	inner, isMap := fields[first].(map[string]any)
	if !ok || !isMap {
		return nil
	}
	return fieldTexts(inner, rest)
}

// openLists makes what hands out blocks, where the settings want it.
func (r *response) openLists(set *settings.Lists) error {
	if set.Listen == "" && set.File == "" && len(set.Aliases) == 0 {
		return nil
	}
	l := &respond.Lists{Keys: make(map[string]string), Blocks: r.Blocked, Now: time.Now}
	for name, k := range set.Keys {
		key, err := config.Secret(k.Key)
		if err != nil {
			return fmt.Errorf("respond.lists.keys.%s: %w", name, err)
		}
		l.Keys[name] = key
	}
	if set.Sign != "" {
		text, err := config.Secret(set.Sign)
		if err != nil {
			return fmt.Errorf("respond.lists.sign: %w", err)
		}
		seed, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(seed) != ed25519.SeedSize {
			return fmt.Errorf("respond.lists.sign: must be %d bytes in base64", ed25519.SeedSize)
		}
		l.Sign = ed25519.NewKeyFromSeed(seed)
	}
	r.lists, r.listFile, r.aliases = l, set.File, make(map[string]respond.Alias)
	for name, c := range set.Aliases {
		a, err := c.Open()
		if err != nil {
			return fmt.Errorf("respond.lists.aliases.%s: %w", name, err)
		}
		r.aliases[name] = a
	}
	if set.Listen == "" {
		return nil
	}
	listener, err := net.Listen("tcp", set.Listen)
	if err != nil {
		return fmt.Errorf("respond.lists: %w", err)
	}
	server := &http.Server{Handler: l.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	r.end = append(r.end, func() { _ = server.Close() })
	r.serving = append(r.serving, func() error {
		if set.Cert != "" {
			return server.ServeTLS(listener, set.Cert, set.Key)
		}
		return server.Serve(listener)
	})
	return nil
}

// writeList keeps the file of blocks as it is to be, until ctx is done.
func (r *response) writeList(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	last, first := "", true
	for {
		text, err := r.lists.Plain(ctx)
		if err == nil && (first || text != last) {
			err = disk.Replace(r.listFile, 0o644, []byte(text))
			last, first = text, err != nil
		}
		if err != nil && ctx.Err() == nil {
			r.log.Error("write the list of blocks", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// PlaybookAnswer is a playbook, and what it has done or would have.
type PlaybookAnswer struct {
	respond.Playbook
	Deeds    *respond.Deeds `json:"deeds,omitempty"`
	Alerts   int            `json:"alerts"`             // that it would have answered, in a test
	Would    map[string]int `json:"would,omitempty"`    // what it would have done, and how often
	Refused  map[string]int `json:"refused,omitempty"`  // what the guard would have refused, and why
	Problems []string       `json:"problems,omitempty"` // what it could not have done
}

// playbooksAsk says what is asked of playbooks.
type playbooksAsk struct {
	console.PageAsk        // they are few: all are on the first page
	Since           string `query:"since" doc:"Since this time: 7d, 2026-01-31, or as RFC 3339 has it; else seven days ago."`
	Test            bool   `query:"test" doc:"What each would have done since then, with what is kept."`
}

// playbooks answers which there are; with test, what they would have done since a time, with what is kept.
func (r *response) playbooks(ctx context.Context, _ *console.Tenant, in *playbooksAsk) (*console.Page[PlaybookAnswer], error) {
	since := time.Now().AddDate(0, 0, -7)
	if in.Since != "" {
		var err error
		if since, err = query.ParseBound(in.Since, time.Now(), time.Local, false); err != nil {
			return nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: err.Error(), Field: "since"}
		}
	}
	deeds, err := r.Report(ctx, since.UnixNano())
	if err != nil {
		return nil, err
	}
	out := &console.Page[PlaybookAnswer]{Items: []PlaybookAnswer{}}
	for _, book := range r.playbooksNow() {
		a := PlaybookAnswer{Playbook: book, Deeds: deeds[book.Name]}
		if in.Test {
			if err := r.test(ctx, r.tenants[0], &a, since); err != nil {
				return nil, err
			}
		}
		out.Items = append(out.Items, a)
	}
	return out, nil
}

// test replays a playbook over the alerts that are kept.
func (r *response) test(ctx context.Context, t *tenant, a *PlaybookAnswer, since time.Time) error {
	list, err := t.state.ListAlerts(ctx, state.AlertFilter{Since: since.UnixNano(), Limit: 100_000})
	if err != nil {
		return err
	}
	a.Would, a.Refused = make(map[string]int), make(map[string]int)
	verdicts := make(map[string]string)
	for _, x := range list {
		c := t.cause(ctx, x)
		requests, problems := a.Answer(c, time.Unix(0, x.Last))
		if a.Problems = append(a.Problems, problems...); len(a.Problems) > 100 {
			a.Problems = a.Problems[:100]
		}
		if len(requests)+len(problems) > 0 {
			a.Alerts++
		}
		for _, req := range requests {
			what := req.Kind + " " + req.Target
			why, known := verdicts[what]
			if !known {
				j, err := r.Judge(ctx, req, false)
				if err != nil {
					return err
				}
				why = strings.Join(j.Forbidden, "; ")
				verdicts[what] = why
			}
			if why != "" {
				a.Refused[what+": "+why]++
			} else {
				a.Would[what]++
			}
		}
	}
	return nil
}
