package source

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// hec is Splunk's HTTP event collector. Source: Splunk Enterprise 9, "HTTP Event Collector REST API endpoints",
// "Format events for HTTP Event Collector", "About HTTP Event Collector Indexer Acknowledgment" and "Troubleshoot HTTP
// Event Collector" (the codes).
var hec = protocol{
	prefix: hecPrefix,
	open:   func(path, method string) bool { return method == http.MethodGet && strings.Contains(path, "/health") },
	take:   takeHEC,
	refuse: refuseHEC,
}

// hecPrefix is what all its paths begin with.
const hecPrefix = "/services/collector"

// The codes of the collector's answers.
const (
	hecSuccess   = 0
	hecNoToken   = 2
	hecBadToken  = 4
	hecNoData    = 5
	hecBadFormat = 6
	hecFailed    = 8
	hecBusy      = 9
	hecNoChannel = 10
	hecNoEvent   = 12
	hecBlank     = 13
	hecHealthy   = 17
)

var hecTexts = map[int]string{
	hecNoToken: "Token is required", hecBadToken: "Invalid token", hecNoData: "No data", hecBadFormat: "Invalid data format",
	hecFailed: "Internal server error", hecBusy: "Server is busy", hecNoChannel: "Data channel is missing",
	hecNoEvent: "Event field is required", hecBlank: "Event field cannot be blank", hecHealthy: "HEC is healthy",
}

// hecError answers with a code; number is that of the event at fault, less than 0 for none.
func (a *arrival) hecError(status, code, number int) {
	answer := fmt.Appendf(nil, `{"text":%q,"code":%d`, hecTexts[code], code)
	if number >= 0 {
		answer = fmt.Appendf(answer, `,"invalid-event-number":%d`, number)
	}
	a.answer(status, append(answer, '}'))
}

func refuseHEC(a *arrival, no *refusal) {
	a.retryAfter(no)
	switch {
	case no.status == http.StatusUnauthorized && no.wrong:
		a.hecError(http.StatusForbidden, hecBadToken, -1)
	case no.status == http.StatusUnauthorized:
		a.hecError(no.status, hecNoToken, -1)
	case no.after > 0:
		a.hecError(http.StatusServiceUnavailable, hecBusy, -1)
	default:
		a.answer(no.status, fmt.Appendf(nil, `{"text":%s,"code":%d}`, event.AppendQuoted(nil, no.reason), hecBadFormat))
	}
}

func takeHEC(a *arrival) {
	path := strings.TrimSuffix(strings.TrimPrefix(a.path, hecPrefix), "/1.0")
	if path == "/health" {
		a.hecError(http.StatusOK, hecHealthy, -1)
		return
	}
	if a.r.Method != http.MethodPost && a.r.Method != http.MethodPut {
		refuseHEC(a, &refusal{status: http.StatusMethodNotAllowed, reason: "events are posted"})
		return
	}
	channel := cmp.Or(a.r.Header.Get("X-Splunk-Request-Channel"), a.r.URL.Query().Get("channel"))
	if len(channel) > 128 {
		channel = channel[:128]
	}
	switch path {
	case "/ack":
		a.hecAcks(channel)
	case "/raw":
		a.hecRaw(channel)
	case "", "/event":
		a.hecEvents(channel)
	default:
		refuseHEC(a, &refusal{status: http.StatusNotFound, reason: "the collector has event, raw, ack and health"})
	}
}

// hecEvents takes JSON events, one after another.
func (a *arrival) hecEvents(channel string) {
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	docs := a.newJSONDocs(len(data))
	code, number := hecDocuments(&docs, data)
	if len(docs.dst) == 0 && code == hecSuccess {
		code = hecNoData
	}
	if code != hecSuccess {
		a.tell(NoticeUnreadable, a.sender, "events that are no JSON, or lack the event: "+hecTexts[code], 1)
	}
	if len(docs.dst) == 0 {
		a.hecError(http.StatusBadRequest, code, number)
		return
	}
	blocks, err := a.docBlocks(&docs)
	if err != nil {
		a.fail(err)
		return
	}
	a.hecDeliver(blocks, channel, code, number)
}

// hecDeliver sends blocks. With a channel the answer is a number, by which the client will ask whether they are durable.
func (a *arrival) hecDeliver(blocks []event.Block, channel string, code, number int) {
	id := uint64(0)
	if channel == "" {
		if _, err := a.deliver(blocks); err != nil {
			a.fail(err)
			return
		}
	} else {
		acks := a.h.acks.channel(a.name + "/" + channel)
		id = acks.begin()
		p := a.send(blocks, func(errs []error) {
			acks.end(id, !slices.ContainsFunc(errs, func(err error) bool { return err != nil }))
		})
		select {
		case <-p.all:
			for _, err := range p.errs {
				if err != nil {
					a.fail(err)
					return
				}
			}
		default:
		}
	}
	switch {
	case code != hecSuccess:
		a.hecError(http.StatusBadRequest, code, number)
	case channel != "":
		a.answer(http.StatusOK, fmt.Appendf(nil, `{"text":"Success","code":0,"ackId":%d}`, id))
	default:
		a.answer(http.StatusOK, []byte(`{"text":"Success","code":0}`))
	}
}

// hecDocuments turns events into documents, a line each. Those that can be read are taken; code and number say what is
// wrong with the first that cannot, and reading ends where the text is no JSON.
func hecDocuments(docs *jsonDocs, data []byte) (code, number int) {
	number = -1
	fail := func(n, c int) {
		if code == hecSuccess {
			code, number = c, n
		}
	}
	array := false
	for i, n := jsonBlank(data, 0), 0; i < len(data); i = jsonBlank(data, i) {
		switch c := data[i]; {
		case c == '[' && n == 0 && !array, c == ',' && array, c == ']' && array:
			array = true
			i++
			continue
		}
		end := -1
		if data[i] == '{' {
			end = objectEnd(data, i+1, 0)
		}
		if end < 0 {
			fail(n, hecBadFormat)
			break
		}
		if c := appendHEC(docs, data[i:end]); c != hecSuccess {
			fail(n, c)
		}
		i = end
		n++
	}
	return code, number
}

// hecEvent is one event as it is sent.
type hecEvent struct {
	event, time, fields []byte
	said                [4][]byte // hecNames
}

var hecNames = [...]string{"host", "source", "sourcetype", "index"}

// appendHEC appends the document of one event: the members of the event itself, or its text as message, and those that
// its sender says about it under the names that Splunk has for them, unless the event has one of that name.
func appendHEC(docs *jsonDocs, object []byte) int {
	var e hecEvent
	members(object, func(name, value []byte) bool {
		switch string(name) {
		case "event":
			e.event = value
		case "time":
			e.time = value
		case "fields":
			e.fields = value
		default:
			if i := slices.Index(hecNames[:], string(name)); i >= 0 {
				e.said[i] = value
			}
		}
		return true
	})
	switch {
	case e.event == nil || string(e.event) == "null":
		return hecNoEvent
	case string(e.event) == `""`:
		return hecBlank
	case e.event[0] == '{':
		docs.beginAs(e.event)
	default:
		docs.begin()
		docs.name("message")
		if e.event[0] == '"' {
			docs.dst = append(docs.dst, e.event...)
		} else {
			docs.dst = event.AppendQuoted(docs.dst, string(e.event))
		}
	}
	if t := bytes.Trim(e.time, `" `); len(t) > 0 && t[0]-'0' <= 9 && numberEnd(t, 0) == len(t) && docs.name("time") {
		docs.dst = append(docs.dst, t...)
	}
	for i, value := range e.said {
		if len(value) > 2 && value[0] == '"' && docs.name(hecNames[i]) {
			docs.value(value)
		}
	}
	if len(e.fields) > 0 && e.fields[0] == '{' {
		members(e.fields, func(name, value []byte) bool {
			if docs.name(memberName(name)) {
				docs.value(value)
			}
			return true
		})
	}
	if !docs.end() {
		return hecBadFormat
	}
	return hecSuccess
}

// hecRaw takes text. Where the request says whose it is, each line becomes a document that says so too.
func (a *arrival) hecRaw(channel string) {
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	if len(bytes.TrimSpace(data)) == 0 {
		a.hecError(http.StatusBadRequest, hecNoData, -1)
		return
	}
	query := a.r.URL.Query()
	said := make(map[string]string)
	for _, name := range hecNames {
		if v := query.Get(name); v != "" && len(v) <= 1024 {
			said[name] = v
		}
	}
	var blocks []event.Block
	if len(said) == 0 {
		blocks, _, err = a.recognised(data)
	} else {
		docs := a.newJSONDocs(2 * len(data))
		if lost := rawDocuments(&docs, data, said, query.Get("time")); lost > 0 {
			a.tell(NoticeRefused, a.sender, "lines longer than 16 MiB", lost)
		}
		blocks, err = a.docBlocks(&docs)
	}
	if err != nil {
		a.fail(err)
		return
	}
	a.hecDeliver(blocks, channel, hecSuccess, -1)
}

// rawDocuments makes a document of each line, and returns of how many it could not.
func rawDocuments(docs *jsonDocs, data []byte, said map[string]string, at string) (lost int64) {
	for line := range bytes.SplitSeq(data, newline) {
		if line = bytes.TrimRight(line, "\r"); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if docs.full() {
			break
		}
		docs.begin()
		docs.text("message", string(line))
		if at != "" && at[0]-'0' <= 9 && numberEnd([]byte(at), 0) == len(at) && docs.name("time") {
			docs.dst = append(docs.dst, at...)
		}
		for _, name := range hecNames {
			docs.text(name, said[name])
		}
		if !docs.end() {
			lost++
		}
	}
	return lost
}

// hecAcks tells which requests of a channel are durable: {"acks":[1,2]} → {"acks":{"1":true,"2":false}}.
func (a *arrival) hecAcks(channel string) {
	if channel == "" {
		a.hecError(http.StatusBadRequest, hecNoChannel, -1)
		return
	}
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	var asked struct{ Acks []uint64 }
	if len(data) > 1<<20 || json.Unmarshal(data, &asked) != nil {
		a.hecError(http.StatusBadRequest, hecBadFormat, -1)
		return
	}
	acks := a.h.acks.channel(a.name + "/" + channel)
	answer := []byte(`{"acks":{`)
	for i, id := range asked.Acks {
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = append(strconv.AppendUint(append(answer, '"'), id, 10), '"', ':')
		answer = strconv.AppendBool(answer, acks.durable(id))
	}
	a.answer(http.StatusOK, append(answer, '}', '}'))
}
