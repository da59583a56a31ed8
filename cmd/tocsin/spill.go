package main

import (
	"fmt"
	"os"

	"github.com/tocsin-sec/tocsin/order"
)

// spills are temporary files for what memory does not hold.
type spills struct{ files []*os.File }

func (s *spills) open() (order.Spill, error) {
	f, err := os.CreateTemp("", "tocsin-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("open a temporary file: %w", err)
	}
	s.files = append(s.files, f)
	return f, nil
}

func (s *spills) close() {
	for _, f := range s.files {
		f.Close()
		os.Remove(f.Name())
	}
}
