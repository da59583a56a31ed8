package feeds

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/tocsin-sec/tocsin/intel"
)

// taxiiType is what TAXII 2.1 answers in (§1.6.8.1).
const taxiiType = "application/taxii+json;version=2.1"

// Bounds of what is asked of a TAXII server.
const (
	maxTaxiiRoots       = 16
	maxTaxiiCollections = 256
	maxTaxiiPages       = 10_000
)

// taxiiAnswer is what a discovery, an API root, a list of collections or a collection says (§4, §5).
type taxiiAnswer struct {
	Default     string            `json:"default"`
	APIRoots    []string          `json:"api_roots"`
	Versions    []string          `json:"versions"`
	Collections []taxiiCollection `json:"collections"`
	taxiiCollection
}

type taxiiCollection struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Alias   string `json:"alias"`
	CanRead *bool  `json:"can_read"`
	place   string // its URL, with a slash at the end
}

// taxii reads what was added to the collections since the last time. Pages stand one after the other in the copy; of an
// object that is there twice the later version counts.
func (f *fetcher) taxii(ctx context.Context) (bool, error) {
	collections, err := f.collections(ctx)
	if err != nil {
		return false, err
	}
	if len(f.list.Collections) > 0 {
		collections = slices.DeleteFunc(collections, func(c taxiiCollection) bool {
			return !slices.ContainsFunc(f.list.Collections, func(w string) bool { return w == c.ID || w == c.Alias || strings.EqualFold(w, c.Title) })
		})
	}
	if len(collections) == 0 {
		return false, errors.New("the server has no collection that is asked for and may be read")
	}
	added := make(map[string]string)
	var fresh []byte
	for _, c := range collections {
		last, body, err := f.objects(ctx, c.place, f.known.Added[c.place])
		if err != nil {
			return false, fmt.Errorf("collection %s: %w", cmp.Or(c.Title, c.ID), err)
		}
		added[c.place] = last
		if fresh = append(fresh, body...); len(fresh) > maxIntelFile {
			return false, fmt.Errorf("the collections have more than %d MiB", maxIntelFile>>20)
		}
	}
	f.known.Added = added
	old, err := os.ReadFile(f.list.copyPath(f.dir))
	if len(fresh) == 0 && err == nil {
		return false, nil
	}
	if len(old)+len(fresh) > maxIntelFile { // it is time to begin anew
		f.known.Added = nil
		return false, fmt.Errorf("the copy has more than %d MiB; it is fetched whole the next time", maxIntelFile>>20)
	}
	return true, disk.Replace(f.list.copyPath(f.dir), 0o600, append(old, fresh...))
}

// ask asks a TAXII server.
func (f *fetcher) ask(ctx context.Context, at string, into *taxiiAnswer) error {
	body, _, err := f.get(ctx, at, http.Header{"Accept": {taxiiType}})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", at, err)
	}
	return nil
}

// collections finds the collections below a discovery, an API root or a collection.
func (f *fetcher) collections(ctx context.Context) ([]taxiiCollection, error) {
	place := slashed(f.list.URL)
	var a taxiiAnswer
	if err := f.ask(ctx, place, &a); err != nil {
		return nil, err
	}
	switch {
	case len(a.APIRoots) > 0:
		roots := a.APIRoots
		if a.Default != "" && len(f.list.Collections) == 0 {
			roots = []string{a.Default}
		}
		var all []taxiiCollection
		for _, r := range roots[:min(len(roots), maxTaxiiRoots)] {
			root, err := f.below(place, r)
			if err != nil {
				return nil, err
			}
			list, err := f.collectionsOf(ctx, root)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	case a.Collections != nil:
		return readable(a.Collections, place), nil
	case a.ID != "" && a.CanRead != nil:
		a.place = place
		return []taxiiCollection{a.taxiiCollection}, nil
	}
	return f.collectionsOf(ctx, place)
}

func (f *fetcher) collectionsOf(ctx context.Context, root string) ([]taxiiCollection, error) {
	var a taxiiAnswer
	if err := f.ask(ctx, root+"collections/", &a); err != nil {
		return nil, err
	}
	return readable(a.Collections, root+"collections/"), nil
}

// readable leaves out what may not be read, and says where the others are.
func readable(list []taxiiCollection, under string) []taxiiCollection {
	var out []taxiiCollection
	for _, c := range list {
		if c.CanRead != nil && *c.CanRead && c.ID != "" && len(out) < maxTaxiiCollections {
			c.place = under + url.PathEscape(c.ID) + "/"
			out = append(out, c)
		}
	}
	return out
}

// below makes an API root's place whole. One on another server is not followed: the user has named this one.
func (f *fetcher) below(place, root string) (string, error) {
	at, err := url.Parse(place)
	if err != nil {
		return "", err
	}
	to, err := at.Parse(root)
	if err != nil {
		return "", err
	}
	if to.Host != f.base.Host || to.Scheme != f.base.Scheme {
		return "", fmt.Errorf("the API root %s is on another server; name it as url if it is meant", to.Redacted())
	}
	return slashed(to.String()), nil
}

func slashed(s string) string { return strings.TrimSuffix(s, "/") + "/" }

// objects reads all pages of what was added after a time, and returns when the last of it was.
func (f *fetcher) objects(ctx context.Context, place, after string) (last string, all []byte, err error) {
	last = after
	next := ""
	for range maxTaxiiPages {
		args := url.Values{}
		if after != "" {
			args.Set("added_after", after)
		}
		if next != "" {
			args.Set("next", next)
		}
		at := place + "objects/"
		if len(args) > 0 {
			at += "?" + args.Encode()
		}
		body, header, err := f.get(ctx, at, http.Header{"Accept": {taxiiType}})
		if err != nil {
			return "", nil, err
		}
		page, err := intel.ReadPage(body)
		if err != nil {
			return "", nil, err
		}
		if t := header.Get("X-TAXII-Date-Added-Last"); t > last {
			last = t
		}
		if strings.Contains(string(body[:min(len(body), 1<<16)]), `"objects"`) || len(body) > 1<<16 {
			all = append(append(all, body...), '\n')
		}
		if len(all) > maxIntelFile {
			return "", nil, fmt.Errorf("has more than %d MiB", maxIntelFile>>20)
		}
		if !page.More || page.Next == "" && page.Next == next {
			return last, all, nil
		}
		if next = page.Next; next == "" { // the server wants to be asked by time
			if last == after {
				return last, all, nil
			}
			after = last
		}
	}
	return "", nil, fmt.Errorf("has more than %d pages", maxTaxiiPages)
}
