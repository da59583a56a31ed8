package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// request is what a server of a test was asked.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	text         string
	json         map[string]any
}

// desks are servers that keep what they are asked, and answer as a service does.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []request
	answer func(w http.ResponseWriter, r request)
}

func serviceOf(t *testing.T, answer func(w http.ResponseWriter, r request)) *service {
	s := &service{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		q := request{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, text: string(text)}
		if len(text) > 0 && strings.Contains(r.Header.Get("Content-Type"), "json") {
			if err := json.Unmarshal(text, &q.json); err != nil {
				t.Errorf("no JSON: %v: %s", err, text)
			}
		}
		s.mu.Lock()
		s.asked = append(s.asked, q)
		s.mu.Unlock()
		s.answer(w, q)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) last(t *testing.T) request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		t.Fatal("it was not asked")
	}
	return s.asked[len(s.asked)-1]
}

func status(code int, text string) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, _ request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// secret writes a secret into a file and returns what leads to it.
func secret(t *testing.T, text string) string {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + name
}

// messages are those that every way must be able to tell, by name.
func messages() map[string]Message {
	long := evilAlarm(noon)
	for _, s := range []*string{&long.Title, &long.What, &long.Who, &long.Why} {
		*s = strings.Repeat("ü@everyone <!here> {{TIME(x)}} ", 100)
	}
	for range 60 {
		long.Next = append(long.Next, long.Title)
		long.Items = append(long.Items, Item{"high", long.Title, long.Title, "https://e.example/" + strings.Repeat("a", 3000)})
	}
	end, taken, digest, folded := alarm(noon), alarm(noon), alarm(noon), alarm(noon)
	end.Kind, taken.Kind, digest.Kind, folded.Kind = Resolved, Taken, Digest, Folded
	digest.Thread, folded.Thread = "", ""
	digest.Sections = []Section{section("Blocked", "nothing", nil)}
	return map[string]Message{"alarm": alarm(noon), "evil": evilAlarm(noon), "long": long, "end": end, "taken": taken, "digest": digest, "folded": folded, "test": TestMessage(noon, "h", "r"), "empty": {ID: "x", Kind: Firing, Severity: "low"}}
}

// deep gets what stands at a path of a JSON value: "attachments.0.content.body".
func deep(t *testing.T, v any, path string) any {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				t.Fatalf("%s: nothing at %s", path, key)
			}
			v = x[i]
		default:
			t.Fatalf("%s: nothing at %s", path, key)
		}
	}
	return v
}

// texts calls visit with every text in a JSON value and the key that it stands at.
func texts(v any, key string, visit func(key, s string)) {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			texts(e, k, visit)
		}
	case []any:
		for _, e := range x {
			texts(e, key, visit)
		}
	case string:
		visit(key, x)
	}
}

func most(t *testing.T, what string, v any, characters int) {
	t.Helper()
	if s, ok := v.(string); !ok || utf8.RuneCountInString(s) > characters {
		t.Errorf("%s is %T with %d characters, more than %d", what, v, utf8.RuneCountInString(s), characters)
	}
}

// Every chat shows every message within the bounds of its service, and no text of a log becomes a mention.
func TestChats(t *testing.T) {
	mention := regexp.MustCompile(`@(everyone|here|channel|all)\b|<[@!#][A-Za-z0-9&]`)
	for name, c := range map[string]struct {
		config func(url string) opener
		code   int
		check  func(t *testing.T, r request)
	}{
		"slack": {func(u string) opener { return &SlackConfig{URL: secret(t, u+"/services/T/B/X")} }, 200, func(t *testing.T, r request) {
			most(t, "text", r.json["text"], 3000)
			if mention.MatchString(r.json["text"].(string)) && strings.Contains(r.json["text"].(string), "<") {
				t.Errorf("a mention: %v", r.json["text"])
			}
			blocks := r.json["blocks"].([]any)
			if len(blocks) > 50 {
				t.Errorf("%d blocks", len(blocks))
			}
			most(t, "header", deep(t, blocks[0], "text.text"), 150)
			most(t, "section", deep(t, blocks[1], "text.text"), 3000)
			for _, b := range blocks[:2] {
				if deep(t, b, "text.type") != "plain_text" || deep(t, b, "text.emoji") != false || deep(t, b, "text.text") == "" {
					t.Errorf("%v", b)
				}
			}
		}},
		"teams": {func(u string) opener { return &TeamsConfig{URL: secret(t, u+"/workflows/x")} }, 202, func(t *testing.T, r request) {
			if len(r.text) > 28*1024 || r.json["type"] != "message" || deep(t, r.json, "attachments.0.contentType") != "application/vnd.microsoft.card.adaptive" {
				t.Errorf("%d bytes: %.200s", len(r.text), r.text)
			}
			for _, b := range deep(t, r.json, "attachments.0.content.body").([]any) {
				if deep(t, b, "type") != "RichTextBlock" || deep(t, b, "inlines.0.type") != "TextRun" { // all else reads Markdown
					t.Errorf("%v", b)
				}
			}
			texts(deep(t, r.json, "attachments.0.content.body"), "", func(_, s string) {
				if strings.Contains(s, "{{") || strings.Contains(s, "<at>") {
					t.Errorf("%.100q", s)
				}
			})
		}},
		"mattermost": {func(u string) opener { return &MattermostConfig{URL: secret(t, u+"/hooks/x"), Channel: "sec"} }, 200, func(t *testing.T, r request) {
			most(t, "text", r.json["text"], 16383)
			if s := r.json["text"].(string); mention.MatchString(s) || strings.Contains(s, "[a](") {
				t.Errorf("%.300q", s)
			}
			if r.json["channel"] != "sec" {
				t.Error("no channel")
			}
		}},
		"discord": {func(u string) opener { return &DiscordConfig{URL: secret(t, u+"/api/webhooks/1/x")} }, 200, func(t *testing.T, r request) {
			if r.query.Get("wait") != "true" {
				t.Error("it does not wait for the answer")
			}
			most(t, "content", r.json["content"], 2000)
			most(t, "title", deep(t, r.json, "embeds.0.title"), 256)
			most(t, "description", deep(t, r.json, "embeds.0.description"), 4096)
			total := 0
			texts(r.json["embeds"], "", func(_, s string) { total += utf8.RuneCountInString(s) })
			if total > 6000+2048 {
				t.Errorf("%d characters in the embed", total)
			}
			if p := deep(t, r.json, "allowed_mentions.parse").([]any); len(p) != 0 {
				t.Errorf("mentions are allowed: %v", p)
			}
			texts(r.json, "", func(key, s string) {
				if mention.MatchString(s) && key != "url" {
					t.Errorf("%s: %.200q", key, s)
				}
			})
		}},
		"ntfy": {func(u string) opener {
			return &NtfyConfig{Server: u, Topic: "security", Token: secret(t, "tk_1")}
		}, 200, func(t *testing.T, r request) {
			if r.header.Get("Authorization") != "Bearer tk_1" || r.json["topic"] != "security" || r.path != "/" && r.path != "" {
				t.Errorf("%+v", r)
			}
			if len(r.json["message"].(string)) > 4096 || len(r.json["title"].(string)) > 256 {
				t.Error("too long")
			}
			if p := r.json["priority"].(float64); p < 1 || p > 5 {
				t.Errorf("priority %v", p)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serviceOf(t, status(c.code, "ok"))
			sender := open(t, c.config(s.URL))
			for kind, m := range messages() {
				if _, err := sender.Send(t.Context(), &m); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				r := s.last(t)
				if r.method != "POST" || r.json == nil {
					t.Fatalf("%s: %+v", kind, r)
				}
				c.check(t, r)
				if kind == "alarm" && (!strings.Contains(r.text, "guessed the password of root") || !strings.Contains(r.text, "https://tocsin.example.com/incidents/4f2a")) {
					t.Errorf("it does not say what happened, or where to see it: %s", r.text)
				}
			}
		})
	}
}

func TestPagerDuty(t *testing.T) {
	s := serviceOf(t, status(202, `{"status":"success","message":"Event processed","dedup_key":"x"}`))
	key := strings.Repeat("k", 32)
	p := open(t, &PagerDutyConfig{Key: secret(t, key), URL: s.URL + "/v2/enqueue"})
	keys := make(map[string]string)
	for kind, m := range messages() {
		if _, err := p.Send(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
		r := s.last(t)
		if r.path != "/v2/enqueue" || r.json["routing_key"] != key || len(r.text) > 512<<10 && kind != "long" {
			t.Errorf("%s: %s", kind, r.text[:min(len(r.text), 300)])
		}
		most(t, "dedup_key", r.json["dedup_key"], 255)
		keys[kind] = r.json["dedup_key"].(string)
		want := map[string]string{"end": "resolve", "taken": "acknowledge"}[kind]
		if want == "" {
			want = "trigger"
			most(t, "summary", deep(t, r.json, "payload.summary"), 1024)
			if sev := deep(t, r.json, "payload.severity"); !slices.Contains([]any{"critical", "error", "warning", "info"}, sev) || deep(t, r.json, "payload.source") == "" {
				t.Errorf("severity %v, source %v", sev, deep(t, r.json, "payload.source"))
			}
			if _, err := time.Parse(time.RFC3339, deep(t, r.json, "payload.timestamp").(string)); err != nil {
				t.Error(err)
			}
		}
		if r.json["event_action"] != want {
			t.Errorf("%s: %v", kind, r.json["event_action"])
		}
	}
	if keys["alarm"] != keys["end"] || keys["alarm"] != keys["taken"] || keys["alarm"] == keys["evil"] || keys["digest"] == keys["test"] {
		t.Errorf("%v", keys)
	}
	if _, err := (&PagerDutyConfig{Key: secret(t, "short")}).open(Env{}); err == nil {
		t.Error("a key that is none is taken")
	}
}

func TestOpsgenie(t *testing.T) {
	s := serviceOf(t, status(202, `{"result":"Request will be processed","took":0.1,"requestId":"x"}`))
	p := open(t, &OpsgenieConfig{Key: secret(t, "kk"), URL: s.URL, Teams: []string{"security"}, Tags: []string{"x"}})
	for kind, m := range messages() {
		s.asked = nil
		if _, err := p.Send(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.asked {
			if r.header.Get("Authorization") != "GenieKey kk" {
				t.Errorf("%s: %v", kind, r.header)
			}
		}
		r := s.asked[0]
		switch kind {
		case "end", "taken":
			want := map[string]string{"end": "close", "taken": "acknowledge"}[kind]
			if r.path != "/v2/alerts/"+dedupKey(&m)+"/"+want || r.query.Get("identifierType") != "alias" {
				t.Errorf("%s: %s", kind, r.path)
			}
			most(t, "note", r.json["note"], 25000)
			continue
		}
		if r.path != "/v2/alerts" {
			t.Errorf("%s: %s", kind, r.path)
		}
		for field, n := range map[string]int{"message": 130, "alias": 512, "description": 15000, "entity": 512, "source": 100} {
			most(t, field, r.json[field], n)
		}
		tags := r.json["tags"].([]any)
		if len(tags) > 20 || !regexp.MustCompile(`^P[1-5]$`).MatchString(r.json["priority"].(string)) || r.json["message"] == "" {
			t.Errorf("%s: %v, %v", kind, tags, r.json["priority"])
		}
		for _, tag := range tags {
			most(t, "tag", tag, 50)
		}
		size := 0
		texts(r.json["details"], "", func(_, s string) { size += utf8.RuneCountInString(s) })
		if size > 8000 || deep(t, r.json, "responders.0.name") != "security" {
			t.Errorf("%s: details of %d characters", kind, size)
		}
		if strings.Contains(r.json["description"].(string), "<script") {
			t.Error("HTML")
		}
		if kind == "evil" && (len(s.asked) != 2 || !strings.HasSuffix(s.asked[1].path, "/notes")) {
			t.Errorf("what is told again is no note: %v", s.asked)
		}
	}
}

// jiraServer is as much of Jira as is asked: issues by label, comments, transitions.
type jiraServer struct {
	issues   map[string]string // label → key
	comments []string
	moved    []string
}

func (j *jiraServer) answer(w http.ResponseWriter, r request) {
	labelIn := regexp.MustCompile(`labels = "([^"]*)"`)
	switch {
	case r.method == "GET" && r.path == "/rest/api/2/search":
		m := labelIn.FindStringSubmatch(r.query.Get("jql"))
		if key := j.issues[m[1]]; key != "" {
			_, _ = fmt.Fprintf(w, `{"issues":[{"key":%q}]}`, key)
			return
		}
		_, _ = io.WriteString(w, `{"issues":[]}`)
	case r.path == "/rest/api/2/issue":
		f := r.json["fields"].(map[string]any)
		key := fmt.Sprintf("SEC-%d", len(j.issues)+1)
		for _, l := range f["labels"].([]any) {
			if strings.HasPrefix(l.(string), "tocsin-") {
				j.issues[l.(string)] = key
			}
		}
		w.WriteHeader(201)
		_, _ = fmt.Fprintf(w, `{"id":"1","key":%q}`, key)
	case strings.HasSuffix(r.path, "/comment"):
		j.comments = append(j.comments, r.path)
		w.WriteHeader(201)
	case r.method == "GET" && strings.HasSuffix(r.path, "/transitions"):
		_, _ = io.WriteString(w, `{"transitions":[{"id":"11","name":"To Do"},{"id":"31","name":"Done"}]}`)
	case strings.HasSuffix(r.path, "/transitions"):
		j.moved = append(j.moved, r.path+" "+r.text)
		w.WriteHeader(204)
	default:
		w.WriteHeader(404)
	}
}

func TestJira(t *testing.T) {
	server := &jiraServer{issues: make(map[string]string)}
	s := serviceOf(t, server.answer)
	p := open(t, &JiraConfig{URL: s.URL, User: "u@example.com", Token: secret(t, "tok"), Project: "SEC", Priority: map[string]string{"critical": "Highest"}, Labels: []string{"soc"}, Done: "done"})
	m := alarm(noon)
	receipt, err := p.Send(t.Context(), &m)
	if err != nil || receipt != "SEC-1" {
		t.Fatal(receipt, err)
	}
	r := s.last(t)
	fields := r.json["fields"].(map[string]any)
	most(t, "summary", fields["summary"], 255)
	if deep(t, fields, "project.key") != "SEC" || deep(t, fields, "issuetype.name") != "Task" || deep(t, fields, "priority.name") != "Highest" ||
		r.header.Get("Authorization") != "Basic dUBleGFtcGxlLmNvbTp0b2s=" || strings.ContainsAny(fields["summary"].(string), "\r\n") {
		t.Errorf("%s", r.text)
	}
	for _, l := range fields["labels"].([]any) {
		if strings.ContainsAny(l.(string), " \n") {
			t.Errorf("label %q", l)
		}
	}
	// The same message again, as after a crash between Jira's making the issue and our noting that: there is still one.
	if again, err := p.Send(t.Context(), &m); err != nil || again != "SEC-1" || len(server.issues) != 1 || len(server.comments) != 0 {
		t.Fatal(again, err, server)
	}
	m.Kind, m.First, m.Receipt = Repeat, false, "SEC-1"
	asked := len(s.asked)
	if _, err := p.Send(t.Context(), &m); err != nil || len(server.comments) != 1 || len(s.asked) != asked+1 {
		t.Fatal(err, server)
	}
	m.Kind = Resolved
	if _, err := p.Send(t.Context(), &m); err != nil || len(server.moved) != 1 || !strings.Contains(server.moved[0], `"id":"31"`) {
		t.Fatal(err, server)
	}
	e := evilAlarm(noon)
	if _, err := p.Send(t.Context(), &e); err != nil || len(server.issues) != 2 {
		t.Fatal(err, server)
	}
	text := s.last(t).json["fields"].(map[string]any)["description"].(string)
	if strings.Count(text, "{noformat}") != 2 {
		t.Errorf("a text ends the part that is only text: %s", text)
	}
	never := alarm(noon)
	never.Thread, never.Kind = "unknown", Resolved
	if _, err := p.Send(t.Context(), &never); err != nil || len(server.issues) != 2 {
		t.Error("an issue is made to say that something is closed", err)
	}
}

func TestWebhook(t *testing.T) {
	s := serviceOf(t, status(204, ""))
	p := open(t, &WebhookConfig{
		URL: s.URL + "/x", Method: "put", Headers: map[string]string{"Authorization": secret(t, "Bearer b"), "X-Team": "sec"}, Sign: secret(t, "key"),
		Body: `{"text": {{json .Title}}, "all": {{json .Text}}, "names": [{{range $i, $e := .Entities}}{{if $i}},{{end}}{{json $e.Name}}{{end}}], "hot": {{eq .Severity "critical"}}, "short": {{json (cut 5 .What)}}}`,
	})
	for kind, m := range messages() {
		if _, err := p.Send(t.Context(), &m); err != nil {
			t.Fatal(kind, err)
		}
		r := s.last(t)
		if r.method != "PUT" || r.header.Get("Authorization") != "Bearer b" || r.header.Get("X-Team") != "sec" || r.header.Get("Idempotency-Key") != m.ID {
			t.Errorf("%v", r.header)
		}
		if want := "sha256=" + signature([]byte("key"), r.header.Get("X-Tocsin-Timestamp"), []byte(r.text)); r.header.Get("X-Tocsin-Signature") != want {
			t.Errorf("%s, want %s", r.header.Get("X-Tocsin-Signature"), want)
		}
		if r.json["text"] != m.Title || len(r.json) != 5 {
			t.Errorf("%s: %v", kind, r.json)
		}
	}
	plain := open(t, &WebhookConfig{URL: s.URL})
	m := evilAlarm(noon)
	if _, err := plain.Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	var back Message
	if err := json.Unmarshal([]byte(s.last(t).text), &back); err != nil || back.Title != m.Title || len(back.Items) != len(m.Items) {
		t.Errorf("%v: %+v", err, back)
	}
	for name, c := range map[string]WebhookConfig{
		"texts between quotes": {URL: s.URL, Body: `{"text": "{{.Title}}"}`},
		"no JSON":              {URL: s.URL, Body: `{{.Title}}`},
		"no template":          {URL: s.URL, Body: `{{`},
		"no such field":        {URL: s.URL, Body: `{{json .Nothing}}`},
		"no address":           {URL: "ftp://x"},
		"no method":            {URL: s.URL, Method: "DELETE"},
		"a header in a header": {URL: s.URL, Headers: map[string]string{"X": "a\r\nY: b"}},
		"a secret in the file": {URL: s.URL, Sign: "key"},
		"too much":             {URL: s.URL, Type: "text/plain", Body: `{{range $i, $_ := .Title}}{{range $j, $_ := $.Title}}{{$.Text}}{{end}}{{end}}{{printf "%2000000d" 1}}`},
	} {
		if _, err := c.open(Env{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// What can be done about an answer, how long to wait, and that no address stands in an error.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		code   int
		header string
		body   string
		class  string
		after  time.Duration
	}{
		{400, "", "invalid_payload", Never, 0},
		{401, "", "", Broken, 0},
		{403, "", "action_prohibited", Broken, 0},
		{404, "", "channel_not_found", Broken, 0},
		{410, "", "channel_is_archived", Broken, 0},
		{413, "", "", Never, 0},
		{422, "", "", Never, 0},
		{408, "", "", Later, 0},
		{429, "17", "", Later, 17 * time.Second},
		{429, "0.5", "", Later, 500 * time.Millisecond},
		{503, noon.Add(time.Minute).Format(http.TimeFormat), "", Later, time.Minute},
		{503, noon.Add(-time.Minute).Format(http.TimeFormat), "", Later, 0},
		{503, "soon", "", Later, 0},
		{500, "", "rollup_error", Later, 0},
		{501, "", "", Never, 0},
		{302, "", "", Broken, 0},
	} {
		s := serviceOf(t, func(w http.ResponseWriter, _ request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			if c.code == 302 {
				w.Header().Set("Location", "https://elsewhere.example/s3cret")
			}
			w.WriteHeader(c.code)
			_, _ = io.WriteString(w, c.body)
		})
		sender, err := (&SlackConfig{URL: secret(t, s.URL+"/s3cret")}).open(Env{Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		m := alarm(noon)
		_, err = sender.Send(t.Context(), &m)
		var r *Refusal
		if !errors.As(err, &r) || r.Class != c.class || r.After != c.after || !strings.Contains(err.Error(), c.body) || strings.Contains(err.Error()+r.Hint, "s3cret") {
			t.Errorf("%d %s: %+v %v", c.code, c.header, r, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:1/s3cret", "http://no-such-host.invalid/s3cret"} {
		m := alarm(noon)
		_, err := open(t, &SlackConfig{URL: secret(t, address)}).Send(t.Context(), &m)
		var r *Refusal
		if !errors.As(err, &r) || r.Class != Later || r.Unsure || r.Hint == "" || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v %v", r, err)
		}
	}
	s := serviceOf(t, func(w http.ResponseWriter, _ request) { panic(http.ErrAbortHandler) })
	m := alarm(noon)
	_, err := open(t, &SlackConfig{URL: secret(t, s.URL)}).Send(t.Context(), &m)
	if r := refusalOf(err); err == nil || r.Class != Later || !r.Unsure {
		t.Errorf("a connection that ends without an answer: %+v %v", r, err)
	}
	limited := serviceOf(t, status(429, `{"message":"You are being rate limited.","retry_after":2.5,"global":false}`))
	_, err = open(t, &DiscordConfig{URL: secret(t, limited.URL)}).Send(t.Context(), &m)
	if r := refusalOf(err); r.After != 2500*time.Millisecond {
		t.Errorf("Discord: %+v", r)
	}
}

func FuzzText(f *testing.F) {
	f.Add(evil)
	f.Add("\xff\xfe\u202e")
	f.Add(strings.Repeat("a\u0301", 300))
	f.Fuzz(func(t *testing.T, s string) {
		c := clean(s, 50)
		if utf8.RuneCountInString(c) > 50 || strings.ContainsAny(c, "\r\n\x00\x1b\u202e\u2028") || !utf8.ValidString(c) {
			t.Fatalf("%q", c)
		}
		if md := markdown(c); strings.Contains(md, "@everyone") || strings.Contains(strings.ReplaceAll(md, `\\`, ""), "](") && !strings.Contains(md, `\](`) {
			t.Fatalf("%q", md)
		}
		m := Message{ID: "x", Kind: Firing, Severity: "high", Title: c, What: c, Who: s, Entities: []Entity{{"user", s}, {"address", s}}, Tenant: s, Link: "https://e.example/x", At: noon}
		line := cef(&m, Env{Version: s})
		if strings.ContainsAny(line, "\r\n") {
			t.Fatalf("more than a line: %q", line)
		}
		bars := strings.Count(strings.ReplaceAll(strings.ReplaceAll(strings.SplitN(line, "|rt=", 2)[0], `\\`, ""), `\|`, ""), "|")
		if bars != 6 {
			t.Fatalf("%d bars in the header: %q", bars, line)
		}
		if l := leef(&m, Env{Version: s}); strings.ContainsAny(l, "\r\n") || strings.Count(strings.SplitN(l, "|x09|", 2)[0], "|") != 4 {
			t.Fatalf("%q", l)
		}
		if html, err := htmlOf(&m); err != nil || strings.Contains(html, "<script") {
			t.Fatalf("%v %s", err, html)
		}
		w := &smtpWay{subject: "[t]"}
		if sub := w.subjectOf(&m); strings.ContainsAny(sub, "\r\n") {
			t.Fatalf("%q", sub)
		}
	})
}
