package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func appendAudit(t testing.TB, s *State, from, n int) (last AuditEntry) {
	t.Helper()
	for i := from; i < from+n; i++ {
		last = must[AuditEntry](t)(s.Append(t.Context(), AuditEntry{
			Time: int64(i) * 1e9, Actor: fmt.Sprintf("user%d", i%3), Action: "close", Target: fmt.Sprintf("hit %d", i), Detail: fmt.Sprintf(`{"n": %d}`, i),
		}))
	}
	return last
}

func listAudit(t testing.TB, s *State, f AuditFilter) (list []AuditEntry) {
	t.Helper()
	for e, err := range s.ListAudit(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func testAudit(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	if h := must[AuditHead](t)(s.VerifyAudit(ctx)); h != (AuditHead{}) {
		t.Fatalf("head of nothing: %v", h)
	}
	first := must[AuditEntry](t)(s.Append(ctx, AuditEntry{Time: 5, Actor: "a\x00b\xff", Action: "x", Target: "y"}))
	if first.Seq != 1 || first.Prev != "" || first.Actor != "a\uFFFDb\uFFFD" {
		t.Fatalf("first entry: %+v", first)
	}
	// The hash as the documentation lays it out, so that others can check it.
	const want = "tocsin audit 1\n0:\n1:1\n1:5\n8:a\uFFFDb\uFFFD\n1:x\n1:y\n0:\n"
	if got := string(first.canonical()); got != want {
		t.Errorf("canonical bytes %q, want %q", got, want)
	}
	last := appendAudit(t, s, 2, 1100)
	head := must[AuditHead](t)(s.AuditHead(ctx))
	if head != (AuditHead{1101, last.Hash}) {
		t.Errorf("head %v", head)
	}
	if h := must[AuditHead](t)(s.VerifyAudit(ctx, AuditHead{1, first.Hash}, AuditHead{}, head)); h != head {
		t.Errorf("verified up to %v", h)
	}
	if list := listAudit(t, s, AuditFilter{Actor: "user1", Since: 10e9, Until: 20e9, After: 13}); len(list) != 2 || list[0].Target != "hit 16" || list[0].Detail != `{"n": 16}` {
		t.Errorf("filtered: %+v", list)
	}
	if list := listAudit(t, s, AuditFilter{Newest: true, Limit: 700}); len(list) != 700 || list[0].Seq != 1101 || list[699].Seq != 402 {
		t.Errorf("the newest: %d, from %d", len(list), list[0].Seq)
	}
	if list := listAudit(t, s, AuditFilter{Newest: true, Before: 10, Limit: 3}); len(list) != 3 || list[0].Seq != 9 {
		t.Errorf("the newest before 10: %+v", list)
	}
	for limit, want := range map[int]int{0: 1100, 1: 1, 500: 500, 501: 501, 2000: 1100} {
		if list := listAudit(t, s, AuditFilter{Action: "close", Limit: limit}); len(list) != want {
			t.Errorf("limit %d: %d entries", limit, len(list))
		}
	}
	if _, err := s.Append(ctx, AuditEntry{Detail: "{"}); err == nil {
		t.Error("a detail that is not JSON was taken")
	}
	var broken *AuditError
	if _, err := s.VerifyAudit(ctx, AuditHead{700, first.Hash}); !errors.As(err, &broken) || broken.Seq != 700 {
		t.Errorf("another head was kept: %v", err)
	}
	if _, err := s.VerifyAudit(ctx, AuditHead{1102, first.Hash}); !errors.As(err, &broken) || broken.Seq != 1102 {
		t.Errorf("the end was cut off: %v", err)
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	if e, err := s.Append(gone, AuditEntry{Actor: "anna", Action: "left before it was written"}); err != nil || e.Seq != 1102 {
		t.Errorf("what somebody did who has gone: %+v, %v", e, err)
	}
}

func testAppendOnly(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	appendAudit(t, s, 0, 3)
	for _, q := range []string{
		"UPDATE audit SET actor = 'nobody' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2", "DELETE FROM audit",
		"INSERT OR REPLACE INTO audit SELECT seq, at, 'nobody', action, target, detail, prev, hash FROM audit WHERE seq = 2",
		"TRUNCATE audit",
	} {
		_, err := s.write.ExecContext(ctx, q)
		// What the other engine alone understands is refused too.
		if err == nil || !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "syntax error") {
			t.Errorf("%s: %v", q, err)
		}
	}
	if h := must[AuditHead](t)(s.VerifyAudit(ctx)); h.Seq != 3 {
		t.Errorf("head %v", h)
	}
}

// testTampered has somebody with all rights change the trail behind the triggers' back.
func testTampered(t *testing.T, p place) {
	for _, c := range []struct {
		name, query string
		seq         int64
	}{
		{"changed", "UPDATE audit SET actor = 'nobody' WHERE seq = 7", 7},
		{"time changed", "UPDATE audit SET at = at + 1 WHERE seq = 7", 7},
		{"moved between fields", "UPDATE audit SET action = action || 'h', target = 'it 7' WHERE seq = 7", 7},
		{"hash changed", "UPDATE audit SET hash = prev WHERE seq = 7", 7},
		{"taken out", "DELETE FROM audit WHERE seq = 7", 7},
		{"the first taken out", "DELETE FROM audit WHERE seq = 1", 1},
		{"taken out and closed up", "DELETE FROM audit WHERE seq = 10; UPDATE audit SET seq = 10 WHERE seq = 11", 10},
	} {
		s, ctx := p.open(t), t.Context()
		appendAudit(t, s, 0, 11)
		drop := "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete"
		if s.engine == postgres {
			drop = "DROP TRIGGER audit_no_change ON audit"
		}
		if _, err := s.write.ExecContext(ctx, drop); err != nil {
			t.Fatal(err)
		}
		if _, err := s.write.ExecContext(ctx, c.query); err != nil {
			t.Fatal(err)
		}
		var broken *AuditError
		if _, err := s.VerifyAudit(ctx); !errors.As(err, &broken) || broken.Seq != c.seq {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func testAuditConcurrent(t *testing.T, p place) {
	at, opt := p.at(t)
	states := []*State{openAt(t, at, opt), openAt(t, at, opt)} // as two processes
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for range 20 {
				if _, err := states[w%2].Append(t.Context(), AuditEntry{Actor: fmt.Sprint(w)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if h := must[AuditHead](t)(states[0].VerifyAudit(t.Context())); h.Seq != 80 {
		t.Errorf("head %v", h)
	}
}

// testBackup backs up and restores, to the same engine and to SQLite.
func testBackup(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	var hits []Hit
	for i := range 700 {
		hits = append(hits, sample(i))
	}
	hits[5].JSON = `"<&\u2028 ` + "\u2028 " + `\u0000 9007199254740993"`
	hits[5].Count = 9007199254740993 // not a number of floating point
	if err := s.PutHits(ctx, hits); err != nil {
		t.Fatal(err)
	}
	appendAudit(t, s, 0, 30)
	if err := s.SetFacts(ctx, map[string]string{"a": "1", "ü": "\u2028"}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() { // work goes on
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.PutHits(ctx, []Hit{sample(1000 + i%500)}); err != nil {
				t.Error(err)
			}
		}
	})
	m := must[Manifest](t)(s.Backup(ctx, dir))
	close(stop)
	writer.Wait()
	if m.Rows["hits"] < 700 || m.Rows["audit"] != 30 || m.Audit != must[AuditHead](t)(s.AuditHead(ctx)) {
		t.Errorf("manifest %+v", m)
	}
	if _, err := s.Backup(ctx, dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("backed up over a backup: %v", err)
	}
	for _, to := range []place{p, sqlitePlace()} {
		at, opt := to.at(t)
		if got := must[Manifest](t)(Restore(ctx, dir, at, opt)); got.Audit != m.Audit {
			t.Errorf("restored %+v", got)
		}
		r := openAt(t, at, opt)
		if n := must[[]HitCount](t)(r.CountHits(ctx, HitFilter{}, ByNothing)); n[0].Hits != m.Rows["hits"] {
			t.Errorf("%d hits of %d", n[0].Hits, m.Rows["hits"])
		}
		for _, h := range hits[:10] {
			if got := must[Hit](t)(r.Hit(ctx, h.Key)); fmt.Sprint(got) != fmt.Sprint(h) {
				t.Errorf("restored %+v\nof %+v", got, h)
			}
		}
		if f := must[map[string]string](t)(r.Facts(ctx, "")); fmt.Sprint(f) != "map[a:1 ü:\u2028]" {
			t.Errorf("facts %v", f)
		}
		appendAudit(t, r, 30, 1)
		if _, err := r.VerifyAudit(ctx, m.Audit); err != nil {
			t.Error(err)
		}
		if _, err := Restore(ctx, dir, at, opt); !errors.Is(err, os.ErrExist) {
			t.Errorf("restored over what is there: %v", err)
		}
	}
	testBadBackup(t, dir, m)
}

// testOldBackup restores backups of older layouts, which know nothing of later tables.
func testOldBackup(t *testing.T, p place) {
	ctx := t.Context()
	for _, version := range []int64{1, 3, 4, 5, 6} {
		s := p.open(t)
		if err := s.PutHits(ctx, []Hit{sample(1), sample(2)}); err != nil {
			t.Fatal(err)
		}
		appendAudit(t, s, 0, 3)
		if err := s.Downgrade(ctx, version); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "backup")
		m := must[Manifest](t)(s.Backup(ctx, dir))
		if _, ok := m.Rows["alerts"]; m.Version != version || ok != (version >= 3) {
			t.Fatalf("it is no backup of version %d: %+v", version, m)
		}
		for _, to := range []place{p, sqlitePlace()} {
			at, opt := to.at(t)
			must[Manifest](t)(Restore(ctx, dir, at, opt))
			r := openAt(t, at, opt)
			if n := must[[]HitCount](t)(r.CountHits(ctx, HitFilter{}, ByNothing)); n[0].Hits != 2 {
				t.Errorf("version %d to %s: %d hits", version, to.name, n[0].Hits)
			}
			if _, err := r.Append(ctx, AuditEntry{Actor: "anna"}); err != nil {
				t.Errorf("version %d to %s: %v", version, to.name, err)
			}
			for _, err := range r.ListActions(ctx, ActionFilter{}) { // the layout is the newest
				t.Errorf("version %d to %s: %v", version, to.name, err)
			}
		}
	}
	// From SQLite to the other engine, and a manifest that tells of an older layout than the file's.
	s := sqlitePlace().open(t)
	if err := s.Downgrade(ctx, 1); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	m := must[Manifest](t)(s.Backup(ctx, dir))
	at, opt := p.at(t)
	must[Manifest](t)(Restore(ctx, dir, at, opt))
	if p.name == sqlitePlace().name {
		return // the file is taken whole
	}
	m.Version = 3
	if err := os.WriteFile(filepath.Join(dir, manifestName), must[[]byte](t)(json.Marshal(m)), 0o600); err != nil {
		t.Fatal(err)
	}
	at, opt = p.at(t)
	if _, err := Restore(ctx, dir, at, opt); !errors.Is(err, ErrDamaged) {
		t.Errorf("restored by a manifest of another version: %v", err)
	}
}

// testMove takes a state from SQLite to another place and back: nothing may change.
func testMove(t *testing.T, p place) {
	ctx := t.Context()
	contents := func(s *State) string {
		var all []Hit
		for h, err := range s.ListHits(ctx, HitFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, h)
		}
		return fmt.Sprint(all, listAudit(t, s, AuditFilter{}), must[map[string]string](t)(s.Facts(ctx, "")), keys(t, s, HitFilter{Entity: "root"}))
	}
	s := sqlitePlace().open(t)
	for i := range 50 {
		if err := s.PutHits(ctx, []Hit{sample(i)}); err != nil {
			t.Fatal(err)
		}
	}
	appendAudit(t, s, 0, 5)
	if err := s.SetFacts(ctx, map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	want := contents(s)
	for _, to := range []place{p, sqlitePlace()} {
		dir := t.TempDir()
		must[Manifest](t)(s.Backup(ctx, dir))
		at, opt := to.at(t)
		must[Manifest](t)(Restore(ctx, dir, at, opt))
		s = openAt(t, at, opt)
		if got := contents(s); got != want {
			t.Errorf("moved to %s:\n%s\nof\n%s", to.name, got, want)
		}
	}
}

// testBadBackup changes a backup, which must then not be restored.
func testBadBackup(t *testing.T, dir string, m Manifest) {
	ctx := t.Context()
	manifest := filepath.Join(dir, manifestName)
	change := func(name string, f func(m *Manifest)) {
		t.Helper()
		c := m
		f(&c)
		if err := os.WriteFile(manifest, must[[]byte](t)(json.Marshal(c)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(ctx, dir, filepath.Join(t.TempDir(), "state.db"), Options{}); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	change("another format", func(m *Manifest) { m.Format = 2 })
	change("another file", func(m *Manifest) { m.SHA256 = map[string]string{"../x": "1"} })
	change("another audit head", func(m *Manifest) { m.Audit.Seq-- })
	if m.Engine == string(postgres) {
		change("newer", func(m *Manifest) { m.Version = 9999 })
		change("other rows", func(m *Manifest) { m.Rows = map[string]int64{"hits": 1} })
	}
	for name := range m.SHA256 {
		path := filepath.Join(dir, name)
		data := must[[]byte](t)(os.ReadFile(path))
		data = append(data, '\n')
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		change(name+" changed", func(*Manifest) {})
		if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
