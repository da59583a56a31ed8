package web_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// elsewhere are operations that TestAnswers does not ask for, and why.
var elsewhere = map[string]string{
	"GET /api/v1/login/oidc/{provider}":          "needs a provider: TestConsoleSingleSignOn",
	"GET /api/v1/login/oidc/{provider}/callback": "needs a provider: TestConsoleSingleSignOn",
	"POST /api/v1/login/passkey/finish":          "needs a passkey: the browser tests",
	"POST /api/v1/users/first-link":              "is for a machine without users: TestConsoleFirstRun",
	"POST /api/v1/me/passkeys/finish":            "needs a passkey: the browser tests",
	"DELETE /api/v1/me/passkeys/{id}":            "needs a passkey: the browser tests",
}

// TestAnswers asks a real serve, with the night of the demonstration in it, for every operation of the API, and holds each
// answer against the API's document.
func TestAnswers(t *testing.T) {
	if os.Getenv(apart) == "" {
		parts.Missing(t, "a network namespace of its own cannot be made; it needs root, unshare and ip")
	}
	desk := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(desk.Close)
	s := serveAt(t, true, 0, "notify:\n  ways:\n    desk: {webhook: {url: '"+desk.URL+"'}}\n  routes: [{name: all, to: [desk]}]\n")
	s.first()
	_, attack := s.awaitNight()
	s.looks(attack)
	s.decides(attack)
	s.acts(attack)
	s.askRules(attack)
	s.people()
	for _, name := range s.api.Unanswered() {
		if elsewhere[name] == "" {
			t.Errorf("%s was not asked for, or did not answer well", name)
		}
	}
}

// a is JSON to be sent.
type a = map[string]any

// ask asks for an operation, and returns what it answered. It must have answered well.
func (s *server) ask(method, path string, body any) any {
	s.t.Helper()
	return s.askAs("", method, path, body)
}

// askAs asks with a token, in place of the session.
func (s *server) askAs(token, method, path string, body any) any {
	s.t.Helper()
	var send io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		send = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.origin+"/api/v1"+path, send)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Origin", s.origin)
	client := s.client
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
		client = &http.Client{Timeout: client.Timeout, Transport: client.Transport}
	}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Errorf("%s %s: %s: %.400s %v", method, path, answer.Status, text, err)
		return nil
	}
	var v any
	if strings.HasSuffix(answer.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &v); err != nil && !strings.Contains(answer.Header.Get("Content-Type"), "ndjson") {
			s.t.Error(method, path, err)
		}
	}
	return v
}

// word is a string in an answer, by the names and places on the way to it: "items.0.key".
func (s *server) word(v any, way string) string {
	s.t.Helper()
	for part := range strings.SplitSeq(way, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			if len(x) == 0 {
				s.t.Fatalf("nothing is at %s", way)
			}
			v = x[0]
		}
	}
	text, ok := v.(string)
	if !ok || text == "" {
		s.t.Fatalf("no word is at %s: %v", way, v)
	}
	return text
}

// looks asks for what can be read.
func (s *server) looks(attack string) {
	s.t.Helper()
	for _, path := range []string{
		"/health", "/login/ways", "/me", "/me/sessions", "/me/passkeys", "/status", "/sources", "/settings", "/notify", "/playbooks", "/playbooks?test=true&since=24h",
		"/incidents?status=any&limit=2", "/incidents?q=severity:critical", "/incidents/summary?status=any&buckets=40", "/incidents/" + attack, "/incidents/" + attack + "/contain",
		"/alerts?limit=1000", "/hits?limit=1000", "/rules", "/rules?limit=1000&order=fired", "/rules/stats", "/coverage", "/exposure", "/reports/month", "/reports/shift", "/reports/compliance?days=30", "/reports/shift/lines",
		"/search?q=*&limit=5", "/search?q=" + url.QueryEscape("* | stats count by dataset"), "/search/fields?q=*", "/search/fields?q=*&field=dataset", "/search/histogram?q=*&buckets=50",
		"/search/histogram?q=nothinglikethis", "/entities/address/" + attacker, "/entities/user/root", "/entities/host/web1", "/entities/any/nobodyhere",
		"/audit?limit=3", "/blocks", "/actions", "/cases", "/silences", "/prevent", "/searches", "/users", "/tokens", "/firewall",
	} {
		s.ask("GET", path, nil)
	}
	hit := s.word(s.ask("GET", "/hits?limit=1", nil), "items.0.key")
	s.ask("GET", "/hits/"+hit, nil)
	for _, path := range []string{"/events", "/tail?q=*&since=" + time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339)} { // which have no end
		r, err := s.client.Get(s.origin + "/api/v1" + path)
		if err != nil {
			s.t.Error(path, err)
			continue
		}
		_ = r.Body.Close()
	}
}

// decides judges incidents, makes a case of them, and hides what is expected.
func (s *server) decides(attack string) {
	s.t.Helper()
	week := time.Now().Add(7 * 24 * time.Hour).UTC().Format(time.RFC3339)
	decided := s.ask("POST", "/incidents/decide", a{"keys": []string{attack}, "status": "taken", "note": "looks bad", "owner": userName})
	s.ask("POST", "/incidents/decide", decided.(a)["undo"].([]any)[0])
	s.ask("POST", "/incidents/decide", a{"keys": []string{attack}, "status": "snoozed", "until": week})
	s.ask("POST", "/incidents/decide", a{"keys": []string{attack}, "status": "closed", "verdict": "malicious"})
	s.ask("GET", "/incidents/"+attack, nil)
	k := s.word(s.ask("POST", "/cases", a{"title": "Break-in", "incidents": []string{attack}}), "key")
	for _, change := range []a{{"op": "note", "text": "one"}, {"op": "task", "text": "look"}, {"op": "take"}, {"op": "summary", "text": "all of it"}} {
		s.ask("POST", "/cases/"+k, change)
	}
	r, err := s.client.Post(s.origin+"/api/v1/cases/"+k+"/evidence?name=dump&from=web1", "application/octet-stream", strings.NewReader("bytes"))
	if err != nil {
		s.t.Fatal(err)
	}
	var kept struct{ Evidence []struct{ SHA256 string } }
	s.read("evidence", r, &kept)
	s.ask("GET", "/evidence/"+kept.Evidence[0].SHA256, nil)
	s.ask("POST", "/cases/"+k, a{"op": "close", "verdict": "malicious"})
	s.ask("GET", "/cases/"+k, nil)
	s.ask("GET", "/cases/"+k+"/report", nil)
	s.ask("GET", "/cases?closed=true", nil)
	quiet := a{"matchers": []string{"source.ip=" + attacker}, "reason": "our own test", "until": week}
	s.ask("POST", "/silences/try", quiet)
	id := s.word(s.ask("POST", "/silences", quiet), "id")
	s.ask("GET", "/silences", nil)
	s.ask("POST", "/silences/"+id+"/end", nil)
	risk := s.word(s.ask("GET", "/exposure", nil), "items.0.id")
	s.ask("POST", "/exposure/"+url.PathEscape(risk)+"/accept", a{"reason": "known", "until": week})
	s.ask("GET", "/exposure", nil)
	s.ask("POST", "/exposure/"+url.PathEscape(risk)+"/refuse", nil)
	search := s.word(s.ask("POST", "/searches", a{"name": "mine", "query": "failed", "shared": true}), "id")
	s.ask("GET", "/searches", nil)
	s.ask("DELETE", "/searches/"+search, nil)
}

// acts changes the world, which is a network namespace of the test's own.
func (s *server) acts(attack string) {
	s.t.Helper()
	asked := a{"kind": "block", "target": attacker, "for": "24h", "why": "tries", "alert": attack}
	s.ask("POST", "/actions", a{"actions": []a{asked}, "dry": true})
	key := s.word(s.ask("POST", "/actions", a{"actions": []a{asked}}), "items.0.key")
	s.ask("GET", "/blocks", nil)
	s.ask("GET", "/actions?state=done", nil)
	s.ask("GET", "/incidents/"+attack+"/contain", nil)
	s.ask("POST", "/actions/"+key+"/undo", a{"text": "enough"})
	token := s.word(s.ask("POST", "/tokens", a{"name": "asks", "days": 3, "scope": []string{"action.ask"}}), "secret")
	for i, verb := range []string{"approve", "deny"} {
		key := s.word(s.askAs(token, "POST", "/actions", a{"actions": []a{{"kind": "block", "target": "203.0.113.2" + strconv.Itoa(i)}}}), "items.0.key")
		s.ask("GET", "/actions?state=proposed", nil)
		s.ask("POST", "/actions/"+key+"/"+verb, a{"text": "so it is"})
	}
	policy := a{"zones": a{"lan": a{"networks": []string{"192.0.2.0/24"}}}, "rules": []a{{"name": "web", "from": []string{"lan"}, "to": []string{"self"}, "services": []string{"tcp/80"}}}}
	s.ask("POST", "/firewall/plan", a{"policy": policy})
	s.ask("POST", "/firewall/apply", a{"policy": policy, "confirm": "1m"})
	s.ask("POST", "/firewall/confirm", nil)
	s.ask("GET", "/firewall", nil)
	s.ask("POST", "/notify/desk/test", nil)
	s.ask("GET", "/reports/month", nil)
	s.ask("GET", "/audit?limit=1000", nil)
	s.ask("POST", "/verify", nil)
	s.ask("POST", "/reload", nil)
	s.ask("POST", "/backup", a{"dir": s.t.TempDir() + "/backup"})
}

// askRules tries rules, turns them off, and makes new ones of what was found.
func (s *server) askRules(attack string) {
	s.t.Helper()
	fired := s.word(s.ask("GET", "/rules?fired=true&order=fired&limit=1", nil), "items.0.id")
	s.ask("GET", "/rules/"+url.PathEscape(fired), nil)
	s.ask("GET", "/rules/"+url.PathEscape(s.word(s.ask("GET", "/rules?fired=false&limit=1", nil), "items.0.id")), nil)
	s.ask("POST", "/rules/check", a{"yaml": "title: x\nlogsource: {product: linux}\ndetection:\n  a: b\n"})
	s.ask("POST", "/rules/"+url.PathEscape(fired)+"/enabled", a{"enabled": false, "why": "too loud"})
	s.ask("GET", "/rules/"+url.PathEscape(fired), nil)
	s.ask("POST", "/rules/"+url.PathEscape(fired)+"/enabled", a{"enabled": true})
	draft := s.ask("POST", "/prevent/"+attack, nil)
	s.ask("POST", "/prevent/"+attack+"?exception=true", nil)
	rule := draft.(a)["rules"].([]any)[0].(a)
	armed := s.ask("POST", "/prevent/"+attack+"/arm?force=true", a{"files": []a{{"name": rule["name"], "rule": rule["text"], "tests": rule["tests"]}}})
	s.ask("GET", "/prevent", nil)
	s.ask("POST", "/prevent/"+s.word(armed, "items.0.name")+"/disarm", nil)
	file := a{"name": "own", "rule": "title: Own\nid: 4f5ad9a8-9d5f-4f0f-8b9a-3a2d7a7a1f11\nlevel: low\nlogsource: {product: linux}\ndetection:\n  s: {process.name: nobodyhere}\n  condition: s\n"}
	s.ask("POST", "/rules/arm", a{"files": []a{file}, "why": "tried"})
	s.ask("POST", "/rules/own/disarm", nil)
	s.ask("POST", "/backtest?progress=true", a{"names": []string{fired}})
}

// people adds some, and gives them keys and takes them away.
func (s *server) people() {
	s.t.Helper()
	s.ask("POST", "/users", a{"name": "bert", "full_name": "Bert", "password": "a long horse on a boat", "roles": a{"*": "viewer"}})
	s.ask("POST", "/users/bert/role", a{"tenant": "*", "role": "analyst"})
	s.ask("POST", "/users/bert/disabled", a{"disabled": true})
	s.ask("POST", "/users/bert/disabled", a{"disabled": false})
	s.ask("POST", "/users/bert/password", a{"password": "a longer horse on a boat"})
	s.ask("POST", "/users/bert/link", nil)
	s.ask("DELETE", "/users/bert/mfa", nil)
	s.ask("GET", "/users", nil)
	token := s.word(s.ask("POST", "/tokens", a{"name": "night", "days": 3, "scope": []string{"incident.read"}}), "id")
	s.ask("GET", "/tokens", nil)
	s.ask("DELETE", "/tokens/"+token, nil)
	s.ask("POST", "/me/passkeys", nil)
	s.ask("POST", "/me/password", a{"old": password, "new": password + "s"})
	s.ask("POST", "/me/step-up", a{"password": password + "s"})
	secret := s.word(s.ask("POST", "/me/totp", nil), "key")
	s.ask("POST", "/me/totp/confirm", a{"code": code(s.t, secret, 0)})
	s.ask("GET", "/me", nil)
	s.ask("DELETE", "/me/sessions", nil)
	s.ask("POST", "/me/logout", nil)
	s.ask("POST", "/login/passkey", nil)
	if next := s.word(s.ask("POST", "/login", a{"user": userName, "password": password + "s"}), "next.0"); next != "totp" {
		s.t.Errorf("after the password comes %q", next)
	}
	s.ask("POST", "/login/second", a{"kind": "totp", "code": code(s.t, secret, 1)}) // a code is good once; the next is good already
	s.ask("DELETE", "/me/totp", nil)
	sessions := s.ask("GET", "/me/sessions", nil)
	s.ask("DELETE", "/me/sessions/"+s.word(sessions, "items.0.id"), nil)
}

// code is the one of a TOTP secret (RFC 6238), some steps of 30 seconds from now.
func code(t *testing.T, secret string, ahead int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.ReplaceAll(secret, " ", "")))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+ahead)
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff % 1_000_000
	digits := []byte("000000")
	for i := range slices.Backward(digits) {
		digits[i] += byte(n % 10)
		n /= 10
	}
	return string(digits)
}
