package store

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/query"
)

// benchStore is one store for all benchmarks of searching: TOCSIN_BENCH_EVENTS events, 200,000 unless told. With
// TOCSIN_BENCH_DIR it is made there once and opened again later.
func benchStore(b *testing.B) *Embedded {
	b.Helper()
	n := 200_000
	if s := os.Getenv("TOCSIN_BENCH_EVENTS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	dir := os.Getenv("TOCSIN_BENCH_DIR")
	if dir == "" {
		return filled(b, n, 1, nil)
	}
	if _, err := os.Stat(dir + "/filled"); err != nil {
		e, err := Open(dir, Options{Future: -1})
		if err != nil {
			b.Fatal(err)
		}
		addGenerated(b, e, n, 1, nil)
		for d := range 14 {
			e.v.merge(firstTime.AddDate(0, 0, d).Format(dayFormat))
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(dir+"/filled", nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	e, err := Open(dir, Options{Future: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return e
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkFind measures searches; cpu-ms is the user and system time of one, in milliseconds.
func BenchmarkFind(b *testing.B) {
	e := benchStore(b)
	for _, c := range []struct{ name, text string }{
		{"count", "* | stats count"},
		{"phrase-exact", `_msg:/Failed password for alice00 from/ | stats count`},
		{"phrase", `_msg:"failed password for alice00" | stats count`},
		{"word", `_msg:timeout | stats count`},
		{"needle-field", `user.name:="jürgen49" | stats count`},
		{"needle-field-anycase", `user.name=JÜRGEN49 | stats count`},
		{"needle-address", `source.ip:203.0.113.7 | stats count`},
		{"needle-any", `10.2.200.77 | stats count`},
		{"needle-hash-any", `a357e3d3a284a632 | stats count`},
		{"word-any", `mimikatz | stats count`},
		{"word-any-day", `_time:2026-03-14 mimikatz | stats count`},
		{"dataset-id", `dataset=windows EventID:4625 | stats count`},
		{"icontains", `_msg:"*ilED PassWord*" | stats count`},
		{"icontains-rare", `CommandLine:*mimikatz* | stats count`},
		{"regex-anycase", `_msg:/(?i)connecting to db-[0-3]\.host-00/ | stats count`},
		{"top-addresses", "* | top 10 source.ip"},
		{"top-ports", "* | top 10 destination.port"},
		{"top-pairs", "* | top 10 source.ip, user.name"},
		{"histogram", "* | timechart 1h by dataset"},
		{"dc", "* | stats dc(source.ip) by dataset"},
		{"last-100", "* | tail 100"},
		{"last-100-fields", "* | fields _time, host.name, _msg | tail 100"},
		{"last-100-phrase", `failed password | tail 100`},
		{"last-100-rare", `mimikatz | tail 100`},
		{"all-of-a-day", "_time:2026-03-14"},
		{"substring-of-a-day", "_time:2026-03-14 CommandLine:*mimi*"},
		{"cidr", "source.ip:10.1.2.0/24 | stats count"},
		{"range", "bytes:>1000000 | stats count"},
	} {
		q, err := query.Parse(c.text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			best, from := time.Hour, cpuTime()
			for b.Loop() {
				if err := e.Query(context.Background(), q, func(*Block) error { return nil }); err != nil {
					b.Fatal(err)
				}
				now := cpuTime()
				best, from = min(best, now-from), now
			}
			b.ReportMetric(float64(best)/1e6, "cpu-ms")
		})
	}
}
