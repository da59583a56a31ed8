package serve

import (
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// fewBytes is what is not worth compressing.
const fewBytes = 1024

// writersOfGzip are used again: each has large tables.
type writersOfGzip struct{ pool sync.Pool }

func newWritersOfGzip() *writersOfGzip {
	return &writersOfGzip{sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which is a level
		return w
	}}}
}

// compressed sends texts with gzip (RFC 1952) to who takes that (RFC 9110, 12.5.3). Streams of events are left as they are:
// each has to arrive when it happens, and most are small. What is compressed already says so by Content-Encoding.
func (p *writersOfGzip) compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !takesGzip(r.Header.Values("Accept-Encoding")) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &gzipAnswer{ResponseWriter: w, pool: p}
		defer c.end()
		next.ServeHTTP(c, r)
	})
}

// takesGzip reads an Accept-Encoding.
func takesGzip(values []string) bool {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "gzip") || name == "*" {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000"
		}
	}
	return false
}

// gzipAnswer holds the first bytes back until it knows whether compressing is worth it.
type gzipAnswer struct {
	http.ResponseWriter
	pool   *writersOfGzip
	status int
	held   []byte
	plain  bool
	out    *gzip.Writer
}

// Unwrap is for http.ResponseController.
func (c *gzipAnswer) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c *gzipAnswer) WriteHeader(status int) {
	if status < 200 || c.status != 0 {
		c.ResponseWriter.WriteHeader(status)
		return
	}
	c.status = status
	if c.Header().Get("Content-Type") != "" || status == http.StatusNoContent || status == http.StatusNotModified {
		c.judge()
	}
}

// judge goes on plainly with what is not to be compressed.
func (c *gzipAnswer) judge() {
	h := c.Header()
	if h.Get("Content-Encoding") != "" || h.Get("Content-Range") != "" || !isText(h.Get("Content-Type")) {
		c.goPlain()
	}
}

func isText(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	switch {
	case mediaType == "text/event-stream":
		return false
	case strings.HasPrefix(mediaType, "text/"), strings.HasSuffix(mediaType, "+json"), strings.HasSuffix(mediaType, "+xml"):
		return true
	}
	return mediaType == "application/json" || mediaType == "application/x-ndjson" || mediaType == "application/javascript" || mediaType == "application/manifest+json"
}

// Write implements io.Writer.
func (c *gzipAnswer) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if !c.plain && c.Header().Get("Content-Type") == "" {
		c.Header().Set("Content-Type", http.DetectContentType(p))
		c.judge()
	}
	switch {
	case c.plain:
		return c.ResponseWriter.Write(p)
	case c.out == nil && len(c.held)+len(p) < fewBytes:
		c.held = append(c.held, p...)
		return len(p), nil
	case c.out == nil:
		if err := c.goGzip(); err != nil {
			return 0, err
		}
	}
	return c.out.Write(p)
}

func (c *gzipAnswer) goPlain() {
	c.plain = true
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
}

func (c *gzipAnswer) goGzip() error {
	h := c.Header()
	h.Del("Content-Length")
	h.Del("Accept-Ranges")
	h.Set("Content-Encoding", "gzip")
	if tag := h.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("Etag", "W/"+tag) // the same for who reads it, not byte for byte (RFC 9110, 8.8.1)
	}
	c.ResponseWriter.WriteHeader(c.status)
	c.out, _ = c.pool.pool.Get().(*gzip.Writer)
	c.out.Reset(c.ResponseWriter)
	_, err := c.out.Write(c.held)
	c.held = nil
	return err
}

// Flush implements http.Flusher: what is written arrives now.
func (c *gzipAnswer) Flush() {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if !c.plain && c.Header().Get("Content-Type") == "" {
		c.goPlain()
	}
	if !c.plain && c.out == nil && c.goGzip() != nil {
		return
	}
	if c.out != nil && c.out.Flush() != nil {
		return
	}
	_ = http.NewResponseController(c.ResponseWriter).Flush()
}

func (c *gzipAnswer) end() {
	switch {
	case c.out != nil:
		_ = c.out.Close() // who is gone needs no end
		c.pool.pool.Put(c.out)
	case !c.plain && c.status != 0:
		c.goPlain()
		_, _ = c.ResponseWriter.Write(c.held)
	}
}
