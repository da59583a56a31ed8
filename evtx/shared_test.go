package evtx

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// readAll parses a whole log as a stream, handing the splitter up to step bytes at a time.
func readAll(t testing.TB, path string, data []byte, step int) *event.Batch {
	t.Helper()
	out := &event.Batch{}
	origin := &event.Origin{Path: path, Format: "evtx"}
	split, parser := NewSplitter(), NewParser(&event.Shapes{})
	view := step
	for offset := 0; offset < len(data); {
		n := min(view, len(data)-offset)
		cut := split.Split(data[offset:offset+n], offset+n == len(data))
		if cut.Skip < 0 || cut.Size < 0 || cut.Skip+cut.Size > n {
			t.Fatalf("%s: cut %+v of %d bytes", path, cut, n)
		}
		if cut.Lost != "" {
			out.Fail(origin, int64(offset), cut.Lost)
		}
		if cut.Skip+cut.Size == 0 {
			if offset+n == len(data) {
				t.Fatalf("%s: %d bytes left at the end", path, n)
			}
			view += step
			continue
		}
		view = step
		offset += cut.Skip
		if cut.Size > 0 {
			parser.Parse(event.Block{Origin: origin, Data: string(data[offset : offset+cut.Size]), Offset: int64(offset)}, out)
			offset += cut.Size
		}
	}
	return out
}

func readFile(t testing.TB, path string) *event.Batch {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, path, data, 1<<20)
}

func logs(t testing.TB, dir string) (paths []string) {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".evtx") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func jsonLines[T any](t testing.TB, path string) (rows []T) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var row T
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, row)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// counted is where our count of records is another than that of the reader behind the case, and why ours is right.
var counted = map[string]struct {
	events int
	why    string
}{
	"sample-with-zero-data-size-event.evtx": {449, "record 3 states no size, where the other reader gives up the " +
		"chunk; its header has the ids 1 to 117, and 4 to 117 follow whole"},
	"2-vss_0-Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational.evtx": {1795, "an older record was " +
		"written into a chunk; behind it 21 records are whole and have ids that the header has"},
	"sample_with_a_bad_chunk_magic.evtx": {298, "a page of a chunk is zeros; behind it 31 records are whole and have " +
		"ids that the header has"},
}

func TestCounts(t *testing.T) {
	dir := refdata.Path(t, ".")
	type row struct {
		Path        string `json:"path"`
		Records     int    `json:"records"`
		Recoverable int    `json:"recoverable_deleted"`
	}
	for _, name := range []string{"evtx_index.jsonl", "evtx_counts.jsonl"} {
		rows := jsonLines[row](t, filepath.Join(dir, "cases", name))
		if len(rows) == 0 {
			t.Fatalf("%s holds no case", name)
		}
		for _, r := range rows {
			got := readFile(t, filepath.Join(dir, r.Path))
			want := r.Records
			if c, ok := counted[filepath.Base(r.Path)]; ok {
				want = c.events
			}
			if len(got.Events) != want {
				t.Errorf("%s: %d events, want %d (recoverable %d)", r.Path, len(got.Events), want, r.Recoverable)
			}
			for i, u := range got.Unread {
				if i < 5 {
					t.Logf("%s: %d: %s", filepath.Base(r.Path), u.Offset, u.Reason)
				}
			}
		}
	}
}
