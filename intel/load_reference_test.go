package intel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/refdata"
)

func loadFile(t *testing.T, name string) (*Set, *Report) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuilder()
	r, err := Load(b, &Source{Name: filepath.Base(name), Format: Auto, Confidence: 60}, data)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return b.Build(), r
	}
	return b.Build(), r
}

// TestReferenceSTIX reads all of the published examples: whatever is an indicator in them is one afterwards.
func TestReferenceSTIX(t *testing.T) {
	total := 0
	err := filepath.Walk(refdata.Path(t, "stix2-json-schemas/examples"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		_, r := loadFile(t, path)
		total += r.Added
		t.Logf("%s: %+v", filepath.Base(path), *r)
		for _, p := range r.Problems {
			if !strings.Contains(p.Reason, "domain autuo") { // a slip of the report's authors
				t.Errorf("%s: %+v", filepath.Base(path), p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total < 55 {
		t.Errorf("%d indicators", total)
	}
}

func TestReferenceMISP(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(refdata.Path(t, "pymisp/tests/mispevent_testfiles"), "*.json"))
	files = append(files, filepath.Join(refdata.Path(t, "pymisp/tests"), "misp_event.json"))
	if len(files) < 10 {
		t.Fatalf("%d files", len(files))
	}
	total := 0
	for _, f := range files {
		_, r := loadFile(t, f)
		total += r.Added
		t.Logf("%s: %+v", filepath.Base(f), *r)
	}
	if total < 100 {
		t.Errorf("%d indicators", total)
	}
}

func TestReferenceTrails(t *testing.T) {
	s, r := loadFile(t, refdata.Path(t, "maltrail/sensor/tests/corpus/trails.csv"))
	t.Logf("%+v %v", *r, s.Counts())
	if r.Added != 20 || r.Unread != 0 {
		t.Errorf("%d of 20 trails became indicators: %+v", r.Added, r.Problems)
	}
	l := s.NewLookup()
	for ask, kind := range map[string]Kind{
		"www.evil-test-domain.com": Domain, "66.66.66.66": IP, "6.6.6.6:8443": Endpoint, "evilname": Domain, "badsite.onion": Domain,
		"http://a.example/malicious-login.php": Path, "http://evil-url.example/bad/path": URL, "[dead::beef]:443": Endpoint, "dead::beef": IP,
	} {
		var m Match
		if !l.Any(&m, ask, 0) || m.Kind != kind {
			t.Errorf("%s: %v, want %v", ask, m.Kind, kind)
		}
		if in := l.Indicator(&m); in.Description == "" || in.Confidence != 60 {
			t.Errorf("%s: %+v", ask, in)
		}
	}
}
