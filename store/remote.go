package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RemoteOptions says how a VictoriaLogs server is spoken to. The zero value is right for one on this machine.
type RemoteOptions struct {
	Account, Project uint32        // whose rows they are: the server's tenant
	Token            string        // bearer token; or
	User, Password   string        // basic authentication
	TLS              *tls.Config   // for https; nil: the system's certificates
	Retention        time.Duration // what the server keeps: older rows are not sent; 0: it keeps all
	Future           time.Duration // how far in the future the server takes rows; 0: 48 h; negative: 99 years
	MaxLine          int           // longest line that the server takes; 0: 256 KiB (-insert.maxLineSizeBytes)
	MaxFields        int           // most fields of a line; 0: 1,000 (-insert.maxFieldsPerLine)
	Timeout          time.Duration // of one insertion; 0: 30 s. Searches have none but their context's
	Log              *slog.Logger  // nil: nothing is logged
}

// Remote is a store on a VictoriaLogs server, or on the front of a cluster, by its public HTTP API
// (https://docs.victoriametrics.com/victorialogs/). Rows are folded and cut to what the server takes; it would leave the
// others out without a word.
type Remote struct {
	url    *url.URL
	opt    RemoteOptions
	client *http.Client
	settle time.Duration // after which rows are counted

	mu     sync.Mutex // held by Add, Lacks and DurableBefore
	names  nameBudget
	began  time.Time // when names was emptied
	row    plainRow
	body   []byte
	added  time.Time            // when rows were last taken; at first, when it was opened
	unsure map[uint64]time.Time // frames whose insertion failed: some of their rows may be there
	sent   []sent
	last   uint64
	before uint64 // known to be durable
	again  uint64 // rows below this frame were found lost before
	found  found
}

// sent is what was added within one second.
type sent struct {
	at       time.Time
	from, to uint64 // frames from one to below the other
	rows     uint64
}

// visible is how long a server takes at most until rows that it took are found.
const visible = 3 * time.Second

// Dial returns a store on a server, and does not speak to it yet. Secrets are not sent in the clear but on this machine.
func Dial(address string, opt RemoteOptions) (*Remote, error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil {
		return nil, fmt.Errorf("event store server: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("event store server: %s is not http://host or https://host", u.Redacted())
	}
	secret := opt.Token != "" || opt.Password != ""
	if secret && u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("event store server: a token or password for %s needs https", u.Host)
	}
	if opt.Future == 0 {
		opt.Future = 48 * time.Hour
	}
	if opt.MaxLine == 0 {
		opt.MaxLine = 256 << 10
	}
	if opt.MaxFields == 0 {
		opt.MaxFields = 1000
	}
	if opt.Timeout == 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     opt.TLS,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     time.Minute,
		MaxIdleConnsPerHost: 8,
	}
	return &Remote{
		url: u, opt: opt, added: time.Now(), settle: settled, names: make(nameBudget), unsure: make(map[uint64]time.Time),
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("it answers with a redirection")
		}},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close ends the connections.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// post sends a request; the caller closes the body of the answer.
func (r *Remote) post(ctx context.Context, path, kind string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String()+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "tocsin")
	req.Header.Set("AccountID", strconv.FormatUint(uint64(r.opt.Account), 10))
	req.Header.Set("ProjectID", strconv.FormatUint(uint64(r.opt.Project), 10))
	switch {
	case r.opt.Token != "":
		req.Header.Set("Authorization", "Bearer "+r.opt.Token)
	case r.opt.User != "" || r.opt.Password != "":
		req.SetBasicAuth(r.opt.User, r.opt.Password)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		_ = resp.Body.Close()
		return nil, &answerError{status: resp.StatusCode, text: strings.TrimSpace(string(text))}
	}
	return resp, nil
}

// answerError is an answer that is not a good one.
type answerError struct {
	status int
	text   string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the server answers %d %s: %q", e.status, http.StatusText(e.status), e.text)
}

// Stats says how many rows the server has of the tenant.
func (r *Remote) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := r.scan(ctx, "* | stats count() n", func(_ int, b *Block) {
		for _, v := range b.column("n") {
			s.Rows, _ = strconv.ParseUint(v, 10, 64)
		}
	})
	return s, err
}

// Sync cannot make a server write; it returns nil. DurableBefore says what is on its disk.
func (r *Remote) Sync(context.Context) error { return nil }
