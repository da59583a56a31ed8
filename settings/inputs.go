package settings

import (
	"fmt"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/source"
)

// Input is an input that is to be, and where its configuration stands.
type Input struct {
	Config any
	Found  bool   // on this machine, not configured
	Path   string // in the document
	Open   func(source.Env) (source.Input, error)
}

// add appends the inputs of one kind.
func add[C any, I source.Input](list []Input, path string, configs []C, open func(C, source.Env) (I, error)) []Input {
	for i, c := range configs {
		list = append(list, Input{Config: c, Path: fmt.Sprintf("%s[%d]", path, i), Open: func(env source.Env) (source.Input, error) {
			in, err := open(c, env)
			if err != nil {
				return nil, err
			}
			return in, nil
		}})
	}
	return list
}

// InputsOf lists the inputs that a site has; where its configuration names none, those of this machine.
func InputsOf(s *Site, under string) []Input {
	in := &s.Inputs
	var list []Input
	list = add(list, under+"inputs.files", in.Files, source.NewFollower)
	list = add(list, under+"inputs.journal", in.Journal, source.NewJournal)
	list = add(list, under+"inputs.syslog", in.Syslog, source.NewSyslog)
	list = add(list, under+"inputs.http", in.HTTP, source.NewHTTP)
	list = add(list, under+"inputs.kafka", in.Kafka, source.NewKafka)
	return add(list, under+"inputs.netflow", in.NetFlow, source.NewNetflow)
}

// FoundInputs lists what there is without a configuration: the logs of this machine, and intakes on its loopback.
func FoundInputs(local *source.Local) []Input {
	var list []Input
	if local.Journal != nil {
		list = add(list, "", []source.JournalConfig{*local.Journal}, source.NewJournal)
	}
	if local.Files != nil {
		list = add(list, "", []source.FilesConfig{*local.Files}, source.NewFollower)
	}
	for i := range list {
		list[i].Found = true
	}
	list = add(list, "", []source.SyslogConfig{{Listen: "udp://127.0.0.1:5514"}, {Listen: "tcp://127.0.0.1:5514"}}, source.NewSyslog)
	return add(list, "", []source.HTTPConfig{{Listen: "127.0.0.1:8627"}}, source.NewHTTP)
}

// checkInputs places the mistakes of inputs' configurations in the document.
func checkInputs(s *Site, under string, env source.Env, doc *config.Document) {
	for _, m := range InputsOf(s, under) {
		if _, err := m.Open(env); err != nil {
			doc.Fail(m.Path, "", "%v", err)
		}
	}
}
