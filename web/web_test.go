package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

func TestHandler(t *testing.T) {
	dist := fstest.MapFS{
		"index.html.gz":         {Data: zipped(t, "<!doctype html>the page")},
		"assets/main-AB.js.gz":  {Data: zipped(t, "code")},
		"assets/inter-CD.woff2": {Data: []byte("font")},
		"licences.txt.gz":       {Data: zipped(t, "licences")},
		"README":                {Data: []byte("not for others")},
	}
	h := handler(dist)
	for _, c := range []struct {
		method, at, accept     string
		status                 int
		body, kind, cache, enc string
	}{
		{"GET", "/", "gzip", 200, "the page", "text/html; charset=utf-8", "no-cache", "gzip"},
		{"GET", "/queue/abc", "", 200, "the page", "text/html; charset=utf-8", "no-cache", ""},
		{"GET", "/entities/host/db.example.com", "br", 200, "the page", "text/html; charset=utf-8", "no-cache", ""},
		{"GET", "/queue", "gzip;q=0", 200, "the page", "text/html; charset=utf-8", "no-cache", ""},
		{"GET", "/assets/main-AB.js", "br, gzip", 200, "code", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "gzip"},
		{"GET", "/assets/main-AB.js", "", 200, "code", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", ""},
		{"GET", "/assets/inter-CD.woff2", "gzip", 200, "font", "font/woff2", "public, max-age=31536000, immutable", ""},
		{"HEAD", "/queue", "", 200, "", "text/html; charset=utf-8", "no-cache", ""},
		{"GET", "/licences.txt", "", 200, "licences", "text/plain; charset=utf-8", "no-cache", ""},
		{"GET", "/assets/other.js", "", 404, "", "", "", ""},
		{"GET", "/assets/", "", 404, "", "", "", ""},
		{"GET", "/favicon.ico", "", 404, "", "", "", ""},
		{"GET", "/api/v1/nothing", "", 404, "", "", "", ""},
		{"GET", "/README", "", 200, "the page", "text/html; charset=utf-8", "no-cache", ""},
		{"GET", "/assets/../README", "", 200, "the page", "text/html; charset=utf-8", "no-cache", ""},
		{"POST", "/queue", "", 405, "", "", "", ""},
	} {
		t.Run(c.method+" "+c.at+" "+c.accept, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://x"+c.at, nil)
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Fatalf("status %d, not %d", w.Code, c.status)
			}
			if w.Header().Get("Content-Security-Policy") != Policy {
				t.Error("it says nothing of what pages may do")
			}
			if c.status != http.StatusOK {
				return
			}
			body := w.Body.Bytes()
			if got := w.Header().Get("Content-Encoding"); got != c.enc {
				t.Fatalf("encoding %q, not %q", got, c.enc)
			}
			if c.enc == "gzip" {
				text, err := unzip(body)
				if err != nil {
					t.Fatal(err)
				}
				body = text
			}
			if !strings.Contains(string(body), c.body) {
				t.Errorf("answered %q", body)
			}
			if got := w.Header().Get("Content-Type"); got != c.kind {
				t.Errorf("type %q, not %q", got, c.kind)
			}
			if got := w.Header().Get("Cache-Control"); got != c.cache {
				t.Errorf("cache %q, not %q", got, c.cache)
			}
		})
	}
}

func TestHandlerWithoutPages(t *testing.T) {
	h := handler(fstest.MapFS{"README": {Data: []byte("x")}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://x/queue", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "make build") || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://x/assets/main.js", nil))
	if w.Code != 404 {
		t.Errorf("a script that is not there: %d", w.Code)
	}
}

// TestBudget holds the bundle to what a first visit may cost.
func TestBudget(t *testing.T) {
	if !Built() {
		parts.Missing(t, "the program has no pages; make pages makes them")
	}
	list, err := embedded.ReadDir("dist/assets")
	if err != nil {
		t.Fatal(err)
	}
	var first, script int64
	for _, f := range list {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		name := f.Name()
		shared := strings.HasPrefix(name, "main-") || strings.HasPrefix(name, "early-") || strings.HasPrefix(name, "chunk-") || strings.HasPrefix(name, "queue-")
		if strings.HasSuffix(name, ".woff2") || strings.HasSuffix(name, ".css.gz") || shared {
			first += info.Size()
		}
		if shared && strings.HasSuffix(name, ".js.gz") {
			script += info.Size()
		}
	}
	t.Logf("a first visit takes %d bytes, %d of them scripts", first, script)
	if script == 0 || script > 60_000 {
		t.Errorf("%d bytes of scripts for the queue", script)
	}
	if first > 150_000 {
		t.Errorf("%d bytes for a first visit", first)
	}
}
