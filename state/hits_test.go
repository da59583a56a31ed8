package state

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const day = 86400 * int64(1e9)

// sample is a hit that follows from its number.
func sample(i int) Hit {
	return Hit{
		Key: fmt.Sprintf("%04d-key", i), RuleID: fmt.Sprintf("rule-%d", i%7), RuleTitle: fmt.Sprintf("Guessed Password %d", i%7),
		Level: i % 5, Time: 20_000*day + int64(i)*1e9, Last: 20_000*day + int64(i)*1e9 + 5, Seen: 20_001 * day, Updated: 20_001*day + int64(1000-i),
		Count: int64(i), Open: i%2 == 0, File: "/var/log/auth.log", Record: int64(i), EventID: fmt.Sprintf("%016x0000", i),
		Hosts: []string{"Web01"}, Users: []string{"root", fmt.Sprintf("user%d", i%10)}, Addresses: []string{fmt.Sprintf("203.0.113.%d", i%50)},
		Tags: []string{"attack.t1110"}, JSON: fmt.Sprintf(`{"n":%d,"path":"C:\\Temp\\x%d.exe","text":"100%%_done! <Größe>"}`, i, i),
	}
}

func testPut(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	if err := s.PutHits(ctx, nil); err != nil {
		t.Fatal(err)
	}
	want := make([]Hit, 0, 1203)
	for i := range 1203 { // more than one transaction holds
		want = append(want, sample(i))
	}
	if err := s.PutHits(ctx, want); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 499, 1202} {
		if h := must[Hit](t)(s.Hit(ctx, want[i].Key)); !reflect.DeepEqual(h, want[i]) {
			t.Errorf("put\n%+v, got\n%+v", want[i], h)
		}
	}
	empty := Hit{Key: "zzz"}
	if err := s.PutHits(ctx, []Hit{empty}); err != nil {
		t.Fatal(err)
	}
	if h := must[Hit](t)(s.Hit(ctx, "zz")); !reflect.DeepEqual(h, empty) {
		t.Errorf("an empty hit became %+v", h)
	}
	grown := want[3]
	grown.Count, grown.Last, grown.Open, grown.Updated, grown.Level = 900, grown.Last+7, false, grown.Updated+1, 4
	grown.Users, grown.Addresses = []string{"alice"}, append(slices.Clone(grown.Addresses), "198.51.100.9")
	old := grown
	old.Count, old.Users = 5, []string{"mallory"}
	if err := s.PutHits(ctx, []Hit{old, want[4], grown}); err != nil { // the last one counts
		t.Fatal(err)
	}
	again := grown
	again.Seen += 99
	if err := s.PutHits(ctx, []Hit{again}); err != nil {
		t.Fatal(err)
	}
	if h := must[Hit](t)(s.Hit(ctx, grown.Key)); !reflect.DeepEqual(h, grown) {
		t.Errorf("grew to\n%+v, got\n%+v", grown, h)
	}
	wantKeys(t, "new user", keys(t, s, HitFilter{Entity: "ALICE"}), grown.Key)
	wantKeys(t, "new address", keys(t, s, HitFilter{Entity: "198.51.100.9"}), grown.Key)
	wantKeys(t, "user of a version that was replaced", keys(t, s, HitFilter{Entity: "mallory"}))
	wantKeys(t, "user who is gone", keys(t, s, HitFilter{Entity: "root", Until: want[5].Time, Order: Oldest}),
		want[0].Key, want[1].Key, want[2].Key, want[4].Key)
	if n := must[[]HitCount](t)(s.CountHits(ctx, HitFilter{}, ByNothing)); n[0].Hits != 1204 {
		t.Errorf("%d hits", n[0].Hits)
	}
	if _, err := s.Hit(ctx, "no such"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a hit that is not there: %v", err)
	}
	var several *AmbiguousError
	if _, err := s.Hit(ctx, "000"); !errors.As(err, &several) || len(several.Keys) != 10 || several.Keys[0] != "0000-key" {
		t.Errorf("a short prefix: %v", err)
	}
	if err := s.PutHits(ctx, []Hit{{Key: "0000"}}); err != nil {
		t.Fatal(err)
	}
	if h := must[Hit](t)(s.Hit(ctx, "0000")); h.Key != "0000" {
		t.Errorf("a whole key that others begin with: %s", h.Key)
	}
	for _, bad := range []Hit{{}, {Key: strings.Repeat("k", MaxKey+1)}, {Key: "k", RuleID: strings.Repeat("r", MaxKey+1)}} {
		if err := s.PutHits(ctx, []Hit{bad}); err == nil {
			t.Errorf("put a hit with a key of %d bytes and a rule of %d", len(bad.Key), len(bad.RuleID))
		}
	}
}

func testList(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	var hits []Hit
	for i := range 1100 {
		hits = append(hits, sample(i))
	}
	if err := s.PutHits(ctx, hits); err != nil {
		t.Fatal(err)
	}
	// What the answers must be, worked out the simple way.
	model := func(keep func(h Hit) bool, less func(a, b Hit) int) []string {
		list := slices.DeleteFunc(slices.Clone(hits), func(h Hit) bool { return !keep(h) })
		slices.SortFunc(list, less)
		var keys []string
		for _, h := range list {
			keys = append(keys, h.Key)
		}
		return keys
	}
	compare := map[Order]func(a, b Hit) int{
		Newest:  func(a, b Hit) int { return -byTime(a, b) },
		Oldest:  byTime,
		Worst:   func(a, b Hit) int { return -10*(a.Level-b.Level) - byTime(a, b) },
		Updated: func(a, b Hit) int { return int(b.Updated - a.Updated) },
	}
	for _, c := range []struct {
		name string
		f    HitFilter
		keep func(h Hit) bool
	}{
		{"all", HitFilter{}, func(Hit) bool { return true }},
		{"time", HitFilter{Since: hits[100].Time, Until: hits[900].Time}, func(h Hit) bool { return h.Record >= 100 && h.Record < 900 }},
		{"level", HitFilter{MinLevel: 3}, func(h Hit) bool { return h.Level >= 3 }},
		{"rule", HitFilter{Rule: "rule-3"}, func(h Hit) bool { return h.Record%7 == 3 }},
		{"title", HitFilter{Rule: "guessed PASSWORD 3"}, func(h Hit) bool { return h.Record%7 == 3 }},
		{"no such rule", HitFilter{Rule: "rule"}, func(Hit) bool { return false }},
		{"entity", HitFilter{Entity: "User3"}, func(h Hit) bool { return h.Record%10 == 3 }},
		{"entity, level, time", HitFilter{Entity: "web01", MinLevel: 4, Since: hits[50].Time}, func(h Hit) bool { return h.Level == 4 && h.Record >= 50 }},
		{"part of an entity", HitFilter{Entity: "web"}, func(Hit) bool { return false }},
		{"open", HitFilter{OpenOnly: true}, func(h Hit) bool { return h.Open }},
		{"updated", HitFilter{UpdatedSince: hits[10].Updated}, func(h Hit) bool { return h.Record <= 10 }},
		{"text in JSON", HitFilter{Text: `c:\temp\X77.EXE`}, func(h Hit) bool { return h.Record == 77 }},
		{"text in the title", HitFilter{Text: "password 5"}, func(h Hit) bool { return h.Record%7 == 5 }},
		{"text with wildcards", HitFilter{Text: "100%_done!"}, func(Hit) bool { return true }},
		{"wildcards are letters", HitFilter{Text: "1%done"}, func(Hit) bool { return false }},
		{"text beyond ASCII", HitFilter{Text: "Größe"}, func(Hit) bool { return true }},
		{"text and rule", HitFilter{Text: "x1", Rule: "rule-1", MinLevel: 1}, func(h Hit) bool {
			return strings.HasPrefix(fmt.Sprint(h.Record), "1") && h.Record%7 == 1 && h.Level >= 1
		}},
	} {
		for order, less := range compare {
			c.f.Order = order
			checkList(t, s, c.name, c.f, model(c.keep, less))
		}
	}
	for _, bad := range []string{"x", "t.1", "t.x.k", "w.1.2.k", "u.1.k"} {
		for _, err := range s.ListHits(ctx, HitFilter{After: bad}) {
			if err == nil {
				t.Errorf("cursor %q was taken", bad)
			}
		}
	}
	n := 0
	for range s.ListHits(ctx, HitFilter{}) {
		if n++; n == 3 {
			break
		}
	}
}

// checkList lists hits at once, the first few, and page by page.
func checkList(t *testing.T, s *State, name string, f HitFilter, want []string) {
	t.Helper()
	name = fmt.Sprint(name, " in order ", f.Order)
	wantKeys(t, name, keys(t, s, f), want...)
	f.Limit = 7
	wantKeys(t, name+", limited", keys(t, s, f), want[:min(7, len(want))]...)
	var paged []string
	f.Limit = 333
	for {
		n := len(paged)
		for h, err := range s.ListHits(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, h.Key)
			f.After = f.Order.Cursor(h)
		}
		if len(paged) == n {
			break
		}
	}
	wantKeys(t, name+", paged", paged, want...)
}

func byTime(a, b Hit) int {
	switch {
	case a.Time < b.Time:
		return -1
	case a.Time > b.Time:
		return 1
	}
	return strings.Compare(a.Key, b.Key)
}

func testCount(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	if n := must[[]HitCount](t)(s.CountHits(ctx, HitFilter{}, ByNothing)); len(n) != 1 || n[0].Hits != 0 {
		t.Fatalf("nothing counts as %v", n)
	}
	if n := must[[]HitCount](t)(s.CountHits(ctx, HitFilter{}, ByRule)); len(n) != 0 {
		t.Fatalf("nothing counts as %v", n)
	}
	var hits []Hit
	for i := range 100 {
		h := sample(i)
		h.Time += int64(i/40) * day
		hits = append(hits, h)
	}
	if err := s.PutHits(ctx, hits); err != nil {
		t.Fatal(err)
	}
	last := hits[99].Last
	for _, c := range []struct {
		by    By
		f     HitFilter
		want  HitCount
		first string
		kinds int
	}{
		{ByNothing, HitFilter{}, HitCount{Level: 4, Hits: 100, Events: 4950, Last: last}, "", 1},
		{ByLevel, HitFilter{}, HitCount{Name: "0", Level: 0, Hits: 20, Events: 950, Last: hits[95].Last}, "0", 5},
		{ByLevel, HitFilter{MinLevel: 3}, HitCount{Name: "3", Level: 3, Hits: 20, Events: 1010, Last: hits[98].Last}, "3", 2},
		{ByRule, HitFilter{}, HitCount{Name: "rule-0", Title: "Guessed Password 0", Level: 4, Hits: 15, Events: 735, Last: hits[98].Last}, "", 7},
		{ByDay, HitFilter{}, HitCount{Name: "2024-10-04", Level: 4, Hits: 40, Events: 780, Last: hits[39].Last}, "", 3},
		{ByDay, HitFilter{Rule: "rule-6"}, HitCount{Name: "2024-10-04", Level: 4, Hits: 5, Events: 100, Last: hits[34].Last}, "", 3},
		{ByEntity, HitFilter{}, HitCount{Name: "root", Level: 4, Hits: 100, Events: 4950, Last: last}, "", 62},
		{ByEntity, HitFilter{Entity: "USER7", Limit: 3}, HitCount{Name: "root", Level: 2, Hits: 10, Events: 520, Last: hits[97].Last}, "", 3},
	} {
		n := must[[]HitCount](t)(s.CountHits(ctx, c.f, c.by))
		if len(n) != c.kinds || n[0] != c.want {
			t.Errorf("by %d of %+v: %d kinds, first %+v; want %d, %+v", c.by, c.f, len(n), n[0], c.kinds, c.want)
		}
	}
}

func testDelete(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	var hits []Hit
	for i := range 1300 {
		hits = append(hits, sample(i))
	}
	if err := s.PutHits(ctx, hits); err != nil {
		t.Fatal(err)
	}
	if n := must[int64](t)(s.DeleteHits(ctx, hits[1200].Last)); n != 1200 {
		t.Errorf("%d hits are gone", n)
	}
	if n := must[int64](t)(s.DeleteHits(ctx, hits[1200].Last)); n != 0 {
		t.Errorf("%d more hits are gone", n)
	}
	if left := keys(t, s, HitFilter{}); len(left) != 100 || left[99] != hits[1200].Key {
		t.Errorf("%d hits are left: %v", len(left), left)
	}
	if left := keys(t, s, HitFilter{Entity: "web01"}); len(left) != 100 {
		t.Errorf("%d hits are left of the host", len(left))
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// testHostile puts what attackers can write into logs.
func testHostile(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	long := strings.Repeat("ä", 40_000)
	nasty := []string{"'; DROP TABLE hits; --", "a\x00b", "\xff\xfe", "$1", "%", "\u202e", long, `\`, "\"", "{}", ""}
	for i, n := range nasty {
		h := Hit{
			Key: fmt.Sprint(i), RuleTitle: n, File: n, EventID: n, Hosts: []string{n}, Users: []string{n, n, strings.ToUpper(n)},
			Tags: []string{n}, JSON: `"` + text(n) + `"`,
		}
		if err := s.PutHits(ctx, []Hit{h}); err != nil {
			t.Fatalf("%.40q: %v", n, err)
		}
		got := must[Hit](t)(s.Hit(ctx, h.Key))
		if got.RuleTitle != text(n) || got.Hosts[0] != text(n) || got.Tags[0] != text(n) || got.JSON != h.JSON {
			t.Errorf("%.40q became %+v", n, got)
		}
		if n == "" {
			continue
		}
		wantKeys(t, fmt.Sprintf("entity %.40q", n), keys(t, s, HitFilter{Entity: n}), h.Key)
		if list := keys(t, s, HitFilter{Text: n[:min(len(n), MaxText)]}); !slices.Contains(list, h.Key) {
			t.Errorf("text %.40q: %v", n, list)
		}
		if list := keys(t, s, HitFilter{Rule: n}); !slices.Contains(list, h.Key) {
			t.Errorf("title %.40q: %v", n, list)
		}
	}
	if n := len(keys(t, s, HitFilter{})); n != len(nasty) {
		t.Errorf("%d hits of %d", n, len(nasty))
	}
	wantKeys(t, "another long one", keys(t, s, HitFilter{Entity: long + "x"}))
	for _, err := range s.ListHits(ctx, HitFilter{Text: long}) {
		if err == nil || !strings.Contains(err.Error(), "longer") {
			t.Errorf("a long text: %v", err)
		}
	}
	if _, err := s.Hit(ctx, "\x00\xff"); !errors.Is(err, ErrNotFound) {
		t.Errorf("hostile key: %v", err)
	}
}
