package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is wrong with an answer is told with its place, and what is right is not.
func TestCheck(t *testing.T) {
	d := Read(t, "../../docs/reference/openapi.json")
	page := &schema{Ref: "#/components/schemas/PageIncident"}
	const good = `{"items":[{"type":"incident","key":"k","score":3,"level":"high","title":"","sentence":"","alerts":1,"hits":1,"events":1,"kind":"attack",` +
		`"entities":[],"rules":[],"status":"new","many":{"a":1},"first":"2026-01-02T03:04:05.678Z"}]}`
	if wrong := d.check(page, []byte(good)); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"high"`, `"grave"`, `items[0].level is "grave"`},
		{`"score":3`, `"score":3.5`, "items[0].score is 3.5"},
		{`"score":3`, `"score":"3"`, "items[0].score is string"},
		{`"entities":[]`, `"entities":null`, "items[0].entities is null"},
		{`"key":"k",`, ``, "items[0] has no key"},
		{`"key":"k"`, `"key":"k","new":1`, "items[0].new is not described"},
		{`{"a":1}`, `{"a":true}`, "items[0].many.a is boolean"},
		{`.678Z`, ``, "no time"},
		{`{"items"`, `[{"items"`, "unexpected"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if !json.Valid([]byte(text)) != (c.want == "unexpected") {
			t.Fatal(text)
		}
		if wrong := strings.Join(d.check(page, []byte(text)), "\n"); !strings.Contains(wrong, c.want) && c.want != "unexpected" || wrong == "" {
			t.Errorf("%s → %s: %q, want %q", c.from, c.to, wrong, c.want)
		}
	}
}
