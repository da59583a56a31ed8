package evtx

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// BenchmarkParse reads each of the larger logs at hand from memory, and our own sample where there are none.
func BenchmarkParse(b *testing.B) {
	b.Run("own", func(b *testing.B) { benchmarkParse(b, sample(2000)) })
	dir := refdata.Path(b, ".")
	for _, path := range logs(b, dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if len(data) < 900<<10 {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".evtx")
		b.Run(name[max(0, len(name)-40):], func(b *testing.B) { benchmarkParse(b, data) })
	}
}

func benchmarkParse(b *testing.B, data []byte) {
	split := NewSplitter()
	origin := &event.Origin{Path: "bench", Format: "evtx"}
	var blocks []event.Block
	for offset := 0; offset < len(data); {
		cut := split.Split(data[offset:], true)
		offset += cut.Skip
		if cut.Size > 0 {
			block := event.Block{Origin: origin, Data: string(data[offset : offset+cut.Size]), Offset: int64(offset)}
			blocks = append(blocks, block)
		}
		offset += cut.Size
	}
	parser := NewParser(&event.Shapes{})
	var out event.Batch
	records, bytes := 0, 0
	for _, block := range blocks { // caches and batch take their size
		out.Reset()
		parser.Parse(block, &out)
		records += len(out.Events)
		bytes += len(block.Data)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuSeconds(b)
	for b.Loop() {
		for _, block := range blocks {
			out.Reset()
			parser.Parse(block, &out)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/(cpuSeconds(b)-start), "records/cpu-s")
	b.ReportMetric(float64(records), "records")
}

// cpuSeconds is the processor time that this process has used, which other processes on the machine do not distort.
func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
