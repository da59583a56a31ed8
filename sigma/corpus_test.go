package sigma

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// corpus returns the rule files of SigmaHQ under one of its folders, by name; the test is skipped where they are not.
func corpus(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	out := make(map[string][]byte)
	for name, data := range refdata.Files(tb, path.Join("sigma", dir), ".yml") {
		if name = path.Join(dir, name); !strings.Contains(name, "regression_data") {
			out[name] = data
		}
	}
	return out
}

// TestCorpus loads all rules of SigmaHQ: those in force without a single remark, those with placeholders once these are
// known, and the unsupported ones but four, whose conditions are no Sigma; two files of these hold two rules.
func TestCorpus(t *testing.T) {
	known := LoadOptions{Unknown: []string{"*"}}
	for _, c := range []struct {
		dir          string
		opt          LoadOptions
		files, rules int
		refused      int
		reason       string // of each refusal
		warnings     []string
	}{
		{dir: "rules", files: 3141, rules: 3141},
		{dir: "rules-compliance", files: 3, rules: 3},
		{dir: "rules-emerging-threats", files: 473, rules: 471, refused: 2, reason: "%known_cdcs% is not defined"},
		{dir: "rules-emerging-threats", opt: known, files: 473, rules: 473},
		{dir: "rules-threat-hunting", files: 140, rules: 140},
		{dir: "rules-placeholder", files: 23, refused: 23, reason: "is not defined"},
		{dir: "rules-placeholder", opt: known, files: 23, rules: 23},
		{
			dir: "unsupported", files: 87, rules: 85, refused: 4, reason: `which is not defined`,
			warnings: []string{"no longer part of the language", "is no ISO 8601 date", "has no timeframe"},
		},
	} {
		files := corpus(t, c.dir)
		rules, refused := 0, 0
		for _, name := range slices.Sorted(maps.Keys(files)) {
			loaded, diags := Load(name, files[name], c.opt)
			rules += len(loaded)
			failed := false
			for _, d := range diags {
				if d.Severity == Error {
					failed = true
					if !strings.Contains(d.Message, c.reason) || c.reason == "" || d.Line == 0 || d.Col == 0 || d.Source == "" {
						t.Errorf("%s: %s", c.dir, d.Format())
					}
				} else if !slices.ContainsFunc(c.warnings, func(w string) bool { return strings.Contains(d.Message, w) }) {
					t.Errorf("%s: %s", c.dir, d.Format())
				}
			}
			if failed {
				refused++
			}
		}
		if len(files) != c.files || rules != c.rules || refused != c.refused {
			t.Errorf("%s: %d files, %d rules, %d refused; want %d, %d, %d", c.dir, len(files), rules, refused, c.files, c.rules, c.refused)
		}
	}
}

// TestCorpusCollects checks that the rules of SigmaHQ go together.
func TestCorpusCollects(t *testing.T) {
	var all []*Rule
	for name, data := range corpus(t, ".") {
		rules, _ := Load(name, data, LoadOptions{})
		all = append(all, rules...)
	}
	slices.SortFunc(all, func(a, b *Rule) int { return strings.Compare(a.Pos.File, b.Pos.File) })
	c, diags := Collect(all)
	for _, d := range diags {
		t.Error(d.Format())
	}
	if len(c.Rules) < 3800 || len(c.Correlations) < 50 {
		t.Errorf("%d rules, %d correlations", len(c.Rules), len(c.Correlations))
	}
}

// TestCorpusAggregations looks at what some rules with old style conditions become.
func TestCorpusAggregations(t *testing.T) {
	files := corpus(t, "unsupported")
	for name, want := range map[string]string{
		"web/web_multiple_susp_resp_codes_single_source.yml":                  "event_count 600s by clientip gt 10",
		"network/net_firewall_susp_network_scan_by_port.yml":                  "value_count of dst_port 86400s by src_ip gt 10",
		"network/net_firewall_high_dns_bytes_out.yml":                         "value_sum of message_size 60s by src_ip gt 300000",
		"windows/win_taskscheduler_rare_schtask_creation.yml":                 "event_count 604800s by TaskName lt 5",
		"windows/proc_creation_win_correlation_apt_turla_commands_medium.yml": "temporal 60s rules 3",
		"windows/image_load_mimikatz_inmemory_detection.yml":                  "temporal 30s rules 4 (and 0 (and 1 2 (not 3)))",
		"windows/win_apt_apt29_tor.yml":                                       "temporal 300s rules 2",
	} {
		rules, diags := Load(name, files["unsupported/"+name], LoadOptions{})
		if len(rules) != 1 {
			t.Errorf("%s: %d rules\n%s", name, len(rules), formatted(diags))
			continue
		}
		if got := correlationText(rules[0].Correlation); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	files := corpus(b, ".")
	size := 0
	for _, data := range files {
		size += len(data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for name, data := range files {
			Load(name, data, LoadOptions{})
		}
	}
}

func BenchmarkCollect(b *testing.B) {
	var all []*Rule
	for name, data := range corpus(b, ".") {
		rules, _ := Load(name, data, LoadOptions{})
		all = append(all, rules...)
	}
	b.ReportAllocs()
	for b.Loop() {
		Collect(all)
	}
}
