package feeds

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/intel"
)

// listedIn tells whether a value is on the lists as they lie on disk.
func listedIn(t *testing.T, lists []List, dir, value string) bool {
	t.Helper()
	set, status := Load(lists, dir)
	for _, s := range status {
		if s.Error != "" {
			t.Logf("%s: %s", s.Name, s.Error)
		}
	}
	var m intel.Match
	return set.NewLookup().Any(&m, value, time.Now().UnixNano())
}

func completed(t *testing.T, l List) []List {
	t.Helper()
	lists := []List{l}
	if err := Complete(lists); err != nil {
		t.Fatal(err)
	}
	return lists
}

// Words of lists for which there is no room are told, and the values are on the list all the same.
func TestWordsWithoutRoom(t *testing.T) {
	var b strings.Builder
	b.WriteString("value,description\n")
	for i := range intel.MaxNotes/200 + 100 {
		fmt.Fprintf(&b, "host-%d.evil.example,%0200d\n", i, i)
	}
	path := filepath.Join(t.TempDir(), "wordy.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	lists := completed(t, List{Path: path})
	set, status := Load(lists, t.TempDir())
	var m intel.Match
	if last := fmt.Sprintf("host-%d.evil.example", intel.MaxNotes/200+99); !set.NewLookup().Any(&m, last, time.Now().UnixNano()) {
		t.Errorf("%s is not on the list: %+v", last, status)
	}
	if p := status[0].Problems; len(p) != 1 || !strings.Contains(p[0], "without their descriptions") {
		t.Errorf("told: %q", p)
	}
}

// A list is fetched once, asked for again by its tag, kept when the server is gone, and not replaced by a page that is none.
func TestFetchWhole(t *testing.T) {
	dir := t.TempDir()
	body, down := atomic.Value{}, atomic.Bool{}
	body.Store("198.51.100.7\nevil.example\n")
	var full, unchanged atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"%d"`, len(body.Load().(string)))
		switch {
		case down.Load():
			http.Error(w, "gone", http.StatusServiceUnavailable)
		case r.Header.Get("Authorization") != "Bearer let me in":
			http.Error(w, "who are you", http.StatusUnauthorized)
		case r.Header.Get("If-None-Match") == tag:
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
		default:
			full.Add(1)
			w.Header().Set("ETag", tag)
			_, _ = w.Write([]byte(body.Load().(string)))
		}
	}))
	defer server.Close()
	t.Setenv("FEED_TOKEN", "let me in")
	lists := completed(t, List{URL: server.URL + "/bad.txt", Token: "env:FEED_TOKEN"})
	if lists[0].Name != "bad.txt" {
		t.Errorf("name %q", lists[0].Name)
	}
	step := func(wantChanged, wantError bool, value string) {
		t.Helper()
		changed, err := Fetch(context.Background(), &lists[0], dir)
		if changed != wantChanged || (err != nil) != wantError {
			t.Errorf("changed %v, error %v", changed, err)
		}
		if !listedIn(t, lists, dir, value) {
			t.Errorf("%s is not listed", value)
		}
	}
	step(true, false, "www.evil.example")
	step(false, false, "198.51.100.7")
	if full.Load() != 1 || unchanged.Load() != 1 {
		t.Errorf("%d times whole, %d times unchanged", full.Load(), unchanged.Load())
	}
	down.Store(true)
	step(false, true, "198.51.100.7")
	down.Store(false)
	body.Store("<html><body>We have moved to another place. Please click here.</body></html>\n")
	step(false, true, "198.51.100.7")
	body.Store("198.51.100.8\n")
	step(true, false, "198.51.100.8")
	if listedIn(t, lists, dir, "evil.example") {
		t.Error("what left the list is still listed")
	}
	lists[0].Token = "env:NOWHERE_AT_ALL"
	if _, err := Fetch(context.Background(), &lists[0], dir); err == nil || strings.Contains(err.Error(), "let me in") {
		t.Errorf("without a secret: %v", err)
	}
}

func stixIndicatorJSON(id int, value string) string {
	return fmt.Sprintf(`{"type":"indicator","spec_version":"2.1","id":"indicator--%d","modified":"2026-01-0%dT00:00:00Z","pattern_type":"stix","pattern":"[domain-name:value = '%s']","valid_from":"2024-01-01T00:00:00Z"}`, id, id, value)
}

// A TAXII 2.1 server: discovery, an API root, two collections of which one may be read, pages, and what was added since.
func TestFetchTAXII(t *testing.T) {
	dir := t.TempDir()
	var later atomic.Bool
	var asked []string
	mux := http.NewServeMux()
	answer := func(path, text string) {
		mux.HandleFunc("GET "+path+"{$}", func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "reader" || password != "secret" || !strings.HasPrefix(r.Header.Get("Accept"), "application/taxii+json") {
				http.Error(w, `{"title":"no"}`, http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", taxiiType)
			_, _ = w.Write([]byte(text))
		})
	}
	answer("/taxii2/", `{"title":"some server","default":"/root/","api_roots":["/root/"]}`)
	answer("/root/", `{"title":"root","versions":["application/taxii+json;version=2.1"],"max_content_length":1000}`)
	answer("/root/collections/", `{"collections":[{"id":"c1","title":"Indicators","can_read":true,"can_write":false},{"id":"c2","title":"Secret","can_read":false,"can_write":true}]}`)
	answer("/root/collections/c1/", `{"id":"c1","title":"Indicators","can_read":true,"can_write":false}`)
	mux.HandleFunc("GET /root/collections/c1/objects/", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		q := r.URL.Query()
		w.Header().Set("Content-Type", taxiiType)
		switch {
		case q.Get("added_after") == "2026-01-02T00:00:00.000Z" && later.Load():
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-01-03T00:00:00.000Z")
			fmt.Fprintf(w, `{"objects":[%s]}`, stixIndicatorJSON(3, "third.example"))
		case q.Get("added_after") != "":
			_, _ = w.Write([]byte(`{}`))
		case q.Get("next") == "":
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-01-01T00:00:00.000Z")
			fmt.Fprintf(w, `{"more":true,"next":"page2","objects":[%s]}`, stixIndicatorJSON(1, "first.example"))
		default:
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-01-02T00:00:00.000Z")
			fmt.Fprintf(w, `{"more":false,"objects":[%s]}`, stixIndicatorJSON(2, "second.example"))
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	t.Setenv("FEED_PASSWORD", "secret")
	for i, at := range []string{"/taxii2/", "/root/", "/root/collections/", "/root/collections/c1/"} {
		lists := completed(t, List{Name: fmt.Sprint("t", i), URL: server.URL + at, Format: "taxii", User: "reader", Password: "env:FEED_PASSWORD"})
		if changed, err := Fetch(context.Background(), &lists[0], dir); err != nil || !changed {
			t.Fatalf("%s: %v %v", at, changed, err)
		}
		for _, v := range []string{"first.example", "second.example"} {
			if !listedIn(t, lists, dir, v) {
				t.Errorf("%s: %s is not listed", at, v)
			}
		}
		if changed, err := Fetch(context.Background(), &lists[0], dir); err != nil || changed {
			t.Errorf("%s again: %v %v", at, changed, err)
		}
		later.Store(true)
		if changed, err := Fetch(context.Background(), &lists[0], dir); err != nil || !changed {
			t.Errorf("%s later: %v %v", at, changed, err)
		}
		later.Store(false)
		for _, v := range []string{"first.example", "third.example"} {
			if !listedIn(t, lists, dir, v) {
				t.Errorf("%s later: %s is not listed", at, v)
			}
		}
	}
	if len(asked) != 16 {
		t.Errorf("asked %d times: %v", len(asked), asked)
	}
	lists := completed(t, List{Name: "none", URL: server.URL + "/root/", Format: "taxii", User: "reader", Password: "env:FEED_PASSWORD", Collections: []string{"Secret"}})
	if _, err := Fetch(context.Background(), &lists[0], dir); err == nil {
		t.Error("a collection that may not be read was read")
	}
}

// A MISP feed: only events that have changed are fetched again, and one that is gone is forgotten.
func TestFetchMISPFeed(t *testing.T) {
	dir := t.TempDir()
	const a, b = "5758ebf5-c898-48e6-9fe9-5665c0a83866", "5758ebf5-c898-48e6-9fe9-5665c0a83867"
	site := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(site, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	event := func(id, value string) string {
		return fmt.Sprintf(`{"Event":{"uuid":%q,"info":"an event","Attribute":[{"type":"domain","value":%q,"to_ids":true,"timestamp":"1767225600"},{"type":"domain","value":"shown.example","to_ids":false}]}}`, id, value)
	}
	var fetched atomic.Int64
	files := http.FileServer(http.Dir(site))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "5758") {
			fetched.Add(1)
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	put("manifest.json", fmt.Sprintf(`{%q:{"timestamp":"1"},%q:{"timestamp":"1"},"../../etc/passwd":{"timestamp":"1"}}`, a, b))
	put(a+".json", event(a, "first.example"))
	put(b+".json", event(b, "second.example"))
	lists := completed(t, List{Name: "feed", URL: server.URL, Format: "misp-feed"})
	fetch := func(wantChanged bool, wantFetched int64) {
		t.Helper()
		if changed, err := Fetch(context.Background(), &lists[0], dir); err != nil || changed != wantChanged || fetched.Load() != wantFetched {
			t.Errorf("changed %v, %d fetched, error %v", changed, fetched.Load(), err)
		}
	}
	fetch(true, 2)
	if !listedIn(t, lists, dir, "first.example") || !listedIn(t, lists, dir, "second.example") || listedIn(t, lists, dir, "shown.example") {
		t.Error("not what the feed says")
	}
	fetch(false, 2)
	put("manifest.json", fmt.Sprintf(`{%q:{"timestamp":"2"}}`, a))
	put(a+".json", event(a, "third.example"))
	fetch(true, 3)
	if listedIn(t, lists, dir, "first.example") || listedIn(t, lists, dir, "second.example") || !listedIn(t, lists, dir, "third.example") {
		t.Error("not what the feed says now")
	}
}

func TestIntelSettings(t *testing.T) {
	for _, c := range []struct {
		list List
		says string
	}{
		{List{}, "either a path or a url"},
		{List{Path: "a", URL: "https://b"}, "either a path or a url"},
		{List{URL: "ftp://b/c"}, "must begin with"},
		{List{URL: "https://user:word@b/c"}, "password does not belong"},
		{List{Path: "a", Format: "xml"}, "no format"},
		{List{Path: "a", Confidence: 101}, "from 1 to 100"},
		{List{Path: "a", Only: []string{"car"}}, "no kind"},
		{List{Path: "a", Refresh: time.Second}, "at least"},
		{List{Path: "a", Name: "../x"}, "no name"},
	} {
		if err := Complete([]List{c.list}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.list, err, c.says)
		}
	}
	if err := Complete([]List{{Path: "x/a.txt"}, {Path: "y/a.txt"}}); err == nil {
		t.Error("two lists have one name")
	}
}
