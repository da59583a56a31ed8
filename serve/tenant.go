package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
	"github.com/tocsin-sec/tocsin/trust"
)

// tenant is one tenant while it is served.
type tenant struct {
	name       string
	dir        string
	site       *settings.Site
	store      eventStore
	state      *state.State
	line       *live.Line
	indicators *intel.Set    // that what is kept was searched for last
	local      *source.Local // what this machine logs, where nothing is configured
	begin      time.Time     // events of before are left out by inputs that were found, not configured

	notifier *notify.Notifier
	steps    atomic.Pointer[ruleSteps]
	digested int64    // events that the last daily mail told of
	altered  *altered // for playbooks

	feeding sync.WaitGroup
	inputs  []*input
	context context.Context // of the inputs
	notes   []string        // what a person should know at the start
}

// eventStore is where a tenant's events are kept.
type eventStore interface {
	live.Keeper
	live.Numbered
	console.Finder
	Close() error
}

// input is an input that runs.
type input struct {
	source.Input
	config any // it was made of
	found  bool
	stop   context.CancelFunc
	done   chan struct{}
}

// openTenant opens what a tenant has, and makes its inputs.
func (s *serve) openTenant(ctx context.Context, name string, site *settings.Site) error {
	if !settings.TenantName.MatchString(name) {
		return fmt.Errorf("serve: %q is no name of a tenant: small letters, digits, - and _", name)
	}
	t := &tenant{name: name, dir: settings.TenantFolder(s.dir, name), site: site, altered: newAltered()}
	s.tenants = append(s.tenants, t)
	var err error
	if t.store, err = openStore(t.dir, site, s.log); err != nil {
		return err
	}
	if e, ok := t.store.(*store.Embedded); ok {
		for _, r := range e.Repairs() {
			t.notes = append(t.notes, fmt.Sprintf("store: %s %s: %s", r.Path, r.Reason, r.Action))
		}
	}
	if t.state, err = openState(ctx, t.dir, name, site); err != nil {
		return err
	}
	if name == settings.MainTenant {
		if s.off, err = switchesOf(ctx, t.state); err != nil {
			return err
		}
	}
	engine, err := s.engine()
	if err != nil {
		return err
	}
	if t.begin, err = t.beginning(ctx); err != nil {
		return err
	}
	t.line, err = live.Open(live.Options{
		Dir: t.dir, Engine: engine, Parser: formats.Parser, Store: t.store, State: t.state, Changed: s.changed(t), Altered: t.altered.add, Log: s.log.With("tenant", name),
		Lateness: site.Lateness, Silence: site.Silence, Skew: site.ClockSkew, Jobs: cmp.Or(s.settings.Jobs, runtime.GOMAXPROCS(0)),
		Worth: settings.WorthOf(site.Assets), Quarantine: true, Learn: live.Learner(t.store),
	})
	if err != nil {
		return err
	}
	s.openNotifier(t)
	return s.makeInputs(t)
}

// changed returns what is told of incidents of a tenant that began or changed.
func (s *serve) changed(t *tenant) func([]*alert.Incident) {
	return func(list []*alert.Incident) {
		if s.Found != nil {
			s.Found(list)
		}
		t.wake()
	}
}

func (t *tenant) close() error {
	var errs []error
	if t.line != nil {
		errs = append(errs, t.line.Close())
	}
	if t.state != nil {
		errs = append(errs, t.state.Close())
	}
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	return errors.Join(errs...)
}

// beginning returns from when on events count: a day before the first start, unless the configuration says otherwise.
func (t *tenant) beginning(ctx context.Context) (time.Time, error) {
	const fact = "begin"
	now := time.Now()
	since := cmp.Or(t.site.Since, 24*time.Hour)
	text, err := t.state.Fact(ctx, fact)
	if err != nil {
		return now, err
	}
	if text != "" {
		return time.Parse(time.RFC3339Nano, text)
	}
	begin := now.Add(-since)
	return begin, t.state.SetFacts(ctx, map[string]string{fact: begin.UTC().Format(time.RFC3339Nano)})
}

// openStore opens where events are kept.
func openStore(dir string, site *settings.Site, log *slog.Logger) (eventStore, error) {
	if site.Store == "" {
		share, bytes, err := settings.ParseDisk(cmp.Or(site.Retention.Disk, "50%"))
		if err != nil {
			return nil, err
		}
		return asStore(store.Open(filepath.Join(dir, "events"), store.Options{
			Retention: cmp.Or(site.Retention.Age, 365*24*time.Hour), MaxShare: share, MaxBytes: bytes, Memory: 48 << 20, Log: log,
		}))
	}
	token, err := config.Secret(site.StoreToken)
	if err != nil {
		return nil, fmt.Errorf("store_token: %w", err)
	}
	opt := store.RemoteOptions{Token: token, Retention: site.Retention.Age, Log: log}
	if _, err := fmt.Sscanf(cmp.Or(site.StoreTenant, "0:0"), "%d:%d", &opt.Account, &opt.Project); err != nil {
		return nil, fmt.Errorf("store_tenant %q: must be two numbers such as 12:0", site.StoreTenant)
	}
	if site.StoreCA != "" {
		if opt.TLS, err = trust.Client(site.StoreCA); err != nil {
			return nil, fmt.Errorf("store_ca: %w", err)
		}
	}
	return asStore(store.Dial(site.Store, opt))
}

// asStore makes no store of none.
func asStore[S eventStore](s S, err error) (eventStore, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

func openState(ctx context.Context, dir, tenant string, site *settings.Site) (*state.State, error) {
	place, opt, err := settings.StatePlace(dir, tenant, site)
	if err != nil {
		return nil, err
	}
	return state.Open(ctx, place, opt)
}

// engine makes an engine of the rules.
func (s *serve) engine() (*detect.Engine, error) {
	c, err := rules.NewChoice(s.settings.Level, s.settings.Status, nil, s.excluded())
	if err != nil {
		return nil, err
	}
	senses, err := s.settings.Anomalies.Senses(true)
	if err != nil {
		return nil, err
	}
	return detect.New(s.rules.Rules, s.rules.Correlations, s.rules.Sources, detect.Options{Wanted: c.Wants, Indicators: s.indicators, Senses: senses})
}
