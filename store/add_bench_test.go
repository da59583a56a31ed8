package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// eventFields makes the fields of an event of some 700 bytes: some that repeat, some of high entropy.
func eventFields(rng *rand.Rand) []string {
	hosts, users := rng.IntN(40), rng.IntN(300)
	f := []string{
		Dataset, "windows", "EventID", strconv.Itoa(4600 + rng.IntN(100)), "Channel", "Security",
		"Computer", fmt.Sprintf("host-%02d.example.org", hosts), "host.name", fmt.Sprintf("host-%02d.example.org", hosts),
		"TargetUserName", fmt.Sprintf("user%03d", users), "user.name", fmt.Sprintf("user%03d", users),
		"IpAddress", fmt.Sprintf("10.%d.%d.%d", rng.IntN(4), rng.IntN(256), rng.IntN(256)),
		"IpPort", strconv.Itoa(1024 + rng.IntN(60000)), "ProcessId", "0x" + strconv.FormatInt(int64(rng.IntN(65536)), 16),
		"LogonGuid", fmt.Sprintf("{%08x-%04x-%04x-%012x}", rng.Uint32(), rng.IntN(65536), rng.IntN(65536), rng.Uint64()>>16),
		"CommandLine", fmt.Sprintf(`C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule /id:%x`, rng.Uint64()),
		"event.action", []string{"logon", "logoff", "process-created"}[rng.IntN(3)], "event.outcome", "success",
		"log.file.path", `C:\Windows\System32\winevt\Logs\Security.evtx`, "event.sequence", strconv.Itoa(rng.IntN(1 << 30)),
	}
	for i := len(f) / 2; i < 30; i++ {
		f = append(f, fmt.Sprintf("Data%02d", i), fmt.Sprintf("value-%d", rng.IntN(50)))
	}
	return f
}

// eventBatches makes frames of 500 events each within a day.
func eventBatches(n int) (batches []*Batch, bytes int) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		b := &Batch{}
		for j := range 500 {
			b.Row(someTime + int64(i*500+j)*int64(100*time.Microsecond))
			f := eventFields(rng)
			for k := 0; k < len(f); k += 2 {
				b.Field(f[k], f[k+1])
				bytes += len(f[k]) + len(f[k+1]) + 6 // as JSON
			}
		}
		batches = append(batches, b)
	}
	return batches, bytes
}

func BenchmarkBatch(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := eventFields(rng)
	var batch Batch
	b.ReportAllocs()
	for i := range b.N {
		if i%500 == 0 {
			batch.Reset()
		}
		batch.Row(someTime)
		for k := 0; k < len(f); k += 2 {
			batch.Field(f[k], f[k+1])
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	batches, _ := eventBatches(1)
	p := batches[0].encoded()
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for range b.N {
		if _, err := decode(p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdd adds events until all are on disk: per event, with the engine's own work at merging.
func BenchmarkAdd(b *testing.B) {
	ctx := context.Background()
	batches, bytes := eventBatches(100)
	dir := b.TempDir()
	e, err := Open(dir, Options{MinFree: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := cpuTime()
	seq, events := uint64(0), 0
	for events < b.N {
		seq++
		if _, err := e.Add(ctx, seq, batches[seq%100]); err != nil {
			b.Fatal(err)
		}
		events += 500
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	size, err := treeSize(filepath.Join(dir, partitionsDir))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(events), "cpu-ns/event")
	b.ReportMetric(float64(size)/float64(events), "B-disk/event")
	b.ReportMetric(float64(bytes)/50_000, "B-raw/event")
}

// BenchmarkLacks looks for the million rows of a log that is replayed.
func BenchmarkLacks(b *testing.B) {
	ctx := context.Background()
	batches, _ := eventBatches(100)
	e := openTest(b, b.TempDir(), Options{})
	for seq := range uint64(2000) {
		if _, err := e.Add(ctx, seq+1, batches[seq%100]); err != nil {
			b.Fatal(err)
		}
	}
	if err := e.Sync(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		e.found = found{}
		for seq := range uint64(2000) {
			lacks, err := e.Lacks(ctx, seq+1, batches[seq%100])
			if err != nil || lacks[0] || lacks[499] {
				b.Fatal(lacks, err)
			}
		}
	}
}

// BenchmarkReveal is what room for new names costs in a store of ninety days.
func BenchmarkReveal(b *testing.B) {
	ctx := context.Background()
	e := openTest(b, b.TempDir(), Options{})
	for d := range 90 {
		if _, err := e.Add(ctx, uint64(d+1), frameOf(uint64(d+1), someTime+int64(d)*int64(oneDay))); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		e.v.reveal()
	}
}

// BenchmarkDigest sums rows as sealing a day does.
func BenchmarkDigest(b *testing.B) {
	ctx := context.Background()
	batches, _ := eventBatches(100)
	e := openTest(b, b.TempDir(), Options{})
	for seq := range uint64(200) {
		if _, err := e.Add(ctx, seq+1, batches[seq%100]); err != nil {
			b.Fatal(err)
		}
	}
	e.v.reveal()
	e.v.merge(firstDay)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s, err := digest(ctx, e, firstDay, idNumber(MaxSeq, 0))
		if err != nil || s.rows != 100_000 {
			b.Fatal(s, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/row")
}
