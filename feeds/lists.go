// Package feeds is where lists of indicators come from: files and folders, and what is fetched over HTTP: plain lists, CSV, STIX,
// MISP's feeds, TAXII 2.1 collections; packed or not.
//
// Fetch keeps the last good copy of a list in serve's folder and asks only for what is new since; a server that fails or lies
// costs nothing of that. Load reads all lists into one set, and says of each how it is doing. A list has at most 256 MiB. It never
// asks a server that the configuration does not name, and secrets are read when they are sent, not kept. A list is fetched by one
// goroutine at a time.
package feeds

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/intel"
)

// List are a list of indicators.
type List struct {
	Name        string        `yaml:"name" doc:"What the list is called in alerts: letters, digits, . _ and -." default:"from path or url"`
	Path        string        `yaml:"path" path:"true" doc:"A file, or a folder of files." example:"./blocklist.txt"`
	URL         string        `yaml:"url" doc:"Where the list is fetched from, in place of path: the file itself; a MISP feed's folder; a TAXII server, API root or collection." example:"https://feeds.example.com/bad-addresses.csv"`
	Format      string        `yaml:"format" doc:"plain, csv, stix, misp, misp-feed, taxii, or auto: by content." default:"auto"`
	Confidence  int           `yaml:"confidence" doc:"How sure the list is of what it says nothing about, from 1 to 100." default:"60"`
	Expires     time.Duration `yaml:"expires" doc:"After how long an indicator of which the list states no end is held for nothing, since the list showed it last." default:"never" example:"30d"`
	Refresh     time.Duration `yaml:"refresh" doc:"How often the list is fetched anew by serve." default:"1h"`
	Only        []string      `yaml:"only" doc:"Only these kinds: ip, network, endpoint, domain, url, path, email, md5, sha1, sha256, sha512, imphash, ja3, file, pattern." default:"all" example:"[ip, network]"`
	Token       string        `yaml:"token" doc:"The bearer token for url; MISP's automation key with format misp." secret:"true" example:"file:/etc/tocsin/feed.token"`
	User        string        `yaml:"user" doc:"The user for url, by HTTP's basic authentication."`
	Password    string        `yaml:"password" doc:"The password of user." secret:"true"`
	CA          string        `yaml:"ca" path:"true" doc:"A file of certificates that the certificate of url may be signed by, beside the machine's."`
	Collections []string      `yaml:"collections" doc:"Ids or titles of the TAXII collections to read." default:"all that may be read"`
}

// Defaults of a list.
const (
	usualConfidence = 60
	usualRefresh    = time.Hour
	leastRefresh    = time.Minute
)

// maxIntelFile bounds a list, packed or not, in bytes.
const maxIntelFile = 256 << 20

var intelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Complete gives a list a name, and looks for mistakes.
func (l *List) Complete() error {
	if (l.Path == "") == (l.URL == "") {
		return errors.New("a list has either a path or a url")
	}
	if l.Name == "" {
		place := strings.TrimRight(cmp.Or(l.Path, l.URL), "/")
		place, _, _ = strings.Cut(place, "?")
		l.Name = regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(strings.TrimLeft(filepath.Base(place), "."), "-")
		l.Name = l.Name[:min(len(l.Name), 60)]
	}
	if !intelName.MatchString(l.Name) {
		return fmt.Errorf("%q is no name of a list: letters, digits, . _ and -", l.Name)
	}
	if l.URL != "" && !regexp.MustCompile(`^https?://[^/]`).MatchString(l.URL) {
		return fmt.Errorf("%s: the url must begin with https:// or http://", l.Name)
	}
	if config.HoldsPassword(l.URL) {
		return fmt.Errorf("%s: a password does not belong into the url: use user and password", l.Name)
	}
	l.Format = cmp.Or(l.Format, string(intel.Auto))
	if !slices.Contains(intel.Formats(), l.Format) {
		return fmt.Errorf("%s: %q is no format of lists: %s", l.Name, l.Format, strings.Join(intel.Formats(), ", "))
	}
	if l.Confidence = cmp.Or(l.Confidence, usualConfidence); l.Confidence < 1 || l.Confidence > 100 {
		return fmt.Errorf("%s: the confidence is from 1 to 100, not %d", l.Name, l.Confidence)
	}
	if l.Refresh = cmp.Or(l.Refresh, usualRefresh); l.Refresh < leastRefresh {
		return fmt.Errorf("%s: refresh is at least %s", l.Name, config.FormatDuration(leastRefresh))
	}
	if l.Expires < 0 {
		return fmt.Errorf("%s: expires is a time from now on", l.Name)
	}
	for _, k := range l.Only {
		if intel.ParseKind(k) == intel.Unknown {
			return fmt.Errorf("%s: %q is no kind of indicators: %s", l.Name, k, strings.Join(intel.Kinds(), ", "))
		}
	}
	return nil
}

// Complete completes lists. Two must not have one name.
func Complete(lists []List) error {
	seen := make(map[string]bool)
	for i := range lists {
		if err := lists[i].Complete(); err != nil {
			return fmt.Errorf("intel: %w", err)
		}
		if seen[lists[i].Name] {
			return fmt.Errorf("intel: two lists are called %s", lists[i].Name)
		}
		seen[lists[i].Name] = true
	}
	return nil
}

// source is what the loader is told of the list.
func (l *List) source(seen time.Time) *intel.Source {
	s := &intel.Source{Name: l.Name, Confidence: l.Confidence, Expires: int64(l.Expires / time.Second), Reference: cmp.Or(l.URL, l.Path), Format: intel.Format(l.Format)}
	switch l.Format {
	case "misp-feed":
		s.Format = intel.MISP
	case "taxii":
		s.Format = intel.STIX
	}
	if !seen.IsZero() {
		s.Seen = seen.Unix()
	}
	for _, k := range l.Only {
		s.Only = append(s.Only, intel.ParseKind(k))
	}
	return s
}

// folderOf is where the last good copies of lists are kept.
func folderOf(dir string) string { return filepath.Join(dir, "intel") }

// copyPath is where the last good copy of a list is kept.
func (l *List) copyPath(dir string) string {
	return filepath.Join(folderOf(dir), l.Name+".list")
}

// File is a part of a list as it lies on disk.
type File struct {
	path     string
	Modified time.Time
	size     int64
}

// Files returns what a list consists of: its file, those of its folder, or the last good copy.
func (l *List) Files(dir string) ([]File, error) {
	root := l.Path
	if l.URL != "" {
		root = l.copyPath(dir)
		if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("was never fetched")
		}
	}
	var list []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || path != root && strings.HasPrefix(d.Name(), ".") {
			return err
		}
		list = append(list, File{path, info.ModTime(), info.Size()})
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s holds no file", root)
	}
	return list, err
}

// Fingerprint identifies what a list held when it was loaded: it is the same as long as the files are.
func Fingerprint(files []File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s\x00%d\x00%d\x00", f.path, f.size, f.Modified.UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Status says how a list is doing.
type Status struct {
	Name       string         `json:"name"`
	From       string         `json:"from"`
	Format     string         `json:"format,omitempty"`
	Indicators int            `json:"indicators"`
	Counts     map[string]int `json:"counts,omitempty"`
	Fetched    time.Time      `json:"fetched,omitzero"`
	Ignored    map[string]int `json:"ignored,omitempty"`
	Unread     int            `json:"unread,omitempty"`
	Problems   []string       `json:"problems,omitempty"`
	Error      string         `json:"error,omitempty"`

	Fingerprint string `json:"-"` // of the files that were read
}

// Load reads all lists into a set. A list that cannot be read is told in its status, and the others are taken.
func Load(lists []List, dir string) (*intel.Set, []Status) {
	b := intel.NewBuilder()
	status := make([]Status, 0, len(lists))
	for i := range lists {
		status = append(status, LoadInto(b, &lists[i], dir, nil))
	}
	return b.Build(), status
}

// LoadInto reads one list into a builder, without what an older set has of it.
func LoadInto(b *intel.Builder, l *List, dir string, older *intel.Set) Status {
	st := Status{Name: l.Name, From: cmp.Or(l.URL, l.Path), Counts: make(map[string]int), Ignored: make(map[string]int)}
	files, err := l.Files(dir)
	if err != nil {
		st.Error = err.Error()
		return st
	}
	st.Fingerprint = Fingerprint(files)
	before := b.Unnoted()
	for _, f := range files {
		data, err := readIntelFile(f.path)
		if err == nil {
			src := l.source(f.Modified)
			src.Except = older
			var r *intel.Report
			r, err = intel.Load(b, src, data)
			st.Format = string(r.Format)
			st.Indicators += r.Added
			st.Unread += r.Unread
			addCounts(st.Counts, r.Counts)
			addCounts(st.Ignored, r.Ignored)
			for _, p := range r.Problems {
				if len(st.Problems) < 20 {
					st.Problems = append(st.Problems, filepath.Base(f.path)+", "+p.Place+": "+p.Reason)
				}
			}
		}
		if err != nil {
			st.Error = err.Error()
		}
		if f.Modified.After(st.Fetched) {
			st.Fetched = f.Modified
		}
	}
	if n := b.Unnoted() - before; n > 0 {
		st.Problems = append(st.Problems, fmt.Sprintf("%d indicators are kept without their descriptions, tags and references: those of all lists are more than %d MiB",
			n, intel.MaxNotes>>20))
	}
	return st
}

func addCounts(to, from map[string]int) {
	for k, n := range from {
		to[k] += n
	}
}

// readIntelFile reads a file, packed or not.
func readIntelFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readBounded(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if data, err = unpackIntel(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIntelFile+1))
	if err == nil && len(data) > maxIntelFile {
		err = fmt.Errorf("has more than %d MiB", maxIntelFile>>20)
	}
	return data, err
}

// unpackIntel unpacks gzip, and zip archives of one file or more, which are read one after the other.
func unpackIntel(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return readBounded(z)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil, err
		}
		var out []byte
		for _, m := range z.File {
			r, err := m.Open()
			if err != nil {
				return nil, err
			}
			part, err := readBounded(r)
			_ = r.Close()
			if err != nil {
				return nil, err
			}
			if out = append(append(out, part...), '\n'); len(out) > maxIntelFile {
				return nil, fmt.Errorf("has more than %d MiB", maxIntelFile>>20)
			}
		}
		return out, nil
	}
	return data, nil
}
