package source

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// slowIntake takes its time, and while it has much to take another file grows.
type slowIntake struct {
	*testing.T
	big, small string
	taken      int
	after      int // deliveries of the big file that came before the first of the small one
	done       context.CancelFunc
}

func (s *slowIntake) Send(_ context.Context, d Delivery) error {
	if d.Block.Origin.Path == s.small {
		s.after = s.taken
		s.done()
	} else if s.taken++; s.taken == 3 {
		if err := appendTo(s.small, "what matters"); err != nil {
			s.Error(err)
		}
	}
	time.Sleep(5 * time.Millisecond) // as one does that keeps what it takes
	return nil
}

func (s *slowIntake) Position(string) string { return "" }
func (s *slowIntake) Notice(Notice)          {}

// A file that grows while another is caught up with is read meanwhile.
func TestFollowFair(t *testing.T) {
	dir := t.TempDir()
	s := &slowIntake{T: t, big: filepath.Join(dir, "big.log"), small: filepath.Join(dir, "small.log")}
	writeFile(t, s.big, strings.Repeat("nothing that matters to anybody\n", 3<<20))
	writeFile(t, s.small, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.done = cancel
	f := followerOf(t, FilesConfig{Paths: []string{s.big, s.small}, From: "begin"})
	if err := f.Run(ctx, s); err != nil {
		t.Fatal(err)
	}
	if s.after == 0 || s.after > 100 {
		t.Errorf("%d blocks of the big file came before the line of the small one", s.after)
	}
	t.Logf("after %d blocks", s.after)
}
