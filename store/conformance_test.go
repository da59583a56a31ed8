package store

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// kept is what the suite needs of a store.
type kept interface {
	engine
	AddSome(ctx context.Context, seq uint64, b *Batch, lacks []bool) (Added, error)
	Lacks(ctx context.Context, seq uint64, b *Batch) ([]bool, error)
	DurableBefore(ctx context.Context) (uint64, error)
	Stats(ctx context.Context) (Stats, error)
	Highest(ctx context.Context) (uint64, error)
}

// both runs a test on a store of each kind.
func both(t *testing.T, f func(t *testing.T, s kept)) {
	t.Run("embedded", func(t *testing.T) { f(t, openTest(t, t.TempDir(), Options{Future: -1})) })
	t.Run("server", func(t *testing.T) { f(t, serverStore(t, RemoteOptions{Future: -1})) })
}

func openTest(t testing.TB, dir string, opt Options) *Embedded {
	t.Helper()
	if opt.flush == 0 {
		opt.flush = time.Second
	}
	if opt.MinFree == 0 {
		opt.MinFree = 1
	}
	e, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

var built struct {
	once sync.Once
	path string
	err  error
}

// serverPath builds the server.
func serverPath(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "tocsin-store")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "victoria-logs")
		out, err := exec.Command("go", "build", "-o", built.path, "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-logs").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		parts.Missing(t, "victoria-logs cannot be built: "+built.err.Error())
	}
	return built.path
}

func TestMain(m *testing.M) {
	switch dir := os.Getenv("TOCSIN_STORE_CHILD"); {
	case strings.HasPrefix(dir, "read:"):
		childReads(strings.TrimPrefix(dir, "read:"))
		return
	case dir != "":
		childAdds(dir)
		return
	}
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// serverCommand is a server with a directory, which is yet to be told where to listen.
func serverCommand(t testing.TB, dir string) *exec.Cmd {
	t.Helper()
	return exec.Command(serverPath(t), "-storageDataPath="+dir, "-retentionPeriod=100y", "-futureRetention=100y",
		"-storage.minFreeDiskSpaceBytes=1", "-memory.allowedBytes=64MiB")
}

// startServer starts a server on the loopback with a directory, and returns its address.
func startServer(t testing.TB, dir string, args ...string) (address string, cmd *exec.Cmd) {
	t.Helper()
	address = "127.0.0.1:" + strconv.Itoa(parts.Port(t))
	cmd = serverCommand(t, dir)
	cmd.Args = append(append(cmd.Args, "-httpListenAddr="+address), args...)
	parts.Start(t, cmd)
	parts.Wait(t, 20*time.Second, "the server to answer", func() bool {
		resp, err := http.Get("http://" + address + "/health")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + address, cmd
}

func serverStore(t testing.TB, opt RemoteOptions) *Remote {
	t.Helper()
	address, _ := startServer(t, t.TempDir())
	r, err := Dial(address, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// query returns the rows of a query as name=value texts in order of their names, sorted.
func queryRows(t testing.TB, s engine, logsql string) []string {
	t.Helper()
	var mu sync.Mutex
	var rows []string
	err := s.scan(context.Background(), logsql, func(w int, b *Block) {
		if w < 0 || w >= s.workers() {
			t.Errorf("worker %d", w)
		}
		mu.Lock()
		defer mu.Unlock()
		for r := range b.Rows {
			var fields []string
			for i, n := range b.Names {
				if v := b.Columns[i][r]; v != "" && n != "_stream" && n != "_stream_id" {
					fields = append(fields, n+"="+v)
				}
			}
			slices.Sort(fields)
			rows = append(rows, strings.Join(fields, " "))
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", logsql, err)
	}
	slices.Sort(rows)
	return rows
}

// countOf returns what a query counts as n.
func countOf(t testing.TB, s engine, filter string) int {
	t.Helper()
	rows := queryRows(t, s, filter+" | stats count() n")
	if len(rows) != 1 {
		t.Fatalf("%s: %v", filter, rows)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rows[0], "n="))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func add(t testing.TB, s kept, seq uint64, b *Batch) Added {
	t.Helper()
	a, err := s.AddSome(context.Background(), seq, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	someTime = 1_700_000_000_000_000_000 // 2023-11-14T22:13:20Z
	farAway  = 4_502_304_000_000_000_000 // 2112-09-03T00:00:00Z
)

func TestKeepAndFind(t *testing.T) {
	both(t, func(t *testing.T, s kept) {
		var b Batch
		odd := "quote \" back\\slash tab\t line\n nul\x00 esc\x1b latin1 \xe4\xff end ünï 😀 <&>"
		write(
			&b,
			plain{someTime, []string{Dataset, "sshd", Message, "Failed password for root", "user.name", "root", "source.ip", "192.0.2.7"}},
			plain{someTime + 1, []string{Dataset, "json", "odd", odd, "n", "42"}},
			plain{someTime + 2, []string{Dataset, "json", "name with \" and ünï", "x", "n", "0043", "version", "1.10"}},
			plain{1, []string{Dataset, "old", Message, "the beginning of time"}},
			plain{farAway, []string{Dataset, "new", Message, "the end of time"}},
			plain{someTime + 3, []string{Message, "no dataset at all"}},
		)
		if a := add(t, s, 5, &b); a != (Added{Kept: 6}) {
			t.Fatalf("added %+v", a)
		}
		want := []string{
			"_id=" + IDOf(5, 0) + " _msg=Failed password for root _time=2023-11-14T22:13:20Z dataset=sshd source.ip=192.0.2.7 user.name=root",
			"_id=" + IDOf(5, 1) + " _time=2023-11-14T22:13:20.000000001Z dataset=json n=42 odd=" + odd,
			"_id=" + IDOf(5, 2) + " _time=2023-11-14T22:13:20.000000002Z dataset=json n=0043 name with \" and ünï=x version=1.10",
			"_id=" + IDOf(5, 3) + " _msg=the beginning of time _time=1970-01-01T00:00:00.000000001Z dataset=old",
			"_id=" + IDOf(5, 4) + " _msg=the end of time _time=2112-09-03T00:00:00Z dataset=new",
			"_id=" + IDOf(5, 5) + " _msg=no dataset at all _time=2023-11-14T22:13:20.000000003Z",
		}
		if kept, err := s.Lacks(context.Background(), 5, &b); err != nil || len(kept) != 6 { // waits until rows are visible
			t.Fatal(kept, err)
		}
		var got []string
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { got = queryRows(t, s, "*"); return len(got) == 6 })
		if !slices.Equal(got, want) {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
		for filter, n := range map[string]int{
			`dataset:="sshd"`:                        1,
			`{dataset="json"}`:                       2,
			`"Failed password"`:                      1,
			`"source.ip":ipv4_range("192.0.2.0/24")`: 1,
			`n:>41`:                                  2,
			`_id:="` + IDOf(5, 2) + `"`:              1,
			`_time:[2023-11-14T22:13:20.000000001Z, 2023-11-14T22:13:20.000000003Z)`: 2,
			`"missing _msg field"`: 0,
			`odd:~"latin1"`:        1,
		} {
			if got := countOf(t, s, filter); got != n {
				t.Errorf("%s: %d rows, want %d", filter, got, n)
			}
		}
		if err := s.scan(context.Background(), "| | nonsense (", func(int, *Block) {}); err == nil {
			t.Error("nonsense is a query")
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		enough := fmt.Errorf("enough")
		cancel(enough)
		if err := s.scan(ctx, "*", func(int, *Block) { t.Error("a block after the end") }); err == nil {
			t.Error("a search goes on though its context is done")
		}
	})
}

// Rows of one dataset with thousands of names between them: the engine leaves rows out of a block of more than 2,000.
func TestManyNames(t *testing.T) {
	both(t, func(t *testing.T, s kept) {
		var b Batch
		const rows, fields = 500, 40
		for i := range rows {
			b.Row(someTime + int64(i))
			b.Field(Dataset, "json")
			b.Field("number", strconv.Itoa(i))
			for j := range fields {
				b.Field(fmt.Sprintf("key-%d-%d", i, j), "needle"+strconv.Itoa(i))
			}
		}
		a := add(t, s, 1, &b)
		if a.Kept != rows {
			t.Fatalf("added %+v", a)
		}
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, s, "*") == rows })
		for _, i := range []int{0, 60, 499} {
			if n := countOf(t, s, fmt.Sprintf(`"key-%d-7":="needle%d" or _more:"key-%d-7=needle%d"`, i, i, i, i)); n != 1 {
				t.Errorf("needle %d is found in %d rows", i, n)
			}
		}
		if n := countOf(t, s, "number:*"); n != rows {
			t.Errorf("%d rows have their number", n)
		}
		t.Logf("%+v", a)
	})
}

func TestBigRows(t *testing.T) {
	both(t, func(t *testing.T, s kept) {
		var b Batch
		var want int64
		for i := range 4 {
			b.Row(someTime + int64(i))
			b.Field(Dataset, "big")
			b.Field("number", strconv.Itoa(i))
			b.Field(Message, strings.Repeat("word"+strconv.Itoa(i)+" ", 500_000))
			b.Field("after", "tail"+strconv.Itoa(i))
			want += 3_000_000
		}
		for i := range 2 {
			b.Row(someTime + 10 + int64(i))
			b.Field(Dataset, "wide")
			for j := range 1890 {
				b.Field(fmt.Sprintf("column-%d", j), "v")
			}
		}
		a := add(t, s, 1, &b)
		if a.Kept != 6 || a.Cut == 0 || a.Rows < 4 {
			t.Fatalf("added %+v", a)
		}
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, s, "*") == 6 })
		if n := countOf(t, s, "word2 after:=tail2 number:=2 _cut:*"); n != 1 {
			t.Errorf("%d rows of four are as they should be", n)
		}
		if n := countOf(t, s, `dataset:=wide "column-1":=v`); n != 2 {
			t.Errorf("%d wide rows", n)
		}
		var have int64
		for _, r := range queryRows(t, s, "dataset:=big | len(_msg) n | fields n, _cut") {
			var cut, n int64
			if _, err := fmt.Sscanf(r, "_cut=%d n=%d", &cut, &n); err != nil {
				t.Fatal(r, err)
			}
			have += cut + n
		}
		if have != want {
			t.Errorf("kept and cut are %d bytes, and there were %d", have, want)
		}
		t.Logf("%+v", a)
	})
}

func TestTimesOutOfRange(t *testing.T) {
	now := time.Now()
	var b Batch
	for _, d := range []time.Duration{-40 * 24 * time.Hour, -29 * 24 * time.Hour, 0, 47 * time.Hour, 49 * time.Hour} {
		write(&b, plain{now.Add(d).UnixNano(), []string{Dataset, "x", Message, d.String()}})
	}
	write(&b, plain{-1, []string{Dataset, "x"}})
	want := Added{Kept: 3, TooOld: 2, TooNew: 1}
	check := func(t *testing.T, s kept) {
		if a := add(t, s, 1, &b); a != want {
			t.Errorf("added %+v, want %+v", a, want)
		}
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, s, "*") == 3 })
	}
	t.Run("embedded", func(t *testing.T) { check(t, openTest(t, t.TempDir(), Options{Retention: 30 * 24 * time.Hour})) })
	t.Run("server", func(t *testing.T) { check(t, serverStore(t, RemoteOptions{Retention: 30 * 24 * time.Hour})) })
}

func TestLacks(t *testing.T) {
	both(t, func(t *testing.T, s kept) {
		ctx := context.Background()
		frame := func(n, rows int) *Batch {
			b := &Batch{}
			for i := range rows {
				write(b, plain{someTime + int64(i), []string{Dataset, "x", Message, fmt.Sprintf("%d %d", n, i)}})
			}
			return b
		}
		some := make([]bool, 10)
		some[3], some[7] = true, true
		add(t, s, 1, frame(1, 10))
		if _, err := s.AddSome(ctx, 2, frame(2, 10), some); err != nil {
			t.Fatal(err)
		}
		add(t, s, 4, frame(4, 2000))
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, s, "*") == 2012 })
		total := 0
		for seq, rows := range []int{0, 10, 10, 5, 2000} {
			b := frame(seq, rows)
			lacks, err := s.Lacks(ctx, uint64(seq), b)
			if err != nil || len(lacks) != rows {
				t.Fatal(lacks, err)
			}
			for i, lack := range lacks {
				if want := seq == 3 || seq == 2 && i != 3 && i != 7; lack != want {
					t.Errorf("frame %d row %d: lacks %v", seq, i, lack)
				}
			}
			if _, err := s.AddSome(ctx, uint64(seq), b, lacks); err != nil {
				t.Fatal(err)
			}
			total += rows
		}
		parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, s, "*") == total })
		if n, err := s.Highest(ctx); err != nil || n < 4 || n > 5 {
			t.Errorf("highest frame %d: %v", n, err)
		}
		rows := queryRows(t, s, "* | stats count() n, count_uniq(_id) u")
		if want := fmt.Sprintf("n=%d u=%d", total, total); rows[0] != want {
			t.Errorf("%s, want %s", rows[0], want)
		}
	})
}
