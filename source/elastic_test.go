package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// taking takes everything at once and keeps nothing.
type taking struct{}

func (taking) Send(_ context.Context, d Delivery) error { d.Done(nil); return nil }
func (taking) Position(string) string                   { return "" }
func (taking) Notice(Notice)                            {}

func FuzzBulk(f *testing.F) {
	f.Add([]byte("{\"index\":{\"_index\":\"a\",\"_id\":\"7\"}}\n{\"n\":1}\n{\"create\":{}}\n{\"n\":[2,{\"a\":null}]}\n"))
	f.Add([]byte("{\"delete\":{\"_id\":\"7\"}}\n{\"update\":{}}\n{\"doc\":{}}\n\n \n{\"index\":{}}\n{\"n\":1"))
	f.Add([]byte("{\"create\":{\"_index\":\"\\u0061\",\"_id\":7}}\r\n{}\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, items, err := parseBulk(bytes.Clone(data))
		if err != nil {
			return
		}
		checkDocuments(t, docs)
		taken := 0
		for i := range items {
			if items[i].why == bulkFine {
				taken++
			}
		}
		if n := bytes.Count(docs, newline); n != taken || len(docs) > len(data)+1 {
			t.Fatalf("%d documents of %d items: %q", n, taken, docs)
		}
		a := &arrival{h: &HTTP{}}
		a.h.env.Now = time.Now
		blocks := a.lineBlocks("json", docs)
		answer := appendBulkAnswer(nil, items, bulkOutcome{index: "logs", blocks: blocks, fate: make([]error, len(blocks))})
		var read struct{ Items []map[string]any }
		if err := json.Unmarshal(answer, &read); err != nil || len(read.Items) != len(items) {
			t.Fatalf("%v, %d of %d items: %s", err, len(read.Items), len(items), answer)
		}
	})
}

func FuzzCollector(f *testing.F) {
	f.Add([]byte(`{"event":{"a":1},"host":"gate","time":"1.5","fields":{"b":[1]}}{"event":"x"} [{"event":7}]`))
	f.Add([]byte("[{\"event\":{\n\"a\" : {} \n}},{\"event\":null}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := &arrival{h: &HTTP{maxBody: 1 << 20}}
		docs := a.newJSONDocs(len(data))
		hecDocuments(&docs, data)
		if !docs.full() {
			checkDocuments(t, docs.dst)
		}
	})
}

// TestJSONEnd compares the scanner with the library's, which allows deeper nesting.
func TestJSONEnd(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `0`, `-0`, `-1.5e+7`, `1E9`, `"a"`, `"\u00e9\n\\"`, `true`, `false`, `null`, `{"a":[1,{"b":null}],"c":"}"}`, ` { "a" : [ ] } `,
		``, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `01`, `-`, `1.`, `.5`, `1e`, `"`, `"\x"`, `"\u12"`, "\"\n\"", `tru`, `nul`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, "\"\x00\"",
	} {
		i := jsonBlank([]byte(text), 0)
		end := jsonEnd([]byte(text), i, 0)
		if got := end >= 0 && jsonBlank([]byte(text), end) == len(text); got != json.Valid([]byte(text)) {
			t.Errorf("%q: %t", text, got)
		}
	}
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	if isObject([]byte(deep)) {
		t.Error("nested 100,000 times")
	}
}

func FuzzJSONEnd(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,{"b":"\u00e9\\"}],"c":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		end := jsonEnd(data, 0, 0)
		if end < 0 {
			return
		}
		if !json.Valid(data[:end]) {
			t.Fatalf("no JSON: %q", data[:end])
		}
		if data[0] == '{' {
			members(data[:end], func(name, value []byte) bool {
				if !json.Valid(value) || !json.Valid(append(append([]byte{'"'}, name...), '"')) {
					t.Fatalf("member %q: %q", name, value)
				}
				return true
			})
		}
	})
}

// bulkBody is a body as Filebeat sends it, with n documents.
func bulkBody(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, `{"create":{"_index":"filebeat-8.12.0"}}`+"\n"+`{"@timestamp":"2024-03-03T09:12:50.500Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.12.0"},`+
			`"agent":{"type":"filebeat","name":"box","version":"8.12.0","id":"0f8fad5b-d9cb-469f-a165-70867728950e"},"ecs":{"version":"8.0.0"},"input":{"type":"filestream"},`+
			`"log":{"offset":%d,"file":{"path":"/var/log/auth.log"}},"host":{"name":"box"},"message":"Mar  3 09:12:44 gate sshd[812]: Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"}`+"\n", i*100)
	}
	return b
}

// BenchmarkBulk is a _bulk request of 1,000 documents from the handler's start to its answer.
func BenchmarkBulk(b *testing.B) {
	in, err := NewHTTP(HTTPConfig{}, testEnv(b))
	if err != nil {
		b.Fatal(err)
	}
	handler := in.(*HTTP).Handler(taking{})
	const n = 1000
	plain := bulkBody(n)
	for name, body := range map[string][]byte{"plain": plain, "gzip": gzipped(plain)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/_bulk", bytes.NewReader(body))
				if name == "gzip" {
					r.Header.Set("Content-Encoding", "gzip")
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkOTLP is a request of 1,000 log records in protobuf.
func BenchmarkOTLP(b *testing.B) {
	in, err := NewHTTP(HTTPConfig{}, testEnv(b))
	if err != nil {
		b.Fatal(err)
	}
	handler := in.(*HTTP).Handler(taking{})
	const n = 1000
	body := exportLogs(records(1, n, 80))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/logs", bytes.NewReader(body))
		r.Header.Set("Content-Type", protobufType)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
}
