package console

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.Handler().ServeHTTP(w, r.WithContext(identity.WithSubject(r.Context(), identity.System("anna"))))
	}))
	b.Cleanup(s.Close)
	for name, path := range map[string]string{
		"page": "/incidents?status=waiting&limit=100", "summary": "/incidents/summary?status=waiting",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := spent()
			for b.Loop() {
				r, err := s.Client().Get(s.URL + Root + path)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
				if err != nil || r.StatusCode != http.StatusOK || n < 10 {
					b.Fatal(r.Status, n, err)
				}
			}
			b.ReportMetric(float64((spent()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
