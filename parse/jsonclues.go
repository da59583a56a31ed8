package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Programs that write JSON often put who and from where into the text of the message only. Where no field of a record
// has the address or the account, they are looked for there, as in any text.

// jsonClues are the places of what is worked out from others; -1 where there is none.
type jsonClues struct {
	message, ip, port, user, native, action, category, outcome int
	remote, status                                             int // an address with its port, and how it went, that a field states
	forwarded                                                  int // a list of the addresses that a request came by, the client's first
}

// clued adds the fields that clues fill to a layout whose message is text.
func (l *layout) clued() bool {
	if !l.hasAny("message", "msg", "Message", "log", "text") || l.finish != nil {
		return false
	}
	for _, name := range [...]string{"source.ip", "event.outcome", "event.action", "event.category"} {
		if !l.has(name) && !l.hasAny(jsonFormat.ECS[name]...) {
			l.add(name, -1)
		}
	}
	if !l.has("source.port") && l.has("source.ip") && l.from[l.places["source.ip"]] < 0 {
		l.add("source.port", -1)
	}
	if !l.has("user.name") {
		l.add("user.name", -1)
	}
	l.finish = finishClues
	return true
}

func newJSONClues(l *layout) jsonClues {
	made := func(name string) int {
		if i, ok := l.places[name]; ok && l.from[i] < 0 {
			return i
		}
		return -1
	}
	first := func(names ...string) int {
		for _, n := range names {
			if i, ok := l.places[n]; ok {
				return i
			}
		}
		return -1
	}
	return jsonClues{
		message: first("message", "msg", "Message", "log", "text"), native: first(jsonFormat.ECS["user.name"]...),
		ip: made("source.ip"), port: made("source.port"), user: made("user.name"), action: made("event.action"), category: made("event.category"), outcome: made("event.outcome"),
		remote:    first("attr.remote", "attr.client", "Authentication.remoteAddress", "Authorization.remoteAddress"),
		status:    first("Authentication.status", "attr.error", "attr.result"),
		forwarded: first("request_ip", "x_forwarded_for", "x-forwarded-for", "X-Forwarded-For", "forwarded_for"),
	}
}

// finishClues fills what the record itself does not say.
func finishClues(p *jsonParser, plan *jsonPlan, e *event.Event) {
	c, v := &plan.clues, e.Values
	if c.user >= 0 && c.native >= 0 {
		v[c.user] = v[c.native]
	}
	if c.ip >= 0 && c.forwarded >= 0 && v[c.forwarded].Kind == event.Text {
		client, _, _ := strings.Cut(v[c.forwarded].Raw, ",")
		v[c.ip], _ = addressValues(trimSpace(client))
	}
	m := v[c.message]
	if m.Kind != event.Text && m.Kind != event.Escaped {
		return
	}
	found := p.said.values[:len(clueNames)]
	if !readClues(m.Raw, found) {
		return
	}
	for i := range found {
		if found[i].Kind == event.Text {
			found[i].Kind = m.Kind
		}
	}
	set := func(at, clue int) {
		if at >= 0 && found[clue].Kind != event.Missing {
			v[at] = found[clue]
		}
	}
	set(c.ip, clueSource)
	set(c.port, cluePort)
	set(c.action, clueAction)
	set(c.category, clueCategory)
	set(c.outcome, clueOutcome)
	if c.user >= 0 && (v[c.user].Raw == "" || v[c.user].Raw == "-" || v[c.user].Raw == "--") {
		set(c.user, clueUser)
	}
}

// finishRemote splits the address and the port that a field states in one, and tells the outcome by a status.
func finishRemote(_ *jsonParser, plan *jsonPlan, e *event.Event) {
	c, v := &plan.clues, e.Values
	if c.remote >= 0 && c.ip >= 0 && v[c.remote].Kind == event.Text {
		host, port := splitEndpoint(v[c.remote].Raw)
		if ip, _ := addressValues(host); ip.Kind != event.Missing {
			v[c.ip] = ip
			if c.port >= 0 {
				v[c.port] = numberValue(port)
			}
		}
	}
	if c.outcome < 0 {
		return
	}
	if c.status >= 0 && strings.HasPrefix(v[c.status].Raw, "NT_STATUS_") {
		v[c.outcome] = textValue(failure)
		if v[c.status].Raw == "NT_STATUS_OK" {
			v[c.outcome] = textValue(success)
		}
		return
	}
	if c.message >= 0 {
		var w clueWords
		w.read(v[c.message].Raw)
		switch {
		case w.failure:
			v[c.outcome] = textValue(failure)
		case w.success:
			v[c.outcome] = textValue(success)
		}
	}
}

var (
	// mongoDB is the server's log since version 4.4. Source: MongoDB Manual, "Log Messages".
	mongoDB = jsonDialect{
		format: &event.Format{
			Name:      "mongodb",
			LogSource: event.LogSource{Product: "mongodb"},
			ECS: map[string][]string{
				"event.action": {"msg"}, "message": {"msg"}, "event.code": {"id"}, "log.level": {"s"}, "event.reason": {"attr.error"},
				"user.name": {"attr.principalName", "attr.user", "attr.authenticationRestrictions.user"}, "database.name": {"attr.authenticationDatabase", "attr.ns"},
				"event.category": {"c"},
			},
		},
		all:   []string{"c", "ctx", "msg", "s"},
		any:   []string{"t.$date", "t.", "t"},
		times: []string{"t.$date"},
		adapt: func(l *layout) {
			for _, n := range [...]string{"source.ip", "source.port", "event.outcome"} {
				l.add(n, -1)
			}
			l.finish = finishRemote
		},
	}
	// sambaJSON is Samba's audit classes with "json" in their names. Source: Samba wiki, "Setting up Audit Logging".
	sambaJSON = jsonDialect{
		format: &event.Format{
			Name:      "samba",
			LogSource: event.LogSource{Product: "linux", Service: "syslog"},
			ECS: map[string][]string{
				"event.action": {"type"}, "event.reason": {"Authentication.status"}, "host.name": {"Authentication.workstation"},
				"user.name": {"Authentication.clientAccount", "Authentication.mappedAccount", "Authorization.account"},
			},
		},
		all:   []string{"timestamp", "type"},
		any:   []string{"Authentication.remoteAddress", "Authorization.remoteAddress"},
		times: []string{"timestamp"},
		adapt: func(l *layout) {
			for _, n := range [...]string{"source.ip", "source.port", "event.outcome"} {
				l.add(n, -1)
			}
			l.finish = finishRemote
		},
	}
	// nextcloud is the log file of Nextcloud and ownCloud. Source: Nextcloud administration manual, "Logging configuration".
	nextcloud = jsonDialect{
		format: &event.Format{Name: "nextcloud", ECS: jsonFormat.ECS},
		all:    []string{"reqId", "remoteAddr", "message", "app"},
		times:  []string{"time"},
		adapt:  func(l *layout) { l.clued() },
	}
)
