package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/settings"
)

// TestViews asks a real serve, in which somebody has guessed a password, for all that the pages show.
func TestViews(t *testing.T) {
	d := openDoorway(t, "", "notify:\n  ways:\n    nowhere: {webhook: {url: 'http://127.0.0.1:9/'}}\n")
	defer d.end()
	now := time.Now().UTC().Add(-time.Minute)
	var lines strings.Builder
	for n := range 40 {
		fmt.Fprintf(&lines, "%s bastion sshd[%d]: Failed password for deploy from 203.0.113.7 port %d ssh2\n", now.Add(time.Duration(n)*time.Second/4).Format(time.RFC3339), 900+n, 40000+n)
	}
	fmt.Fprintf(&lines, "%s bastion sshd[999]: Accepted password for deploy from 203.0.113.7 port 50000 ssh2\n", now.Add(20*time.Second).Format(time.RFC3339))
	f, err := os.OpenFile(filepath.Join(d.dir, "app.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(lines.String()); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	c, err := console.Dial(t.Context(), settings.SocketPath(filepath.Join(d.dir, "data")))
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, args url.Values, out any) {
		t.Helper()
		if err := c.Get(t.Context(), path, args, out); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	var queue console.Page[alert.Message]
	parts.Wait(t, time.Minute, "an incident", func() bool {
		get("incidents", url.Values{"q": {"source:203.0.113.7 severity:>=high"}}, &queue)
		return len(queue.Items) > 0
	})
	var h console.EventHistogram
	parts.Wait(t, time.Minute, "the events", func() bool {
		get("search/histogram", url.Values{"q": {"source.ip:203.0.113.7"}}, &h)
		return h.Total == 41
	})
	testContainView(t, get, queue.Items[0].Key)
	testUpkeepViews(t, c, get)
	testRuleViews(t, d, c, get)
}

func testUpkeepViews(t *testing.T, c *console.Client, get func(string, url.Values, any)) {
	var e console.Exposure
	get("exposure", nil, &e)
	kinds := make(map[string]*console.Risk)
	for i := range e.Items {
		kinds[e.Items[i].Kind] = &e.Items[i]
		if r := &e.Items[i]; r.ID == "" || r.Title == "" || r.Why == "" || r.Todo == "" {
			t.Errorf("risk %+v", r)
		}
	}
	for _, want := range []string{"logs", "notify", "backup", "firewall", "certificate"} {
		if kinds[want] == nil {
			t.Fatalf("no risk of the kind %s: %+v", want, e)
		}
	}
	before := e.Counts
	id := kinds["backup"].ID
	until := time.Now().Add(24 * time.Hour)
	if err := c.Post(t.Context(), "exposure/"+id+"/accept", nil, map[string]any{"reason": "a trial", "until": until}, &struct{}{}); err != nil {
		t.Error(err)
	}
	if c.Post(t.Context(), "exposure/"+id+"/accept", nil, map[string]any{"reason": "for ever", "until": until.AddDate(3, 0, 0)}, &struct{}{}) == nil {
		t.Error("a risk is accepted for ever")
	}
	get("exposure", nil, &e)
	if last := e.Items[len(e.Items)-1]; e.Taken != 1 || last.ID != id || last.Accepted == nil || last.Accepted.Reason != "a trial" || e.Counts.Medium != before.Medium-1 {
		t.Errorf("accepted: %+v", e)
	}
	if err := c.Post(t.Context(), "exposure/"+id+"/refuse", nil, nil, &struct{}{}); err != nil {
		t.Error(err)
	}
	var set console.SettingsView
	get("settings", nil, &set)
	if !strings.Contains(set.YAML, "rules:") || strings.Contains(set.YAML, "sesame") || !strings.Contains(set.YAML, "# ") || set.File == "" {
		t.Errorf("settings: %.300s", set.YAML)
	}
	var n console.NotifyView
	get("notify", nil, &n)
	if len(n.Ways) != 1 || n.Ways[0].Kind == "" || len(n.Gaps) == 0 {
		t.Errorf("notify: %+v", n)
	}
	var tried console.NotifyTried
	if err := c.Post(t.Context(), "notify/nowhere/test", nil, nil, &tried); err != nil || tried.Sent || tried.Error == "" {
		t.Errorf("tried: %+v %v", tried, err)
	}
	if c.Post(t.Context(), "notify/none/test", nil, nil, &tried) == nil {
		t.Error("a way that there is not is tried")
	}
	var m console.Month
	get("reports/month", nil, &m)
	if m.Now.Total == 0 || m.Events < 41 || m.Whole {
		t.Errorf("month: %+v", m)
	}
	var src console.SourcesView
	parts.Wait(t, time.Minute, "a source", func() bool {
		get("sources", nil, &src)
		return len(src.Items) > 0
	})
	if len(src.Inputs) == 0 || len(src.Datasets) == 0 || len(src.Items) == 0 || src.Items[0].Events != 41 {
		t.Errorf("sources: %+v", src)
	}
}

func testContainView(t *testing.T, get func(string, url.Values, any), key string) {
	var todo console.Containment
	get("incidents/"+key+"/contain", nil, &todo)
	var block *console.Step
	for i := range todo.Steps {
		if todo.Steps[i].Kind == "block" {
			block = &todo.Steps[i]
		}
	}
	if block == nil || block.Target != "203.0.113.7" || !block.Ticked || block.DryRun == nil || block.DryRun.Events < 41 {
		t.Errorf("contain: %+v", todo)
	}
}

func testRuleViews(t *testing.T, d *doorway, c *console.Client, get func(string, url.Values, any)) {
	var list console.RulesPage
	get("rules", url.Values{"fired": {"true"}, "order": {"noise"}}, &list)
	if len(list.Items) == 0 || list.All < 100 || list.Enabled != list.All || list.Items[0].Open == 0 {
		t.Fatalf("rules: %+v", list)
	}
	one := list.Items[0]
	var detail console.RuleDetail
	get("rules/"+url.PathEscape(one.ID), nil, &detail)
	if detail.YAML == "" || len(detail.LooksFor) == 0 || detail.Fired == 0 || len(detail.Days) == 0 || detail.Source != "builtin" {
		t.Errorf("the rule: %+v", detail)
	}
	get("rules", url.Values{"fired": {"blind"}, "limit": {"1"}}, &list)
	if len(list.Items) != 1 || list.Blind < 50 || list.Next == "" {
		t.Errorf("blind rules: %+v", list)
	}
	get("rules", url.Values{"q": {"sshd"}, "fired": {"false"}, "enabled": {"true"}}, &list)
	for _, r := range list.Items {
		if r.Never != "" {
			continue
		}
		get("rules/"+url.PathEscape(r.ID), nil, &detail)
		if detail.Never == "" {
			t.Errorf("why %s has not hit is not told: %+v", r.Title, detail)
		}
		break
	}
	var cover console.Coverage
	get("coverage", nil, &cover)
	if len(cover.Tactics) < 12 || cover.Watched == 0 || cover.NoLogs == 0 || cover.NoRule == 0 || cover.Watched+cover.NoLogs+cover.NoRule != cover.All {
		t.Errorf("coverage: %d tactics, %d + %d + %d of %d", len(cover.Tactics), cover.Watched, cover.NoLogs, cover.NoRule, cover.All)
	}
	var off console.RuleEntry
	if err := c.Post(t.Context(), "rules/"+url.PathEscape(one.ID)+"/enabled", nil, map[string]any{"enabled": false, "why": "we know"}, &off); err != nil || off.Enabled || off.Off == nil || off.Off.Why != "we know" {
		t.Errorf("off: %+v %v", off, err)
	}
	d.end()
	d.mu.Lock()
	d.out.Reset()
	d.mu.Unlock()
	d.start()
	get("rules", url.Values{"enabled": {"false"}}, &list)
	if list.Total != 1 || list.Items[0].ID != one.ID {
		t.Errorf("off after a restart: %+v", list)
	}
	if err := c.Post(t.Context(), "rules/"+url.PathEscape(one.ID)+"/enabled", nil, map[string]any{"enabled": true}, &off); err != nil || !off.Enabled {
		t.Errorf("on: %+v %v", off, err)
	}
	var checked console.RuleChecked
	if err := c.Post(t.Context(), "rules/check", nil, map[string]any{"yaml": "title: x\nlogsource: {product: linux, service: sshd}\ndetection:\n  a:\n    x: 1\n  condition: b\n"}, &checked); err != nil || checked.OK || len(checked.Diagnostics) == 0 || checked.Diagnostics[0].Line != 6 {
		t.Errorf("checked: %+v %v", checked, err)
	}
}
