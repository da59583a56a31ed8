package parse

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// agreement counts how often what a line is read to say is what is expected of it.
type agreement struct{ ip, ipOf, user, userOf, time, timeOf int }

// TestCrowdSecLines reads single lines of many programs, as a line of a file of their kind, and checks that addresses,
// users and times are found where the authors of the data expect them.
func TestCrowdSecLines(t *testing.T) {
	data, err := os.ReadFile(refdata.Path(t, "cases/crowdsec_parser.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Dir(filepath.Dir(refdata.Path(t, "cases/crowdsec_parser.jsonl")))
	all := agreement{}
	kinds := map[string]*agreement{}
	seen := map[string]bool{}
	for _, row := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var c struct {
			Test, Line, Stage string
			LogType           string `json:"log_type"`
			LogFile           string `json:"log_file"`
			StrTime           string `json:"strtime"`
			Success           bool
			Meta              map[string]string
			Enriched          map[string]string
		}
		if err := json.Unmarshal([]byte(row), &c); err != nil {
			t.Fatal(err)
		}
		if !c.Success || c.Line == "" || seen[c.Test+c.Line+c.Stage] {
			continue
		}
		seen[c.Test+c.Line+c.Stage] = true
		k := kinds[c.LogType+" "+c.Test]
		if k == nil {
			k = &agreement{}
			kinds[c.LogType+" "+c.Test] = k
		}
		e := caseEvent(t, shared, c.LogFile, c.Line)
		count := func(n, of *int, ok bool, what, want, got string) {
			*of++
			if ok {
				*n++
			} else {
				t.Logf("%s: %s is %q, want %q: %.400s", c.Test, what, got, want, c.Line)
			}
		}
		if want := c.Meta["source_ip"]; want != "" && c.Stage == "s01-parse" {
			got := e.Get("source.ip").String()
			count(&k.ip, &k.ipOf, sameAddress(got, want), "source.ip", want, got)
		}
		for _, n := range []string{"user", "username", "target_user"} {
			if want := c.Meta[n]; want != "" && c.Stage == "s01-parse" && want != "-" {
				got := e.Get("user.name").String()
				count(&k.user, &k.userOf, got == strings.Trim(want, "'") || e.Get("user.target.name").String() == want, "user.name", want, got)
				break
			}
		}
		if want := c.Enriched["MarshaledTime"]; want != "" {
			at, err := time.Parse(time.RFC3339Nano, want)
			if err == nil {
				got := e.When().UTC()
				same := got.Sub(at).Abs() < time.Second || at.Year() == 0 || got.Format("0102150405") == at.UTC().Format("0102150405")
				count(&k.time, &k.timeOf, same, "time", want, got.Format(time.RFC3339Nano))
			}
		}
	}
	var names []string
	for n := range kinds {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		k := kinds[n]
		t.Logf("%-50s ip %d/%d user %d/%d time %d/%d", n, k.ip, k.ipOf, k.user, k.userOf, k.time, k.timeOf)
		all.ip, all.ipOf, all.user, all.userOf = all.ip+k.ip, all.ipOf+k.ipOf, all.user+k.user, all.userOf+k.userOf
		all.time, all.timeOf = all.time+k.time, all.timeOf+k.timeOf
	}
	if all.ip*100 < all.ipOf*98 || all.user*100 < all.userOf*97 || all.time*100 < all.timeOf*98 {
		t.Errorf("fewer than there were")
	}
	t.Logf("all: ip %d/%d user %d/%d time %d/%d", all.ip, all.ipOf, all.user, all.userOf, all.time, all.timeOf)
}

func sameAddress(got, want string) bool {
	return got == want || got == strings.TrimPrefix(want, "::ffff:") // IPv4 as IPv6 shows it
}

// caseEvent reads a line of a file and returns the last event that it makes.
func caseEvent(t *testing.T, shared, file, line string) *event.Event {
	head := line
	if data, err := os.ReadFile(filepath.Join(shared, file)); err == nil {
		head = string(data[:min(len(data), 65536)])
	}
	f := Recognise(Formats, head)
	if f == nil {
		f = Text
	}
	o := &event.Origin{Path: "x", Format: f.Name, Reference: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	var out event.Batch
	cut := f.NewSplitter().Split([]byte(head), true)
	f.NewParser(&Env{}).Parse(event.Block{Origin: o, Data: line + "\n", First: 1, Header: cut.Header}, &out)
	if len(out.Events) == 0 {
		return &event.Event{Shape: textShape, Values: make([]event.Value, 1), Origin: o}
	}
	return &out.Events[len(out.Events)-1]
}
