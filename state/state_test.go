package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// place is a way to keep state, for the suite that all of them pass.
type place struct {
	name string
	at   func(t testing.TB) (string, Options) // an empty place
}

func sqlitePlace() place {
	return place{"sqlite", func(t testing.TB) (string, Options) {
		return filepath.Join(t.TempDir(), "a b?%#", "state.db"), Options{}
	}}
}

// places starts PostgreSQL, if it is on this machine, and gives every test a schema of its own.
func places(t *testing.T, each func(t *testing.T, p place)) {
	t.Run("sqlite", func(t *testing.T) { each(t, sqlitePlace()) })
	t.Run("postgres", func(t *testing.T) {
		server := parts.Postgres(t)
		n := 0
		each(t, place{"postgres", func(testing.TB) (string, Options) {
			n++
			return server, Options{Schema: fmt.Sprintf("Tenant %d", n)}
		}})
	})
}

func (p place) open(t testing.TB) *State {
	at, opt := p.at(t)
	return openAt(t, at, opt)
}

func openAt(t testing.TB, at string, opt Options) *State {
	t.Helper()
	s, err := Open(t.Context(), at, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestConformance(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		for _, c := range []struct {
			name string
			test func(t *testing.T, p place)
		}{
			{"put and get", testPut},
			{"list", testList},
			{"count", testCount},
			{"delete", testDelete},
			{"hostile", testHostile},
			{"audit", testAudit},
			{"audit is append-only", testAppendOnly},
			{"audit tampered", testTampered},
			{"audit concurrent", testAuditConcurrent},
			{"facts", testFacts},
			{"actions", testActions},
			{"actions concurrent", testActionsConcurrent},
			{"identity", testIdentity},
			{"alerts", testAlerts},
			{"found", testFound},
			{"cases", testCases},
			{"versions", testVersions},
			{"backup", testBackup},
			{"old backup", testOldBackup},
			{"move", testMove},
			{"concurrent", testConcurrent},
			{"cancelled", testCancelled},
		} {
			t.Run(c.name, func(t *testing.T) { c.test(t, p) })
		}
	})
}

func testFacts(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	if v := must[string](t)(s.Fact(ctx, "x")); v != "" {
		t.Fatalf("a fact that nobody set: %q", v)
	}
	for _, step := range []struct {
		old, value string
		ok         bool
		after      string
	}{
		{"", "", true, ""},
		{"a", "b", false, ""},
		{"", "a", true, "a"},
		{"", "b", false, "a"},
		{"x", "b", false, "a"},
		{"a", "b'\"$1", true, "b'\"$1"},
		{"", "", false, "b'\"$1"},
		{"a", "", false, "b'\"$1"},
		{"b'\"$1", "", true, ""},
	} {
		if ok := must[bool](t)(s.SwapFact(ctx, "x", step.old, step.value)); ok != step.ok {
			t.Errorf("swap %q for %q: %v", step.old, step.value, ok)
		}
		if v := must[string](t)(s.Fact(ctx, "x")); v != step.after {
			t.Errorf("after swapping %q for %q: %q", step.old, step.value, v)
		}
	}
	if err := s.SetFacts(ctx, map[string]string{"pos/a": "1", "pos/b": "2", "pos": "0", "q": "3", "pos/ü": "ü"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFacts(ctx, map[string]string{"pos/a": "", "pos/b": "4"}); err != nil {
		t.Fatal(err)
	}
	if f := must[map[string]string](t)(s.Facts(ctx, "pos/")); fmt.Sprint(f) != "map[pos/b:4 pos/ü:ü]" {
		t.Errorf("facts: %v", f)
	}
	for _, bad := range []string{"a\x00b", "\xff"} {
		if err := s.SetFacts(ctx, map[string]string{"good": "1", "x": bad}); !errors.Is(err, errText) {
			t.Errorf("set %q: %v", bad, err)
		}
		if _, err := s.SwapFact(ctx, "x", "", bad); !errors.Is(err, errText) {
			t.Errorf("swap %q: %v", bad, err)
		}
	}
	if v := must[string](t)(s.Fact(ctx, "good")); v != "" {
		t.Errorf("one of several facts was set: %q", v)
	}
	var won sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if ok, err := s.SwapFact(ctx, "leader", "", fmt.Sprint(i)); err != nil {
				t.Error(err)
			} else if ok {
				won.Store(i, true)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d of 8 won", n)
	}
}

func testVersions(t *testing.T, p place) {
	at, opt := p.at(t)
	ctx := t.Context()
	s := openAt(t, at, opt)
	_ = s.Close()
	s = openAt(t, at, opt) // once more changes nothing
	if v := must[int64](t)(s.version(ctx)); v < 1 {
		t.Fatalf("version %d", v)
	}
	if err := s.Downgrade(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.PutHits(ctx, []Hit{{Key: "k"}}); err == nil {
		t.Error("a hit was put where there are no tables")
	}
	_ = s.Close()
	s = openAt(t, at, opt)
	if err := s.PutHits(ctx, []Hit{{Key: "k"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(ctx, "INSERT INTO "+versionTable+" (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if _, err := Open(ctx, at, opt); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Fatalf("opened what a newer version made: %v", err)
	}
}

func testCancelled(t *testing.T, p place) {
	s := p.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.PutHits(ctx, []Hit{{Key: "k"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	for _, err := range s.ListHits(ctx, HitFilter{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("list: %v", err)
		}
	}
	if err := s.PutHits(t.Context(), []Hit{{Key: "k"}}); err != nil {
		t.Errorf("after a cancelled one: %v", err)
	}
}

// testConcurrent has several writers and readers on the same hits.
func testConcurrent(t *testing.T, p place) {
	at, opt := p.at(t)
	ctx := t.Context()
	states := []*State{openAt(t, at, opt), openAt(t, at, opt)} // as two processes
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for round := range 10 {
				var hits []Hit
				for i := range 60 {
					h := sample((i*7 + w*13) % 60)
					h.Count = int64(round)
					hits = append(hits, h)
				}
				if err := states[w%2].PutHits(ctx, hits); err != nil {
					t.Error(err)
				}
				n := 0
				for _, err := range states[w%2].ListHits(ctx, HitFilter{}) {
					if err != nil {
						t.Error(err)
					}
					n++
				}
				if n != 60 {
					t.Errorf("%d hits", n)
				}
			}
		})
	}
	all.Wait()
	if err := states[0].Verify(ctx); err != nil {
		t.Error(err)
	}
}

func TestSQLiteFile(t *testing.T) {
	at, _ := sqlitePlace().at(t)
	s := openAt(t, at, Options{})
	if err := s.PutHits(t.Context(), []Hit{sample(1)}); err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v", pragma, got, err)
		}
	}
	for _, db := range []*sql.DB{s.read} {
		if _, err := db.Exec("DELETE FROM hits"); err == nil {
			t.Error("a connection for reading has written")
		}
	}
	files := must[[]string](t)(filepath.Glob(strings.NewReplacer("?", `\?`).Replace(at) + "*"))
	if len(files) == 0 {
		t.Fatal("no file")
	}
	for _, f := range files {
		info := must[os.FileInfo](t)(os.Stat(f))
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", f, info.Mode())
		}
	}
}

func TestNoPasswordInErrors(t *testing.T) {
	dir := t.TempDir()
	for _, at := range []string{
		"postgres://tocsin:s3cret-word@/db?host=" + url.QueryEscape(dir),
		"postgres://tocsin:s3cret-word@127.0.0.1:1/db",
		"postgres://tocsin:s3cret-word@127.0.0.1:port/db",
		"postgres://tocsin:s3cret-word@127.0.0.1/db?sslmode=no-such-mode",
	} {
		s, err := Open(t.Context(), at, Options{})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", at)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	at := filepath.Join(t.TempDir(), "state.db")
	s := openAt(t, at, Options{})
	var hits []Hit
	for i := range 500 {
		hits = append(hits, sample(i))
	}
	if err := s.PutHits(t.Context(), hits); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	data := must[[]byte](t)(os.ReadFile(at))
	for i := len(data) / 4; i < len(data)/2; i++ {
		data[i] ^= 0x5a
	}
	if err := os.WriteFile(at, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), at, Options{})
	if err != nil {
		return // it says so at once
	}
	defer s.Close()
	if err := s.Verify(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("verify: %v", err)
	}
}

func keys(t testing.TB, s *State, f HitFilter) []string {
	t.Helper()
	var list []string
	for h, err := range s.ListHits(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h.Key)
	}
	return list
}

func wantKeys(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
