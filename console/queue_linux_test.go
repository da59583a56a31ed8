package console

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
)

// spent is the CPU time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fetch asks for something over a connection, and reads it: so many bytes at least.
func fetch(b *testing.B, url string, least int64) {
	b.Helper()
	r, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if err != nil || r.StatusCode != http.StatusOK || n < least {
		b.Fatal(r.Status, n, err)
	}
}

// BenchmarkAnalysts is what ten people cost whose queue of 500 open incidents is on the screen while five of these change every
// second. One round is a second of that: five changes are kept and told to ten streams; each page asks for what has
// changed, and every other second how many wait, as web/src does. The part of the pages' ends of the connections is in it.
func BenchmarkAnalysts(b *testing.B) {
	const people, changes = 10, 5
	v := openViews(b)
	at := time.Now().Add(-time.Hour)
	keys := v.keep(500, at)
	s := over(b, v.Server, identity.System("anna"))
	var told sync.WaitGroup
	for range people {
		r, err := http.Get(s.URL + Root + "/events")
		if err != nil || r.StatusCode != http.StatusOK {
			b.Fatal(r, err)
		}
		lines := bufio.NewScanner(r.Body)
		b.Cleanup(func() { _ = r.Body.Close() })
		go func() {
			for lines.Scan() {
				if lines.Text() == "event: incident" {
					told.Done()
				}
			}
		}()
	}
	b.ReportAllocs()
	before, round := spent(), 0
	for b.Loop() {
		told.Add(people * changes)
		changed := make([]string, changes)
		for i := range changes {
			n := (round*changes + i) % len(keys)
			h := sample(n, at.Add(-time.Duration(n)*time.Hour))
			h.Key = fmt.Sprint("again", round, "-", i)
			v.desk.Take(h)
			changed[i] = keys[n]
		}
		if err := v.Tenants[0].State.PutAlerts(b.Context(), v.desk.Place()); err != nil {
			b.Fatal(err)
		}
		told.Wait()
		for person := range people {
			fetch(b, s.URL+Root+"/incidents?status=any&limit=100&key="+strings.Join(changed, ","), changes*200)
			if (round+person)%2 == 0 {
				fetch(b, s.URL+Root+"/incidents/summary?status=waiting&buckets=1&top=1", 10)
			}
		}
		round++
	}
	b.ReportMetric(100*(spent()-before).Seconds()/float64(b.N), "%core")
}

// BenchmarkQueueHTTP is the queue with 10,000 open incidents, asked for over a connection. The client's part is in it.
func BenchmarkQueueHTTP(b *testing.B) {
	v := openViews(b)
	at := time.Now()
	for n := range 10_000 {
		h := sample(n, at.Add(-time.Duration(n)*time.Minute))
		h.Addresses, h.Sources = []string{fmt.Sprintf("198.18.%d.%d", n/250, n%250)}, []string{fmt.Sprintf("198.18.%d.%d", n/250, n%250)}
		v.desk.Take(h)
		if n%1000 == 999 {
			if err := v.Tenants[0].State.PutAlerts(b.Context(), v.desk.Place()); err != nil {
				b.Fatal(err)
			}
		}
	}
	s := over(b, v.Server, identity.System("anna"))
	for name, path := range map[string]string{
		"page": "/incidents?status=waiting&limit=100", "summary": "/incidents/summary?status=waiting",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := spent()
			for b.Loop() {
				fetch(b, s.URL+Root+path, 10)
			}
			b.ReportMetric(float64((spent()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
