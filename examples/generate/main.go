// Command generate writes the logs of examples/small-company: see package demo.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-sec/tocsin/demo"
)

//go:generate go run . ../small-company

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for name, data := range demo.Logs(time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}
