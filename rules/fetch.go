package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"
)

// Limits of fetching.
const (
	maxFetched   = 64 << 20 // bytes; SigmaHQ's archive has some 4 MiB
	fetchTimeout = 3 * time.Minute
	maxRedirects = 5
)

// fetchFiles finds the rule files of a source: an http(s) address, or a folder or file.
func fetchFiles(ctx context.Context, source string) ([]file, error) {
	if !strings.Contains(source, "://") {
		return gather(source, "")
	}
	u, err := url.Parse(source)
	if err != nil {
		return nil, err
	}
	data, err := fetch(ctx, u)
	if err != nil {
		return nil, err
	}
	name := path.Base(u.Path)
	if archiveKind(data) != "" {
		return gatherArchive(name, data)
	}
	if !isYAML(name) {
		return nil, errors.New("the address gave neither a zip or tar.gz archive nor a .yml file")
	}
	if len(data) > maxRuleFile {
		return nil, tooLarge(name)
	}
	return []file{{name: name, path: name, named: true, read: func() ([]byte, error) { return data, nil }}}, nil
}

// fetch gets what an address holds, within the limits of size, time and redirects.
func fetch(ctx context.Context, u *url.URL) ([]byte, error) {
	if err := allowed(u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	client := &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return allowed(r.URL)
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "tocsin")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	}
	if resp.ContentLength > maxFetched {
		return nil, fetchedTooMuch()
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(resp.Body, maxFetched+1))
	if err != nil {
		return nil, err
	}
	if n > maxFetched {
		return nil, fetchedTooMuch()
	}
	return b.Bytes(), nil
}

func fetchedTooMuch() error {
	return fmt.Errorf("the answer is larger than %d MiB", maxFetched>>20)
}

// allowed refuses addresses whose content somebody on the way could change.
func allowed(u *url.URL) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("%q addresses are not fetched: use https", u.Scheme)
	case isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s is not encrypted, so somebody on the way could change the rules: use https", u.Redacted())
}

func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
