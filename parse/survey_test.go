package parse

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// TestSurvey parses every log of the shared data, in blocks, and checks that each line is accounted for.
func TestSurvey(t *testing.T) {
	root := refdata.Path(t, "crowdsec-hub/.tests")
	files, lines, timed, plain, sshd, known := 0, 0, 0, 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f := Recognise(Formats, string(data[:min(len(data), 65536)]))
		if f == nil {
			t.Logf("%s: no text", path)
			return nil
		}
		var out event.Batch
		o := &event.Origin{Path: path, Format: f.Name, Reference: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		header := ""
		if cut := f.NewSplitter().Split(data, true); cut.Skip > 0 {
			header, data = cut.Header, data[cut.Skip:]
		}
		f.NewParser(&Env{}).Parse(event.Block{Origin: o, Data: string(data), First: 1, Header: header}, &out)
		n, tn, pn := len(out.Events), 0, 0
		for i := range out.Events {
			e := &out.Events[i]
			if e.Time != 0 {
				tn++
			}
			if e.Shape == textShape {
				pn++
			}
			if e.Shape.Format == sshdFormat {
				sshd++
				if e.Shape != sshdProgram.plain.shape {
					known++
				} else {
					t.Logf("not known: %s", e.Raw)
				}
			}
		}
		files, lines, timed, plain = files+1, lines+n, timed+tn, plain+pn
		name, _ := filepath.Rel(root, path)
		if tn < n || pn > 0 || len(out.Unread) > 0 {
			t.Logf("%-60s %-9s %5d events, %5d with time, %5d plain, %d unread", name, f.Name, n, tn, pn, len(out.Unread))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d events, %d with a time, %d plain text", files, lines, timed, plain)
	t.Logf("%d of %d lines of sshd known", known, sshd)
	if known*100 < sshd*98 {
		t.Errorf("%d of %d lines of sshd known", known, sshd)
	}
	if files < 100 || timed*10 < lines*9 {
		t.Errorf("%d files, %d of %d events with a time", files, timed, lines)
	}
}
