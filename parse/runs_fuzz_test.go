package parse

import "testing"

// FuzzRuns: records of several lines, and tables with a line of names, are the same however their streams are cut.
func FuzzRuns(f *testing.F) {
	formats := []*Format{FlowTable, MySQLAudit, AptHistory}
	for i, format := range formats {
		f.Add(uint8(i), format.Example)
		f.Add(uint8(i), format.Example+"\n"+format.Example+"x")
	}
	f.Add(uint8(0), "a srcaddr dstaddr b\n1 2 3 4\nsrcaddr x dstaddr y z")
	f.Add(uint8(2), "End-Date: x\nStart-Date: y\nStart-Date: z\nInstall: a (b), c:d (e, f)\n")
	f.Add(uint8(2), "End-Date: x#Start-Date: y\nS>art-Date: z\nInstall: ")
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		format := formats[int(which)%len(formats)]
		for _, g := range formats {
			g.Detect(text)
		}
		want := dump(splitParse(t, format, text, len(text)+1))
		if got := dump(splitParse(t, format, text, 1+int(which))); got != want {
			t.Fatalf("%s in blocks from %d bytes:\n%s\nin one:\n%s", format.Name, 1+int(which), got, want)
		}
	})
}
