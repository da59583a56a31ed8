package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/wal"
)

// fail ends the test's other process.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childReads is what it does in another test: it opens a store and reads all of it.
func childReads(dir string) {
	s, err := Open(dir, Options{MinFree: 1})
	fail(err)
	var read atomic.Int64 // blocks come from several goroutines at once
	fail(s.scan(context.Background(), "*", func(_ int, b *Block) {
		for _, c := range b.Columns {
			read.Add(int64(len(c)))
		}
	}))
	for _, r := range s.Repairs() {
		fmt.Println(r.Path, r.Action, r.Reason)
	}
	fail(s.Close())
}

// childAdds is what the test's other process does until it is killed: it writes frames to a log, says so, and adds them
// to the store; and it drops from the log what the store has for certain.
func childAdds(dir string) {
	ctx := context.Background()
	log, err := wal.Open(filepath.Join(dir, "wal"), wal.Options{SegmentBytes: 1 << 20})
	fail(err)
	s, err := Open(filepath.Join(dir, "events"), Options{MinFree: 1, flush: time.Second})
	fail(err)
	fail(replay(ctx, log, s))
	var b Batch
	rng := rand.New(rand.NewPCG(1, 2))
	for end, looked := time.Now().Add(2*time.Minute), time.Now(); time.Now().Before(end); {
		b.Reset()
		rows := 1 + rng.IntN(400)
		for i := range rows {
			at := someTime + rng.Int64N(int64(72*time.Hour))
			write(&b, plain{at, []string{Dataset, "d" + strconv.Itoa(i%5), Message, fmt.Sprintf("line %d of some %d words", i, at), "source.ip", "192.0.2.7"}})
		}
		fmt.Println("try", log.Next(), rows)
		seq, err := log.Append(b.encoded())
		fail(err)
		fmt.Println("ack", seq, rows)
		_, err = s.Add(ctx, seq, &b)
		fail(err)
		if os.Getenv("TOCSIN_TORTURE") == "" {
			time.Sleep(5 * time.Millisecond) // so that there is not too much to count in the end
		}
		if time.Since(looked) > time.Second {
			looked = time.Now()
			before, err := s.DurableBefore(ctx)
			fail(err)
			fail(log.Trim(before))
		}
	}
}

// replay adds what a store lacks of the frames of a log.
func replay(ctx context.Context, log *wal.Log, s *Embedded) error {
	return log.Replay(log.First(), func(seq uint64, frame []byte) error {
		b, err := decode(bytes.Clone(frame))
		if err != nil {
			return err
		}
		lacks, err := s.Lacks(ctx, seq, &b)
		if err != nil {
			return err
		}
		_, err = s.AddSome(ctx, seq, &b, lacks)
		return err
	})
}

// A process is killed again and again while it adds: every frame that was in its log is there in the end, once.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	rounds := []time.Duration{700 * time.Millisecond, 2500 * time.Millisecond, 4 * time.Second}
	if os.Getenv("TOCSIN_TORTURE") != "" {
		rounds = append(rounds, 25*time.Second, 3*time.Second, 18*time.Second)
	}
	acked, tried := make(map[uint64]int), make(map[uint64]int)
	for n, long := range rounds {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "TOCSIN_STORE_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var words strings.Builder
		cmd.Stderr = &words
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(long, func() { _ = cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var what string
			var seq uint64
			var rows int
			if _, err := fmt.Sscan(lines.Text(), &what, &seq, &rows); err != nil {
				continue
			}
			if tried[seq] = rows; what == "ack" {
				acked[seq] = rows
			}
		}
		timer.Stop()
		if err := cmd.Wait(); err == nil || strings.Contains(words.String(), "panic") {
			t.Fatalf("round %d: %v: %s", n, err, words.String())
		}
	}
	total := 0
	for _, rows := range acked {
		total += rows
	}
	ctx := context.Background()
	log, err := wal.Open(filepath.Join(dir, "wal"), wal.Options{SegmentBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s := openTest(t, filepath.Join(dir, "events"), Options{})
	there := countOf(t, s, "*")
	if err := replay(ctx, log, s); err != nil {
		t.Fatal(err)
	}
	s.v.reveal()
	for seq, rows := range tried { // the last frame of a round may be in the log and not said to be
		if acked[seq] == 0 {
			n := countOf(t, s, fmt.Sprintf("_id:>=%s _id:<%s", IDOf(seq, 0), IDOf(seq+1, 0)))
			if n != 0 && n != rows {
				t.Errorf("%d rows of %d of frame %d are there", n, rows, seq)
			}
			total += n
		}
	}
	if got, want := queryRows(t, s, "* | stats count() n, count_uniq(_id) u")[0], fmt.Sprintf("n=%d u=%d", total, total); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	t.Logf("%d rows in %d frames, of which %d were there after the last kill; the log begins at frame %d", total, len(acked), there, log.First())
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

// The engine ends the process over garbled bytes. It does so twice; then the part is moved aside, and all others are there.
func TestGarbledPart(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"metaindex.bin", "columns_header.bin", "values.bin0", "column_names.bin"} {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, 2)
			part := partsIn(t, dir, firstDay)[1]
			path := filepath.Join(dir, partitionsDir, firstDay, dataDir, part, file)
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range p {
				p[i] ^= 0x55
			}
			if err := os.WriteFile(path, p, 0o640); err != nil {
				t.Fatal(err)
			}
			var said []byte
			for n := range 3 {
				cmd := exec.Command(self)
				cmd.Env = append(os.Environ(), "TOCSIN_STORE_CHILD=read:"+dir)
				said, err = cmd.CombinedOutput()
				if died := err != nil; died != (n < 2) {
					t.Fatalf("start %d: %v\n%s", n+1, err, said)
				}
			}
			if !strings.Contains(string(said), part+" moved aside") {
				t.Errorf("it says %s", said)
			}
			e := openTest(t, dir, Options{})
			if n := countOf(t, e, "*"); n != 500 {
				t.Errorf("%d rows are left", n)
			}
		})
	}
}
