package source

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/easyproto"

	"github.com/tocsin-sec/tocsin/event"
)

// otlp is the logs of OpenTelemetry over HTTP, as protobuf and as JSON. Source: OTLP specification 1.7, "OTLP/HTTP";
// opentelemetry-proto, logs.proto, common.proto, resource.proto and logs_service.proto.
var otlp = protocol{prefix: "/v1/logs", take: takeOTLP, refuse: refuseOTLP}

const protobufType = "application/x-protobuf"

// otlpJSON tells whether a request is in JSON, which its answer then is too.
func (a *arrival) otlpJSON() bool {
	kind, _, _ := mime.ParseMediaType(a.r.Header.Get("Content-Type"))
	return kind == "application/json"
}

// refuseOTLP answers with a google.rpc.Status.
func refuseOTLP(a *arrival, no *refusal) {
	a.retryAfter(no)
	code := int32(3) // INVALID_ARGUMENT
	switch {
	case no.status == http.StatusUnauthorized:
		code = 16
	case no.status == http.StatusForbidden:
		code = 7
	case no.after > 0:
		code = 14
	}
	if a.otlpJSON() {
		a.answer(no.status, fmt.Appendf(nil, `{"code":%d,"message":%s}`, code, event.AppendQuoted(nil, no.reason)))
		return
	}
	var m easyproto.Marshaler
	root := m.MessageMarshaler()
	root.AppendInt32(1, code)
	root.AppendString(2, no.reason)
	a.w.Header().Set("Content-Type", protobufType)
	a.answer(no.status, m.Marshal(nil))
}

func takeOTLP(a *arrival) {
	kind, _, _ := mime.ParseMediaType(a.r.Header.Get("Content-Type"))
	switch {
	case a.path != "/v1/logs":
		refuseOTLP(a, &refusal{status: http.StatusNotFound, reason: "logs are posted to /v1/logs"})
		return
	case a.r.Method != http.MethodPost:
		refuseOTLP(a, &refusal{status: http.StatusMethodNotAllowed, reason: "logs are posted"})
		return
	case kind != protobufType && kind != "application/json":
		refuseOTLP(a, &refusal{status: http.StatusUnsupportedMediaType, reason: "the content type is " + protobufType + " or application/json"})
		return
	}
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	logs := otlpLogs{doc: a.newJSONDocs(len(data))}
	if kind == protobufType {
		err = logs.protobuf(data)
	} else {
		err = logs.json(data)
	}
	if err != nil {
		a.fail(&refusal{status: http.StatusBadRequest, reason: err.Error(), told: "logs in OTLP that cannot be read"})
		return
	}
	blocks, err := a.docBlocks(&logs.doc)
	if err == nil {
		_, err = a.deliver(blocks)
	}
	if err != nil {
		a.fail(err)
		return
	}
	if logs.lost > 0 {
		a.tell(NoticeUnreadable, a.sender, otlpLost, logs.lost)
	}
	a.otlpAnswer(logs.lost)
}

// otlpLost is why records are rejected.
const otlpLost = "log records that are empty, larger than 16 MiB or nested too deep"

// otlpAnswer is the ExportLogsServiceResponse.
func (a *arrival) otlpAnswer(lost int64) {
	if a.otlpJSON() {
		answer := []byte(`{}`)
		if lost > 0 {
			answer = fmt.Appendf(nil, `{"partialSuccess":{"rejectedLogRecords":"%d","errorMessage":%q}}`, lost, otlpLost)
		}
		a.answer(http.StatusOK, answer)
		return
	}
	var m easyproto.Marshaler
	if root := m.MessageMarshaler(); lost > 0 {
		partial := root.AppendMessage(1)
		partial.AppendInt64(1, lost)
		partial.AppendString(2, otlpLost)
	}
	a.w.Header().Set("Content-Type", protobufType)
	a.answer(http.StatusOK, m.Marshal(nil))
}

// otlpLogs makes documents of log records. The names of a document: @timestamp, message (a body that is a text; the
// members of one that is a map stand by themselves), log.level, severity_number, trace.id, span.id, event.name, the
// attributes of the record, of its scope and of its resource under their own names, scope.name and scope.version.
type otlpLogs struct {
	doc  jsonDocs
	lost int64 // records of which no document was made
}

// close ends a document, or takes it back where it does not fit.
func (l *otlpLogs) close(fits bool) {
	if !fits {
		l.doc.undo()
		l.lost++
	} else if !l.doc.end() {
		l.lost++
	}
}

// otlpDepth bounds how deep values of attributes may be nested.
const otlpDepth = 32

// otlpRecord is what a log record says, but for its attributes.
type otlpRecord struct {
	time, observed uint64 // nanoseconds since 1970
	severity       int64
	level          string
	trace, span    string // hexadecimal
	name           string
	body           []byte // an AnyValue; nil where there is none
}

// head writes all but the body.
func (r *otlpRecord) head(d *jsonDocs) {
	if r.time == 0 {
		r.time = r.observed
	}
	if r.time > 0 && r.time < 1<<63 && d.name("@timestamp") {
		d.dst = append(d.dst, '"')
		d.dst = time.Unix(0, int64(r.time)).UTC().AppendFormat(d.dst, time.RFC3339Nano)
		d.dst = append(d.dst, '"')
	}
	d.text("log.level", r.level)
	if r.severity > 0 && d.name("severity_number") {
		d.dst = fmt.Appendf(d.dst, "%d", r.severity)
	}
	d.text("trace.id", r.trace)
	d.text("span.id", r.span)
	d.text("event.name", r.name)
}

// appendNumber appends a floating-point number; those that JSON has no words for become texts.
func appendNumber(dst []byte, f float64) []byte {
	if text, err := json.Marshal(f); err == nil {
		return append(dst, text...)
	}
	return event.AppendQuoted(dst, fmt.Sprint(f))
}
