package parse

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

const sysmonXML = `<?xml version="1.0" encoding="utf-8"?>
<Events>
<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System> <Provider Name="Microsoft-Windows-Sysmon" Guid="{5770385f}"/> <EventID Qualifiers="0">1</EventID> <Level>4</Level>
    <TimeCreated SystemTime="2026-11-21T01:10:00.6136096Z"/> <EventRecordID>14</EventRecordID> <Execution ProcessID="6460" ThreadID="1172"/>
    <Channel>Microsoft-Windows-Sysmon/Operational</Channel> <Computer>pc7.corp.example</Computer> <Security UserID="S-1-5-18"/> </System>
  <EventData> <Data Name="Image">C:\Windows\System32\cmd.exe</Data> <Data Name="CommandLine">cmd /c "a &amp; b &lt; c"</Data> <Data Name="User">CORP\anna</Data> <Data Name="Empty"></Data> </EventData>
</Event>
<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="X"/><EventID>7</EventID></System><EventData><Data>one</Data><Data>two</Data></EventData><RenderingInfo Culture="en-US"><Message>It was so.</Message><Level>Information</Level></RenderingInfo></Event>
</Events>
`

func TestWindowsXML(t *testing.T) {
	if f := Recognise(Formats, sysmonXML); f != WindowsXML {
		t.Fatalf("recognised as %s", f.Name)
	}
	cut := WindowsXML.NewSplitter().Split([]byte(sysmonXML), true)
	b := event.Block{Origin: &event.Origin{Path: "a.xml"}, Data: sysmonXML[cut.Skip : cut.Skip+cut.Size], First: 3}
	var out event.Batch
	WindowsXML.NewParser(&Env{}).Parse(b, &out)
	if len(out.Events) != 2 || len(out.Unread) != 0 {
		t.Fatalf("%d events, %d unread", len(out.Events), len(out.Unread))
	}
	for name, want := range map[string]string{
		"Provider_Name": "Microsoft-Windows-Sysmon", "EventID": "1", "Channel": "Microsoft-Windows-Sysmon/Operational", "Execution_ProcessID": "6460",
		"Image": `C:\Windows\System32\cmd.exe`, "CommandLine": `cmd /c "a & b < c"`, "user.name": `CORP\anna`, "host.name": "pc7.corp.example", "Security_UserID": "S-1-5-18",
	} {
		if got := out.Events[0].Get(name).String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := out.Events[0].When().Format("15:04:05.0000000"); got != "01:10:00.6136096" {
		t.Errorf("time %s", got)
	}
	if e := &out.Events[1]; e.Get("Data").String() != "one\ntwo" || e.Get("Message").String() != "It was so." || e.Get("EventID").String() != "7" || e.Record != 9 {
		t.Errorf("%v, record %d", e.Values, e.Record)
	}
}

func FuzzWindowsXML(f *testing.F) {
	f.Add(sysmonXML)
	f.Add("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><A b='")
	f.Add(strings.Repeat("<Event ", 40) + strings.Repeat("<a>", 40) + "</Event>")
	f.Fuzz(func(t *testing.T, s string) {
		var out event.Batch
		b := event.Block{Origin: &event.Origin{Path: "a.xml"}, Data: s, First: 1}
		WindowsXML.NewParser(&Env{}).Parse(b, &out)
		data := []byte(s)
		for len(data) > 0 {
			cut := WindowsXML.NewSplitter().Split(data, true)
			if cut.Skip+cut.Size <= 0 {
				t.Fatalf("nothing is cut off %q", data)
			}
			data = data[cut.Skip+cut.Size:]
		}
	})
}
