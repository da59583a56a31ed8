package sight

import (
	"fmt"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/intel"
)

func BenchmarkIndicators(b *testing.B) {
	list := intel.NewBuilder()
	for i := range 2_000_000 {
		in := intel.Indicator{Kind: intel.Domain, Value: fmt.Sprintf("host%d.evil-%d.example", i, i%977), Source: "feed", Confidence: 80}
		if i%2 == 0 {
			in.Kind, in.Value = intel.IP, fmt.Sprintf("%d.%d.%d.%d", 11+i>>20, i>>12&255, i>>4&255, i&15)
		}
		if _, err := list.Add(&in); err != nil {
			b.Fatal(err)
		}
	}
	shared := &Indicators{}
	set := list.Build()
	format := &event.Format{Name: "somefirewall", LogSource: event.LogSource{Product: "firewall"}, ECS: map[string][]string{
		"source.ip": {"src"}, "destination.ip": {"dst"}, "destination.port": {"dpt"}, "host.name": {"device"}, "event.outcome": {"verdict"},
		"dns.question.name": {"qname"}, "process.executable": {"exe"},
	}}
	shape := event.NewShape(format, "src", "dst", "dpt", "qname", "verdict", "device", "exe")
	var batch event.Batch
	origin := &event.Origin{Path: "fw.log"}
	for i := range 1000 {
		ev := batch.Add(shape)
		for j, s := range []string{
			fmt.Sprintf("10.0.%d.%d", i%7, i%250), fmt.Sprintf("93.184.%d.%d", i*7%250, i%200), "443", fmt.Sprintf("www.shop%d.example", i%300), "allow", "fw1", `C:\Windows\explorer.exe`,
		} {
			ev.Values[j] = event.Value{Raw: s, Kind: event.Text}
		}
		ev.Time, ev.Origin = 1e18, origin
	}
	for _, c := range []struct {
		name string
		set  *intel.Set
	}{{"none", nil}, {"2M", set}} {
		b.Run(c.name, func(b *testing.B) {
			shared.Use(c.set)
			k := newKnown(shared)
			b.ReportAllocs()
			for b.Loop() {
				if k.begin() {
					for i := range batch.Events {
						k.see(&batch.Events[i])
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
		})
	}
	b.Run("2M-new-values", func(b *testing.B) {
		shared.Use(set)
		k := newKnown(shared)
		k.begin()
		b.ReportAllocs()
		for b.Loop() {
			clear(k.memo)
			for i := range batch.Events {
				k.see(&batch.Events[i])
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
	})
}
