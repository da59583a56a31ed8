package store

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// plain is a row as a test writes it.
type plain struct {
	time   int64
	fields []string // name, value, name, value …
}

func write(b *Batch, rows ...plain) {
	for _, r := range rows {
		b.Row(r.time)
		for i := 0; i < len(r.fields); i += 2 {
			b.Field(r.fields[i], r.fields[i+1])
		}
	}
}

// rowsOf reads a batch back.
func rowsOf(b *Batch) (out []plain) {
	for _, r := range b.Rows() {
		p := plain{time: r.Time}
		for n, v := range r.Fields() {
			p.fields = append(p.fields, strings.Clone(n), strings.Clone(v))
		}
		out = append(out, p)
	}
	return out
}

func TestBatchRoundTrip(t *testing.T) {
	rows := []plain{
		{time: 1_700_000_000_000_000_001, fields: []string{"dataset", "sshd", Message, "Failed password", "user.name", "root"}},
		{time: 1_600_000_000_000_000_000, fields: []string{"dataset", "sshd", "other", strings.Repeat("x", 1000)}},
		{time: 0},
		{time: -5, fields: []string{"binary", "\x00\xff\n\"", "dataset", "sshd"}},
	}
	var b Batch
	for range 3 { // again after Reset: names start anew
		b.Reset()
		write(&b, rows...)
		p := bytes.Clone(b.encoded())
		got, err := decode(p)
		if err != nil {
			t.Fatal(err)
		}
		if got.Len() != len(rows) || fmt.Sprint(rowsOf(&got)) != fmt.Sprint(rows) {
			t.Fatalf("read back %v\nwant %v", rowsOf(&got), rows)
		}
		if got, want := b.Trimmed(), (Trimmed{}); got != want {
			t.Fatalf("trimmed %+v", got)
		}
	}
	var two Batch
	two.copied(&b)
	two.copied(&b)
	if want := append(rows[:len(rows):len(rows)], rows...); fmt.Sprint(rowsOf(&two)) != fmt.Sprint(want) {
		t.Fatalf("appended twice: %v", rowsOf(&two))
	}
}

func TestBatchNamesThatAreTaken(t *testing.T) {
	var b Batch
	b.Row(1)
	for _, n := range []string{ID, Time, "_stream", "_stream_id", More, Cut, "", "a"} {
		b.Field(n, "v"+n)
	}
	b.Field("empty", "")
	want := "[_id_ v_id _time_ v_time _stream_ v_stream _stream_id_ v_stream_id _more_ v_more _cut_ v_cut _ v a va]"
	if got := fmt.Sprint(rowsOf(&b)[0].fields); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestBatchLimits(t *testing.T) {
	big := strings.Repeat("0123456789", 300_000) // 3 MB
	tests := []struct {
		name  string
		write func(b *Batch)
		want  Trimmed
		check func(m map[string]string) error
	}{
		{"twice the same name", func(b *Batch) {
			b.Field("a", "1")
			b.Field("a", "2")
		}, Trimmed{Rows: 1, Folded: 1}, func(m map[string]string) error {
			if m["a"] != "1" || m[More] != "a=2" {
				return fmt.Errorf("%v", m)
			}
			return nil
		}},
		{"a long name", func(b *Batch) {
			b.Field(strings.Repeat("n", 129), "x")
			b.Field(strings.Repeat("n", 128), "y")
		}, Trimmed{Rows: 1, Folded: 1}, func(m map[string]string) error {
			if m[strings.Repeat("n", 128)] != "y" || m[More] != strings.Repeat("n", 129)+"=x" {
				return fmt.Errorf("%v", m)
			}
			return nil
		}},
		{"a big value leaves room for others", func(b *Batch) {
			b.Field(Message, big)
			b.Field("host.name", "bastion")
			b.Field("second", big)
			b.Field("user.name", "root")
		}, Trimmed{Rows: 1, Cut: 6_000_000 - 850_000 - 425_000}, func(m map[string]string) error {
			if m["host.name"] != "bastion" || m["user.name"] != "root" || m[Cut] == "" || len(m[Message]) < 800_000 {
				return fmt.Errorf("%d bytes of message, cut %s", len(m[Message]), m[Cut])
			}
			return nil
		}},
		{"many columns", func(b *Batch) {
			for i := range 5000 {
				b.Field(fmt.Sprintf("f%d", i), "v")
			}
		}, Trimmed{Rows: 1, Folded: 5000 - MaxColumns + 2}, func(m map[string]string) error {
			if len(m) != MaxColumns-1 || !strings.HasSuffix(m[More], " f4999=v") {
				return fmt.Errorf("%d columns", len(m))
			}
			return nil
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b Batch
			b.Row(7)
			test.write(&b)
			got := b.Trimmed()
			if diff := got.Cut - test.want.Cut; diff < -2000 || diff > 2000 || got.Rows != test.want.Rows || got.Folded != test.want.Folded {
				t.Errorf("trimmed %+v, want about %+v", got, test.want)
			}
			d, err := decode(bytes.Clone(b.encoded()))
			if err != nil {
				t.Fatal(err)
			}
			m := make(map[string]string)
			for _, r := range d.Rows() {
				maps.Insert(m, r.Fields())
			}
			if err := test.check(m); err != nil {
				t.Error(err)
			}
			var again Batch
			again.copied(&d)
			if !bytes.Equal(again.encoded(), b.encoded()) {
				t.Error("a copy of the trimmed row differs")
			}
		})
	}
}

func TestBatchDoesNotAllocate(t *testing.T) {
	var b, c Batch
	fill := func() {
		b.Reset()
		for i := range 100 {
			b.Row(int64(i))
			b.Field("dataset", "sshd")
			b.Field(Message, "Failed password for invalid user admin from 192.0.2.7 port 40022 ssh2")
			b.Field("source.ip", "192.0.2.7")
			b.AppendField("event.sequence", func(dst []byte) []byte { return append(dst, '7') })
			if i%2 == 0 {
				b.Field("sometimes", "x")
			}
			b.Field("user.name", "root")
		}
	}
	fill()
	if n := testing.AllocsPerRun(20, fill); n > 0 {
		t.Errorf("writing 100 rows: %v allocations", n)
	}
	sum := 0
	if n := testing.AllocsPerRun(20, func() {
		for _, r := range b.Rows() {
			for n, v := range r.Fields() {
				sum += len(n) + len(v)
			}
		}
	}); n > 2 {
		t.Errorf("reading 100 rows: %v allocations", n)
	}
	c.copied(&b)
	if n := testing.AllocsPerRun(20, func() { c.Reset(); c.copied(&b) }); n > 4 {
		t.Errorf("appending 100 rows: %v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	var b Batch
	write(&b, plain{time: 5, fields: []string{"a", "1", "b", "2"}}, plain{time: 3, fields: []string{"b", "x", "c", "\xff"}})
	f.Add(bytes.Clone(b.encoded()))
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add([]byte{1, 2, 1, 1, 'a', 0, 2, 0, 0})
	f.Add([]byte{1, 2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		d, err := decode(p)
		if err != nil {
			return
		}
		var again Batch
		again.copied(&d)
		rows := 0
		for i, r := range d.Rows() {
			if i != rows {
				t.Fatalf("row %d at place %d", i, rows)
			}
			rows++
			seen := make(map[string]bool)
			for n := range r.Fields() {
				if seen[n] {
					t.Fatalf("row %d has %q twice", i, n)
				}
				seen[n] = true
			}
		}
		if rows != d.Len() || again.Len() != rows {
			t.Fatalf("%d rows of %d, copied %d", rows, d.Len(), again.Len())
		}
		if _, err := decode(again.encoded()); err != nil {
			t.Fatalf("its copy cannot be read: %v", err)
		}
	})
}

func TestIDs(t *testing.T) {
	last := ""
	for _, seq := range []uint64{0, 1, 2, 1000, MaxSeq} {
		for _, i := range []int{0, 1, 9, 10, MaxRows - 1} {
			id := IDOf(seq, i)
			if id <= last || len(id) != 20 {
				t.Errorf("id %s after %s", id, last)
			}
			last = id
			if s, j, ok := PlaceOf(id); !ok || s != seq || j != i {
				t.Errorf("place of %s: %d %d %v", id, s, j, ok)
			}
		}
	}
	for _, id := range []string{"", "7", "x", "09999999999999999999", "18446744073709551615", "018446744073709551615"} {
		if _, _, ok := PlaceOf(id); ok {
			t.Errorf("%q is taken for an identifier", id)
		}
	}
}
