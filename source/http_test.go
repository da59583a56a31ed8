package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// httpRoad is an HTTP input and a client that sends records in batches until they are taken.
func httpRoad(path string, body func(records []string) []byte) func(*testing.T) *road {
	return httpRoadOf(path, "application/x-ndjson", body)
}

func httpRoadOf(path, kind string, body func(records []string) []byte) func(*testing.T) *road {
	return func(t *testing.T) *road {
		listen := fmt.Sprintf("127.0.0.1:%d", parts.Port(t))
		client := &http.Client{Timeout: 30 * time.Second}
		return &road{
			make: func(t *testing.T) Input { return newHTTP(t, HTTPConfig{Listen: listen}) },
			feed: func(ctx context.Context, list []string) error {
				defer client.CloseIdleConnections()
				for len(list) > 0 {
					n := min(len(list), 1000)
					if err := postUntilTaken(ctx, client, "http://"+listen+path, kind, body(list[:n])); err != nil {
						return err
					}
					list = list[n:]
				}
				return nil
			},
		}
	}
}

func newHTTP(t testing.TB, cfg HTTPConfig) Input {
	t.Helper()
	in, err := NewHTTP(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// postUntilTaken posts a body until the answer is good; with ctx done it gives up.
func postUntilTaken(ctx context.Context, client *http.Client, url, kind string, body []byte) error {
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", kind)
		answer, err := client.Do(r)
		if err == nil {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			switch {
			case answer.StatusCode < 300 && !bytes.Contains(text, []byte(`"errors":true`)):
				return nil
			case answer.StatusCode < 429:
				return fmt.Errorf("%s: %s: %s", url, answer.Status, text)
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

// documents returns records as JSON lines, each after another line.
func documents(before string, records []string) []byte {
	var b bytes.Buffer
	for _, r := range records {
		text, _ := json.Marshal(map[string]string{"message": r})
		b.WriteString(before)
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

var badHTTP = map[string]func() (Input, error){
	"everywhere without TLS":      func() (Input, error) { return NewHTTP(HTTPConfig{Listen: "0.0.0.0:8627"}, Env{}) },
	"everywhere by an empty host": func() (Input, error) { return NewHTTP(HTTPConfig{Listen: ":8627"}, Env{}) },
	"https without a certificate": func() (Input, error) { return NewHTTP(HTTPConfig{Listen: "https://127.0.0.1:8627"}, Env{}) },
	"no port":                     func() (Input, error) { return NewHTTP(HTTPConfig{Listen: "127.0.0.1"}, Env{}) },
	"a secret in the file": func() (Input, error) {
		return NewHTTP(HTTPConfig{Tokens: []HTTPToken{{Name: "a", Secret: "0123456789abcdef"}}}, Env{})
	},
	"a short hash": func() (Input, error) {
		return NewHTTP(HTTPConfig{Tokens: []HTTPToken{{Name: "a", Hash: "00ff"}}}, Env{})
	},
	"a token without a name": func() (Input, error) {
		return NewHTTP(HTTPConfig{Tokens: []HTTPToken{{Hash: strings.Repeat("00", 32)}}}, Env{})
	},
	"certificates of clients without TLS": func() (Input, error) { return NewHTTP(HTTPConfig{ClientCA: "/none"}, Env{}) },
}

var (
	bulkConformer = conformer{
		name: "http _bulk", waits: true, answers: true, bad: badHTTP,
		open: httpRoad("/_bulk", func(list []string) []byte { return documents(`{"create":{"_index":"logs"}}`+"\n", list) }),
	}
	linesConformer = conformer{
		name: "http lines", waits: true, answers: true,
		open: httpRoad("/ingest", func(list []string) []byte { return []byte(strings.Join(list, "\n") + "\n") }),
	}
	hecConformer = conformer{
		name: "http collector", waits: true, answers: true,
		open: httpRoad("/services/collector/event", func(list []string) []byte {
			var b []byte
			for _, r := range list {
				b = fmt.Appendf(b, `{"event":%q,"host":"gate","time":1709456364.120}`, r)
			}
			return b
		}),
	}
)

// gzipped and zstded pack a body.
func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zstded(data []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(data, nil)
}

// checkDocuments tells whether data is JSON objects, one a line.
func checkDocuments(t *testing.T, data []byte) {
	t.Helper()
	for line := range bytes.Lines(data) {
		if line[0] != '{' || !bytes.HasSuffix(line, []byte("}\n")) || !json.Valid(line) {
			t.Fatalf("no document: %q", line)
		}
	}
}
