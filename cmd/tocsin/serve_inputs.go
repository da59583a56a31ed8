package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/source"
)

// made is an input that is to be, and where its configuration stands.
type made struct {
	config any
	found  bool   // on this machine, not configured
	path   string // in the document
	open   func(source.Env) (source.Input, error)
}

// add appends the inputs of one kind.
func add[C any, I source.Input](list []made, path string, configs []C, open func(C, source.Env) (I, error)) []made {
	for i, c := range configs {
		list = append(list, made{config: c, path: fmt.Sprintf("%s[%d]", path, i), open: func(env source.Env) (source.Input, error) {
			in, err := open(c, env)
			if err != nil {
				return nil, err
			}
			return in, nil
		}})
	}
	return list
}

// planInputs lists the inputs that a site has; where its configuration names none, those of this machine.
func planInputs(s *site, under string) []made {
	in := &s.Inputs
	var list []made
	list = add(list, under+"inputs.files", in.Files, source.NewFollower)
	list = add(list, under+"inputs.journal", in.Journal, source.NewJournal)
	list = add(list, under+"inputs.syslog", in.Syslog, source.NewSyslog)
	list = add(list, under+"inputs.http", in.HTTP, source.NewHTTP)
	list = add(list, under+"inputs.kafka", in.Kafka, source.NewKafka)
	return add(list, under+"inputs.netflow", in.NetFlow, source.NewNetflow)
}

// findInputs lists what there is without a configuration: the logs of this machine, and intakes on its loopback.
func findInputs(local *source.Local) []made {
	var list []made
	if local.Journal != nil {
		list = add(list, "", []source.JournalConfig{*local.Journal}, source.NewJournal)
	}
	if local.Files != nil {
		list = add(list, "", []source.FilesConfig{*local.Files}, source.NewFollower)
	}
	for i := range list {
		list[i].found = true
	}
	list = add(list, "", []source.SyslogConfig{{Listen: "udp://127.0.0.1:5514"}, {Listen: "tcp://127.0.0.1:5514"}}, source.NewSyslog)
	return add(list, "", []source.HTTPConfig{{Listen: "127.0.0.1:8627"}}, source.NewHTTP)
}

// inputEnv is what inputs are given.
func (s *serve) inputEnv() (source.Env, error) {
	zone := time.Local
	if s.settings.Timezone != "" {
		var err error
		if zone, err = parseZone(s.settings.Timezone); err != nil {
			return source.Env{}, err
		}
	}
	return source.Env{Recognise: recognise, Splitter: splitterOf, Zone: zone, Log: s.log, TempDir: os.TempDir()}, nil
}

// makeInputs makes the inputs of a tenant. All mistakes of their configuration are told at once.
func (s *serve) makeInputs(t *tenant) error {
	plan := planInputs(t.site, "")
	if len(plan) == 0 && t.name == mainTenant {
		local := source.LocalLogs(recognise)
		t.local = &local
		plan = findInputs(t.local)
	}
	env, err := s.inputEnv()
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range plan {
		in, err := m.open(env)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.path, err))
			continue
		}
		t.inputs = append(t.inputs, &input{Input: in, config: m.config, found: m.found})
	}
	return errors.Join(errs...)
}

// feed runs the inputs of a tenant until ctx is done.
func (t *tenant) feed(ctx context.Context) {
	t.context = ctx
	for _, in := range t.inputs {
		t.start(in)
	}
}

func (t *tenant) start(in *input) {
	ctx, stop := context.WithCancel(t.context)
	in.stop, in.done = stop, make(chan struct{})
	var to source.Intake = t.line
	if in.found {
		to = live.Restrained{Intake: t.line, Since: t.begin}
	}
	t.feeding.Go(func() {
		defer close(in.done)
		defer stop()
		live.Feed(ctx, in.Input, to)
	})
}

// replace makes a tenant have these inputs: those whose configuration is the same go on.
func (t *tenant) replace(inputs []*input) (stopped, started int) {
	var kept []*input
	for _, old := range t.inputs {
		same := slices.IndexFunc(inputs, func(in *input) bool { return reflect.DeepEqual(in.config, old.config) && in.found == old.found })
		if same >= 0 {
			kept = append(kept, old)
			inputs = slices.Delete(inputs, same, same+1)
			continue
		}
		old.stop()
		<-old.done
		stopped++
	}
	for _, in := range inputs {
		t.start(in)
	}
	t.inputs = append(kept, inputs...)
	return stopped, len(inputs)
}

// checkInputs places the mistakes of inputs' configurations in the document.
func checkInputs(s *site, under string, env source.Env, doc *config.Document) {
	for _, m := range planInputs(s, under) {
		if _, err := m.open(env); err != nil {
			doc.Fail(m.path, "", "%v", err)
		}
	}
}
