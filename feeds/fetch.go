package feeds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/trust"
)

// fetchTimeout bounds one answer of a server.
const fetchTimeout = 2 * time.Minute

// fetched is what is kept beside a copy of a list.
type fetched struct {
	URL      string            `json:"url"`
	Format   string            `json:"format"`
	ETag     string            `json:"etag,omitempty"`
	Modified string            `json:"last_modified,omitempty"`
	Checked  time.Time         `json:"checked"`
	Added    map[string]string `json:"added,omitempty"`  // by TAXII collection: what it had added last
	Events   map[string]int64  `json:"events,omitempty"` // of a MISP feed: when they were changed
}

// fetcher fetches one list.
type fetcher struct {
	list   *List
	dir    string
	client *http.Client
	auth   func(*http.Request)
	base   *url.URL
	known  fetched
}

// Fetch fetches a list anew, and tells whether it has changed. The copy is replaced only when all of it has come.
func Fetch(ctx context.Context, l *List, dir string) (changed bool, err error) {
	f := &fetcher{list: l, dir: dir}
	defer func() {
		if err != nil {
			err = fmt.Errorf("fetch %s: %w", l.Name, err)
		}
	}()
	if f.base, err = url.Parse(l.URL); err != nil {
		return false, err
	}
	if err := f.open(); err != nil {
		return false, err
	}
	if err := os.MkdirAll(folderOf(dir), 0o700); err != nil {
		return false, err
	}
	if data, err := os.ReadFile(f.notePath()); err == nil {
		_ = json.Unmarshal(data, &f.known) // what is damaged is fetched whole
	}
	_, missing := os.Stat(l.copyPath(dir))
	if f.known.URL != l.URL || f.known.Format != l.Format || missing != nil {
		f.known = fetched{URL: l.URL, Format: l.Format}
	}
	switch l.Format {
	case "taxii":
		changed, err = f.taxii(ctx)
	case "misp-feed":
		changed, err = f.feed(ctx)
	default:
		changed, err = f.whole(ctx)
	}
	if err != nil {
		return false, err
	}
	f.known.Checked = time.Now().UTC()
	note, err := json.Marshal(&f.known)
	if err != nil {
		return false, err
	}
	return changed, disk.Replace(f.notePath(), 0o600, note)
}

func (f *fetcher) notePath() string { return filepath.Join(folderOf(f.dir), f.list.Name+".json") }

// open makes the client and what it authenticates by.
func (f *fetcher) open() error {
	security, err := trust.Client(f.list.CA)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = security
	f.client = &http.Client{Timeout: fetchTimeout, Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 {
			return errors.New("is sent on too often")
		}
		if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
			r.Header.Del("Authorization")
		}
		return nil
	}}
	var token, password string
	if f.list.Token != "" {
		if token, err = config.Secret(f.list.Token); err != nil {
			return err
		}
	}
	if f.list.Password != "" {
		if password, err = config.Secret(f.list.Password); err != nil {
			return err
		}
	}
	f.auth = func(r *http.Request) {
		switch {
		case f.list.User != "":
			r.SetBasicAuth(f.list.User, password)
		case token != "" && f.list.Format == "misp":
			r.Header.Set("Authorization", token)
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return nil
}

// get asks for something. The body is read whole; with 304 it is nil.
func (f *fetcher) get(ctx context.Context, at string, header http.Header) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set("User-Agent", "tocsin")
	if r.URL.Host == f.base.Host && r.URL.Scheme == f.base.Scheme { // a secret is for one server
		f.auth(r)
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotModified {
		return nil, answer.Header, nil
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent {
		reason, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		return nil, nil, fmt.Errorf("%s answers %s %s", r.URL.Redacted(), answer.Status, strings.TrimSpace(strings.ToValidUTF8(string(reason), "")))
	}
	body, err := readBounded(answer.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read the answer of %s: %w", r.URL.Redacted(), err)
	}
	return body, answer.Header, nil
}

// whole fetches a list that is one file.
func (f *fetcher) whole(ctx context.Context) (bool, error) {
	h := make(http.Header)
	if f.known.ETag != "" {
		h.Set("If-None-Match", f.known.ETag)
	}
	if f.known.Modified != "" {
		h.Set("If-Modified-Since", f.known.Modified)
	}
	if f.list.Format == "misp" {
		h.Set("Accept", "application/json")
	}
	body, header, err := f.get(ctx, f.list.URL, h)
	if err != nil {
		return false, err
	}
	path := f.list.copyPath(f.dir)
	if body == nil { // not changed: but it was seen again
		now := time.Now()
		return false, os.Chtimes(path, now, now)
	}
	f.known.ETag, f.known.Modified = header.Get("ETag"), header.Get("Last-Modified")
	return f.keep(body)
}

// keep puts a list in place of the copy, if it can be read. A page that says that the list has moved is none.
func (f *fetcher) keep(body []byte) (bool, error) {
	plain, err := unpackIntel(body)
	if err != nil {
		return false, err
	}
	if r, err := intel.Load(intel.NewBuilder(), f.list.source(time.Time{}), plain); err != nil {
		return false, fmt.Errorf("what came is no list: %w", err)
	} else if r.Added == 0 && r.Unread > 0 {
		return false, fmt.Errorf("what came holds no indicator; %s: %s", r.Problems[0].Place, r.Problems[0].Reason)
	}
	path := f.list.copyPath(f.dir)
	if old, err := os.ReadFile(path); err == nil && string(old) == string(body) {
		now := time.Now()
		return false, os.Chtimes(path, now, now)
	}
	return true, disk.Replace(path, 0o600, body)
}

// maxFeedEvents bounds the events of a MISP feed that are fetched at a time, the latest first.
const maxFeedEvents = 5000

// feed fetches a MISP feed: its manifest.json, and the events that have changed. Each is one line of the copy.
func (f *fetcher) feed(ctx context.Context) (bool, error) {
	root := strings.TrimSuffix(strings.TrimSuffix(f.list.URL, "manifest.json"), "/")
	body, _, err := f.get(ctx, root+"/manifest.json", nil)
	if err != nil {
		return false, err
	}
	entries, err := intel.ReadManifest(body)
	if err != nil {
		return false, err
	}
	kept := f.keptEvents()
	lines := make([][]byte, 0, len(entries))
	events := make(map[string]int64, len(entries))
	changed := len(entries) != len(f.known.Events)
	for i, e := range entries {
		if i == maxFeedEvents {
			break
		}
		line := kept[e.UUID]
		if at, ok := f.known.Events[e.UUID]; !ok || at != e.Timestamp || line == nil {
			if line, _, err = f.get(ctx, root+"/"+e.UUID+".json", nil); err != nil {
				return false, err
			}
			if line, err = compacted(line); err != nil {
				return false, fmt.Errorf("event %s: %w", e.UUID, err)
			}
			changed = true
		}
		lines = append(lines, line)
		events[e.UUID] = e.Timestamp
	}
	f.known.Events = events
	if !changed {
		return false, nil
	}
	out := []byte("[")
	for i, l := range lines {
		if i > 0 {
			out = append(out, ',')
		}
		if out = append(append(out, '\n'), l...); len(out) > maxIntelFile {
			return false, fmt.Errorf("the feed has more than %d MiB", maxIntelFile>>20)
		}
	}
	_, err = f.keep(append(out, "\n]\n"...))
	return true, err
}

func compacted(data []byte) ([]byte, error) {
	var v json.RawMessage
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// keptEvents returns the events of the copy by their ids.
func (f *fetcher) keptEvents() map[string][]byte {
	out := make(map[string][]byte)
	data, err := os.ReadFile(f.list.copyPath(f.dir))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.known.Events = nil
		}
		return out
	}
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return out
	}
	for _, e := range list {
		var id struct {
			Event struct {
				UUID string `json:"uuid"`
			} `json:"Event"`
		}
		if json.Unmarshal(e, &id) == nil {
			out[id.Event.UUID] = e
		}
	}
	return out
}
