package state

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// each runs a benchmark on SQLite and on PostgreSQL.
func each(b *testing.B, bench func(b *testing.B, p place)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, sqlitePlace()) })
	b.Run("postgres", func(b *testing.B) {
		server := parts.Postgres(b)
		n := 0
		bench(b, place{"postgres", func(testing.TB) (string, Options) {
			n++
			return server, Options{Schema: fmt.Sprintf("bench%d", n)}
		}})
	})
}

// many is a batch of hits with about 1 KiB of JSON each, as they are.
func many(from, n int) []Hit {
	hits := make([]Hit, n)
	for i := range hits {
		hits[i] = sample(from + i)
		hits[i].Key = fmt.Sprintf("%08x%024x", uint32(from+i)*2654435761, from+i) // keys are hashes
		hits[i].JSON = fmt.Sprintf(`{"n":%d,"message":"%s"}`, from+i, strings.Repeat("Failed password for root ", 40))
	}
	return hits
}

func BenchmarkPutHits(b *testing.B) {
	each(b, func(b *testing.B, p place) {
		for _, kind := range []string{"new", "again"} {
			b.Run(kind, func(b *testing.B) {
				s := p.open(b)
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					if err := s.PutHits(b.Context(), many(n, 100)); err != nil {
						b.Fatal(err)
					}
					if kind == "new" {
						n += 100
					}
				}
				b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "hits/s")
			})
		}
	})
}

// BenchmarkMillion asks what people ask of a million hits; TOCSIN_HITS sets another number.
func BenchmarkMillion(b *testing.B) {
	total := 1_000_000
	if n := os.Getenv("TOCSIN_HITS"); n != "" {
		if _, err := fmt.Sscan(n, &total); err != nil {
			b.Fatal(err)
		}
	}
	each(b, func(b *testing.B, p place) {
		s := p.open(b)
		for n := 0; n < total; n += 500 {
			if err := s.PutHits(b.Context(), many(n, 500)); err != nil {
				b.Fatal(err)
			}
		}
		for _, c := range []struct {
			name string
			f    HitFilter
		}{
			{"newest", HitFilter{}},
			{"level", HitFilter{MinLevel: 4}},
			{"worst", HitFilter{MinLevel: 3, Order: Worst}},
			{"rule", HitFilter{Rule: "guessed password 3"}},
			{"entity", HitFilter{Entity: "user3"}},
			{"entity and level", HitFilter{Entity: "203.0.113.4", MinLevel: 4}},
			{"day", HitFilter{Since: 20_003 * day, Until: 20_004 * day, MinLevel: 2}},
			{"text", HitFilter{Text: "PASSWORD 5"}},
			{"updated", HitFilter{Order: Updated}},
		} {
			c.f.Limit = 50
			b.Run(c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n := len(keys(b, s, c.f)); n != 50 {
						b.Fatalf("%d hits", n)
					}
				}
			})
		}
		for by, name := range map[By]string{ByNothing: "count", ByRule: "by rule", ByDay: "by day", ByLevel: "by level"} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if _, err := s.CountHits(b.Context(), HitFilter{}, by); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
