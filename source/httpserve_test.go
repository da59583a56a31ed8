package source

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// served is an HTTP input that runs, and a client of it.
type served struct {
	t      *testing.T
	url    string
	to     *intake
	client *http.Client
	head   http.Header // of each request
}

func serve(t *testing.T, cfg HTTPConfig) *served {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", parts.Port(t))
	s := &served{t: t, url: "http://" + addr, to: newIntake(t), client: &http.Client{Timeout: 20 * time.Second}, head: http.Header{}}
	cfg.Listen = addr
	if cfg.Cert != "" {
		s.url = "https://" + addr
	}
	in, err := NewHTTP(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	run := start(t, in, s.to)
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		run.stop(t)
		parts.Wait(t, 5*time.Second, "the room of all bodies", func() bool {
			room := &in.(*HTTP).room
			room.mu.Lock()
			defer room.mu.Unlock()
			return room.held == 0
		})
	})
	parts.Wait(t, 5*time.Second, "the listener", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}

// ask sends a request and returns the answer; head is name and value by turns.
func (s *served) ask(method, path, body string, head ...string) (status int, text string, answer http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, v := range s.head {
		r.Header[name] = v
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	a, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	all, err := io.ReadAll(a.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return a.StatusCode, string(all), a.Header
}

func (s *served) wants(status int, in string, method, path, body string, head ...string) string {
	s.t.Helper()
	got, text, _ := s.ask(method, path, body, head...)
	if got != status || !strings.Contains(text, in) {
		s.t.Errorf("%s %s: %d %s; want %d and %s", method, path, got, text, status, in)
	}
	return text
}

// data is all that was delivered.
func (s *served) data() string {
	var b strings.Builder
	s.to.set(func() {
		for _, d := range s.to.durable {
			b.WriteString(d.Block.Data)
		}
	})
	return b.String()
}

func TestBulkItems(t *testing.T) {
	s := serve(t, HTTPConfig{})
	body := `{"index":{"_index":"a","_id":"7"}}
{"n":1}
{ "create" : {} }
{"n":2, "deep":{"a":[1,2,{"b":"\u00e9"}]}}
{"delete":{"_index":"a","_id":"7"}}
{"update":{"_index":"a","_id":"7"}}
{"doc":{"n":3}}
{"index":{"_index":"b"}}
{"n":4
{"index":{"_index":"b"}}
[5]

{"create":{"_index":"c"}}
{"n":6}`
	status, text, head := s.ask("POST", "/logs/_bulk?filter_path=errors,items.*.error,items.*.status", body, "Content-Type", "application/x-ndjson")
	if status != 200 || head.Get("X-Elastic-Product") != "Elasticsearch" || head.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", status, head)
	}
	var answer struct {
		Errors bool
		Items  []map[string]struct {
			Index  string `json:"_index"`
			ID     string `json:"_id"`
			Status int
			Error  struct{ Type, Reason string }
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var got []string
	for _, item := range answer.Items {
		for action, i := range item {
			got = append(got, fmt.Sprint(action, " ", i.Index, " ", i.ID, " ", i.Status))
		}
	}
	want := []string{"index a 7 201", "create logs  201", "delete a 7 400", "update a 7 400", "index b  400", "index b  400", "create c  201"}
	if fmt.Sprint(got) != fmt.Sprint(want) || !answer.Errors {
		t.Errorf("items %q, want %q", got, want)
	}
	if got, want := s.data(), "{\"n\":1}\n{\"n\":2, \"deep\":{\"a\":[1,2,{\"b\":\"\\u00e9\"}]}}\n{\"n\":6}\n"; got != want {
		t.Errorf("taken %q, want %q", got, want)
	}
	if n := s.to.notice(t, NoticeUnreadable); n.Count != 4 || n.Sender != "127.0.0.1" {
		t.Errorf("%+v", n)
	}
	s.wants(400, "Malformed action", "POST", "/_bulk", "{\"n\":1}\n{\"n\":2}\n")
	s.wants(400, "required", "POST", "/_bulk", "\n\n")
}

// TestBulkPartly: what the intake does not take is told for each document, so that only these come again.
func TestBulkPartly(t *testing.T) {
	s := serve(t, HTTPConfig{})
	line := fmt.Sprintf(`{"pad":%q}`, strings.Repeat("x", 1000))
	body := strings.Repeat("{\"create\":{}}\n"+line+"\n", 2000) // about four blocks
	s.to.set(func() { s.to.held = true })
	done := make(chan string, 1)
	go func() {
		_, text, _ := s.ask("POST", "/_bulk", body)
		done <- text
	}()
	s.to.until(t, "the blocks", func() bool { return len(s.to.taken) >= 3 })
	// What is refused is refused by Done, from the second block on.
	s.to.set(func() {
		s.to.refuseDone = true
		d := s.to.taken[0]
		s.to.acked = 1
		d.Done(nil)
		s.to.held = false
	})
	text := <-done
	if good, bad := strings.Count(text, `"status":201`), strings.Count(text, `"status":429`); good < 400 || bad < 1000 || good+bad != 2000 {
		t.Errorf("%d taken, %d not", good, bad)
	}
}

func TestElasticHandshake(t *testing.T) {
	s := serve(t, HTTPConfig{})
	for _, c := range []struct {
		method, path string
		in           string
	}{
		{"GET", "/", `"number":"8.`},
		{"GET", "/elasticsearch/", `"tagline":"You Know, for Search"`},
		{"HEAD", "/", ""},
		{"GET", "/_license?human=false", `"status":"active"`},
		{"GET", "/_xpack", `"ilm":{"available":true,"enabled":true}`},
		{"GET", "/_cluster/health", `"status":"green"`},
		{"GET", "/_nodes/http", `"version":"8.`},
		{"GET", "/_nodes/ingest", `"type":"geoip"`},
		{"GET", "/_ilm/policy/filebeat", `{"filebeat":{`},
		{"PUT", "/_ilm/policy/filebeat", `"acknowledged":true`},
		{"HEAD", "/_index_template/filebeat-8.12.0", ""},
		{"GET", "/_index_template/filebeat-8.12.0", `"name":"filebeat-8.12.0"`},
		{"PUT", "/_index_template/filebeat-8.12.0", `"acknowledged":true`},
		{"GET", "/_template/logstash", `{"logstash":{`},
		{"GET", "/_cat/templates/filebeat-7.17.0", "filebeat-7.17.0 "},
		{"GET", "/_alias/filebeat-7.17.0", `"is_write_index":true`},
		{"GET", "/_data_stream/filebeat-8.12.0", `"name":"filebeat-8.12.0"`},
		{"GET", "/_ingest/pipeline/filebeat-8.12.0-system-auth-pipeline", `"processors":[]`},
		{"PUT", "/_ingest/pipeline/x", `"acknowledged":true`},
		{"GET", "/_cat/health", "green"},
		{"PUT", "/%3Cfilebeat-7.17.0-%7Bnow%2Fd%7D-000001%3E", `"acknowledged":true`},
		{"HEAD", "/logstash", ""},
		{"GET", "/_logstash/pipeline", `{}`},
		{"POST", "/_security/user/_has_privileges", `"acknowledged"`},
	} {
		status, text, head := s.ask(c.method, c.path, "")
		if status != 200 || !strings.Contains(text, c.in) || head.Get("X-Elastic-Product") != "Elasticsearch" {
			t.Errorf("%s %s: %d %s %s", c.method, c.path, status, text, head)
		}
		if c.method == "GET" && !strings.Contains(c.path, "_cat") && !json.Valid([]byte(text)) {
			t.Errorf("%s %s: no JSON: %s", c.method, c.path, text)
		}
	}
	_, _, head := s.ask("GET", "/", "", "Accept", "application/vnd.elasticsearch+json; compatible-with=8")
	if got := head.Get("Content-Type"); got != "application/vnd.elasticsearch+json;compatible-with=8" {
		t.Errorf("content type %q", got)
	}
	s.wants(201, `"result":"created"`, "POST", "/logs/_doc", "{\n \"n\": 1\n}")
	s.wants(201, `"_id":"7"`, "PUT", "/logs/_create/7", `{"n":2}`)
	s.wants(400, `illegal_argument_exception`, "POST", "/logs/_doc", `{"n":2`)
	s.wants(501, `tocsin search`, "GET", "/logs/_search", "")
	for _, wrong := range []string{"/logs", "/_blk", "/logs/_dco", "/ingets", "/loki/api/v1/push"} { // what is not taken is not acknowledged
		s.wants(405, "/ingest", "POST", wrong, `{"n":3}`)
	}
	s.wants(200, `"acknowledged":true`, "POST", "/logs/_rollover", "{}")
	if got := s.data(); got != "{\n \"n\": 1\n}{\"n\":2}" {
		t.Errorf("taken %q", got)
	}
}

func TestHTTPPacked(t *testing.T) {
	s := serve(t, HTTPConfig{MaxBody: 8 << 20, MaxWaiting: 16 << 20})
	const line = "{\"n\":1}\n"
	for name, body := range map[string][]byte{"gzip": gzipped([]byte(line)), "zstd": zstded([]byte(line)), "identity": []byte(line)} {
		s.wants(200, `{"bytes":8}`, "POST", "/ingest", string(body), "Content-Encoding", name)
	}
	if got := s.data(); got != line+line+line {
		t.Errorf("taken %q", got)
	}
	zeros := bytes.Repeat([]byte("0"), 64<<20)
	s.wants(413, "larger than 8388608 bytes", "POST", "/ingest", string(zeros))
	s.wants(413, "", "POST", "/ingest", string(gzipped(zeros)), "Content-Encoding", "gzip")
	s.wants(413, "", "POST", "/ingest", string(zstded(zeros)), "Content-Encoding", "zstd")
	s.wants(413, "500 times", "POST", "/ingest", string(gzipped(zeros[:7<<20])), "Content-Encoding", "gzip")
	s.wants(400, "no gzip", "POST", "/ingest", line, "Content-Encoding", "gzip")
	s.wants(400, "cannot be read", "POST", "/ingest", string(gzipped(bytes.Repeat([]byte(line), 1000))[:60]), "Content-Encoding", "gzip")
	s.wants(415, "br", "POST", "/ingest", line, "Content-Encoding", "br")
	s.wants(415, "not a log", "POST", "/ingest", "\x00\x01\x02\x03\x7fELF\x00\x00\x01\x00\x02")
	s.wants(405, "posted", "GET", "/ingest", "")
	s.to.notice(t, NoticeRefused)
}

func TestIngestKinds(t *testing.T) {
	s := serve(t, HTTPConfig{})
	for body, format := range map[string]string{
		"{\"n\":1}\n{\"n\":2}\n": "json",
		`[{"n":1},{"n":2}]`:      "json",
		"Mar  3 09:12:44 gate sshd[812]: hello\nMar  3 09:12:45 gate sshd[812]: there": "syslog",
		"type=EXECVE msg=audit(1709457164.120:7): argc=1 a0=\"id\"\n":                  "auditd",
		"plain words\n": "text",
	} {
		n := 0
		s.to.set(func() { n = len(s.to.durable) })
		s.wants(200, fmt.Sprintf(`{"bytes":%d}`, len(body)), "POST", "/ingest", body)
		s.to.set(func() {
			if len(s.to.durable) != n+1 {
				t.Errorf("%q: %d blocks", body, len(s.to.durable)-n)
				return
			}
			if o := s.to.durable[n].Block.Origin; o.Format != format || o.Sender != "127.0.0.1" || !strings.HasPrefix(o.Path, "http:127.0.0.1:") || !strings.HasSuffix(o.Path, "/127.0.0.1") {
				t.Errorf("%q: %+v", body, o)
			}
		})
	}
	s.wants(200, `{"bytes":0}`, "POST", "/ingest", "")
}

func TestHTTPTokens(t *testing.T) {
	const secret, other = "a token of sixteen bytes", "another token of 16 bytes"
	sum := sha256.Sum256([]byte(other))
	t.Setenv("TOCSIN_TEST_TOKEN", secret)
	s := serve(t, HTTPConfig{Tokens: []HTTPToken{{Name: "web", Secret: "env:TOCSIN_TEST_TOKEN"}, {Name: "db", Hash: hex.EncodeToString(sum[:])}}})
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	for auth, want := range map[string]int{
		"Bearer " + secret: 200, "bearer " + other: 200, "Splunk " + secret: 200,
		basic("elastic", secret): 200, basic(secret, ""): 200,
		"ApiKey " + base64.StdEncoding.EncodeToString([]byte("id:"+secret)): 200,
		"ApiKey " + secret: 200,
		"":                 401, "Bearer ": 401, "Bearer " + secret[:23]: 401, "Bearer " + secret + "x": 401, basic(secret, "x"): 401,
		"Digest " + secret: 401, "Basic " + secret: 401, "ApiKey " + base64.StdEncoding.EncodeToString([]byte(secret+":id")): 401,
	} {
		status, text, head := s.ask("POST", "/ingest", "x\n", "Authorization", auth)
		if status != want || status == 401 && head.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", auth, status, text)
		}
		if strings.Contains(text, "token of") {
			t.Errorf("the answer holds the token: %s", text)
		}
	}
	for _, path := range []string{"/", "/_bulk", "/v1/logs", "/services/collector/ack", "/anything"} {
		if status, _, _ := s.ask("POST", path, "x"); status != 401 {
			t.Errorf("%s without a token: %d", path, status)
		}
	}
	s.wants(200, "healthy", "GET", "/services/collector/health", "")
	s.wants(403, `"code":4`, "POST", "/services/collector", "{}", "Authorization", "Splunk nonsense")
	names := map[string]bool{}
	s.to.set(func() {
		for _, d := range s.to.durable {
			names[d.Block.Origin.Path[strings.LastIndexByte(d.Block.Origin.Path, '/')+1:]] = true
		}
		for _, n := range s.to.notices {
			if strings.Contains(fmt.Sprint(n), secret[:10]) {
				t.Errorf("a notice holds a token: %+v", n)
			}
		}
		if len(s.to.notices) > 8 {
			t.Errorf("%d notices", len(s.to.notices))
		}
	})
	if len(names) != 2 || !names["web"] || !names["db"] {
		t.Errorf("senders %v", names)
	}
	if n := s.to.notice(t, NoticeRefused); n.Sender != "127.0.0.1" || n.Input == "" {
		t.Errorf("%+v", n)
	}
}

func TestHTTPBrowsers(t *testing.T) {
	s := serve(t, HTTPConfig{})
	s.wants(403, "web pages", "POST", "/_bulk", "x", "Origin", "http://evil.example")
	s.wants(403, "web pages", "POST", "/ingest", "x", "Origin", "null")
	s.wants(403, "web pages", "GET", "/", "", "Sec-Fetch-Site", "cross-site")
	if s.data() != "" {
		t.Error("taken")
	}
}

func TestHTTPClientCertificates(t *testing.T) {
	keys := makeKeys(t)
	cfg := HTTPConfig{Cert: keys.file("server.pem"), Key: keys.file("server.key"), ClientCA: keys.file("ca.pem")}
	s := serve(t, cfg)
	as := func(name string) { s.client.Transport = &http.Transport{TLSClientConfig: keys.as(t, name)} }
	as("web.example.org")
	s.wants(200, "", "POST", "/ingest", "x\n")
	s.to.set(func() {
		if o := s.to.durable[0].Block.Origin; o.Sender != "web.example.org" {
			t.Errorf("%+v", o)
		}
	})
	for _, name := range []string{"", "stranger"} {
		as(name)
		if _, err := s.client.Post(s.url+"/ingest", "text/plain", strings.NewReader("x\n")); err == nil {
			t.Errorf("let in with certificate %q", name)
		}
	}
	cfg.Tokens = []HTTPToken{{Name: "web", Hash: strings.Repeat("00", 32)}}
	s = serve(t, cfg)
	as("web.example.org")
	s.wants(200, "", "POST", "/ingest", "x\n")
	as("")
	s.wants(401, "", "POST", "/ingest", "x\n")
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}}
	if _, err := s.client.Get(s.url); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func TestHTTPFull(t *testing.T) {
	s := serve(t, HTTPConfig{MaxBody: 1 << 20, MaxWaiting: 1 << 20})
	s.to.set(func() { s.to.held = true })
	big := strings.Repeat("x", 900<<10) + "\n"
	first := make(chan int, 1)
	go func() {
		status, _, _ := s.ask("POST", "/ingest", big)
		first <- status
	}()
	s.to.until(t, "the first", func() bool { return len(s.to.taken) == 1 })
	status, text, head := s.ask("POST", "/_bulk", "{\"create\":{}}\n{\"pad\":\""+strings.Repeat("x", 900<<10)+"\"}\n")
	if status != 429 || head.Get("Retry-After") == "" || !strings.Contains(text, "es_rejected_execution_exception") {
		t.Errorf("%d %s %s", status, text, head)
	}
	s.to.set(func() { s.to.held = false })
	if status := <-first; status != 200 {
		t.Errorf("the first: %d", status)
	}
	s.wants(200, "", "POST", "/ingest", big)
}

// TestHTTPHalf: clients that end in the middle of a body, and those that do not wait for the answer, keep no room.
func TestHTTPHalf(t *testing.T) {
	s := serve(t, HTTPConfig{})
	addr := strings.TrimPrefix(s.url, "http://")
	s.to.set(func() { s.to.held = true })
	for _, body := range []string{"one\n", "one\ntwo\n"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /ingest HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n%s", body)
		if len(body) == 8 {
			s.to.until(t, "the whole one", func() bool { return len(s.to.taken) == 1 })
		}
		c.Close()
	}
	s.to.set(func() { s.to.held = false })
	s.wants(200, "", "POST", "/ingest", "three\n")
	if got := s.data(); got != "one\ntwo\nthree\n" {
		t.Errorf("taken %q", got)
	}
}

func TestHTTPSlowHeader(t *testing.T) {
	s := serve(t, HTTPConfig{MaxConnections: 4})
	addr := strings.TrimPrefix(s.url, "http://")
	var slow []net.Conn
	for range 4 { // as many as there may be, all idle after a request
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	parts.Wait(t, 5*time.Second, "room for another", func() bool { // once the server knows that the four are idle
		r, err := s.client.Get(s.url)
		if err == nil {
			r.Body.Close()
		}
		return err == nil
	})
	open := 0
	for _, c := range slow {
		c.SetReadDeadline(time.Now().Add(time.Second))
		_, err := io.Copy(io.Discard, c)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			open++
		}
	}
	if open == 4 {
		t.Error("no idle connection was closed")
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", strings.Repeat("x", 1<<20))
	c.SetReadDeadline(time.Now().Add(patience))
	answer, _ := io.ReadAll(c)
	if !bytes.Contains(answer, []byte(" 431 ")) {
		t.Errorf("a header of 1 MiB: %.100s", answer)
	}
}

func TestCollector(t *testing.T) {
	s := serve(t, HTTPConfig{})
	s.wants(200, `{"text":"Success","code":0}`, "POST", "/services/collector/event",
		`{"event":{"a":1,
"host":"own"},"host":"gate","source":"/var/log/x","time":"1709456364.120","fields":{"region":"eu","a":"not it"}}{"event":"a line","sourcetype":"linux_secure","index":"main"}`+"\n"+`{"event":7}`)
	want := `{"a":1, "host":"own","time":1709456364.120,"source":"/var/log/x","region":"eu"}` + "\n" +
		`{"message":"a line","sourcetype":"linux_secure","index":"main"}` + "\n" + `{"message":"7"}` + "\n"
	if got := s.data(); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	s.wants(400, `"code":12,"invalid-event-number":1`, "POST", "/services/collector", `{"event":"good"}{"host":"x"}`)
	s.wants(400, `"code":13`, "POST", "/services/collector", `{"event":""}`)
	s.wants(400, `"code":6,"invalid-event-number":0`, "POST", "/services/collector", `{"event":"x"`)
	s.wants(400, `"code":5`, "POST", "/services/collector", ` `)
	s.wants(400, `"code":10`, "POST", "/services/collector/ack", `{"acks":[0]}`)
	s.wants(200, `"code":0`, "POST", "/services/collector/raw?host=gate&sourcetype=syslog", "one\ntwo\r\n\n")
	s.wants(200, `"code":0`, "POST", "/services/collector/raw/1.0", "three\n")
	if got, want := strings.TrimPrefix(s.data(), want), `{"message":"good"}`+"\n"+`{"message":"one","host":"gate","sourcetype":"syslog"}`+"\n"+
		`{"message":"two","host":"gate","sourcetype":"syslog"}`+"\nthree\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestCollectorAcknowledges(t *testing.T) {
	s := serve(t, HTTPConfig{})
	s.to.set(func() { s.to.held = true })
	channel := []string{"X-Splunk-Request-Channel", "5b8efff7-9803-8103-d269-b633813fc60c"}
	s.wants(200, `"ackId":0`, "POST", "/services/collector", `{"event":"one"}`, channel...)
	s.wants(200, `"ackId":1`, "POST", "/services/collector/raw", "two\n", channel...)
	s.wants(200, `{"acks":{"0":false,"1":false,"9":false}}`, "POST", "/services/collector/ack", `{"acks":[0,1,9]}`, channel...)
	s.to.set(func() { s.to.held = false })
	s.to.until(t, "both", func() bool { return len(s.to.durable) == 2 })
	parts.Wait(t, 5*time.Second, "the answer", func() bool {
		_, text, _ := s.ask("POST", "/services/collector/ack?channel="+channel[1], `{"acks":[1]}`)
		return text == `{"acks":{"1":true}}`
	})
	s.wants(200, `{"acks":{"0":true,"1":false}}`, "POST", "/services/collector/ack", `{"acks":[0,1]}`, channel...)
	s.to.set(func() { s.to.refuseDone = true })
	s.wants(200, `"ackId":2`, "POST", "/services/collector", `{"event":"lost"}`, channel...)
	s.to.until(t, "the refusal", func() bool { return s.to.refusals == 1 })
	s.wants(200, `{"acks":{"2":false}}`, "POST", "/services/collector/ack", `{"acks":[2]}`, channel...)
}

func TestAckBounds(t *testing.T) {
	var all ackChannels
	for i := range maxAckChannels + 10 {
		ch := all.channel(fmt.Sprint(i))
		ch.end(ch.begin(), true)
	}
	if len(all.all) != maxAckChannels || all.channel("0").durable(0) {
		t.Errorf("%d channels", len(all.all))
	}
	ch := all.channel("x")
	for range maxAcks + 10 {
		ch.end(ch.begin(), true)
	}
	if len(ch.kept) != maxAcks || ch.durable(9) || !ch.durable(10) {
		t.Errorf("%d numbers", len(ch.kept))
	}
}

// TestKeyPairAnew: a certificate that was replaced is served without a restart, and one that is half written is not.
func TestKeyPairAnew(t *testing.T) {
	keys := makeKeys(t)
	k, err := newKeyPair(HTTPConfig{Cert: keys.file("server.pem"), Key: keys.file("server.key")}, false)
	if err != nil {
		t.Fatal(err)
	}
	serves := func() string {
		k.mu.Lock()
		k.checked = time.Time{}
		k.mu.Unlock()
		pair, err := k.config().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.Subject.CommonName
	}
	replace := func(to, from string) {
		text, err := os.ReadFile(keys.file(from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(keys.file(to), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(keys.file(to), time.Time{}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if got := serves(); got != "server" {
		t.Errorf("at first %s", got)
	}
	replace("server.pem", "stranger.pem")
	if got := serves(); got != "server" {
		t.Errorf("with half of it written %s", got)
	}
	replace("server.key", "stranger.key")
	if got := serves(); got != "stranger" {
		t.Errorf("at last %s", got)
	}
}
