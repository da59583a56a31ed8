package respond

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/trust"
)

// AliasConfig is an alias of another firewall that is made equal to what is blocked.
type AliasConfig struct {
	Kind   string `yaml:"kind" doc:"What firewall it is: opnsense, or pfsense with the package pfSense-pkg-RESTAPI."`
	URL    string `yaml:"url" doc:"Its address." example:"https://fw.example.com"`
	Alias  string `yaml:"alias" doc:"The name of the alias, which is tocsin's alone: what else stands in it is taken out. In OPNsense its type is external, in pfSense network. A rule that blocks it is yours to make."`
	Key    string `yaml:"key" secret:"true" doc:"The key of the API." example:"file:/etc/tocsin/opnsense.key"`
	Secret string `yaml:"secret" secret:"true" doc:"The secret that belongs to the key, in OPNsense." example:"file:/etc/tocsin/opnsense.secret"`
	CA     string `yaml:"ca" path:"true" doc:"A file of certificates that the server's may be signed by, beside the machine's."`
}

// Alias is a named list that another firewall holds.
type Alias interface {
	// Members are the addresses and networks that it holds.
	Members(ctx context.Context) ([]netip.Prefix, error)
	// Change adds some and takes some away. All are the members that there are to be then.
	Change(ctx context.Context, add, remove, all []netip.Prefix) error
}

var aliasName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,31}$`)

// Check returns what is wrong with the setting.
func (c *AliasConfig) Check() error {
	u, err := url.Parse(c.URL)
	switch {
	case c.Kind != "opnsense" && c.Kind != "pfsense":
		return fmt.Errorf("kind: %.40q is neither opnsense nor pfsense", c.Kind)
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return errors.New("url: it is the whole URL: https://…")
	case u.Scheme == "http" && u.Hostname() != "localhost" && !loopback(u.Hostname()):
		return errors.New("url: without TLS the key would be read by everybody on the way: https://…")
	case !aliasName.MatchString(c.Alias):
		return fmt.Errorf("alias: %.40q is no name of an alias: letters, digits and _, at most 32", c.Alias)
	case c.Key == "" || c.Secret == "" && c.Kind == "opnsense":
		return errors.New("key: it is missing, or in OPNsense the secret is")
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Open makes what speaks to the firewall; it asks nothing of it yet.
func (c *AliasConfig) Open() (Alias, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	key, err := config.Secret(c.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	client, err := clientWith(c.CA)
	if err != nil {
		return nil, err
	}
	at := &remote{client: client, url: strings.TrimRight(c.URL, "/")}
	if c.Kind == "pfsense" {
		at.header = map[string]string{"X-Api-Key": key}
		return &pfSense{at, c.Alias}, nil
	}
	secret, err := config.Secret(c.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	at.user, at.password = key, secret
	return &opnSense{at, c.Alias}, nil
}

// clientWith is a client that trusts further certificates, and follows nobody elsewhere.
func clientWith(ca string) (*http.Client, error) {
	security, err := trust.Client(ca)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = security
	return &http.Client{Timeout: time.Minute, Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// maxAnswer bounds what a firewall answers, in bytes.
const maxAnswer = 64 << 20

// remote is the API of another firewall.
type remote struct {
	client         *http.Client
	url            string
	user, password string
	header         map[string]string
}

// call asks, and reads the answer as JSON.
func (r *remote) call(ctx context.Context, method, path string, body, answer any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, reader)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.user != "" {
		req.SetBasicAuth(r.user, r.password)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%s %s: answered %s: %.300q", method, path, resp.Status, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s %s: the answer is not what the API promises: %w", method, path, err)
	}
	return nil
}

// maxPushed is how many members of an alias are changed in one go.
const maxPushed = 500

// Push makes an alias equal to what is blocked, at most some hundred members at a time. It returns how many were added and
// taken out, and whether more are left to be changed.
func (l *Lists) Push(ctx context.Context, a Alias) (added, removed int, more bool, err error) {
	want, err := l.prefixes(ctx)
	if err != nil {
		return 0, 0, false, err
	}
	have, err := a.Members(ctx)
	if err != nil {
		return 0, 0, false, err
	}
	add, remove := missing(want, have), missing(have, want)
	if n := maxPushed; len(add)+len(remove) > n {
		more = true
		remove = remove[:min(len(remove), n)]
		add = add[:min(len(add), n-len(remove))]
	}
	if len(add)+len(remove) == 0 {
		return 0, 0, false, nil
	}
	all := append(missing(have, remove), add...)
	return len(add), len(remove), more, a.Change(ctx, add, remove, all)
}

// missing are those of a list that are not in another.
func missing[T comparable](list, from []T) []T {
	known := make(map[T]bool, len(from))
	for _, p := range from {
		known[p] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(p T) bool { return known[p] })
}

// members reads addresses and networks as a firewall writes them.
func members(texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		p, err := ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("the alias holds %.60q, which is not tocsin's: give it an alias of its own", text)
		}
		list = append(list, p)
	}
	return list, nil
}
