package main

import (
	"fmt"

	"github.com/tocsin-sec/tocsin/config"
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

// checkInputs places the mistakes of inputs' configurations in the document.
func checkInputs(s *site, under string, env source.Env, doc *config.Document) {
	for _, m := range planInputs(s, under) {
		if _, err := m.open(env); err != nil {
			doc.Fail(m.path, "", "%v", err)
		}
	}
}
