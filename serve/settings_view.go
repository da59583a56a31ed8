package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/settings"
)

// inURL is a password in a URL. A field for secrets takes none itself, only where it is; but a URL may hold one.
var inURL = regexp.MustCompile(`(://[^/\s:@'"]*:)[^/\s@'"]+@`)

// showSettings answers the configuration that is in force.
func (s *serve) showSettings(context.Context) (*console.SettingsView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &console.SettingsView{YAML: inURL.ReplaceAllString(config.Print(s.settings), "${1}...@"), File: s.Config}, nil
}

// directoryNow is who is told of what.
func (s *serve) directoryNow() (*settings.File, *notify.Directory, error) {
	s.mu.Lock()
	set := s.settings
	s.mu.Unlock()
	d, err := notify.Compile(set.Notifying(), settings.NotifyEnv(s.Version, s.log))
	return set, d, err
}

func (s *serve) showNotify(context.Context) (*console.NotifyView, error) {
	set, d, err := s.directoryNow()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := &console.NotifyView{Routes: []console.NotifyRoute{}, Ways: []console.NotifyWay{}, Gaps: append([]string{}, settings.GapLines(set, d)...)}
	for _, r := range d.Routes {
		out.Routes = append(out.Routes, console.NotifyRoute{Name: r.Name, What: r.Describe(), To: append([]string{}, d.OnDuty(now, r)...), Ways: append([]string{}, d.WaysOf(now, r)...)})
	}
	for _, name := range d.WayNames() {
		out.Ways = append(out.Ways, console.NotifyWay{Name: name, Kind: d.Way(name).Kind})
	}
	return out, nil
}

// tryWay sends a test message.
func (s *serve) tryWay(ctx context.Context, name string) (*console.NotifyTried, error) {
	_, d, err := s.directoryNow()
	if err != nil {
		return nil, err
	}
	w := d.Way(name)
	if w == nil {
		return nil, &console.Problem{Status: http.StatusNotFound, Title: fmt.Sprintf("there is no way %.100q", name), Field: "way"}
	}
	m := notify.TestMessage(time.Now(), settings.NotifyEnv(s.Version, nil).Host, "way "+name)
	begun := time.Now()
	_, err = w.Send(ctx, &m)
	out := &console.NotifyTried{Way: name, Kind: w.Kind, Sent: err == nil, Took: time.Since(begun).Seconds()}
	if err != nil {
		out.Error = err.Error()
		var r *notify.Refusal
		if errors.As(err, &r) {
			out.Hint = r.Hint
		}
	}
	s.audit(ctx, console.Actor(ctx), "notify.test", name)
	return out, nil
}
