package netflow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// message9 is a datagram of NetFlow v9 with these sets.
func message9(domain, export uint32, sets ...[]byte) []byte {
	b := []byte{0, 9, 0, byte(len(sets)), 0, 0, 0x10, 0}
	b = binary.BigEndian.AppendUint32(b, export)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, domain)
	return append(b, bytes.Join(sets, nil)...)
}

// message10 is one of IPFIX.
func message10(domain, export uint32, sets ...[]byte) []byte {
	body := bytes.Join(sets, nil)
	b := binary.BigEndian.AppendUint16([]byte{0, 10}, uint16(16+len(body)))
	b = binary.BigEndian.AppendUint32(b, export)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, domain)
	return append(b, body...)
}

// set is a set of 16-bit numbers, bytes and texts.
func set(id int, parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = binary.BigEndian.AppendUint16(b, uint16(p))
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		}
	}
	head := binary.BigEndian.AppendUint16(nil, uint16(id))
	return append(binary.BigEndian.AppendUint16(head, uint16(len(b)+4)), b...)
}

const noon = 1709467200 // 2024-03-03T12:00:00Z

func fields(e *event.Event) string {
	var b strings.Builder
	for i, f := range e.Shape.Fields() {
		if e.Values[i].Kind != event.Missing {
			fmt.Fprintf(&b, "%s=%s ", f, e.Values[i])
		}
	}
	return strings.TrimSpace(b.String())
}

func TestFlow(t *testing.T) {
	layout := set(0, 256, 9, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 2, 4, 22, 4, 21, 4)
	flow := set(256, "\xc0\x00\x02\x01\xc6\x33\x64\x02", 50122, 443, "\x06", "\x00\x00\x10\x00", "\x00\x00\x00\x05", "\x00\x00\x0c\x18", "\x00\x00\x0f\xff")
	out, e := run(t, message9(7, noon, layout, flow))
	if len(out.Events) != 1 || len(e.Problems()) > 0 {
		t.Fatalf("%d events, %v", len(out.Events), out.Unread)
	}
	got := fields(&out.Events[0])
	want := "sourceIPv4Address=192.0.2.1 destinationIPv4Address=198.51.100.2 sourceTransportPort=50122 destinationTransportPort=443 protocolIdentifier=6 " +
		"octetDeltaCount=4096 packetDeltaCount=5 flowStartSysUpTime=3096 flowEndSysUpTime=4095 exportProtocolVersion=9 observationDomainId=7 " +
		"event.category=network event.action=flow event.start=2024-03-03T11:59:59Z event.end=2024-03-03T11:59:59.999Z network.transport=tcp network.type=ipv4 observer.ip=192.0.2.1"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for name, value := range map[string]string{"source.ip": "192.0.2.1", "dst_port": "443", "network.bytes": "4096", "ipv4_dst_addr": "198.51.100.2", "network.iana_number": "6"} {
		if v := out.Events[0].Get(name).String(); v != value {
			t.Errorf("%s is %q", name, v)
		}
	}
	if when := out.Events[0].Time; when != noon*1e9-1e6 {
		t.Errorf("time %d", when)
	}
}

// What options tell of interfaces, applications and samplers is told with the flows.
func TestOptions(t *testing.T) {
	out, e := run(t,
		message9(1, noon, set(1, 257, 4, 12, 2, 4, 82, 8, 34, 4, 95, 4)), // scope: interface
		message9(1, noon, set(257, "\x00\x00\x00\x03", "uplink\x00\x00", "\x00\x00\x00\x64", "\x0d\x00\x01\xaf")),
		message9(1, noon, set(1, 258, 4, 8, 1, 4, 95, 4, 96, 8)), // scope: system
		message9(1, noon, set(258, "\xc0\x00\x02\xfe", "\x0d\x00\x01\xaf", "netflix\x00")),
		message9(1, noon, set(0, 256, 3, 8, 4, 10, 2, 95, 4), set(256, "\xc0\x00\x02\x01", 3, "\x0d\x00\x01\xaf")),
	)
	if len(out.Events) != 3 || len(e.Problems()) > 0 {
		t.Fatalf("%d events, %v", len(out.Events), out.Unread)
	}
	if out.Events[0].Shape.Format != OptionsFormat || out.Events[2].Shape.Format != Format {
		t.Errorf("formats %s and %s", out.Events[0].Shape.Format.Name, out.Events[2].Shape.Format.Name)
	}
	got := fields(&out.Events[2])
	for _, want := range []string{"observer.ingress.interface.name=uplink", "network.application=netflix", "samplingInterval=100", "applicationId=13:431"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

// A template that takes another meaning begins another block, and each record is read by what held when it came.
func TestRedefinition(t *testing.T) {
	one, two := set(0, 256, 1, 8, 4), set(0, 256, 1, 7, 2)
	a, b := set(256, "\xc0\x00\x02\x01"), set(256, 443, 80)
	msgs := [][]byte{message9(1, noon, one), message9(1, noon, a), message9(1, noon, two), message9(1, noon, b), message9(1, noon, one, a), message9(2, noon, two, b)}
	want := "192.0.2.1 443 80 192.0.2.1 443 80"
	for name, parse := range map[string]func() *event.Batch{
		"datagrams": func() *event.Batch { out, _ := run(t, msgs...); return out },
		"file":      func() *event.Batch { return split(t, bytes.Join(msgs, nil), 1<<16) },
		"in parts":  func() *event.Batch { return split(t, bytes.Join(msgs, nil), 40) },
	} {
		out := parse()
		var got []string
		for i := range out.Events {
			got = append(got, out.Events[i].Values[0].String())
		}
		if s := strings.Join(got, " "); s != want || len(out.Unread) > 0 {
			t.Errorf("%s: %s, %v", name, s, out.Unread)
		}
	}
}

// Records wait for their template, for a time and up to a bound; who sends them again is not counted twice.
func TestWaiting(t *testing.T) {
	layout, flow := message9(1, noon, set(0, 256, 1, 8, 4)), message9(1, noon, set(256, "\xc0\x00\x02\x01"))
	out, e := run(t, flow, flow, layout, flow, layout)
	if len(out.Events) != 2 || len(e.Problems()) > 0 || e.Waiting() != 0 {
		t.Errorf("%d events, %v, %d wait", len(out.Events), e.Problems(), e.Waiting())
	}
	mixed := message10(1, noon, set(2, 257, 1, 7, 2), set(256, "\xc0\x00\x02\x01"), set(257, 443))
	out, e = run(t, mixed, message10(1, noon, set(2, 256, 1, 8, 4)))
	if len(out.Events) != 2 || len(out.Unread) > 0 || e.Waiting() != 0 {
		t.Errorf("of a message that is known by half: %d events, %v, %d wait", len(out.Events), out.Unread, e.Waiting())
	}
	_, e = run(t, flow, message9(1, noon+4000, set(0, 300, 1, 8, 4)))
	if p := e.Problems(); len(p) != 1 || p[0] != (Problem{oddWaited, 1}) {
		t.Errorf("after an hour: %v", p)
	}
	for i := range 3000 {
		e.Take(message9(uint32(i), noon, set(256, bytes.Repeat([]byte("x"), 1000))))
	}
	if n := e.Waiting(); n < 900 || n > 1100 {
		t.Errorf("%d wait", n)
	}
}

// What an exporter can make us keep is bounded.
func TestBounds(t *testing.T) {
	e := NewExporter()
	for domain := range uint32(5000) {
		e.Take(message10(domain, noon+domain, set(2, 256, 2, 8, 4, 82, 65535), set(3, 257, 2, 1, 10, 4, 82, 65535),
			set(257, binary.BigEndian.AppendUint32(nil, domain), "\xff\x01\x00", bytes.Repeat([]byte("n"), 256))))
	}
	if n := len(e.known.templates); n > maxTemplates || n < maxTemplates/2 {
		t.Errorf("%d templates", n)
	}
	if n := len(e.known.facts); n > maxFacts {
		t.Errorf("%d facts", n)
	}
	if n := len(e.known.block()); n > maxHeader || n != e.known.size {
		t.Errorf("a header of %d bytes, counted as %d", n, e.known.size)
	}
}

// split parses a file of messages in views of some size, as a run over files does.
func split(tb testing.TB, data []byte, view int) *event.Batch {
	tb.Helper()
	s, p, out := NewSplitter(), NewParser(&event.Shapes{}), &event.Batch{}
	number, header := int64(1), ""
	for at, want := 0, view; at < len(data); {
		end := min(at+want, len(data))
		cut := s.Split(data[at:end], end == len(data))
		if cut.Lost != "" {
			out.Fail(&event.Origin{}, int64(at), cut.Lost)
		}
		if cut.Header != "" {
			header = cut.Header
		}
		at += cut.Skip
		if cut.Size > 0 {
			p.Parse(event.Block{Origin: &event.Origin{}, Header: header, Data: string(data[at : at+cut.Size]), Offset: int64(at), First: number}, out)
		}
		at += cut.Size
		switch {
		case cut.Skip+cut.Size > 0:
			want = view
		case end == len(data):
			return out
		default:
			want *= 2
		}
	}
	return out
}

// A file of messages gives the same events however it is cut, and Detect knows it.
func TestFiles(t *testing.T) {
	_, cases := readCases(t)
	root := refdata.Path(t, "netflow-codec/spec/codecs")
	for _, c := range cases {
		var all [][]byte
		for _, name := range c.Packets {
			d, err := os.ReadFile(filepath.Join(root, filepath.Base(name)))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, d)
		}
		file := bytes.Join(all, nil)
		if c.Expected == nil || *c.Expected == 0 || c.ID == "netflow-00050" { // in a file, nothing comes twice
			continue
		}
		if c.ID != "netflow-00027" && Detect(string(file)) == 0 { // its clock stands in 1970
			t.Errorf("%s %s: not detected", c.ID, c.Context)
		}
		datagrams, _ := run(t, all...)
		want := texts(split(t, file, len(file)))
		if len(want) < len(datagrams.Events) && c.ID != "netflow-00027" { // a sample may hold more than its first message
			t.Errorf("%s %s: %d events, want %d", c.ID, c.Context, len(want), len(datagrams.Events))
		}
		for _, view := range []int{1500, 64} {
			if got := texts(split(t, file, view)); !slices.Equal(got, want) {
				t.Errorf("%s %s: in views of %d: %d events, want %d", c.ID, c.Context, view, len(got), len(want))
			}
		}
	}
}

// fuzzSeeds are messages of each version.
func fuzzSeeds() [][]byte {
	return [][]byte{
		message9(1, noon, set(0, 256, 3, 8, 4, 7, 2, 82, 65535), set(256, "\xc0\x00\x02\x01", 443, "\x03eth")),
		message9(1, noon, set(1, 257, 4, 8, 2, 2, 82, 8, 34, 4), set(257, 3, "uplink\x00\x00", "\x00\x00\x00\x64")),
		message10(1, noon, set(2, 256, 2, 0x8000|880, 1, 0, 6876, 153, 8), set(256, "\x06\x00\x00\x01\x8e\x00\x00\x00\x00")),
		message10(1, noon, set(3, 257, 2, 1, 149, 4, 160, 8), set(257, "\x00\x00\x00\x01\x00\x00\x01\x8e\x00\x00\x00\x00"), set(2, 256, 0)),
		append([]byte{0, 5, 0, 1, 0, 0, 0, 1, 0x65, 0xe4, 0x6f, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, bytes.Repeat([]byte{1}, 48)...),
	}
}

// Whatever comes, it is read to its end within bounds, and a file of it gives the same events however it is cut.
func FuzzNetflow(f *testing.F) {
	for _, s := range fuzzSeeds() {
		f.Add(s, 40)
	}
	f.Add(bytes.Join(fuzzSeeds(), nil), 100)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		Detect(string(data))
		at = min(max(at, 0), len(data))
		out, e := run(t, data[:at], data[at:], data)
		if len(out.Events) > 3*len(data) || e.held > maxWaiting || e.known.size != len(e.known.block()) {
			t.Fatalf("%d events of %d bytes, %d bytes wait", len(out.Events), len(data), e.held)
		}
		for i := range out.Events {
			for k, v := range out.Events[i].Values {
				if _ = v.String(); v.Kind == event.Number && v.Raw == "" {
					t.Errorf("%s is a number without digits", out.Events[i].Shape.Fields()[k])
				}
			}
		}
		whole, parts := split(t, data, len(data)+1), split(t, data, 64)
		if a, b := texts(whole), texts(parts); !slices.Equal(a, b) && len(whole.Unread)+len(parts.Unread) == 0 {
			t.Errorf("at once %q\nin parts %q", a, b)
		}
	})
}

func texts(b *event.Batch) (list []string) {
	for i := range b.Events {
		list = append(list, fields(&b.Events[i]))
	}
	return list
}

// From datagrams to events: 24 records of 9 fields in each of a thousand datagrams.
func BenchmarkParse(b *testing.B) {
	layout := set(0, 256, 9, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 2, 4, 22, 4, 21, 4)
	flow := "\xc0\x00\x02\x01\xc6\x33\x64\x02\xc3\xca\x01\xbb\x06\x00\x00\x10\x00\x00\x00\x00\x05\x00\x00\x0c\x18\x00\x00\x0f\xff"
	data := message9(7, noon, set(256, strings.Repeat(flow, 24)))
	b.Run("exporter", func(b *testing.B) {
		b.ReportAllocs()
		e := NewExporter()
		e.Take(message9(7, noon, layout))
		n := 0
		for b.Loop() {
			if e.Take(data); e.Size() > 64<<10 {
				e.Next()
				e.Pop()
			}
			n += 24
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
	})
	b.Run("parser", func(b *testing.B) {
		e := NewExporter()
		e.Take(message9(7, noon, layout))
		for range 100 {
			e.Take(data)
		}
		part, _ := e.Next()
		block := event.Block{Origin: &event.Origin{Sender: "192.0.2.1"}, Header: part.Header, Data: part.Data, First: 1}
		p, out := NewParser(&event.Shapes{}), &event.Batch{}
		b.SetBytes(int64(len(part.Data)))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			out.Reset()
			p.Parse(block, out)
			n += len(out.Events)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
	})
}
