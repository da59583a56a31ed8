package source

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// elastic is what shippers ask of Elasticsearch: to take documents, and before that some questions about itself.
// Source: Elasticsearch guide 8, "REST APIs": Bulk, Index, and those that the clients' set-up uses.
var elastic = protocol{take: takeElastic, refuse: refuseElastic}

// elasticVersion is the version that clients are told. Those of 7 and 8 work with it, and those of 9 take it too.
const elasticVersion = "8.19.0"

// elasticPrefix may stand before every path.
const elasticPrefix = "/elasticsearch"

func takeElastic(a *arrival) {
	if rest, ok := strings.CutPrefix(a.path, elasticPrefix); ok && (rest == "" || rest[0] == '/') {
		a.path = rest
	}
	a.elasticHead()
	parts := strings.Split(strings.TrimPrefix(a.path, "/"), "/")
	for i, part := range parts { // names of indices may hold a slash: <logs-{now/d}>
		if plain, err := url.PathUnescape(part); err == nil {
			parts[i] = plain
		}
	}
	last := parts[len(parts)-1]
	post := a.r.Method == http.MethodPost || a.r.Method == http.MethodPut
	switch {
	case last == "_bulk" && post && len(parts) <= 3:
		index := ""
		if len(parts) > 1 {
			index = parts[0]
		}
		a.bulk(index)
	case post && len(parts) >= 2 && len(parts) <= 3 && (parts[1] == "_doc" || parts[1] == "_create"):
		a.document(parts)
	case len(parts) >= 2 && (parts[1] == "_update" || parts[1] == "_search" || parts[1] == "_doc"), parts[0] == "_search", parts[0] == "_msearch":
		refuseElastic(a, &refusal{status: http.StatusNotImplemented, reason: "tocsin takes documents here; find them with tocsin search"})
	default:
		a.setUp(parts)
	}
}

// elasticHead sets the headers by which clients know Elasticsearch; the content type is the one that they ask for.
func (a *arrival) elasticHead() {
	head := a.w.Header()
	head.Set("X-Elastic-Product", "Elasticsearch")
	head.Set("Content-Type", "application/json")
	for part := range strings.SplitSeq(a.r.Header.Get("Accept"), ",") {
		part = strings.TrimSpace(part)
		if strings.HasPrefix(part, "application/vnd.elasticsearch+json") && len(part) < 80 {
			head.Set("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
			return
		}
	}
}

// refuseElastic answers with an error as Elasticsearch writes it.
func refuseElastic(a *arrival, no *refusal) {
	kind := "illegal_argument_exception"
	switch no.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = "security_exception"
	case http.StatusTooManyRequests:
		kind = "es_rejected_execution_exception"
	case http.StatusServiceUnavailable:
		kind = "unavailable_shards_exception"
	case http.StatusRequestEntityTooLarge:
		kind = "content_too_long_exception"
	}
	a.elasticHead()
	a.retryAfter(no)
	reason := event.AppendQuoted(nil, no.reason)
	a.answer(no.status, fmt.Appendf(nil, `{"error":{"root_cause":[{"type":%q,"reason":%s}],"type":%q,"reason":%s},"status":%d}`, kind, reason, kind, reason, no.status))
}

// document takes one document: POST /index/_doc, PUT /index/_doc/id, and the same with _create.
func (a *arrival) document(parts []string) {
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	if !isObject(data) || len(data) > event.MaxRecord {
		a.fail(&refusal{status: http.StatusBadRequest, reason: "the document is no JSON object, or one that is nested too deep or larger than 16 MiB"})
		return
	}
	block := event.Block{Origin: a.origin("json"), Data: immutable(data), First: 1}
	if _, err := a.deliver([]event.Block{block}); err != nil {
		a.fail(err)
		return
	}
	id := ""
	if len(parts) == 3 {
		id = parts[2]
	}
	a.answer(http.StatusCreated, fmt.Appendf(nil,
		`{"_index":%s,"_id":%s,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1}`,
		event.AppendQuoted(nil, parts[0]), event.AppendQuoted(nil, id)))
}

// setsUp tells whether a request that is no GET wants something set up. A POST to any other address may bring records, and
// is not acknowledged.
func setsUp(method string, parts []string) bool {
	verb := parts[0]
	if !strings.HasPrefix(verb, "_") && len(parts) > 1 {
		verb = parts[1]
	}
	if method != http.MethodPost {
		return strings.HasPrefix(verb, "_") || len(parts) == 1
	}
	switch verb {
	case "_alias", "_aliases", "_cluster", "_component_template", "_data_stream", "_flush", "_ilm", "_index_template", "_ingest",
		"_license", "_logstash", "_mapping", "_monitoring", "_open", "_refresh", "_rollover", "_security", "_settings", "_template":
		return true
	}
	return false
}

// setUp answers what clients ask before they send. Whatever they want set up is there already, or is taken note of:
// tocsin needs no templates, policies, aliases or pipelines.
func (a *arrival) setUp(parts []string) {
	switch a.r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPut, http.MethodPost, http.MethodDelete:
		if setsUp(a.r.Method, parts) {
			name := event.AppendQuoted(nil, parts[0])
			a.answer(http.StatusOK, fmt.Appendf(nil, `{"acknowledged":true,"shards_acknowledged":true,"index":%s}`, name))
			return
		}
		fallthrough
	default:
		refuseElastic(a, &refusal{status: http.StatusMethodNotAllowed, reason: "nothing is taken at this address; documents are taken at /_bulk, /INDEX/_doc and /INDEX/_create/ID, lines and JSON at /ingest, Splunk's events at /services/collector, OTLP at /v1/logs"})
		return
	}
	name := ""
	if len(parts) > 1 {
		name = parts[len(parts)-1]
	}
	answer, ok := elasticAnswers[parts[0]]
	switch {
	case !ok && strings.HasPrefix(parts[0], "_"):
		a.answer(http.StatusOK, []byte(`{}`))
	case !ok: // an index, or what stands below one
		a.answer(http.StatusOK, fmt.Appendf(nil, `{%s:{"aliases":{},"mappings":{},"settings":{}}}`, event.AppendQuoted(nil, parts[0])))
	case parts[0] == "_cat":
		a.cat(parts)
	default:
		quoted := event.AppendQuoted(nil, name)
		a.answer(http.StatusOK, []byte(strings.ReplaceAll(answer, "NAME", string(quoted[1:len(quoted)-1]))))
	}
}

// elasticAnswers are the answers to the clients' questions by the first part of the path. NAME stands for the last.
var elasticAnswers = map[string]string{
	"": `{"name":"tocsin","cluster_name":"tocsin","cluster_uuid":"dG9jc2luLXNlYy1pbnRha2U","version":{"number":"` + elasticVersion +
		`","build_flavor":"default","build_type":"tar","build_hash":"0000000000000000000000000000000000000000","build_date":"2025-07-24T00:00:00.000000000Z",` +
		`"build_snapshot":false,"lucene_version":"9.12.2","minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},` +
		`"tagline":"You Know, for Search"}`,
	"_license": `{"license":{"status":"active","uid":"00000000-0000-0000-0000-000000000000","type":"basic","issue_date":"2025-01-01T00:00:00.000Z",` +
		`"issue_date_in_millis":1735689600000,"max_nodes":1000,"issued_to":"tocsin","issuer":"elasticsearch","start_date_in_millis":-1}}`,
	"_xpack": `{"build":{"hash":"0000000000000000000000000000000000000000","date":"2025-07-24T00:00:00.000000000Z"},` +
		`"license":{"uid":"00000000-0000-0000-0000-000000000000","type":"basic","mode":"basic","status":"active"},` +
		`"features":{"ilm":{"available":true,"enabled":true},"monitoring":{"available":false,"enabled":false},"security":{"available":true,"enabled":true},"data_streams":{"available":true,"enabled":true}}}`,
	"_cluster": `{"cluster_name":"tocsin","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1,"active_primary_shards":1,` +
		`"active_shards":1,"relocating_shards":0,"initializing_shards":0,"unassigned_shards":0,"persistent":{},"transient":{},"defaults":{}}`,
	"_nodes": `{"_nodes":{"total":1,"successful":1,"failed":0},"cluster_name":"tocsin","nodes":{"tocsin":{"name":"tocsin","version":"` + elasticVersion +
		`","roles":["data","ingest"],"ingest":{"processors":[{"type":"date"},{"type":"geoip"},{"type":"grok"},{"type":"json"},{"type":"pipeline"},` +
		`{"type":"rename"},{"type":"script"},{"type":"set"},{"type":"user_agent"}]}}}}`,
	"_ilm":                `{"NAME":{"version":1,"modified_date":"2025-01-01T00:00:00.000Z","policy":{"phases":{}}},"operation_mode":"RUNNING"}`,
	"_index_template":     `{"index_templates":[{"name":"NAME","index_template":{"index_patterns":["NAME-*"],"composed_of":[],"priority":150,"data_stream":{}}}]}`,
	"_component_template": `{"component_templates":[{"name":"NAME","component_template":{"template":{}}}]}`,
	"_template":           `{"NAME":{"order":1,"index_patterns":["NAME-*"],"settings":{},"mappings":{},"aliases":{}}}`,
	"_ingest":             `{"NAME":{"description":"not needed by tocsin","processors":[]}}`,
	"_data_stream":        `{"data_streams":[{"name":"NAME","timestamp_field":{"name":"@timestamp"},"indices":[],"generation":1,"status":"GREEN","template":"NAME"}]}`,
	"_alias":              `{"NAME-000001":{"aliases":{"NAME":{"is_write_index":true}}}}`,
	"_security":           `{"username":"tocsin","roles":["ingest"],"enabled":true,"authentication_type":"token","has_all_requested":true,"cluster":{},"index":{},"application":{}}`,
	"_cat":                ``,
}

// cat answers in lines of text, as the _cat paths do.
func (a *arrival) cat(parts []string) {
	text := ""
	switch {
	case len(parts) > 1 && parts[1] == "health":
		text = "0 00:00:00 tocsin green 1 1 1 1 0 0 0 0 - 100.0%\n"
	case len(parts) > 2 && parts[1] == "templates":
		text = fmt.Sprintf("%s [%s-*] 150\n", parts[2], parts[2])
	}
	if a.r.URL.Query().Get("format") == "json" {
		a.answer(http.StatusOK, []byte(`[]`))
		return
	}
	a.w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	a.answer(http.StatusOK, []byte(text))
}
