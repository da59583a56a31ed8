package state

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const childVar = "STATE_TEST_CHILD"

// TestChild is what the crash test kills: it puts hits and audit entries for ever, and says what was acknowledged.
func TestChild(t *testing.T) {
	at := os.Getenv(childVar)
	if at == "" {
		t.Skip("runs only as the child of TestKill")
	}
	s, err := Open(t.Context(), at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	from := 0
	if n := must[[]HitCount](t)(s.CountHits(t.Context(), HitFilter{}, ByNothing)); n[0].Hits > 0 {
		from = int(n[0].Hits)
	}
	for i := from; i < 10_000_000; i += 30 {
		var hits []Hit
		for n := range 30 {
			hits = append(hits, sample(i+n))
		}
		if err := s.PutHits(t.Context(), hits); err != nil {
			t.Fatal(err)
		}
		e, err := s.Append(t.Context(), AuditEntry{Actor: "child"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acknowledged %d %d\n", i+30, e.Seq)
	}
}

func TestKill(t *testing.T) {
	at := filepath.Join(t.TempDir(), "state.db")
	hits, audit := 0, 0
	for range 10 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), childVar+"="+at)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		after := 1 + rand.IntN(20)
		for n := 0; lines.Scan(); {
			words := strings.Fields(lines.Text())
			if len(words) != 3 || words[0] != "acknowledged" {
				t.Fatalf("the child says %q", lines.Text())
			}
			if hits, err = strconv.Atoi(words[1]); err != nil {
				t.Fatal(err)
			}
			if audit, err = strconv.Atoi(words[2]); err != nil {
				t.Fatal(err)
			}
			if n++; n == after {
				// Killed while it goes on writing, not at the moment at which it spoke.
				time.AfterFunc(time.Duration(rand.IntN(8000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait()
		checkKilled(t, at, hits, audit)
	}
	if hits < 300 {
		t.Fatalf("only %d hits were acknowledged", hits)
	}
}

func checkKilled(t *testing.T, at string, hits, audit int) {
	t.Helper()
	s, err := Open(t.Context(), at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := keys(t, s, HitFilter{Order: Oldest})
	if len(list) < hits {
		t.Fatalf("%d hits were acknowledged, %d are there", hits, len(list))
	}
	for i, k := range list {
		if k != sample(i).Key {
			t.Fatalf("hit %d is %s", i, k)
		}
	}
	if len(list)%30 != 0 {
		t.Errorf("a transaction is there in part: %d hits", len(list))
	}
	if n := len(keys(t, s, HitFilter{Entity: "root"})); n != len(list) {
		t.Errorf("%d hits of %d are found by their user", n, len(list))
	}
	if head := must[AuditHead](t)(s.VerifyAudit(t.Context())); head.Seq < int64(audit) {
		t.Errorf("%d audit entries were acknowledged, %d are there", audit, head.Seq)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
