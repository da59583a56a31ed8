package parse

import (
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// jsonPlan says how an event is made of the values of a record. It is worked out once for all records of equal names.
type jsonPlan struct {
	shape   *event.Shape
	order   []int // place in the event → place in the record; -1 is a value that finish sets; nil: as they come
	times   []timeField
	skip    bool // the record is no event: an action line of Elasticsearch's bulk format
	finish  func(*jsonParser, *jsonPlan, *event.Event)
	web     webFields
	clues   jsonClues
	journal *journalPlan
	audit   *auditDoc
	carrier *carrier // of a line that is a log line of its own; nil for none
	derived derived  // what is worked out from other fields
	maker   [2]int   // the places of observer.vendor and observer.product, if fixed is set
	fixed   *jsonDialect
	flows   bool // the record holds lists of flow tuples
}

// timeField is a place in the event where its time may be.
type timeField struct {
	at    int
	utc   bool // a time without a zone is UTC
	zoned bool // only a time with a zone is meant
}

// layout is the fields of a plan while a dialect arranges them.
type layout struct {
	names  []string
	from   []int
	places map[string]int // name → the first place in names
	format *event.Format
	times  []timeName
	finish func(*jsonParser, *jsonPlan, *event.Event)
	derive *derivation
	maker  *jsonDialect // says who made it; nil where nothing does
}

// timeName is a field that may hold the time of the event, see timeField.
type timeName struct {
	name  string
	utc   bool
	zoned bool
}

// jsonDialect is one way in which a program writes its records.
type jsonDialect struct {
	format *event.Format
	all    []string           // a record has all of these names; one that ends in a dot is a prefix
	any    []string           // and one of these, if there are any
	not    []string           // and none of these
	when   func(*layout) bool // and holds this, if it is set
	times  []string           // where the time is, the best first
	adapt  func(*layout)      // arranges the fields
	derive *derivation        // adds what follows from them; nil for nothing

	vendor, product string // of observer; "" where the format's name says it
}

func newJSONPlan(names []string, shapes *event.Shapes) *jsonPlan {
	l := newLayout(names)
	l.unwrap()
	if l.bulkAction() {
		return &jsonPlan{shape: shapes.Intern(jsonFormat, nil), skip: true}
	}
	l.choose()
	plan := &jsonPlan{shape: shapes.Intern(l.format, l.names), finish: l.finish}
	for k, from := range l.from {
		if k != from || len(l.from) != len(names) {
			plan.order = l.from
		}
	}
	l.index()
	for _, t := range l.times {
		if at, ok := l.places[t.name]; ok {
			plan.times = append(plan.times, timeField{at: at, utc: t.utc, zoned: t.zoned})
		}
	}
	if l.finish != nil {
		plan.web, plan.clues = webFieldsOf(l), newJSONClues(l)
	}
	if l.derive != nil {
		plan.derived = newDerived(l)
	}
	if l.maker != nil {
		plan.fixed = l.maker
		plan.maker = [2]int{l.places["observer.vendor"], l.places["observer.product"]}
	}
	if l.format == journald.format {
		plan.journal = newJournalPlan(l)
	}
	plan.flows = l.flowTuples()
	plan.carrier = newCarrier(l)
	plan.audit = newAuditDoc(newLayout(names), names)
	return plan
}

func newLayout(names []string) *layout {
	l := &layout{names: append([]string(nil), names...), from: make([]int, len(names))}
	for i := range l.from {
		l.from[i] = i
	}
	l.index()
	return l
}

func (l *layout) index() {
	l.places = make(map[string]int, len(l.names))
	for i, n := range l.names {
		if _, ok := l.places[n]; !ok {
			l.places[n] = i
		}
	}
}

// has tells whether there is a field of this name, or one whose name begins so if the name ends in a dot.
func (l *layout) has(name string) bool {
	if !strings.HasSuffix(name, ".") {
		_, ok := l.places[name]
		return ok
	}
	for _, n := range l.names {
		if strings.HasPrefix(n, name) {
			return true
		}
	}
	return false
}

func (l *layout) hasAny(names ...string) bool {
	for _, n := range names {
		if l.has(n) {
			return true
		}
	}
	return false
}

func (l *layout) hasAll(names ...string) bool {
	for _, n := range names {
		if !l.has(n) {
			return false
		}
	}
	return true
}

// rename gives a field another name, unless there is a field of that name.
func (l *layout) rename(from, to string) {
	i, ok := l.places[from]
	if _, taken := l.places[to]; !ok || taken {
		return
	}
	l.names[i] = to
	delete(l.places, from)
	l.places[to] = i
}

// strip takes a prefix off all names that have it.
func (l *layout) strip(prefix string) {
	for i, n := range l.names {
		l.names[i] = strings.TrimPrefix(n, prefix)
	}
	l.index()
}

// drop removes the fields whose names drop holds of.
func (l *layout) drop(drop func(name string) bool) {
	names, from := l.names[:0], l.from[:0]
	for i, n := range l.names {
		if !drop(n) {
			names, from = append(names, n), append(from, l.from[i])
		}
	}
	l.names, l.from = names, from
	l.index()
}

// add appends a field that a finish sets, or, with at, one that has the value of another.
func (l *layout) add(name string, at int) {
	from := -1
	if at >= 0 {
		from = l.from[at]
	}
	if _, taken := l.places[name]; taken {
		return
	}
	l.places[name] = len(l.names)
	l.names, l.from = append(l.names, name), append(l.from, from)
}

func (l *layout) timesOf(names ...string) {
	for _, n := range names {
		l.times = append(l.times, timeName{name: n})
	}
}

// unwrap takes off what search engines and buses wrap around a record.
func (l *layout) unwrap() {
	switch {
	case l.has("_source."):
		l.strip("_source.")
	case l.hasAny("result._time", "result._raw"): // Splunk
		l.strip("result.")
	case l.hasAll("detail.eventSource", "detail.eventName"), // Amazon EventBridge
		l.hasAll("detail-type", "detail.service.serviceName", "detail.type"):
		l.strip("detail.")
	}
}

// bulkAction tells whether the record is an action line of Elasticsearch's bulk format, such as {"index":{"_index":"logs"}}.
func (l *layout) bulkAction() bool {
	if len(l.names) == 0 || len(l.names) > 8 {
		return false
	}
	for _, n := range l.names {
		action, parameter, _ := strings.Cut(n, ".")
		switch action {
		case "index", "create", "update", "delete":
		default:
			return false
		}
		switch parameter {
		case "", "_index", "_id", "_type", "routing", "_routing", "pipeline", "version", "require_alias", "op_type", "dynamic_templates",
			"retry_on_conflict", "version_type", "if_seq_no", "if_primary_term":
		default:
			return false
		}
		if parameter == "" && len(l.names) > 1 {
			return false
		}
	}
	return true
}

// choose finds the dialect and lets it arrange the fields.
func (l *layout) choose() {
	if l.windows() {
		return
	}
	for _, d := range jsonDialects {
		if !l.hasAll(d.all...) || len(d.any) > 0 && !l.hasAny(d.any...) || l.hasAny(d.not...) || d.when != nil && !d.when(l) {
			continue
		}
		l.format = d.format
		if d.adapt != nil {
			d.adapt(l)
		}
		if d.derive != nil {
			l.derived(d.derive)
		}
		if d.vendor != "" && !l.has("observer.") {
			l.maker = d
			l.add("observer.vendor", -1)
			l.add("observer.product", -1)
		}
		l.timesOf(d.times...)
		l.usualTimes()
		return
	}
	l.usualTimes()
	if l.web() {
		return
	}
	l.format = jsonFormat
	if l.hasAny("ecs.version", "event.kind", "event.category", "event.dataset", "agent.type") {
		l.format = ecsFormat
		return
	}
	l.clued()
}

// jsonFormat is any JSON, ecsFormat any that speaks the Elastic Common Schema.
var (
	jsonFormat = &event.Format{Name: "json", ECS: map[string][]string{
		"host.name": {"hostname", "host", "Hostname", "computer", "Computer", "device", "server"},
		"user.name": {
			"username", "userName", "user_name", "user.username", "user.userName", "user.email", "actor.email", "actor.email_address", "actor.username",
			"actor.name", "user", "account", "actor", "login", "UserId", "user_email", "email", "principal",
		},
		"source.ip":           {"src_ip", "source_ip", "client_ip", "clientip", "remote_addr", "remoteAddr", "remote_ip", "ip", "ip_address", "ipAddress", "sourceIPAddress", "ClientIP", "src", "remoteip", "remoteIp", "client_addr", "clientAddr", "clientAddress", "clientIPAddress", "actor.ip_address", "actor.ipAddress", "context.ip", "user.ip", "request.ip", "rhost", "client"},
		"source.port":         {"src_port", "source_port", "remote_port", "sport"},
		"destination.ip":      {"dest_ip", "dst_ip", "destination_ip", "dst", "server_ip"},
		"destination.port":    {"dest_port", "dst_port", "destination_port", "dport"},
		"process.name":        {"process", "program", "comm", "app", "logger"},
		"process.pid":         {"pid", "ProcessID"},
		"event.action":        {"action", "event", "operation", "eventName", "eventType", "event_type"},
		"event.outcome":       {"outcome", "result", "status"},
		"message":             {"msg", "Message", "log", "short_message", "full_message", "text", "MESSAGE"},
		"user_agent.original": {"user_agent", "userAgent", "http_user_agent", "UserAgent"},
		"url.path":            {"path", "uri", "url"},
		"dns.question.name":   {"query", "qname", "domain"},
		"log.level":           {"level", "severity", "levelname"},
	}}
	ecsFormat = &event.Format{Name: "ecs", ECS: map[string][]string{
		"host.name":                   {"host.hostname", "agent.hostname", "beat.hostname", "agent.name"},
		"user.name":                   {"user.id", "source.user.name", "client.user.name"},
		"source.ip":                   {"client.ip", "source.address", "related.ip"},
		"destination.ip":              {"server.ip", "destination.address"},
		"process.executable":          {"process.name"},
		"process.command_line":        {"process.args", "process.title"},
		"dns.question.name":           {"dns.question.registered_domain"},
		"url.path":                    {"url.original", "url.full"},
		"Image":                       {"process.executable"},
		"CommandLine":                 {"process.command_line", "process.args"},
		"ParentImage":                 {"process.parent.executable"},
		"ParentCommandLine":           {"process.parent.command_line"},
		"User":                        {"user.name"},
		"CurrentDirectory":            {"process.working_directory"},
		"TargetFilename":              {"file.path"},
		"DestinationIp":               {"destination.ip"},
		"DestinationPort":             {"destination.port"},
		"DestinationHostname":         {"destination.domain"},
		"QueryName":                   {"dns.question.name"},
		"query":                       {"dns.question.name"},
		"c-uri":                       {"url.original", "url.full", "url.path"},
		"cs-uri":                      {"url.original", "url.path"},
		"cs-uri-stem":                 {"url.path"},
		"cs-uri-query":                {"url.query"},
		"cs-method":                   {"http.request.method"},
		"sc-status":                   {"http.response.status_code"},
		"cs-user-agent":               {"user_agent.original"},
		"c-useragent":                 {"user_agent.original"},
		"cs-referer":                  {"http.request.referrer"},
		"cs-host":                     {"url.domain", "destination.domain"},
		"c-ip":                        {"source.ip", "client.ip", "source.address"},
		"src_ip":                      {"source.ip"},
		"dst_ip":                      {"destination.ip"},
		"dst_port":                    {"destination.port"},
		"src_port":                    {"source.port"},
		"process.parent.command_line": {"process.parent.args"},
	}}
)

// usualTimes are where programs put the time, the best first.
func (l *layout) usualTimes() {
	l.timesOf("@timestamp", "timestamp", "Timestamp", "time", "eventTime", "EventTime", "event_time", "eventTimestamp", "event.created",
		"TimeGenerated", "TimeCreated", "time_generated", "ts", "datetime", "dateTime", "DateTime", "date", "Date",
		"created_at", "createdAt", "createdDateTime", "created", "CreationTime", "published", "occurred_at", "occurredAt", "activityDateTime",
		"time_iso8601", "time_local", "msec", "asctime", "isotimestamp", "log_time", "logtime", "LogTime", "timeStamp", "time_stamp",
		"start_time", "startTime", "StartTime", "StartUTC", "start", "_time", "_timestamp", "@t", "t", "when", "utc_time", "unixTime", "unixtime",
		"requestTime", "request_time", "event_timestamp", "receivedAt", "received_at", "receiveTimestamp", "ingestTime", "id.time",
		"Time", "TIMESTAMP", "EdgeStartTimestamp", "EdgeEndTimestamp", "Datetime", "timestamp.epochSecond", "metadata.timestamp", "event.timestamp", "source.timestamp")
	l.timesOf(carriedTimes...)
}

// timeOf is time for the values of a record, which are in another order than those of its event.
func (plan *jsonPlan) timeOf(record []event.Value, zone *time.Location) int64 {
	for _, t := range plan.times {
		at := t.at
		if plan.order != nil {
			at = plan.order[at]
		}
		if at >= 0 {
			if ns := t.read(record[at], zone); ns != 0 {
				return ns
			}
		}
	}
	return 0
}

// minEpoch is the least count since 1970 that is believed to be one: numbers under a time's name are often durations.
const minEpoch = 100_000_000 * second

// time reads the time of an event.
func (plan *jsonPlan) time(values []event.Value, zone *time.Location) int64 {
	for _, t := range plan.times {
		if ns := t.read(values[t.at], zone); ns != 0 {
			return ns
		}
	}
	return 0
}

// read reads the time that a field holds, 0 where it holds none.
func (t *timeField) read(v event.Value, zone *time.Location) int64 {
	ns, ok := int64(0), false
	switch v.Kind {
	case event.Text:
		if t.utc {
			zone = nil
		}
		if t.zoned && !statesZone(v.Raw) {
			return 0
		}
		ns, ok = parseTime(v.Raw, zone)
	case event.Number:
		ns, ok = parseEpoch(v.Raw)
	case event.Escaped: // .NET's "\/Date(…)\/"
		if len(v.Raw) <= 64 {
			ns, ok = parseTime(v.String(), zone)
		}
	}
	if !ok || ns < minEpoch {
		return 0
	}
	return ns
}

// statesZone tells whether a time in the style of RFC 3339 ends in a zone.
func statesZone(s string) bool {
	if len(s) < 20 {
		return false
	}
	if s[len(s)-1]|0x20 == 'z' {
		return true
	}
	return strings.LastIndexByte(s, '+') > 18 || strings.LastIndexByte(s, '-') > 18
}
