package source

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/VictoriaMetrics/easyproto"
)

// exportLogs makes an ExportLogsServiceRequest of one resource and scope, with a record for each text.
func exportLogs(texts []string) []byte {
	var m easyproto.Marshaler
	root := m.MessageMarshaler()
	resource := root.AppendMessage(1)
	about := resource.AppendMessage(1)
	attribute(about, 1, "host.name", "gate")
	attribute(about, 1, "service.name", "sshd")
	scope := resource.AppendMessage(2)
	library := scope.AppendMessage(1)
	library.AppendString(1, "filelog")
	library.AppendString(2, "0.1")
	for _, text := range texts {
		record := scope.AppendMessage(2)
		record.AppendFixed64(1, 1709456364120000000)
		record.AppendInt32(2, 9)
		record.AppendString(3, "INFO")
		body := record.AppendMessage(5)
		body.AppendString(1, text)
		attribute(record, 6, "log.file.path", "/var/log/auth.log")
		trace, _ := hex.DecodeString("5b8efff798038103d269b633813fc60c")
		record.AppendBytes(9, trace)
		record.AppendBytes(10, trace[:8])
	}
	return m.Marshal(nil)
}

func attribute(to *easyproto.MessageMarshaler, field uint32, key, value string) {
	kv := to.AppendMessage(field)
	kv.AppendString(1, key)
	v := kv.AppendMessage(2)
	v.AppendString(1, value)
}

var otlpConformer = conformer{
	name: "http otlp", waits: true, answers: true,
	open: httpRoadOf("/v1/logs", protobufType, exportLogs),
}

// otlpWanted is what becomes of exportLogs([]string{"one"}) and of the same in JSON.
const otlpWanted = `{"message":"one","@timestamp":"2024-03-03T08:59:24.12Z","log.level":"INFO","severity_number":9,` +
	`"trace.id":"5b8efff798038103d269b633813fc60c","span.id":"5b8efff798038103","log.file.path":"/var/log/auth.log",` +
	`"scope.name":"filelog","scope.version":"0.1","host.name":"gate","service.name":"sshd"}` + "\n"

func newOTLPLogs() *otlpLogs {
	a := &arrival{h: &HTTP{maxBody: 1 << 20}}
	return &otlpLogs{doc: a.newJSONDocs(0)}
}

func TestOTLPProtobuf(t *testing.T) {
	l := newOTLPLogs()
	if err := l.protobuf(exportLogs([]string{"one"})); err != nil {
		t.Fatal(err)
	}
	if got := string(l.doc.dst); got != otlpWanted {
		t.Errorf("got  %swant %s", got, otlpWanted)
	}
}

func TestOTLPJSON(t *testing.T) {
	const request = `{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"gate"}},{"key":"service.name","value":{"stringValue":"sshd"}}]},
"scopeLogs":[{"scope":{"name":"filelog","version":"0.1"},"logRecords":[{"timeUnixNano":"1709456364120000000","severityNumber":9,"severityText":"INFO",
"body":{"stringValue":"one"},"attributes":[{"key":"log.file.path","value":{"stringValue":"/var/log/auth.log"}}],
"traceId":"5b8efff798038103d269b633813fc60c","spanId":"5b8efff798038103"}]}]}]}`
	l := newOTLPLogs()
	if err := l.json([]byte(request)); err != nil {
		t.Fatal(err)
	}
	if got := string(l.doc.dst); got != otlpWanted {
		t.Errorf("got  %swant %s", got, otlpWanted)
	}
}

func TestOTLPValues(t *testing.T) {
	// A body that is a map, an attribute of the same name as a member of it, and one of every type, in both encodings.
	const want = `{"user":{"name":"anna","roots":[true,-7,1.5,null]},"raw":"AAE=","level":3}` + "\n"
	const text = `{"resource_logs":[{"scope_logs":[{"log_records":[{"body":{"kvlist_value":{"values":[
{"key":"user","value":{"kvlistValue":{"values":[{"key":"name","value":{"stringValue":"anna"}},{"key":"roots","value":{"arrayValue":{"values":[
{"boolValue":true},{"intValue":"-7"},{"doubleValue":1.5},{}]}}}]}}}]}},
"attributes":[{"key":"user","value":{"stringValue":"not this one"}},{"key":"raw","value":{"bytesValue":"AAE="}},{"key":"level","value":{"intValue":3}}]}]}]}]}`
	l := newOTLPLogs()
	if err := l.json([]byte(text)); err != nil || string(l.doc.dst) != want {
		t.Errorf("json: %v, got  %swant %s", err, l.doc.dst, want)
	}
	var m easyproto.Marshaler
	record := m.MessageMarshaler().AppendMessage(1).AppendMessage(2).AppendMessage(2)
	pair := func(to *easyproto.MessageMarshaler, field uint32, key string) *easyproto.MessageMarshaler {
		kv := to.AppendMessage(field)
		kv.AppendString(1, key)
		return kv.AppendMessage(2)
	}
	user := pair(record.AppendMessage(5).AppendMessage(6), 1, "user").AppendMessage(6)
	pair(user, 1, "name").AppendString(1, "anna")
	roots := pair(user, 1, "roots").AppendMessage(5)
	roots.AppendMessage(1).AppendBool(2, true)
	roots.AppendMessage(1).AppendInt64(3, -7)
	roots.AppendMessage(1).AppendDouble(4, 1.5)
	roots.AppendMessage(1)
	pair(record, 6, "user").AppendString(1, "not this one")
	pair(record, 6, "raw").AppendBytes(7, []byte{0, 1})
	pair(record, 6, "level").AppendInt64(3, 3)
	l = newOTLPLogs()
	if err := l.protobuf(m.Marshal(nil)); err != nil || string(l.doc.dst) != want {
		t.Errorf("protobuf: %v, got  %swant %s", err, l.doc.dst, want)
	}
}

func TestOTLPHostile(t *testing.T) {
	deep := []byte{}
	for range 100_000 { // an AnyValue in an ArrayValue in an AnyValue …
		var m easyproto.Marshaler
		if len(deep) > 1<<16 {
			break
		}
		m.MessageMarshaler().AppendMessage(5).AppendBytes(1, deep)
		deep = m.Marshal(nil)
	}
	var m easyproto.Marshaler
	m.MessageMarshaler().AppendMessage(1).AppendMessage(2).AppendMessage(2).AppendBytes(5, deep)
	l := newOTLPLogs()
	if err := l.protobuf(m.Marshal(nil)); err != nil || l.lost != 1 || len(l.doc.dst) != 0 {
		t.Errorf("deep: %v, %d lost, %d bytes", err, l.lost, len(l.doc.dst))
	}
	// Much is said about many records.
	m.Reset()
	resource := m.MessageMarshaler().AppendMessage(1)
	attribute(resource.AppendMessage(1), 1, "big", fmt.Sprintf("%0100000d", 7))
	scope := resource.AppendMessage(2)
	for range 100_000 {
		scope.AppendMessage(2).AppendMessage(5).AppendString(1, "x")
	}
	l = newOTLPLogs()
	if err := l.protobuf(m.Marshal(nil)); err != nil || !l.doc.full() || len(l.doc.dst) > 2<<20 {
		t.Errorf("wide: %v, %d bytes", err, len(l.doc.dst))
	}
}

func FuzzOTLP(f *testing.F) {
	f.Add(exportLogs([]string{"one", "two"}))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func(*otlpLogs) error{
			func(l *otlpLogs) error { return l.protobuf(data) },
			func(l *otlpLogs) error { return l.json(data) },
		} {
			l := newOTLPLogs()
			if read(l) == nil && !l.doc.full() {
				checkDocuments(t, l.doc.dst)
			}
		}
	})
}
