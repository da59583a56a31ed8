package disk

import (
	"fmt"
	"os"
)

// Spills are temporary files for what memory does not hold. It belongs to one goroutine.
type Spills struct{ files []*os.File }

// Open makes another, for its owner alone, in the folder for such ($TMPDIR).
func (s *Spills) Open() (*os.File, error) {
	f, err := os.CreateTemp("", "tocsin-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("open a temporary file: %w", err)
	}
	s.files = append(s.files, f)
	return f, nil
}

// Close closes and removes them all.
func (s *Spills) Close() {
	for _, f := range s.files {
		f.Close()
		os.Remove(f.Name())
	}
	s.files = nil
}
