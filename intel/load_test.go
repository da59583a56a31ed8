package intel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listed loads a list and returns "kind value" of what it holds, by asking for each expected value.
func load(tb testing.TB, src Source, text string) (*Lookup, *Report) {
	tb.Helper()
	if src.Name == "" {
		src.Name = "list"
	}
	b := NewBuilder()
	r, err := Load(b, &src, []byte(text))
	if err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
	return b.Build().NewLookup(), r
}

func TestPlain(t *testing.T) {
	text := strings.Join([]string{
		"# a comment", "; another", "", "// a third", "198.51.100.7", "198.51.100.8 # with a word", "203.0.113.0/24 ; SBL1", "1.2.3[.]4",
		"hxxps://evil[.]example/a/b", "0.0.0.0 ads.example tracker.example", "127.0.0.1 localhost", "||filtered.example^", "address=/masq.example/0.0.0.0",
		`local-zone: "zone.example" always_nxdomain`, "rpz.example CNAME .", "*.wild.example", "8.8.8.0-8.8.8.255", "9.9.9.1 - 9.9.9.2", "Some Firm:5.6.7.0-5.6.7.255",
		"44d88612fea8a8f36de82e1278abb02f", "bad@mail.example", "[2001:db8::1]:443", "2001:db8:5::/48", "10.0.0.1", "0.0.0.0/0", "what is this", "6.6.6.6:8443", "/bad-path.php",
		"evil(dot)example(dot)org", "d41d8cd98f00b204e9800998ecf8427e",
	}, "\n")
	for _, ending := range []string{"\n", "\r\n"} {
		l, r := load(t, Source{Format: Auto, Confidence: 70}, strings.ReplaceAll(text, "\n", ending))
		if r.Format != Plain {
			t.Fatalf("format %s", r.Format)
		}
		for _, v := range []string{
			"198.51.100.7", "198.51.100.8", "203.0.113.77", "1.2.3.4", "https://evil.example/a/b", "ads.example", "tracker.example", "x.filtered.example", "masq.example",
			"zone.example", "rpz.example", "a.wild.example", "8.8.8.8", "9.9.9.1", "9.9.9.2", "5.6.7.8", "44D88612FEA8A8F36DE82E1278ABB02F", "bad@mail.example", "[2001:db8::1]:443",
			"2001:db8:5:1::1", "6.6.6.6:8443", "http://x.example/bad-path.php", "evil.example.org",
		} {
			var m Match
			if !l.Any(&m, v, 0) {
				t.Errorf("%s is not there", v)
			}
		}
		for _, v := range []string{"localhost", "10.0.0.1", "9.9.9.3", "1.1.1.1", "example"} {
			var m Match
			if l.Any(&m, v, 0) {
				t.Errorf("%s is there", v)
			}
		}
		if r.Unread != 1 || r.Problems[0].Place != "line 26" || r.Ignored["private addresses"] != 1 || r.Ignored["networks that are too wide"]+r.Ignored["hashes of the empty file"] != 1+1-0 && r.Unread != 1 {
			t.Errorf("%+v", r)
		}
		var m Match
		l.Any(&m, "198.51.100.8", 0)
		if in := l.Indicator(&m); in.Description != "with a word" || in.Confidence != 70 || in.Source != "list" {
			t.Errorf("%+v", in)
		}
	}
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, text, ask string
		want            Indicator
		kind            Kind
	}{
		{"header", "type,value,comment,confidence,valid_until\nip,198.51.100.7,botnet,90,2026-12-31\ndomain,evil.example,,,\n", "198.51.100.7", Indicator{Confidence: 90, Description: "botnet", Until: 1798675200}, IP},
		{"comment header", "# a feed\n# id,dateadded,url,url_status,threat,tags,urlhaus_link\n\"1\",\"2026-11-20 10:00:00\",\"http://evil.example/x.sh\",\"online\",\"malware_download\",\"elf,mirai\",\"https://urls.example/1\"\n", "http://evil.example/x.sh", Indicator{Confidence: 60, Description: "malware_download", Reference: "https://urls.example/1"}, URL},
		{"no header", "\"2026-11-20 10:00:00\",\"6.6.6.6\",\"443\",\"offline\",\"Some family\"\n\"2026-11-21 10:00:00\",\"6.6.6.7\",\"443\",\"online\",\"Some family\"\n", "6.6.6.7", Indicator{Confidence: 60, Description: "online", Reference: "Some family"}, IP},
		{"port", "first_seen_utc,dst_ip,dst_port,c2_status,last_online,malware\n2026-11-20 10:00:00,6.6.6.6,8443,online,2026-11-21,Some family\n", "6.6.6.6:8443", Indicator{Confidence: 60, Description: "Some family"}, Endpoint},
		{"semicolons", "indicator;type;description\nevil.example;domain;bad\nworse.example;domain;worse\n", "worse.example", Indicator{Confidence: 60, Description: "worse"}, Domain},
		{"misp", "uuid,event_id,category,type,value,comment,to_ids,date\n\"a\",1,\"Network activity\",\"ip-dst|port\",\"6.6.6.6|8443\",\"c2\",1,1700000000\n\"b\",1,\"x\",\"domain\",\"good.example\",\"\",0,1700000000\n", "6.6.6.6:8443", Indicator{Confidence: 60, Description: "Network activity c2"}, Endpoint},
		{"words", "ioc,confidence\nevil.example,High\n", "evil.example", Indicator{Confidence: 85}, Domain},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, r := load(t, Source{Format: Auto, Confidence: 60}, c.text)
			var m Match
			if r.Format != CSV || r.Unread > 0 || !l.Any(&m, c.ask, 0) || m.Kind != c.kind {
				t.Fatalf("%+v %v", r, m.Kind)
			}
			in := l.Indicator(&m)
			in.Value, in.Kind, in.Source, in.Tags = "", 0, "", nil
			if fmt.Sprint(in) != fmt.Sprint(c.want) {
				t.Errorf("%+v, want %+v", in, c.want)
			}
		})
	}
}

func TestExpires(t *testing.T) {
	l, _ := load(t, Source{Format: CSV, Seen: 10_000_000_0 * 17, Expires: 86400}, "value,last_seen\nevil.example,2020-01-01\nworse.example,\n")
	var m Match
	l.Any(&m, "evil.example", 0)
	if in := l.Indicator(&m); in.Until != 1577836800+86400 {
		t.Errorf("until %d", in.Until)
	}
	l.Any(&m, "worse.example", 0)
	if in := l.Indicator(&m); in.Until != 1_700_000_000+86400 {
		t.Errorf("until %d", in.Until)
	}
}

func TestSTIX(t *testing.T) {
	indicator := func(id, pattern, more string) string {
		return fmt.Sprintf(`{"type":"indicator","spec_version":"2.1","id":"indicator--%s","pattern_type":"stix","pattern":%q,"valid_from":"2024-01-01T00:00:00Z"%s}`, id, pattern, more)
	}
	objects := []string{
		indicator("1", "[ipv4-addr:value = '198.51.100.7' OR domain-name:value = 'evil.example']", `,"name":"c2","confidence":90,"valid_until":"2027-01-01T00:00:00Z","external_references":[{"source_name":"x","url":"https://report.example/1"}]`),
		indicator("2", "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856'] OR [url:value = 'http://bad.example/x']", ""),
		indicator("3", "[ipv4-addr:value = '198.51.100.9']", `,"revoked":true`),
		indicator("4", "[ipv4-addr:value = '198.51.100.10']", `,"modified":"2024-01-01T00:00:00Z"`),
		indicator("4", "[ipv4-addr:value = '198.51.100.11']", `,"modified":"2024-02-01T00:00:00Z"`),
		indicator("5", "[process:command_line LIKE '%evil%' OR ipv4-addr:value ISSUBSET '192.0.2.0/24']", ""),
		indicator("6", "[ipv4-addr:value = ", ""),
		`{"type":"indicator","id":"indicator--7","pattern_type":"yara","pattern":"rule x {}","valid_from":"2024-01-01T00:00:00Z"}`,
		`{"type":"malware","id":"malware--1","name":"x","confidence":"strange"}`,
	}
	all := strings.Join(objects, ",")
	for name, text := range map[string]string{
		"bundle": `{"type":"bundle","id":"bundle--1","objects":[` + all + `]}`, "envelope": `{"more":false,"objects":[` + all + `]}`, "list": `[` + all + `]`,
		"lines": strings.Join(objects, "\n"), "pages": `{"objects":[` + strings.Join(objects[:4], ",") + `]}` + "\n" + `{"objects":[` + strings.Join(objects[4:], ",") + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			l, r := load(t, Source{Format: Auto, Confidence: 55}, text)
			for ask, want := range map[string]bool{
				"198.51.100.7": true, "www.evil.example": true, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856": true, "http://bad.example/x": true,
				"198.51.100.9": false, "198.51.100.10": false, "198.51.100.11": true, "192.0.2.77": true,
			} {
				var m Match
				if l.Any(&m, ask, 0) != want {
					t.Errorf("%s: %v", ask, !want)
				}
			}
			if r.Format != STIX || r.Counts["pattern"] != 1 || r.Unread != 1 || r.Problems[0].Place != "indicator--6" || r.Ignored["revoked"] != 1 || r.Ignored["patterns in yara"] != 1 {
				t.Errorf("%+v", r)
			}
			var m Match
			l.Any(&m, "198.51.100.7", 0)
			if in := l.Indicator(&m); in.Confidence != 90 || in.Description != "c2" || in.Reference != "https://report.example/1" || in.From == 0 || in.Until == 0 {
				t.Errorf("%+v", in)
			}
			if l.Any(&m, "198.51.100.7", 1_600_000_000*1e9) {
				t.Error("it matches before it is valid")
			}
		})
	}
}

func TestExcept(t *testing.T) {
	old, _ := load(t, Source{Format: Plain}, "198.51.100.7\nevil.example\n203.0.113.0/24\n2001:db8::/32\n")
	_, r := load(t, Source{Format: Plain, Except: old.Set()}, "198.51.100.7\n198.51.100.8\nevil.example\nworse.example\n203.0.113.0/24\n203.0.113.0/25\n2001:db8::/32\n2001:db8::/33\n")
	if r.Added != 4 || r.Ignored["known already"] != 4 {
		t.Errorf("%+v", r)
	}
	_, r = load(t, Source{Format: Plain, Name: "other", Except: old.Set()}, "198.51.100.7\n")
	if r.Added != 1 {
		t.Errorf("what another list says is not what this one says: %+v", r)
	}
}

func TestPatternMistakes(t *testing.T) {
	for _, c := range []struct {
		pattern string
		at      int
		says    string
	}{
		{"", 0, "ends where"},
		{"[file:name = 'x'", 16, `"]"`},
		{"[file:name == ]", 14, "a value"},
		{"[file:name = 'x'] WITHIN 5 MINUTES", 27, "SECONDS"},
		{"[file:name = 'x] ", 13, "no end"},
		{"[file:name MATCHES '(']", 19, "MATCHES"},
		{"[file:name = 'x'] REPEATS 0 TIMES", 26, "from 1"},
		{"[file:name = h'0']", 13, "odd length"},
		{"[file.name = 'x']", 5, `":"`},
		{"[file:name = 'x'] FOO", 18, "qualifier"},
		{strings.Repeat("(", 500) + "[file:name = 'x']", 128, "levels"},
		{"[file:name > true]", 13, "no order"},
		{"[file:name = 'x'] START t'2020-01-01T00:00:00Z' STOP '2020'", 53, "timestamp"},
	} {
		_, err := ParsePattern(c.pattern, AnyVersion)
		var p *PatternError
		if !asPattern(err, &p) || p.Offset != c.at || !strings.Contains(p.Reason, c.says) {
			t.Errorf("%s: %v, want byte %d and %q", clip(c.pattern), err, c.at, c.says)
		}
	}
}

func asPattern(err error, to **PatternError) bool {
	p, ok := err.(*PatternError)
	*to = p
	return ok
}

// A pattern that could be bound in more ways than anybody can try is told so, and does not take for ever.
func TestPatternBound(t *testing.T) {
	p, err := ParsePattern("([a:b > 0] AND [a:b > 1] AND [a:b > 2] AND [a:b > 3] AND [a:b > 4] AND [a:b > 1000]) WITHIN 5 SECONDS REPEATS 7 TIMES", AnyVersion)
	if err != nil {
		t.Fatal(err)
	}
	var list []Observation
	for i := range 300 {
		list = append(list, Observation{First: int64(i), Last: int64(i), Count: 3, Objects: Objects{"0": {"type": "a", "b": 10 + i%3*990}}})
	}
	if ok, err := p.Match(list); err == nil && !ok {
		t.Error("it can be matched, and the answer was no")
	}
	many, err := ParsePattern("[a:b = 10] REPEATS 500 TIMES WITHIN 300 SECONDS", AnyVersion)
	if err != nil {
		t.Fatal(err)
	}
	list = nil
	for i := range 499 {
		list = append(list, Observation{First: int64(i) * 1e9, Last: int64(i) * 1e9, Count: 1, Objects: Objects{"0": {"type": "a", "b": 10}}})
	}
	if ok, err := many.Match(list); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"198.51.100.7 # x\n0.0.0.0 a.example", "type,value\nip,1.2.3.4\n", `{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[ipv4-addr:value = '1.2.3.4']"}]}`,
		`{"Event":{"info":"x","Attribute":[{"type":"ip-dst|port","value":"1.2.3.4|5","to_ids":true}]}}`, `{"response":[{"Event":{"Object":[{"Attribute":[]}]}}]}`, `[{"uuid":1}]`,
		"1.0.0.0-255.255.255.255", "::-ffff::", "a|b|c\n1.2.3.4|x|y\n", "a;b\n", "\xef\xbb\xbfevil.example",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []Format{Auto, Plain, CSV, STIX, MISP} {
			b := NewBuilder()
			r, err := Load(b, &Source{Name: "x", Format: format, Confidence: 50}, data)
			s := b.Build()
			if err == nil && s.Len() != r.Added {
				sum := 0
				for k, n := range s.Counts() {
					if k != "network" {
						sum += n
					}
				}
				if sum > r.Added {
					t.Fatalf("%s: %d indicators, %d told: %+v", format, s.Len(), r.Added, r)
				}
			}
			l := s.NewLookup()
			var m Match
			if l.Any(&m, string(data[:min(len(data), 300)]), 0) {
				_ = l.Indicator(&m)
			}
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{
		"[a:b = 1]", "([a:b = 'x'] FOLLOWEDBY [a:c[*].d MATCHES 'x+']) WITHIN 5.5 SECONDS REPEATS 3 TIMES", "[a:b IN (1,2.5,-3)] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
		"[NOT EXISTS a:b]", "[a:'x y'.z_hex = h'00' AND (a:b LIKE '%_' OR a:r_ref.q ISSUBSET '1.2.3.0/24')] OR [a:b NOT = b'AA==']", "[a:b = 1 /* c */] // d",
	} {
		f.Add(s)
	}
	object := map[string]any{"type": "a", "b": "x", "c": []any{map[string]any{"d": "xx"}}, "r_ref": "0"}
	obs := []Observation{{First: 1, Last: 2, Count: 2, Objects: Objects{"0": object}}, {First: 5, Last: 5, Count: 1, Objects: Objects{"0": object}}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []Version{AnyVersion, Version20, Version21} {
			p, err := ParsePattern(text, v)
			if err != nil {
				continue
			}
			whole, err := p.Match(obs)
			if again, err2 := p.Match(slices.Clone(obs)); whole != again || (err == nil) != (err2 == nil) {
				t.Fatalf("%v %v, then %v %v", whole, err, again, err2)
			}
			_, _ = p.split()
		}
	})
}
