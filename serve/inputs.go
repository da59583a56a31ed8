package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
)

// inputEnv is what inputs are given.
func (s *serve) inputEnv() (source.Env, error) {
	zone := time.Local
	if s.settings.Timezone != "" {
		var err error
		if zone, err = query.ParseZone(s.settings.Timezone); err != nil {
			return source.Env{}, err
		}
	}
	return source.Env{Recognise: formats.Recognise, Splitter: formats.Splitter, Zone: zone, Log: s.log, TempDir: os.TempDir()}, nil
}

// makeInputs makes the inputs of a tenant. All mistakes of their configuration are told at once.
func (s *serve) makeInputs(t *tenant) error {
	plan := settings.InputsOf(t.site, "")
	if len(plan) == 0 && t.name == settings.MainTenant {
		local := source.LocalLogs(formats.Recognise)
		t.local = &local
		plan = settings.FoundInputs(t.local)
	}
	env, err := s.inputEnv()
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range plan {
		in, err := m.Open(env)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Path, err))
			continue
		}
		t.inputs = append(t.inputs, &input{Input: in, config: m.Config, found: m.Found})
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
