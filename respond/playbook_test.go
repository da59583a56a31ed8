package respond

import (
	"strings"
	"testing"
	"time"
)

func TestBuiltinPlaybooks(t *testing.T) {
	books, err := BuiltinPlaybooks()
	if err != nil || len(books) != 7 {
		t.Fatalf("%d playbooks, %v", len(books), err)
	}
	field := func(name string) []string {
		return map[string][]string{"file.path": {"/srv/up load/x.exe", "../x", "/proc/1/exe"}}[name]
	}
	for _, c := range []struct {
		tags  string
		level int
		want  string
	}{
		{"attack.credential-access attack.t1110.001", 2, "password-guessing: block 203.0.113.7"},
		{"attack.credential-access attack.t1110.001", 0, ""},
		{"attack.t1110.001 attack.t1078", 3, "success-after-guessing: block 203.0.113.7, success-after-guessing: end-session from 203.0.113.7"},
		{"attack.t1595.002", 1, "web-scanner: block 203.0.113.7"},
		{"attack.t1498.001", 2, "flood: rate-limit 203.0.113.7"},
		{"attack.t1078.004", 3, "stolen-cloud-key: block 203.0.113.7"},
		{"attack.t1204.002", 4, "malware-hash: quarantine /srv/up load/x.exe"},
		{"attack.exfiltration", 3, "data-leaving: block 198.51.100.1 out"},
	} {
		cause := &Cause{
			Alert: "a", RuleID: "r", Tags: strings.Fields(c.tags), Level: c.level, Field: field,
			Sources: []string{"203.0.113.7", "$(reboot)", "203.0.113.7 tcp/22", "host"}, Targets: []string{"198.51.100.1"}, Users: []string{"anna", "--help", "a b"},
		}
		var got []string
		for i := range books {
			requests, _ := books[i].Answer(cause, time.Unix(0, 0))
			for _, r := range requests {
				got = append(got, books[i].Name+": "+r.Kind+" "+r.Target)
				if r.Needs == 0 {
					t.Errorf("%s: a built-in playbook acts by itself", books[i].Name)
				}
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %s", c.tags, got, c.want)
		}
	}
}

func TestPlaybookMistakes(t *testing.T) {
	const good = "name: x\non: {tags: [a]}\ndo: [{kind: block, target: '{source}'}]\n"
	if _, err := ReadPlaybook("good.yml", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"unknown key": good + "x: 1\n", "mode": good + "mode: kill\n", "no trigger": "name: x\ndo: [{kind: block, target: '{source}'}]\n",
		"no steps": "name: x\non: {tags: [a]}\n", "kind": "name: x\non: {tags: [a]}\ndo: [{kind: sh, target: x}]\n",
		"placeholder": "name: x\non: {tags: [a]}\ndo: [{kind: block, target: '{evil}'}]\n", "two": "name: x\non: {tags: [a]}\ndo: [{kind: block, target: '{source} {target}'}]\n",
		"name": "name: 'a b'\non: {tags: [a]}\ndo: [{kind: block, target: '{source}'}]\n", "quiet": good + "quiet: ['25:00-26:00']\n",
		"no end": "name: x\non: {tags: [a]}\ndo: [{kind: kill, target: '{user}', for: 1h}]\n",
	} {
		if _, err := ReadPlaybook("bad.yml", []byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestQuietHours(t *testing.T) {
	p := &Playbook{Name: "x", Mode: ModeAuto, On: Trigger{Tags: []string{"a"}}, Do: []PlaybookStep{{Kind: "block", Target: "{source}"}}, Quiet: []string{"22:00-06:00", "12:00-13:00"}}
	cause := &Cause{Tags: []string{"a"}, Sources: []string{"203.0.113.7"}}
	for clock, needs := range map[string]int{"21:59": 0, "22:00": 1, "05:59": 1, "06:00": 0, "12:30": 1, "13:00": 0} {
		at, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		requests, _ := p.Answer(cause, at)
		if len(requests) != 1 || requests[0].Needs != needs {
			t.Errorf("%s: %+v", clock, requests)
		}
	}
}

// Whatever stands in the fields of an alert, a playbook asks only for what its kinds take, in canonical form.
func FuzzPlaybook(f *testing.F) {
	for _, s := range hostileWords() {
		f.Add(s, s)
	}
	books, err := BuiltinPlaybooks()
	if err != nil {
		f.Fatal(err)
	}
	own := Playbook{Name: "own", On: Trigger{Tags: []string{"a"}}, Do: []PlaybookStep{
		{Kind: "end-session", Target: "user {user}"}, {Kind: "block", Target: "{source} out tcp/22"}, {Kind: "program", Target: "page {user}"}, {Kind: "block", Target: "{field:x}"},
	}}
	books = append(books, own)
	f.Fuzz(func(t *testing.T, a, b string) {
		c := &Cause{
			Alert: a, Title: b, Tags: []string{"a", "attack.t1110", "attack.exfiltration", "attack.t1204.002"}, Level: 4, Sources: []string{a, b}, Targets: []string{b}, Users: []string{a}, Hosts: []string{b},
			Field: func(string) []string { return []string{a, b} },
		}
		for i := range books {
			requests, _ := books[i].Answer(c, time.Unix(0, 0))
			for _, r := range requests {
				k, err := KindOf(r.Kind)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := k.Check(r.Target, r.Params); err != nil || again != r.Target {
					t.Fatalf("%s %q becomes %q, %v", r.Kind, r.Target, again, err)
				}
				if r.Kind == "block" && strings.ContainsAny(r.Target, ";$`'\"\n\x00{}") {
					t.Fatalf("block %q", r.Target)
				}
			}
		}
	})
}

func hostileWords() []string {
	return []string{"203.0.113.7", "203.0.113.7 out", "$(id)", "a\nb", "1.2.3.4; flush ruleset", "--help", "/etc/passwd", "../x", "\xff", "::ffff:1.2.3.4", "0.0.0.0/0", "any tcp/22", "fe80::1%eth0"}
}
