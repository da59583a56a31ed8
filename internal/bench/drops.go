package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tocsin-sec/tocsin/internal/bench/load"
)

// dropCount is how many addresses are blocked one after the other.
const dropCount = 20

// drops measures how soon packets are dropped, beside fail2ban; nothing where this is not root, for a namespace needs that.
func (b *bench) drops(s *serving) error {
	if os.Geteuid() != 0 {
		fmt.Println("drops: not measured: it needs root")
		return nil
	}
	dir, err := b.folder("drops")
	if err != nil {
		return err
	}
	program, err := filepath.Abs(b.tocsin)
	if err != nil {
		return err
	}
	var failed error
	s.Drops, failed = load.MeasureDrops(b.ctx, program, dir, dropCount)
	for _, d := range s.Drops {
		fmt.Printf("drops: %s: half within %s, 95 %% within %s, %s of CPU for each\n", d.Name, load.Share(d.Times, 0.5), load.Share(d.Times, 0.95), d.CPU)
	}
	if failed != nil { // what was measured counts; the rest is told
		fmt.Println("drops: not measured:", failed)
	}
	return nil
}
