package evtx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// twinFields flattens an event as another reader wrote it in JSON into our names.
func twinFields(event map[string]any) map[string]string {
	out := map[string]string{}
	system, _ := event["System"].(map[string]any)
	for name, v := range system {
		m, ok := v.(map[string]any)
		if !ok {
			if v != nil {
				out[name] = fmt.Sprint(v)
			}
			continue
		}
		attrs, ok := m["#attributes"].(map[string]any)
		if !ok {
			attrs = m
		}
		for a, w := range attrs {
			switch {
			case name == "TimeCreated":
				out[name] = fmt.Sprint(w)
			case name == "EventID" && a == "Value":
				out[name] = fmt.Sprint(w)
			case w != nil:
				out[name+"_"+a] = fmt.Sprint(w)
			}
		}
	}
	data, _ := event["EventData"].(map[string]any)
	for name, v := range data {
		if v == nil {
			v = ""
		}
		out[fieldName("EventData", name)] = fmt.Sprint(v)
	}
	user, _ := event["UserData"].(map[string]any)
	for _, wrapper := range user {
		for name, v := range wrapper.(map[string]any) {
			for a, w := range v.(map[string]any) { // the data at hand has attributes only
				out[name+"_"+a] = fmt.Sprint(w)
			}
		}
	}
	return out
}

// sameText compares what two readers made of a value: they differ in the case and braces of GUIDs, in the decimals of
// times, in whether hexadecimal numbers are left so, and in that the other cuts off blanks at the end, which belong to
// the value.
func sameText(name, ours, theirs string) bool {
	if strings.TrimRight(ours, " ") == theirs {
		return true
	}
	if name == "TimeCreated" {
		a, err := time.Parse(time.RFC3339Nano, ours)
		if b, err2 := time.Parse(time.RFC3339Nano, theirs); err == nil && err2 == nil {
			return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
		}
		var seconds float64
		if _, err := fmt.Sscan(theirs, &seconds); err == nil {
			return a.Sub(time.Unix(0, int64(seconds*1e9))).Abs() < 10*time.Microsecond
		}
		return false
	}
	if strings.HasPrefix(ours, "{") && len(ours) == 38 {
		return strings.EqualFold(ours, "{"+strings.Trim(theirs, "{}")+"}")
	}
	var hex, dec uint64
	if n, _ := fmt.Sscanf(ours, "0x%x", &hex); n == 1 {
		if n, _ := fmt.Sscanf(theirs, "%d", &dec); n == 1 && !strings.HasPrefix(theirs, "0x") {
			return hex == dec
		}
	}
	return false
}

// ourFields returns all fields that an event has, as text.
func ourFields(e *event.Event) map[string]string {
	out := map[string]string{}
	for i, name := range e.Shape.Fields() {
		if e.Values[i].Kind != event.Missing {
			out[name] = e.Values[i].String()
		}
	}
	return out
}

func compareTwin(t *testing.T, path string, ours *event.Event, theirs map[string]any) {
	t.Helper()
	got, want := ourFields(ours), twinFields(theirs)
	for name, w := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s: record %d: %s is missing, want %q", path, ours.Record, name, w)
		} else if !sameText(name, g, w) {
			t.Errorf("%s: record %d: %s is %q, want %q", path, ours.Record, name, g, w)
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: record %d: %s is %q, and not in the twin", path, ours.Record, name, g)
		}
	}
}

// readTwin reads a file of JSON values one after the other, integers kept as they are.
func readTwin(t *testing.T, path string) (out []map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := json.NewDecoder(f)
	in.UseNumber()
	for {
		var v map[string]any
		if err := in.Decode(&v); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if inner, ok := v["Event"].(map[string]any); ok {
			v = inner
		}
		out = append(out, v)
	}
}

// The Sigma project carries each regression case as EVTX and as the JSON that another reader made of it.
func TestTwins(t *testing.T) {
	dir := refdata.Path(t, "sigma/regression_data")
	paths := logs(t, dir)
	if len(paths) != 52 {
		t.Errorf("%d cases, want 52", len(paths))
	}
	for _, path := range paths {
		got, want := readFile(t, path), readTwin(t, strings.TrimSuffix(path, ".evtx")+".json")
		name := filepath.Base(path)
		if len(got.Events) != len(want) || len(got.Unread) > 0 {
			t.Errorf("%s: %d events, want %d; unread %v", name, len(got.Events), len(want), got.Unread)
			continue
		}
		for i := range want {
			compareTwin(t, name, &got.Events[i], want[i])
		}
	}
}

// Another parser's golden output for two logs.
func TestGolden(t *testing.T) {
	dir := refdata.Path(t, "velocidex-evtx")
	cases := []struct {
		log, golden string
		record      int64
	}{
		{"Microsoft-Windows-CAPI2_Operational_EventID70.evtx", "CAPI2_Operational.golden", 707},
		{"Security.evtx", "Event4624_linux.golden", 31880},
		{"Security.evtx", "Event4624_windows.golden", 31880},
	}
	for _, c := range cases {
		out := readFile(t, filepath.Join(dir, "testdata", c.log))
		twins := readTwin(t, filepath.Join(dir, "fixtures", c.golden))
		i := slices.IndexFunc(out.Events, func(e event.Event) bool { return e.Record == c.record })
		if i < 0 || len(twins) != 1 {
			t.Errorf("%s: record %d is at %d, %d twins", c.log, c.record, i, len(twins))
			continue
		}
		compareTwin(t, c.golden, &out.Events[i], twins[0])
	}
}
