package parse

import "github.com/tocsin-sec/tocsin/event"

// tocsinOwn is what `tocsin serve` says of itself: inputs that lose something or break, sources that fall silent. See
// source.Notice.
var tocsinOwn = jsonDialect{
	format: &event.Format{
		Name:      "tocsin",
		LogSource: event.LogSource{Product: "tocsin", Service: "serve"},
		ECS: map[string][]string{
			"source.ip": {"log.source.address"},
			"host.name": {"log.source.address"},
		},
	},
	all:   []string{"@timestamp", "event.module", "event.action", "message"},
	any:   []string{"tocsin.input", "tocsin.stream", "tocsin.count", "tocsin.version"},
	times: []string{"@timestamp"},
}

// tocsinConsole is what `tocsin serve` says of who comes in: log-ins, refusals, changes of users. See identity.Notice.
var tocsinConsole = jsonDialect{
	format: &event.Format{
		Name:      "tocsin.console",
		LogSource: event.LogSource{Product: "tocsin", Service: "console"},
	},
	all:   []string{"@timestamp", "event.module", "event.dataset", "event.category", "event.action", "event.outcome", "tocsin.actor", "message"},
	times: []string{"@timestamp"},
}
