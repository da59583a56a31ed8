package lane

import (
	"fmt"
	"math/rand/v2"
)

// quietEvents is how many events the lane in which nothing matches has, before it is repeated.
const quietEvents = 20_000

// makeQuiet makes process creations as Sysmon tells them, of programs that an office uses: no rule should match one.
func makeQuiet() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for i := range quietEvents {
		out = AppendQuiet(out, r, i, func() string {
			return fmt.Sprintf("2026-03-%02d %02d:%02d:%02d.%03d", 1+i%28, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
		})
	}
	return out
}

// AppendQuiet appends the i-th of such events, as a line of JSON, at the time that the function writes.
func AppendQuiet(dst []byte, r *rand.Rand, i int, when func() string) []byte {
	p, parent := office[r.IntN(len(office))], office[r.IntN(len(office))]
	at := when()
	return fmt.Appendf(dst, `{"@timestamp":%q,"Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","EventID":1,`+
		`"Hostname":"desk-%02d.office.example","UtcTime":%q,"ProcessGuid":"{%08x-0000-0000-0000-%012x}","ProcessId":"%d",`+
		`"Image":%q,"FileVersion":"%d.%d.0","Description":"Office program","Product":%q,"Company":%q,"OriginalFileName":"-",`+
		`"CommandLine":%q,"CurrentDirectory":"D:\\Work\\%d\\","User":"OFFICE\\user%02d","LogonId":"0x%x","IntegrityLevel":"Medium",`+
		`"Hashes":"SHA1=%016x%016x%08x","ParentProcessId":"%d","ParentImage":%q,"ParentCommandLine":%q}`+"\n",
		at, i%40, at, r.Uint32(), r.Uint64()>>16, 1000+r.IntN(9000),
		p.image, 1+r.IntN(9), r.IntN(20), p.company, p.company,
		fmt.Sprintf(`"%s" `+p.args, p.image, r.IntN(100000)), r.IntN(50), i%40, r.Uint32(),
		r.Uint64(), r.Uint64(), r.Uint32(), 1000+r.IntN(9000), parent.image, fmt.Sprintf(`"%s" `+parent.args, parent.image, r.IntN(100000)))
}

// office are the programs.
var office = []struct{ image, args, company string }{
	{`C:\Program Files\Ledger\ledger.exe`, `--book "D:\Books\%d.ldg" --print`, "Ledger Works"},
	{`C:\Program Files\Drawing\draw.exe`, `"D:\Plans\house-%d.dwx"`, "Drawing House"},
	{`C:\Program Files (x86)\Mailer\mailer.exe`, `/folder inbox /item %d`, "Mailer"},
	{`C:\Program Files\Editor\editor.exe`, `"D:\Letters\letter %d.txt" /readonly`, "Editor"},
	{`C:\Program Files\Calendar\calendar.exe`, `-day %d -view week`, "Calendar"},
	{`C:\Program Files\Stock\stock.exe`, `count --shelf %d --label`, "Stock and Store"},
}
