package parse

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// BenchmarkAppliances measures lines of network equipment, by their kind.
func BenchmarkAppliances(b *testing.B) {
	for _, f := range []*Format{CEF, LEEF, Cisco, FortiGate, PaloAlto, CheckPoint, SonicWall, MikroTik, Juniper, Sophos, WatchGuard, Filterlog, KeyValue} {
		b.Run(f.Name, func(b *testing.B) {
			text := strings.Repeat(f.Example, 2000/strings.Count(f.Example, "\n"))
			block := event.Block{Origin: &event.Origin{Path: "x", Reference: testReference}, Data: text, First: 1}
			var out event.Batch
			p := f.NewParser(&Env{})
			p.Parse(block, &out)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			lines := strings.Count(text, "\n")
			start := processorTime()
			for b.Loop() {
				out.Reset()
				p.Parse(block, &out)
			}
			b.ReportMetric(float64(processorTime()-start)/float64(b.N)/float64(lines), "cpu-ns/line")
		})
	}
}
