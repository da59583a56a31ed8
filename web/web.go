// Package web holds the console's pages: TypeScript in src, made into dist by `make pages`, embedded here and served.
//
// It promises: one page answers at every address of the console, for the page itself finds what stands at it; files whose names
// hold a hash may be kept by browsers for ever, nothing else may. Every answer says what the page may do (Content Security
// Policy with Trusted Types): scripts, styles, fonts and connections of this server alone, no script out of text, and no frame
// around it. A program that was built without the pages answers with one plain page that says so; all else works.
//
// It never reads or changes anything of tocsin: the pages do that through the API. It holds no state.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed dist
var embedded embed.FS

// Policy is what the pages may do (CSP level 3, Trusted Types).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Handler answers with the pages. It belongs at "/", beside the API. It may be called from any goroutine.
func Handler() http.Handler {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		dist = embedded // only a name that is no path gives an error
	}
	return handler(dist)
}

const plain = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>tocsin</title>
<h1>tocsin runs, without its pages</h1>
<p>This program was built by <code>go build</code> alone. <code>make build</code> makes the pages, too; it needs npm.</p>
<p>The API answers at <a href="/api/v1/openapi.json">/api/v1</a>, and the command <code>tocsin</code> does all that the pages do.</p>
</html>
`

func handler(dist fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := fileOf(r.URL.Path)
		if name == "" {
			http.NotFound(w, r)
			return
		}
		h.Set("Cache-Control", "no-cache")
		if strings.HasPrefix(name, "assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		err := serve(w, r, dist, name)
		if errors.Is(err, fs.ErrNotExist) && name == "index.html" {
			h.Set("Content-Type", "text/html; charset=utf-8")
			_, err = io.WriteString(w, plain)
		}
		if errors.Is(err, fs.ErrNotExist) {
			h.Del("Cache-Control")
			http.NotFound(w, r)
		}
	})
}

// fileOf is the file that answers at a path of a URL; "" is none. What has no file of its own is a page.
func fileOf(at string) string {
	at = strings.TrimPrefix(path.Clean("/"+at), "/")
	first, rest, _ := strings.Cut(at, "/")
	switch {
	case first == "assets" && rest != "", at == "licences.txt":
		return at
	case first == "api", first == "assets", first == "metrics":
		return ""
	case rest == "" && strings.Contains(first, "."): // favicon.ico, robots.txt
		return ""
	}
	return "index.html"
}

// serve answers with a file: as it is, or as gzip, as which most are kept.
func serve(w http.ResponseWriter, r *http.Request, dist fs.FS, name string) error {
	text, err := fs.ReadFile(dist, name)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = fs.ReadFile(dist, name+".gz"); err == nil {
			w.Header().Set("Vary", "Accept-Encoding")
			if acceptsGzip(r.Header.Get("Accept-Encoding")) {
				w.Header().Set("Content-Encoding", "gzip")
			} else if text, err = unzip(text); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // as the system's table may have it otherwise
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".woff2":
		kind = "font/woff2"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // who is gone needs no answer
	}
	return nil
}

// acceptsGzip tells whether an Accept-Encoding header has gzip in it (RFC 9110, 12.5.3).
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if c := strings.TrimSpace(coding); c == "gzip" || c == "*" {
			q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !ok || err != nil || v > 0
		}
	}
	return false
}

func unzip(text []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
