package evtx

import (
	"fmt"
	"os"
	"testing"
)

func TestDump(t *testing.T) {
	p := os.Getenv("DUMP")
	if p == "" {
		t.Skip()
	}
	b := readFile(t, p)
	for i := range b.Events {
		e := &b.Events[i]
		fmt.Println("=====", e.Record, e.When())
		for i, n := range e.Shape.Fields() {
			fmt.Printf("  %s [%d] %.300q\n", n, e.Values[i].Kind, e.Values[i].String())
		}
	}
	for _, u := range b.Unread {
		fmt.Println(u)
	}
}
