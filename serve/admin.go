package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/backup"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// answers makes what answers on the socket, and on the web.
func (s *serve) answers() *console.Server {
	c := &console.Server{
		Status:     s.status,
		Rule:       func(_, id string) (detect.RuleInfo, bool) { return s.rule(id) },
		Operations: []func(*console.API){s.registerUpkeep},
		Log:        s.log,
	}
	s.answerBacktests(c)
	if s.response != nil {
		c.Operations = append(c.Operations, s.response.register)
	}
	s.answerPrevents(c)
	s.answerViews(c)
	if s.doors != nil {
		c.Gate = s.doors.Gate
	}
	for _, t := range s.tenants {
		c.Tenants = append(c.Tenants, console.Tenant{Name: t.name, Line: t.line, Store: t.store, State: t.state, Evidence: backup.EvidenceFolder(t.dir), Changed: t.wake})
	}
	return c
}

// Contract is the API that serve answers with, without anything behind it: for its description, and to say who may ask what.
func Contract() *console.Server {
	s := &serve{settings: &settings.File{}, tenants: []*tenant{{name: settings.MainTenant, site: &settings.Site{}}}, response: &response{Runner: &respond.Runner{}}}
	return s.answers()
}

// registerUpkeep adds what keeps the process in order.
func (s *serve) registerUpkeep(a *console.API) {
	op := console.Operation{Method: http.MethodPost, Path: "/reload", Permission: identity.SettingsWrite, Whole: true, Tag: "status", Summary: "Reads the configuration and the rules anew"}
	console.Handle(a, op, func(ctx context.Context, _ *console.Tenant, _ *console.Nothing) (*Reloaded, error) {
		return s.reload(ctx)
	})
	op.Path, op.Summary = "/verify", "Checks what is kept against its sums and chains"
	console.Handle(a, op, func(ctx context.Context, _ *console.Tenant, _ *console.Nothing) (*console.Page[backup.Verified], error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		list, err := s.kept().Verify(ctx)
		return &console.Page[backup.Verified]{Items: list}, err
	})
	op.Path, op.Summary = "/backup", "Copies everything into a folder that does not exist yet, or is empty"
	console.Handle(a, op, func(ctx context.Context, _ *console.Tenant, in *backupAsk) (*backup.BackupDone, error) {
		return s.backup(ctx, in.Body.Dir)
	})
}

func (s *serve) status() *console.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &console.Status{Version: s.Version, Process: os.Getpid(), Started: s.started.UTC(), Data: s.dir, Console: s.front.status()}
	for _, t := range s.tenants {
		ts := console.TenantStatus{Name: t.name, Status: t.line.Status(), Inputs: []string{}, Notify: t.notifier.Status(), StoreBytes: s.storeBytes(t)}
		ts.Incidents, _ = t.state.CountIncidents(context.Background()) // without them, where they cannot be counted now
		for _, in := range t.inputs {
			ts.Inputs = append(ts.Inputs, in.Name())
		}
		st.Tenants = append(st.Tenants, ts)
	}
	return st
}

// Reloaded says what a reload has changed.
type Reloaded struct {
	Rules   int      `json:"rules"`
	Refused int      `json:"refused"`
	Stopped int      `json:"inputs_stopped"`
	Started int      `json:"inputs_started"`
	Restart []string `json:"needs_restart,omitempty"` // keys whose change takes force only then
}

// reload reads the configuration and the rules anew. With any mistake in them everything stays as it was.
func (s *serve) reload(ctx context.Context) (*Reloaded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil, errors.New("tocsin serve is about to end")
	}
	fresh, _, err := settings.Read(s.Config)
	if err != nil {
		return nil, err
	}
	set, err := settings.LoadRules(s.serveRules(fresh))
	if err != nil {
		return nil, err
	}
	if err := feeds.Complete(fresh.Intel); err != nil {
		return nil, err
	}
	next := &serve{settings: fresh, rules: set, off: s.off, log: s.log, indicators: s.indicators}
	engine, err := next.engine()
	if err != nil {
		return nil, err
	}
	directory, err := notify.Compile(fresh.Notifying(), settings.NotifyEnv(s.Version, s.log))
	if err != nil {
		return nil, err
	}
	r := &Reloaded{Rules: engine.Loaded(), Refused: set.Refused}
	plans := make([]*tenant, len(s.tenants))
	for i, t := range s.tenants {
		site := &fresh.Site
		if t.name != settings.MainTenant {
			other, ok := fresh.Tenants[t.name]
			if !ok {
				r.Restart = append(r.Restart, "tenants."+t.name)
				other = *t.site
			}
			site = &other
		}
		plans[i] = &tenant{name: t.name, site: site}
		if err := next.makeInputs(plans[i]); err != nil {
			return nil, err
		}
		r.Restart = append(r.Restart, needRestart(t.name, t.site, site)...)
	}
	for name := range fresh.Tenants {
		if !slices.ContainsFunc(s.tenants, func(t *tenant) bool { return t.name == name }) {
			r.Restart = append(r.Restart, "tenants."+name)
		}
	}
	if fresh.Data != s.settings.Data {
		r.Restart = append(r.Restart, "data")
	}
	if !reflect.DeepEqual(fresh.Console, s.settings.Console) {
		r.Restart = append(r.Restart, "console")
	}
	later, err := s.response.reload(&fresh.Respond)
	if err != nil {
		return nil, err
	}
	r.Restart = append(r.Restart, later...)
	s.front.reload()
	s.settings, s.rules, s.directory = fresh, set, directory
	s.feeds.look()
	for i, t := range s.tenants {
		t.line.Use(engine)
		t.steps.Store(stepsOf(set))
		t.notifier.Use(directory)
		stopped, started := t.replace(plans[i].inputs)
		t.site, t.local = plans[i].site, plans[i].local
		r.Stopped += stopped
		r.Started += started
	}
	s.audit(ctx, console.Actor(ctx), "reload", fmt.Sprintf("%d rules in force, %d inputs stopped, %d started", r.Rules, r.Stopped, r.Started))
	s.log.Info("reloaded", "rules", r.Rules, "refused", r.Refused, "inputs_stopped", r.Stopped, "inputs_started", r.Started)
	return r, nil
}

// needRestart names the keys of a site whose change takes force at the next start only.
func needRestart(name string, old, fresh *settings.Site) []string {
	under := ""
	if name != settings.MainTenant {
		under = "tenants." + name + "."
	}
	var keys []string
	for key, same := range map[string]bool{
		"store": old.Store == fresh.Store && old.StoreToken == fresh.StoreToken && old.StoreCA == fresh.StoreCA && old.StoreTenant == fresh.StoreTenant,
		"state": old.State == fresh.State, "retention": old.Retention == fresh.Retention, "lateness": old.Lateness == fresh.Lateness,
		"silence": old.Silence == fresh.Silence, "clock_skew": old.ClockSkew == fresh.ClockSkew, "assets": slices.Equal(old.Assets, fresh.Assets),
	} {
		if !same {
			keys = append(keys, under+key)
		}
	}
	slices.Sort(keys)
	return keys
}

// serveRules are the settings of rules as serve reads them: without a place, builtin and installed; and beside these
// always the rules that were armed.
func (s *serve) serveRules(set *settings.File) *settings.RuleKeys {
	r := set.RuleKeys
	if len(r.Rules) == 0 {
		r.Rules = settings.DefaultPlaces()
	}
	if dir := settings.ArmedFolder(s.dir); s.dir != "" && settings.HasRules(dir) {
		r.Rules = append(slices.Clone(r.Rules), dir)
		r.StandIn(dir)
	}
	return &r
}

// audit notes in the trail of every tenant what was done, and by whom.
func (s *serve) audit(ctx context.Context, actor, action, detail string) {
	for _, t := range s.tenants {
		e := state.AuditEntry{Time: time.Now().UnixNano(), Actor: actor, Action: action, Target: "tocsin", Detail: string(event.AppendQuoted(nil, detail))}
		if _, err := t.state.Append(ctx, e); err != nil {
			s.log.Error("the audit trail cannot be written", "tenant", t.name, "error", err)
		}
	}
}

// backupAsk says where to.
type backupAsk struct {
	Body struct {
		Dir string `json:"dir" minLength:"1" doc:"A folder of the machine, whole."`
	} `nameHint:"BackupAsk"`
}

// backup copies what all tenants have into a folder.
func (s *serve) backup(ctx context.Context, dir string) (*backup.BackupDone, error) {
	if !filepath.IsAbs(dir) {
		return nil, errors.New("the folder of a backup must be an absolute path")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.audit(ctx, console.Actor(ctx), "backup", dir)
	return s.kept().Copy(ctx, dir)
}

// kept is what there is to be copied and checked.
func (s *serve) kept() *backup.Folder {
	a := &backup.Folder{Dir: s.dir, Version: s.Version}
	for _, t := range s.tenants {
		of := backup.Tenant{Name: t.name, Dir: t.dir, State: t.state, Line: t.line}
		of.Store, _ = t.store.(*store.Embedded)
		a.Tenants = append(a.Tenants, of)
	}
	return a
}
